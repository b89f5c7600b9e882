"""Times at which samples were taken, and the even grid that lies below them. NumPy alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array, RawArray

__all__ = ["Grid", "check_rising", "even_grid", "on_even_grid", "seconds_since_first"]

# Longer pauses than so many usual steps are holes, which tell nothing of the mean step.
PAUSE = 8
# The least that a grid needs: samples for each place, and places for each sample.
SAMPLED, SPREAD = 0.25, 0.5
# A line through so many first times, then through twice as many, is sure of what place each has.
FIRST = 16
# So many first times tell what they are multiples of, among so many frequencies at most.
N_TOLD, MOST = 64, 10_000
# Twice or three times a frequency agrees as well: the lowest that does nearly so is meant.
ALIKE = 0.8


@dataclass(frozen=True, eq=False)
class Grid:
    """Evenly spaced places for samples that were taken at some times.

    Parameters
    ----------
    positions : ndarray of shape (n_timesteps,)
        Where each sample stands, in steps from the first place. Whole numbers, none of them twice,
        where times stray from the grid by less than half a step.
    step : float
        Time from place to place, in seconds or in the unit of the times.
    """

    positions: Array
    step: float

    @property
    def places(self) -> NDArray[np.intp]:
        """The nearest place of each sample."""
        return np.rint(self.positions).astype(np.intp)

    @property
    def size(self) -> int:
        """Number of places."""
        return int(self.places[-1]) + 1

    @property
    def is_regular(self) -> bool:
        """Whether each sample has a place for itself."""
        return bool(np.array_equal(self.positions, self.places))

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing to do: samples are evenly spaced, and none is missing."""
        return self.is_regular and self.size == len(self.positions)

    def spread(self, x: RawArray) -> Array:
        """Put samples in their places, time last; others are NaN. Some in one place are averaged.

        A straight line from sample to sample would be smoother than the noise is.
        """
        places = self.places
        first = np.flatnonzero(np.diff(places, prepend=-1))
        there = ~np.isnan(x)
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        total = np.add.reduceat(np.where(there, x, 0).astype(dtype), first, axis=-1)
        n_there = np.add.reduceat(there.astype(dtype), first, axis=-1)
        spread = np.full((*x.shape[:-1], self.size), np.nan, dtype)
        with np.errstate(invalid="ignore"):
            spread[..., places[first]] = total / n_there
        return spread

    def gather(self, y: Array) -> Array:
        """Return what is at the samples' times, time last, by straight lines between places."""
        before = np.floor(self.positions).astype(np.intp).clip(0, max(self.size - 2, 0))
        after = np.minimum(before + 1, self.size - 1)
        share = (self.positions - before).astype(y.dtype)
        between: Array = y[..., before] * (1 - share) + y[..., after] * share
        # Beside a gap, and on a place, where a gap may follow.
        alone = np.isnan(between) | (share == 0) | (share == 1)
        return np.where(alone, y[..., self.places], between)


def on_even_grid(function: Callable[[Array], Any], x: RawArray, grid: Grid) -> Any:
    """Apply a function of recordings, time first, to samples in their places on a grid.

    What it returns, an array or several, comes back at the times of the samples.
    """
    result = function(np.ascontiguousarray(grid.spread(x.T).T))
    if isinstance(result, tuple):
        return tuple(grid.gather(part.T).T for part in result)
    return grid.gather(result.T).T


def even_grid(time: ArrayLike, n_timesteps: int) -> Grid:
    """Return the even grid for times: seconds, other numbers, dates or durations.

    Raise ValueError where they are not times, or no grid holds them; warn where samples have to
    share places.
    """
    t = seconds_since_first(time)
    if t.shape != (n_timesteps,):
        raise ValueError(
            f"time must hold one number or date for each of the {n_timesteps} timesteps. Got the "
            f"shape {t.shape}."
        )
    check_rising(t)
    if n_timesteps < 3:
        return Grid(np.arange(n_timesteps, dtype=np.float64), float(t[-1]) or 1.0)
    steps = np.diff(t)
    found = (_regular(t, step, first) for step, first in _likely_steps(t, steps))
    dense = [grid for grid in found if grid is not None and SAMPLED * grid.size <= n_timesteps]
    return min(dense, key=lambda grid: grid.size) if dense else _irregular(t, steps)


def seconds_since_first(time: ArrayLike) -> Array:
    """Return times as numbers, dates and durations in seconds, from the first one on."""
    if np.ma.is_masked(time):
        raise ValueError("time is masked in places. Leave out samples of unknown time.")
    t = np.asarray(time)
    if t.dtype == object:  # dates of Python
        t = t.astype("datetime64[ns]")
    if t.dtype.kind not in "fiuMm":
        raise ValueError(f"time must hold numbers (seconds), dates or durations. Got {t.dtype}.")
    # As they are: differences of dates, and of nanoseconds since 1970, are lost in floats.
    t = t.astype({"f": np.float64, "u": np.int64}.get(t.dtype.kind, t.dtype))
    passed = t - t[:1]
    if passed.dtype.kind == "m":
        passed = passed / np.timedelta64(1, "s")  # NaT becomes NaN
    return np.asarray(passed, np.float64)


def check_rising(t: Array) -> None:
    """Raise ValueError where times do not rise, or are missing."""
    if not np.isfinite(t).all():
        raise ValueError(
            f"time holds {np.sum(~np.isfinite(t))} value(s) that are missing or infinite, the "
            f"first at timestep {np.argmin(np.isfinite(t))}. Leave out samples of unknown time."
        )
    late = np.diff(t) <= 0
    if late.any():
        raise ValueError(
            f"time must rise from sample to sample. It does not at {late.sum()} timestep(s), the "
            f"first of them {np.argmax(late) + 1}. Sort the samples by time, and leave out what is "
            "there twice; where the clock is too coarse but samples are evenly spaced, pass them "
            "without their times."
        )


def _likely_steps(t: Array, steps: Array) -> list[tuple[float, int]]:
    """Return what the step of a grid may be, and how many times it surely holds for.

    It is the mean, as a rule; where many samples are missing, the first times tell it by their
    periodogram.
    """
    usual = np.median(steps)
    means = [float(steps[steps <= most * usual].mean()) for most in (PAUSE, 1.5)]
    some = t[:N_TOLD]
    lowest, spacing = 0.5 / usual, 0.125 / some[-1]
    n_frequencies = min(2 / (steps.min() * spacing), MOST)
    frequencies = lowest + spacing * np.arange(n_frequencies)
    agree = np.abs(np.exp(2j * np.pi * frequencies[:, np.newaxis] * some).mean(axis=1))
    first = np.flatnonzero(agree >= ALIKE * agree.max())[0]
    peak = first + agree[first : first + 8].argmax()
    return [*((mean, FIRST) for mean in means), (float(1 / frequencies[peak]), N_TOLD)]


def _regular(t: Array, step: float, first: int) -> Grid | None:
    """Return a grid that gives each sample a place for itself, if there is one."""
    origin, n = 0.0, min(first, len(t))
    while True:
        places = np.rint((t[:n] - origin) / step)
        if places[0] == places[-1]:
            return None
        step, origin = map(float, np.polyfit(places, t[:n], 1))
        if step <= 0:
            return None
        if n == len(t):
            break
        n = min(2 * n, len(t))
    places = np.rint((t - origin) / step)
    if np.any(np.diff(places) < 1):
        return None
    return Grid(places - places[0], step)


def _irregular(t: Array, steps: Array) -> Grid:
    """Return a grid of the mean step, in whose places samples meet; say so."""
    step = float(steps[steps <= PAUSE * np.median(steps)].mean())
    grid = Grid(t / step, step)
    _check_holes(grid, steps)
    n_places = len(np.unique(grid.places))
    if n_places < SPREAD * len(t):
        raise ValueError(
            f"time is too uneven: on an even grid of the mean step, {step:.3g}, the {len(t)} "
            f"samples fall in {n_places} places. Average samples that were taken together first."
        )
    warn(
        f"time is uneven: samples are denoised on an even grid of {grid.size} places, {step:.4g} "
        f"apart, of which {grid.size - n_places} hold no sample, and others several, in all "
        f"{len(t) - n_places} more than one. Results are those at the given times, but details as "
        "fast as the grid are lost.",
        DenoisingWarning,
    )
    return grid


def _check_holes(grid: Grid, steps: Array) -> None:
    """Raise ValueError where next to nothing of a grid was sampled."""
    n_samples = len(grid.positions)
    if n_samples >= SAMPLED * grid.size:
        return
    longest = int(np.argmax(steps))
    raise ValueError(
        f"time has holes: of {grid.size:,} places, {grid.step:.4g} apart, {n_samples:,} hold a "
        f"sample. The longest hole, of {steps[longest]:.4g}, follows timestep {longest}. Cut the "
        "signals at long holes, and denoise each part by itself."
    )
