"""The codec itself, against the examples of the protobuf documentation."""

import unittest

import wire


class Wire(unittest.TestCase):
    def test_documented_examples(self):
        self.assertEqual(wire.encode((1, 150)), bytes.fromhex('089601'))
        self.assertEqual(wire.encode((2, 'testing')), bytes.fromhex('120774657374696e67'))

    def test_decodes_what_it_encodes(self):
        message = wire.encode((1, b''), (2, b'\0\xff' * 300), (2, 'again'), (300, 1 << 63))
        self.assertEqual(wire.decode(message), {1: [b''], 2: [b'\0\xff' * 300, b'again'], 300: [1 << 63]})

    def test_fixed_fields_are_passed_over(self):
        self.assertEqual(wire.decode(b'\x0d1234\x1112345678\x18\x01'), {1: [b'1234'], 2: [b'12345678'], 3: [1]})

    def test_nonsense_is_refused(self):
        for message in b'\x0a\x05abc', b'\x08', b'\x08' + b'\xff' * 11, b'\x0b', b'\x0d123':
            with self.subTest(message=message), self.assertRaises(ValueError):
                wire.decode(message)
