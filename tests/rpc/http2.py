"""Just enough raw HTTP/2 to be a bad client: calls that stop half-way, and frames that make no sense."""

import socket
import struct

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, SETTINGS = 0, 1, 4
END_HEADERS = 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags, stream, payload):
    """One HTTP/2 frame."""
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


def literal(name, value):
    """One header, spelled out: no table, no Huffman code."""
    return b'\0' + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def connect(path, *parts):
    """A connection over which PARTS were sent; to be closed by the caller."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    client.sendall(b''.join(parts))
    return client


def half_a_call(path, method, announced, sent, settings=b''):
    """A call of METHOD that announces a request of so many bytes and has sent only SENT of it."""
    headers = b''.join(literal(name, value) for name, value in (
        (':method', 'POST'), (':scheme', 'http'), (':path', method), (':authority', 'localhost'),
        ('content-type', 'application/grpc'), ('te', 'trailers')))
    message = struct.pack('>BI', 0, announced) + sent
    return connect(path, PREFACE, frame(SETTINGS, 0, 0, settings), frame(HEADERS, END_HEADERS, 1, headers),
                   frame(DATA, 0, 1, message))


def unread_call(path, method):
    """A call of METHOD, with an empty request, whose reply the client has no room for: its window is 0."""
    return half_a_call(path, method, 0, b'', struct.pack('>HI', INITIAL_WINDOW_SIZE, 0))
