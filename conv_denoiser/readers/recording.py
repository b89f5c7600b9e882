"""Recordings in files: npy, csv and wav."""

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_denoiser.readers.csv import (
    Columns,
    column_number,
    read_columns,
    rewrite_columns,
    write_columns,
)

__all__ = [
    "SUFFIXES",
    "Recording",
    "check_suffix",
    "map_output",
    "read_recording",
    "write_recording",
]

SUFFIXES = (".npy", ".csv", ".wav")


class Recording(NamedTuple):
    """Samples of a file, and what is known of them."""

    path: Path
    samples: NDArray[Any]  # (n_timesteps,) or (n_timesteps, n_channels)
    sampling_rate: float | None = None
    columns: Columns | None = None  # of a CSV file


def check_suffix(path: str | os.PathLike[str], suffixes: Iterable[str], what: str) -> str:
    """Return the suffix of a path in lower case; raise ValueError if it is none of `suffixes`."""
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise ValueError(f"{what} must end in {', '.join(suffixes)}. Got {os.fspath(path)!r}.")
    return suffix


def read_recording(path: str | os.PathLike[str], column: str | None = None) -> Recording:
    """Read a recording, or one channel of it.

    `column` is a number, from 1 on, or a name in the first line of a CSV file.
    """
    path = Path(path)
    suffix = check_suffix(path, SUFFIXES, "A recording")
    if suffix == ".csv":
        try:
            samples, columns = read_columns(path, column)
        except UnicodeDecodeError as error:
            raise ValueError(f"{str(path)!r} is no text file in UTF-8: {error}") from error
        return Recording(path, samples, columns=columns)
    rate, samples = (None, _read_npy(path)) if suffix == ".npy" else _read_wav(path)
    if column is not None:
        n_channels = samples.shape[1] if samples.ndim == 2 else 1
        place = column_number(column, n_channels, path)
        samples = samples[:, place] if samples.ndim == 2 else samples
    return Recording(path, samples, rate)


def map_output(path: Path, samples: NDArray[Any]) -> np.memmap:
    """Map an npy file for a denoised recording, for which the disk has room."""
    dtype = np.float32 if samples.dtype == np.float32 else np.float64
    out = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=samples.shape)
    if hasattr(os, "posix_fallocate"):  # a write to a map on a full disk ends the process
        with open(path, "rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return out


def write_recording(path: Path, suffix: str, denoised: NDArray[Any], source: Recording) -> None:
    """Write a denoised recording as wav or csv.

    What came from a CSV file keeps its header and its other columns in one.
    """
    if suffix == ".wav":
        _write_wav(path, denoised, source)
    elif source.columns is not None:
        rewrite_columns(path, source.path, source.columns, denoised)
    else:
        write_columns(path, denoised)


def _read_npy(path: Path) -> NDArray[Any]:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f"{str(path)!r} is no npy file of numbers: {error}") from error


def _read_wav(path: Path) -> tuple[float, NDArray[Any]]:
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*non-data", wavfile.WavFileWarning)
        try:
            try:
                rate, samples = wavfile.read(path, mmap=True)
            except ValueError:  # samples of three bytes cannot be mapped, nor a file cut short
                rate, samples = wavfile.read(path)
        except FileNotFoundError:
            raise
        except Exception as error:  # damaged files make it stumble in many ways
            raise ValueError(f"{str(path)!r} is no wav file to SciPy: {error}") from error
    return float(rate), samples


def _write_wav(path: Path, denoised: NDArray[Any], source: Recording) -> None:
    """Write samples of the type that they came in from a wav file, else of float32."""
    from scipy.io import wavfile

    rate = source.sampling_rate
    if rate is None:
        raise ValueError("A wav file needs the number of samples a second: --sampling-rate.")
    if rate != round(rate) or not 1 <= rate < 2**31:
        raise ValueError(f"A wav file has a whole number of samples a second. Got {rate:g}.")
    dtype = source.samples.dtype if source.path.suffix.lower() == ".wav" else np.dtype(np.float32)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.name)
        denoised = np.rint(denoised).clip(limits.min, limits.max)
    wavfile.write(path, round(rate), denoised.astype(dtype))
