"""What KubeVirt 1.9's virt-handler does with node hooks: dial within a second, ExecuteNodeHook, retry with the next sync."""

import json

import grpc

import virt_launcher
import wire

METHOD = '/kubevirt.hooks.plugins.v1alpha1.NodeHookService/ExecuteNodeHook'
CALL_LIMIT = 30.0
POINTS = ('PreVMStart', 'PostVMStart', 'PreVMStop', 'PostVMStop', 'PreMigrationSource', 'PostMigrationSource',
          'PreMigrationTarget', 'PostMigrationTarget')
OPTIONS = [(name, 1000 if name == 'grpc.min_reconnect_backoff_ms' else value) for name, value in virt_launcher.OPTIONS]


def vmi(name='gpu-vm', namespace='vms', gpus=(), host_devices=(), config=None, uid='u1', **more):
    """A VMI that asks for devices: (name, resource) pairs, a resource of None being a claim."""
    def requests(devices):
        return [{'name': device, **({'deviceName': resource} if resource else {'claimName': 'claim', 'requestName': 'gpu'})}
                for device, resource in devices]

    metadata = {'name': name, 'namespace': namespace, 'uid': uid}
    if config is not None:
        metadata['annotations'] = {'gpu.vm.kubevirt.io/config': config if isinstance(config, str) else json.dumps(config)}
    return {'metadata': metadata, **more,
            'spec': {'domain': {'devices': {'gpus': requests(gpus), 'hostDevices': requests(host_devices)}}}}


def request(point, content, node='node-1'):
    """ExecuteNodeHookRequest."""
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return wire.encode((1, point), (2, content), (3, wire.encode((1, node))))


def execute(socket, content, point='PreVMStart', timeout=CALL_LIMIT):
    """One call over its own connection; its reply says nothing."""
    with grpc.insecure_channel(f'unix:{socket}', options=OPTIONS) as channel:
        reply = channel.unary_unary(METHOD)(request(point, content), timeout=timeout)
    if reply != b'':
        raise ValueError(f'ExecuteNodeHookResponse {reply!r}')
