"""File formats of recordings, by suffix."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conv_denoiser.readers.csv import read_csv, write_csv
from conv_denoiser.readers.npy import map_npy, read_npy, write_npy
from conv_denoiser.readers.recording import Recording
from conv_denoiser.readers.wav import read_wav, write_wav

__all__ = ["FORMATS", "Format", "check_suffix", "read_recording"]


class Format(NamedTuple):
    """How files of a format are read and written."""

    read: Callable[[Path, str | None], Recording]
    write: Callable[[Path, Recording], None]
    # Gives an array in a new file, that denoised samples can be written to bit by bit.
    map: Callable[[Path, Recording], np.memmap] | None = None


FORMATS = {
    ".npy": Format(read_npy, write_npy, map_npy),
    ".csv": Format(read_csv, write_csv),
    ".wav": Format(read_wav, write_wav),
}


def read_recording(path: str | os.PathLike[str], channel: str | None = None) -> Recording:
    """Read a recording, or one channel of it.

    `channel` is a number, from 1 on, or a name that the file has for it.
    """
    return FORMATS[check_suffix(path, FORMATS, "A recording")].read(Path(path), channel)


def check_suffix(path: str | os.PathLike[str], suffixes: Iterable[str], what: str) -> str:
    """Return the suffix of a path in lower case, or raise ValueError if it is another."""
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise ValueError(f"{what} must end in {', '.join(suffixes)}. Got {os.fspath(path)!r}.")
    return suffix
