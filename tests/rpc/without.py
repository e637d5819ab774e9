"""
Runs a command as on a kernel that lacks something, or in a container whose runtime forbids it (seccomp).

    without.py ipv6|landlock|sandbox COMMAND...
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

# Numbers of system calls.
CALLS = {'x86_64': {'socket': 41, 'prctl': 157, 'seccomp': 317, 'landlock_create_ruleset': 444},
         'aarch64': {'socket': 198, 'prctl': 167, 'seccomp': 277, 'landlock_create_ruleset': 444}}[platform.machine()]
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2  # prctl(2)
LOAD, JUMP_UNLESS, RETURN = 0x20, 0x15, 0x06  # of classic BPF: a word, jump if equal, return
NUMBER, FIRST_ARGUMENT = 0, 16  # in struct seccomp_data
ALLOW, FAIL = 0x7fff0000, 0x50000

# What fails: the call, the first argument that it has then (None: any), the error.
LACKING = {
    'ipv6': [('socket', socket.AF_INET6, errno.EAFNOSUPPORT)],
    'landlock': [('landlock_create_ruleset', None, errno.ENOSYS)],
    'sandbox': [('landlock_create_ruleset', None, errno.EPERM), ('seccomp', None, errno.EPERM),
                ('prctl', SECCOMP, errno.EPERM)],
}


def steps(lacking):
    """The filter's instructions."""
    for call, argument, error in lacking:
        yield LOAD, 0, 0, NUMBER
        if argument is None:
            yield JUMP_UNLESS, 0, 1, CALLS[call]
        else:
            yield JUMP_UNLESS, 0, 3, CALLS[call]
            yield LOAD, 0, 0, FIRST_ARGUMENT
            yield JUMP_UNLESS, 0, 1, argument
        yield RETURN, 0, 0, FAIL | error
    yield RETURN, 0, 0, ALLOW


def main():
    """Puts the filter in place and becomes the command."""
    program = b''.join(struct.pack('HBBI', *step) for step in steps(LACKING[sys.argv[1]]))
    code = ctypes.create_string_buffer(program, len(program))
    whole = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(program) // 8, ctypes.addressof(code)))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or library.prctl(SECCOMP, FILTER, ctypes.byref(whole), 0, 0):
        sys.exit(f'no seccomp: {os.strerror(ctypes.get_errno())}')
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == '__main__':
    main()
