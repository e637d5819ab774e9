"""kill -9 at every step of a boot, then a new start: nothing is lost, nothing half-written was ever visible."""

import hashlib
import re
import signal

import grpc

import lab
import strace
import virt_launcher
from case import WATCHED, HookTestCase, nightly

NAME = re.compile(r'.+-([0-9a-f]{16})\.rom')
TRIES = 5  # until a step is hit: which thread does gRPC's own work is chance
WRITING = 'mkdir', 'mkdirat', 'flock', 'write', 'fchmod', 'fsync', 'rename', 'renameat'


class Kill(HookTestCase):
    """The container keeps its name and its folder, as KubeVirt's do: only the process is new."""

    def setUp(self):
        super().setUp()
        self.bundle = lab.large_bundle(self.folder / 'bundle')
        self.count = 0
        with self.started('wanted') as sidecar:
            self.wanted = self.call(sidecar)
            self.roms = self.rom_files(sidecar)

    def started(self, folder, **how):
        """A sidecar in a folder of its own, which stays."""
        (self.sockets / folder).mkdir(exist_ok=True)
        return self.prepare(*WATCHED, folder=self.sockets / folder, container='c', bundle=self.bundle, **how)

    @staticmethod
    def call(sidecar, shape='call1'):
        hook = virt_launcher.info(sidecar.socket)
        return hook.on_define_domain(lab.domain(lab.VM, shape), lab.vmi(lab.VM))

    def assertWhole(self, folder, step):
        """What has a ROM's name has the content that its name says."""
        rom_dir = self.sockets / folder / 'rom'
        for path in rom_dir.iterdir() if rom_dir.exists() else ():
            if found := NAME.fullmatch(path.name):
                self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest()[:16], found[1], step)
            else:
                self.assertTrue(path.name.startswith('.'), f'{step}: {path.name}')

    def assertServesAgain(self, folder, step):
        """The next start finds its folder tidy and gives the same replies."""
        with self.started(folder) as sidecar:
            rom_dir = self.sockets / folder / 'rom'
            left = {path.name for path in rom_dir.iterdir()} if rom_dir.exists() else set()
            self.assertLessEqual(left, set(self.roms), step)
            self.assertXml(self.call(sidecar), self.wanted)
            self.assertEqual(self.rom_files(sidecar), self.roms, step)

    def steps_of_call(self, before=lambda folder: None):
        """The file calls of OnDefineDomain in a fresh process."""
        with self.started('look') as sidecar:
            virt_launcher.info(sidecar.socket)
            before('look')
            with strace.attached(sidecar) as trace:
                self.call(sidecar)
        steps = trace.steps()
        self.assertIn('write', {step.name for step in steps})
        self.assertTrue({'rename', 'renameat'} & {step.name for step in steps})
        return steps

    def kill_at(self, step):
        """One process that dies there in its call, and the next."""
        for _ in range(TRIES):
            self.count += 1
            folder = f'kill-{self.count}'
            with self.started(folder) as sidecar:
                virt_launcher.info(sidecar.socket)
                with strace.attached(sidecar, f'{step.injection}:signal=KILL'):
                    try:
                        self.assertXml(self.call(sidecar), self.wanted)
                    except (grpc.RpcError, AttributeError):  # Info of a dead sidecar is None
                        sidecar.killed = sidecar.process.wait(10) == -signal.SIGKILL
                        self.assertTrue(sidecar.killed, f'{step}: {sidecar.text}')
            self.assertWhole(folder, step)
            self.assertServesAgain(folder, step)
            if sidecar.killed:
                return
        self.fail(f'never reached: {step}')

    def damage(self, folder):
        """Both ROMs are there and wrong: they are replaced."""
        rom_dir = self.sockets / folder / 'rom'
        rom_dir.mkdir()
        for name in self.roms:
            (rom_dir / name).write_bytes(self.roms[name][:-1] + b'?')

    def test_while_a_rom_is_written(self):
        steps = self.steps_of_call()
        first = next(i for i, step in enumerate(steps) if step.name in ('rename', 'renameat'))
        begin = max(i for i in range(first) if steps[i].name in ('mkdir', 'mkdirat'))
        for step in steps[begin:first + 3]:
            with self.subTest(step=step.injection):
                self.kill_at(step)

    @nightly
    def test_at_every_step_of_a_call(self):
        steps = self.steps_of_call()
        self.assertGreater(len(steps), 150)
        for step in steps:
            with self.subTest(step=step.injection):
                self.kill_at(step)

    @nightly
    def test_while_a_damaged_rom_is_replaced(self):
        """The damaged one is no half-written one: it must go, at the latest when its VM starts again."""
        for step in [step for step in self.steps_of_call(self.damage) if step.name in WRITING]:
            with self.subTest(step=step.injection):
                self.kill_damaged(step)

    def kill_damaged(self, step):
        for _ in range(TRIES):
            self.count += 1
            folder = f'kill-{self.count}'
            with self.started(folder) as sidecar:
                virt_launcher.info(sidecar.socket)
                self.damage(folder)
                with strace.attached(sidecar, f'{step.injection}:signal=KILL'):
                    try:
                        self.call(sidecar)
                    except (grpc.RpcError, AttributeError):
                        sidecar.killed = sidecar.process.wait(10) == -signal.SIGKILL
            self.assertServesAgain(folder, step)
            if sidecar.killed:
                return
        self.fail(f'never reached: {step}')

    @nightly
    def test_at_every_step_of_a_start(self):
        """And of an end. It was killed before, too: with half a ROM to sweep away."""
        output = self.folder / 'trace'
        (self.sockets / 'look/rom').mkdir(parents=True)
        (self.sockets / 'look/rom/.new-0123456789abcdef').write_bytes(b'half')
        with self.started('look', wrapper=strace.wrapper(output)) as sidecar:
            pid = sidecar.process.pid
            sidecar.killed = True  # with strace beside it LeakSanitizer cannot work at the end
        steps = strace.read(output).steps(str(pid))
        self.assertTrue({'unlink', 'unlinkat'} & {step.name for step in steps})
        for number, step in enumerate(steps):
            folder = f'start-{number}'
            (self.sockets / folder / 'rom').mkdir(parents=True)
            (self.sockets / folder / 'rom/.new-0123456789abcdef').write_bytes(b'half')
            with self.subTest(step=step.injection):
                self.kill_start(folder, step, output)

    def kill_start(self, folder, step, output):
        sidecar = self.started(folder, wrapper=strace.wrapper(output, f'{step.injection}:signal=KILL'))
        try:
            with sidecar:
                sidecar.killed = True  # at a step of its end
                sidecar.stop()
        except AssertionError as problem:
            self.assertIn(f'ended with -{signal.SIGKILL:d} at start', str(problem), step)
        self.assertEqual(sidecar.process.returncode, -signal.SIGKILL, step)
        self.assertServesAgain(folder, step)
