"""Runs a command as on a kernel without IPv6: its sockets fail with EAFNOSUPPORT (seccomp)."""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

SOCKET = {'x86_64': 41, 'aarch64': 198}[platform.machine()]  # the system call's number
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2  # prctl(2)
LOAD, JUMP_UNLESS, RETURN = 0x20, 0x15, 0x06  # of classic BPF: a word, jump if equal, return
NUMBER, FIRST_ARGUMENT = 0, 16  # in struct seccomp_data
ALLOW, FAIL = 0x7fff0000, 0x50000


def main():
    """Puts the filter in place and becomes the command."""
    program = b''.join(struct.pack('HBBI', *step) for step in (
        (LOAD, 0, 0, NUMBER), (JUMP_UNLESS, 0, 3, SOCKET),
        (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_UNLESS, 0, 1, socket.AF_INET6),
        (RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)))
    steps = ctypes.create_string_buffer(program, len(program))
    whole = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(program) // 8, ctypes.addressof(steps)))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or library.prctl(SECCOMP, FILTER, ctypes.byref(whole), 0, 0):
        sys.exit(f'no seccomp: {os.strerror(ctypes.get_errno())}')
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == '__main__':
    main()
