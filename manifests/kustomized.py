"""What kustomize makes of the overlays: that it is what the README says, and that its parts fit each other."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from checking import CONFIG, MANIFESTS, SIDECARS, check_image, check_sidecars, documents, from_json, require, run

OVERLAYS = "hook-sidecar", "node", "plugin", "harvester", "nvidia-device-plugin"
DEBIAN = MANIFESTS.parent / "build/deps/kustomize-trixie/usr/bin/kustomize"
BUNDLES = "bundle-image", "bundle-configmap", "bundle-claim"
PLUGIN_FOLDER = "/var/run/kubevirt-plugin"


def check_files(path):
    """A kustomization names each file beside it, and no other."""
    kustomization, = documents(path.read_text())
    named = [name for name in kustomization.get("resources", []) if not name.startswith("../")]
    named += [patch["path"] for patch in kustomization.get("patches", [])]
    present = [file.name for file in path.parent.glob("*.yaml") if file != path]
    require(sorted(named) == sorted(present), f"names {sorted(named)}, beside it are {sorted(present)}")


def command():
    """kustomize, from where it is: Debian 12 has none."""
    if DEBIAN.exists():
        return [str(DEBIAN), "build"]
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        # Components came with 1.21.
        done = run("kubectl", "version", "--client", "-o", "json")
        version = json.loads(done.stdout)["clientVersion"] if done.returncode == 0 else {}
        if int(re.match(r"\d*", version.get("minor", ""))[0] or 0) >= 21:
            return ["kubectl", "kustomize"]
    return None


def build(folder):
    done = run(*command(), str(folder))
    require(done.returncode == 0, done.stderr)
    return documents(done.stdout)


def build_with(resource, *components):
    """An object, or an overlay's folder, with components."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(MANIFESTS, folder / "manifests", ignore=shutil.ignore_patterns("__pycache__"))
        resources = [f"manifests/{resource}"] if isinstance(resource, str) else ["object.yaml"]
        if not isinstance(resource, str):
            (folder / "object.yaml").write_text(json.dumps(resource))
        (folder / "kustomization.yaml").write_text(json.dumps(
            {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources,
             "components": [f"manifests/{component}" for component in components]}))
        return build(folder)


def plugin_overlays():
    """The plugin, with each way to give it a bundle, as its README says: another name in kustomization.yaml."""
    overlays = {}
    for component in BUNDLES:
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name, "manifests")
            shutil.copytree(MANIFESTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
            kustomization = copy / "plugin/kustomization.yaml"
            head, line, tail = kustomization.read_text().partition("  - bundle-image\n")
            require(line, "kustomization.yaml names no component bundle-image")
            kustomization.write_text(f"{head}  - {component}\n{tail}")
            overlays[component] = build(copy / "plugin")
    return overlays


def only(objects, kind, name=None):
    found = [item for item in objects if item["kind"] == kind and name in (None, item["metadata"]["name"])]
    require(len(found) == 1, f"{len(found)} {kind} {name or ''}, expected one")
    return found[0]


# --- each overlay -----------------------------------------------------------------------------

def check_table(overlay):
    """The README's table says which objects there are."""
    rows = dict(re.findall(r"^\| \[?`([a-z-]+)/`[^|]*\|[^|]*\| ([^|]*) \|$", (MANIFESTS / "README.md").read_text(), re.MULTILINE))
    told = sorted(re.findall(r"`(\w+ [a-z0-9-]+)`", rows.get(overlay, "")))
    there = sorted(f"{item['kind']} {item['metadata']['name']}" for item in build(MANIFESTS / overlay))
    require(told == there, f"the README says {told}, kustomize builds {there}")


def check_images(objects):
    text = json.dumps(objects)
    images = re.findall(r"registry\.example/[^\s\"'\\,]+", text)
    for image in images:
        check_image(image)
    require(images or "image" not in text, "an image that is no placeholder")


def check_vm(objects):
    """The annotation speaks of the VM's devices, by their names."""
    vm = only(objects, "VirtualMachine")
    template = vm["spec"]["template"]
    devices = template["spec"]["domain"]["devices"]
    listed = devices.get("gpus", []) + devices.get("hostDevices", [])
    keys = from_json(template["metadata"]["annotations"][CONFIG], CONFIG)["devices"]
    require({device["name"] for device in listed} == keys.keys(), f"{CONFIG} speaks of {list(keys)}, the VM has others")
    require(vm["metadata"]["namespace"] == "gpu-vms", "the VM is in no namespace")


def check_vm_is(vm):
    built = only(build(MANIFESTS / "hook-sidecar"), "VirtualMachine")
    require(built["spec"] == vm["spec"], "kustomize makes another VM of it")


def check_daemonset(objects, hook):
    """As little as it needs: arguments that the program takes, folders that are there at the same path."""
    pod = only(objects, "DaemonSet")["spec"]["template"]["spec"]
    container, = pod["containers"]
    done = run(hook, *container["args"], "--help")
    require(done.returncode == 0, f"the program refuses these args: {done.stderr}")
    rights = container["securityContext"]
    require(rights["capabilities"] == {"drop": ["ALL"]} and rights["readOnlyRootFilesystem"]
            and not rights["allowPrivilegeEscalation"] and rights["seccompProfile"] == {"type": "RuntimeDefault"}
            and "privileged" not in rights, f"more rights than needed: {rights}")
    require(pod["automountServiceAccountToken"] is False, "it needs no token")
    require(not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), "it needs nothing else of the node")
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if volume["name"] != "bundle"}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] != "bundle"}
    require(paths == mounts, f"{mounts} are not where the node has them: {paths}")
    for argument in container["args"]:
        name, _, value = argument.partition("=")
        require(name not in ("--socket", "--features") or str(Path(value).parent) in mounts.values(),
                f"{argument}: no volume is mounted there")
    port, = container["ports"]
    require(f"--listen=:{port['containerPort']}" in container["args"], "another port than it listens on")
    return dict(argument.partition("=")[::2] for argument in container["args"])


# --- the plugin -------------------------------------------------------------------------------

def expressions(policy):
    return [(mutation.get("jsonPatch") or mutation["applyConfiguration"])["expression"] for mutation in policy["spec"]["mutations"]]


def field(text, name):
    """The value of a field in a CEL expression, where it stands once."""
    found = re.findall(rf'\b{name}: (?:"([^"]*)"|(\[[^]]*\])|(\w+))', text)
    require(len(found) == 1, f"{name} stands {len(found)} times in an expression")
    return "".join(found[0])


def check_plugin(objects, hook):
    """KubeVirt's rules for sockets (its admission policies and virt-launcher's own look), and that all parts agree."""
    plugin = only(objects, "Plugin")
    name, spec = plugin["metadata"]["name"], plugin["spec"]
    socket = spec["domainHooks"][0]["sidecar"]["socketPath"]
    require(socket.startswith(f"{PLUGIN_FOLDER}/{name}/") and socket.endswith(".sock") and len(socket) <= 107,
            f"KubeVirt refuses the socket {socket}")
    text, _ = expressions(only(objects, "MutatingAdmissionPolicy", "gpu-hook-plugin"))
    arguments = json.loads(field(text, "args"))
    require(f"--plugin-socket={socket}" in arguments, f"the container serves elsewhere: {arguments}")
    done = run(hook, *arguments, "--help")
    require(done.returncode == 0, f"the program refuses these args: {done.stderr}")
    require(field(text, "mountPath") == str(Path(socket).parent) and field(text, "subPath") == name,
            "the container's folder is not the plugin's part of the sockets' volume")
    for right, value in (("runAsNonRoot", "true"), ("allowPrivilegeEscalation", "false"), ("readOnlyRootFilesystem", "true"),
                         ("drop", '["ALL"]'), ("type", "RuntimeDefault")):
        require(field(text, right) == value, f"{right} is not {value}")
    require(re.findall(r'(?:requests|limits): ({[^}]*})', text)[0] == re.findall(r'limits: ({[^}]*})', text)[0],
            "a pod with dedicated CPUs needs limits that equal the requests")
    arguments = check_daemonset(objects, hook)
    require(spec["nodeHooks"][0]["socket"] == arguments.get("--socket"), "the node hook listens elsewhere")
    require(spec["nodeHooks"][0]["condition"] == spec["condition"], "the node hook is asked for other VMs")
    for kind, listed in (("MutatingAdmissionPolicy", "mutatingAdmissionPolicies"),
                         ("ValidatingAdmissionPolicy", "validatingAdmissionPolicies")):
        policies = {item["metadata"]["name"] for item in objects if item["kind"] == kind}
        bound = {item["spec"]["policyName"] for item in objects if item["kind"] == f"{kind}Binding"}
        named = {item["name"] for item in spec[listed]}
        require(policies == bound == named, f"{kind}: there are {policies}, bound {bound}, named {named}")


def check_sidecar_policy(objects, hook):
    text, = expressions(only(objects, "MutatingAdmissionPolicy", "gpu-hook-sidecar"))
    found = re.search(rf'{SIDECARS.replace("/", "~1")}", value:\s*\'(.*?)\'', text, re.DOTALL)
    require(found, f"it sets no {SIDECARS}")
    check_sidecars(found[1], hook)
    validation, = only(objects, "ValidatingAdmissionPolicy", "gpu-hook-sidecar")["spec"]["validations"]
    require(found[1] in validation["expression"], "the validation takes another sidecar than that")


# --- components -------------------------------------------------------------------------------

def kubevirt():
    return {"apiVersion": "kubevirt.io/v1", "kind": "KubeVirt", "metadata": {"name": "kubevirt", "namespace": "kubevirt"},
            "spec": {"configuration": {"developerConfiguration": {"featureGates": ["HostDevices"]}}}}


def check_kubevirt(component, gates, devices):
    """The patches, applied to a KubeVirt object as an admin has it."""
    built, = build_with(kubevirt(), component)
    configuration = built["spec"]["configuration"]
    require(configuration["developerConfiguration"]["featureGates"] == ["HostDevices", *gates],
            "the patch spoils the list of feature gates")
    permitted = configuration.get("permittedHostDevices", {}).get("pciHostDevices", [])
    require(len(permitted) == devices, "the devices are not permitted")


def check_bundle(objects, volume, hook):
    """The bundle's volume comes on top, at the place where the program looks; both take the same keys."""
    _, text = expressions(only(objects, "MutatingAdmissionPolicy", "gpu-hook-plugin"))
    require(volume in text and field(text, "mountPath") == "/bundle", f"no {volume} at /bundle")
    pod = only(objects, "DaemonSet")["spec"]["template"]["spec"]
    check_daemonset(objects, hook)
    key = re.findall(r'"(--trusted-key=[^"]+)"', text)
    require(key == [argument for argument in pod["containers"][0]["args"] if "trusted" in argument], "other keys on the node")
    done = run(hook, "serve", *key, "--help")
    require(done.returncode == 0, f"the program refuses {key}: {done.stderr}")
    image = pod["containers"][0]["image"]
    require(image.startswith("registry.example/kubevirt-gpu-hook:"), f"the node hook's image is {image}")
    mounted = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    require(any(item["name"] == mounted.get("/bundle") and volume in item for item in pod["volumes"]),
            "the node hook has another bundle, so another rule")
    for command in "serve", "node":
        done = run(hook, command, "--help")
        require("(default /bundle where" in " ".join(done.stdout.split()), f"{command} looks elsewhere")


def check_selinux():
    rights = only(build_with("node", "node/selinux"), "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    require(rights["seLinuxOptions"] == {"type": "spc_t"} and rights["capabilities"] == {"drop": ["ALL"]}, "not the type")


# ----------------------------------------------------------------------------------------------

def checks(hook, vm):
    """Yields name, function and arguments of each check."""
    if not command():
        print("skipped: kustomize (run ci/dependencies test, or install kustomize or kubectl 1.21 or later)")
        return
    built, bundled = {overlay: build(MANIFESTS / overlay) for overlay in OVERLAYS}, plugin_overlays()
    for overlay, objects in built.items():
        yield f"{overlay}: what is built", check_table, [overlay]
        yield f"{overlay}: images", check_images, [objects]
        if any(item["kind"] == "VirtualMachine" for item in objects):
            yield f"{overlay}: the VM", check_vm, [objects]
        if any(item["kind"] == "DaemonSet" for item in objects):
            yield f"{overlay}: the DaemonSet", check_daemonset, [objects, hook]
    yield "hook-sidecar: the VM is the file's", check_vm_is, [vm]
    yield "plugin: its parts", check_plugin, [built["plugin"], hook]
    yield "plugin: the hook sidecar", check_sidecar_policy, [built["plugin"], hook]
    yield "KubeVirt for hook sidecars", check_kubevirt, ["hook-sidecar/kubevirt", ["Sidecar"], 2]
    yield "KubeVirt for plugins", check_kubevirt, ["plugin/kubevirt", ["Plugins", "Sidecar"], 0]
    yield "KubeVirt for NVIDIA's device plugin", check_kubevirt, ["nvidia-device-plugin/kubevirt", [], 1]
    yield "a bundle in a ConfigMap", check_bundle, [bundled["bundle-configmap"], "configMap", hook]
    yield "a bundle in a claim", check_bundle, [bundled["bundle-claim"], "persistentVolumeClaim", hook]
    yield "SELinux", check_selinux, []
