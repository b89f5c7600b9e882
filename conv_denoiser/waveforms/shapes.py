"""Families of signals with a shape: pieces, peaks, beats, spikes, events, singular points."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.waveforms.waves import band_noise, log_uniform, slow_curves, standardized

__all__ = [
    "beats",
    "events",
    "filtered_spikes",
    "lacunary_sum",
    "peaks",
    "pieces",
    "steps",
    "towards_a_point",
]


def _segments(n: int, n_timesteps: int, rng: np.random.Generator) -> tuple[NDArray[np.int_], Array]:
    """Cut time at random; return each sample's segment, and its place in it from 0 to 1."""
    rate = 10 ** rng.uniform(-3.2, -1.2, (n, 1))
    cuts = rng.random((n, n_timesteps)) < rate
    cuts[:, 0] = False
    segment = np.cumsum(cuts, axis=1)
    t = np.broadcast_to(np.arange(n_timesteps), cuts.shape)
    start = np.maximum.accumulate(np.where(cuts, t, 0), axis=1)
    end = np.minimum.accumulate(np.where(cuts, t, n_timesteps)[:, ::-1], axis=1)[:, ::-1]
    end = np.concatenate([end[:, 1:], np.full((n, 1), n_timesteps)], axis=1)
    return segment.astype(np.int_), (t - start) / np.maximum(end - start, 1)


def _of_segment(values: Array, segment: NDArray[np.int_]) -> Array:
    return np.take_along_axis(values, segment % values.shape[1], axis=1)


def _levels(n: int, n_segments: int, rng: np.random.Generator) -> Array:
    """Draw the levels of segments: Gaussian, heavy-tailed, two-valued, walking, or mostly 0."""
    shape = (n, n_segments)
    gaussian = rng.standard_normal(shape)
    kind = rng.integers(0, 5, (n, 1))
    mostly_zero = gaussian * (rng.random(shape) < 0.4)
    return np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3],
        [gaussian**3, np.sign(gaussian), np.cumsum(gaussian, axis=1), mostly_zero],
        gaussian,
    )


def steps(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw steps, from many short ones to a few long ones."""
    segment, _ = _segments(n, n_timesteps, rng)
    return _of_segment(_levels(n, 256, rng), segment)


def pieces(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw segments that are constant, straight or parabolic, with jumps or without."""
    segment, place = _segments(n, n_timesteps, rng)
    levels = _levels(n, 257, rng)
    here = _of_segment(levels[:, :256], segment)
    there = _of_segment(levels[:, 1:], segment)
    other = _of_segment(rng.standard_normal((n, 256)), segment)
    curve = _of_segment(rng.standard_normal((n, 256)), segment) * 4 * place * (1 - place)
    flat = _of_segment(rng.random((n, 256)), segment) < rng.choice([0, 0, 0.5], (n, 1))
    continuous = rng.random((n, 1)) < 0.4
    lines = here + (np.where(continuous, there, other) - here) * place
    curved = lines + curve * (rng.random((n, 1)) < 0.5)
    return np.where(flat & ~continuous, here, curved)


def peaks(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw spectra: peaks of several shapes, some asymmetrical, on backgrounds of several kinds."""
    t = np.arange(n_timesteps)
    signals: Array = np.zeros((n, n_timesteps))
    n_peaks = rng.choice([1, 2, 4, 8, 16, 24], (n, 1))
    kind = rng.integers(0, 4, n)
    typical = log_uniform(rng, 2, n_timesteps / 16, (n, 1))
    asymmetrical = rng.random((n, 1)) < 0.3
    for k in range(24):
        rows = np.flatnonzero(n_peaks[:, 0] > k)
        size = (rows.size, 1)
        width = typical[rows] * log_uniform(rng, 0.4, 2.5, size)
        distance = (t - rng.uniform(-0.02, 1.02, size) * n_timesteps) / width
        skew = np.where(asymmetrical[rows], log_uniform(rng, 0.2, 5, size), 1)
        distance = np.abs(np.where(distance > 0, distance * skew, distance))
        height = log_uniform(rng, 0.03, 1, size) * np.where(rng.random(size) < 0.1, -1, 1)
        for shape, row_shape in enumerate(PEAKS):
            of_kind = kind[rows] == shape
            signals[rows[of_kind]] += height[of_kind] * row_shape(distance[of_kind])
    background = slow_curves(n, n_timesteps, rng) * rng.choice([0, 0, 1], (n, 1))
    return signals + background * log_uniform(rng, 0.02, 1, (n, 1))


PEAKS: tuple[Callable[[Array], Array], ...] = (
    lambda x: np.exp(-np.minimum(x * x, 50)),
    lambda x: 1 / (1 + x * x),
    lambda x: 1 / (1 + x) ** 4,
    lambda x: np.exp(-np.minimum(x, 50)),
)


def beats(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw nearly regular repetitions of a random beat of smooth and sharp waves."""
    period = log_uniform(rng, 20, min(600, n_timesteps), (n, 1))
    irregular = log_uniform(rng, 0.005, 0.3, (n, 1))
    n_beats = n_timesteps // 15 + 4
    intervals = period * np.exp(irregular * rng.standard_normal((n, n_beats)))
    onsets = np.cumsum(np.maximum(intervals, 15), axis=1) - 2 * period * (1 + rng.random((n, 1)))
    t = np.arange(n_timesteps)
    index = np.stack([np.searchsorted(row, t, side="right") for row in onsets])
    index = np.clip(index, 1, n_beats - 1)
    start = np.take_along_axis(onsets, index - 1, axis=1)
    place = (t - start) / (np.take_along_axis(onsets, index, axis=1) - start)
    strength = 1 + rng.uniform(0, 0.3, (n, 1)) * rng.standard_normal((n, n_beats))
    strength = np.take_along_axis(strength, index, axis=1)
    sharpest = np.maximum(log_uniform(rng, 0.01, 0.2, (n, 1)), 1 / period)
    signals: Array = np.zeros((n, n_timesteps))
    for _ in range(5):
        distance = (place - rng.random((n, 1)) + 0.5) % 1 - 0.5
        distance = distance / (sharpest * log_uniform(rng, 1, 6, (n, 1)))
        wave = np.exp(-np.minimum(distance**2, 50))
        wave *= np.where(rng.random((n, 1)) < 0.2, distance, 1)
        signals += wave * strength * rng.standard_normal((n, 1))
    return signals


def _response(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw impulse responses: decays, damped oscillations, and rises with a decay."""
    t = np.arange(n_timesteps)
    decay = log_uniform(rng, 2, n_timesteps / 4, (n, 1))
    frequency = log_uniform(rng, 0.2, 30, (n, 1)) / decay
    oscillation = np.cos(2 * np.pi * (np.minimum(frequency, 0.45) * t + rng.random((n, 1))))
    rise = 1 - np.exp(-t / (decay * log_uniform(rng, 0.01, 1, (n, 1))))
    kind = rng.integers(0, 3, (n, 1))
    shape = np.select([kind == 0, kind == 1], [np.ones_like(oscillation), oscillation],
                      rise * oscillation)  # fmt: skip
    return shape * np.exp(-t / decay)


def filtered_spikes(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw sparse impulses, each followed by a decay or a damped oscillation."""
    rate = log_uniform(rng, 2 / n_timesteps, 0.05, (n, 1))
    shape = (n, n_timesteps)
    spikes = (rng.random(shape) < rate) * rng.standard_normal(shape)
    spikes = np.where(rng.random((n, 1)) < 0.5, spikes, np.abs(spikes))
    response = _response(n, n_timesteps, rng)
    size = 2 * n_timesteps
    product = np.fft.rfft(spikes, size, axis=1) * np.fft.rfft(response, size, axis=1)
    return np.fft.irfft(product, size, axis=1)[:, :n_timesteps]


def events(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw quiet records with one to three strong events of band-limited noise that die away."""
    t = np.arange(n_timesteps)
    quiet = log_uniform(rng, 1e-3, 0.1, (n, 1))
    loudness = quiet * np.ones((n, n_timesteps))
    for _ in range(3):
        after = np.maximum(t - rng.uniform(-0.1, 1.2, (n, 1)) * n_timesteps, 0)
        duration = log_uniform(rng, n_timesteps / 100, n_timesteps / 2, (n, 1))
        rise = 1 - np.exp(-after / (duration * log_uniform(rng, 0.01, 0.5, (n, 1))))
        loudness += log_uniform(rng, 0.05, 1, (n, 1)) * rise * np.exp(-after / duration)
    return standardized(band_noise(n, n_timesteps, rng)) * loudness


def towards_a_point(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw oscillations that become ever faster or slower towards a point in time."""
    x = np.arange(n_timesteps) / n_timesteps
    distance = np.abs(x - rng.uniform(-0.2, 1.2, (n, 1)))
    offset = log_uniform(rng, 0.002, 0.3, (n, 1))
    power = rng.uniform(0.3, 2, (n, 1))
    phase = log_uniform(rng, 0.2, 5, (n, 1)) / (distance + offset) ** power
    waves = np.sin(2 * np.pi * (phase + rng.random((n, 1))))
    # Waves too fast for the sampling are left out.
    turns = np.abs(np.gradient(phase, axis=1))
    waves = waves * np.clip(2 - turns / 0.2, 0, 1)
    envelope = rng.choice([0, 0.5, 1], (n, 1)) * rng.uniform(0.5, 2, (n, 1))
    return waves * (distance + 1e-3) ** envelope


def lacunary_sum(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw sums of sines with gaps in the spectrum, rough at every scale."""
    x = np.arange(n_timesteps) / n_timesteps
    geometric = rng.random((n, 1)) < 0.5
    base = rng.uniform(1.3, 4, (n, 1))
    power = rng.uniform(1.2, 3, (n, 1))
    decay = rng.uniform(0.8, 2.5, (n, 1))
    first = log_uniform(rng, 0.3, 4, (n, 1))
    signals: Array = np.zeros((n, n_timesteps))
    for k in range(1, 25):
        growth = np.where(geometric, np.minimum(base**k, 1e9), k**power)
        cycles = first * growth
        amplitude = np.where(cycles < 0.45 * n_timesteps, cycles**-decay, 0)
        signals += amplitude * np.sin(2 * np.pi * ((cycles % 1e6) * x + rng.random((n, 1))))
    return signals
