"""What happens to the pod: wrong bundles, a sidecar that dies, no space, a clock that jumps."""

import os
import re
import signal
import xml.etree.ElementTree as ET
from pathlib import Path

import grpc

import pod as pods
from node import jumping_clock, shell
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


@scenario("the node's clock jumps", 'by an hour and by years, forth and back, all the time: every call is answered, and always the same; '
          'then the VM boots')
def clock_jumps(lab):
    bind_card(lab)
    hour, years = 3600, 20 * 365 * 86400
    with lab.pod() as pod, lab.vm({'gpu': lab.card}, ROM) as vm:
        hook, request = pod.collect(), ET.tostring(vm.request())
        # Without a deadline: the library that this client is made with counts it from the wall clock. Our own does not.
        wanted = hook.on_define_domain(request, vm.vmi, timeout=None)
        domain, vmi = Path('/run/domain.xml'), Path('/run/vmi.json')
        domain.write_bytes(request)
        vmi.write_bytes(vm.vmi)
        with jumping_clock([hour, -hour, years, 0, -years, years]) as jumps:
            for _ in range(100):
                require(hook.on_define_domain(request, vm.vmi, timeout=None) == wanted, 'another reply')
            for _ in range(10):
                told = shell(f'{pod.hook} call OnDefineDomain --socket {hook.socket} --domain {domain} --vmi {vmi}')
                require(told.encode().strip() == wanted.strip(), f'another reply: {told}')
        require(len(jumps) >= 100, f'the clock jumped {len(jumps)} times')
        seen = set(re.findall(r'"timestamp":"(\d+)', pod.text))
        require(len(seen) == 3, f'the sidecar was at work in the years {sorted(seen)} only')
        require_in(OURS, vm.boot(pod.collect()).firmware())


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
