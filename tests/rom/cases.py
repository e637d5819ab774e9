"""The cases of `run`: files, and command lines that run beside them."""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path

import mkrom
import vendor
from host import MEM32, MEM64, MIB, Device, host


@dataclass
class Case:
    name: str
    about: str
    files: dict
    lines: list
    may_change: set = field(default_factory=set)


VBIOS = vendor.make("atombios")
GOP = mkrom.image("efi", 0x03EA, 0x0668)
NVIDIA = mkrom.image("x86", 0x10DE, 0x2204)

HOST = {f"sys/bus/pci/devices/0000:e5:00.{function}/{name}": text.encode() for function, device in (
    (0, {"vendor": "0x1002", "device": "0x1681", "class": "0x030000", "revision": "0xc8",
         "subsystem_vendor": "0x1462", "subsystem_device": "0x1381"}),
    (1, {"vendor": "0x1002", "device": "0x1640", "class": "0x040300", "revision": "0x00",
         "subsystem_vendor": "0x1462", "subsystem_device": "0x1381"})) for name, text in device.items()}


# A GPU that is ready, beside an audio function that the node keeps.
NODE = {path: content for path, content in host([
    Device("0000:00:01.0", 0x8086, 0x460D, 0x060400, (0x1458, 0x5000), 1, driver="pcieport", above=()),
    Device("0000:01:00.0", 0x10DE, 0x2484, 0x030000, (0x1458, 0x404C), 12, above=("0000:00:01.0",), multifunction=True,
           bars={0: (0xA2000000, 16 * MIB, MEM32), 1: (0x6000000000, 256 * MIB, MEM64)}, iommu_bits=39),
    Device("0000:01:00.1", 0x10DE, 0x228B, 0x040300, (0x1458, 0x404C), 12, above=("0000:00:01.0",), multifunction=True,
           driver="snd_hda_intel")]).items()}
NODE = {f"sys/{path}": content for path, content in NODE.items()}


def changed(data, offset, *values):
    return data[:offset] + bytes(values) + data[offset + len(values):]


def pcir_moved(data, at):
    """The image with its PCIR structure elsewhere; the sum of an x86 image is right."""
    old = struct.unpack_from("<H", data, 0x18)[0]
    moved = changed(data, at, *data[old:old + 0x18])
    moved = changed(moved, 0x18, at & 0xFF, at >> 8)
    return vendor.balance(moved, 0x40) if data[0x04] != 0xF1 else moved


def join_large():
    """2 MiB that do not compress, as one NVIDIA image after another."""
    image = bytearray(mkrom.image("x86", 0x10DE, 0x2204, size=127 * 512, last=False))
    images = []
    for number in range(32):
        data = bytearray(image)
        data[0x100:-1] = vendor.noise(len(data) - 0x101)
        if number == 31:
            data[mkrom.PCIR_AT + 0x15] = 0x80
        images.append(vendor.balance(bytes(data)))
    return mkrom.join(*images)


def inspect(name, about, *kinds):
    files = {kind: vendor.make(kind) for kind in kinds}
    return Case(f"inspect-{name}", about, files, [f"rom inspect {kind}" for kind in kinds])


INSPECT = [
    inspect("amd", "AMD: ATOMBIOS tables, a dump of the flash chip, several images.", "atombios", "amd-flash", "multi"),
    inspect("nvidia", "NVIDIA: NPDE, private images behind the chain.", "nvidia", "nvidia-private", "nvidia-rgis",
            "nvidia-private-cut"),
    inspect("nvgi", "NVIDIA's flash header of each version, one that is unknown, one that leads nowhere.", "nvgi-1",
            "nvgi-2", "nvgi-3", "nvgi-4", "nvgi-no-rom"),
    inspect("intel", "Intel: the VBT.", "vbt"),
    inspect("efi", "EFI images that load.", "efi-x64", "efi-x64-compressed", "efi-aarch64", "efi-ebc"),
    inspect("efi-bad", "EFI images that do not.", "efi-ia32", "efi-application", "efi-compressed-damaged",
            "efi-compression-unknown", "efi-no-driver"),
    inspect("odd", "Device lists, bytes in front and behind, other code types, ISA images.", "device-list",
            "device-list-open", "trailing", "trailing-data", "other-front", "vendor-type", "isa"),
    Case("inspect-damaged", "Each defect has its offset.", {
        "empty": b"",
        "text": b"no ROM at all\n",
        "cut": VBIOS[:1500],
        "bad-sum": changed(VBIOS, 0x700, 1),
        "no-pcir": changed(VBIOS, 0xA0, 0),
        "pcir-outside": changed(VBIOS, 0x18, 0xFF, 0xFF),
        "zero-length": changed(VBIOS, 0xB0, 0, 0),
        "short-pcir": changed(VBIOS, 0xAA, 0x17, 0),
        "no-last": changed(VBIOS, 0xB5, 0),
        "zero-init": changed(VBIOS, 0x02, 0),
        "long-init": changed(VBIOS, 0x02, 0xFF),
        "bad-efi-signature": changed(GOP, 0x05, 0),
        "efi-init-too-long": changed(GOP, 0x02, 9),
    }, [f"rom inspect {name}" for name in (
        "empty", "text", "cut", "bad-sum", "no-pcir", "pcir-outside", "zero-length", "short-pcir", "no-last",
        "zero-init", "long-init", "bad-efi-signature", "efi-init-too-long")]),
    Case("inspect-json", "All that the tree says, for scripts.",
         {kind: vendor.make(kind) for kind in ("nvgi-3", "multi", "device-list", "vbt", "isa", "efi-no-driver")},
         ["rom inspect --output json nvgi-3 multi device-list vbt isa efi-no-driver"]),
    Case("inspect-files", "Several files: one that is missing does not hide the others.",
         {"a.rom": NVIDIA, "b.rom": NVIDIA},
         ["rom inspect a.rom missing.rom b.rom", "rom inspect --output json a.rom missing.rom", "rom inspect",
          "rom inspect --output yaml a.rom", "rom inspect .", "rom inspect --help"]),
]

PURPOSES = ["--device 1002:1681 --firmware bios", "--device 1002:1681 --firmware uefi", "--device 1002:1681"]

VERIFY = [
    Case("verify-amd", "A VBIOS for its device under each firmware, and for another.", {"vbios.rom": VBIOS},
         [f"rom verify vbios.rom {purpose}" for purpose in PURPOSES] +
         ["rom verify vbios.rom --device 1002:1640 --firmware uefi",
          "rom verify vbios.rom --device 10de:2204 --firmware bios"]),
    Case("verify-efi", "EFI images: IDs are remarks, machine and subsystem are not.",
         {"gop.rom": GOP, "arm.rom": vendor.make("efi-aarch64"), "app.rom": vendor.make("efi-application"),
          "damaged.rom": vendor.make("efi-compressed-damaged")},
         ["rom verify gop.rom --device 1002:1640 --class 0403 --firmware uefi",
          "rom verify gop.rom --device 1002:1640 --class 0403 --firmware bios",
          "rom verify arm.rom --device 1002:1640 --class 0403 --firmware uefi --arch x86_64",
          "rom verify arm.rom --device 1002:1640 --class 0403 --firmware uefi --arch aarch64",
          "rom verify app.rom --device 1002:1640 --class 0403 --firmware uefi",
          "rom verify damaged.rom --device 1002:1640 --class 0403 --firmware uefi"]),
    Case("verify-nvidia", "Chains of both kinds; a dump that was not trimmed.",
         {"both.rom": vendor.make("nvidia"), "dump.rom": vendor.make("nvgi-3"), "x86.rom": NVIDIA},
         ["rom verify both.rom --device 10de:24dc --firmware uefi", "rom verify both.rom --device 10de:24dc --firmware bios",
          "rom verify dump.rom --device 10de:24dc --firmware uefi",
          "rom verify x86.rom --device 10de:2204 --firmware uefi"]),
    Case("verify-tables", "What the guest's driver looks for.",
         {"vbt.rom": vendor.make("vbt"), "no-vbt.rom": mkrom.image("x86", 0x8086, 0x46A6),
          "second.rom": mkrom.join(vendor.efi_image(last=False), mkrom.image("x86", 0x1002, 0x1681)),
          "list.rom": vendor.make("device-list")},
         ["rom verify vbt.rom --device 8086:46a6 --firmware bios", "rom verify no-vbt.rom --device 8086:46a6 --firmware bios",
          "rom verify second.rom --device 1002:1681 --class 0300 --firmware uefi",
          "rom verify list.rom --device 1002:164d --firmware bios",
          "rom verify list.rom --device 1002:164d --firmware uefi"]),
    Case("verify-host", "A host address gives the ID and the class.", {"vbios.rom": VBIOS, "gop.rom": GOP, **HOST},
         ["rom verify vbios.rom --device 0000:e5:00.0 --sysfs sys --firmware uefi",
          "rom verify gop.rom --device e5:00.1 --sysfs sys --firmware uefi",
          "rom verify vbios.rom --device 0000:e5:00.2 --sysfs sys",
          "rom verify vbios.rom --device 0000:e5:00.0 --sysfs nowhere"]),
    Case("verify-json", "For scripts.", {"vbios.rom": VBIOS, "bad.rom": changed(VBIOS, 0x700, 1)},
         ["rom verify vbios.rom bad.rom --device 1002:1681 --firmware uefi --output json"]),
    Case("verify-usage", "Wrong usage says what is wrong.", {"vbios.rom": VBIOS},
         ["rom verify vbios.rom", "rom verify vbios.rom --device 1002", "rom verify vbios.rom --device 1002:1681 --firmware efi",
          "rom verify vbios.rom --device 1002:1681 --class 3", "rom verify vbios.rom --device 1002:1681 --arch arm",
          "rom verify --device 1002:1681", "rom verify --help"]),
]

EDIT = [
    Case("trim", "The chain alone, to the byte; nothing to cut is no error.",
         {"nvgi.rom": vendor.make("nvgi-3"), "nvidia.rom": vendor.make("nvidia"), "flash.bin": vendor.make("amd-flash"),
          "vbios.rom": VBIOS, "trailing.rom": vendor.make("trailing"), "isa.rom": vendor.make("isa"),
          "no-rom.rom": vendor.make("nvgi-no-rom"), "cut.rom": VBIOS[:1500]},
         ["rom trim nvgi.rom a.rom", "cmp a.rom nvidia.rom", "rom trim flash.bin b.rom", "cmp b.rom vbios.rom",
          "rom trim vbios.rom c.rom", "cmp c.rom vbios.rom", "rom trim trailing.rom e.rom",
          "sh -c 'kubevirt-gpu-hook rom trim trailing.rom - 2>/dev/null | cmp - e.rom'", "rom trim isa.rom d.rom",
          "rom trim no-rom.rom d.rom", "rom trim cut.rom d.rom", "rom trim missing.rom d.rom", "ls"]),
    Case("output", "The input is never changed, and nothing is replaced without --force.",
         {"in.rom": NVIDIA, "old.rom": b"old"},
         ["rom trim in.rom old.rom", "rom trim in.rom in.rom --force", "ln in.rom hard.rom",
          "rom trim in.rom hard.rom --force", "mkdir folder", "rom trim in.rom folder --force", "ln -s old.rom link.rom",
          "rom trim in.rom link.rom --force", "rom trim in.rom no/out.rom", "rom trim in.rom old.rom --force",
          "cmp in.rom old.rom", "rom trim in.rom", "rom trim in.rom a b", "ls -A"], {"old.rom"}),
    Case("set-id", "All images get the ID; sums stay right, drivers as they are.",
         {"both.rom": mkrom.join(mkrom.image("x86", 0x10DE, 0x2204, last=False), GOP), "bad.rom": changed(VBIOS, 0x700, 1),
          "dump.rom": vendor.make("nvgi-3"), **HOST},
         ["rom set-id both.rom a.rom --device 1002:1681", "rom inspect a.rom", "rom diff both.rom a.rom",
          "rom set-id both.rom b.rom --device 0000:e5:00.0 --sysfs sys", "cmp a.rom b.rom",
          "rom set-id bad.rom c.rom --device 1002:1681", "rom set-id dump.rom c.rom --device 10de:24dc",
          "rom set-id both.rom c.rom", "rom set-id both.rom c.rom --device 03ea", "rom set-id --help"]),
    Case("fix-checksum", "One byte, where the vendor keeps it; EFI images are left alone.",
         {"amd.rom": changed(VBIOS, 0x700, 1), "nvidia.rom": changed(NVIDIA, 0x300, 7), "gop.rom": GOP, "good.rom": VBIOS,
          "stuck.rom": changed(mkrom.image("x86", 0x1234, 0x1111, size=512), 0x1F0, *b"no more room....")[:3] + b"\xeb" +
          changed(mkrom.image("x86", 0x1234, 0x1111, size=512), 0x1F0, *b"no more room....")[4:]},
         ["rom fix-checksum amd.rom a.rom", "rom inspect a.rom", "rom diff amd.rom a.rom",
          "rom fix-checksum nvidia.rom b.rom", "rom fix-checksum gop.rom c.rom", "cmp gop.rom c.rom",
          "rom fix-checksum good.rom d.rom", "rom fix-checksum stuck.rom e.rom", "rom fix-checksum --help"]),
    Case("split-join", "Taken apart and put together.", {"multi.rom": vendor.make("multi"), "vbios.rom": VBIOS, "gop.rom": GOP,
                                                         "packed.rom": vendor.make("efi-x64-compressed"),
                                                         "nvidia.rom": vendor.make("nvidia-private"),
                                                         "dump.rom": vendor.make("nvgi-3")},
         ["rom split multi.rom parts", "rom inspect parts/2-efi.rom", "rom split multi.rom parts",
          "rom join parts/0-x86.rom parts/1-x86.rom parts/2-efi.rom parts/3-efi.rom all.rom", "cmp multi.rom all.rom",
          "rom split packed.rom packed", "rom build-efi packed/0-efi.efi rebuilt.rom --device 1002:1640",
          "rom inspect rebuilt.rom", "rom split nvidia.rom nvidia", "rom join vbios.rom gop.rom two.rom", "rom inspect two.rom",
          "rom join vbios.rom dump.rom three.rom", "rom join vbios.rom", "rom join vbios.rom two.rom --force",
          "rom split vbios.rom gop.rom", "rom split --help", "rom join --help"]),
    Case("build-efi", "An .efi becomes a ROM; what is no driver does not.",
         {"gop.efi": vendor.make("driver"), "app.efi": mkrom.pe_driver(subsystem=10), "cut.efi": vendor.make("driver")[:0x90],
          "text.efi": b"hello", "gop.rom": GOP},
         ["rom build-efi gop.efi a.rom --device 1002:1640", "rom inspect a.rom",
          "rom build-efi gop.efi b.rom --device 1002:1640 --device 1002:1681 --class 0403", "rom inspect b.rom",
          "rom verify b.rom --device 1002:1640 --class 0403 --firmware uefi",
          "rom build-efi gop.efi c.rom --device 1002:1640 --device 10de:2204", "rom build-efi app.efi c.rom --device 1002:1640",
          "rom build-efi cut.efi c.rom --device 1002:1640", "rom build-efi text.efi c.rom --device 1002:1640",
          "rom build-efi gop.rom c.rom --device 1002:1640", "rom build-efi gop.efi c.rom --device 1640",
          "rom build-efi gop.efi c.rom", "rom build-efi gop.efi c.rom --device 1002:1640 --class 4"]),
    Case("diff", "What differs: contents, bytes, length.",
         {"a.rom": VBIOS, "same.rom": VBIOS, "other-id.rom": mkrom.image("x86", 0x1002, 0x1636, size=2048),
          "longer.rom": VBIOS + bytes(100), "text": b"hello\n"},
         ["rom diff a.rom same.rom", "rom diff a.rom other-id.rom", "rom diff a.rom longer.rom", "rom diff a.rom text",
          "rom diff a.rom", "rom diff a.rom missing.rom"]),
    Case("extract-card", "From a folder laid out as /sys; what is missing is explained.",
         {**HOST, "sys/bus/pci/devices/0000:e5:00.0/rom": VBIOS, "sys/bus/pci/devices/0000:e5:00.0/boot_vga": b"1\n",
          "sys/bus/pci/devices/0000:e5:00.1/rom": b"", "old.rom": b"old"},
         ["rom extract a.rom --device 0000:e5:00.0 --sysfs sys", "cmp a.rom sys/bus/pci/devices/0000:e5:00.0/rom",
          "rom extract b.rom --device e5:00.1 --sysfs sys", "rom extract b.rom --device 0000:e5:00.7 --sysfs sys",
          "rom extract b.rom --device 1002:1681 --sysfs sys", "rom extract old.rom --device 0000:e5:00.0 --sysfs sys",
          "rom extract b.rom", "rom extract --help"]),
    Case("extract-vfct", "From the ACPI table: by address, by ID, by being the only one.",
         {**HOST, "one": vendor.make("vfct"), "three": vendor.make("vfct-3"), "twins": vendor.make("vfct-twins"),
          "cut": vendor.make("vfct-cut"), "text": b"no table", "bad-sum": changed(vendor.make("vfct"), 9, 0),
          "sys/firmware/acpi/tables/VFCT": vendor.make("vfct"), "vbios.rom": VBIOS},
         ["rom extract a.rom --vfct=one", "cmp a.rom vbios.rom", "rom extract b.rom --vfct --sysfs sys",
          "rom extract c.rom --vfct=three", "rom extract c.rom --vfct=three --device 1002:1681", "cmp c.rom vbios.rom",
          "rom extract d.rom --vfct=three --device 0000:01:00.0", "rom inspect d.rom",
          "rom extract e.rom --vfct=three --device 10de:2204", "rom extract e.rom --vfct=twins --device 1002:1681",
          "rom extract e.rom --vfct=twins --device 0000:02:00.0", "cmp e.rom vbios.rom",
          "rom extract f.rom --vfct=cut", "rom extract f.rom --vfct=text", "rom extract f.rom --vfct=bad-sum",
          "rom extract g.rom --vfct=one --device 0000:e5:00.0 --sysfs sys", "rom extract one --vfct=one --force",
          "rom extract h.rom --vfct --sysfs nowhere"]),
    Case("edit-refuse", "No edit reaches into a driver or into the structures of an image; the input is known by any name.",
         {"in-driver.rom": pcir_moved(GOP, 0x300), "crooked.rom": pcir_moved(mkrom.image("efi", 0x1002, 0x1640), 0x1E),
          "behind.rom": mkrom.join(pcir_moved(mkrom.image("x86", 0x10DE, 0x2204, last=False), 0x1E), vendor.efi_image()),
          "balance.rom": changed(pcir_moved(NVIDIA, 0x400 - 0x18), 0x200, 1), "in.rom": VBIOS},
         ["rom set-id in-driver.rom a.rom --device 1002:1681", "rom inspect crooked.rom",
          "rom verify crooked.rom --device 1002:1640 --class 0403 --firmware uefi",
          "rom verify behind.rom --device 10de:2204 --firmware uefi", "rom fix-checksum balance.rom b.rom",
          "sh -c 'kubevirt-gpu-hook rom set-id - in.rom --force --device 1002:1640 < in.rom || true'",
          "rom build-efi in.rom c.rom --device 1002:0000 --device 1002:1640",
          "sh -c 'kubevirt-gpu-hook rom inspect in.rom >/dev/full || true'"]),
    Case("commands", "The table of commands.", {}, ["rom", "rom --help", "rom nonsense"]),
]

# --- bundles ------------------------------------------------------------------

FILES = {"vbios.rom": VBIOS, "gop.rom": GOP, "nvidia.rom": NVIDIA, "bad.rom": changed(VBIOS, 0x700, 1)}
GOP_FOR = "--device 1002:1640 --class 0403 --firmware uefi"
LAB = ["bundle init lab --version 2026.11", "bundle add lab vbios.rom", f"bundle add lab gop.rom {GOP_FOR}"]
# A key pair for tests, made by minisign -G -W.
SECRET = b"""untrusted comment: minisign secret key for tests, of no worth
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaQsEC5BlOOSjc9BBU19GgUnKZHruiX+uzJNzEo+J//7hS8D3/6fRmgRcilKnpI6o2VR8JCh8aw4zfbxO+00IWRUwDrYdh6ZZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
"""
PUBLIC = b"""untrusted comment: minisign public key for tests
RWRpCwQLkGU45ARcilKnpI6o2VR8JCh8aw4zfbxO+00IWRUwDrYdh6ZZ
"""
OTHER_PUBLIC = "RWSqSlm448eT1mKCKY0MvASApW+pmmNjQkoUWulivR+nIlRI5W1RRkSC"


def with_manifest(**changes):
    """A bundle of one ROM, its manifest changed."""
    rom = {"id": "vbios", "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(), "firmware": "any",
           "match": {"vendor": "1002", "device": "1681"}}
    keys = {"apiVersion": "gpu.vm.kubevirt.io/v1", "kind": "RomBundle", "name": "lab", "roms": [rom], **changes}
    return {"lab/bundle.json": json.dumps(keys, indent=2).encode() + b"\n", "lab/roms/vbios.rom": VBIOS}


BUNDLE = [
    Case("bundle-make", "A bundle from nothing: the match from the ROM, or from the command line.", {**FILES, **HOST},
         [*LAB, "bundle add lab nvidia.rom --id msi --subsystem 1462:3881 --revision a1", "cat lab/bundle.json", "ls -R lab",
          "bundle list lab", "bundle list lab --output json", "bundle verify lab", "cmp vbios.rom lab/roms/vbios.rom",
          "bundle add lab vbios.rom --id exact --device 0000:e5:00.0 --sysfs sys --exact", "bundle list lab"]),
    Case("bundle-refuse", "What does not go into a bundle, and how it stays as it was.", FILES,
         [*LAB, "cp lab/bundle.json before", "bundle add lab gop.rom --id gop2", "bundle add lab vbios.rom",
          "bundle add lab vbios.rom --id again", "bundle add lab bad.rom", "bundle add lab vbios.rom --id x --device 1002:1640",
          "bundle add lab vbios.rom --id auto", "bundle add lab vbios.rom --id a/b", "bundle add lab missing.rom",
          "bundle add nowhere vbios.rom", "bundle add lab vbios.rom --id y --exact", "cmp before lab/bundle.json", "ls lab/roms",
          "bundle add lab bad.rom --force --revision c9", "bundle verify lab", "bundle init lab", "bundle init .bad",
          "bundle init other --name 'a b'", "bundle add lab", "bundle add lab vbios.rom --revision c"]),
    Case("bundle-verify", "Each defect is named, with its file and offset.",
         {**with_manifest(), "missing/bundle.json": with_manifest()["lab/bundle.json"],
          **{f"hash/{name[4:]}": data for name, data in (with_manifest() | {"lab/roms/vbios.rom": NVIDIA}).items()},
          **{f"two/{name[4:]}": data for name, data in with_manifest(roms=[
              {"id": id, "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(),
               "match": {"vendor": "1002", "device": device}} for id, device in (("a", "1681"), ("b", "1636"))]).items()},
          **{f"class/{name[4:]}": data for name, data in with_manifest(roms=[
              {"id": "any-amd", "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(),
               "match": {"vendor": "1002", "class": "0300"}}]).items()},
          **{f"tie/{name[4:]}": data for name, data in with_manifest(roms=[
              {"id": id, "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(),
               "match": {"vendor": "1002", "device": "1681"}} for id in ("a", "b")]).items()},
          "json/bundle.json": b"{", "lab/notes.txt": b"kept by hand\n"},
         ["bundle verify lab", "bundle verify missing", "bundle verify hash", "bundle verify two", "bundle verify class",
          "bundle verify tie", "bundle verify json", "bundle verify nowhere", "bundle verify lab class two",
          "bundle verify lab missing --output json", "bundle verify"]),
    Case("bundle-match", "Which ROM, and why; what misses it narrowly.",
         {**with_manifest(roms=[
             {"id": id, "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(), "firmware": firmware,
              "match": {"vendor": "1002", **match}}
             for id, firmware, match in (
                 ("any", "any", {"device": "1681"}), ("uefi", "uefi", {"device": "1681"}),
                 ("msi", "any", {"device": "1681", "subsystem": "1462:1381"}),
                 ("asus", "any", {"device": "1681", "subsystem": "1043:1381"}),
                 ("vga", "any", {"class": "0300"}), ("rev", "any", {"device": "1681", "revision": "c9"}))],
             profiles=[{"match": {"vendor": "1002", "class": "0300"}, "device": {"romBar": "on"}},
                       {"match": {"vendor": "1002", "device": "1681"}, "device": {"rom": "auto"}}]), **HOST},
         ["bundle match lab --device 0000:e5:00.0 --sysfs sys", "bundle match lab --device 0000:e5:00.0 --sysfs sys --firmware bios",
          "bundle match lab --device 1002:1681 --firmware uefi", "bundle match lab --device 1002:1681 --output json",
          "bundle match lab --device 10de:2204", "bundle match lab --device 0000:e5:00.2 --sysfs sys", "bundle match lab",
          "bundle match lab lab --device 1002:1681 --firmware bios"]),
    Case("bundle-sign", "Signed, trusted; unsigned, altered, and by somebody else.",
         {**FILES, "key": SECRET, "key.pub": PUBLIC},
         [*LAB, "bundle verify lab --trusted-key key.pub", "bundle sign lab --secret-key key --comment 'for tests'",
          "cat lab/bundle.json.minisig", "bundle verify lab --trusted-key key.pub",
          f"bundle list lab --trusted-key {PUBLIC.split()[-1].decode()}",
          f"bundle verify lab --trusted-key {OTHER_PUBLIC}", f"bundle verify lab --trusted-key {OTHER_PUBLIC} --trusted-key key.pub",
          "minisign -V -q -p key.pub -m lab/bundle.json", "bundle sign lab --secret-key key", "bundle add lab nvidia.rom",
          "bundle verify lab --trusted-key key.pub", "bundle sign lab --secret-key key --comment x --force",
          "bundle verify lab --trusted-key key.pub", "bundle verify lab --trusted-key nonsense",
          "bundle sign lab --secret-key key.pub --force", "bundle sign lab --secret-key missing --force",
          "bundle sign nowhere --secret-key key"]),
    Case("bundle-pack", "One file, the same bytes every time; the packed bundle does what the folder does.",
         {**FILES, "key": SECRET, "key.pub": PUBLIC},
         [*LAB, "bundle sign lab --secret-key key --comment x", "bundle pack lab a.tar --compress none", "sleep 1", "cp -r lab copy",
          "bundle pack copy b.tar --compress none", "cmp a.tar b.tar", "tar -tf a.tar", "bundle pack lab lab.tar.gz --compress gzip",
          "bundle pack lab lab.tar.zst", "bundle verify lab.tar.gz lab.tar.zst --trusted-key key.pub", "bundle list lab.tar.zst",
          "bundle match lab.tar.gz --device 1002:1681", "bundle pack lab.tar.gz again.tar --compress none", "cmp a.tar again.tar",
          "bundle pack lab lab.tar.zst", "bundle add lab.tar.gz nvidia.rom", "bundle sign lab.tar.gz --secret-key key",
          "bundle pack lab x --compress lzma", "rm lab/roms/vbios.rom", "bundle pack lab x.tar",
          "mkdir unpacked", "tar -xf a.tar -C unpacked", "bundle verify unpacked --trusted-key key.pub"]),
    Case("bundle-hostile", "What strangers write neither drives the terminal nor fakes lines; nothing of the bundle is overwritten.",
         {**with_manifest(), **{f"escape/{name[4:]}": data for name, data in with_manifest(version="\x1b]0;x\x07\n  error fake").items()},
          **{f"file/{name[4:]}": data for name, data in with_manifest(roms=[
              {"id": "a", "file": "roms/\x1b[2J", "sha256": "0" * 64, "match": {"vendor": "1002", "device": "1681"}}]).items()},
          **{f"unclean/{name[4:]}": data for name, data in with_manifest(roms=[
              {"id": "a", "file": "./roms//vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(),
               "match": {"vendor": "1002", "device": "1681"}}]).items()},
          "lab/stray\x1b[31m\n\u202e.rom": b"", "large.rom": VBIOS + bytes(17 << 20)},
         ["bundle list escape", "bundle verify escape", "bundle verify file", "bundle verify lab", "bundle verify lab --output json",
          "bundle verify unclean", "bundle pack unclean unclean.tar --compress none", "bundle verify unclean.tar",
          "bundle pack lab lab/bundle.json --force", "bundle pack lab lab/roms/vbios.rom --force", "tar -C unclean -cf missing.tar bundle.json",
          "bundle verify missing.tar", "bundle init new", "bundle add new large.rom", "rm -r new/roms", "ln -s /tmp new/roms",
          "bundle add new lab/roms/vbios.rom", "rom verify large.rom --device 1002:1681 --firmware bios"]),
    Case("bundle-large", "More than a ConfigMap can hold is told; a ROM's ordinary bytes are fine.",
         {"large.rom": join_large()},
         ["bundle init lab", "bundle add lab large.rom", "bundle pack lab lab.tar --compress none"]),
    Case("bundle-keygen", "A key pair of our own, for this test only.", {"password": b"secret\n", **FILES},
         ["bundle keygen --no-password --secret-key k --public-key k.pub", "stat -c %a k", "bundle init lab",
          "sh -c 'kubevirt-gpu-hook bundle sign lab --secret-key k >/dev/null'", "sh -c 'minisign -V -q -p k.pub -m lab/bundle.json'",
          "bundle keygen --no-password --secret-key k --public-key k.pub", "bundle keygen --password-file missing",
          "cp k before", "bundle keygen --no-password --secret-key k --public-key k --force",
          "bundle keygen --no-password --secret-key k --public-key ./k --force",
          "bundle keygen --no-password --secret-key k --public-key no/k.pub --force", "cmp k before",
          "bundle keygen --no-password --secret-key same --public-key ./same", "ls"]),
    Case("bundle-help", "What the commands say of themselves.", {},
         ["bundle"] + [f"bundle {command} --help" for command in
                       ("init", "add", "list", "verify", "match", "keygen", "sign", "pack")]),
]

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
ANNOTATION = {"devices": {"*": {"romBar": "on"}, "igpu": {"expect": "1002:1681", "vfio": {"x-no-mmap": True}},
                          "igpu-audio": {"guestAddress": "06:00.0"}},
              "guest": {"hideHypervisor": True, "pciHole64": "64GiB", "ovmfMmio64": None}}
DOMAINS = {
    "vm.xml": (GOLDEN / "igpu-rembrandt/in/call1.xml").read_bytes(),
    "none.xml": (GOLDEN / "no-gpu/in/call1.xml").read_bytes(),
    "vmi.json": json.dumps({"metadata": {"annotations": {
        "gpu.vm.kubevirt.io/config": json.dumps(ANNOTATION)}}}).encode(),
    "typo.json": json.dumps({"metadata": {"annotations": {
        "gpu.vm.kubevirt.io/config": json.dumps({"devices": {"igpu": {"xVGA": "on"}}})}}}).encode(),
}
RENDER = [
    Case("explain", "Each option, its value, who gave it and what comes of it.",
         {**HOST, **DOMAINS, **with_manifest(
             roms=[{"id": "rembrandt", "file": "roms/vbios.rom", "sha256": hashlib.sha256(VBIOS).hexdigest(),
                    "match": {"vendor": "1002", "device": "1681"}}],
             profiles=[{"about": "All displays.", "match": {"class": "0300"}, "device": {"rom": "auto", "romBar": "off"},
                        "guest": {"topoext": "on"}}])},
         [f"render --domain vm.xml --vmi vmi.json --sysfs sys --bundle lab {how}" for how in
          ("--explain", "--explain=json", "--explain --no-builtin-profiles", "--explain --diff", "--explain=yaml")]
         + ["render --domain none.xml --vmi vmi.json --sysfs sys --explain",
            "render --domain none.xml --vmi vmi.json --sysfs sys --explain=json",
            "render --domain vm.xml --vmi typo.json --sysfs sys --explain",
            "bundle list lab", "bundle list --builtin", "bundle list", "render --help"]),
]

CHECK = [
    Case("check", "The node by itself, in each form, and as somebody's folder.", dict(NODE), [
        "check --sysfs sys", "check 0000:01:00.1 --sysfs sys --width 70", "check --sysfs sys --output tree",
        "check --sysfs sys --output nfd", "check 0000:01:00.0 --sysfs sys --color always --width 100",
        "check 01:00.0 0000:09:00.0 --sysfs sys --all", "check --sysfs sys --file report --output json",
        "check --sysfs sys --file report --output tree", "snapshot copy --sysfs sys", "check --sysfs copy --output nfd",
        "snapshot copy --sysfs sys", "snapshot --anonymise secret --sysfs sys",
        "check --sysfs secret --output json 0000:01:00.0"],
         may_change={"report"}),
    Case("check-usage", "Wrong usage says what is wrong, and what cannot be seen is 2.", {"file": b""}, [
        "check --output yaml", "check 0000:01:00.8", "check --watch=0", "check --watch=x", "check --width wide",
        "check --color blue", "check --sysfs absent", "check --sysfs file", "check 0000:01:00.0 --sysfs absent",
        "snapshot", "snapshot file --sysfs absent 0000:01:00.0", "snapshot copy nonsense", "check --help",
        "snapshot --help"]),
]

CASES = INSPECT + VERIFY + EDIT + BUNDLE + RENDER + CHECK
