"""The ROM where QEMU reads it: the right bytes, readable, never half of it."""

import contextlib
import hashlib
import os
import re
import resource
import shutil
import stat
import subprocess
import threading

import grpc

import lab
from case import AS_GUEST_USER, GUEST_USER, ROOT, HookTestCase, note


def rom_paths(domain):
    """The files that the domain's <rom> elements name."""
    return re.findall(r'<rom\b[^>]*\bfile="([^"]+)"', domain.decode())


class Publish(HookTestCase):
    def test_bytes_and_modes(self):
        sidecar, hook = self.launch(umask=0o077)
        self.boot(hook)
        bundle = lab.manifest(lab.BUNDLE)
        known = {rom['sha256'] for rom in bundle['roms']}
        folder = self.sockets / 'rom'
        self.assertEqual(stat.S_IMODE(folder.lstat().st_mode), 0o755)
        names = {os.path.basename(path) for path in rom_paths(lab.reply(lab.VM, 'call1'))}
        self.assertEqual(set(self.rom_files(sidecar)), names)
        for path in folder.iterdir():
            self.assertTrue(stat.S_ISREG(path.lstat().st_mode))
            self.assertEqual(stat.S_IMODE(path.lstat().st_mode), 0o644)
            self.assertIn(hashlib.sha256(path.read_bytes()).hexdigest(), known)
        self.assertIn((lab.BUNDLE / lab.rom_entry(bundle)['file']).read_bytes(), self.rom_files(sidecar).values())

    def test_only_what_the_vm_needs_is_published(self):
        sidecar, hook = self.launch()
        hook.on_define_domain(lab.domain('no-gpu', 'call1'), lab.vmi('no-gpu'))
        self.assertEqual([path.name for path in self.sockets.iterdir()], [sidecar.socket.name])

    def test_the_path_is_the_compute_containers(self):
        """From KubeVirt 1.6 on its view has a folder more than ours; CONTAINER_NAME tells the versions apart."""
        for container, option, wanted in (
                ('hook-sidecar-7', None, f'{self.sockets}/hook-sidecar-7/rom'),
                (None, None, f'{self.sockets}/rom'),
                ('hook-sidecar-8', '/volume/roms', '/volume/roms')):
            with self.subTest(container=container, option=option):
                sidecar, hook = self.launch(container=container, compute_dir=option)
                paths = rom_paths(hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM)))
                self.assertTrue(paths)
                for path in paths:
                    self.assertEqual(os.path.dirname(path), wanted)
                    self.assertIn(os.path.basename(path), self.rom_files(sidecar))
                    self.assertTrue(path.endswith('.rom'), path)

    def test_another_folder_for_roms(self):
        """--rom-dir: a volume that both containers mount."""
        elsewhere = self.folder / 'volume'
        elsewhere.mkdir()
        _, hook = self.launch('--rom-dir', elsewhere)
        self.boot(hook)
        self.assertTrue(list(elsewhere.rglob('*.rom')))
        self.assertFalse((self.sockets / 'rom').exists())

    def test_a_rom_appears_whole_or_not_at_all(self):
        """Another thread looks all the time, as a QEMU that starts at a bad moment would."""
        bundle = lab.large_bundle(self.folder / 'bundle')
        known = {rom['sha256'] for rom in lab.manifest(bundle)['roms']}
        _, hook = self.launch(bundle=bundle)
        folder, done, looks, wrong = self.sockets / 'rom', threading.Event(), [0], set()

        def look():
            while not done.is_set():
                wrong.update(f'beside the socket: {entry.name}' for entry in self.sockets.iterdir()
                             if entry.name != 'rom' and not entry.name.endswith('.sock'))
                with contextlib.suppress(FileNotFoundError):  # we remove the folder ourselves
                    for path in folder.glob('*.rom'):
                        content = path.read_bytes()
                        looks[0] += 1
                        if hashlib.sha256(content).hexdigest() not in known:
                            wrong.add(f'{path.name} with {len(content)} bytes')

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            for _ in range(60):
                hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
                shutil.rmtree(folder)
        finally:
            done.set()
            watcher.join()
        self.assertEqual(wrong, set())
        self.assertGreater(looks[0], 0)

    def test_a_published_rom_is_replaced_as_a_new_file(self):
        """QEMU may have the old one open: its bytes must not change under it."""
        _, hook = self.launch()
        self.boot(hook, shapes=lab.ONE_CALL)
        for path in (self.sockets / 'rom').iterdir():
            right = path.read_bytes()
            path.write_bytes(b'damaged')
            with open(path, 'rb') as opened:
                self.boot(hook, shapes=lab.ONE_CALL)
                self.assertEqual(opened.read(), b'damaged')
            self.assertEqual(path.read_bytes(), right)

    def test_a_link_in_the_way_is_not_followed(self):
        """Who can write into the socket folder must not choose which file of ours is overwritten."""
        victim = self.folder / 'victim'
        victim.write_bytes(b'precious')
        sidecar, hook = self.launch()
        self.boot(hook, shapes=lab.ONE_CALL)
        for name, content in self.rom_files(sidecar).items():
            path = self.sockets / 'rom' / name
            path.unlink()
            path.symlink_to(victim)
            self.boot(hook, shapes=lab.ONE_CALL)
            self.assertEqual(victim.read_bytes(), b'precious')
            self.assertFalse(path.is_symlink())
            self.assertEqual(path.read_bytes(), content)

    def test_as_the_user_of_a_kubevirt_pod(self):
        """uid and gid 107, no capabilities: a whole boot."""
        if not ROOT:
            note(f'not root: this boot ran as uid {os.geteuid()}, as all others')
            self.boot(self.launch()[1])
            return
        private = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        host = lab.copy(lab.HOST, self.folder / 'host')
        os.chown(self.sockets, GUEST_USER, GUEST_USER)
        sidecar, hook = self.launch(bundle=private, host=host, **AS_GUEST_USER)
        self.boot(hook)
        for path in (self.sockets / 'rom').iterdir():
            self.assertEqual(path.stat().st_uid, GUEST_USER)


class DiskFull(HookTestCase):
    """The socket folder is an emptyDir that others fill too."""

    def setUp(self):
        super().setUp()
        self.bundle = lab.large_bundle(self.folder / 'bundle')

    def test_nothing_is_left_and_the_next_call_works(self):
        if self.can_mount():
            note('disk full: a small tmpfs in a mount namespace of its own')
            self.check_with_tmpfs()
        else:
            note('disk full: no mount namespace here, only RLIMIT_FSIZE')

    @staticmethod
    def namespace():
        """A private mount namespace; without root it takes a user namespace too."""
        return ['unshare', '--mount'] if ROOT else ['unshare', '--mount', '--map-root-user']

    def mounted(self, then):
        """A shell that mounts a tmpfs of 256 KiB on the socket folder and becomes another program."""
        script = f'mount -t tmpfs -o size=256k,mode=755 none "{self.sockets}" && exec {then}'
        return [*self.namespace(), 'sh', '-c', script, 'sh']

    def can_mount(self):
        """Whether this machine lets us."""
        return subprocess.run(self.mounted('true'), stderr=subprocess.DEVNULL).returncode == 0

    def check_refusal(self, sidecar, hook, *codes):
        """Call 1 fails, and leaves no temporary file and no part of a ROM."""
        with self.assertRaises(grpc.RpcError) as caught:
            hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM))
        self.assertIn(caught.exception.code().name, codes, caught.exception.details())
        self.assertIn(str(self.sockets), caught.exception.details())
        whole = {rom['sha256'] for rom in lab.manifest(self.bundle)['roms']}
        for name, content in self.rom_files(sidecar).items():
            self.assertTrue(name.endswith('.rom'), name)
            self.assertIn(hashlib.sha256(content).hexdigest(), whole, name)

    def check_success(self, sidecar, hook):
        """With room again, all ROMs that the domain names are there."""
        paths = rom_paths(hook.on_define_domain(lab.domain(lab.VM, 'call1'), lab.vmi(lab.VM)))
        self.assertEqual(len(paths), 2)
        self.assertEqual(set(self.rom_files(sidecar)), set(map(os.path.basename, paths)))

    def check_with_tmpfs(self):
        sidecar, hook = self.launch(wrapper=self.mounted('"$@"'), private=True, bundle=self.bundle)
        filler = sidecar.view / 'filler'
        filler.mkdir()
        with open(filler / 'all', 'wb', buffering=0) as file:
            try:
                while file.write(b'\0' * 4096):
                    pass
            except OSError:
                pass
            for _ in range(2):
                self.check_refusal(sidecar, hook, 'RESOURCE_EXHAUSTED')
            # Room for the small ROM and one page: the large one begins to be written and does not fit.
            file.truncate(file.tell() - 8192)
            self.check_refusal(sidecar, hook, 'RESOURCE_EXHAUSTED')
            # A VM that needs no ROM is not concerned.
            self.boot(hook, 'no-gpu')
            file.truncate(0)
        self.check_success(sidecar, hook)

    def test_a_limit_on_the_file_size(self):
        """The kernel would end the sidecar by SIGXFSZ."""
        sidecar, hook = self.launch(bundle=self.bundle)
        _, most = resource.prlimit(sidecar.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(sidecar.process.pid, resource.RLIMIT_FSIZE, (512, most))
        self.check_refusal(sidecar, hook, 'RESOURCE_EXHAUSTED', 'INTERNAL')
        resource.prlimit(sidecar.process.pid, resource.RLIMIT_FSIZE, (most, most))
        self.check_success(sidecar, hook)
