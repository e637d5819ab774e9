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
        require(not roms(), f'published: {roms()}')


@scenario('a ROM for another device', 'refused before the boot; no file is published')
def another_device(lab):
    bind_card(lab)
    with lab.pod('wrong-device') as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        refusal(lambda: vm.ask(pod.collect(), vm.request()), lab.card, '1234:2222')
        require(not roms(), f'published: {roms()}')


def roms():
    return sorted(path.name for path in pods.SOCKETS.rglob('*.rom'))


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
        require(not roms(), f'half a ROM is left: {roms()}')
        filler.unlink()
        require_in(OURS, vm.boot(pod.collect()).firmware())


@scenario('the sandbox of the pod', 'the sidecar has user 107, no capabilities, no new privileges, a read-only root and /sys')
def sandbox(lab):
    with lab.pod() as pod:
        pod.collect()
        process = Path(f'/proc/{pod.process.pid}')
        status = dict(line.split(':\t', 1) for line in (process / 'status').read_text().splitlines() if ':\t' in line)
        require(status['Uid'].split() == ['107'] * 4 and status['Groups'].strip() == '', f'{status["Uid"]}')
        for name in 'CapInh', 'CapPrm', 'CapEff', 'CapBnd':
            require(int(status[name], 16) == 0, f'{name} is {status[name]}')
        require(status['NoNewPrivs'] == '1', 'new privileges are possible')
        mounts = [line.split() for line in (process / 'mountinfo').read_text().splitlines()]
        writable = sorted(fields[4] for fields in mounts if 'ro' not in fields[5].split(','))
        require(writable == ['/var/run/kubevirt-hooks'], f'it can write to {writable}')
