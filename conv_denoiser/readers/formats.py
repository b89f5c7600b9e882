"""File formats of recordings, by suffix."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conv_denoiser._atomic import replacing
from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser.readers import arrow, hdf5, jcamp, mseed, raw, sound
from conv_denoiser.readers.arrow import read_arrow, write_arrow
from conv_denoiser.readers.brainvision import (
    check_brainvision,
    read_brainvision,
    write_brainvision,
)
from conv_denoiser.readers.csv import SUFFIXES, read_csv, write_csv
from conv_denoiser.readers.datasets import split_address
from conv_denoiser.readers.edf import map_bdf, map_edf, read_bdf, read_edf
from conv_denoiser.readers.fif import map_fif, read_fif
from conv_denoiser.readers.hdf5 import map_hdf5, read_hdf5
from conv_denoiser.readers.jcamp import check_jcamp, read_jcamp, write_jcamp
from conv_denoiser.readers.matlab import read_matlab, write_matlab
from conv_denoiser.readers.mseed import check_mseed, read_mseed, write_mseed
from conv_denoiser.readers.npy import map_npy, read_npy
from conv_denoiser.readers.raw import check_raw, map_raw, read_raw
from conv_denoiser.readers.recording import Channels, Recording, Samples, suffix_of
from conv_denoiser.readers.samples import FileSamples
from conv_denoiser.readers.sound import check_flac, read_sound, write_sound
from conv_denoiser.readers.wav import check_wav, read_wav, write_wav
from conv_denoiser.readers.wfdb import check_wfdb, read_wfdb, write_wfdb
from conv_denoiser.readers.xlsx import read_xlsx, write_xlsx
from conv_denoiser.readers.zarr_arrays import check_zarr, read_zarr

__all__ = [
    "FORMATS",
    "Format",
    "check_suffix",
    "check_writable",
    "copy_samples",
    "format_of",
    "read_recording",
    "write_recording",
    "write_whole",
]


# Timesteps that are copied at once.
PIECE = 2**18


class Format(NamedTuple):
    """How files of a format are read, and written: as a whole, or mapped in pieces."""

    read: Callable[[Path, Channels], Recording]
    write: Callable[[Path, Recording], None] | None = None
    map: Callable[[Path, Recording], np.memmap | FileSamples] | None = None
    # Writes samples beside a file, and the file itself: given where it is for now, and at last.
    write_beside: Callable[[Path, Path, Recording], None] | None = None
    # Raises an error if a recording cannot be written, before the work of denoising it.
    check: Callable[[Recording], None] | None = None


FORMATS = {
    ".npy": Format(read_npy, map=map_npy),
    **{suffix: Format(read_csv, write_csv) for suffix in SUFFIXES},
    raw.SUFFIX: Format(read_raw, map=map_raw, check=check_raw),
    ".wav": Format(read_wav, write_wav, check=check_wav),
    ".edf": Format(read_edf, map=map_edf),
    ".bdf": Format(read_bdf, map=map_bdf),
    **{suffix: Format(read_sound, write_sound, check=check_wav) for suffix in sound.SUFFIXES},
    ".flac": Format(read_sound, write_sound, check=check_flac),
    ".hea": Format(read_wfdb, write_beside=write_wfdb, check=check_wfdb),
    ".fif": Format(read_fif, map=map_fif),
    ".vhdr": Format(read_brainvision, write_beside=write_brainvision, check=check_brainvision),
    **{suffix: Format(read_mseed, write_mseed, check=check_mseed) for suffix in mseed.SUFFIXES},
    **{suffix: Format(read_arrow, write_arrow) for suffix in arrow.SUFFIXES},
    **{suffix: Format(read_jcamp, write_jcamp, check=check_jcamp) for suffix in jcamp.SUFFIXES},
    ".xlsx": Format(read_xlsx, write_xlsx),
    ".zarr": Format(read_zarr, check=check_zarr),
    ".mat": Format(read_matlab, write_matlab),
    **{suffix: Format(read_hdf5, map=map_hdf5) for suffix in hdf5.SUFFIXES},
}


def read_recording(path: str | os.PathLike[str], channel: Channels = None) -> Recording:
    r"""Read a recording, or some channels of it.

    Samples of npy, wav, EDF, BDF and HDF5 files are read when they are needed.

    Parameters
    ----------
    path : path-like
        File that ends in .npy, .csv, .tsv, .txt (or these and .gz), .wav, .mat or .f32 (raw
        float32); with the extra ``files`` also in .edf, .bdf, .h5, .hdf5, .hdf, .parquet, .feather,
        .arrow, .flac, .aif, .aiff, .au, .caf, .w64, .hea, .xlsx, .jdx, .dx, and in .mat of version
        7.3; with ``mne`` in .fif and .vhdr, with ``obspy`` in .mseed and .miniseed. Where a file
        holds several arrays, the name of one follows: "night.h5::/EEG/data".
    channel : str or sequence of str, default=None
        Name of a channel in the file, or its number, from "1" on; or several of them, which come in
        the order of the file. None means all, but columns of a text file that are no signals: text,
        and what rises evenly, as times and counters do.

    Returns
    -------
    Recording
        A frozen dataclass: `samples`, of shape (n_timesteps,) or (n_timesteps, n_channels), and
        what the file says of them: `sampling_rate` (Hz), `channel_names`, `units`, `start_time`.

    Raises
    ------
    ValueError
        If the name ends otherwise, the file is damaged, or it does not have the channel.
    ImportError
        If a library of an extra is needed and not installed.
    OSError
        If the file cannot be read.

    See Also
    --------
    write_recording : Writes a recording.
    denoise_recording : Denoises its samples.

    Examples
    --------
    >>> from conv_denoiser import read_recording
    >>> path = getfixture("tmp_path") / "leads.csv"
    >>> _ = path.write_text("time,ECG\n0,0.5\n1,0.25\n")
    >>> recording = read_recording(path, "ECG")
    >>> recording.samples
    array([0.5 , 0.25])
    """
    return format_of(path).read(Path(path), channel)


def format_of(path: str | os.PathLike[str]) -> Format:
    """Return the format of a file to read, after whose name a dataset may stand."""
    return FORMATS[check_suffix(split_address(os.fspath(path))[0], FORMATS, "A recording")]


def write_recording(path: str | os.PathLike[str], recording: Recording) -> None:
    r"""Write a recording to a file, which replaces an older one when it is whole.

    In the format that it was read from, everything but its samples is kept: other columns of a CSV
    or Parquet file; header, annotations and other channels of an EDF or BDF file; attributes and
    other arrays of a MATLAB or HDF5 file.

    Parameters
    ----------
    path : path-like
        File to write. What it ends in is its format, as for `read_recording`.
    recording : Recording
        Recording to write, such as ``dataclasses.replace(recording, samples=denoised)``.

    Raises
    ------
    ValueError
        If the name ends otherwise, or the format cannot hold the recording: wav needs a sampling
        rate, EDF and BDF a recording that was read from such a file.
    OSError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If samples are clipped to the range of the integers that a file holds, or the file does not
        tell of uneven times.

    See Also
    --------
    read_recording : Reads a recording.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from conv_denoiser import read_recording, write_recording
    >>> path = getfixture("tmp_path") / "leads.csv"
    >>> _ = path.write_text("time,ECG\n0,0.5\n1,0.25\n")
    >>> recording = read_recording(path, "ECG")
    >>> write_recording(path, replace(recording, samples=2 * recording.samples))
    >>> path.read_text().split()
    ['time,ECG', '0,1', '1,0.5']
    """
    file_format = FORMATS[check_suffix(path, FORMATS, "A recording")]
    check_writable(Path(path), recording)
    with replacing(path) as temporary:
        if file_format.map is not None:
            out = file_format.map(temporary, recording)
            copy_samples(out, recording.samples)
            out.flush()
        else:
            write_whole(temporary, Path(path), recording)


def check_writable(path: Path, recording: Recording) -> None:
    """Raise an error if a file cannot hold a recording; warn if it will not hold uneven times."""
    file_format = FORMATS[suffix_of(path)]
    if file_format.check is not None:
        file_format.check(recording)
    source = recording.source
    is_copied = source is not None and FORMATS[suffix_of(source)].read is file_format.read
    if recording.time is not None and not (is_copied and recording.places):
        warn(
            f"{recording.name}: samples are not evenly spaced, and {path.name} will not tell when "
            "they were taken. To keep their times, write a file of the same format.",
            DenoisingWarning,
        )


def copy_samples(out: Samples, samples: Samples) -> None:
    """Copy samples in pieces, so that those in files do not fill the memory."""
    for begin in range(0, len(samples), PIECE):
        out[begin : begin + PIECE] = np.asarray(samples[begin : begin + PIECE])


def write_whole(temporary: Path, target: Path, recording: Recording) -> None:
    """Write a file whose format is not mapped; it will be moved to the target."""
    file_format = FORMATS[suffix_of(target)]
    if file_format.write is not None:
        file_format.write(temporary, recording)
    elif file_format.write_beside is not None:
        file_format.write_beside(temporary, target, recording)


def check_suffix(path: str | os.PathLike[str], suffixes: Iterable[str], what: str) -> str:
    """Return the suffix of a path in lower case, or raise ValueError if it is another."""
    suffix = suffix_of(Path(path))
    if suffix not in suffixes:
        raise ValueError(f"{what} must end in {', '.join(suffixes)}. Got {os.fspath(path)!r}.")
    return suffix
