"""Columns of times, and the sampling rate that they tell."""

import re
import warnings
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from conv_denoiser._checks.times import even_grid
from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array

__all__ = ["as_date", "clock_of", "is_time", "rate_of", "seconds_of"]

# How long the units of times are, in seconds.
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "min": 60.0}
WORDS = {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "milliseconds": "ms"}
UNIT = "|".join(sorted([*SECONDS, *WORDS], key=len, reverse=True))
TIME = re.compile(rf"(?:t|times?|elapsed(?: time)?)(?:[ _\[(]+({UNIT})[\])]?)?")
# Sampling rates are looked for with so many digits after the point.
DIGITS = 7
# So many long steps are holes; more may come from rounding.
FEW_HOLES = 3


def is_time(name: str) -> bool:
    """Tell whether a column is called as times are."""
    return _unit_in(name) is not None


def seconds_of(name: str, unit: str = "") -> float | None:
    """Return the unit of times, in seconds, if the name of their column or a text tells it."""
    known = unit.strip(" []()").lower() or _unit_in(name) or ""
    return SECONDS.get(WORDS.get(known, known))


def _unit_in(name: str) -> str | None:
    """Return the unit in the name of a column of times, "" without one, None for other names."""
    text = name.strip().lower()
    if text in WORDS:
        return text
    match = TIME.fullmatch(text)
    return None if match is None else match[1] or ""


def as_date(text: str) -> datetime | None:
    """Return a date with a time as ISO 8601 writes it, or None."""
    text = text.strip()
    if len(text) < len("2024-02-29T23:30"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def clock_of(
    times: Sequence[float] | Array, unit: float | None, file_name: str
) -> tuple[float | None, Array | None]:
    """Return the sampling rate (Hz) that times tell, and the times, if they are not evenly spaced.

    Uneven times are in seconds, or in their own unit where that is unknown.
    """
    t = np.asarray(times, np.float64)
    unknown = ~np.isfinite(t)
    if unknown.any():
        warn(
            f"{file_name}: {unknown.sum()} of {len(t)} times are missing, the first in row "
            f"{np.argmax(unknown) + 1}, so that samples are taken for evenly spaced.",
            DenoisingWarning,
        )
        return None, None
    rate = rate_of(t, unit)
    if rate is not None or _is_even(t):
        return rate, None
    if not np.all(np.diff(t) > 0):
        warn(
            f"{file_name}: times do not rise from sample to sample, which are taken for evenly "
            "spaced.",
            DenoisingWarning,
        )
        return None, None
    seconds = (t - t[0]) * (unit or 1.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DenoisingWarning)
            step = even_grid(seconds, len(t)).step
    except ValueError:  # which is told where the grid is needed
        return None, seconds
    is_unknown = unit is None and np.array_equal(t, np.rint(t))
    return None if is_unknown else float(f"{1 / step:.6g}"), seconds


def _is_even(t: Array) -> bool:
    """Tell whether times are evenly spaced to within half a step, or a tick of their clock."""
    steps = np.diff(t)
    if not np.any(steps > 0):
        return True  # they tell nothing
    if _has_holes(steps):
        return False
    off = np.abs(t - np.linspace(t[0], t[-1], len(t))).max()
    tick = steps[steps > 0].min() if np.any(steps == 0) else 0.0
    return bool(off <= max(tick, 0.5 * steps.mean()))


def _has_holes(steps: Array) -> bool:
    """Tell whether a few steps are longer, as where samples were lost, and no rounding explains it.

    Times that are rounded to nearly their own step are longer by one now and then, but more often.
    """
    n_long = int(np.sum(steps > 1.5 * steps.mean()))
    return 0 < n_long <= FEW_HOLES and steps.min() > 0


def rate_of(times: Sequence[float] | Array, unit: float | None) -> float | None:
    """Return the sampling rate (Hz) of evenly spaced times, which may be rounded.

    None where they are not evenly spaced, and for whole numbers of an unknown unit, which may count
    samples or milliseconds.
    """
    t = np.asarray(times, np.float64)
    n_steps = len(t) - 1
    if n_steps < 1 or not np.isfinite(t).all() or t[-1] <= t[0]:
        return None
    step = float(t[-1] - t[0]) / n_steps
    off = float(np.abs(t - t[0] - step * np.arange(n_steps + 1)).max())
    if off > 0.5 * step or _has_holes(np.diff(t)):
        return None
    if unit is None and np.array_equal(t, np.rint(t)):
        return None
    step *= unit or 1.0
    allowed = max(off * (unit or 1.0) / n_steps, 1e-9 * step)  # of a step
    simple = (round(1 / step, digits) for digits in range(DIGITS))
    return next((rate for rate in simple if rate and abs(1 / rate - step) <= allowed), 1 / step)
