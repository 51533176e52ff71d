"""Reads MessagePack, as far as our own messages go."""
import struct

NUMBERS = {0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q", 0xca: ">f", 0xcb: ">d"}
LENGTHS = {0xc4: (">B", "bin"), 0xc5: (">H", "bin"), 0xc6: (">I", "bin"), 0xd9: (">B", "str"), 0xda: (">H", "str"),
           0xdb: (">I", "str"), 0xdc: (">H", "array"), 0xdd: (">I", "array"), 0xde: (">H", "map"), 0xdf: (">I", "map")}
CONSTANTS = {0xc0: None, 0xc2: False, 0xc3: True}


def decode(data):
    """The one value in `data`."""
    value, end = _value(data, 0)
    if end != len(data):
        raise ValueError("%d bytes too many" % (len(data) - end))
    return value


def _value(data, at):
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    if first >= 0xe0:
        return first - 256, at
    if first in CONSTANTS:
        return CONSTANTS[first], at
    if first in NUMBERS:
        size = struct.calcsize(NUMBERS[first])
        return struct.unpack(NUMBERS[first], data[at:at + size])[0], at + size
    if first < 0x90:
        kind, length = "map", first & 0x0f
    elif first < 0xa0:
        kind, length = "array", first & 0x0f
    elif first < 0xc0:
        kind, length = "str", first & 0x1f
    else:
        form, kind = LENGTHS[first]
        size = struct.calcsize(form)
        length = struct.unpack(form, data[at:at + size])[0]
        at += size
    if kind in ("bin", "str"):
        piece = data[at:at + length]
        return (piece if kind == "bin" else piece.decode()), at + length
    if kind == "array":
        items = []
        for _ in range(length):
            item, at = _value(data, at)
            items.append(item)
        return items, at
    pairs = {}
    for _ in range(length):
        key, at = _value(data, at)
        pairs[key], at = _value(data, at)
    return pairs, at
