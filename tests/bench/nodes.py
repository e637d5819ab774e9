"""Nodes to measure on, made in a folder that is laid out as /sys."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))
from host import MEM32, MEM64, GIB, MIB, ROM, Device, host  # noqa: E402
from tree import write  # noqa: E402

GPU = "0000:01:00.0"  # of large(): as it goes whole to a VM


def gpu(bdf, port, group):
    return Device(bdf, 0x10DE, 0x2204, 0x030000, (0x1462, 0x3884), group, above=(port,), bars={
        0: (0xFB000000, 16 * MIB, MEM32), 1: (0xE000000000 + group * GIB, 256 * MIB, MEM64), 6: (0xFC000000, MIB // 2, ROM)})


def root_port(bdf, group):
    return Device(bdf, 0x8086, 0x460D, 0x060400, (0x1458, 0x5000), group, driver="pcieport", above=())


def gpu_addresses(count):
    return [f"0000:{number + 1:02x}:00.0" for number in range(count)]


def with_gpus(folder, count):
    """A node with that many GPUs on vfio-pci, each below a root port of its own, at gpu_addresses(count)."""
    ports = [f"0000:00:{number + 1:02x}.0" for number in range(count)]
    write(folder, host([root_port(port, number) for number, port in enumerate(ports)] +
                       [gpu(bdf, port, 100 + number)
                        for number, (bdf, port) in enumerate(zip(gpu_addresses(count), ports))]))


def place(number):
    """The function at a place of the buses from 0x10 on, of several domains."""
    bus, rest = divmod(number, 256)
    return f"{bus // 200:04x}:{0x10 + bus % 200:02x}:{rest // 8:02x}.{rest % 8}"


def functions(count):
    yield root_port("0000:00:01.0", 1)
    yield gpu(GPU, "0000:00:01.0", 12)
    for number in range(count - 2):
        if number < 8:
            virtfns = tuple(place(number + 8 * n) for n in range(1, count // 32))
            yield Device(place(number), 0x10DE, 0x26B9, 0x030200, (0x10DE, 0x1851), 100 + number, driver="nvidia",
                         virtfns=virtfns, above=(), bars={1: (0x384000000000, 64 * GIB, MEM64)})
        elif number < count // 4:
            yield Device(place(number), 0x10DE, 0x26B9, 0x030200, (0x10DE, 0x1851), 100 + number, driver="nvidia",
                         physfn=place(number % 8), vgpu_type=1145, above=())
        else:
            yield Device(place(number), 0x8086, 0x1889, 0x020000, (0x8086, 0), 100 + number, driver="iavf",
                         physfn=place(0), above=())


def large(folder, count):
    """A node of `count` PCI functions. Eight GPUs share a quarter of them as NVIDIA vGPUs, the rest are the virtual
    functions of network cards; each has an IOMMU group of its own. GPU is one on vfio-pci."""
    write(folder, host(list(functions(count))))
