"""The protobuf wire format by hand, as much of it as the hook API needs: nothing shared with the code under test."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(number):
    """NUMBER in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(*fields):
    """The message of (field number, value) pairs in their order; a value is an int, a str or bytes."""
    out = []
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3 | VARINT), varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | BYTES), varint(len(value)), value
    return b''.join(out)


def decode(message):
    """The message as {field number: [value, ...]}; ValueError where it is not one."""
    fields, at = {}, 0
    while at < len(message):
        key, at = _varint_at(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint_at(message, at)
        else:
            if kind == BYTES:
                size, at = _varint_at(message, at)
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise ValueError(f'wire type {kind} of field {number}')
            if size > len(message) - at:
                raise ValueError(f'field {number} is cut off')
            value, at = message[at:at + size], at + size
        fields.setdefault(number, []).append(value)
    return fields


def _varint_at(message, at):
    number = shift = 0
    while True:
        if at == len(message) or shift > 63:
            raise ValueError('a number without end')
        number |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] < 0x80:
            return number, at
