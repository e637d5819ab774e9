"""Bad domains and bad VMIs: a clear INVALID_ARGUMENT each, and never a half-edited domain."""

import json
import socket
import time

import lab
from case import HookTestCase

CALL1 = lab.domain(lab.VM, 'call1')
VMI = lab.vmi(lab.VM)


def with_doctype(declarations, body=b''):
    """The test VM's domain behind a DOCTYPE, BODY in its metadata."""
    return b'<!DOCTYPE domain ' + declarations + b'>\n' + lab.in_metadata(CALL1, body)


def entity_bomb():
    """Ten to the tenth laughs."""
    lines = [b'<!ENTITY l0 "lol">']
    for level in range(1, 11):
        lines.append(b'<!ENTITY l%d "%s">' % (level, b'&l%d;' % (level - 1) * 10))
    return with_doctype(b'[' + b'\n'.join(lines) + b']', b'<note>&l10;</note>')


def nested(depth):
    """An element that deep inside the metadata."""
    return lab.in_metadata(CALL1, b'<n>' * depth + b'</n>' * depth)


class Input(HookTestCase):
    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch()

    def tearDown(self):
        """Whatever came, nothing was published, the sidecar is well, and the VM may start once its input is right."""
        self.assertFalse((self.sockets / 'rom').exists())
        self.boot(self.hook)

    def assertRefused(self, domain, vmi, *words, code='INVALID_ARGUMENT'):
        """Refused at once, whether or not it is the first call."""
        start = time.monotonic()
        with self.assertStatus(code, *words) as caught:
            self.hook.on_define_domain(domain, vmi)
        self.assertLess(time.monotonic() - start, 5)
        text = caught.exception.details()
        self.assertGreater(len(text), 10)
        self.assertLess(len(text.encode()), 1000)  # what fits into a Kubernetes event
        return text


class BadDomain(Input):
    def test_broken_xml(self):
        for name, domain in {
                'empty': b'', 'blank': b' \n', 'text': b'hello', 'a tag': b'<domain',
                'truncated': CALL1[:len(CALL1) // 2], 'two roots': CALL1 + CALL1,
                'last tag missing': CALL1.removesuffix(b'</domain>'),
                'crossed tags': b'<domain><devices></domain></devices>', 'zeros': b'\0' * 100,
                'zero inside': CALL1.replace(b'<memory', b'\0<memory'), 'random': bytes(range(256)) * 4,
                'unknown entity': lab.in_metadata(CALL1, b'&nbsp;'), 'ampersand': lab.in_metadata(CALL1, b'a & b'),
                'json': VMI,
                'binary': b'\x7fELF\x02\x01\x01', 'gzip': b'\x1f\x8b\x08\x00', 'surplus': CALL1 + b'surplus'}.items():
            with self.subTest(domain=name):
                self.assertRefused(domain, VMI)

    def test_not_utf_8(self):
        for name, domain in {
                'latin-1 byte': lab.in_metadata(CALL1, b'caf\xe9'), 'cut off sequence': lab.in_metadata(CALL1, b'\xc3'),
                'overlong': lab.in_metadata(CALL1, b'\xc0\xaf'), 'surrogate': lab.in_metadata(CALL1, b'\xed\xa0\x80'),
                'UTF-16': CALL1.decode().encode('utf-16'), 'UTF-16LE': CALL1.decode().encode('utf-16le')}.items():
            with self.subTest(domain=name):
                self.assertRefused(domain, VMI)
        declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + lab.in_metadata(CALL1, b'caf\xe9')
        self.assertRefused(declared, VMI)

    def test_no_domain(self):
        for root in b'<network/>', b'<domains/>', b'<Domain/>', b'<x:domain xmlns:x="urn:x"/>', b'<network></network>':
            with self.subTest(root=root):
                self.assertRefused(root, VMI, 'domain')

    def test_200_deep(self):
        self.assertRefused(nested(200), VMI)

    def test_a_million_deep(self):
        self.assertRefused(nested(1_000_000), VMI)

    def test_entity_bomb(self):
        self.assertRefused(entity_bomb(), VMI)

    def test_quadratic_entity_bomb(self):
        declarations = b'[<!ENTITY a "' + b'a' * 100_000 + b'">]'
        self.assertRefused(with_doctype(declarations, b'<note>' + b'&a;' * 10_000 + b'</note>'), VMI)

    def test_external_entities(self):
        secret = self.folder / 'secret'
        secret.write_text('<note>open sesame</note>')
        with socket.create_server(('127.0.0.1', 0)) as web:
            web.settimeout(0.1)
            port = web.getsockname()[1]
            url = b'http://127.0.0.1:%d/x.dtd' % port
            file = b'file://' + bytes(secret)
            for declarations, body in ((b'[<!ENTITY x SYSTEM "%s">]' % file, b'&x;'), (b'SYSTEM "%s"' % file, b''),
                                       (b'[<!ENTITY %% x SYSTEM "%s"> %%x;]' % file, b''), (b'SYSTEM "%s"' % url, b''),
                                       (b'[<!ENTITY x SYSTEM "%s">]' % url, b'&x;')):
                with self.subTest(declarations=declarations):
                    self.assertNotIn('sesame', self.assertRefused(with_doctype(declarations, body), VMI))
            with self.assertRaises(TimeoutError):
                web.accept()
        self.assertNotIn('sesame', self.sidecar.text)

    def test_a_doctype_without_gpu(self):
        """Safety does not depend on what is in the domain."""
        self.assertRefused(b'<!DOCTYPE domain [<!ENTITY x "y">]><domain>&x;</domain>', VMI)

    def test_xinclude_is_not_followed(self):
        secret = self.folder / 'secret'
        secret.write_text('open sesame')
        include = ('<x:include xmlns:x="http://www.w3.org/2001/XInclude" parse="text" '
                   f'href="{secret}"></x:include>').encode()
        answer = self.hook.on_define_domain(lab.in_metadata(CALL1, include), VMI)
        self.assertXml(answer.replace(include, b''), lab.reply(lab.VM, 'call1'))
        self.tidy()

    def test_hostdevs_that_make_no_sense(self):
        source = b'<address type="pci" domain="0x0000" bus="0xe5" slot="0x00" function="0x0"></address>'
        self.assertIn(source, CALL1)
        for name, changed in {
                'no source': b'', 'no bus': source.replace(b' bus="0xe5"', b''),
                'words': source.replace(b'0xe5', b'e5th'), 'bus too large': source.replace(b'0xe5', b'0x100'),
                'slot too large': source.replace(b'slot="0x00"', b'slot="0x20"'),
                'function too large': source.replace(b'function="0x0"', b'function="0x8"'),
                'negative': source.replace(b'0xe5', b'-1'), 'empty': source.replace(b'0xe5', b'')}.items():
            with self.subTest(address=name):
                self.assertRefused(CALL1.replace(source, changed), VMI)

    def test_bad_domain_on_a_later_call(self):
        """Not even the memory of a good first call makes it good."""
        self.hook.on_define_domain(CALL1, VMI)
        self.assertRefused(CALL1[:-20], VMI)
        self.tidy()

    def tidy(self):
        """For tearDown, where a test has published."""
        for file in (self.sockets / 'rom').iterdir():
            file.unlink()
        (self.sockets / 'rom').rmdir()


class BadVmi(Input):
    def test_not_json(self):
        for name, vmi in {'empty': b'', 'text': b'hello', 'xml': CALL1, 'truncated': VMI[:-1], 'array': b'[]',
                          'null': b'null', 'string': b'"x"', 'number': b'1', 'zero': VMI + b'\0', 'two': VMI + VMI,
                          'not UTF-8': b'{"a": "\xff"}', 'deep': b'[' * 1_000_000}.items():
            with self.subTest(vmi=name):
                self.assertRefused(CALL1, vmi)

    def test_fields_of_the_wrong_type(self):
        for metadata in ([], 'x', 1, {'annotations': []}, {'annotations': 'x'}, {'uid': 7}, {'uid': {}},
                         {'annotations': {'gpu.vm.kubevirt.io/config': {}}},
                         {'annotations': {'gpu.vm.kubevirt.io/config': None}},
                         {'annotations': {'gpu.vm.kubevirt.io/config': 1}}):
            with self.subTest(metadata=metadata):
                self.assertRefused(CALL1, json.dumps({'metadata': metadata}).encode(), 'metadata')

    def test_annotation_that_is_no_configuration(self):
        for text in ('', ' ', 'auto', '[]', '"x"', '{', '{"devices": []}', '{"devices": {"igpu": []}}',
                     '{"devices": {"igpu": {"rom": 1}}}', '{"policy": true}', '{"policy": "perhaps"}',
                     '{"a": 1, "a": 2}'):
            with self.subTest(text=text):
                self.assertRefused(CALL1, lab.annotated(lab.VM, text), 'gpu.vm.kubevirt.io/config')

    def test_unknown_keys_and_values_are_quoted(self):
        for config, word in (({'polices': 'warn'}, '"polices"'), ({'devices': {'igpu': {'romm': 'auto'}}}, '"romm"'),
                             ({'devices': {'igpu': {'rom': '../x'}}}, '../x'),
                             ({'devices': {'igpu': {'romBar': 'yes'}}}, 'yes'),
                             ({'devices': {'igpu': {'expect': 'AMD'}}}, 'AMD'), ({'policy': 'maybe'}, 'maybe'),
                             ({'devices': {'no-such': {'rom': 'auto'}}}, 'no-such'),
                             ({'devices': {'0000:ff:1f.7': {'rom': 'auto'}}}, '0000:ff:1f.7')):
            with self.subTest(config=config):
                self.assertRefused(CALL1, lab.annotated(lab.VM, config), word)

    def test_odd_keys_do_no_harm(self):
        """The text goes into a gRPC status, a JSON log line and a Kubernetes event."""
        for key in '"quoted\\', 'two\nlines', '\x01\x1b[31m', 'é' * 3000, '\u2028', '%s%n%s%n', '\U0001f600' * 500:
            with self.subTest(key=key[:10]):
                text = self.assertRefused(CALL1, lab.annotated(lab.VM, {key: 1}), 'gpu.vm.kubevirt.io/config')
                self.assertNotRegex(text, '[\x00-\x1f]')
        self.sidecar.logs()

    def test_a_vmi_without_annotations_is_fine(self):
        for annotations in {}, None:
            vmi = json.loads(VMI)
            vmi['metadata']['annotations'] = annotations
            self.boot(self.hook, vmi=json.dumps(vmi).encode())
        BadDomain.tidy(self)
