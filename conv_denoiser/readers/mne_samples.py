"""Samples of files that MNE reads, in pieces: in SI units, missing where they are marked as bad."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.kinds import NO_SIGNALS
from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array
from conv_denoiser.readers.libraries import errors_naming
from conv_denoiser.readers.recording import Channels, Recording, channel_places
from conv_denoiser.readers.samples import FileSamples, Key

if TYPE_CHECKING:
    from mne.io import BaseRaw

__all__ = ["RawSamples", "recording_of"]

UNITS = {"FIFF_UNIT_V": "V", "FIFF_UNIT_T": "T", "FIFF_UNIT_T_M": "T/m", "FIFF_UNIT_CEL": "C"}


class RawSamples(FileSamples):
    """Samples of some channels of raw data.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The data, which may remain in their file.
    path : Path
        That file.
    places : tuple of int
        The channels.
    finish : callable, default=None
        What is done when all samples are written, for which `raw` has to be loaded.
    """

    def __init__(
        self,
        raw: "BaseRaw",
        path: Path,
        places: tuple[int, ...],
        finish: Callable[[], object] | None = None,
    ) -> None:
        self.raw = raw
        self.path = path
        self.places = list(places)
        self.finish = finish
        n_timesteps = len(raw.times)
        self.shape = (n_timesteps,) if len(places) == 1 else (n_timesteps, len(places))

    def __getitem__(self, key: Key) -> Array:
        rows, column = key if isinstance(key, tuple) else (key, None)
        begin, end, step = rows.indices(len(self))
        places = self.places if column is None else [self.places[column]]
        samples = self._read(places, begin, end, "NaN")[::step]
        return samples if column is None and self.ndim == 2 else samples[:, 0]

    def __setitem__(self, rows: slice, samples: ArrayLike) -> None:
        begin, end, _ = rows.indices(len(self))
        values = np.asarray(samples, np.float64).reshape(end - begin, len(self.places))
        self.raw[self.places, begin:end] = self.unless_bad(values, begin, end).T

    def unless_bad(self, values: Array, begin: int, end: int) -> Array:
        """Return new samples, but old ones where those are marked as bad."""
        bad = np.isnan(self._read(self.places, begin, end, "NaN"))
        return np.where(bad, self._read(self.places, begin, end, None), values)

    def flush(self) -> None:
        """Write what is still to be written."""
        if self.finish is not None:
            self.finish()

    def moved_to(self, path: Path) -> "RawSamples":
        """Return the same samples, which are not in the file that was moved."""
        return self

    def _read(self, places: list[int], begin: int, end: int, bad: str | None) -> Array:
        if end <= begin:
            return np.empty((0, len(places)))
        with errors_naming(self.path, "MNE"):
            samples: Array = self.raw.get_data(
                places, begin, end, reject_by_annotation=bad, verbose="error"
            ).T
        return samples


def recording_of(raw: "BaseRaw", path: Path, channel: Channels) -> Recording:
    """Return the channels of raw data that were asked for, or all that hold signals."""
    kinds, names = raw.get_channel_types(), list(raw.ch_names)
    places = channel_places(channel, names, path.name)
    if channel is None:
        places = tuple(place for place in places if kinds[place] not in NO_SIGNALS) or places
    if not len(raw.times) or not places:
        raise ValueError(f"{str(path)!r} holds no samples.")
    bad = [note for note in raw.annotations if note["description"].lower().startswith("bad")]
    if bad:
        seconds = sum(note["duration"] for note in bad)
        warn(
            f"{path.name}: {len(bad)} span(s) of {seconds:g} s are marked as bad, and count as "
            "missing. They stay as they are in files of the same format.",
            DenoisingWarning,
        )
    start = raw.info["meas_date"]
    units = tuple(_unit(raw.info["chs"][place]) for place in places)
    return Recording(
        RawSamples(raw, path, places),
        sampling_rate=float(raw.info["sfreq"]),
        channel_names=tuple(names[place] for place in places),
        units=units if any(units) else (),
        start_time=None if start is None else start.replace(tzinfo=None),
        source=path,
        places=places,
    )


def _unit(channel: dict[str, Any]) -> str:
    return UNITS.get(getattr(channel["unit"], "_name", ""), "")
