"""Recordings in memory-mapped files, which must not fill the memory."""

import mmap

import numpy as np

from conv_denoiser._checks.arrays import FLOAT_TYPES
from conv_denoiser._typing import RawArray
from conv_denoiser.recording.protocols import Series

__all__ = ["BLOCK", "check_out", "release_pages"]

# Values that are checked together.
BLOCK = 2**20


def release_pages(array: object) -> None:
    """Release the memory that holds what was read or written of a memory map.

    The system would do so too, but only when memory becomes scarce; the file keeps everything. A
    map in copy-on-write mode is left alone, as its changes would be lost.
    """
    is_file = isinstance(array, np.memmap) and array.mode in ("r", "r+", "w+")
    if not is_file or not hasattr(mmap, "MADV_DONTNEED"):
        return
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def check_out(out: object, recording: Series) -> None:
    """Raise ValueError if a denoised recording cannot be written to `out`."""
    shape = tuple(recording.shape)
    found, dtype = getattr(out, "shape", None), getattr(out, "dtype", None)
    # In any order of bytes.
    is_float = isinstance(dtype, np.dtype) and dtype.newbyteorder("=") in FLOAT_TYPES
    if found != shape or not is_float:
        raise ValueError(
            f"out must be a float32 or float64 array of the recording's shape {shape}. Got "
            f"{type(out).__name__} of shape {found} and dtype {dtype}."
        )
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise ValueError("out is read-only. Open a memory map with mode='r+' or 'w+'.")
    if not (isinstance(out, np.ndarray) and isinstance(recording, np.ndarray)):
        return
    if np.shares_memory(out, recording) and not _same_memory(out, recording):
        raise ValueError(
            "out shares some of its memory with the recording, which would be overwritten before "
            "it is read. Pass the recording itself, or an array with memory of its own."
        )


def _same_memory(a: RawArray, b: RawArray) -> bool:
    return a.ctypes.data == b.ctypes.data and a.strides == b.strides and a.dtype == b.dtype
