"""What make-cases builds golden cases from: parts of the real cases, and changes to them."""

import json
import re
import sys
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent
sys.path.insert(0, str(GOLDEN.parent / "fixtures"))
from tree import Link  # noqa: E402

CONFIG = "gpu.vm.kubevirt.io/config"
CASES = {}


def vmi(base, config=None):
    """The part of a real case's VMI that the hook looks at, with our
    annotation: a text as it is, anything else as JSON in a text."""
    real = json.loads((GOLDEN / base / "vmi.json").read_text())
    real["spec"] = {"domain": {"devices": {
        key: value for key, value in real["spec"]["domain"]["devices"].items()
        if key in ("gpus", "hostDevices")}}}
    del real["status"]
    real["metadata"]["annotations"] = {}
    if config is not None:
        text = config if isinstance(config, (str, int)) else json.dumps(config)
        real["metadata"]["annotations"][CONFIG] = text
    return json.dumps(real, indent=2) + "\n"


def domain(base="igpu-rembrandt"):
    return (GOLDEN / base / "in" / "call1.xml").read_text()


def case(name, about, config=None, base="igpu-rembrandt", bundle="lab", sysfs="lab",
         inputs=None, **files):
    """One case. inputs maps names to domains (default: call1 as it came), files
    are further files of the case."""
    tree = {"about": about + "\n", "vmi.json": vmi(base, config), **files}
    for input_name, text in (inputs or {"call1": domain(base)}).items():
        tree[f"in/{input_name}.xml"] = text
    tree = {path: content.encode() if type(content) is str else content
            for path, content in tree.items()}
    if bundle:
        tree["bundle"] = Link(f"../../fixtures/bundles/{bundle}")
    if sysfs:
        tree["sysfs"] = Link(f"../../fixtures/hosts/{sysfs}")
    CASES[name] = tree


def igpu(**options):
    return {"devices": {"igpu": options}}


def changed(text, *replacements):
    """text with each (old, new) applied; old must be there exactly once."""
    for old, new in replacements:
        if text.count(old) != 1:
            raise ValueError(f"{text.count(old)} times in the domain: {old}")
        text = text.replace(old, new)
    return text


# --- Domains with other devices -------------------------------------------------

HOSTDEVS = re.compile(r"(\t\t<hostdev .*?</hostdev>\n)+", re.DOTALL)


def hostdev(alias, source, guest=None, attributes="", later=False):
    """One hostdev as KubeVirt 1.9.0 writes it. source is a host address, or the UUID of a mediated device; guest is
    the number of the bus that libvirt gave it, where it did."""
    mdev = "." not in source
    if mdev:
        where = f'<address uuid="{source}"></address>'
        start = f'<hostdev type="mdev" mode="subsystem" model="vfio-pci"{attributes}>'
    else:
        number, bus, slot, function = re.fullmatch(r"(....):(..):(..)\.(.)", source).groups()
        where = (f'<address{"" if later else " type=%s" % chr(34) + "pci" + chr(34)} domain="0x{number}" bus="0x{bus}" '
                 f'slot="0x{slot}" function="0x{function}"></address>')
        start = f'<hostdev type="pci" managed="no"{" mode=%ssubsystem%s" % (chr(34), chr(34)) if later else ""}{attributes}>'
    place = "" if guest is None else (
        f'\t\t\t<address type="pci" domain="0x0000" bus="0x{guest:02x}" slot="0x00" function="0x0"></address>\n')
    return (f"\t\t{start}\n\t\t\t<source>\n\t\t\t\t{where}\n\t\t\t</source>\n{place}"
            f'\t\t\t<alias name="{alias}"></alias>\n\t\t</hostdev>\n')


def with_hostdevs(text, devices, first_bus=None):
    """The domain with these hostdevs, tuples for hostdev(), in place of its own."""
    buses = range(first_bus, 256) if first_bus else [None] * len(devices)
    later = first_bus is not None
    blocks = "".join(hostdev(*device[:2], guest, *device[2:], later=later)
                     for device, guest in zip(devices, buses))
    text, count = HOSTDEVS.subn(lambda _: blocks, text, count=1)
    if not count:
        raise ValueError("the domain has no hostdevs")
    return text


def shapes(devices, base="igpu-rembrandt", *replacements):
    """What KubeVirt sends in the three calls of a boot of a VM with these devices."""
    calls = {}
    for call in ("call1", "call2", "call3"):
        text = (GOLDEN / base / "in" / f"{call}.xml").read_text()
        text = with_hostdevs(text, devices, None if call == "call1" else 0x20)
        calls[call] = changed(text, *(r for r in replacements))
    return calls


def vmi_with(devices, config=None, base="igpu-rembrandt"):
    """The VMI that asks for them."""
    text = json.loads(vmi(base, config))
    names = [re.sub("^ua-(gpu|hostdevice)-", "", alias) for alias, *_ in devices]
    text["spec"]["domain"]["devices"] = {
        "gpus": [{"name": name, "deviceName": "vendor.example/GPU"} for name in names]}
    return json.dumps(text, indent=2) + "\n"


def option_case(name, about, devices, config, sysfs, base="igpu-rembrandt", replacements=(), bundle=None, calls=None,
                **files):
    """A case in all three shapes of a boot, or in those of `calls`."""
    inputs = shapes(devices, base, *replacements)
    if calls:
        inputs = {call: inputs[call] for call in calls}
    case(name, about, base=base, bundle=bundle, sysfs=sysfs, inputs=inputs,
         **{"vmi.json": vmi_with(devices, config, base), **files})
