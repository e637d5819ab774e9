"""Signed and packed bundles, as a cluster mounts them: read-only."""

import shutil
import subprocess

import lab
import sidecar
from test_refuse import RefuseTestCase


class Signed(RefuseTestCase):
    """Each test has a copy of the lab's bundle and a key pair of minisign's own."""

    def setUp(self):
        super().setUp()
        self.bundle = lab.copy(lab.BUNDLE, self.folder / 'bundle')
        self.key = self.make_key('lab')
        self.mounted = self.folder / 'mounted'
        self.mounted.mkdir()

    def make_key(self, name):
        """The path of a secret key; its public key has the suffix .pub."""
        key = self.folder / name
        self.run_tool('minisign', '-G', '-W', '-s', key, '-p', key.with_suffix('.pub'))
        return key

    def run_tool(self, *command):
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def sign(self, key=None):
        """Signs the manifest as it is."""
        self.run_tool('minisign', '-S', '-s', key or self.key, '-m', self.bundle / 'bundle.json')

    def pack(self):
        """Mounts the bundle anew: one file that nobody may write, in a folder that nobody may write."""
        packed = self.mounted / 'lab.tar.zst'
        self.mounted.chmod(0o755)
        packed.unlink(missing_ok=True)
        self.run_tool('tar', '-C', self.bundle, '--zstd', '-cf', packed, '.')
        packed.chmod(0o444)
        self.mounted.chmod(0o555)
        self.addCleanup(self.mounted.chmod, 0o755)
        return packed

    def launch_trusting(self, bundle, *more):
        return self.launch('--trusted-key', self.key.with_suffix('.pub'), *more, bundle=bundle)

    def test_signed_and_packed(self):
        self.sign()
        _, hook = self.launch_trusting(self.pack())
        self.boot(hook)

    def test_made_by_our_own_commands(self):
        """init, add, sign and pack; mounted read-only, it serves a boot; altered by one byte, it does not."""
        made, packed = self.folder / 'made', self.mounted / 'made.tar.zst'
        roms = self.bundle / 'roms'
        ours = sidecar.hook, 'bundle'
        secret, public = self.folder / 'own.key', self.folder / 'own.pub'
        self.run_tool(*ours, 'init', made)
        self.run_tool(*ours, 'add', made, roms / 'rembrandt-vbios.rom')
        self.run_tool(*ours, 'add', made, roms / 'rembrandt-gop.rom', '--device', '1002:1640', '--class', '0403')
        self.run_tool(*ours, 'keygen', '--no-password', '--secret-key', secret, '--public-key', public)
        self.run_tool(*ours, 'sign', made, '--secret-key', secret)
        self.run_tool(*ours, 'pack', made, packed)
        self.run_tool(*ours, 'verify', packed, '--trusted-key', public)
        packed.chmod(0o444)
        self.mounted.chmod(0o555)
        self.addCleanup(self.mounted.chmod, 0o755)
        _, hook = self.launch('--trusted-key', public, bundle=packed)
        self.boot(hook)
        self.mounted.chmod(0o755)
        packed.unlink()
        manifest = made / 'bundle.json'
        manifest.write_text(manifest.read_text().replace('"made"', '"mad3"'))
        self.run_tool(*ours, 'pack', made, packed)
        shutil.rmtree(self.sockets)
        self.sockets.mkdir()
        running, hook = self.launch('--trusted-key', public, bundle=packed)
        self.assertRefused(running, hook, lab.ADDRESS, lab.NAME, 'did not sign these bytes')

    def test_signed_folder(self):
        self.sign()
        _, hook = self.launch_trusting(self.bundle)
        self.boot(hook)

    def test_the_key_itself(self):
        """The base64 line, as a manifest's args would have it, after somebody else's key."""
        self.sign()
        line = self.key.with_suffix('.pub').read_text().splitlines()[1]
        other = self.make_key('other').with_suffix('.pub')
        _, hook = self.launch('--trusted-key', other, '--trusted-key', line, bundle=self.pack())
        self.boot(hook)

    def test_packed_and_nobody_trusted(self):
        """The signature is not looked at."""
        (self.bundle / 'bundle.json.minisig').write_text('nonsense')
        _, hook = self.launch(bundle=self.pack())
        self.boot(hook)

    def check_repair(self, *words, folder=False):
        """Refused with these words; signed and mounted anew it is served, without a restart."""
        bundle = self.bundle if folder else self.pack()
        sidecar, hook = self.launch_trusting(bundle)
        self.assertRefused(sidecar, hook, lab.ADDRESS, lab.NAME, *words)
        self.sign()
        if not folder:
            self.pack()
        self.boot(hook)

    def test_unsigned(self):
        for folder in False, True:
            with self.subTest(folder=folder):
                (self.bundle / 'bundle.json.minisig').unlink(missing_ok=True)
                shutil.rmtree(self.sockets)
                self.sockets.mkdir()
                self.check_repair('is not signed', '--trusted-key', folder=folder)

    def test_unknown_key(self):
        other = self.make_key('other')
        self.sign(other)
        number = other.with_suffix('.pub').read_text().split()[5].zfill(16)  # one in 16 begins with a zero
        self.check_repair(f'signed by key {number}', 'none of the 1 trusted keys')

    def test_altered_manifest(self):
        self.sign()
        content = lab.manifest(self.bundle)
        content['name'] = 'altered'
        lab.write_manifest(self.bundle, content)
        self.check_repair('did not sign these bytes', 'bundle.json.minisig')

    def test_altered_comment(self):
        self.sign()
        signature = self.bundle / 'bundle.json.minisig'
        signature.write_text(signature.read_text().replace('trusted comment: timestamp', 'trusted comment: Timestamp'))
        self.check_repair('trusted comment is not what key')

    def test_malformed_signature(self):
        (self.bundle / 'bundle.json.minisig').write_text('untrusted comment: x\nnonsense\n')
        self.check_repair('line 2 is not the base64', 'sign the bundle anew')

    def test_altered_rom(self):
        """The signature is the manifest's; its hashes hold the ROMs."""
        self.sign()
        rom = self.bundle / lab.rom_entry(lab.manifest(self.bundle))['file']
        good = rom.read_bytes()
        rom.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        sidecar, hook = self.launch_trusting(self.pack())
        self.assertRefused(sidecar, hook, 'SHA-256', rom.name)
        rom.write_bytes(good)
        self.pack()
        self.boot(hook)

    def test_cut_off(self):
        packed = self.pack()
        self.mounted.chmod(0o755)
        packed.chmod(0o644)
        packed.write_bytes(packed.read_bytes()[:100])
        sidecar, hook = self.launch(bundle=packed)
        self.assertRefused(sidecar, hook, 'lab.tar.zst is damaged at byte 100', 'put a whole copy there')
        self.pack()
        self.boot(hook)

    def test_keys_that_are_none(self):
        """Wrong usage, quoted, before any socket is made."""
        line = self.key.with_suffix('.pub').read_text().splitlines()[1]
        for keys, word in (['no-such-file'], "'no-such-file'"), ([self.key], 'line 2'), ([line[:-1]], line[:-1]), (
                [line] * 17, 'more than 16 trusted keys'):
            with self.subTest(word=word):
                options = [part for key in keys for part in ('--trusted-key', key)]
                ended = subprocess.run([sidecar.hook, 'serve', '--socket-dir', self.sockets, *options],
                                       capture_output=True, text=True, timeout=10, check=False)
                self.assertEqual(ended.returncode, 64)
                self.assertIn(word, ended.stderr)
                self.assertEqual(list(self.sockets.iterdir()), [])
