"""One bash for a document: commands go in one by one, and what each says comes out with its status."""

import os
import re
import selectors
import signal
import subprocess
import threading
import time
import uuid
from pathlib import Path

SECONDS = 20
OUTPUT_MAX = 1 << 20


LIVE, LOCK = set(), threading.Lock()


class Stuck(Exception):
    """A command that does not end, says too much, or takes the shell with it."""


def started_with(text):
    """The processes in whose environment the text stands, whatever session they have made for themselves."""
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            if os.fsencode(text) in (folder / 'environ').read_bytes():
                yield int(folder.name)
        except OSError:
            continue  # it has ended, or is another user's


def end_all():
    """Ends the commands of every shell: whoever waits for one learns that its shell has ended."""
    with LOCK:
        shells = list(LIVE)
    for shell in shells:
        shell.end()


class Shell:
    def __init__(self, folder, environment, scripts):
        """folder is where it works, scripts where it keeps the commands. The environment names folder, and nobody else's does."""
        self.scripts, self.number, self.mark, self.folder = scripts, 0, f'--{uuid.uuid4()}--', folder
        self.process = subprocess.Popen(['bash', '--noprofile', '--norc'], cwd=folder, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.status = 0
        with LOCK:
            LIVE.add(self)

    def run(self, command, seconds, to_the_end=False):
        """(status, output) of a command, which may have several lines; `$?` is the one before's status. A block of several
        commands ends at the first that fails, unless they are to run to the end."""
        self.number += 1
        script = self.scripts / f'{self.number}.sh'
        trap = '' if to_the_end else "set -o pipefail; trap 'return $?' ERR; "
        script.write_text(f'{trap}{command}\n')
        # A sourced file is in this shell: variables, folders and jobs stay.
        self.write(f'(exit {self.status})\n. {script} </dev/null\n'
                   f'printf "%s %s\\n" {self.mark} $?; trap - ERR; set +o pipefail\n')
        found = self.read(seconds)
        self.status = int(found[2])
        return self.status, found[1].decode(errors='replace').replace(f'{script}: ', '')

    def write(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Stuck('the shell has ended before') from None

    def read(self, seconds):
        end, output = time.monotonic() + seconds, b''
        ended = re.compile(b'(.*)' + self.mark.encode() + rb' (\d+)\n', re.DOTALL)
        while not (found := ended.match(output)):
            left = end - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                raise Stuck(f'has not ended after {seconds} s; it said:\n{output.decode(errors="replace")}'.rstrip())
            chunk = os.read(self.process.stdout.fileno(), 65536)
            output += chunk
            if not chunk:
                raise Stuck(f'it ended the shell; it said:\n{output.decode(errors="replace")}'.rstrip())
            if len(output) > OUTPUT_MAX:
                raise Stuck(f'says more than {OUTPUT_MAX} bytes')
        return found

    def end(self):
        """Kills the shell and all that it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        # setsid and timeout make groups of their own; what is killed may just have started another.
        while left := [pid for pid in started_with(self.folder) if pid != os.getpid()]:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def close(self):
        """Ends the shell and all that it has started."""
        self.selector.close()
        self.end()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        with LOCK:
            LIVE.discard(self)
