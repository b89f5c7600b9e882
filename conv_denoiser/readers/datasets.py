"""Files that hold several arrays, each under a name: which one is meant, and what it holds."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import RawArray
from conv_denoiser.readers.recording import (
    MOST_NAMES,
    Channels,
    DatasetError,
    Recording,
    Samples,
    channel_places,
)
from conv_denoiser.readers.times import as_date, clock_of, is_time, seconds_of

__all__ = ["NAME", "Facts", "Place", "chosen", "facts_of", "known_of", "placed", "split_address"]

# Files in which a dataset is named after two colons, as in night.h5::/EEG/data.
ADDRESS = re.compile(r"(.+\.(?:h5|hdf5|hdf|mat|xlsx|zarr))::/*(.+)", re.IGNORECASE | re.DOTALL)
# What a recording from another file is called in a new one.
NAME = "signal"
RATES = (
    *("sampling_rate", "samplingrate", "sampling_frequency", "samplingfrequency"),
    *("sample_rate", "samplerate", "srate", "sfreq", "fs"),
)
NAMES = ("channel_names", "channels", "ch_names", "labels", "sig_name")
UNITS = ("units", "unit")
START = ("start_time", "start", "starttime")


class Place(NamedTuple):
    """Where a recording is in an array of one or two axes."""

    ndim: int
    axis: int  # of time
    channel: int | tuple[int, ...] | None  # None means all

    def at(self, rows: slice) -> Any:
        """Return the index of some timesteps; what it gives has time first if `turned` is false."""
        other: Any = slice(None) if self.channel is None else self.channel
        other = list(other) if isinstance(other, tuple) else other
        return rows if self.ndim == 1 else (rows, other) if self.axis == 0 else (other, rows)

    @property
    def turned(self) -> bool:
        """Whether channels come first."""
        return self.axis == 1 and not isinstance(self.channel, int)

    def of(self, channels: tuple[int, ...]) -> "Place":
        """Return where some channels are, counted from 0."""
        return self._replace(channel=channels[0] if len(channels) == 1 else channels)

    def shape(self, whole: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the recording in an array of another shape."""
        if isinstance(self.channel, int):
            return (whole[self.axis],)
        shape = whole[::-1] if self.turned else whole
        return shape if self.channel is None else (shape[0], len(self.channel))


class Facts(NamedTuple):
    """What is known of an array besides its samples."""

    sampling_rate: float | None = None
    channel_names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    start_time: datetime | None = None

    def recording(
        self, samples: Samples, channels: tuple[int, ...], source: Path, dataset: str
    ) -> Recording:
        """Return a recording of some channels, counted from 0."""

        def those(texts: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(texts[number] for number in channels) if len(texts) > max(channels) else ()

        return Recording(
            samples,
            self.sampling_rate,
            those(self.channel_names),
            those(self.units),
            self.start_time,
            source=source,
            places=channels,
            dataset=dataset,
        )


def split_address(path: str | Path) -> tuple[Path, str]:
    """Return a file, and the name of a dataset in it, or "" if none is given."""
    match = ADDRESS.fullmatch(str(path))
    return (Path(path), "") if match is None else (Path(match[1]), match[2])


def chosen(shapes: Mapping[str, tuple[int, ...]], asked: str, file_name: str) -> str:
    """Return the dataset to read: the one that was asked for, or the only one."""
    if asked in shapes:
        return asked
    signals = [name for name in shapes if not is_time(name.rpartition("/")[2])]
    if not asked and len(signals) == 1:
        return signals[0]
    shown = [f"{name} {shapes[name]}" for name in signals[:MOST_NAMES]]
    known = ", ".join(shown + ["..."] * (len(signals) > MOST_NAMES)) or "none"
    advice = f"Name one, as in {file_name}::{signals[0]}" if signals else "Choose another file"
    what = f"no dataset of numbers {asked!r}" if asked else f"{len(signals)} datasets of numbers"
    raise DatasetError(f"{file_name} holds {what}. It has: {known}. {advice}.")


def placed(
    shape: tuple[int, ...], facts: Facts, channel: Channels, file_name: str
) -> tuple[Place, tuple[int, ...]]:
    """Return where the recording is, and which channels those are, counted from 0.

    Time is the first axis; or the longer one, if a sampling rate tells that the array is a
    recording and not a table of signals.
    """
    axis = 0
    if len(shape) == 2 and (shape[0] == 1 or facts.sampling_rate is not None):
        axis = int(shape[1] > shape[0])
    n_channels = shape[1 - axis] if len(shape) == 2 else 1
    place = Place(len(shape), axis, 0 if n_channels == 1 else None)
    channels = channel_places(channel, facts.channel_names or ("",) * n_channels, file_name)
    return (place if channel is None else place.of(channels)), channels


def facts_of(shape: tuple[int, ...], values: Mapping[str, Callable[[], object]]) -> Facts:
    """Return what the values beside an array say of it, which are read if their name is known."""

    def first(known: tuple[str, ...], accept: Callable[[object], Any]) -> Any:
        of_name = {name.lower(): read for name, read in values.items()}
        found = (accept(of_name[name]()) for name in known if name in of_name)
        return next((value for value in found if value), None)

    rate = first(RATES, _as_rate) or _rate_of_times(shape, values)
    names = first(NAMES, lambda value: _as_texts(value, shape)) or ()
    units = first(UNITS, lambda value: _as_texts(value, shape)) or ()
    start = first(START, lambda value: as_date("".join(_texts(value))))
    return Facts(rate, names, units, start)


def known_of(recording: Recording) -> dict[str, Any]:
    """Return what is known of a recording, to be written beside its samples."""
    known = {name: getattr(recording, name) for name in Facts._fields if getattr(recording, name)}
    if recording.start_time is not None:
        known["start_time"] = recording.start_time.isoformat()
    return known


def _rate_of_times(
    shape: tuple[int, ...], values: Mapping[str, Callable[[], object]]
) -> float | None:
    for name, read in values.items():
        times = np.ravel(np.asarray(read())) if is_time(name) else np.zeros(0)
        if times.dtype.kind in "fiu" and len(times) in shape:
            rate, uneven = clock_of(times, seconds_of(name), name)
            if uneven is not None:
                warn(
                    f"{name!r} holds times that are not evenly spaced. Samples are taken for "
                    "evenly spaced; denoise_recording(..., time=...) takes the times of arrays.",
                    DenoisingWarning,
                )
                return None
            return rate
    return None


def _as_rate(value: object) -> float | None:
    numbers: RawArray = np.ravel(np.asarray(value))
    if numbers.size != 1 or numbers.dtype.kind not in "fiu":
        return None
    rate = float(numbers[0])
    return rate if 0 < rate < np.inf else None


def _as_texts(value: object, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return a text for each channel, or nothing."""
    texts = _texts(value)
    n_channels = 1 if len(shape) == 1 or 1 in shape else len(texts)
    fits = len(texts) == n_channels and (n_channels == 1 or n_channels in shape)
    return texts if fits else ()


def _texts(value: object) -> tuple[str, ...]:
    """Return the texts in a value: one, or an array of them, which MATLAB nests."""
    if isinstance(value, bytes):
        return (value.decode("utf-8", "replace"),)
    if isinstance(value, str):
        return (value.strip(),)
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        return tuple(text for part in value for text in _texts(part))
    return ()
