"""The QEMU arguments of a domain, as libvirt's domxml-to-native writes them."""

import fnmatch
import json
import shlex

# Besides the devices, which `relevant` chooses.
OPTIONS = '-machine', '-cpu', '-fw_cfg', '-display', '-vnc', '-set'
GLOBALS = '*pci-hole64*'


def split(command):
    """The command line as a list of (option, value); value is None where there is none."""
    words = shlex.split(command)
    while not words[0].startswith('-'):
        words.pop(0)  # the environment and the program
    pairs = []
    for word in words:
        if pairs and pairs[-1][1] is None and not word.startswith('-'):
            pairs[-1] = pairs[-1][0], word
        else:
            pairs.append((word, None))
    return pairs


def device(option, value):
    """The properties of a device as libvirt gives them to QEMU, or None for what is no device."""
    return json.loads(value) if option == '-device' and value.startswith('{') else None


def devices(pairs):
    """All of them."""
    return [found for pair in pairs if (found := device(*pair))]


def is_passthrough(properties):
    """A function or mediated device of the host?"""
    return properties['driver'].startswith('vfio-pci')


def relevant(pairs):
    """The arguments that our edits decide, one a line in QEMU's order: passthrough devices and their neighbours on the
    same bus, its port, video devices, and the options above."""
    buses = {found.get('bus') for found in devices(pairs) if is_passthrough(found)}
    lines = []
    for option, value in pairs:
        found = device(option, value)
        if found:
            chosen = (found.get('bus') in buses or found['id'] in buses or found['id'].startswith('video') or
                      is_passthrough(found))
        else:
            chosen = option in OPTIONS or (option == '-global' and fnmatch.fnmatch(value, GLOBALS))
        if chosen:
            lines.append(f'{option} {value}\n')
    return ''.join(lines)
