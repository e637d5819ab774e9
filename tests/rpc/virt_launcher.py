"""What KubeVirt's virt-launcher does with hook sidecars: find their sockets, ask Info, call the hooks."""

import stat
import time
from dataclasses import dataclass

import grpc

import wire

# virt-launcher gives Info one second. ci/bench holds us to far less of it; here a busy machine is no defect.
INFO_LIMIT, CALL_LIMIT = 20.0, 60.0
VERSIONS = 'v1alpha3', 'v1alpha2', 'v1alpha1'  # the best first
INFO = '/kubevirt.hooks.info.Info/Info'
OPTIONS = [
    ('grpc.default_authority', 'localhost'),
    # Otherwise the library shares one connection among all channels of this process.
    ('grpc.use_local_subchannel_pool', 1),
    # The time to connect, in spite of the name: virt-launcher's two seconds instead of twenty.
    ('grpc.min_reconnect_backoff_ms', 2000),
    ('grpc.max_send_message_length', -1),
    ('grpc.max_receive_message_length', -1),
]


class LauncherPanic(Exception):
    """Where the real virt-launcher panics: the pod fails, the VM does not start."""


def dial(socket):
    """
    A new connection, as virt-launcher makes one for every call; a context manager.

    Connecting is part of the first call's time, so we are a little less patient than virt-launcher.
    """
    return grpc.insecure_channel(f'unix:{socket}', options=OPTIONS)


def call(socket, method, request=b'', timeout=CALL_LIMIT):
    """One call of METHOD (its full path) over its own connection: the reply's bytes, or grpc.RpcError."""
    with dial(socket) as channel:
        return channel.unary_unary(method)(request, timeout=timeout)


def method(version, name):
    """The full path of a callback."""
    return f'/kubevirt.hooks.{version}.Callbacks/{name}'


def define_request(domain, vmi):
    """OnDefineDomainParams."""
    return wire.encode((1, domain), (2, vmi))


def defined_domain(reply):
    """The domainXML of an OnDefineDomainResult."""
    fields = wire.decode(reply)
    if list(fields) != [1] or len(fields[1]) != 1:
        raise ValueError(f'OnDefineDomainResult with fields {list(fields)}')
    return fields[1][0]


@dataclass(frozen=True)
class Hook:
    """A sidecar that has answered Info."""
    socket: str
    name: str
    points: dict  # hook point: priority
    versions: tuple

    @property
    def version(self):
        """The best version both sides know."""
        for version in VERSIONS:
            if version in self.versions:
                return version
        raise LauncherPanic(f'no version of {self.versions} is known')

    def on_define_domain(self, domain, vmi, timeout=CALL_LIMIT):
        """The domain as the sidecar wants it; unchanged where it does not subscribe to OnDefineDomain."""
        if 'OnDefineDomain' not in self.points:
            return domain
        request = define_request(domain, vmi)
        return defined_domain(call(self.socket, method(self.version, 'OnDefineDomain'), request, timeout))

    def shutdown(self):
        """Tells the sidecar that the guest is gone, if it wants to know."""
        if 'Shutdown' in self.points and self.version == 'v1alpha3':
            call(self.socket, method(self.version, 'Shutdown'))


def info(socket):
    """Asks one sidecar what it does; None where nobody listens. Any other error is fatal to the pod."""
    try:
        result = wire.decode(call(socket, INFO, timeout=INFO_LIMIT))
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return None
        raise LauncherPanic(f'{socket}: Info: {error.code().name}: {error.details()}') from error
    if set(result) - {1, 3, 4}:
        raise ValueError(f'InfoResult with fields {sorted(result)}')
    points = {}
    for point in map(wire.decode, result.get(3, [])):
        points[point[1][0].decode()] = point.get(2, [0])[0]
    hook = Hook(str(socket), result[1][0].decode(), points, tuple(v.decode() for v in result.get(4, [])))
    hook.version  # panics here if there is none in common
    return hook


def entries(folder, nested):
    """What virt-launcher dials, in its order: from 1.6 a folder per sidecar, before that one for all."""
    if not nested:
        return sorted(folder.iterdir())
    subfolders = [entry for entry in sorted(folder.iterdir()) if stat.S_ISDIR(entry.lstat().st_mode)]
    return [entry for sub in subfolders for entry in sorted(sub.iterdir()) if not stat.S_ISDIR(entry.lstat().st_mode)]


def collect(folder, count=1, nested=True, timeout=30.0):
    """The COUNT sidecars of FOLDER, each known by the name of its socket file, or LauncherPanic after TIMEOUT."""
    hooks, end = {}, time.monotonic() + timeout
    while len(hooks) < count:
        for entry in entries(folder, nested):
            if entry.name not in hooks and (hook := info(entry)):
                hooks[entry.name] = hook
        if time.monotonic() > end:
            raise LauncherPanic('Failed to collect all expected sidecar hook sockets within given timeout')
        if len(hooks) < count:
            time.sleep(0.02)  # virt-launcher takes 0.3 s
    return list(hooks.values())
