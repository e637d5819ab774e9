"""The sidecar's container, as a container runtime makes it: run in a mount namespace of its own, with serve's options.

A read-only root with nothing but the image's file, /proc and a small /dev, /sys and the bundle read-only, /sys/firmware
masked, the pod's folder by subPath, the user 107 with the pod's fsGroup, no capabilities and no new privileges.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

SOCKETS = Path('/run/kubevirt-hooks')  # compute's; the sidecar has its part of it
NAME = 'hook-sidecar-0'
USER = 107  # virt-launcher's "qemu"
ROOT, BUNDLE = Path('/run/e2e-pod/root'), Path('/run/e2e-pod/bundle')
PROGRAM = 'kubevirt-gpu-hook'
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAP = 24, 38, 40


def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)


def bind_mount(source, target, read_only):
    mount('--bind', str(source), str(target))
    if read_only:
        mount('-o', 'remount,bind,ro', str(target))


def mount_devices():
    folder = ROOT / 'dev'
    mount('-t', 'tmpfs', '-o', 'mode=755,size=64k', 'dev', str(folder))
    for name in 'null', 'zero', 'full', 'random', 'urandom':
        (folder / name).touch()
        mount('--bind', f'/dev/{name}', str(folder / name))


def contain():
    for folder in 'proc', 'dev':
        (ROOT / folder).mkdir(exist_ok=True)
    parts = ('/sys', 'sys', True), (BUNDLE, 'bundle', True), (SOCKETS / NAME, 'var/run/kubevirt-hooks', False)
    for _, inside, _ in parts:
        (ROOT / inside).mkdir(parents=True, exist_ok=True)
    bind_mount(ROOT, ROOT, read_only=True)
    for source, inside, read_only in parts:
        bind_mount(source, ROOT / inside, read_only)
    mount('-t', 'proc', 'proc', str(ROOT / 'proc'))
    mount_devices()
    mount('-t', 'tmpfs', '-o', 'ro,size=0', 'masked', str(ROOT / 'sys/firmware'))
    os.chroot(ROOT)
    os.chdir('/')
    prctl = ctypes.CDLL(None).prctl
    for capability in range(LAST_CAP + 1):
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([USER])
    os.setgid(USER)
    os.setuid(USER)
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == '__main__':
    contain()
    os.execve(f'/{PROGRAM}', [PROGRAM, 'serve', *sys.argv[1:]], {'CONTAINER_NAME': NAME})
