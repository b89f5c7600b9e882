"""Recordings of seismometers in MiniSEED files, which ObsPy reads: a channel for each code."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array
from conv_denoiser.readers.integers import stored
from conv_denoiser.readers.libraries import MAX_EXPANSION, errors_naming, library
from conv_denoiser.readers.recording import (
    Channels,
    Recording,
    SamplingRateError,
    channel_places,
    check_one_rate,
)

if TYPE_CHECKING:
    from obspy import Stream, Trace

__all__ = ["SUFFIXES", "check_mseed", "read_mseed", "write_mseed"]

SUFFIXES = (".mseed", ".miniseed")
# Network, station, location and channel.
CODES = re.compile(r"(\w{0,2})\.(\w{0,5})\.(\w{0,2})\.(\w{0,3})", re.ASCII)
CHANNEL = re.compile(r"\w{1,3}", re.ASCII)
ENCODINGS = frozenset({"INT16", "INT32", "FLOAT32", "FLOAT64", "STEIM1", "STEIM2"})
TYPES = tuple(map(np.dtype, ("int16", "int32", "float32", "float64")))


def read_mseed(path: Path, channel: Channels = None) -> Recording:
    """Read traces, those of one code as a channel; where there are none, samples are missing."""
    with errors_naming(path, "ObsPy"):
        traces = _traces(path)
        kinds = list(dict.fromkeys(map(_kind, traces)))
        names, rates = [name for name, _ in kinds], [rate for _, rate in kinds]
    places = channel_places(channel, names, path.name)
    check_one_rate(names, rates, places, path.name)
    chosen = [(places.index(place), trace) for trace in traces
              if (place := kinds.index(_kind(trace))) in places]  # fmt: skip
    first = min(trace.stats.starttime for _, trace in chosen)
    begins = [round((trace.stats.starttime - first) * trace.stats.sampling_rate)
              for _, trace in chosen]  # fmt: skip
    n_samples = max(begin + len(trace) for begin, (_, trace) in zip(begins, chosen, strict=True))
    if n_samples * len(places) > MAX_EXPANSION * path.stat().st_size:
        raise ValueError(f"{str(path)!r} holds traces that are too far apart in time.")
    samples: Array = np.full((n_samples, len(places)), np.nan)
    for begin, (column, trace) in zip(begins, chosen, strict=True):
        samples[begin : begin + len(trace), column] = trace.data
    return Recording(
        samples[:, 0] if len(places) == 1 else samples,
        rates[places[0]],
        tuple(names[place] for place in places),
        start_time=first.datetime,
        source=path,
        places=places,
    )


def check_mseed(recording: Recording) -> None:
    """Raise SamplingRateError if a file cannot have the sampling rate of a recording."""
    if recording.sampling_rate is None:
        raise SamplingRateError("A MiniSEED file needs a sampling rate, which is not known.")


def write_mseed(path: Path, recording: Recording) -> None:
    """Write a trace for each channel; what came from such a file keeps its traces and encoding."""
    obspy = library("obspy", "MiniSEED files", "obspy")
    check_mseed(recording)
    source = recording.source
    is_ours = source is not None and source.suffix.lower() in SUFFIXES and recording.places
    traces = _new(recording) if source is None or not is_ours else _denoised(source, recording)
    obspy.Stream(traces).write(str(path), format="MSEED")


def _traces(path: Path) -> "Stream":
    obspy = library("obspy", "MiniSEED files", "obspy")
    with open(path, "rb") as file:  # a name could be a pattern, or an address
        traces = obspy.read(file, format="MSEED")
    numbers = [t for t in traces if len(t) and t.stats.sampling_rate > 0 and t.data.dtype in TYPES]
    if not numbers:
        raise ValueError("it holds no samples")
    return obspy.Stream(numbers)


def _kind(trace: "Trace") -> tuple[str, float]:
    return trace.id.strip("."), float(trace.stats.sampling_rate)


def _denoised(source: Path, recording: Recording) -> "Stream":
    """Return the traces of a file, with the samples of some channels replaced."""
    traces = _traces(source)
    kinds = list(dict.fromkeys(map(_kind, traces)))
    chosen = [kinds[place] for place in recording.places]
    first = min(trace.stats.starttime for trace in traces if _kind(trace) in chosen)
    samples = recording.table()
    for trace in traces:
        if _kind(trace) in chosen:
            begin = round((trace.stats.starttime - first) * trace.stats.sampling_rate)
            part = samples[begin : begin + len(trace), chosen.index(_kind(trace))]
            if len(part) != len(trace):
                raise ValueError(f"{source.name} holds more samples. Got {samples.shape}.")
            trace.data = stored(part, _stored_type(trace))
    return traces


def _stored_type(trace: "Trace") -> np.dtype:
    """Return the type of samples to write; ObsPy reads those of 16 bits as 32, and writes them so.

    Encodings that it does not write are left to its choice.
    """
    encoding = trace.stats.mseed.encoding
    if encoding not in ENCODINGS:
        del trace.stats.mseed["encoding"]
    return np.dtype(np.int16) if encoding == "INT16" else trace.data.dtype


def _new(recording: Recording) -> list["Trace"]:
    obspy = library("obspy", "MiniSEED files", "obspy")
    samples = recording.table()
    dtype = recording.sample_type or samples.dtype
    dtype = dtype.newbyteorder("=") if dtype.newbyteorder("=") in TYPES else np.dtype(np.float64)
    codes = [_codes(name) for name in recording.channel_names]
    if None in codes:
        warn(
            f"Names of up to three letters, or NET.STA.LOC.CHA, fit in MiniSEED. Those of "
            f"{recording.name} do not, and its channels are numbered.",
            DenoisingWarning,
        )
    if None in codes or not codes:
        codes = [{"channel": str(number)} for number in range(1, samples.shape[1] + 1)]
    header = {"sampling_rate": recording.sampling_rate}
    if recording.start_time is not None:
        header["starttime"] = obspy.UTCDateTime(recording.start_time)
    return [
        obspy.Trace(np.ascontiguousarray(stored(column, dtype)), {**header, **(code or {})})
        for column, code in zip(samples.T, codes, strict=True)
    ]


def _codes(name: str) -> dict[str, str] | None:
    """Return the codes that a name stands for, if they fit."""
    if CHANNEL.fullmatch(name):
        return {"channel": name}
    match = CODES.fullmatch(name)
    keys = ("network", "station", "location", "channel")
    return None if match is None else dict(zip(keys, match.groups(), strict=True))
