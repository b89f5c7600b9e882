"""Recordings in other units than a model's: brought to them, and back."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.readers.recording import Recording, Samples

__all__ = ["factors_to", "in_units", "with_units"]

POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6}
BASES = frozenset({"V", "A", "T", "T/m", "Pa", "g", "m", "m/s", "m/s2", "m/s^2", "s", "W", "Hz"})


def with_units(recording: Recording, units: str | None) -> Recording:
    """Return a recording of which all channels are in the given units, if any are given."""
    return replace(recording, units=(units,) * recording.n_channels) if units else recording


def factors_to(fitted: str | None, recording: Recording) -> list[float]:
    """Return what brings each channel to the units of a model; none where nothing is to be done."""
    units = recording.units or ("",)
    if not fitted or not all(units):
        return []
    powers = {unit: _parsed(unit) for unit in (*units, fitted)}
    if len({base for _, base in powers.values()}) > 1:
        raise ValueError(
            f"{recording.name} is in {', '.join(dict.fromkeys(units))}, but the model was fitted "
            f"to samples in {fitted}. Convert it, or say with --units what it is in."
        )
    if len({power for power, _ in powers.values()}) == 1:
        return []
    return [10.0 ** (powers[unit][0] - powers[fitted][0]) for unit in units]


def in_units(denoise: Callable[..., Samples], factors: Sequence[float]) -> Callable[..., Samples]:
    """Return a function that multiplies each channel before it denoises, and divides it after."""
    if not factors:
        return denoise

    def denoise_in_units(samples: Samples, *, out: Samples | None, **options: object) -> Samples:
        by: Array = np.array(factors) if samples.ndim == 2 else np.array(factors[0])
        there = np.asarray(samples, np.float64) * by
        back: Array = np.asarray(denoise(there, out=None, **options), np.float64) / by
        if out is None:
            return back
        out[:] = back
        return out

    return denoise_in_units


def _parsed(unit: str) -> tuple[int, str]:
    """Return the power of ten in a unit, and what is left of it."""
    unit = unit.strip().replace("\u00b5", "u").replace("\u03bc", "u").replace("²", "2")
    if unit[:1] in POWERS and unit[1:] in BASES and unit not in BASES:
        return POWERS[unit[0]], unit[1:]
    return 0, unit
