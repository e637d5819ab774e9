"""Pods and VMs as KubeVirt 1.9 makes them, and what the plugin's conditions and policies should say of them."""

from checking import SIDECARS

MARK = "gpu.vm.kubevirt.io/plugin"
KUBEVIRTS_OWN = {"devices.kubevirt.io/kvm": "1", "devices.kubevirt.io/tun": "1", "devices.kubevirt.io/vhost-net": "1"}


def pod(limits=(), is_marked=True, with_plugins=True, **spec):
    """A virt-launcher's, as pkg/virt-controller/services/template.go makes it; `is_marked`: so its VMI was."""
    volumes = [{"name": "private", "emptyDir": {}}]
    mounts = [{"name": "private", "mountPath": "/var/run/kubevirt-private"}]
    if with_plugins:
        volumes.append({"name": "kubevirt-plugin-sockets", "emptyDir": {}})
        mounts.append({"name": "kubevirt-plugin-sockets", "mountPath": "/var/run/kubevirt-plugin"})
    limits = KUBEVIRTS_OWN | {"cpu": "4", "memory": "8Gi"} | dict(limits)
    compute = {"name": "compute", "image": "virt-launcher", "resources": {"limits": limits}, "volumeMounts": mounts}
    annotations = {"kubevirt.io/domain": "vm"} | ({MARK: "gpu-hook"} if is_marked else {})
    return {"metadata": {"labels": {"kubevirt.io": "virt-launcher"}, "annotations": annotations},
            "spec": {"containers": [compute], "volumes": volumes} | spec}


GPU = {"nvidia.com/GA102GL_A10": "1"}
PODS = {  # does it get the plugin's container?
    "NVIDIA's device plugin": (pod(GPU), True),
    "KubeVirt's device plugin, beside a container disk":
        (pod({"devices.kubevirt.io/igpu": "1"}, initContainers=[{"name": "container-disk-binary", "image": "virt-launcher"}]),
         True),
    "a resource claim": (pod(resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]), True),
    "none": (pod(is_marked=False), False),
    "an SR-IOV network": (pod({"intel.com/sriov_netdevice": "1"}, is_marked=False), False),
    "a GPU, but no plugins": (pod(GPU, with_plugins=False), False),
    "another plugin's mark": ({"metadata": {"annotations": {MARK: "other"}}, "spec": {
        "volumes": [{"name": "kubevirt-plugin-sockets", "emptyDir": {}}], "containers": [{"name": "compute"}]}}, False),
    "no annotations, no volumes": ({"metadata": {}, "spec": {"containers": [{"name": "compute"}]}}, False),
}


def vmi(annotations=None, **devices):
    metadata = {"name": "vm"} if annotations is None else {"name": "vm", "annotations": annotations}
    return {"metadata": metadata, "spec": {"domain": {"devices": {"disks": []} | devices}}}


LIST = [{"name": "gpu", "deviceName": "nvidia.com/GA102GL_A10"}]
SRIOV = [{"name": "default", "masquerade": {}}, {"name": "fast", "sriov": {}}]
VMIS = {  # is it asked about devices? has it some, and gets the plugin's container? does it get a hook sidecar?
    "gpus": (vmi(gpus=LIST), True, True, True),
    "hostDevices": (vmi(hostDevices=LIST), True, True, True),
    "both, with annotations": (vmi({"gpu.vm.kubevirt.io/config": "{}"}, gpus=LIST, hostDevices=LIST), True, True, True),
    "a mark of its owner's": (vmi({MARK: ""}, gpus=LIST), True, True, True),
    "its own sidecar": (vmi({SIDECARS: "[]"}, gpus=LIST), True, True, False),
    "an empty list of sidecars": (vmi({SIDECARS: ""}, gpus=LIST), True, True, True),
    "an SR-IOV network": (vmi(interfaces=SRIOV), False, False, True),
    "an SR-IOV network and its own sidecar": (vmi({SIDECARS: "[]"}, interfaces=SRIOV), False, False, False),
    "a network": (vmi(interfaces=SRIOV[:1]), False, False, False),
    "none": (vmi(), False, False, False),
    "an empty list": (vmi(gpus=[]), True, False, False),
}
