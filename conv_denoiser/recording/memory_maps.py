"""Recordings that lie in files, and how little memory they may take."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import FLOAT_TYPES

__all__ = ["BLOCK", "check_out", "release_pages"]

# Values that are looked at together.
BLOCK = 2**20


def release_pages(array: Any) -> None:
    """Take what was read or written of a memory map out of this process's memory.

    The system would do so too, but only when memory becomes scarce; the file keeps everything. Of a
    map in copy-on-write mode, changes would be lost.
    """
    is_file = isinstance(array, np.memmap) and array.mode in ("r", "r+", "w+")
    if not is_file or not hasattr(mmap, "MADV_DONTNEED"):
        return
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def check_out(out: Any, recording: Any) -> None:
    """Raise ValueError if a denoised recording cannot be written to `out`."""
    shape = tuple(recording.shape)
    found, dtype = getattr(out, "shape", None), getattr(out, "dtype", None)
    if found != shape or dtype not in FLOAT_TYPES:
        raise ValueError(
            f"out must be a float32 or float64 array of the recording's shape {shape}. Got "
            f"{type(out).__name__} of shape {found} and dtype {dtype}."
        )
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise ValueError("out is read-only. Open a memory map with mode='r+' or 'w+'.")
    both_arrays = isinstance(out, np.ndarray) and isinstance(recording, np.ndarray)
    if both_arrays and np.shares_memory(out, recording) and not _same_memory(out, recording):
        raise ValueError(
            "out shares some of its memory with the recording, which would be overwritten before "
            "it is read. Pass the recording itself, or memory of its own."
        )


def _same_memory(a: NDArray[Any], b: NDArray[Any]) -> bool:
    places = [(x.__array_interface__["data"], x.strides, x.dtype) for x in (a, b)]
    return places[0] == places[1]
