"""Recordings in EDF, EDF+, BDF and BDF+ files, whose headers edfio reads."""

import math
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conv_denoiser._checks.warn import warn
from conv_denoiser.readers.edf_samples import EdfChannel, EdfSamples, Records
from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.recording import (
    Channels,
    Recording,
    channel_places,
    check_one_rate,
)

if TYPE_CHECKING:
    from edfio import Bdf, BdfSignal, Edf, EdfSignal

__all__ = ["map_bdf", "map_edf", "read_bdf", "read_edf"]

Read = Callable[[Path], "Edf | Bdf"]
EDF_BYTES, BDF_BYTES = 2, 3  # of a sample
FILES = "EDF and BDF files"


def read_edf(path: Path, channel: Channels = None) -> Recording:
    """Read an EDF file, or one channel of it; samples are read when they are needed."""
    return _read(path, channel, library("edfio", FILES).read_edf, EDF_BYTES)


def read_bdf(path: Path, channel: Channels = None) -> Recording:
    """Read a BDF file, or one channel of it; samples are read when they are needed."""
    return _read(path, channel, library("edfio", FILES).read_bdf, BDF_BYTES)


def map_edf(path: Path, recording: Recording) -> EdfSamples:
    """Copy the EDF file that a recording came from; its samples can then be written in pieces."""
    return _copied(path, recording, library("edfio", FILES).read_edf, EDF_BYTES)


def map_bdf(path: Path, recording: Recording) -> EdfSamples:
    """Copy the BDF file that a recording came from; its samples can then be written in pieces."""
    return _copied(path, recording, library("edfio", FILES).read_bdf, BDF_BYTES)


def _read(path: Path, channel: Channels, read: Read, n_bytes: int) -> Recording:
    with errors_naming(path, "edfio"):
        header = read(path)
        signals, is_continuous = header.signals, header.is_continuous
        records, channels = _layout(header, n_bytes)
        rates = [signal.sampling_frequency for signal in signals]
        names = [signal.label for signal in signals]
        units = [signal.physical_dimension for signal in signals]
    places = channel_places(channel, names, path.name)
    check_one_rate(names, rates, places, path.name)
    if not is_continuous:
        warn(f"{path.name} has gaps in time. What is before and after one is taken as adjacent.")
    return Recording(
        EdfSamples(path, records, tuple(channels[place] for place in places)),
        sampling_rate=rates[places[0]],
        channel_names=tuple(names[place] for place in places),
        units=tuple(units[place] for place in places),
        start_time=_start_time(header),
        source=path,
        places=places,
    )


def _copied(path: Path, recording: Recording, read: Read, n_bytes: int) -> EdfSamples:
    source, suffix = recording.source, ".edf" if n_bytes == EDF_BYTES else ".bdf"
    if source is None or source.suffix.lower() != suffix:
        raise ValueError(
            f"A file that ends in {suffix} can only be written from another one, as its header "
            f"says more than is known of {recording.name!r}. Choose another format for the output."
        )
    records, channels = _layout(read(source), n_bytes)
    out = EdfSamples(path, records, tuple(channels[place] for place in recording.places))
    if out.shape != recording.samples.shape:
        raise ValueError(
            f"{source.name} holds samples of shape {out.shape}. Got {recording.samples.shape}."
        )
    shutil.copyfile(source, path)
    return out


def _start_time(header: "Edf | Bdf") -> datetime | None:
    try:
        return header.startdatetime
    except ValueError:  # it is anonymous, or damaged
        return None


def _layout(header: "Edf | Bdf", n_bytes: int) -> tuple[Records, list[EdfChannel]]:
    """Return where the samples are."""
    channels, begin = [], 0
    for signal in header._signals:  # those that hold annotations are not among `signals`
        if signal in header.signals:
            channels.append(_channel(signal, begin))
        begin += signal.samples_per_data_record * n_bytes
    records = Records(header.bytes_in_header_record, begin, header.num_data_records, n_bytes)
    if not channels or min(records.n_records, *(channel.n_samples for channel in channels)) < 1:
        raise ValueError("it holds no samples")
    return records, channels


def _channel(signal: "EdfSignal | BdfSignal", begin: int) -> EdfChannel:
    """Return where a channel is; integers without a valid range stand for themselves."""
    low, high = signal.digital_range
    span = signal.physical_max - signal.physical_min
    gain = span / (high - low) if span and high != low else 1.0
    offset = signal.physical_max / gain - high if span and high != low else 0.0
    if not (math.isfinite(gain) and math.isfinite(offset) and signal.sampling_frequency > 0):
        raise ValueError(f"the range or the sampling rate of {signal.label!r} is not valid")
    n_samples = signal.samples_per_data_record
    return EdfChannel(begin, n_samples, gain, offset, min(low, high), max(low, high))
