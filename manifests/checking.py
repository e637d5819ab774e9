"""What the checks of the manifests share."""

import json
import re
import subprocess
from pathlib import Path

import yaml

MANIFESTS = Path(__file__).resolve().parent
TESTS = MANIFESTS.parent / "tests"
CASE = TESTS / "golden" / "igpu-rembrandt"
LAB = TESTS / "fixtures" / "bundles" / "lab"

SIDECARS = "hooks.kubevirt.io/hookSidecars"
CONFIG = "gpu.vm.kubevirt.io/config"
OURS = {SIDECARS, CONFIG}
# pkg/hooks/hooks.go: KubeVirt drops every other key without a word.
SIDECAR_KEYS = {"image", "imagePullPolicy", "command", "args", "configMap", "pvc"}
SECONDS = 20


class Bad(Exception):
    """What is wrong, in one sentence."""


def require(condition, problem):
    if not condition:
        raise Bad(problem)


class UniqueKeys(yaml.SafeLoader):
    """Kubernetes refuses a key given twice; PyYAML alone takes the last one."""


def unique_mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise yaml.constructor.ConstructorError(
            None, None, f"given twice: {doubled}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_mapping)


def documents(text):
    try:
        return list(yaml.load_all(text, UniqueKeys))
    except yaml.YAMLError as error:
        raise Bad(f"not YAML: {error}") from error


def from_json(text, what):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Bad(f"{what} is not JSON: {error}") from error


def run(*command, folder=None):
    return subprocess.run(command, cwd=folder, timeout=SECONDS, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)


def check_image(image):
    """A placeholder that nobody can pull by accident, and a tag that stays what it is."""
    name, _, tag = image.rpartition(":")
    require(name.startswith("registry.example/"), f"{image} is not a placeholder")
    require("/" not in tag and re.search(r"\d", tag), f"{image} has no version as its tag")


def check_sidecars(text, hook):
    sidecars = from_json(text, SIDECARS)
    require(isinstance(sidecars, list) and sidecars, f"{SIDECARS} is no list")
    for sidecar in sidecars:
        unknown = sidecar.keys() - SIDECAR_KEYS
        require(not unknown, f"{SIDECARS}: KubeVirt knows no {unknown}")
        check_image(sidecar["image"])
        # With --help last the program reads all other arguments first, and starts nothing.
        done = run(hook, *sidecar.get("args", []), "--help")
        require(done.returncode == 0, f"{SIDECARS}: the hook refuses these args: {done.stderr}")
