"""Clients at their worst, in number and in kind: the next proper call works, and what they held is given back."""

import contextlib
import random
import resource
import select
import socket
import struct
import time

import grpc

import http2
import lab
import virt_launcher
from case import WATCHED, HookTestCase, nightly, note

DEFINE = virt_launcher.method('v1alpha3', 'OnDefineDomain')
RST_STREAM, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 3, 6, 7, 8, 9
START = http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0, b'')
HEADERS = b''.join(http2.literal(name, value) for name, value in (
    (':method', 'POST'), (':scheme', 'http'), (':path', virt_launcher.INFO), (':authority', 'localhost'),
    ('content-type', 'application/grpc'), ('te', 'trailers')))


def header(name, size):
    """One header that is not indexed, with a long value."""
    length, value = size - 127, b''
    while length > 127:
        value += bytes([length % 128 + 128])
        length //= 128
    return b'\0' + bytes([len(name)]) + name.encode() + b'\x7f' + value + bytes([length]) + b'v' * size


class Clients(HookTestCase):
    def setUp(self):
        super().setUp()
        self.sidecar, self.hook = self.launch(*WATCHED)
        self.boot(self.hook)
        self.before = self.sidecar.settled_files()

    def tearDown(self):
        """The next proper call works, and nothing of the others is kept."""
        while not virt_launcher.info(self.sidecar.socket):  # it may still be at those who have left
            self.assertIsNone(self.sidecar.process.poll())
        self.boot(self.hook)
        self.sidecar.wait_for_files(self.before)
        super().tearDown()

    def send(self, *parts):
        """Sends what the sidecar takes, reads little of what it says, and leaves."""
        with http2.connect(self.sidecar.socket) as client, contextlib.suppress(OSError):
            client.settimeout(5)
            for part in parts:
                client.sendall(part)
                if select.select([client], [], [], 0)[0]:
                    client.recv(65536)

    def test_gone_at_every_byte(self):
        """A whole call, cut off behind each part of it."""
        call = START + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, HEADERS) + http2.frame(http2.DATA, 1, 1, bytes(5))
        for size in range(0, len(call) + 1):
            self.send(call[:size])

    def test_half_open(self):
        """It has said all it will, and still listens: it gets its reply."""
        with http2.connect(self.sidecar.socket) as client:
            client.sendall(START + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, HEADERS)
                           + http2.frame(http2.DATA, 1, 1, bytes(5)))
            time.sleep(0.2)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(10)
            got = b''
            while part := client.recv(65536):
                got += part
        self.assertIn(b'kubevirt-gpu-hook', got)

    def test_slow(self):
        """One byte at a time, while others are served."""
        with http2.connect(self.sidecar.socket) as client:
            for byte in START + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, HEADERS):
                client.sendall(bytes([byte]))
                time.sleep(0.002)
            self.boot(self.hook)
            client.sendall(http2.frame(http2.DATA, 1, 1, bytes(5)))
            client.settimeout(10)
            got = b''
            while b'kubevirt-gpu-hook' not in got and (part := client.recv(65536)):
                got += part
        self.assertIn(b'kubevirt-gpu-hook', got)

    def test_a_reply_that_nobody_reads(self):
        """Its window is shut, so the reply waits; others do not."""
        closed = http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0, struct.pack('>HI', 4, 0))
        with http2.connect(self.sidecar.socket, closed, http2.frame(http2.HEADERS, http2.END_HEADERS, 1, HEADERS),
                           http2.frame(http2.DATA, 1, 1, bytes(5))):
            time.sleep(0.1)
            self.boot(self.hook)

    def test_frames_of_all_kinds(self):
        """Each type, also unknown ones, with flags, streams and payloads that mean nothing."""
        chance = random.Random(7)
        for _ in range(300):
            frames = [http2.frame(chance.randrange(12), chance.randrange(256), chance.choice((0, 1, 2, 3, 1 << 31)),
                                  chance.randbytes(chance.choice((0, 1, 4, 5, 8, 100)))) for _ in range(5)]
            self.send(START, *frames)

    def test_sizes_that_lie(self):
        """Frames that announce more than they have, up to 16 MiB."""
        for size in b'\0\0\xff', b'\0\x40\x01', b'\xff\xff\xff':
            for kind in range(11):
                self.send(START, size + struct.pack('>BBI', kind, 0, 1) + b'x' * 64)

    def test_oversized_metadata(self):
        """More than gRPC takes: that call fails, not the next."""
        with virt_launcher.dial(self.sidecar.socket) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                channel.unary_unary(virt_launcher.INFO)(b'', metadata=[('x', 'v' * (1 << 20))], timeout=20)
        self.assertNotEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_endless_metadata(self):
        """A header block that never ends: 16 MiB of it, or less if the sidecar has had enough."""
        block = header('x', 16000)
        for _ in range(2):
            self.send(START, http2.frame(http2.HEADERS, 0, 1, HEADERS),
                      *(http2.frame(CONTINUATION, 0, 1, block) for _ in range(1024)))

    def test_rapid_reset(self):
        """Calls that are taken back as soon as they are made (CVE-2023-44487)."""
        for _ in range(5):
            self.send(START, *(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, HEADERS)
                               + http2.frame(RST_STREAM, 0, stream, struct.pack('>I', 8)) for stream in range(1, 4001, 2)))

    def test_pings(self):
        self.send(START, *(http2.frame(PING, 0, 0, bytes(8)) for _ in range(20000)))

    def crowd(self, count, *parts):
        """So many connections at a time, each with the same beginning, as far as the sidecar takes them."""
        taken = 0
        with contextlib.ExitStack() as open_ones:
            for _ in range(count):
                client = open_ones.enter_context(socket.socket(socket.AF_UNIX))
                client.settimeout(0.05)
                with contextlib.suppress(OSError):
                    client.connect(str(self.sidecar.socket))
                    client.sendall(b''.join(parts))
                    taken += 1
        note(f'a crowd of {count}: {taken} got in')
        self.assertGreater(taken, 50)

    def test_a_crowd(self):
        self.crowd(1000, START)

    @nightly
    def test_ten_thousand(self):
        """Mute ones, and those that have begun a call."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(10_000, most[1] - 500)
        resource.setrlimit(resource.RLIMIT_NOFILE, (count + 500, most[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, most)
        for parts in [b''], [START], [START, http2.frame(http2.HEADERS, http2.END_HEADERS, 1, HEADERS)]:
            self.crowd(count, *parts)
