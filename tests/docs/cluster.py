"""A small stand-in for a cluster's API server, for the real kubectl: what is created is kept, and shown again.

It has discovery, create, get, list, watch, patch, delete, tables as `kubectl get` prints them, the logs of pods, and of
KubeVirt's admission the gate of hook sidecars. Kinds are rows of KINDS. Times and ages are always the same.
"""

import copy
import json
import re
import shutil
import subprocess
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import protobuf
import yaml

HERE = Path(__file__).resolve().parent
DEBIAN = HERE.parent.parent / 'build/deps/kubectl-trixie/usr/bin/kubectl'
SIDECARS = 'hooks.kubevirt.io/hookSidecars'
LOG = 'tests.example/log-'  # the annotation of a pod with a container's log
TIME, AGE = '2026-11-25T10:00:00Z', '2m'


def at(thing, path, default=''):
    """What stands at a dotted path."""
    for step in path.split('.'):
        thing = thing.get(step) if isinstance(thing, dict) else None
    return default if thing is None else thing


def column(path, default=''):
    return lambda thing: str(at(thing, path, default))


AGES = ('AGE', lambda thing: AGE)
# Group, version, plural, kind, whether it is of a namespace, short names, and what `get` shows beside the name.
KINDS = (
    ('', 'v1', 'namespaces', 'Namespace', False, ('ns',), (('STATUS', lambda _: 'Active'), AGES)),
    ('', 'v1', 'nodes', 'Node', False, ('no',), (('STATUS', lambda _: 'Ready'), AGES)),
    ('', 'v1', 'pods', 'Pod', True, ('po',), (
        ('READY', column('status.ready', '1/1')), ('STATUS', column('status.phase', 'Pending')), ('RESTARTS', lambda _: '0'), AGES)),
    ('', 'v1', 'configmaps', 'ConfigMap', True, ('cm',), (
        ('DATA', lambda thing: str(len(at(thing, 'data', {})) + len(at(thing, 'binaryData', {})))), AGES)),
    ('', 'v1', 'secrets', 'Secret', True, (), (AGES,)),
    ('', 'v1', 'services', 'Service', True, ('svc',), (AGES,)),
    ('', 'v1', 'serviceaccounts', 'ServiceAccount', True, ('sa',), (AGES,)),
    ('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', True, ('pvc',), (AGES,)),
    ('', 'v1', 'events', 'Event', True, ('ev',), (
        ('TYPE', column('type')), ('REASON', column('reason')),
        ('OBJECT', lambda thing: f"{at(thing, 'involvedObject.kind').lower()}/{at(thing, 'involvedObject.name')}"),
        ('MESSAGE', column('message')))),
    ('apps', 'v1', 'daemonsets', 'DaemonSet', True, ('ds',), (AGES,)),
    ('apps', 'v1', 'deployments', 'Deployment', True, ('deploy',), (AGES,)),
    ('batch', 'v1', 'jobs', 'Job', True, (), (AGES,)),
    ('coordination.k8s.io', 'v1', 'leases', 'Lease', True, (), (AGES,)),
    ('resource.k8s.io', 'v1', 'deviceclasses', 'DeviceClass', False, (), (AGES,)),
    ('resource.k8s.io', 'v1', 'resourceclaims', 'ResourceClaim', True, (), (AGES,)),
    ('resource.k8s.io', 'v1', 'resourceclaimtemplates', 'ResourceClaimTemplate', True, (), (AGES,)),
    ('rbac.authorization.k8s.io', 'v1', 'roles', 'Role', True, (), (AGES,)),
    ('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', True, (), (AGES,)),
    ('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', False, (), (AGES,)),
    ('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', False, (), (AGES,)),
    ('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicies', 'MutatingAdmissionPolicy', False, (), (AGES,)),
    ('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding', False, (), (AGES,)),
    ('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', False, (), (AGES,)),
    ('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', False, (),
     (AGES,)),
    ('kubevirt.io', 'v1', 'kubevirts', 'KubeVirt', True, ('kv', 'kvs'), (AGES, ('PHASE', lambda _: 'Deployed'))),
    ('kubevirt.io', 'v1', 'virtualmachines', 'VirtualMachine', True, ('vm', 'vms'), (
        AGES, ('STATUS', column('status.printableStatus', 'Stopped')), ('READY', column('status.ready', 'False')))),
    ('kubevirt.io', 'v1', 'virtualmachineinstances', 'VirtualMachineInstance', True, ('vmi', 'vmis'), (
        AGES, ('PHASE', column('status.phase')), ('NODENAME', column('status.nodeName')))),
    ('plugin.kubevirt.io', 'v1alpha1', 'plugins', 'Plugin', False, (), (AGES,)),
    ('devices.harvesterhci.io', 'v1beta1', 'pcidevices', 'PCIDevice', False, (), (
        ('ADDRESS', column('status.address')), ('VENDOR ID', column('status.vendorId')), ('DEVICE ID', column('status.deviceId')),
        ('NODE NAME', column('status.nodeName')), ('DESCRIPTION', column('status.description')),
        ('KERNEL DRIVER IN USE', column('status.kernelDriverInUse')))),
    ('devices.harvesterhci.io', 'v1beta1', 'pcideviceclaims', 'PCIDeviceClaim', False, (), (
        ('ADDRESS', column('spec.address')), ('NODE NAME', column('spec.nodeName')), ('USER NAME', column('spec.userName')),
        ('PASSTHROUGH ENABLED', lambda thing: str(at(thing, 'status.passthroughEnabled', False)).lower()))),
    ('devices.harvesterhci.io', 'v1beta1', 'vgpudevices', 'VGPUDevice', False, (), (AGES,)),
    ('devices.harvesterhci.io', 'v1beta1', 'sriovgpudevices', 'SRIOVGPUDevice', False, (), (AGES,)),
    ('devices.harvesterhci.io', 'v1beta1', 'migconfigurations', 'MigConfiguration', False, (), (AGES,)),
    ('harvesterhci.io', 'v1beta1', 'addons', 'Addon', True, (), (
        ('HELMREPO', column('spec.repo')), ('CHARTNAME', column('spec.chart')),
        ('ENABLED', lambda thing: str(at(thing, 'spec.enabled', False)).lower()))),
    ('harvesterhci.io', 'v1beta1', 'settings', 'Setting', False, (), (AGES,)),
    ('management.cattle.io', 'v3', 'managedcharts', 'ManagedChart', True, (), (AGES,)),
    ('nvidia.com', 'v1', 'clusterpolicies', 'ClusterPolicy', False, (), (AGES,)),
)
# What a spec may have, of kinds whose types nobody publishes.
FIELDS = {'PCIDeviceClaim': {'address', 'nodeName', 'userName', 'disableResourcePooling'},
          'Addon': {'repo', 'version', 'chart', 'enabled', 'valuesContent'}}
VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']
STATUS = {404: 'NotFound', 409: 'AlreadyExists', 403: 'Forbidden', 422: 'Invalid', 400: 'BadRequest'}


def kubectl():
    """The kubectl of Debian trixie, which ci/dependencies unpacks, or another one from 1.25 on."""
    if DEBIAN.exists():
        return DEBIAN
    found = shutil.which('kubectl')
    if found:
        done = subprocess.run([found, 'version', '--client', '-o', 'json'], capture_output=True, text=True)
        minor = re.match(r'\d+', json.loads(done.stdout)['clientVersion']['minor']) if done.returncode == 0 else None
        if minor and int(minor[0]) >= 25:
            return found
    raise SystemExit('kubectl comes with ci/dependencies test')


class Refused(Exception):
    def __init__(self, code, message, field=None):
        super().__init__(message)
        self.code, self.field = code, field


# --- patches ----------------------------------------------------------------------------------

def merge(old, new, strategic=False):
    """RFC 7386; of a strategic patch also lists of things with names, one by one."""
    if isinstance(new, dict):
        result = dict(old) if isinstance(old, dict) else {}
        for key, value in new.items():
            if strategic and key.startswith('$'):
                continue
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merge(result.get(key), value, strategic)
        return result
    if strategic and isinstance(old, list) and new and all(isinstance(item, dict) and 'name' in item for item in old + new):
        items = {item['name']: item for item in old}
        for item in new:
            items[item['name']] = merge(items.get(item['name']), item, True)
            if item.get('$patch') == 'delete':
                del items[item['name']]
        return list(items.values())
    return new


def step(place, name):
    return place[int(name) if isinstance(place, list) else name]


def json_patch(thing, operations):
    """RFC 6902's add, replace, remove and test."""
    thing = copy.deepcopy(thing)
    for operation in operations:
        *path, last = [part.replace('~1', '/').replace('~0', '~') for part in operation['path'].split('/')[1:]]
        try:
            place = thing
            for part in path:
                place = step(place, part)
            if operation['op'] == 'add' and isinstance(place, list):
                place.insert(len(place) if last == '-' else int(last), operation['value'])
            elif operation['op'] == 'add':
                place[last] = operation['value']
            elif operation['op'] == 'test':
                if step(place, last) != operation['value']:
                    raise Refused(422, f"testing value {operation['path']} failed: test failed")
            else:
                step(place, last)
                if operation['op'] == 'remove':
                    del place[int(last) if isinstance(place, list) else last]
                else:
                    place[int(last) if isinstance(place, list) else last] = operation['value']
        except (KeyError, IndexError, ValueError, TypeError):
            raise Refused(422, 'the server rejected our request due to an error in our request') from None
    return thing


# --- what is kept -----------------------------------------------------------------------------

class Store:
    def __init__(self):
        self.things, self.version, self.created, self.lock = {}, 0, [], threading.Condition()

    def load(self, name):
        """The objects of clusters/NAME.yaml, in the place of all others."""
        self.things = {}
        for thing in yaml.safe_load_all((HERE / f'clusters/{name}.yaml').read_text()):
            group, _, version = thing['apiVersion'].rpartition('/')
            kind = next(row for row in KINDS if (row[0], row[1], row[3]) == (group, version, thing['kind']))
            self.put(kind, thing['metadata'].get('namespace'), thing, True)

    def find(self, kind, namespace, name):
        key = (kind[0], kind[2], namespace if kind[4] else '', name)
        if key not in self.things:
            suffix = f'.{kind[0]}' if kind[0] else ''
            raise Refused(404, f'{kind[2]}{suffix} "{name}" not found')
        return self.things[key]

    def list(self, kind, namespace):
        return [thing for key, thing in sorted(self.things.items(), key=lambda item: item[0])
                if key[:2] == (kind[0], kind[2]) and namespace in (None, key[2])]

    def put(self, kind, namespace, thing, is_new):
        metadata = thing.setdefault('metadata', {})
        if 'generateName' in metadata and 'name' not in metadata:
            metadata['name'] = f"{metadata['generateName']}{self.version:05x}"
        if kind[4]:
            metadata['namespace'] = namespace
            if kind[3] != 'Event' and ('', 'namespaces', '', namespace) not in self.things:
                raise Refused(404, f'namespaces "{namespace}" not found')
        key = (kind[0], kind[2], namespace if kind[4] else '', metadata['name'])
        if is_new and key in self.things:
            suffix = f'.{kind[0]}' if kind[0] else ''
            raise Refused(409, f'{kind[2]}{suffix} "{metadata["name"]}" already exists')
        self.admit(kind, thing)
        self.created.append(without_nulls({'apiVersion': version_of(kind), 'kind': kind[3]} | copy.deepcopy(thing)))
        self.version += 1
        old = self.things.get(key, {}).get('metadata', {})
        metadata |= {'uid': old.get('uid') or str(uuid.uuid5(uuid.NAMESPACE_URL, '/'.join(key))), 'creationTimestamp': TIME,
                     'resourceVersion': str(self.version), 'generation': old.get('generation', 0) + 1}
        if kind[3] == 'DaemonSet':
            thing['spec'].setdefault('updateStrategy', {}).setdefault('type', 'RollingUpdate')
            counts = ('desired', 'current', 'updated')
            thing['status'] = {f'{count}NumberScheduled': 1 for count in counts} | {
                'numberReady': 1, 'numberAvailable': 1, 'numberMisscheduled': 0, 'observedGeneration': metadata['generation']}
            self.add_pod(namespace, metadata['name'], thing['spec']['template'])
        self.things[key] = {'apiVersion': version_of(kind), 'kind': kind[3]} | thing
        return self.things[key]

    def add_pod(self, namespace, name, template):
        """The one pod of a DaemonSet, with an empty log."""
        logs = {LOG + container['name']: '' for container in template['spec']['containers']}
        self.things['', 'pods', namespace, f'{name}-z4v8q'] = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {
            'name': f'{name}-z4v8q', 'namespace': namespace, 'labels': template['metadata']['labels'], 'annotations': logs},
            'spec': template['spec'], 'status': {'phase': 'Running'}}

    def admit(self, kind, thing):
        """The schemas of FIELDS; KubeVirt's webhook: without its gate no VM has hook sidecars."""
        unknown = thing.get('spec', {}).keys() - FIELDS.get(kind[3], thing.get('spec', {}).keys())
        if unknown:
            raise Refused(400, f'{kind[3]} in version "{kind[1]}" cannot be handled as a {kind[3]}: strict decoding error: '
                               f'unknown field "spec.{min(unknown)}"')
        template = thing if kind[3] == 'VirtualMachineInstance' else at(thing, 'spec.template', {})
        if kind[0] != 'kubevirt.io' or SIDECARS not in (at(template, 'metadata.annotations', {}) or {}):
            return
        gates = [gate for key, kubevirt in self.things.items() if key[1] == 'kubevirts'
                 for gate in at(kubevirt, 'spec.configuration.developerConfiguration.featureGates', [])]
        if 'Sidecar' not in gates:
            raise Refused(422, 'sidecar feature gate is not enabled in kubevirt-config, invalid entry '
                               'spec.template.metadata.annotations', 'spec.template.metadata.annotations')


def version_of(kind):
    return f'{kind[0]}/{kind[1]}'.lstrip('/')


def without_nulls(thing):
    if isinstance(thing, dict):
        return {key: without_nulls(value) for key, value in thing.items() if value is not None and key not in ('status', 'managedFields')}
    return [without_nulls(item) for item in thing] if isinstance(thing, list) else thing


def selected(things, query):
    """What the label and field selectors leave."""
    def fits(thing):
        for name, of in (('labelSelector', lambda key: at(thing, 'metadata.labels', {}).get(key)),
                         ('fieldSelector', lambda key: at(thing, key, None))):
            for term in filter(None, query.get(name, '').split(',')):
                key, unequal, value = re.fullmatch(r'([^=!]+)(!?)=?=?(.*)', term).groups()
                told = of(key)
                if '=' not in term:
                    if told is None:
                        return False
                elif (str(told or '') == value) == bool(unequal):
                    return False
        return True
    return [thing for thing in things if fits(thing)]


def table(kind, things):
    names = [('LAST SEEN', lambda _: AGE)] if kind[3] == 'Event' else [('NAME', column('metadata.name'))]
    columns = [*names, *kind[6]]
    return {'kind': 'Table', 'apiVersion': 'meta.k8s.io/v1', 'metadata': {'resourceVersion': '1'},
            'columnDefinitions': [{'name': name, 'type': 'string', 'format': 'name' if name == 'NAME' else '', 'description': '',
                                   'priority': 0} for name, _ in columns],
            'rows': [{'cells': [cell(thing) for _, cell in columns],
                      'object': {'kind': 'PartialObjectMetadata', 'apiVersion': 'meta.k8s.io/v1', 'metadata': thing['metadata']}}
                     for thing in things]}


# --- discovery --------------------------------------------------------------------------------

def groups():
    return {(group, version): None for group, version, *_ in KINDS if group}


def group_list():
    return {'kind': 'APIGroupList', 'apiVersion': 'v1', 'groups': [
        {'name': group, 'versions': [{'groupVersion': f'{group}/{version}', 'version': version}],
         'preferredVersion': {'groupVersion': f'{group}/{version}', 'version': version}} for group, version in groups()]}


def resource_list(group, version):
    return {'kind': 'APIResourceList', 'apiVersion': 'v1', 'groupVersion': f'{group}/{version}'.lstrip('/'), 'resources': [
        {'name': plural, 'singularName': kind.lower(), 'namespaced': namespaced, 'kind': kind, 'verbs': VERBS, 'shortNames': short}
        for g, v, plural, kind, namespaced, short, _ in KINDS if (g, v) == (group, version)]}


def openapi(group, version):
    """As much as tells kubectl that the server looks at fields itself."""
    base = f'/apis/{group}/{version}' if group else f'/api/{version}'
    return {'openapi': '3.0.0', 'info': {'title': 'stand-in', 'version': '1'}, 'paths': {
        f"{base}{'/namespaces/{namespace}' if namespaced else ''}/{plural}/{{name}}": {'patch': {
            'parameters': [{'name': 'fieldValidation', 'in': 'query', 'schema': {'type': 'string'}}], 'responses': {},
            'x-kubernetes-group-version-kind': {'group': group, 'version': version, 'kind': kind}}}
        for g, v, plural, kind, namespaced, *_ in KINDS if (g, v) == (group, version)}}


def discover(path):
    if path == '/version':
        return {'major': '1', 'minor': '32', 'gitVersion': 'v1.32.0', 'platform': 'linux/amd64'}
    if path == '/api':
        return {'kind': 'APIVersions', 'versions': ['v1']}
    if path == '/apis':
        return group_list()
    if path == '/openapi/v3':
        known = [('', 'v1'), *groups()]
        return {'paths': {f'apis/{group}/{version}' if group else f'api/{version}': {
            'serverRelativeURL': f'/openapi/v3/apis/{group}/{version}' if group else f'/openapi/v3/api/{version}'}
            for group, version in known}}
    found = re.fullmatch(r'(/openapi/v3)?/api(?:s/([^/]+))?/([^/]+)', path)
    if found:
        return (openapi if found[1] else resource_list)(found[2] or '', found[3])
    return None


# --- HTTP -------------------------------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def send(self, value, code=200, content_type='application/json'):
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(code)
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length') or 0))
        body = b''
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self):
        url = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        self.body = self.read_body()
        try:
            with self.server.store.lock:
                self.respond(url.path)
        except Refused as refused:
            self.send({'kind': 'Status', 'apiVersion': 'v1', 'status': 'Failure', 'message': str(refused),
                       'reason': STATUS[refused.code], 'code': refused.code,
                       'details': {'causes': [{'message': str(refused), 'field': refused.field}]} if refused.field else None},
                      refused.code)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def respond(self, path):
        if self.command == 'POST' and path.startswith('/cluster/'):
            self.server.store.load(path.removeprefix('/cluster/'))
            self.send('', content_type='text/plain')
            return
        found = discover(path) if self.command == 'GET' else None
        if found:
            self.send(found)
            return
        found = re.fullmatch(r'/api(?:s/([^/]+))?/([^/]+)(?:/namespaces/([^/]+))?(?:/([^/]+))(?:/([^/]+))?(?:/([^/]+))?', path)
        if re.fullmatch(r'/api/v1/namespaces/[^/]+', path):
            found = re.fullmatch(r'/api()/(v1)()/(namespaces)/([^/]+)()', path)
        kind = found and next((row for row in KINDS if row[:3] == (found[1] or '', found[2], found[4])), None)
        if not kind:
            raise Refused(404, 'the server could not find the requested resource')
        self.take(kind, found[3] or None, found[5] or None, found[6] or None)

    def value(self):
        try:
            if self.body.startswith(protobuf.MAGIC):
                return protobuf.decode(self.body)
            return json.loads(self.body)
        except ValueError as error:
            raise Refused(400, f'the stand-in cannot read this: {error}') from None

    def take(self, kind, namespace, name, part):
        store = self.server.store
        value = self.value() if self.command in ('POST', 'PUT', 'PATCH') else {}
        if part == 'log':
            pod = store.find(kind, namespace, name)
            container = self.query.get('container', 'compute')
            log = pod['metadata'].get('annotations', {}).get(LOG + container)
            if log is None:
                raise Refused(400, f'container {container} is not valid for pod {name}')
            # Of pods that a label selects kubectl asks for the last ten lines alone, unless told otherwise.
            last = int(self.query.get('tailLines', -1))
            self.send(''.join(log.splitlines(True)[-last:] if last > 0 else log if last else ''), content_type='text/plain')
        elif self.command == 'GET' and self.query.get('watch') in ('1', 'true'):
            self.watch(kind, selected(store.list(kind, namespace), self.query))
        elif self.command == 'GET':
            things = [store.find(kind, namespace, name)] if name else selected(store.list(kind, namespace), self.query)
            if 'as=Table' in self.headers.get('Accept', ''):
                self.send(table(kind, things))
            else:
                self.send(things[0] if name else {'kind': f'{kind[3]}List', 'apiVersion': version_of(kind),
                                                  'metadata': {'resourceVersion': '1'}, 'items': things})
        elif self.command == 'POST':
            self.keep(kind, namespace, value, True, 201)
        elif self.command == 'PUT':
            self.keep(kind, namespace, value, False, 200)
        elif self.command == 'PATCH':
            self.patch(kind, namespace, name, value)
        else:
            thing = store.find(kind, namespace, name)
            store.things = {key: other for key, other in store.things.items() if other is not thing}
            self.send({'kind': 'Status', 'apiVersion': 'v1', 'status': 'Success'})

    def patch(self, kind, namespace, name, value):
        content_type = self.headers['Content-Type'].split(';')[0]
        try:
            old = self.server.store.find(kind, namespace, name)
        except Refused:
            if content_type != 'application/apply-patch+yaml':
                raise
            old = {}
        if content_type == 'application/json-patch+json':
            new = json_patch(old, value)
        else:
            new = merge(old, value, content_type != 'application/merge-patch+json')
        self.keep(kind, namespace, new, False, 200 if old else 201)

    def keep(self, kind, namespace, thing, is_new, code):
        if self.query.get('dryRun'):
            self.send(thing, code)
            return
        self.send(self.server.store.put(kind, namespace, copy.deepcopy(thing), is_new), code)

    def watch(self, kind, things):
        """What is there; nothing follows, and kubectl asks again if it wants more."""
        self.send(''.join(json.dumps({'type': 'ADDED', 'object': thing}) + '\n' for thing in things))


class Cluster:
    """A server of a document's own, on a free port of this machine, and the file that tells kubectl."""

    def __init__(self, folder):
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.store = self.server.store = Store()
        self.config = folder / 'kubeconfig'
        url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self.config.write_text(json.dumps({
            'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'docs', 'users': [{'name': 'you', 'user': {}}],
            'clusters': [{'name': 'docs', 'cluster': {'server': url}}],
            'contexts': [{'name': 'docs', 'context': {'cluster': 'docs', 'user': 'you'}}]}))
        self.store.load('kubevirt')
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def created(self):
        return self.store.created

    def close(self):
        self.server.shutdown()
        self.server.server_close()
