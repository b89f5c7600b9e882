"""Columns of tables: which of them hold signals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.readers.recording import Recording

__all__ = ["MIN_RISING", "only_signals"]

# From so many samples on, a column that rises evenly is not a signal.
MIN_RISING = 8


def only_signals(recording: Recording, names: Sequence[str], clock: int | None = None) -> Recording:
    """Leave out columns that hold no signals, and warn of them.

    `names` are those of the file; `clock` is the place of a column that is called as times are.
    """
    samples = recording.table()
    reasons = [
        _why_no_signal(column) or (_why_times(column) if place == clock else None)
        for place, column in zip(recording.places, samples.T, strict=True)
    ]
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    if not kept or len(kept) == len(reasons):
        return recording
    found = [
        f"{names[place]!r} {reason}"
        for place, reason in zip(recording.places, reasons, strict=True)
        if reason is not None
    ]
    more = f" (and {len(found) - 3} others)" if len(found) > 3 else ""
    warn(
        f"{recording.name}: {', '.join(found[:3])}{more}, and is left as it is. To take it for a "
        "signal, choose it as the column to use."
    )

    def those(of_channels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(of_channels[place] for place in kept if of_channels)

    return replace(
        recording,
        samples=samples[:, kept[0]] if len(kept) == 1 else samples[:, kept],
        channel_names=those(recording.channel_names),
        units=those(recording.units),
        places=tuple(recording.places[place] for place in kept),
    )


def _why_times(samples: Array) -> str | None:
    """Say why a column that is called as times are holds times; None where it falls."""
    rises = len(samples) > 2 and not np.any(np.diff(samples) < 0)
    return "is called as times are, and never falls" if rises else None


def _why_no_signal(samples: Array) -> str | None:
    """Say why a column is not a signal (it rises evenly, has two values); None where it may be."""
    samples = samples[~np.isnan(samples)]
    if len(samples) < MIN_RISING:
        return None
    steps = np.diff(samples)
    usual = np.median(steps)
    if usual and np.all(steps * usual > 0):
        near = np.abs(steps - usual) <= abs(usual)
        if np.mean(near) > 0.9:
            return "rises or falls evenly, as times and counters do"
    if len(np.unique(samples[:1000])) == 2 and len(np.unique(samples)) == 2:
        return "has two values, as triggers do"
    return None
