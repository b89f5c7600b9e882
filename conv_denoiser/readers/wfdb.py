"""Recordings of PhysioNet: a WFDB header, and the files of samples beside it, which wfdb reads."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conv_denoiser._atomic import replacing
from conv_denoiser._typing import Array
from conv_denoiser.readers.integers import rounded, warn_of_clipped
from conv_denoiser.readers.libraries import MAX_EXPANSION, errors_naming, library
from conv_denoiser.readers.recording import (
    Channels,
    Recording,
    SamplingRateError,
    channel_places,
    check_one_rate,
)

if TYPE_CHECKING:
    from wfdb import Record

__all__ = ["SUFFIX", "check_wfdb", "read_wfdb", "write_wfdb"]

SUFFIX = ".hea"
FILES = "WFDB files"
# Bits of a sample, by the number of its format. The lowest integer says that it is missing.
BITS = {
    "8": 8,
    "80": 8,
    "508": 8,
    "310": 10,
    "311": 10,
    "212": 12,
    "16": 16,
    "61": 16,
    "160": 16,
    "516": 16,
    "24": 24,
    "524": 24,
    "32": 32,
}
ANNOTATIONS = ("atr", "qrs", "qrsc", "blh", "blm", "alh", "alm", "bph", "bpm", "apn", "ecg", "st")
NO_UNIT = "NU"


def read_wfdb(path: Path, channel: Channels = None) -> Recording:
    """Read a record, or one channel of it, in its units."""
    with errors_naming(path, "wfdb"):
        record = _record(path)
        names = [name or "" for name in record.sig_name]
        places = channel_places(channel, names, path.name)
        rates = [record.fs * n_samples for n_samples in record.samps_per_frame]
        check_one_rate(names, rates, places, path.name)
        physical = record.dac(expanded=True)
        samples = np.stack([physical[place] for place in places], axis=1)
    return Recording(
        samples[:, 0] if len(places) == 1 else samples,
        float(rates[places[0]]),
        tuple(names[place] for place in places),
        tuple(record.units[place] for place in places),
        record.base_datetime,
        source=path,
        places=places,
    )


def check_wfdb(recording: Recording) -> None:
    """Raise SamplingRateError if a record cannot have the sampling rate of a recording."""
    if recording.sampling_rate is None:
        raise SamplingRateError("A WFDB record needs a sampling rate, which is not known.")


def write_wfdb(temporary: Path, target: Path, recording: Recording) -> None:
    """Write the samples beside the target, and its header to a temporary file.

    What came from a record keeps its format, gains, comments and other channels; its annotations
    are copied. Other recordings are stored in 16 bits.
    """
    check_wfdb(recording)
    if not re.fullmatch(r"[-\w]+", target.stem, re.ASCII):
        raise ValueError(
            "The name of a WFDB record has letters, digits, hyphens and underscores alone. Got "
            f"{target.stem!r}."
        )
    source = recording.source
    others = [] if target.exists() else list(target.parent.glob(f"{target.stem}*"))
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        if source is None or source.suffix.lower() != SUFFIX or not recording.places:
            _write_new(target.stem, folder, recording)
        else:
            record = _denoised(_record(source), recording)
            if source.resolve() != target.resolve():
                others += [source.parent / name for name in record.file_name]
            record = _renamed(record, target.stem)
            several_rates = max(record.samps_per_frame) > 1
            if not several_rates:  # the header then says no more than it did
                record.d_signal = np.stack(record.e_d_signal, axis=1)
            record.wrsamp(expanded=several_rates, write_dir=folder)
        files = [file for file in Path(folder).iterdir() if file.suffix != SUFFIX]
        _refuse_foreign([target.parent / file.name for file in files], others)
        if source is not None and source.suffix.lower() == SUFFIX:
            _copy_annotations(source, target)
        shutil.copyfile(Path(folder, target.stem + SUFFIX), temporary)
        for file in files:
            os.replace(file, target.parent / file.name)


def _refuse_foreign(files: list[Path], others: list[Path]) -> None:
    """Raise FileExistsError if files of another record would be replaced."""
    foreign = {path.resolve() for path in others}
    for file in files:
        if file.resolve() in foreign:
            raise FileExistsError(
                f"{file.name!r} holds samples of another record, and would be replaced. Choose "
                "another name for the output."
            )


def _record(path: Path) -> "Record":
    """Return a record with its integers, after checks of what its header claims."""
    wfdb = library("wfdb", FILES)
    name = str(path.resolve().with_suffix(""))
    header = wfdb.rdheader(name)
    if not isinstance(header, wfdb.Record):
        raise ValueError("it has several segments. Read those one by one")
    if not header.n_sig or not header.fs or not 0 < header.fs < np.inf:
        raise ValueError("it has no signals, or no sampling rate")
    if unknown := sorted({form for form in header.fmt if form not in BITS}):
        raise ValueError(f"the format {', '.join(unknown)} is not known")
    files = set(header.file_name)
    if any(Path(file).name != file or ":" in file for file in files):
        raise ValueError("its samples are in other folders")
    n_bytes = sum((path.parent / file).stat().st_size for file in files)
    n_samples = (header.sig_len or 0) * sum(header.samps_per_frame)
    if n_samples > MAX_EXPANSION * n_bytes:
        raise ValueError(f"it claims to hold {n_samples} samples, more than fit")
    record = wfdb.rdrecord(name, physical=False, smooth_frames=False)
    if not record.sig_len:
        raise ValueError("it holds no samples")
    return record


def _denoised(record: "Record", recording: Recording) -> "Record":
    """Return a record with denoised samples, as integers."""
    n_clipped = 0
    for place, samples in zip(recording.places, recording.table().T, strict=True):
        if len(samples) != len(record.e_d_signal[place]):
            raise ValueError(
                f"{recording.name} holds {len(record.e_d_signal[place])} samples. Got "
                f"{len(samples)}."
            )
        half = 2 ** (BITS[record.fmt[place]] - 1)
        missing = np.isnan(samples)
        exact = np.where(missing, 0, samples) * record.adc_gain[place] + record.baseline[place]
        whole, clipped = rounded(exact, 1 - half, half - 1)
        record.e_d_signal[place] = np.where(missing, -half, whole).astype(np.int64)
        n_clipped += clipped
    warn_of_clipped(n_clipped)
    record.init_value = [int(integers[0]) for integers in record.e_d_signal]
    return record


def _renamed(record: "Record", name: str) -> "Record":
    """Return a record under another name, as are its files of samples."""
    files = list(dict.fromkeys(record.file_name))
    endings = ["" if number == 0 else f"_{number}" for number in range(len(files))]
    new = {file: name + end + Path(file).suffix for file, end in zip(files, endings, strict=True)}
    record.record_name = name
    record.file_name = [new[file] for file in record.file_name]
    return record


def _write_new(name: str, folder: str, recording: Recording) -> None:
    samples: Array = recording.table().astype(np.float64)
    n_channels = samples.shape[1]
    start = recording.start_time
    library("wfdb", FILES).wrsamp(
        name,
        fs=recording.sampling_rate,
        units=[unit or NO_UNIT for unit in recording.units or ("",) * n_channels],
        sig_name=list(recording.channel_names)
        or [f"signal_{number}" for number in range(1, n_channels + 1)],
        p_signal=samples,
        fmt=["16"] * n_channels,
        base_time=None if start is None else start.time(),
        base_date=None if start is None else start.date(),
        write_dir=folder,
    )


def _copy_annotations(source: Path, target: Path) -> None:
    for ending in ANNOTATIONS:
        old, new = (path.with_name(f"{path.stem}.{ending}") for path in (source, target))
        if old.exists() and old.resolve() != new.resolve():
            with replacing(new) as temporary:
                shutil.copyfile(old, temporary)
