"""A newer libvirt and QEMU in a folder of their own: entered by chroot, with a daemon that a library outside talks to.

The folder itself is only read. What is written there (sockets, caches, definitions) lies on memory of a mount
namespace, and ends with it; so do the processes. That takes the rights of root.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import libvirt

START_LIMIT = 60  # seconds; the first thing that libvirtd does is to ask QEMU what it can
COMMAND_LIMIT = 60
ENVIRONMENT = {'PATH': '/usr/bin:/usr/sbin:/bin:/sbin', 'LC_ALL': 'C.UTF-8'}
USER = 'tester'  # made by ci/dependencies
SOCKET = 'run/user/libvirt/libvirt-sock'

# The shell that becomes the first process of the root. A container's /dev may be read-only and may not take device
# nodes: those of outside are bound one by one. A /proc of our own is refused where the outer one is masked; the outer
# one does as well. /sys is left out, so that the machine does not colour the results.
SETUP = r'''
set -e
root=$1
read -r pid rest </proc/self/stat # the number by which the outer /proc knows us
# In a chroot / is no mount point, and need not be one where nothing is shared.
if ! mount --make-rprivate / 2>/dev/null && grep -q " shared:" /proc/self/mountinfo; then
    echo "/ is no mount point and its mounts are shared, so ours would be seen outside: bind the root over itself" >&2
    exit 1
fi
for folder in dev run tmp home; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
echo "$pid"
exec chroot "$root" sh -c '
    chmod 1777 /tmp
    mkdir /home/tester /run/user && chown tester:tester /home/tester /run/user
    HOME=/home/tester XDG_RUNTIME_DIR=/run/user setpriv --reuid=tester --regid=tester --clear-groups libvirtd &
    wait $!'
'''


class RootError(Exception):
    """The root cannot be entered, or what runs in it does not come up."""


class Root:
    """The root with a running libvirtd; a context manager. FOLDER is what ci/dependencies made."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self._process = self._log = self._inside = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise RootError('this enters a chroot and makes mounts: run it as root')
        if not (self.folder / 'usr/sbin/libvirtd').exists():
            raise RootError(f'{self.folder} has no libvirtd: run ci/dependencies test')
        self._log = tempfile.TemporaryFile()
        # A namespace of processes, so that none outlives us, however we end.
        apart = ['setpriv', '--pdeathsig=KILL', 'unshare', '--mount', '--propagation=unchanged', '--pid', '--fork',
                 '--kill-child']
        self._process = subprocess.Popen(
            [*apart, 'sh', '-c', SETUP, 'sh', self.folder], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log)
        try:
            self._wait_for_daemon()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def connect(self):
        """A connection of the library outside to the daemon in the root."""
        libvirt.registerErrorHandler(lambda *_: None, None)  # they are exceptions, too
        return libvirt.open(f'qemu+unix:///session?socket=/proc/{self._inside}/root/{SOCKET}')

    def run(self, *command):
        """Runs a command in the root as an ordinary user; the finished process."""
        enter = ['nsenter', f'--target={self._inside}', '--mount', '--pid', '--root', '--wd=/', '--', 'setpriv',
                 f'--reuid={USER}', f'--regid={USER}', '--clear-groups']
        return subprocess.run([*enter, *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=COMMAND_LIMIT)

    def _wait_for_daemon(self):
        self._inside = self._process.stdout.readline().decode().strip()
        end = time.monotonic() + START_LIMIT
        while not self._inside or not os.path.exists(f'/proc/{self._inside}/root/{SOCKET}'):
            if not self._inside or self._process.poll() is not None:
                raise RootError(f'cannot run libvirtd in {self.folder}: {self._text()}')
            if time.monotonic() > end:
                raise RootError(f'libvirtd in {self.folder} does not come up within {START_LIMIT} s: {self._text()}')
            time.sleep(0.01)

    def _text(self):
        """What was written to standard error."""
        self._log.seek(0)
        return self._log.read().decode(errors='replace').strip() or 'without a message'

    def _end(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
