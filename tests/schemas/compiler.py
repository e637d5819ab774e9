"""Objects of a cluster and the TypeScript types of Kubernetes 1.36 and KubeVirt 1.7, as npm has them."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TYPES = HERE.parent.parent / "build/deps/schemas"
SECONDS = 300
# skipLibCheck: the packages' own mistakes are theirs.
OPTIONS = {"noEmit": True, "strict": True, "skipLibCheck": True, "module": "nodenext", "types": []}


def type_of(thing):
    version, kind = thing["apiVersion"], thing["kind"]
    if kind in ("Plugin", "KubeVirt"):
        return f"I{kind}", "./kubevirt.js"
    if version.startswith("kubevirt.io/"):
        return f"{version.removeprefix('kubevirt.io/').capitalize()}{kind}", "@kubevirt-ui-ext/kubevirt-api/kubevirt"
    return f"I{kind}", f"kubernetes-models/{version}/{kind}"


def compile_all(objects, folder):
    """The compiler's messages on each object, by its number."""
    (folder / "node_modules").symlink_to(TYPES / "node_modules")
    (folder / "kubevirt.d.ts").write_text((HERE / "kubevirt.d.ts").read_text())
    (folder / "package.json").write_text(json.dumps({"type": "module"}))
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["*.ts"]}))
    for number, thing in enumerate(objects):
        name, module = type_of(thing)
        (folder / f"object{number}.ts").write_text(
            f'import type {{ {name} }} from "{module}";\n'
            f"export const object: {name} = {json.dumps(thing, indent=1)};\n")
    done = subprocess.run(["node", TYPES / "node_modules/typescript/bin/tsc", "-p", folder, "--pretty", "false"], cwd=folder,
                          capture_output=True, text=True, timeout=SECONDS)
    messages = {}
    for line in done.stdout.splitlines():
        found = re.match(r"object(\d+)\.ts\((\d+),\d+\): error (TS\d+: .*)", line)
        if found:
            text = (folder / f"object{found[1]}.ts").read_text().splitlines()[int(found[2]) - 1].strip()
            messages.setdefault(int(found[1]), []).append(f"{found[3]} (at {text})")
        elif not line.startswith(" "):
            sys.exit(f"the compiler says {line}")
    if done.returncode not in (0, 1, 2) or done.stderr or bool(done.returncode) != bool(messages):
        sys.exit(f"the compiler ended with {done.returncode}: {done.stderr}")
    return messages


def has_type(thing):
    """Whether the kind is one of those: Harvester's and other people's are not."""
    name, module = type_of(thing)
    if module.startswith("kubernetes-models/"):
        return (TYPES / "node_modules" / f"{module}.d.ts").exists()
    return thing["apiVersion"].split("/")[0] in ("kubevirt.io", "plugin.kubevirt.io")


def check(objects):
    """compile_all for those that have a type, each once."""
    if not objects:
        return {}
    if not TYPES.exists():
        sys.exit("the types come with ci/dependencies test")
    numbers = {}
    for number, thing in enumerate(objects):
        if has_type(thing):
            numbers.setdefault(json.dumps(thing, sort_keys=True), number)
    with tempfile.TemporaryDirectory() as folder:
        told = compile_all([json.loads(text) for text in numbers], Path(folder))
    return {list(numbers.values())[number]: messages for number, messages in told.items()}
