"""Every file call of a boot fails in turn: the right reply, or an error that says what failed. The next call works."""

import errno
import hashlib
import os
import re
import shutil
import uuid

import grpc

import lab
import strace
from case import WATCHED, HookTestCase, nightly

TRIES = 5  # until a step is hit: which thread does gRPC's own work is chance
# What a kernel may answer, the likeliest first.
READING = 'EIO', 'ENOMEM'
CHANGING = 'ENOSPC', 'EIO', 'EROFS', 'ENOMEM'
ERRORS = {
    'openat': ('EMFILE', 'EIO', 'ENOMEM', 'ENOSPC', 'EROFS'), 'openat2': ('EMFILE', 'EIO', 'ENOMEM'),
    'mkdir': CHANGING, 'mkdirat': CHANGING, 'renameat': CHANGING, 'rename': CHANGING, 'write': ('ENOSPC', 'EIO'),
    'fsync': ('ENOSPC', 'EIO'), 'fchmod': ('EROFS', 'EIO'), 'flock': ('ENOLCK', 'EAGAIN'), 'close': ('EIO',),
}
CODES = 'FAILED_PRECONDITION', 'RESOURCE_EXHAUSTED', 'INTERNAL'
REMEDY = re.compile(r'\?\)|; look at |: mount |it must be |; is it mounted|; put it there')
NAME = re.compile(r'.+-([0-9a-f]{16})\.rom')


def paths(text):
    """The files that a traced call is about, and the folders that they are in; not where the sidecar was started."""
    text = re.sub(r'AT_FDCWD<[^>]*>', '', text.partition(') = ')[0])
    found = re.findall(r'/[^<>"]+', text)
    return {path for name in found for path in (name, os.path.dirname(name)) if path != '/'}


class Errors(HookTestCase):
    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch(*WATCHED)
        self.case = lab.VM

    def call(self, shape='call1', uid=None):
        """A call of a boot; without a UID the first one of a VM that nobody knows."""
        vmi, count = re.subn(rb'("uid": ?")[0-9a-f-]{36}', rb'\g<1>' + str(uid or uuid.uuid4()).encode(), lab.vmi(self.case))
        self.assertEqual(count, 1)
        return self.hook.on_define_domain(lab.domain(self.case, shape), vmi)

    def without_roms(self):
        shutil.rmtree(self.sockets / 'rom', ignore_errors=True)

    def damaged_roms(self):
        for path in (self.sockets / 'rom').iterdir():
            path.write_bytes(b'\x55\xaa')

    def assertTidy(self, step):
        """No temporary file, and what is there is whole."""
        folder = self.sockets / 'rom'
        for path in folder.iterdir() if folder.exists() else ():
            self.assertRegex(path.name, NAME, step)
            self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest()[:16], NAME.fullmatch(path.name)[1], step)

    def assertTold(self, error, number, step):
        """The device's owner reads what failed, how, and what to do."""
        text = error.details()
        self.assertIn(error.code().name, CODES, text)
        self.assertIn(os.strerror(number), text, step)
        self.assertTrue(any(path in text for path in paths(step.text)), f'{step}: {text}')
        self.assertRegex(text, REMEDY, step)

    def fail_at(self, step, error, prepare, call, wanted):
        """One call in which that step fails, and the next."""
        for _ in range(TRIES):
            prepare()
            with strace.attached(self.sidecar, f'{step.injection}:error={error}') as trace:
                try:
                    self.assertXml(call(), wanted)
                    self.assertTidy(step)
                except grpc.RpcError as refused:
                    caught = refused
                else:
                    caught = None
            # Other threads count for themselves: they may have closed a socket.
            if any(not strace.NO_FILE.match(text.partition('(')[2]) for text in trace.injected()):
                break
        else:
            self.fail(f'never reached: {step}')
        if caught:
            self.assertTold(caught, getattr(errno, error), step)
        self.assertXml(call(), wanted)
        self.assertTidy(step)
        return bool(caught)

    def steps(self, prepare, call):
        prepare()
        with strace.attached(self.sidecar) as trace:
            call()
        return trace.steps()

    def check(self, steps, prepare, call, wanted, most=None):
        """Each step with each of its errors, or the likeliest. Returns which outcomes there were."""
        return {self.fail_at(step, error, prepare, call, wanted)
                for step in steps for error in ERRORS.get(step.name, READING)[:most]}

    def test_one_of_each_kind(self):
        """The first failing call of each name, and all around one ROM file."""
        steps = self.steps(self.without_roms, self.call)
        names = {step.name: step for step in reversed(steps)}
        writing = [step for step in steps if '/rom' in step.text and str(self.sockets) in step.text]
        end = next(i for i, step in enumerate(writing) if step.name in ('rename', 'renameat'))
        steps = [*names.values(), *writing[:end + 3]]
        outcomes = self.check(steps, self.without_roms, self.call, lab.reply(lab.VM, 'call1'), 1)
        self.assertEqual(outcomes, {True, False})

    @nightly
    def test_every_step_of_a_first_call(self):
        for self.case in set(lab.CASES) - {'no-gpu'}:
            with self.subTest(case=self.case):
                steps = self.steps(self.without_roms, self.call)
                self.check(steps, self.without_roms, self.call, lab.reply(self.case, 'call1'))

    @nightly
    def test_every_step_of_a_later_call(self):
        """The plan stands; the ROM may have to be written anew."""
        uid = uuid.uuid4()
        self.call(uid=uid)

        def later():
            return self.call('call2', uid)

        for prepare in self.without_roms, self.damaged_roms:
            with self.subTest(prepare=prepare.__name__):
                self.check(self.steps(prepare, later), prepare, later, lab.reply(lab.VM, 'call2'))
