"""File formats of recordings, by suffix."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conv_denoiser.readers.csv import read_csv, write_csv
from conv_denoiser.readers.edf import map_bdf, map_edf, read_bdf, read_edf
from conv_denoiser.readers.edf_samples import EdfSamples
from conv_denoiser.readers.npy import map_npy, read_npy
from conv_denoiser.readers.recording import Recording
from conv_denoiser.readers.wav import check_wav, read_wav, write_wav

__all__ = ["FORMATS", "Format", "check_suffix", "read_recording"]


class Format(NamedTuple):
    """How files of a format are read, and written: as a whole, or mapped in pieces."""

    read: Callable[[Path, str | None], Recording]
    write: Callable[[Path, Recording], None] | None = None
    map: Callable[[Path, Recording], np.memmap | EdfSamples] | None = None
    # Raises an error if a recording cannot be written, before the work of denoising it.
    check: Callable[[Recording], None] | None = None


FORMATS = {
    ".npy": Format(read_npy, map=map_npy),
    ".csv": Format(read_csv, write_csv),
    ".wav": Format(read_wav, write_wav, check=check_wav),
    ".edf": Format(read_edf, map=map_edf),
    ".bdf": Format(read_bdf, map=map_bdf),
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
