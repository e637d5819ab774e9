"""Runs the scenarios inside the outer machine; reports on standard output, logs on standard error."""

import contextlib
import json
import os
import sys
from pathlib import Path

SHARE = Path('/e2e')
sys.path[:0] = [str(SHARE / 'tests' / name) for name in ('e2e/guest', 'rpc', 'libvirt', 'fixtures')]

import node  # noqa: E402
import scenario  # noqa: E402
import scenarios_host  # noqa: E402, F401
import scenarios_pod  # noqa: E402, F401
import scenarios_vm  # noqa: E402, F401
from pod import Pod  # noqa: E402
from vm import Compute, VM  # noqa: E402

MODULES = 'vfio-pci', 'vfio_iommu_type1', 'pci-stub'
# Where KubeVirt's virt-launcher image has its firmware, and where Debian has it.
FIRMWARE = {'OVMF_CODE.fd': 'OVMF_CODE_4M.fd', 'OVMF_VARS.fd': 'OVMF_VARS_4M.fd'}


class Lab:
    """What a scenario has: pods, VMs, and the devices of the machine by name."""

    def __init__(self, compute):
        self.compute, self.last_pod = compute, None
        self.card, self.sound = '0000:02:00.0', '0000:02:00.1'
        self.bridged, self.bridged_network = '0000:04:01.0', '0000:04:02.0'
        self.sleeper = '0000:05:00.0'
        self.open, self.open_network = '0000:06:00.0', '0000:07:00.0'
        self.sriov = '0000:08:00.0'

    def pod(self, bundle='good', **how):
        self.last_pod = Pod(SHARE / 'kubevirt-gpu-hook', SHARE / 'bundles' / bundle if bundle else None, **how)
        return self.last_pod

    def vm(self, devices, config=None, **how):
        return VM(self.compute, devices, config, **how)

    def log(self):
        """The last sidecar's."""
        return self.last_pod.text if self.last_pod else ''


def main():
    for name, debians in FIRMWARE.items():
        os.symlink(debians, f'/usr/share/OVMF/{name}')
    node.modprobe(*MODULES)
    scenario.run(scenario.mine(json.loads((SHARE / 'wanted.json').read_text())), lab)


@contextlib.contextmanager
def lab():
    """A scenario's: what libvirt remembers of an earlier one is gone, as with the pod."""
    with Compute() as compute:
        yield Lab(compute)


if __name__ == '__main__':
    main()
