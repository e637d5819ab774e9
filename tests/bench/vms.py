"""The VMs whose OnDefineDomain is measured: golden cases, and what is made of them."""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nodes

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/golden"))
import case_builder  # noqa: E402

BASE = "windows-efi-secure"
DISK = re.compile(r"\t\t<disk .*?</disk>\n", re.DOTALL)


@dataclass
class VM:
    name: str
    calls: int  # so many that all VMs take about as long
    domain: Path
    vmi: Path
    sysfs: Path
    bounds: dict = field(default_factory=dict)  # of ratios to an empty RPC: of small VMs; larger ones cost more


def disk(number):
    """As KubeVirt 1.9 writes the disk of a block volume."""
    return (f'\t\t<disk device="disk" type="block" model="virtio-non-transitional">\n'
            f'\t\t\t<source dev="/dev/data{number}"></source>\n'
            f'\t\t\t<target bus="virtio" dev="vd{number}"></target>\n'
            f'\t\t\t<driver cache="none" error_policy="stop" name="qemu" type="raw" io="native" discard="unmap"></driver>\n'
            f'\t\t\t<alias name="ua-data{number}"></alias>\n\t\t</disk>\n')


SMALL = {"later": 5, "new": 9, "boot": 5}


def make(folder, name, calls, gpus, disks, bounds=()):
    """A VM with so many GPUs of the node in folder/sys, and so many disks."""
    devices = [(f"ua-gpu-gpu{number}", bdf) for number, bdf in enumerate(nodes.gpu_addresses(gpus))]
    text = case_builder.with_hostdevs(case_builder.domain(BASE), devices)
    text = DISK.sub(lambda found: found[0] + "".join(map(disk, range(1, disks))), text, count=1)
    vmi = json.loads((ROOT / "tests/golden" / BASE / "vmi.json").read_text())
    wanted = vmi["spec"]["domain"]["devices"]
    wanted["gpus"] = [{"name": f"gpu{number}", "deviceName": "vendor.example/GPU"} for number in range(gpus)]
    wanted["disks"] += [{"name": f"data{number}", "disk": {"bus": "virtio"}} for number in range(1, disks)]
    files = folder / f"{gpus}-{disks}.xml", folder / f"{gpus}-{disks}.json"
    files[0].write_text(text)
    files[1].write_text(json.dumps(vmi, separators=(",", ":")))
    return VM(name, calls, *files, folder / "sys", dict(bounds))


def make_all(folder):
    """The VMs, and in folder/sys their node."""
    nodes.with_gpus(folder / "sys", 16)
    golden = ROOT / "tests/golden/igpu-rembrandt"
    return [
        make(folder, "1 GPU", 2000, gpus=1, disks=1, bounds=SMALL),
        VM("an iGPU and its audio, a ROM each", 2000, golden / "in/call1.xml", golden / "vmi.json",
           ROOT / "tests/fixtures/hosts/lab", SMALL),
        make(folder, "8 GPUs", 500, gpus=8, disks=1),
        make(folder, "16 GPUs", 300, gpus=16, disks=1),
        make(folder, "1 GPU, 24 disks", 1000, gpus=1, disks=24),
        make(folder, "1 GPU, 1,000 disks", 200, gpus=1, disks=1000),
    ]
