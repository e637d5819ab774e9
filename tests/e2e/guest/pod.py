"""A virt-launcher pod, as far as a hook sees it: two containers that share the folder of the sockets.

This process is compute: it has the whole folder, and runs libvirt. The sidecar's container is container.py.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import container
import virt_launcher
from container import BUNDLE, NAME, PROGRAM, ROOT, SOCKETS, USER, mount
from node import wait_until

SIZE = '16m'
LISTENS = 'listening on '  # serve's log


class Pod:
    """A context manager. BUNDLE is a folder, or None; SIZE is that of the emptyDir, as mount takes it."""

    def __init__(self, hook, bundle=None, size=SIZE):
        self.hook, self.bundle, self.size = hook, bundle, size
        self.process, self.log = None, []
        self._reader = self._stack = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for folder in SOCKETS, BUNDLE, ROOT:
                folder.mkdir(parents=True, exist_ok=True)
            # As the kubelet makes them of an emptyDir for KubeVirt's fsGroup: root's, and the group's to write to.
            self._mount(stack, SOCKETS, '-t', 'tmpfs', '-o', f'size={self.size},mode=2777,gid={USER}', 'emptydir')
            (SOCKETS / NAME).mkdir()
            (SOCKETS / NAME).chmod(0o2777)
            if self.bundle:
                self._mount(stack, BUNDLE, '--bind', str(self.bundle))
            if not (ROOT / PROGRAM).exists():
                shutil.copy(self.hook, ROOT / PROGRAM)
            stack.callback(self._end_quietly)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        with self._stack:
            code = self.end(signal.SIGTERM)
        if kind is None and code:
            raise AssertionError(f'the sidecar ended with {code}: {self.text}')

    @staticmethod
    def _mount(stack, folder, *arguments):
        mount(*arguments, str(folder))
        stack.callback(subprocess.run, ['umount', str(folder)], check=True)

    def _end_quietly(self):
        if self.process and self.process.poll() is None:
            self.end(signal.SIGKILL)

    def start(self):
        """Starts the sidecar's container, and waits until it listens: a socket that a killed one left tells nothing."""
        listened = self.text.count(LISTENS)
        self.process = subprocess.Popen(
            ['unshare', '--mount', '--propagation=private', 'python3', container.__file__,
             *(['--bundle=/bundle'] if self.bundle else [])],
            env={'PATH': '/usr/sbin:/usr/bin', 'CONTAINER_NAME': NAME}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until('the sidecar listens', lambda: self.text.count(LISTENS) > listened or self.process.poll() is not None)
        return self.collect()

    def collect(self):
        """The hook, as virt-launcher knows it once it has answered Info."""
        return virt_launcher.collect(SOCKETS)[0]

    def end(self, how):
        """The exit status, negative for a signal."""
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self._reader.join()
        return code

    @property
    def text(self):
        return ''.join(self.log)

    def wait_for_log(self, text):
        wait_until(f'the sidecar\'s log says "{text}"', lambda: text in self.text)

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.decode(errors='replace'))
