"""What the node service tells the cluster: feature file, health and metrics, and who may ask."""

import contextlib
import datetime
import socket
import subprocess
import sys
import time

import lab
import sidecar
from kubelet import pod
from node import GPU, RESOURCE, NodeTestCase, hosts, write
from virt_handler import execute, vmi

POD = 'virt-launcher-gpu-vm-x7f2k'
ONE = vmi(gpus=[('gpu', RESOURCE)])
WITHOUT_IPV6 = sys.executable, str(lab.TESTS / 'rpc' / 'without.py'), 'ipv6'


class Pages(NodeTestCase):
    """Feature file, health and metrics."""

    def port(self):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            return probe.getsockname()[1]

    def start_pages(self, *options, host='127.0.0.1', **how):
        """A running service whose pages are there, too, and their port."""
        port = self.port()
        node = self.start_node('--listen', f'{host}:{port}', *options, **how)
        node.wait_for_log(f'listening on {host}:{port}')
        return node, port

    def get(self, port, path, method='GET', body=None):
        with self.connection(port) as connection:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read().decode(), response.getheader('Content-Type')

    def wait_until(self, what):
        end = time.monotonic() + 20
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_metrics(self):
        _, port = self.start_pages(case='driver-host')
        self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU]})]
        with self.assertStatus('FAILED_PRECONDITION'):
            execute(self.socket, ONE)
        execute(self.socket, ONE, 'PostVMStart')
        with self.assertStatus('INVALID_ARGUMENT'):
            execute(self.socket, b'{')
        status, text, kind = self.get(port, '/metrics')
        self.assertEqual((status, kind), (200, 'text/plain; version=0.0.4; charset=utf-8'))
        samples, kinds = {}, {}
        for line in text.splitlines():
            if line.startswith('# TYPE '):
                _, _, name, kind = line.split()
                self.assertNotIn(name, kinds)
                kinds[name] = kind
            elif not line.startswith('#'):
                name, value = line.rsplit(' ', 1)
                self.assertNotIn(name, samples)
                samples[name] = float(value)
        for name in samples:
            self.assertTrue(any(name.startswith(known) for known in kinds), name)
        labels = f'{{device="{GPU}",id="10de:2484"'
        self.assertEqual(samples[f'kubevirt_gpu_hook_device_readiness{labels}}}'], 1)
        self.assertEqual(samples[f'kubevirt_gpu_hook_check_verdict{labels},check="driver"}}'], 3)
        self.assertEqual(samples[f'kubevirt_gpu_hook_check_verdict{labels},check="config-space"}}'], 0)
        prefix = 'kubevirt_gpu_hook_node_hook_'
        self.assertEqual(samples[prefix + 'calls_total{hook_point="PreVMStart"}'], 2)
        self.assertEqual(samples[prefix + 'calls_total{hook_point="PostVMStart"}'], 1)
        self.assertEqual(samples[prefix + 'calls_total{hook_point="PreVMStop"}'], 0)
        self.assertEqual(samples[prefix + 'refusals_total{hook_point="PreVMStart"}'], 1)
        self.assertEqual(samples[prefix + 'errors_total{hook_point="PreVMStart"}'], 1)
        self.assertEqual(samples[prefix + 'duration_seconds_count'], 3)
        self.assertEqual(samples[prefix + 'duration_seconds_bucket{le="+Inf"}'], 3)
        buckets = [value for name, value in samples.items() if '_bucket' in name]
        self.assertEqual(buckets, sorted(buckets))
        self.assertAlmostEqual(samples['kubevirt_gpu_hook_checked_timestamp_seconds'], time.time(), delta=30)

    def test_health(self):
        node, port = self.start_pages('--interval', '1', host='')
        self.assertEqual(self.get(port, '/healthz')[:2], (200, 'ok\n'))
        for method, path, status in ('GET', '/', 404), ('GET', '/metrics/', 404), ('GET', '/%2e%2e/metrics', 404), \
                ('POST', '/metrics', 405), ('HEAD', '/metrics', 200), ('GET', '/metrics?x=1', 200):
            self.assertEqual(self.get(port, path, method)[0], status, path)
        (self.sysfs / 'bus/pci/devices').rename(self.sysfs / 'bus/pci/away')
        self.wait_until(lambda: self.get(port, '/healthz')[0] == 503)
        self.assertIn('cannot list the PCI devices', self.get(port, '/healthz')[1])
        # The last that is known, and since when.
        self.assertIn('kubevirt_gpu_hook_device_readiness{', self.get(port, '/metrics')[1])
        (self.sysfs / 'bus/pci/away').rename(self.sysfs / 'bus/pci/devices')
        self.wait_until(lambda: self.get(port, '/healthz')[0] == 200)
        self.assertEqual(node.text.count('cannot list the PCI devices'), 1)

    def test_requests_with_a_body(self):
        _, port = self.start_pages()
        for body in b'x', b'x' * 200_000:
            for method, status, word in ('GET', 200, 'device_readiness{'), ('POST', 405, 'GET and HEAD only'):
                got = self.get(port, '/metrics', method, body)
                self.assertEqual(got[0], status)
                self.assertIn(word, got[1])

    def test_slow_connections(self):
        """Who opens many and says nothing takes no room from others."""
        _, port = self.start_pages(host='')
        with contextlib.ExitStack() as slow:
            for _ in range(16):
                slow.enter_context(socket.create_connection(('127.0.0.1', port), 10, ('127.0.0.2', 0)))
            begin = time.monotonic()
            self.assertEqual(self.get(port, '/metrics')[0], 200)
            self.assertLess(time.monotonic() - begin, 5)  # half of what silent connections are given

    def test_without_ipv6(self):
        _, port = self.start_pages(host='', wrapper=WITHOUT_IPV6)
        self.assertEqual(self.get(port, '/healthz')[:2], (200, 'ok\n'))

    def test_an_address_in_use(self):
        """The hook is there all the same."""
        with socket.create_server(('127.0.0.1', 0)) as other:
            node = self.start_node('--listen', f'127.0.0.1:{other.getsockname()[1]}', case='driver-host')
            node.wait_for_log('the node hook runs without /healthz and /metrics')
            self.kubelet.pods = [pod(POD, 'vms', {RESOURCE: [GPU]})]
            with self.assertStatus('FAILED_PRECONDITION', 'driver: '):
                execute(self.socket, ONE)
        first, second = [line for line in node.logs() if 'listen' in line['msg']]
        self.assertIn(str(self.socket), first['msg'])
        self.assertEqual(second['level'], 'error')
        self.assertIn('Address already in use', second['msg'])

    def test_features(self):
        features = self.folder / 'features'
        features.write_text('kubevirt-gpu-hook.old=1\n')
        self.start_node('--features', features, '--interval', '1')
        self.assertIn('kubevirt-gpu-hook.10de-2484.ready=1\n', features.read_text())
        self.assertNotIn('old', features.read_text())
        (self.sysfs / 'bus/pci/devices' / GPU / 'power_state').write_text('error\n')
        self.wait_until(lambda: 'kubevirt-gpu-hook.ready=false' in features.read_text())

    def test_features_expire(self):
        """So that a node where nobody looks any more loses its labels."""
        features = self.folder / 'features'

        def expiry():
            line = features.read_text().splitlines()[0]
            return datetime.datetime.strptime(line, '# +expiry-time=%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=datetime.timezone.utc)

        for interval, ahead in (120, 600), (1, 300):
            node = self.start_node('--features', features, '--interval', interval)
            first = expiry()
            self.assertAlmostEqual(first.timestamp(), time.time() + ahead, delta=30)
            if interval > 1:
                self.assertEqual(node.stop(), 0)
        self.wait_until(lambda: expiry() > first)

    def test_features_that_cannot_be_written(self):
        """What was seen is told all the same."""
        features = self.folder / 'none' / 'features'
        node, port = self.start_pages('--features', features, '--interval', '1')
        status, text, _ = self.get(port, '/healthz')
        self.assertEqual(status, 503)
        self.assertIn(f'cannot write {features}: No such file or directory', text)
        text = self.get(port, '/metrics')[1]
        self.assertIn('kubevirt_gpu_hook_device_readiness{', text)
        self.assertNotIn('kubevirt_gpu_hook_checked_timestamp_seconds 0\n', text)
        features.parent.mkdir()
        self.wait_until(lambda: self.get(port, '/healthz')[0] == 200)
        self.assertIn('kubevirt-gpu-hook.ready=', features.read_text())
        self.assertEqual(node.text.count('cannot write'), 1)

    def test_wrong_usage(self):
        for options, code, word in (((), 64, 'nothing to do'), (('--socket', 'relative'), 64, '--socket'),
                                    (('--listen', '9400'), 64, '--listen'), (('--listen', 'localhost:1'), 64, '--listen'),
                                    (('--listen', '1.2.3.4:0'), 64, '--listen'), (('--listen', ':70000'), 64, '--listen'),
                                    (('--socket', '/x/y.sock', '--interval', '0'), 64, '--interval'),
                                    (('--socket', '/x/y.sock', '--compute-dir', '/x'), 64, 'compute-dir'),
                                    (('--socket', '/x/y.sock'), 1, 'cannot listen on /x/y.sock'),
                                    (('--listen', '203.0.113.7:9400'), 1, 'cannot listen on 203.0.113.7:9400')):
            done = subprocess.run([sidecar.hook, 'node', *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=20)
            self.assertEqual(done.returncode, code, (options, done.stderr))
            self.assertIn(word, done.stderr)

    def test_without_a_socket(self):
        """Metrics and features alone, where there is no KubeVirt 1.9."""
        port = self.port()
        write(self.sysfs, hosts.CASES['healthy']['tree'])
        process = subprocess.Popen([sidecar.hook, 'node', '--sysfs', self.sysfs, '--listen', f'127.0.0.1:{port}'],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def answers():
                try:
                    return self.get(port, '/healthz')[0] == 200
                except OSError:
                    return False
            self.wait_until(answers)
        finally:
            process.terminate()
        self.assertEqual(process.wait(20), 0)
