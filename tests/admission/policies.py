"""What an API server makes of conditions and admission policies: CEL by Go (main.go), JSON patches, server-side apply."""

import copy
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent.parent / "manifests"))

import go_program  # noqa: E402
from checking import require  # noqa: E402

SECONDS = 30


def evaluator(folder):
    """CEL, built in a folder."""
    return Cel(go_program.build(HERE / "main.go", "cel-trixie", folder))


class Cel:
    def __init__(self, program):
        self.program = program

    def ask(self, kind, expression, **variables):
        """The value, of exactly that type (None: of any), as the API server wants it: dyn is another."""
        done = subprocess.run([self.program], input=json.dumps({"expression": expression, "variables": variables}),
                              capture_output=True, text=True, timeout=SECONDS)
        require(done.returncode == 0, f"{done.stderr.strip()}, in: {expression}")
        told = json.loads(done.stdout)
        require(kind in (None, told["type"]), f"{told['type']} where {kind} is due, in: {expression}")
        return told["value"]

    def takes(self, policy, thing):
        return all(self.ask("bool", condition["expression"], object=thing) is True
                   for condition in policy["spec"]["matchConditions"])

    def is_valid(self, policy, thing, old=None):
        if not self.takes(policy, thing):
            return True
        given = {"object": thing, "oldObject": old}
        given["variables"] = {variable["name"]: self.ask(None, variable["expression"], **given)
                              for variable in policy["spec"]["variables"]}
        return all(self.ask("bool", item["expression"], **given) is True for item in policy["spec"]["validations"])

    def mutated(self, policy, thing):
        for mutation in policy["spec"]["mutations"]:
            if mutation["patchType"] == "JSONPatch":
                for operation in self.ask("list(JSONPatch)", mutation["jsonPatch"]["expression"], object=thing):
                    thing = patch(thing, operation)
            else:
                expression = mutation["applyConfiguration"]["expression"]
                thing = apply(thing, typed(self.ask("Object", expression, object=thing), "Object"))
        return thing


# --- a JSON patch -----------------------------------------------------------------------------

def patch(thing, operation):
    """RFC 6902's add and replace, which is all that the policies need."""
    require(operation.pop("$type") == "JSONPatch" and operation["op"] in ("add", "replace"), f"another operation: {operation}")
    *path, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].removeprefix("/").split("/")]
    place = thing = copy.deepcopy(thing)
    for step in path:
        place = place[int(step) if isinstance(place, list) else step]
    # A type says where it stands, but for the places in lists.
    where = ".".join(["Object", *(step for step in [*path, last] if step not in "0-")])
    value = typed(operation["value"], where)
    if operation["op"] == "replace":
        require(last in place, f"{operation['path']} is not there to be replaced")
    if isinstance(place, list):
        place.insert(len(place) if last == "-" else int(last), value)
    else:
        place[last] = value
    return thing


# --- server-side apply ------------------------------------------------------------------------

# Kubernetes' lists that are maps, by their key (staging/src/k8s.io/api/core/v1/types.go: listMapKey).
KEYS = {"containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath"}


def typed(value, path):
    """The value without its types, each of which is the path where it stands."""
    if isinstance(value, list):
        return [typed(item, path) for item in value]
    if not isinstance(value, dict):
        return value
    require(value.get("$type", path) == path, f"{value.get('$type')} stands at {path}")
    return {key: typed(item, f"{path}.{key}") for key, item in value.items() if key != "$type"}


def apply(thing, configuration, field=""):
    # apiserver's pkg/admission/plugin/policy/mutating/patch/smd.go: "may not mutate atomic arrays, maps or structs".
    require(not isinstance(configuration, list) or field in KEYS, f"the list {field} is atomic: the API server refuses that")
    if isinstance(configuration, dict):
        thing = thing or {}
        return thing | {key: apply(thing.get(key), item, key) for key, item in configuration.items()}
    if isinstance(configuration, list):
        items = {item[KEYS[field]]: item for item in thing or []}
        for item in configuration:
            key = item[KEYS[field]]
            items[key] = apply(items.get(key), item)
        return list(items.values())
    return configuration
