"""Recordings in raw samples: float32, the least significant byte first, and nothing else."""

from pathlib import Path

import numpy as np

from conv_denoiser.readers.npy import allocate
from conv_denoiser.readers.recording import Channels, Recording

__all__ = ["SUFFIX", "check_raw", "map_raw", "read_raw"]

SUFFIX = ".f32"
TYPE = np.dtype("<f4")


def read_raw(path: Path, channel: Channels = None) -> Recording:
    """Map the samples of one channel."""
    n_bytes = path.stat().st_size
    if n_bytes == 0 or n_bytes % TYPE.itemsize:
        raise ValueError(
            f"{str(path)!r} is not a file of raw float32 samples: it has {n_bytes} bytes."
        )
    return Recording(np.memmap(path, TYPE, "r"), source=path).channel(channel)


def check_raw(recording: Recording) -> None:
    """Raise ValueError if there are several channels."""
    if recording.n_channels > 1:
        raise ValueError(
            f"A file of raw samples has one channel. {recording.name} has {recording.n_channels}: "
            "choose one, or another format."
        )


def map_raw(path: Path, recording: Recording) -> np.memmap:
    """Map a new file for the samples of one channel."""
    check_raw(recording)
    out = np.memmap(path, TYPE, "w+", shape=tuple(recording.samples.shape))
    allocate(path)
    return out
