"""Recordings: samples, and what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser._typing import Array, RawArray
from conv_denoiser.readers.samples import FileSamples

__all__ = [
    "ChannelError",
    "Channels",
    "DatasetError",
    "Recording",
    "SamplingRateError",
    "channel_places",
    "check_one_rate",
    "holds_signals",
    "is_number",
    "suffix_of",
]

Samples = RawArray | FileSamples  # (n_timesteps,) or (n_timesteps, n_channels)
Channels = str | Sequence[str] | None  # names, or numbers from "1" on; None means all


class ChannelError(ValueError):
    """A file does not have the channel that was asked for."""


class DatasetError(ValueError):
    """A file holds several arrays, or not the one that was asked for."""


class SamplingRateError(ValueError):
    """A file cannot be written with the sampling rate of a recording, or without one."""


# Tables with more columns hold signals, one in each row.
MAX_CHANNELS = 16
# An error lists no more names than these.
MOST_NAMES = 10


@dataclass(frozen=True, eq=False)
class Recording:
    """Samples of some channels, and what is known of them.

    Parameters
    ----------
    samples : array of shape (n_timesteps,) or (n_timesteps, n_channels)
        Samples, in the units below: an array, a memory map, or samples that remain in a file.
    sampling_rate : float, default=None
        Samples a second (Hz), if known.
    channel_names : tuple of str, default=()
        A name for each channel; empty if there are none.
    units : tuple of str, default=()
        Units of each channel, such as "mV"; empty if not known.
    start_time : datetime, default=None
        When the first sample was taken, if known.
    source : Path, default=None
        File that the samples were read from.
    places : tuple of int, default=()
        Where in that file each channel stands, counted from 0.
    sample_type : dtype, default=None
        Type of the samples in that file, if they are to be written as such.
    n_bits : int, default=None
        Bits that samples have, where those are fewer than the bits of their type.
    dataset : str, default=""
        What the samples are called in a file that holds several arrays.
    time : ndarray of shape (n_timesteps,), default=None
        Times of the samples where they are not evenly spaced, in seconds from the first one; in
        the unit of the file, where it does not tell that. `denoise_recording` takes them.

    See Also
    --------
    read_recording : Reads a file.
    write_recording : Writes one; in the format of `source`, all that was not a sample is kept.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import Recording
    >>> ecg = Recording(np.zeros(720), sampling_rate=360, channel_names=("II",), units=("mV",))
    >>> ecg.n_channels
    1
    """

    samples: Samples
    sampling_rate: float | None = None
    channel_names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    start_time: datetime | None = None
    source: Path | None = None
    places: tuple[int, ...] = ()
    sample_type: np.dtype | None = None
    n_bits: int | None = None
    dataset: str = ""
    time: Array | None = None

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return "recording" if self.source is None else self.source.name

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.samples.shape[1] if len(self.samples.shape) == 2 else 1

    def facts(self) -> dict[str, object]:
        """Return what is known, in words.

        Returns
        -------
        dict
            From names to texts and numbers; None for what is not known.
        """
        return {
            "n_timesteps": len(self.samples),
            "n_channels": self.n_channels,
            "sampling_rate": self.sampling_rate,
            "channel_names": ", ".join(self.channel_names) or None,
            "units": ", ".join(self.units) or None,
            "start_time": self.start_time,
            **({"dataset": self.dataset} if self.dataset else {}),
        }

    def table(self) -> RawArray:
        """Return all samples.

        Returns
        -------
        ndarray of shape (n_timesteps, n_channels)
            Samples, also of a single channel.
        """
        return np.asarray(self.samples).reshape(len(self.samples), -1)

    def channel(self, channel: Channels) -> "Recording":
        """Return one channel, or some.

        Parameters
        ----------
        channel : str, sequence of str or None
            Its name, or its number, from "1" on; or several of them. None means all.

        Returns
        -------
        Recording
            The same with these channels alone, in the order that they had.
        """
        if channel is None:
            return self
        names = self.channel_names or ("",) * self.n_channels
        places = channel_places(channel, names, self.name)
        samples = self.samples
        if samples.ndim == 2:
            several = len(places) > 1
            samples = np.asarray(samples)[:, list(places)] if several else samples[:, places[0]]

        def those(of_channels: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(of_channels[place] for place in places if of_channels)

        return replace(
            self,
            samples=samples,
            channel_names=those(self.channel_names),
            units=those(self.units),
            places=those(self.places),
        )


def holds_signals(recording: Recording, rows: bool | None = None) -> bool:
    """Tell whether a file holds signals, one in each row, and not the channels of a recording.

    `rows` says so, if it is not None.
    """
    shape = recording.samples.shape
    if len(shape) != 2 or rows is None:
        is_table = len(shape) == 2 and recording.sampling_rate is None
        return len(shape) > 2 or (is_table and shape[1] > MAX_CHANNELS)
    return rows


def channel_places(channels: Channels, names: Sequence[str], file_name: str) -> tuple[int, ...]:
    """Return which channels, counted from 0 and in the order of the file, are meant."""
    if channels is None:
        return tuple(range(len(names)))
    asked = (channels,) if isinstance(channels, str) else channels
    if not asked:
        raise ChannelError(f"No channel of {file_name} was chosen, out of {len(names)}.")
    return tuple(sorted({_place(channel, names, file_name) for channel in asked}))


def _place(channel: str, names: Sequence[str], file_name: str) -> int:
    """Return which channel has a name, or a number that counts from 1."""
    if channel and channel in names and not is_number(channel):
        if names.count(channel) > 1:
            raise ChannelError(
                f"{file_name} has several channels named {channel!r}. Give a number."
            )
        return names.index(channel)
    if channel.isdecimal() and 1 <= int(channel) <= len(names):
        return int(channel) - 1
    shown = list(map(repr, names[:MOST_NAMES])) + ["..."] * (len(names) > MOST_NAMES)
    known = f": {', '.join(shown)}" if any(names) else ""
    raise ChannelError(
        f"{file_name} does not have the channel {channel!r}. It has {len(names)}, numbered from 1"
        f"{known}."
    )


def check_one_rate(
    names: Sequence[str], rates: Sequence[float], places: Sequence[int], file_name: str
) -> None:
    """Raise ChannelError if some channels of a file have not all one sampling rate."""
    if len({rates[place] for place in places}) > 1:
        known = ", ".join(f"{name} {rate:g} Hz" for name, rate in zip(names, rates, strict=True))
        raise ChannelError(f"The channels of {file_name} have several sampling rates: {known}.")


def suffix_of(path: Path) -> str:
    """Return what the name of a file ends in, in lower case, with what was compressed by gzip."""
    suffixes = path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:]
    return "".join(suffixes).lower()


def is_number(text: str) -> bool:
    """Tell whether a text is a number, with a point and no separators of thousands."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python takes for a separator
