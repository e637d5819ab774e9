"""A kubelet that answers its pod-resources API (v1) on a socket: which pod has which devices, as a test says it."""

from concurrent import futures

import grpc

import wire

SERVICE = 'v1.PodResourcesLister'


def container_devices(devices):
    """ContainerDevices of {resource: [id, ...]}, with the topology that we do not read."""
    topology = (3, wire.encode((1, wire.encode((1, 1)))))
    return [wire.encode((1, resource), *((2, identifier) for identifier in ids), topology) for resource, ids in devices.items()]


def claimed(names, driver='gpu.nvidia.com'):
    """DynamicResource of a claim whose devices have these names; "cdi:..." is the name of a container device."""
    resources = []
    for name in names:
        field = (1, wire.encode((1, name[4:]))) if name.startswith('cdi:') else (4, name)
        resources.append((4, wire.encode(*sorted([(2, driver), (3, 'node-1'), field]))))
    return wire.encode((2, 'claim-x7f2k'), (3, 'vms'), *resources)


def pod(name, namespace, devices=(), claims=()):
    """PodResources: one container "compute", and a sidecar without devices."""
    compute = wire.encode((1, 'compute'), *((2, text) for text in container_devices(dict(devices))), (3, 5),
                          *((5, claimed(names)) for names in claims))
    return wire.encode((1, name), (2, namespace), (3, wire.encode((1, 'hook-sidecar-0'))), (3, compute), (4, 7))


class Kubelet:
    """The running service; a context manager. The answers may be changed meanwhile; an exception is an answer, too."""

    def __init__(self, socket):
        self.socket, self.pods, self.allocatable, self.calls = str(socket), [], {}, []
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        handlers = {'List': self._list, 'GetAllocatableResources': self._list_allocatable}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            SERVICE, {name: grpc.unary_unary_rpc_method_handler(handler) for name, handler in handlers.items()}),))
        self._server.add_insecure_port(f'unix:{self.socket}')

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None)

    def _list(self, request, context):
        self.calls.append('List')
        return self._answer(context, request, self.pods, lambda: wire.encode(*((1, text) for text in self.pods)))

    def _list_allocatable(self, request, context):
        self.calls.append('GetAllocatableResources')
        return self._answer(context, request, self.allocatable,
                            lambda: wire.encode(*((1, text) for text in container_devices(self.allocatable)), (2, 3)))

    @staticmethod
    def _answer(context, request, content, encode):
        if request != b'':
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f'not an empty request: {request!r}')
        if isinstance(content, grpc.StatusCode):
            context.abort(content, 'as the test wants it')
        return content if isinstance(content, bytes) else encode()
