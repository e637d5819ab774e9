"""The node hook: which devices a VM was given, what is wrong with them, and whom it must not refuse."""

import json
import re
import threading

import grpc

import wire
from kubelet import pod
from node import GPU, RESOURCE, SOUND, NodeTestCase, hosts, write
from virt_handler import POINTS, execute, vmi

POD = 'virt-launcher-gpu-vm-x7f2k'
ONE = vmi(gpus=[('gpu', RESOURCE)])


class Devices(NodeTestCase):
    """How device plugins name what they give away."""

    def setUp(self):
        super().setUp()
        self.other = hosts.gpu(bdf='0000:02:00.0', group=20, above=(), multifunction=False, driver='nvidia')
        tree = hosts.host([*hosts.card(), self.other])
        self.node = self.start_node(case=tree)

    def give(self, *ids, name=POD, resource=RESOURCE, claims=()):
        self.kubelet.pods = [pod('coredns-5d78', 'kube-system', {'x/y': ['0000:02:00.0']}),
                             pod(name, 'vms', {resource: ids} if ids else {}, claims)]

    def refuse(self, content, *words):
        with self.assertStatus('FAILED_PRECONDITION', *words):
            execute(self.socket, content)

    def test_addresses(self):
        self.give(GPU)
        execute(self.socket, ONE)
        self.give('0000:02:00.0')
        self.refuse(ONE, '0000:02:00.0 (gpu): driver: nvidia has it', 'driverctl set-override 0000:02:00.0 vfio-pci')

    def test_iommu_groups(self):
        """KubeVirt's own plugin: of a group the GPU is meant."""
        self.give('12')
        execute(self.socket, ONE)
        self.give('20')
        self.refuse(ONE, '0000:02:00.0 (gpu): driver: nvidia')
        self.give('20', '12')
        two = vmi(gpus=[('a', RESOURCE), ('b', RESOURCE)])
        self.refuse(two, f'0000:02:00.0 ({RESOURCE}): driver: nvidia')

    def test_claims(self):
        """DRA: the driver's names of the devices tell where they are, if anything does."""
        claim = vmi(gpus=[('gpu', None)])
        for names, bad in ((['gpu-0000-01-00-0'], False), (['pci-0000-02-00-0'], True), (['cdi:k8s.io/gpu=0000:02:00.0'], True),
                           (['net-1', 'cdi:k8s.io/gpu=a_0000_02_00_0'], True), (['0000-01-00-0', '0000-02-00-0'], True)):
            self.give(claims=[names])
            if bad:
                self.refuse(claim, '0000:02:00.0 (gpu): driver: nvidia')
            else:
                execute(self.socket, claim)
        # A claim of the sound function, or of one that is not there, is none of a GPU's.
        for names in ['gpu-0000-01-00-1'], ['gpu-0000-07-00-0'], ['gpu-0'], ['']:
            self.give(claims=[names])
            execute(self.socket, claim)
        # A UUID that is the claim's own is no mediated device's; what stands behind it counts.
        nvidias = 'cdi:k8s.gpu.nvidia.com/claim=dab5ab50-d59a-42a6-af16-cfd4628c0f7a-gpu-0'
        for names in [nvidias], ['gpu-0000-01-00-0', nvidias], ['net-1', nvidias]:
            self.give(claims=[names])
            execute(self.socket, claim)
        self.give(claims=[[f'{nvidias}000-02-00-0']])
        self.refuse(claim, '0000:02:00.0 (gpu): driver: nvidia')

    def test_only_what_the_vm_asks_for(self):
        """An SR-IOV network or a disk of the pod is not ours to judge."""
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU], 'intel.com/sriov': ['0000:02:00.0']})]
        execute(self.socket, ONE)
        self.refuse(vmi(gpus=[('gpu', RESOURCE)], host_devices=[('other', 'intel.com/sriov')]), '0000:02:00.0 (other)')

    def test_all_failures_in_one_message(self):
        (self.sysfs / 'bus/pci/devices' / GPU / 'power_state').write_text('error\n')
        self.give(GPU, '0000:02:00.0')
        self.refuse(vmi(gpus=[('a', RESOURCE), ('b', RESOURCE)]), 'driver: nvidia', 'power-state: ', GPU, '0000:02:00.0')

    def test_a_device_that_is_gone(self):
        self.give('0000:07:00.0')
        self.refuse(ONE, '0000:07:00.0 (gpu): device-present')

    def test_pods_of_others(self):
        """Another VM, another namespace, and names that only begin alike."""
        self.kubelet.allocatable = {RESOURCE: [GPU, '0000:02:00.0']}
        for name, namespace in ((POD, 'other'), ('virt-launcher-gpu-vm-2-x7f2k', 'vms'), ('virt-launcher-gpu-v-x7f2k', 'vms'),
                                ('virt-launcher-gpu-vm-x7f2', 'vms'), ('virt-launcher-gpu-vm-x7f2k9', 'vms'),
                                ('gpu-vm-x7f2k', 'vms'), ('virt-launcher-gpu-vm-a-bcd', 'vms')):
            self.kubelet.pods = [pod(name, namespace, {RESOURCE: ['0000:02:00.0']})]
            execute(self.socket, ONE)
        self.give('0000:02:00.0')
        self.refuse(ONE, '0000:02:00.0')

    def test_long_names(self):
        """Kubernetes cuts what stands before the five characters."""
        long = 'a' * 60
        content = vmi(name=long, gpus=[('gpu', RESOURCE)])
        self.give('0000:02:00.0', name=f'virt-launcher-{long}'[:58] + 'x7f2k')
        self.refuse(content, '0000:02:00.0')
        # Of two that cannot be told apart one that works will do.
        self.kubelet.pods.append(pod(f'virt-launcher-{long}'[:58] + 'abcde', 'vms', {RESOURCE: [GPU]}))
        execute(self.socket, content)


class Unknown(NodeTestCase):
    """Where nothing tells which devices the VM has, it is refused only if the plugin has some and none of them works."""

    def setUp(self):
        super().setUp()
        bad = hosts.gpu(bdf='0000:02:00.0', group=20, above=(), multifunction=False, driver='nvidia')
        self.trees = {'one of two': hosts.host([*hosts.card(), bad]), 'none': hosts.host([bad])}

    def test_one_works(self):
        self.start_node(case=self.trees['one of two'])
        for pods in [], [pod(POD, 'vms', {'nvidia.com/other': ['0000:02:00.0']})], [pod(POD, 'vms', {RESOURCE: ['GPU-5f3a']})]:
            self.kubelet.pods = pods
            execute(self.socket, ONE)

    def test_none_works(self):
        node = self.start_node(case=self.trees['none'])
        self.kubelet.allocatable = {RESOURCE: ['0000:02:00.0']}
        with self.assertStatus('FAILED_PRECONDITION', f'no {RESOURCE} of this node is ready: '
                               f'0000:02:00.0', 'driver: nvidia', 'driverctl'):
            execute(self.socket, ONE)
        node.wait_for_log("which devices the VM's pod has is not known: 1 of the node")

    def test_what_the_plugin_could_give(self):
        """Only those of the resource that the VM asks for."""
        self.start_node(case=self.trees['one of two'])
        self.kubelet.allocatable = {RESOURCE: ['0000:02:00.0'], 'nvidia.com/other': [GPU]}
        with self.assertStatus('FAILED_PRECONDITION', f'no {RESOURCE} of this node is ready: 0000:02:00.0 (gpu)'):
            execute(self.socket, ONE)
        self.kubelet.allocatable[RESOURCE].append('12')
        execute(self.socket, ONE)

    def test_a_node_without_gpus(self):
        self.start_node(case=hosts.host([hosts.PORT]))
        execute(self.socket, ONE)

    def test_a_kubelet_that_does_not_answer(self):
        node = self.start_node(case=self.trees['one of two'], kubelet=str(self.folder / 'none.sock'))
        execute(self.socket, ONE)
        node.wait_for_log(f'the kubelet at {self.folder}/none.sock does not say which devices its pods have: UNAVAILABLE')

    def test_kubelets_that_say_other_things(self):
        self.start_node(case=self.trees['one of two'])
        for answer in b'\xff', wire.encode((1, b'\xff')), wire.encode((1, wire.encode((1, b'\xff\xfe')))), \
                grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED, wire.encode((9, 'later'), (1, b'')):
            self.kubelet.pods = self.kubelet.allocatable = answer
            execute(self.socket, ONE)
        self.kubelet.pods, self.kubelet.allocatable = [pod(POD, 'vms', {RESOURCE: ['0000:02:00.0']})], grpc.StatusCode.UNIMPLEMENTED
        with self.assertStatus('FAILED_PRECONDITION', '0000:02:00.0 (gpu)'):
            execute(self.socket, ONE)


class Calls(NodeTestCase):
    def test_points(self):
        """Only where a VM is about to get its devices."""
        node = self.start_node(case='driver-host')
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU]})]
        for point in (*POINTS, '', 'Later'):
            if point in ('PreVMStart', 'PreMigrationTarget'):
                with self.assertStatus('FAILED_PRECONDITION', f'{GPU} (gpu): driver: '):
                    execute(self.socket, ONE, point)
            else:
                execute(self.socket, ONE, point)
        node.wait_for_log('refused: FAILED_PRECONDITION', 2)
        self.assertEqual(node.text.count('refused: FAILED_PRECONDITION'), 2)

    def test_repeated(self):
        """Every sync asks again; a remedy counts at once."""
        self.start_node(case='driver-host')
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU]})]
        for _ in range(3):
            with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
                execute(self.socket, ONE)
        driver = self.sysfs / 'bus/pci/devices' / GPU / 'driver'
        driver.unlink()
        driver.symlink_to('../../../../bus/pci/drivers/vfio-pci')
        for _ in range(3):
            execute(self.socket, ONE)

    def test_vms_without_gpus(self):
        """As most are: the kubelet is not even asked."""
        self.start_node(case='driver-host')
        for content in vmi(), {}, {'spec': {}}, {'spec': {'domain': {'devices': {'gpus': None}}}}:
            execute(self.socket, content)
        self.assertEqual(self.kubelet.calls, [])

    def test_bad_requests(self):
        self.start_node()
        for content in b'', b'{', b'[]', b'\xff', json.dumps({'metadata': []}).encode():
            with self.assertStatus('INVALID_ARGUMENT'):
                execute(self.socket, content)
        with self.assertStatus('INVALID_ARGUMENT', 'gpu.vm.kubevirt.io/config', 'unknown key "Devices"'):
            execute(self.socket, vmi(gpus=[('gpu', RESOURCE)], config={'Devices': {}}))
        nameless = vmi(gpus=[('gpu', RESOURCE)])
        del nameless['metadata']['name']
        execute(self.socket, nameless)

    def test_many_at_once(self):
        bad = hosts.gpu(bdf='0000:02:00.0', group=20, above=(), multifunction=False, driver='nvidia')
        self.start_node(case=hosts.host([*hosts.card(), bad]))
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: ['0000:02:00.0']}),
                             pod('virt-launcher-good-abcde', 'vms', {RESOURCE: [SOUND]})]
        wrong = []

        def client(content, is_refused):
            for _ in range(10):
                try:
                    execute(self.socket, content)
                    refused = False
                except grpc.RpcError as error:
                    refused = error.code() is grpc.StatusCode.FAILED_PRECONDITION
                if refused != is_refused:
                    wrong.append(content)

        good = vmi(name='good', host_devices=[('sound', RESOURCE)])
        clients = [threading.Thread(target=client, args=arguments) for arguments in [(ONE, True), (good, False)] * 4]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        self.assertEqual(wrong, [])


class Annotation(NodeTestCase):
    """What the VM's owner says counts as far as he may say it."""

    def setUp(self):
        super().setUp()
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU]})]

    def ask(self, config, gpus=(('gpu', RESOURCE),)):
        execute(self.socket, vmi(gpus=gpus, config=config))

    def test_by_default_it_may_not_weaken_checks(self):
        node = self.start_node(case='driver-host')
        for config in {'policy': 'warn'}, {'devices': {'gpu': {'checks': {'driver': 'ignore'}}}}, \
                {'devices': {'*': {'checks': {'driver': 'warn'}}}}:
            with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
                self.ask(config)
        node.wait_for_log("what the VM's owner may not set does not count here (a plugin's default)")

    def test_where_it_may(self):
        self.start_node('--allow', 'tenant,checks,policy', case='driver-host')
        self.ask({'policy': 'warn'})
        self.ask({'devices': {'gpu': {'checks': {'driver': 'warn'}}}})
        self.ask({'devices': {GPU: {'checks': {'driver': 'ignore'}}}})
        for config in {'devices': {'other': {'checks': {'driver': 'ignore'}}}}, {'devices': {'gpu': {'checks': {'link': 'ignore'}}}}:
            with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
                self.ask(config)

    def test_of_several_names_the_mildest_counts(self):
        """Which of two devices of one resource has which name is told only by the domain."""
        self.start_node('--allow', 'checks', case='driver-host')
        self.ask({'devices': {'b': {'checks': {'driver': 'warn'}}}}, [('a', RESOURCE), ('b', RESOURCE)])
        with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
            self.ask({'devices': {'b': {'checks': {'link': 'warn'}}}}, [('a', RESOURCE), ('b', RESOURCE)])

    def test_expect(self):
        self.start_node()
        self.ask({'devices': {'gpu': {'expect': '10de:2484'}}})
        with self.assertStatus('FAILED_PRECONDITION', 'identity: '):
            self.ask({'devices': {'gpu': {'expect': '10de:2204'}}})
        self.ask({'devices': {'a': {'expect': '10de:2204'}}}, [('a', RESOURCE), ('b', RESOURCE)])

    def test_policy_of_the_admin(self):
        node = self.start_node('--policy', 'warn', case='driver-host')
        self.ask(None)
        node.wait_for_log('driver: ')

    def test_rule_of_a_bundle(self):
        """As of a plugin; one that cannot be read allows nothing."""
        bundle = self.folder / 'bundle'
        bundle.mkdir()
        manifest = {'apiVersion': 'gpu.vm.kubevirt.io/v1', 'kind': 'RomBundle', 'name': 'lab', 'roms': [], 'allow': ['policy']}
        (bundle / 'bundle.json').write_text(json.dumps(manifest))
        self.start_node('--bundle', bundle, case='driver-host')
        self.ask({'policy': 'warn'})
        (bundle / 'bundle.json').write_text('broken')
        with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
            self.ask({'policy': 'warn'})


class Nodes(NodeTestCase):
    """The nodes of tests/check: whom the sidecar refuses for its host, the node hook refuses, and nobody else."""
    # What only the domain tells: the guest's memory, CPUs and windows, and the ROMs that the VM gives.
    LATER = {'bar-window', 'numa', 'iommu-width', 'rom-available'}

    def expected(self, name):
        """Does one of the checks that need no domain fail, with the VM's devices?"""
        lines = (hosts.HERE / 'expected' / f'{name}.txt').read_text().split('\nrender: exit status ')[1].splitlines()
        if lines[0] == '0':
            return None
        checks = set(re.findall(r'[:;] ([a-z-]+): ', lines[-1])) & self.known
        return bool(checks - self.LATER)

    def test_all(self):
        text = (hosts.HERE.parents[1] / 'docs/checks.md').read_text().split('\n## Checks\n')[1].split('\n## ')[0]
        self.known = set(re.findall(r'^### ([a-z-]+)$', text, re.MULTILINE))
        tried = 0
        for name, case in hosts.CASES.items():
            expected = self.expected(name) if case['vm'] and not case['status'] else None
            if expected is None:
                continue
            self.sysfs = self.folder / name
            write(self.sysfs, case['tree'])
            self.kubelet.pods = [pod(POD, 'vms', {f'x/{device}': [source] for device, source in case['vm']})]
            content = vmi(gpus=[(device, f'x/{device}') for device, _ in case['vm']], config=case['config'])
            self.socket = self.folder / 'plugin' / f'{tried}.sock'
            with self.subTest(node=name):
                self.start_node('--allow', 'all')
                try:
                    execute(self.socket, content)
                    refused = False
                except grpc.RpcError as error:
                    self.assertEqual(error.code().name, 'FAILED_PRECONDITION', error.details())
                    refused = True
                self.assertEqual(refused, expected)
            tried += 1
        self.assertGreater(tried, 30)
