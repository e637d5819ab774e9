"""The plugin service: the same domains as a hook sidecar's, the admin's rule for annotations, and both at once."""

import threading
from xml.etree import ElementTree

import lab
import virt_launcher
import virt_launcher_plugins
import wire
from case import HookTestCase
from sidecar import refused_start
from virt_launcher_plugins import CONTEXTS, METHOD, Plugin

INFO = virt_launcher.INFO
DEFINE = virt_launcher.method('v1alpha3', 'OnDefineDomain')


class PluginTestCase(HookTestCase):
    def setUp(self):
        super().setUp()
        self.folder_of_plugin = self.folder / 'gpu-hook'
        self.folder_of_plugin.mkdir()
        self.socket = self.folder_of_plugin / 'domain.sock'

    def load(self, *options, **how):
        """A running plugin, alone in its container."""
        sidecar = self.start(*options, folder=None, plugin=self.socket, **how)
        return sidecar, Plugin(self.socket)

    def mutate(self, plugin, case=lab.VM, shapes=lab.THREE_CALLS, vmi=None, context='Boot'):
        """The calls of one boot, each of which must give the hook sidecar's golden reply."""
        for shape in shapes:
            with self.subTest(case=case, shape=shape, context=context):
                answer = plugin.mutate_domain(lab.domain(case, shape), vmi or lab.vmi(case), context)
                self.assertXml(answer, lab.reply(case, shape))


class Plugins(PluginTestCase):
    def test_all_cases_in_all_shapes(self):
        """OnDefineDomain and MutateDomain give the same."""
        _, plugin = self.load()
        for case in lab.CASES:
            for shapes in lab.BOOTS:
                vmi = lab.vmi(case).replace(b'a1b2c3d4-', f'{len(shapes):08x}-'.encode())
                self.mutate(plugin, case, shapes, vmi)

    def test_all_contexts(self):
        _, plugin = self.load()
        for context in CONTEXTS:
            self.mutate(plugin, context=context)

    def test_the_reply_fed_back_comes_back(self):
        _, plugin = self.load()
        for case in lab.CASES:
            once = plugin.mutate_domain(lab.domain(case, 'domain'), lab.vmi(case))
            self.assertXml(plugin.mutate_domain(once, lab.vmi(case)), once)

    def test_a_migration_is_not_refused(self):
        """What is wrong with the node is only told: the VM runs elsewhere already."""
        host = lab.copy(lab.HOST, self.folder / 'host')
        (host / 'bus/pci/devices' / lab.ADDRESS / 'power_state').write_text('error\n')
        sidecar, plugin = self.load(host=host)
        request = lab.domain(lab.VM, 'call1')
        with self.assertStatus('FAILED_PRECONDITION', lab.ADDRESS, 'power-state'):
            plugin.mutate_domain(request, lab.vmi(lab.VM))
        for context in CONTEXTS[1:]:
            plugin.mutate_domain(request, lab.vmi(lab.VM), context)
        sidecar.wait_for_log('power-state')

    def test_other_domain_types(self):
        _, plugin = self.load()
        for kind in '', 'Libvirt', 'cloud-hypervisor', 'libvirt ':
            with self.subTest(kind=kind), self.assertStatus('INVALID_ARGUMENT', f'domain_type "{kind}"', 'libvirt'):
                virt_launcher.call(self.socket, METHOD,
                                   virt_launcher_plugins.request(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM),
                                                                 domain_type=kind))
        self.mutate(plugin)

    def test_contexts_nobody_knows(self):
        """A later KubeVirt's is taken for a boot, and told."""
        sidecar, plugin = self.load()
        self.mutate(plugin, context='Hotplug\x1b')
        sidecar.wait_for_log('MutateDomain for \\"Hotplug?\\", which this version does not know')
        fields = (1, 'libvirt'), (2, lab.domain(lab.VM, 'call1')), (3, lab.vmi(lab.VM))
        for more in (), ((4, b''),), ((4, wire.encode((2, 7), (9, 'later'))), (77, 'later')):
            reply = virt_launcher.call(self.socket, METHOD, wire.encode(*fields, *more))
            self.assertXml(virt_launcher_plugins.mutated_domain(reply), lab.reply(lab.VM, 'call1'))

    def test_messages_that_are_none(self):
        _, plugin = self.load()
        for message in b'\xff', b'\x0a\x05abc', wire.encode((1, 7)), wire.encode((1, b'\xff\xfe')), \
                wire.encode((4, b'\xff')):
            with self.subTest(message=message), self.assertStatus('INVALID_ARGUMENT'):
                virt_launcher.call(self.socket, METHOD, message)
        self.mutate(plugin)

    def test_what_is_not_served(self):
        """A hook sidecar's methods are not a plugin's."""
        self.load()
        for method in INFO, DEFINE, '/kubevirt.hooks.plugins.v1alpha1.NodeHookService/ExecuteNodeHook':
            self.assertTrue(virt_launcher_plugins.unknown(self.socket, method), method)

    def test_where_the_roms_are(self):
        """Beside the socket, at the path that compute knows them by."""
        sidecar, plugin = self.load(compute_dir=None)
        answer = plugin.mutate_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        files = self.rom_files(sidecar)
        self.assertTrue(files)
        for name in files:
            self.assertIn(f'file="{self.folder_of_plugin}/rom/{name}"'.encode(), answer)

    def test_logs(self):
        sidecar, plugin = self.load()
        self.mutate(plugin, shapes=lab.ONE_CALL)
        sidecar.wait_for_log('MutateDomain method has been called')
        sidecar.wait_for_log(f'listening on {self.socket}')


class Trust(PluginTestCase):
    """The annotation is a stranger's."""
    ADMINS = {'companions': 'none', 'xVga': 'off', 'igd': 'upt', 'ids': {'vendor': '1002'}, 'gpudirectClique': 1,
              'vfio': {'x-no-mmap': 'on'}, 'checks': {'link': 'ignore'}}

    def refuse(self, plugin, config, *words):
        with self.assertStatus('PERMISSION_DENIED', 'gpu.vm.kubevirt.io/config', *words):
            plugin.mutate_domain(lab.domain(lab.VM, 'call1'), lab.annotated(lab.VM, config))

    def test_defaults(self):
        _, plugin = self.load()
        for name, value in self.ADMINS.items():
            self.refuse(plugin, {'devices': {lab.NAME: {name: value}}}, f'devices.{lab.NAME}.{name}',
                        "a plugin's default")
        self.refuse(plugin, {'policy': 'warn'}, 'policy: ')
        self.refuse(plugin, {'guest': {'ovmfMmio64': 'auto'}}, 'guest.ovmfMmio64')
        self.mutate(plugin, vmi=lab.annotated(lab.VM, {'devices': {lab.NAME: {'rom': 'auto', 'expect': lab.IDS}}}))

    def test_allow(self):
        sidecar, plugin = self.load('--allow', 'checks,expect')
        config = {'devices': {lab.NAME: {'checks': {'link': 'ignore'}, 'expect': lab.IDS}}}
        self.mutate(plugin, vmi=lab.annotated(lab.VM, config))
        self.refuse(plugin, {'devices': {lab.NAME: {'rom': 'auto'}}}, '(--allow)', 'allowed are expect, checks')
        sidecar.wait_for_log('PERMISSION_DENIED')

    def test_allow_of_a_bundle(self):
        bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        lab.write_manifest(bundle, lab.manifest(bundle) | {'allow': ['policy']})
        _, plugin = self.load(bundle=bundle)
        vmi = lab.annotated(lab.VM, {'policy': 'warn'})
        self.mutate(plugin, vmi=vmi)
        name = lab.manifest(bundle)['name']
        self.refuse(plugin, {'devices': {'*': {'rom': 'auto'}}}, f'("allow" of bundle "{name}")', 'devices.*.rom')
        # A rule that changes is another rule for the next VM, not for the boot that was accepted.
        lab.write_manifest(bundle, lab.manifest(bundle) | {'allow': ['rom']})
        self.mutate(plugin, vmi=vmi)
        with self.assertStatus('PERMISSION_DENIED', 'policy: '):
            plugin.mutate_domain(lab.domain(lab.VM, 'call1'), vmi.replace(b'a1b2c3d4-', b'ffffffff-'))

    def test_a_hook_sidecar_is_its_owners(self):
        _, hook = self.launch()
        self.boot(hook, vmi=lab.annotated(lab.VM, {'policy': 'warn', 'devices': {lab.NAME: {'companions': 'none'}}}))

    def test_wrong_words(self):
        code, text = refused_start(self.sockets, '--allow', 'rom,ROM')
        self.assertEqual(code, 64)
        self.assertIn('--allow: the list: "ROM" is none of all, none, tenant, rom, ', text)


class Both(PluginTestCase):
    """One process as hook sidecar and plugin, as KubeVirt 1.9.0 needs them together for PCI GPUs."""

    def load_both(self, *options, **how):
        sidecar = self.start(*options, plugin=self.socket, compute_dir=None, **how)
        return sidecar, virt_launcher.info(sidecar.socket), Plugin(self.socket)

    @staticmethod
    def reply(folder, case, shape):
        """The golden reply, with the ROMs in a service's folder."""
        return lab.reply(case, shape).replace(lab.COMPUTE_DIR.encode(), f'{folder}/rom'.encode())

    def test_one_boot_through_both(self):
        """The hook sidecar's reply, then the plugin's, call after call: each publishes where its reader looks."""
        sidecar, hook, plugin = self.load_both()
        for shape in lab.THREE_CALLS:
            of_hook = hook.on_define_domain(lab.domain(lab.VM, shape), lab.vmi(lab.VM))
            self.assertXml(of_hook, self.reply(self.sockets, lab.VM, shape))
            of_plugin = plugin.mutate_domain(lab.domain(lab.VM, shape), lab.vmi(lab.VM))
            self.assertXml(of_plugin, self.reply(self.folder_of_plugin, lab.VM, shape))
        self.assertEqual(self.rom_files(sidecar).keys(), {path.name for path in (self.folder_of_plugin / 'rom').iterdir()})

    def test_rules_are_apart(self):
        _, hook, plugin = self.load_both()
        vmi = lab.annotated(lab.VM, {'policy': 'warn'})
        for shape in lab.THREE_CALLS:
            hook.on_define_domain(lab.domain(lab.VM, shape), vmi)
            with self.assertStatus('PERMISSION_DENIED', 'policy: '):
                plugin.mutate_domain(lab.domain(lab.VM, shape), vmi)

    def test_methods_are_apart(self):
        sidecar, _, _ = self.load_both()
        self.assertTrue(virt_launcher_plugins.unknown(sidecar.socket, METHOD))
        self.assertTrue(virt_launcher_plugins.unknown(self.socket, DEFINE))

    def test_shutdown_ends_both(self):
        sidecar, hook, _ = self.load_both()
        hook.shutdown()
        self.assertEqual(sidecar.wait(), 0)
        self.assertFalse(self.socket.exists())
        self.assertEqual([path for path in self.sockets.iterdir() if path.is_socket()], [])

    def test_under_load(self):
        """Both at once, many callers: no reply is another's."""
        _, hook, plugin = self.load_both()
        wrong = []

        def client(ask, folder, case):
            try:
                for shape in lab.THREE_CALLS * 8:
                    if ask(lab.domain(case, shape), lab.vmi(case)) != self.reply(folder, case, shape):
                        wrong.append(f'{case} {shape}')
            except Exception as error:
                wrong.append(f'{case}: {error}')

        services = (hook.on_define_domain, self.sockets), (plugin.mutate_domain, self.folder_of_plugin)
        clients = [threading.Thread(target=client, args=(ask, folder, case)) for ask, folder in services
                   for case in (lab.VM, 'geforce-bios', 'vgpu-sriov-vf')]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        self.assertEqual(wrong, [])


class ModeOnly(PluginTestCase):
    """The hook sidecar that KubeVirt 1.9.0 needs before a plugin."""

    def test_before_a_plugin(self):
        """It says the mode and nothing else, whatever the annotation is; the plugin then gives its golden reply."""
        hook = virt_launcher.info(self.start('--mode-only', bundle=None, compute_dir=None).socket)
        _, plugin = self.load()
        for case in lab.CASES:
            for shape in lab.THREE_CALLS:
                with self.subTest(case=case, shape=shape):
                    domain = lab.domain(case, shape)
                    of_hook = hook.on_define_domain(domain, lab.annotated(case, {'no': 'annotation'}))
                    self.assertEqual(self.modes(of_hook), {'subsystem'} if b'<hostdev' in domain else set())
                    self.assertXml(self.without_modes(of_hook), self.without_modes(domain))
                    self.assertXml(plugin.mutate_domain(of_hook, lab.vmi(case)), lab.reply(case, shape))
        self.assertFalse((self.sockets / 'rom').exists())

    @staticmethod
    def modes(domain):
        return {device.get('mode') for device in ElementTree.fromstring(domain).iter('hostdev')}

    @staticmethod
    def without_modes(domain):
        root = ElementTree.fromstring(domain)
        for device in root.iter('hostdev'):
            device.attrib.pop('mode', None)
        return ElementTree.tostring(root)

    def test_options_that_do_not_go_with_it(self):
        for options in (('--plugin-socket', self.socket), ('--rom-dir', '/x'), ('--compute-dir', '/x'), ('--bundle', lab.BUNDLE),
                        ('--allow', 'all'), ('--policy', 'warn')):
            code, text = refused_start(self.sockets, '--mode-only', *options)
            self.assertEqual(code, 64, options)
            self.assertIn('--mode-only: ', text)
            self.assertIn(options[0], text)


class Start(PluginTestCase):
    def test_bad_sockets(self):
        for path, word in ('relative.sock', 'absolute'), (f'{self.folder}/x', '.sock'), (f'{self.folder}/.sock', '.sock'), \
                ('', 'absolute'):
            code, text = refused_start(None, '--plugin-socket', path)
            self.assertEqual(code, 64, path)
            self.assertIn('--plugin-socket: ', text)
            self.assertIn(word, text)

    def test_folders_that_are_missing_or_full(self):
        code, text = refused_start(None, '--plugin-socket', self.folder / 'none' / 'a.sock')
        self.assertEqual(code, 1)
        self.assertIn('cannot listen on', text)
        self.socket.write_text('a file')
        code, text = refused_start(None, '--plugin-socket', self.socket)
        self.assertEqual(code, 1)
        self.assertIn('exists and is no socket', text)

    def test_one_that_fails_takes_the_other_along(self):
        code, _ = refused_start(self.folder / 'none', '--plugin-socket', self.socket)
        self.assertEqual(code, 1)
        self.assertFalse(self.socket.exists())

    def test_options_that_do_not_go_together(self):
        for options, word in (('--version', 'v1alpha2'), '--version'), (('--socket-dir', self.sockets, '--compute-dir', '/x'),
                                                                        '--rom-dir'):
            code, text = refused_start(None, '--plugin-socket', self.socket, *options)
            self.assertEqual(code, 64)
            self.assertIn(word, text)

    def test_a_rom_folder_for_both(self):
        """A PVC that both containers mount: the services share it."""
        roms = self.folder / 'roms'
        sidecar = self.start('--rom-dir', roms, plugin=self.socket)
        hook, plugin = virt_launcher.info(sidecar.socket), Plugin(self.socket)
        self.boot(hook)
        self.mutate(plugin)
        self.assertTrue(list(roms.iterdir()))
        self.assertFalse((self.folder_of_plugin / 'rom').exists())
