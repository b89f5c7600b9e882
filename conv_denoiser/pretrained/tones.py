"""Steady tones: sinusoids that last as long as a signal, longer than the network sees.

A tone of which a signal holds many periods is known far better from all of them than from the few
that a network sees at once. So are waves that repeat exactly, which are sums of such tones.
"""

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._typing import Array
from conv_denoiser.level.windows import hann
from conv_denoiser.pretrained.rates import Estimator

__all__ = ["beside_steady_tones"]

MOST_TONES, MOST_OVERTONES = 24, 96
ENOUGH = 24  # samples for each tone
# Power in units of the noise's from which a peak may be a line; white noise has as much once in
# e^13 bins. A line is so many times as strong as the spectrum some bins beside it, where the
# leakage of a Hann window has died away.
POWERFUL, DISTINCT, BESIDE = 13.0, 12.0, (5, 9)
LOWEST = 4 + BESIDE[1]  # periods in the signal
# Lines are overtones of one frequency if they are multiples of it, or of a half or a third of the
# lowest, to within so many bins.
LARGEST_PART, OFF = 3, 0.3
# The power from which an overtone counts, and what overtones must gain to make the lowest line one.
AUDIBLE, DOUBT = 4.0, 8.0
ROUNDS = 3  # of fitting the frequencies
# Tones are kept aside where the network expects so much less error, and what is removed is not
# stronger than that explains, but for so many standard deviations of the power of noise.
SURER, LUCK = 0.7, 4.0


def beside_steady_tones(
    u: Array, there: NDArray[np.bool_], estimate: Estimator
) -> tuple[Array, Array]:
    """Estimate noise in what is left of signals without their steady tones, where that is surer.

    Parameters
    ----------
    u : ndarray of shape (n_signals, n_timesteps)
        Signals in units of the noise; gaps bridged.
    there : ndarray of bool, shape (n_signals, n_timesteps)
        What was measured.
    estimate : callable
        From (u, there) to the noise and the variance of its error.

    Returns
    -------
    noise, variance : ndarray of shape (n_signals, n_timesteps)
        Of each signal the one, with or without tones, of which the network expects less error.
    """
    noise, variance = estimate(u, there)
    rows, tones, n_unknowns = _steady_tones(u, there)
    if rows.size:
        rest = bridged(u[rows] - tones, there[rows])
        noise_of_rest, surer = estimate(rest, there[rows])
        # As much again for faint overtones that are not found.
        surer = surer + 2 * n_unknowns / u.shape[1]
        removed = u[rows] - tones - rest + noise_of_rest
        error, error_of_rest = variance[rows].mean(axis=1), surer.mean(axis=1)
        better = error_of_rest < SURER * error
        # An error that is smaller leaves more of the noise in what is removed; ripples, where tones
        # do not fit, add to it.
        more = _power_of(removed, there[rows]) - _power_of(noise[rows], there[rows])
        better &= more < error - error_of_rest + LUCK * np.sqrt(2 / u.shape[1])
        chosen = rows[better]
        noise[chosen] = removed[better]
        variance[chosen] = surer[better]
    return noise, variance


def _power_of(noise: Array, there: NDArray[np.bool_]) -> Array:
    power: Array = (noise**2 * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return power


def _steady_tones(u: Array, there: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Array, Array]:
    """Return which signals hold tones, these, and how many numbers had to be estimated for each."""
    rows, tones, n_unknowns = [], [], []
    for row, power in enumerate(_power(u)):
        lines = _lines(power)
        if lines.size == 0:
            continue
        bases, multiples = _with_overtones(lines, power)
        if there[row].sum() >= ENOUGH * len(multiples):
            rows.append(row)
            tones.append(_fitted(u[row], there[row], bases / u.shape[1], multiples))
            n_unknowns.append([2 * len(multiples) + len(bases)])
    shape = len(rows), u.shape[1]
    return np.array(rows, int), np.reshape(tones, shape), np.reshape(n_unknowns, (len(rows), 1))


def _power(u: Array) -> Array:
    """Return spectra in units of white noise of variance 1."""
    window = hann(u.shape[1])
    spectrum = rfft((u - u.mean(axis=1, keepdims=True)) * window, axis=1)
    power: Array = (spectrum.real**2 + spectrum.imag**2) / np.sum(window**2)
    return power


def _lines(power: Array) -> Array:
    """Return the places of the strongest lines in a spectrum, in bins."""
    inner = np.arange(LOWEST, power.size - BESIDE[1])
    beside = np.arange(*BESIDE)
    peak = power[inner]
    is_line = (peak > POWERFUL) & (peak >= power[inner - 1]) & (peak > power[inner + 1])
    for side in (beside, -beside):
        is_line &= peak > DISTINCT * power[inner[:, np.newaxis] + side].mean(axis=1)
    strongest = inner[is_line][np.argsort(-peak[is_line])][:MOST_TONES]
    # The top of a parabola through three logarithms.
    left, middle, right = (np.log(power[strongest + step]) for step in (-1, 0, 1))
    return np.sort(strongest + 0.5 * (left - right) / (left - 2 * middle + right))


def _with_overtones(lines: Array, power: Array) -> tuple[Array, Array]:
    """Return frequencies, and the multiples of them that are tones, (n_tones, n_frequencies).

    If the lines are multiples of one frequency, its fainter multiples are tones, too.
    """
    most, frequencies, multiples = 0.0, lines, np.eye(lines.size)
    for part in range(1, LARGEST_PART + 1):
        base = lines[0] / part
        order = np.round(lines / base)
        if np.any(np.abs(lines - order * base) > OFF * order / part):
            continue
        base = np.sum(lines * order) / np.sum(order**2)
        orders = np.arange(1, int((power.size - 2) / base) + 1)
        above = power[np.round(orders * base).astype(int)] - AUDIBLE
        gain = above[above > 0].sum() - DOUBT * part
        if gain > most:
            tones = orders[(above > 0) | np.isin(orders, order)][:MOST_OVERTONES]
            most, frequencies, multiples = gain, np.array([base]), tones[:, np.newaxis]
    return frequencies, multiples


def _fitted(u: Array, there: NDArray[np.bool_], frequencies: Array, multiples: Array) -> Array:
    """Fit tones, their frequencies included, by the method of Gauss and Newton."""
    t = np.arange(u.size) - (u.size - 1) / 2
    for _ in range(ROUNDS):
        phase = 2 * np.pi * t[:, np.newaxis] * (multiples @ frequencies)
        cosine, sine = np.cos(phase), np.sin(phase)
        waves = np.concatenate([cosine, sine, np.ones((u.size, 1))], axis=1)
        weights = _least_squares(waves[there], u[there])
        a, b = weights[:-1].reshape(2, -1)
        # Of the phase at the signal's end, so that all columns are about as large.
        slope = t[:, np.newaxis] / u.size * (b * cosine - a * sine) @ multiples
        scale = np.maximum(np.abs(slope).max(axis=0), 1e-9)
        both = np.concatenate([waves, slope / scale], axis=1)
        step = _least_squares(both[there], u[there])[waves.shape[1] :] / scale
        frequencies = frequencies + np.clip(step / (2 * np.pi), -0.5, 0.5) / u.size
    tones: Array = waves[:, :-1] @ weights[:-1]
    return tones


def _least_squares(columns: Array, target: Array) -> Array:
    gram = columns.T @ columns
    # Columns that are almost alike share their weight.
    gram[np.diag_indices_from(gram)] *= 1 + 1e-9
    return np.linalg.solve(gram, columns.T @ target)
