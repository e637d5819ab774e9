"""Pods and VMs as KubeVirt 1.9 makes them, and what the plugin's conditions and policies should say of them."""

from checking import SIDECARS

KUBEVIRTS_OWN = {"devices.kubevirt.io/kvm": "1", "devices.kubevirt.io/tun": "1", "devices.kubevirt.io/vhost-net": "1"}


def pod(limits=(), with_plugins=True, **spec):
    """A virt-launcher's, as pkg/virt-controller/services/template.go makes it."""
    volumes = [{"name": "private", "emptyDir": {}}]
    mounts = [{"name": "private", "mountPath": "/var/run/kubevirt-private"}]
    if with_plugins:
        volumes.append({"name": "kubevirt-plugin-sockets", "emptyDir": {}})
        mounts.append({"name": "kubevirt-plugin-sockets", "mountPath": "/var/run/kubevirt-plugin"})
    limits = KUBEVIRTS_OWN | {"cpu": "4", "memory": "8Gi"} | dict(limits)
    compute = {"name": "compute", "image": "virt-launcher", "resources": {"limits": limits}, "volumeMounts": mounts}
    return {"metadata": {"labels": {"kubevirt.io": "virt-launcher"}},
            "spec": {"containers": [compute], "volumes": volumes} | spec}


GPU = {"nvidia.com/GA102GL_A10": "1"}
PODS = {  # does it get the plugin's container?
    "NVIDIA's device plugin": (pod(GPU), True),
    "KubeVirt's device plugin, beside a container disk":
        (pod({"devices.kubevirt.io/igpu": "1"}, initContainers=[{"name": "container-disk-binary", "image": "virt-launcher"}]),
         True),
    "a resource claim": (pod(resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]), True),
    "none": (pod(), False),
    "huge pages": (pod({"hugepages-2Mi": "8Gi", "ephemeral-storage": "1Gi"}), False),
    "vsock, SEV": (pod({"devices.kubevirt.io/vhost-vsock": "1", "devices.kubevirt.io/sev": "1"}), False),
    "a GPU, but no plugins": (pod(GPU, with_plugins=False), False),
    "a container without limits": ({"metadata": {}, "spec": {
        "volumes": [{"name": "kubevirt-plugin-sockets", "emptyDir": {}}], "containers": [{"name": "compute"}]}}, False),
    "no volumes": ({"metadata": {}, "spec": {"containers": [{"name": "compute"}]}}, False),
}


def vmi(annotations=None, **devices):
    metadata = {"name": "vm"} if annotations is None else {"name": "vm", "annotations": annotations}
    return {"metadata": metadata, "spec": {"domain": {"devices": {"disks": []} | devices}}}


LIST = [{"name": "gpu", "deviceName": "nvidia.com/GA102GL_A10"}]
VMIS = {  # is it asked about devices? does it get a hook sidecar?
    "gpus": (vmi(gpus=LIST), True, True),
    "hostDevices": (vmi(hostDevices=LIST), True, True),
    "both, with annotations": (vmi({"gpu.vm.kubevirt.io/config": "{}"}, gpus=LIST, hostDevices=LIST), True, True),
    "its own sidecar": (vmi({SIDECARS: "[]"}, gpus=LIST), True, False),
    "none": (vmi(), False, False),
    "an empty list": (vmi(gpus=[]), True, False),
}
