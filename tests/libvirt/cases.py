"""What libvirt makes of the golden cases' domains."""

import difflib
import functools
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import libvirt

import arguments
import domain_xml

GOLDEN = Path(__file__).resolve().parents[1] / 'golden'
MACHINES = 'x86_64', 'i686'  # what qemu-system-x86 emulates

# What a hook may change and libvirt must have understood.
EDITED = ('devices/hostdev', 'devices/controller[@type="pci"][@index="0"]', 'features', 'cpu',
          f'{{{domain_xml.QEMU}}}override', f'{{{domain_xml.QEMU}}}commandline')


class Judge:
    """Defines domains and looks at what comes of it."""

    def __init__(self, connection):
        self.connection = connection
        self.define, self.native = functools.cache(self._define), functools.cache(self._native)

    def _define(self, text):
        """The inactive definition that a text becomes."""
        domain = self.connection.defineXML(text)
        try:
            return domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        finally:
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)

    def _native(self, text):
        return arguments.split(self.connection.domainXMLToNative('qemu-argv', text))

    def definition_problems(self, xml, knows_all):
        """Yields what libvirt refuses, and what it forgets of a domain if it should know all of it."""
        domain = ET.fromstring(xml)
        domain_xml.repair(domain)
        domain_xml.without_kvm(domain)
        try:
            defined = ET.fromstring(self.define(domain_xml.text(domain)))
        except libvirt.libvirtError as error:
            yield f'libvirt refuses it: {error}'
            return
        for path in EDITED if knows_all else ():
            yield from lost(domain.findall(path), defined.findall(path))
        for hostdev in defined.findall('devices/hostdev'):
            if not alias_of(hostdev).startswith('ua-'):
                yield f'KubeVirt would panic: libvirt keeps no alias of {ET.tostring(hostdev, encoding="unicode")}'

    def arguments(self, xml):
        """The QEMU arguments of a domain; libvirt.libvirtError where it has none."""
        domain = ET.fromstring(xml)
        domain_xml.repair(domain)
        domain_xml.without_kvm(domain)
        domain_xml.without_host(domain)
        return self.native(domain_xml.text(domain))


def alias_of(device):
    alias = device.find('alias')
    return '' if alias is None else alias.get('name', '')


def lost(wanted, got):
    """Yields what of the elements `wanted` is not in those that libvirt has."""
    for element in wanted:
        rest = [other for other in got if alias_of(other) == alias_of(element)]
        if not rest:
            yield f'{alias_of(element)}: libvirt has no such {element.tag.split("}")[-1]}'
            continue
        for problem in min((list(domain_xml.missing(element, other)) for other in rest), key=len):
            yield f'{alias_of(element)}: libvirt forgets it: {problem}'


def override_problems(xml, pairs):
    """Yields the properties of <qemu:override> that QEMU would not get: libvirt ignores an alias that nobody has."""
    given = {found['id']: found for found in arguments.devices(pairs)}
    qemu = f'{{{domain_xml.QEMU}}}'
    for device in ET.fromstring(xml).iterfind(f'{qemu}override/{qemu}device'):
        for wanted in device.iterfind(f'{qemu}frontend/{qemu}property'):
            kind, value = wanted.get('type'), wanted.get('value')
            typed = {'bool': value == 'true', 'unsigned': int(value) if value.isdigit() else None}.get(kind, value)
            got = given.get(device.get('alias'), {}).get(wanted.get('name'))
            if type(got) is not type(typed) or got != typed:
                yield f'{device.get("alias")}: QEMU gets {wanted.get("name")}={got!r}, not {typed!r}'


def plain(xml):
    """The domain without what every case may change: the mode and the ROM of hostdevs."""
    domain = ET.fromstring(xml)
    for hostdev in domain.iterfind('devices/hostdev'):
        hostdev.attrib.pop('mode', None)
        for rom in hostdev.findall('rom'):
            hostdev.remove(rom)
    return ET.canonicalize(ET.tostring(domain, encoding='unicode'), strip_text=True)


def argv_problems(case, name, pairs, regenerate):
    """Yields how the QEMU arguments differ from out/NAME.argv, which only a case with further edits has."""
    file = case / 'out' / f'{name}.argv'
    before, after = ((case / folder / f'{name}.xml').read_bytes() for folder in ('in', 'out'))
    wanted = arguments.relevant(pairs) if plain(before) != plain(after) else None
    expected = file.read_text() if file.exists() else None
    if expected == wanted:
        return
    if regenerate:
        rewrite(file, wanted)
    if wanted is None:
        yield f'out/{file.name} must go: the output has no edit but of mode and ROM'
    elif expected is None:
        yield f'out/{file.name} is missing: read what --regenerate writes'
    else:
        yield from ['the QEMU arguments differ', *difflib.unified_diff(
            expected.splitlines(), wanted.splitlines(), 'expected', 'got', lineterm='', n=1)]


def rewrite(file, text):
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    print(f'{"removed" if text is None else "written"} {os.path.relpath(file)}')


def is_for_this_qemu(xml):
    machine = ET.fromstring(xml).find('os/type')
    return machine is None or machine.get('arch', 'x86_64') in MACHINES


def check(judge, case, regenerate):
    """Yields (what, problems) for the domains of a case; problems is None for what this QEMU cannot run."""
    knows_all = not (case / 'no-schema').exists()
    for output in sorted(case.glob('out/*.xml')):
        before, after = ((case / folder / output.name).read_bytes() for folder in ('in', 'out'))
        names = [f'{case.name}/{folder}/{output.stem}' for folder in ('in', 'out')]
        if not is_for_this_qemu(before):
            yield from ((name, None) for name in names)
            continue
        trouble = list(judge.definition_problems(before, knows_all))
        yield names[0], trouble
        if not trouble:  # which would not be ours
            yield names[1], [*judge.definition_problems(after, knows_all),
                             *native_problems(judge, case, output.stem, after, regenerate)]


def native_problems(judge, case, name, xml, regenerate):
    try:
        pairs = judge.arguments(xml)
    except libvirt.libvirtError as error:
        return [f'libvirt makes no QEMU arguments of it: {error}']
    return [*override_problems(xml, pairs), *argv_problems(case, name, pairs, regenerate)]
