"""What KubeVirt 1.9's virt-launcher does with plugins: wait for the socket, look at its path, dial, MutateDomain."""

import os
import time
from pathlib import Path

import grpc

import virt_launcher
import wire

METHOD = '/kubevirt.hooks.plugins.v1alpha1.DomainHookService/MutateDomain'
SOCKET_LIMIT, CALL_LIMIT = 30.0, 30.0
CONTEXTS = 'Boot', 'MigrationSource', 'MigrationTarget'


def request(domain, vmi, context='Boot', domain_type='libvirt'):
    """MutateDomainRequest."""
    return wire.encode((1, domain_type), (2, domain), (3, vmi), (4, wire.encode((1, context))))


def mutated_domain(reply):
    """The domain of a MutateDomainResponse."""
    fields = wire.decode(reply)
    if list(fields) != [1] or len(fields[1]) != 1:
        raise ValueError(f'MutateDomainResponse with fields {list(fields)}')
    return fields[1][0]


def wait_for(socket, limit=SOCKET_LIMIT):
    """Returns once the socket is there: half a second between looks, as virt-launcher takes."""
    end = time.monotonic() + limit
    while not os.path.exists(socket):
        if time.monotonic() > end:
            raise virt_launcher.LauncherPanic(f'sidecar socket {socket} not ready after {limit}s')
        time.sleep(0.02)


def check_path(socket, folder):
    """A socket is no link, and lies in the folder of its plugin; the admission policy wants the rest."""
    if os.path.islink(socket):
        raise ValueError(f'socket path "{socket}" is a symlink, which is not allowed')
    if not os.path.normpath(socket).startswith(f'{folder}/'):
        raise ValueError(f'socket path "{socket}" is outside {folder}')
    if not str(socket).endswith('.sock') or len(str(socket)) > 108:
        raise ValueError(f'socket path "{socket}" would not be admitted')


class Plugin:
    """A plugin as virt-launcher knows it: a socket, and the folder that it must be in."""

    def __init__(self, socket, folder=None):
        self.socket, self.folder = str(socket), str(folder or Path(socket).parent)

    def mutate_domain(self, domain, vmi, context='Boot', timeout=CALL_LIMIT):
        """One call over its own connection."""
        wait_for(self.socket)
        check_path(self.socket, self.folder)
        return mutated_domain(virt_launcher.call(self.socket, METHOD, request(domain, vmi, context), timeout))


def unknown(socket, method):
    """Whether the socket does not serve METHOD."""
    try:
        virt_launcher.call(socket, method)
    except grpc.RpcError as error:
        return error.code() is grpc.StatusCode.UNIMPLEMENTED
    return False
