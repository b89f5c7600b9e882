"""Recordings in NumPy's files, which are mapped to memory."""

import os
from pathlib import Path

import numpy as np

from conv_denoiser.readers.recording import Channels, Recording

__all__ = ["allocate", "map_npy", "read_npy"]


def read_npy(path: Path, channel: Channels = None) -> Recording:
    """Map a file, or one channel of it."""
    try:
        samples = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged headers make it stumble in many ways
        raise ValueError(f"{str(path)!r} is not an npy file of numbers: {error}") from error
    return Recording(samples, source=path).channel(channel)


def map_npy(path: Path, recording: Recording) -> np.memmap:
    """Map a new file for the denoised samples of a recording, for which the disk has room."""
    samples = recording.samples
    dtype = np.float32 if samples.dtype == np.float32 else np.float64
    out = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=samples.shape)
    allocate(path)
    return out


def allocate(path: Path) -> None:
    """See that the disk has room for a new file: a write to a map of it ends the process else."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
