"""What happens to the pod: wrong bundles, a sidecar that dies, no space."""

import os
import signal
from pathlib import Path

import grpc

import pod as pods
from scenario import refusal, require, require_in, scenario
from scenarios_vm import OURS, bind_card, primary

ROM = primary(rom='auto')


@scenario('a ROM with another hash', 'refused before the boot; no file is published')
def another_hash(lab):
    bind_card(lab)
    with lab.pod('wrong-hash') as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        refusal(lambda: vm.ask(pod.collect(), vm.request()), lab.card, 'gpu', 'SHA-256')
        require(not published(), f'published: {published()}')


@scenario('a ROM for another device', 'refused before the boot; no file is published')
def another_device(lab):
    bind_card(lab)
    with lab.pod('wrong-device') as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        refusal(lambda: vm.ask(pod.collect(), vm.request()), lab.card, '1234:2222')
        require(not published(), f'published: {published()}')


def published():
    """What is in the pod's folder besides the socket: ROMs, and what may be left of one."""
    return sorted(path.name for path in (pods.SOCKETS / pods.NAME).rglob('*') if not path.is_socket() and not path.is_dir())


@scenario('the sidecar, killed between calls', "started again it goes on: the boot ends with the bundle's ROM")
def killed(lab):
    bind_card(lab)
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        def hook_of(call):
            if call > 1:
                pod.end(signal.SIGKILL)
                pod.start()
            return pod.collect()
        require_in(OURS, vm.start(vm.calls(hook_of)).firmware())


@scenario("no space for the ROM", 'refused with the reason, nothing half is left; once there is space the VM boots')
def no_space(lab):
    bind_card(lab)
    with lab.pod(size='64k') as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        filler = pods.SOCKETS / pods.NAME / 'filler'
        with open(filler, 'wb') as file:
            try:
                while True:
                    os.write(file.fileno(), bytes(4096))
            except OSError:
                pass
        refusal(lambda: vm.ask(pod.collect(), vm.request()), lab.card, 'No space left on device',
                code=grpc.StatusCode.RESOURCE_EXHAUSTED)
        require(published() == ['filler'], f'half a ROM is left: {published()}')
        filler.unlink()
        require_in(OURS, vm.boot(pod.collect()).firmware())
        require([Path(name).suffix for name in published()] == ['.rom'], f'there is {published()}')


@scenario('the sandbox of the pod', 'the sidecar has user and group 107, no capabilities, no new privileges, a read-only root, /sys '
          'and bundle')
def sandbox(lab):
    with lab.pod() as pod:
        pod.collect()
        process = Path(f'/proc/{pod.process.pid}')
        status = dict(line.split(':\t', 1) for line in (process / 'status').read_text().splitlines() if ':\t' in line)
        require([status[key].split() for key in ('Uid', 'Gid', 'Groups')] == [['107'] * 4, ['107'] * 4, ['107']],
                f'it is {status["Uid"]}, {status["Gid"]}, {status["Groups"]}')
        for name in 'CapInh', 'CapPrm', 'CapEff', 'CapBnd':
            require(int(status[name], 16) == 0, f'{name} is {status[name]}')
        require(status['NoNewPrivs'] == '1', 'new privileges are possible')
        mounts = [line.split() for line in (process / 'mountinfo').read_text().splitlines()]
        files = sorted(fields[4] for fields in mounts if 'ro' not in fields[5].split(','))
        wanted = ['/dev', *(f'/dev/{name}' for name in ('full', 'null', 'random', 'urandom', 'zero')), '/proc', '/var/run/kubevirt-hooks']
        require(files == wanted, f'it can write to {files}')
