"""The few objects that `kubectl create KIND` sends as protobuf, whatever the server prefers, as JSON has them."""

import base64

# Of each message: a field's number, its name in JSON, and what it is: text, bytes, a map of either, or another message.
METADATA = {1: ('name', 'text'), 2: ('generateName', 'text'), 3: ('namespace', 'text'), 11: ('labels', {'text'}),
            12: ('annotations', {'text'})}
KINDS = {
    'Namespace': {1: ('metadata', METADATA)},
    'ConfigMap': {1: ('metadata', METADATA), 2: ('data', {'text'}), 3: ('binaryData', {'bytes'})},
    'Secret': {1: ('metadata', METADATA), 2: ('data', {'bytes'}), 3: ('type', 'text')},
    'ServiceAccount': {1: ('metadata', METADATA)},
}
ENVELOPE = {1: ('typeMeta', {1: ('apiVersion', 'text'), 2: ('kind', 'text')}), 2: ('raw', 'raw')}
MAGIC = b'k8s\0'


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """(number, bytes) of each field that has a length; numbers have no meaning for us."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        size, at = varint(data, at)
        if key & 7 == 2:
            yield key >> 3, data[at:at + size]
            at += size
        elif key & 7:
            raise ValueError(f'wire type {key & 7}')


def scalar(what, data):
    return data if what == 'raw' else base64.b64encode(data).decode() if what == 'bytes' else data.decode()


def message(known, data):
    result = {}
    for number, value in fields(data):
        name, what = known.get(number, (None, None))
        if isinstance(what, set):
            entry = dict(fields(value))
            result.setdefault(name, {})[entry[1].decode()] = scalar(*what, entry.get(2, b''))
        elif isinstance(what, dict):
            result[name] = message(what, value)
        elif name and value:
            result[name] = scalar(what, value)
    return result


def decode(body):
    envelope = message(ENVELOPE, body.removeprefix(MAGIC))
    kind = envelope['typeMeta']['kind']
    if kind not in KINDS:
        raise ValueError(f'{kind} as protobuf')
    return envelope['typeMeta'] | message(KINDS[kind], envelope['raw'])
