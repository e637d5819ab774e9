"""System calls that fail, and those at which the process dies: strace's injection, on a sidecar that runs or starts."""

import collections
import contextlib
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

# What looks at files or changes them. "?": amd64 has it, arm64 has not.
FILE_CALLS = ('openat', 'openat2', 'read', 'pread64', '?readlink', 'readlinkat', '?access', 'faccessat', 'newfstatat',
              'getdents64', '?mkdir', 'mkdirat', 'write', 'ftruncate', 'fchmod', 'fsync', 'flock', '?rename', 'renameat',
              '?unlink', 'unlinkat', 'close')
LINE = re.compile(r'(?P<thread>\d+) +(?P<name>\w+)\((?P<rest>.*)')
# What -y writes of a descriptor that is no file.
NO_FILE = re.compile(r'\w*<(socket|anon_inode|pidfd|signalfd):')


@dataclass(frozen=True)
class Step:
    """The number-th call of that name in its thread since the tracing began."""
    name: str
    number: int
    text: str  # of the whole call, as strace writes it

    @property
    def injection(self):
        return f'{self.name}:when={self.number}'


class Trace:
    """What strace saw: to be looked at once the tracing is over."""

    def __init__(self):
        self.lines = []

    def calls(self):
        """(thread, name, text) of each call, in order; of one that was interrupted the start."""
        for line in self.lines:
            if found := LINE.match(line):
                yield found['thread'], found['name'], f'{found["name"]}({found["rest"]}'

    def injected(self):
        """The calls that failed because we said so."""
        return [text for _, _, text in self.calls() if '(INJECTED)' in text]

    def steps(self, thread=None):
        """The file calls of one thread, by default of the one that made most: the handler's. Each can be hit again."""
        threads, counts = collections.Counter(name for name, _, _ in self.calls()), collections.Counter()
        thread, steps = thread or threads.most_common(1)[0][0], []
        for by, name, text in self.calls():
            if by == thread:
                counts[name] += 1
                steps.append(Step(name, counts[name], text))
        return [step for step in steps if not NO_FILE.match(step.text.partition('(')[2])]


def options(output, inject):
    """strace's options; inject: "openat:when=3:error=EIO", or None to look only."""
    names = inject.partition(':')[0] if inject else ','.join(FILE_CALLS)
    return ['strace', '-f', '-y', '-s', '0', '-o', output, '-e', f'trace={names}', '-e', 'signal=none',
            *(['-e', f'inject={inject}'] if inject else [])]


@contextlib.contextmanager
def attached(sidecar, inject=None):
    """Traces a running sidecar: its calls are counted from here on, in each thread by itself."""
    trace = Trace()
    with tempfile.NamedTemporaryFile('r', prefix='strace-', errors='replace') as output:
        tracer = subprocess.Popen([*options(output.name, inject), '-p', str(sidecar.process.pid)],
                                  stderr=subprocess.PIPE, text=True)
        try:
            said = tracer.stderr.readline()
            if 'attached' not in said:
                raise AssertionError(f'strace: {said}{tracer.stderr.read()}')
            yield trace
        finally:
            tracer.send_signal(signal.SIGINT)
            _, rest = tracer.communicate(timeout=20)
            trace.lines = output.read().splitlines()


def wrapper(output, inject=None):
    """In front of a command: the same from its first call on. The command is the child, strace stands beside it."""
    return ['strace', '-D', *options(str(output), inject)[1:]]


def read(output):
    """What a wrapper's strace wrote."""
    trace = Trace()
    trace.lines = Path(output).read_text(errors='replace').splitlines()
    return trace
