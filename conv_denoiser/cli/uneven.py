"""Recordings whose samples were not taken evenly: denoised on an even grid, and drawn on it."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from conv_denoiser._checks.times import even_grid, on_even_grid
from conv_denoiser._checks.warn import DenoisingWarning
from conv_denoiser._typing import Array
from conv_denoiser.readers.recording import Recording, Samples

__all__ = ["at_times", "drawn_evenly", "in_seconds"]


def at_times(denoise: Callable[..., Samples], time: Array | None) -> Callable[..., Samples]:
    """Return a function that denoises samples of uneven times on an even grid, gaps in it."""
    if time is None:
        return denoise
    grid = even_grid(time, len(time))

    def denoise_at_times(samples: Samples, *, out: Samples | None, **options: object) -> Samples:
        def on_grid(x: Array) -> Array:
            return np.asarray(denoise(x, out=None, **options))

        denoised: Array = on_even_grid(on_grid, np.asarray(samples), grid)
        if out is None:
            return denoised
        out[:] = denoised
        return out

    return denoise_at_times


def in_seconds(recording: Recording, rate: float | None) -> Recording:
    """Set the sampling rate, which tells the unit of times that were in an unknown one."""
    time = recording.time
    if time is not None and recording.sampling_rate is None and rate is not None:
        time = time / (even_grid(time, len(time)).step * rate)
    return replace(recording, sampling_rate=rate, time=time)


def drawn_evenly(recording: Recording, denoised: Samples) -> tuple[Recording, Samples]:
    """Return a recording and what it was denoised to on an even grid, as far as there is one."""
    if recording.time is None:
        return recording, denoised
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DenoisingWarning)
        try:
            grid = even_grid(recording.time, len(recording.time))
        except ValueError:  # of parts of it there may be one
            return recording, denoised
    noisy, clean = (grid.spread(np.asarray(x).T).T for x in (recording.samples, denoised))
    return replace(recording, samples=noisy), clean
