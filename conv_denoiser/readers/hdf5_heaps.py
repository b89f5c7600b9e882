"""The heaps of HDF5 files, which hold texts: whether libhdf5 would stumble over one.

It goes round in circles where damage leaves an object that is free and of no length, and takes 4 GB
where what refers to a text claims that it is so long.
"""

import mmap
import struct
from pathlib import Path

__all__ = ["check_heaps"]

MARK = b"GCOL\x01"
# After the mark and three bytes: size of a heap. Of an object: number, references, 4 bytes, size.
HEAD, OBJECT = struct.Struct("<8xQ"), struct.Struct("<HH4xQ")
FREE = 0  # a number
DAMAGED = "its texts are damaged"
# What refers to an object: its length, where its heap is, its number in it. Lengths that no text
# has are looked for in files up to some size.
LENGTH, NUMBER = struct.Struct("<I"), struct.Struct("<I")
ADDRESS = struct.Struct("<Q")
LONG, SMALL = 2**24, 2**26
# In larger files, which take seconds to look through, heaps are not checked.
MOST_BYTES = 2**30


def check_heaps(path: Path) -> None:
    """Raise ValueError if a heap does not end."""
    if not 0 < path.stat().st_size <= MOST_BYTES:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = content.find(MARK)
        while begin >= 0:
            sizes = _sizes(content, begin)
            if len(content) <= SMALL:
                _check_references(content, begin, sizes)
            begin = content.find(MARK, begin + 1)


def _sizes(content: mmap.mmap, begin: int) -> dict[int, int]:
    """Return how many bytes each object of a heap has, by its number."""
    sizes: dict[int, int] = {}
    if begin + HEAD.size > len(content):
        return sizes
    (size,) = HEAD.unpack_from(content, begin)
    place, end = begin + HEAD.size, min(begin + size, len(content))
    while place + OBJECT.size <= end:
        number, _, n_bytes = OBJECT.unpack_from(content, place)
        step = n_bytes if number == FREE else OBJECT.size + -(-n_bytes // 8) * 8
        if step == 0 or place + step > end:
            raise ValueError(DAMAGED)
        sizes[number] = n_bytes
        place += step
    return sizes


def _check_references(content: mmap.mmap, heap: int, sizes: dict[int, int]) -> None:
    """Raise ValueError where an object of a heap is said to be far longer than it is."""
    address = ADDRESS.pack(heap)
    place = content.find(address, LENGTH.size)
    while 0 <= place <= len(content) - ADDRESS.size - NUMBER.size:
        (length,) = LENGTH.unpack_from(content, place - LENGTH.size)
        (number,) = NUMBER.unpack_from(content, place + ADDRESS.size)
        is_aligned = (place - LENGTH.size) % 8 == 0  # as samples of 8 bytes are not
        if is_aligned and length > max(LONG, sizes.get(number, length)):
            raise ValueError(DAMAGED)
        place = content.find(address, place + 1)
