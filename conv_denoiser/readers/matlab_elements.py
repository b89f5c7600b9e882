"""The elements of MATLAB files of version 5: whether they are what SciPy takes them for.

SciPy looks up the type of each element without a check, so that a damaged file can end the process.
"""

import math
import struct
import zlib
from pathlib import Path

from conv_denoiser.readers.libraries import MAX_EXPANSION

__all__ = ["COMPRESSED", "HEADER", "LITTLE", "check_elements", "end_of"]

# Length of the header of a file, and its last bytes in the usual order.
HEADER, LITTLE, BIG = 128, b"IM", b"MI"
MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32, UTF8 = 1, 5, 6, 16
NUMBERS = frozenset({*range(1, 8), 9, 12, 13})
LEAVES = NUMBERS | {UTF8, 17, 18}
NAMES = ([INT8], [UTF8])
# Classes of arrays.
CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION, OPAQUE = 1, 2, 3, 4, 5, 16, 17
NUMERIC = range(6, 16)
COMPLEX = 0x0800  # a flag
SMALL = 4  # bytes
DEEPEST = 50


def check_elements(file: Path) -> None:
    """Raise ValueError where the elements of a file do not fit into each other."""
    content = memoryview(file.read_bytes())
    if 0 in content[:4]:  # a file of version 4, which has no elements
        return
    mark = bytes(content[HEADER - 2 : HEADER])
    if mark not in (LITTLE, BIG):
        raise ValueError("it is not a MATLAB file")
    order = "<" if mark == LITTLE else ">"
    begin = HEADER
    while begin < len(content):
        kind, first, last = _tag(content, begin, order)
        if kind == COMPRESSED:
            _check(_decompressed(content[first:last]), order, 0)
        elif kind == MATRIX:
            _check(content[first:last], order, 1)
        else:
            raise ValueError(f"an element of type {kind} stands alone")
        begin = last


def end_of(content: bytes, begin: int) -> int:
    """Return where an element of a file in the usual order of bytes ends."""
    return _tag(memoryview(content), begin, "<")[2]


def _check(content: memoryview, order: str, depth: int) -> None:
    """Check a row of elements, which are those of an array if they are nested in one."""
    if depth > DEEPEST:
        raise ValueError("its elements are nested too deeply")
    kinds, parts, begin = [], [], 0
    while begin < len(content):
        kind, first, last = _tag(content, begin, order)
        if kind == MATRIX:
            _check(content[first:last], order, depth + 1)
        elif kind not in LEAVES:
            raise ValueError(f"an element is of the unknown type {kind}")
        kinds.append(kind)
        parts.append(content[first:last])
        begin += 8 if first - begin == SMALL else 8 + -(-(last - first) // 8) * 8
    if depth and kinds and not _is_array(kinds, parts, order):
        raise ValueError("an array does not have the parts that it says")


def _is_array(kinds: list[int], parts: list[memoryview], order: str) -> bool:
    """Tell whether elements are those of an array: flags, shape, name, and what its class has."""
    if kinds[0] != UINT32 or len(parts[0]) != 8:
        return False
    (flags,) = struct.unpack_from(f"{order}I", parts[0])
    array_class, is_complex = flags & 0xFF, bool(flags & COMPLEX)
    if array_class == OPAQUE:
        return True
    if (
        kinds[1:2] not in ([INT32], [UINT32])
        or len(parts[1]) < 8
        or len(parts[1]) % 4
        or kinds[2:3] not in NAMES
    ):
        return False
    shape = struct.unpack(f"{order}{len(parts[1]) // 4}i", parts[1])
    n_cells = math.prod(shape)
    if min(shape) < 0:
        return False
    rest = kinds[3:]
    if array_class == CELL:
        return len(rest) == n_cells and set(rest) <= {MATRIX}
    if array_class in (STRUCT, OBJECT):
        return _is_structure(rest, parts[3:], n_cells, order, array_class == OBJECT)
    if array_class == FUNCTION:
        return rest == [MATRIX]
    if array_class == CHAR:
        return len(rest) == 1 and rest[0] in LEAVES
    n_parts = (3 if array_class == SPARSE else 1) + is_complex
    is_known = array_class == SPARSE or array_class in NUMERIC
    return is_known and len(rest) == n_parts and NUMBERS.issuperset(rest)


def _is_structure(
    kinds: list[int], parts: list[memoryview], n_cells: int, order: str, is_object: bool
) -> bool:
    """Tell whether elements are the names of fields, and so many fields of so many structures."""
    if is_object:  # the name of its class is first
        if kinds[:1] not in NAMES:
            return False
        kinds, parts = kinds[1:], parts[1:]
    if kinds[:1] != [INT32] or len(parts[0]) != 4 or kinds[1:2] not in NAMES:
        return False
    (length,) = struct.unpack(f"{order}i", parts[0])
    if length < 1 or len(parts[1]) % length:
        return False
    n_fields = n_cells * (len(parts[1]) // length)
    return len(kinds) == 2 + n_fields and set(kinds[2:]) <= {MATRIX}


def _tag(content: memoryview, begin: int, order: str) -> tuple[int, int, int]:
    """Return the type of an element, and where its data begin and end.

    Data of up to four bytes share the eight bytes of the tag.
    """
    if len(content) - begin < 8:
        raise ValueError("it ends within an element")
    kind, n_bytes = struct.unpack_from(f"{order}II", content, begin)
    first = begin + 8
    if kind >> 16:
        kind, n_bytes, first = kind & 0xFFFF, kind >> 16, begin + SMALL
        if n_bytes > SMALL:
            raise ValueError("an element is longer than its place")
    if n_bytes > len(content) - first:
        raise ValueError("it ends within an element")
    return kind, first, first + n_bytes


def _decompressed(content: memoryview) -> memoryview:
    decompressor = zlib.decompressobj()
    limit = MAX_EXPANSION * len(content) + 1
    return memoryview(decompressor.decompress(content, limit))
