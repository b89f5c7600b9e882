"""The heaps of HDF5 files, which hold texts: whether libhdf5 would go round in circles in one.

It does where damage leaves an object that is free and of no length. What refers to a heap is not
looked at: a damaged length in it may still take 4 GB for some seconds before it is refused.
"""

import mmap
import struct
from pathlib import Path

__all__ = ["check_heaps"]

MARK = b"GCOL\x01"
# After the mark and three bytes: size of a heap. Of an object: number, references, 4 bytes, size.
HEAD, OBJECT = struct.Struct("<8xQ"), struct.Struct("<HH4xQ")
FREE = 0  # a number
# In larger files, which take seconds to look through, heaps are not checked.
MOST_BYTES = 2**30


def check_heaps(path: Path) -> None:
    """Raise ValueError if a heap does not end."""
    if not 0 < path.stat().st_size <= MOST_BYTES:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = content.find(MARK)
        while begin >= 0:
            _check(content, begin)
            begin = content.find(MARK, begin + 1)


def _check(content: mmap.mmap, begin: int) -> None:
    if begin + HEAD.size > len(content):
        return
    (size,) = HEAD.unpack_from(content, begin)
    place, end = begin + HEAD.size, min(begin + size, len(content))
    while place + OBJECT.size <= end:
        number, _, n_bytes = OBJECT.unpack_from(content, place)
        step = n_bytes if number == FREE else OBJECT.size + -(-n_bytes // 8) * 8
        if step == 0 or place + step > end:
            raise ValueError("its texts are damaged")
        place += step
