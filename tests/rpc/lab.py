"""The inputs of these tests: real domains and VMIs, the bundle and host they belong to, and variations of them."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / 'fixtures'))
import mkrom  # noqa: E402
GOLDEN = TESTS / 'golden'
sys.path.append(str(GOLDEN))
BUNDLES = TESTS / 'fixtures/bundles'
BUNDLE = BUNDLES / 'lab'
HOSTS = TESTS / 'fixtures/hosts'
HOST = HOSTS / 'lab'

ONE_CALL = 'domain',
THREE_CALLS = 'call1', 'call2', 'call3'
BOOTS = ONE_CALL, THREE_CALLS[:2], THREE_CALLS
CASES = 'geforce-bios', 'igpu-rembrandt', 'no-gpu', 'vgpu-mdev-display', 'vgpu-sriov-vf', 'windows-efi-secure'

# The VM most tests use: an integrated GPU with a ROM in the bundle, and its audio function.
VM = 'igpu-rembrandt'
ADDRESS, NAME, IDS = '0000:e5:00.0', 'igpu', '1002:1681'

# Where the golden replies say that the ROMs are.
COMPUTE_DIR = '/var/run/kubevirt-hooks/rom'


def domain(case, shape):
    """What KubeVirt sends in this call."""
    return (GOLDEN / case / f'in/{shape}.xml').read_bytes()


def vmi(case):
    """The VMI that KubeVirt sends in all calls of CASE."""
    return (GOLDEN / case / 'vmi.json').read_bytes()


def reply(case, shape):
    """What must come back."""
    return (GOLDEN / case / f'out/{shape}.xml').read_bytes()


def with_annotation(case, key, text):
    """The VMI of CASE with one more annotation."""
    changed = json.loads(vmi(case))
    changed['metadata'].setdefault('annotations', {})[key] = text
    return json.dumps(changed).encode()


def annotated(case, config):
    """The VMI of CASE with a gpu.vm.kubevirt.io/config: an object, or a string taken as it is."""
    return with_annotation(case, 'gpu.vm.kubevirt.io/config', config if isinstance(config, str) else json.dumps(config))


def without_hostdevs(xml):
    """The domain as a migration target's virt-launcher sends it."""
    return re.sub(rb'\s*<hostdev .*?</hostdev>', b'', xml, flags=re.DOTALL)


def in_metadata(xml, content):
    """The domain with CONTENT at the start of its <metadata>."""
    head, tag, tail = xml.partition(b'<metadata>')
    return head + tag + content + tail


def filling(size):
    """Valid XML of SIZE bytes or a little less: up to 30 MiB, not more elements than the sidecar takes."""
    element = b'<note xmlns="http://example.com/notes" id="7">' + b'x' * 300 + b'</note>'
    return element * (size // len(element))


def copy(folder, to):
    """A copy of a bundle or host that a test may change; links stay links."""
    return Path(shutil.copytree(folder, to, symlinks=True))


def manifest(bundle):
    """The parsed bundle.json."""
    return json.loads((bundle / 'bundle.json').read_text())


def write_manifest(bundle, content):
    """Replaces bundle.json."""
    (bundle / 'bundle.json').write_text(json.dumps(content))


def rom_entry(content, ids=IDS):
    """The manifest's ROM for a device, by default the test VM's GPU."""
    for rom in content['roms']:
        if f"{rom['match'].get('vendor')}:{rom['match'].get('device')}" == ids:
            return rom
    raise LookupError(f'the bundle has no ROM for {ids}')


def large_bundle(to):
    """A copy of the bundle whose ROM for the test VM's GPU is 120 KiB: writing it takes more than one page."""
    bundle = copy(BUNDLE, to)
    content = manifest(bundle)
    entry = rom_entry(content)
    rom = mkrom.image('x86', *(int(number, 16) for number in IDS.split(':')), size=120 << 10)
    (bundle / entry['file']).write_bytes(rom)
    entry['sha256'] = hashlib.sha256(rom).hexdigest()
    write_manifest(bundle, content)
    return bundle
