"""The document's API server, for the programs in commands/ that stand in for controllers."""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 10
VMS, DEVICES = '/apis/kubevirt.io/v1', '/apis/devices.harvesterhci.io/v1beta1'


def api(method, path, value=None):
    """What the server answers. A patch is a merge patch; APPLY makes the object where there is none."""
    server = json.loads(Path(os.environ['KUBECONFIG']).read_text())['clusters'][0]['cluster']['server']
    kind = {'PATCH': 'merge-patch+json', 'APPLY': 'apply-patch+yaml'}.get(method, 'json')
    request = urllib.request.Request(server + path, method='PATCH' if method == 'APPLY' else method,
                                     headers={'Content-Type': f'application/{kind}'},
                                     data=json.dumps(value).encode() if value is not None else None)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"Error from server ({error.reason}): {json.load(error)['message']}")


def items(path):
    return api('GET', path)['items']


def node():
    """The snapshot that the document is on."""
    return Path(Path(os.environ['NODE_FILE']).read_text().strip())


def node_name():
    return items('/api/v1/nodes')[0]['metadata']['name']
