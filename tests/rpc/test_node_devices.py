"""The node hook where the kubelet's word leaves open which devices a VM has."""

import socket
import threading
import time

import grpc

from kubelet import pod
from node import GPU, RESOURCE, SOUND, NodeTestCase, hosts
from virt_handler import execute, vmi

POD = 'virt-launcher-gpu-vm-x7f2k'
ONE = vmi(gpus=[('gpu', RESOURCE)])
HELD = hosts.gpu(bdf='0000:02:00.0', group=20, above=(), multifunction=False, driver='nvidia')


class DevicesTestCase(NodeTestCase):
    def give(self, devices, claims=()):
        self.kubelet.pods = [pod(POD, 'vms', devices, claims)]

    def refuse(self, content, *words):
        with self.assertStatus('FAILED_PRECONDITION', *words):
            execute(self.socket, content)


class Unnamed(DevicesTestCase):
    """No VM is refused for devices that the kubelet did not name."""

    WARNING = "the VM's GPUs are not known, and none of this node is ready: 0000:02:00.0"

    def test_usb_devices(self):
        """Their ids are no host device's, and the node's GPUs are not theirs."""
        node = self.start_node(case=hosts.host([HELD]))
        stick = vmi(host_devices=[('stick', 'kubevirt.io/storage')])
        self.give({'kubevirt.io/storage': ['usb-3-1']})
        for self.kubelet.allocatable in {'kubevirt.io/storage': ['usb-3-1']}, {}:
            execute(self.socket, stick)
        self.kubelet.allocatable = {RESOURCE: ['0000:02:00.0']}
        self.refuse(ONE)
        node.wait_for_log('PreVMStart refused')
        self.assertNotIn(self.WARNING, node.text)

    def test_a_silent_kubelet(self):
        node = self.start_node(case=hosts.host([HELD]))
        self.kubelet.pods = self.kubelet.allocatable = grpc.StatusCode.UNAVAILABLE
        execute(self.socket, vmi(host_devices=[('disk', 'vendor/nvme')]))
        execute(self.socket, ONE)
        node.wait_for_log(self.WARNING)
        self.assertEqual(node.text.count(self.WARNING), 1)

    def test_gpus_that_nothing_names(self):
        node = self.start_node(case=hosts.host([HELD]))
        for times, pods in enumerate(([], [pod(POD, 'vms', {RESOURCE: ['GPU-5f3a']})]), 1):
            self.kubelet.pods = pods
            execute(self.socket, ONE)
            node.wait_for_log(self.WARNING, times)
        # What the kubelet could give the VM is named.
        self.kubelet.allocatable = {RESOURCE: ['0000:02:00.0']}
        self.refuse(ONE, f'no {RESOURCE} of this node is ready: 0000:02:00.0 (gpu): driver: nvidia')

    def test_a_contradiction_about_another_gpu(self):
        """What is wrong with what is said of a GPU that nobody names is no reason either."""
        self.start_node('--allow', 'all', case=hosts.host([HELD]))
        execute(self.socket, vmi(gpus=[('gpu', RESOURCE)], config={'devices': {'*': {'rom': 'none', 'romBar': True}}}))

    def test_each_resource_by_itself(self):
        """One that is ready is no other's."""
        self.start_node(case=hosts.host([*hosts.card(), HELD]))
        two = vmi(gpus=[('gpu', 'a/x'), ('other', 'a/y')])
        self.kubelet.allocatable = {'a/x': [GPU], 'a/y': ['0000:02:00.0']}
        words = 'no a/y of this node is ready: 0000:02:00.0 (other): driver: nvidia',
        self.refuse(two, *words)
        self.give({'a/x': [GPU]})
        self.refuse(two, *words)
        self.give({'a/x': [GPU], 'a/y': ['usb-1']})
        self.refuse(two, *words)
        self.kubelet.allocatable['a/y'].append(SOUND)
        execute(self.socket, two)

    def test_pods_that_cannot_be_told_apart(self):
        """One that is ready will do; the log has the other."""
        node = self.start_node(case=hosts.host([*hosts.card(), HELD]))
        bad = pod(POD, 'vms', {RESOURCE: ['0000:02:00.0']})
        good = pod('virt-launcher-gpu-vm-abcde', 'vms', {RESOURCE: [GPU]})
        for times, self.kubelet.pods in enumerate(([bad, good], [good, bad]), 1):
            execute(self.socket, ONE)
            node.wait_for_log(f'pod {POD} is not refused, for pod virt-launcher-gpu-vm-abcde may be the VM\'s: 0000:02:00.0', times)
        # What could be given is asked for once a call.
        half = [pod(f'virt-launcher-gpu-vm-{end}', 'vms', {RESOURCE: [GPU]}) for end in ('aaaaa', 'bbbbb', 'ccccc')]
        self.kubelet.pods, self.kubelet.calls = half, []
        execute(self.socket, vmi(gpus=[('gpu', RESOURCE), ('other', 'a/y')]))
        self.assertEqual(self.kubelet.calls, ['List', 'GetAllocatableResources'])
        self.kubelet.pods = [bad, pod('virt-launcher-gpu-vm-abcde', 'vms', {RESOURCE: ['GPU-5f3a']})]
        self.refuse(ONE, '0000:02:00.0 (gpu): driver: nvidia')

    def test_only_where_the_pod_tells_nothing(self):
        self.start_node()
        self.give({RESOURCE: [GPU]})
        execute(self.socket, ONE)
        self.assertEqual(self.kubelet.calls, ['List'])
        self.kubelet.pods = []
        execute(self.socket, ONE)
        self.assertEqual(self.kubelet.calls, ['List', 'List', 'GetAllocatableResources'])


class Groups(DevicesTestCase):
    """KubeVirt's own device plugin names the IOMMU group; which of its functions the VM gets, its selector knows."""

    EXPECT = {'devices': {'gpu': {'expect': '10de:2484'}, 'audio': {'expect': '10de:228b'}}}

    def test_the_sound_function_alone(self):
        self.start_node(case=hosts.host(hosts.card({'power_state': 'error'})))
        self.give({'a/audio': ['12']})
        execute(self.socket, vmi(host_devices=[('audio', 'a/audio')], config={'devices': {'audio': {'expect': '10de:228b'}}}))
        # Without a word of it, it may be the one that is ready.
        execute(self.socket, vmi(host_devices=[('audio', 'a/audio')]))
        self.refuse(vmi(gpus=[('audio', 'a/audio')]), f'{GPU} (audio): power-state: ')
        self.refuse(vmi(host_devices=[('audio', 'a/audio')], config={'devices': {'audio': {'expect': '10de:2484'}}}),
                    f'{GPU} (audio): power-state: ')

    def test_what_is_said_of_an_address(self):
        """The owner's word of another member does not choose it."""
        self.start_node(case=hosts.host(hosts.card({'power_state': 'error'})))
        self.give({RESOURCE: ['12']})
        for config in None, {'devices': {SOUND: {'expect': '10de:228b'}}}:
            self.refuse(vmi(gpus=[('gpu', RESOURCE)], config=config), f'{GPU} (gpu): power-state: ')

    def test_a_group_of_very_many(self):
        """It is left out, with a line; what is behind it is not."""
        many = [hosts.sound(bdf=f'0001:{i // 8:02x}:{i // 4 % 2:02x}.{i % 4}', group=40) for i in range(257)]
        node = self.start_node(case=hosts.host([*many, HELD]))
        self.give({'a/many': ['40'], RESOURCE: ['0000:02:00.0']})
        both = vmi(gpus=[('gpu', RESOURCE)], host_devices=[('many', 'a/many')])
        self.refuse(both, '0000:02:00.0 (gpu): driver: nvidia')
        node.wait_for_log('of one IOMMU group 257 devices are not checked')

    def test_each_with_its_expect(self):
        self.start_node()
        self.give({'a/gpu': ['12'], 'a/audio': ['12']})
        execute(self.socket, vmi(host_devices=[('audio', 'a/audio'), ('gpu', 'a/gpu')], config=self.EXPECT))
        execute(self.socket, vmi(gpus=[('gpu', 'a/gpu')], host_devices=[('audio', 'a/audio')], config=self.EXPECT))
        execute(self.socket, vmi(gpus=[('gpu', 'a/gpu')], host_devices=[('audio', 'a/audio')]))

    def test_a_card_with_a_third_function(self):
        usb = hosts.sound({'class': '0x0c0330', 'device': '0x1ad8'}, bdf='0000:01:00.2')
        self.start_node(case=hosts.host([*hosts.card(), usb]))
        self.give({'a/gpu': ['12'], 'a/audio': ['12']})
        for config in self.EXPECT, None:
            execute(self.socket, vmi(gpus=[('gpu', 'a/gpu')], host_devices=[('audio', 'a/audio')], config=config))

    def test_an_unbound_sibling(self):
        nvme = hosts.sound(bdf='0000:05:00.0', pci_class=0x010802, group=30)
        sibling = hosts.sound(bdf='0000:05:00.1', pci_class=0x0C0500, group=30, driver='')
        self.start_node(case=hosts.host([*hosts.card(), nvme, sibling]))
        for identifier in '0000:05:00.0', '30':
            self.give({'a/nvme': [identifier]})
            execute(self.socket, vmi(host_devices=[('disk', 'a/nvme')]))

    def test_none_of_the_group_is_ready(self):
        """Then all that is wrong is told."""
        self.start_node(case=hosts.host(hosts.card({'power_state': 'error'}, {'power_state': 'error'})))
        self.give({'a/card': ['12']})
        self.refuse(vmi(host_devices=[('card', 'a/card')]), f'{GPU} (card), {SOUND} (card): power-state: ')

    def test_a_gpu_in_the_nodes_hands(self):
        self.start_node(case=hosts.host([*hosts.card(), HELD]))
        for identifiers in ['20'], ['12', '20'], ['20', '12']:
            self.give({RESOURCE: identifiers})
            self.refuse(ONE, '0000:02:00.0 (gpu): driver: nvidia')

    def test_members_with_names_of_their_own(self):
        """They are no alternatives; where all have one, nothing is missing."""
        node = self.start_node(case=hosts.host(hosts.card(None, {'power_state': 'error'})))
        both = vmi(gpus=[('gpu', 'a/gpu')], host_devices=[('audio', 'a/audio')])
        self.give({'a/audio': ['12'], 'a/gpu': [GPU]})
        self.refuse(both, f'{SOUND} (audio): power-state: ')
        (self.sysfs / 'bus/pci/devices' / SOUND / 'power_state').write_text('D3hot\n')
        self.give({'a/audio': ['12'], 'a/gpu': [GPU, SOUND]})
        execute(self.socket, both)
        self.give({'a/audio': ['usb-1'], 'a/gpu': [GPU]})
        execute(self.socket, both)
        node.wait_for_log('nothing tells which devices it has')
        self.assertEqual(node.text.count('nothing tells which devices it has'), 1)


class Options(DevicesTestCase):
    def test_the_token_of_a_second_name(self):
        """The VM has one; which device needs it shows later."""
        token = {'vfio': {'vf-token': '00112233-4455-6677-8899-aabbccddeeff'}}
        function = hosts.CASES['sriov-on-vfio']['vm'][0][1]
        self.start_node('--allow', 'all', case='sriov-on-vfio')
        self.give({RESOURCE: [function]})
        two = [('a', RESOURCE), ('b', RESOURCE)]
        for name in 'a', 'b':
            execute(self.socket, vmi(gpus=two, config={'devices': {name: token}}))
        self.refuse(vmi(gpus=two), function)


class Load(DevicesTestCase):
    def attempts(self, calls):
        """The calls at the same time, as (content, point); how each ended, and how long all took."""
        self.ends = []

        def call(content, point):
            try:
                execute(self.socket, content, point, timeout=10)
                self.ends.append('OK')
            except grpc.RpcError as error:
                self.ends.append(error.code().name)

        start = time.monotonic()
        threads = [threading.Thread(target=call, args=arguments) for arguments in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.ends, time.monotonic() - start

    def hang(self):
        """A kubelet that takes calls and never answers."""
        path = self.folder / 'hang.sock'
        listener = self.enterContext(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(64)
        return path

    def test_a_kubelet_that_hangs(self):
        self.start_node(kubelet=self.hang())
        ends, took = self.attempts([(ONE, 'PreVMStart')] * 14)
        self.assertEqual(ends, ['OK'] * 14)
        self.assertLess(took, 8)
        # For a while nobody asks it.
        self.assertLess(self.attempts([(ONE, 'PreVMStart')])[1], 0.9)

    def test_other_points_meanwhile(self):
        """Nothing is checked there, and they do not wait for those that are."""
        self.start_node(kubelet=self.hang())
        waiting = threading.Thread(target=self.attempts, args=([(ONE, 'PreVMStart')] * 14,))
        waiting.start()
        time.sleep(0.3)
        for point in 'PostVMStart', 'Later':
            execute(self.socket, ONE, point)
        ended = list(self.ends)
        waiting.join()
        self.assertEqual(ended, [])

    def test_vms_with_many_devices(self):
        self.start_node()
        self.give({f'r/{i}': ['usb-1'] for i in range(800)})
        start = time.monotonic()
        execute(self.socket, vmi(gpus=[(f'g{i}', f'r/{i}') for i in range(800)]))
        self.assertLess(time.monotonic() - start, 5)

    def test_large_answers(self):
        """The VM's pod is found among many."""
        self.start_node(case=hosts.host([*hosts.card(), HELD]))
        others = [pod(f'p{i}', 'n', {'devices.kubevirt.io/kvm': [f'kvm{j}' for j in range(500)]}) for i in range(200)]
        self.kubelet.pods = [*others, pod(POD, 'vms', {RESOURCE: [GPU]})]
        execute(self.socket, ONE)
        self.kubelet.pods = [*others, pod(POD, 'vms', {RESOURCE: ['0000:02:00.0']}), *others]
        self.refuse(ONE, '0000:02:00.0 (gpu): driver: nvidia')

    def test_requests_that_are_none(self):
        """They count as errors."""
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        self.start_node('--listen', f'127.0.0.1:{port}').wait_for_log(f'listening on 127.0.0.1:{port}')
        with grpc.insecure_channel(f'unix:{self.socket}') as channel, self.assertStatus('INVALID_ARGUMENT'):
            channel.unary_unary('/kubevirt.hooks.plugins.v1alpha1.NodeHookService/ExecuteNodeHook')(b'\xff', timeout=20)
        with self.connection(port) as connection:
            connection.request('GET', '/metrics')
            text = connection.getresponse().read().decode()
        self.assertIn('node_hook_errors_total{hook_point="other"} 1\n', text)
