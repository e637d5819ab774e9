"""The binary under test as a process: started in a socket folder, its log read, stopped, its exit judged."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

START_LIMIT, STOP_LIMIT, FILES_LIMIT = 10.0, 20.0, 30.0

hook = suppressions = None  # the binary, and ThreadSanitizer's suppressions, set by the runner


def command(folder, *options):
    """The command line that serves in FOLDER; None: not as a hook sidecar."""
    where = ['--socket-dir', str(folder)] if folder else []
    return [hook, 'serve', *where, *map(str, options)]


def environment(container=None):
    """The environment of a sidecar container: KubeVirt sets CONTAINER_NAME from 1.6 on."""
    clean = {name: value for name, value in os.environ.items() if name != 'CONTAINER_NAME'}
    clean['TSAN_OPTIONS'] = f'atexit_sleep_ms=0:suppressions={suppressions}'
    return clean | ({'CONTAINER_NAME': container} if container else {})


def refused_start(folder, *options, container=None, **popen):
    """Runs a sidecar that must not come up: (exit code, stderr)."""
    done = subprocess.run(command(folder, *options), env=environment(container), timeout=START_LIMIT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **popen)
    return done.returncode, done.stderr.decode()


def answers(path):
    """Whether somebody listens on the socket PATH."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


class Sidecar:
    """
    A running sidecar; leaving the context stops it and demands exit code 0 and no sanitizer report.

    folder: of the socket; None: it serves as a plugin only. plugin: the socket of that service.
    wrapper: arguments in front of the command. private: whether they give it a mount namespace of its own.
    wait: whether to come back only when it answers. The rest goes to Popen.
    """

    def __init__(self, folder, *options, container=None, plugin=None, wrapper=(), private=False, wait=True, **popen):
        self.folder, self.container = Path(folder or plugin.parent), container
        self.lines, self.killed, self.private = [], False, private
        self.plugin, self._hooks = plugin, folder is not None
        self._before = set() if self.private else set(self.folder.iterdir())
        self._command = [*wrapper, *command(folder, *(('--plugin-socket', plugin) if plugin else ()), *options)]
        self._popen, self._wait = popen, wait
        self.process = self.socket = self._reader = None

    def __enter__(self):
        self.process = subprocess.Popen(self._command, env=environment(self.container), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **self._popen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.socket = self._wait_for_socket() if self._wait else None
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, kind, _value, _traceback):
        code = self._end(signal.SIGTERM)
        self.process.stderr.close()
        if kind is None and not self.killed and code != 0:
            raise AssertionError(f'the sidecar ended with {code}:\n{self.text}')
        if 'Sanitizer' in self.text or 'runtime error:' in self.text:
            raise AssertionError(self.text)

    @property
    def view(self):
        """The socket folder, reached through the process where it is in a mount namespace of its own."""
        return Path(f'/proc/{self.process.pid}/root{self.folder}') if self.private else self.folder

    @property
    def text(self):
        """All of stderr so far."""
        return ''.join(self.lines)

    def logs(self):
        """The log lines so far, parsed."""
        return [json.loads(line) for line in list(self.lines)]

    def wait_for_log(self, text, times=1):
        """Returns once TEXT is in the log so many times."""
        end = time.monotonic() + START_LIMIT
        while self.text.count(text) < times:
            if time.monotonic() > end:
                raise AssertionError(f'no "{text}" in the log:\n{self.text}')
            time.sleep(0.001)

    def stop(self, with_signal=signal.SIGTERM):
        """Sends the signal and returns the exit code."""
        self.process.send_signal(with_signal)
        return self.wait()

    def kill(self):
        """What the OOM killer does: no time to tidy up."""
        self.killed = True
        self._end(signal.SIGKILL)

    def wait(self):
        """Returns the exit code of a sidecar that was told to end."""
        try:
            code = self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'the sidecar does not end:\n{self.text}') from None
        self._reader.join()
        return code

    def open_files(self):
        """How many file descriptors the process holds."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def resident(self):
        """How many bytes of memory it has."""
        return int(re.search(r'VmRSS:\s*(\d+) kB', Path(f'/proc/{self.process.pid}/status').read_text())[1]) * 1024

    def is_sanitized(self):
        return re.search(r'lib[at]san', Path(f'/proc/{self.process.pid}/maps').read_text()) is not None

    def settled_files(self):
        """How many it holds when nothing is going on."""
        before, now = None, self.open_files()
        while now != before:
            time.sleep(0.1)
            before, now = now, self.open_files()
        return now

    def wait_for_files(self, count):
        """Until it holds no more than COUNT: it may still be at work for those who have left."""
        end = time.monotonic() + FILES_LIMIT
        while self.open_files() > count:
            if time.monotonic() > end:
                raise AssertionError(f'{self.open_files()} open files, {count} expected')
            time.sleep(0.01)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode(errors='replace'))

    def _end(self, with_signal):
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        self._reader.join()
        return code

    def _wait_for_socket(self):
        end = time.monotonic() + START_LIMIT
        while True:
            for path in self._candidates():
                if answers(path):
                    return path
            if self.process.poll() is not None:
                self._reader.join()
                raise AssertionError(f'the sidecar ended with {self.process.returncode} at start:\n{self.text}')
            if time.monotonic() > end:
                raise AssertionError(f'no socket in {self.folder}:\n{self.text}')
            time.sleep(0.001)

    def _candidates(self):
        """Sockets that can be ours: our container's name, or not there before."""
        if not self._hooks:
            return [self.plugin] if self.plugin.exists() else []
        try:
            found = [path for path in self.view.iterdir() if stat.S_ISSOCK(path.lstat().st_mode)]
        except FileNotFoundError:
            return []
        return [path for path in found if (self.container in path.name if self.container else path not in self._before)]
