"""Warnings of noise that can be predicted, which blind spots take for signal."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.noise.estimates import varying_rows
from conv_denoiser.noise.spectra import (
    channels_as_rows,
    fitted_autocovariance,
    looks_white,
    noise_spectrum,
    tone,
)

__all__ = ["is_clearly_white", "warnings_of_correlation"]

# Few points tell nothing for sure; no more than these many are looked at.
MIN_TIMESTEPS, MIN_POINTS, MAX_POINTS = 32, 10_000, 500_000
FRAME = 64
CLEAR_CORRELATION = 0.2
LONGEST_HOLD = 16
# The trial: a linear filter sees this many timesteps on either side of at most so many points.
REACH, TRIAL_POINTS = 24, 40_000
TRIAL_WIDTHS = (1, 3, 5, 7, 9, 13, 17, 25, 31)
CLEAR_GAIN_DB = 1.0
# No filter removes more than this leaves of the noise, where its covariance is but estimated.
LEAST_RISK = 0.1


class Advice(NamedTuple):
    """The width that a trial found best, and by how much it beats the one in use."""

    width: int
    gain_db: float


def is_clearly_white(X: Array) -> bool:
    """Tell whether signals are many enough to see that their noise is white."""
    if not _is_enough(X) or warnings_of_correlation(X, 1):
        return False
    rows = varying_rows(X)
    spectrum = noise_spectrum(rows, min(FRAME, X.shape[1]))
    if spectrum is None:
        return False
    none_apart, one_apart = fitted_autocovariance(spectrum, 2)
    return bool(one_apart < CLEAR_CORRELATION * none_apart)


def _is_enough(X: Array) -> bool:
    n_signals, n_timesteps, _ = X.shape
    return n_timesteps >= MIN_TIMESTEPS and n_signals * n_timesteps >= MIN_POINTS


def warnings_of_correlation(X: Array, width: int) -> list[str]:
    """Return a warning where noise is clearly predictable from what is not hidden.

    Parameters
    ----------
    X : ndarray of shape (n_signals, n_timesteps, n_channels)
        Noisy signals.
    width : int
        Timesteps hidden around each point.

    Returns
    -------
    list of str
        At most one warning.
    """
    if not _is_enough(X):
        return []
    X = X[:: ceil_div(X.shape[0] * X.shape[1], MAX_POINTS)]
    rows = channels_as_rows(X)
    hold = held_timesteps(rows)
    if hold > 1:
        return _warning_of_hold(rows, hold, width)
    if (frequency := tone(rows)) is not None:
        return [
            f"A tone of {frequency:.3f} cycles per timestep runs through these signals, as mains "
            "hum does. supervision='blind_spot' takes it for signal, whatever it hides. If it is "
            "none, filter it out before, or learn from clean signals and a noise model."
        ]
    return _warning_of_correlation(varying_rows(X), width)


def held_timesteps(rows: Array) -> int:
    """Return for how many timesteps each value is held, 1 where they are not."""
    changes = np.diff(rows, axis=1) != 0
    hold = 1
    if not 0 < changes.mean() <= 0.5 + 1 / rows.shape[1]:
        return hold
    lengths, values = [], 0
    for row in range(0, len(rows), ceil_div(len(rows), 100)):
        places = np.flatnonzero(changes[row])
        lengths.append(np.diff(places))
        values += len(np.unique(rows[row]))
    runs = np.concatenate(lengths)
    if runs.size == 0 or values < 0.1 * runs.size:  # steps between few levels are a signal
        return hold
    hold = int(np.quantile(runs, 0.05))
    is_held = 1 < hold <= LONGEST_HOLD and np.mean(runs % hold == 0) > 0.9
    return hold if is_held else 1


def _warning_of_hold(rows: Array, hold: int, width: int) -> list[str]:
    """Warn where values are repeated, unless all copies of a point are hidden with it."""
    needed = 2 * hold - 1
    if width >= needed:
        return []
    return [
        f"Each value of these signals is held for {hold} timesteps, as after repetition: "
        "supervision='blind_spot' finds the copies of a hidden point beside it, and removes "
        f"nothing. Take every {_ordinal(hold)} timestep alone, or hide all copies with "
        f"supervision=BlindSpot(width={needed})."
    ]


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _warning_of_correlation(rows: Array, width: int) -> list[str]:
    spectrum = noise_spectrum(rows, min(FRAME, rows.shape[1]))
    if spectrum is None or looks_white(rows):
        return []
    noise = fitted_autocovariance(spectrum, 2 * REACH)
    lag = width // 2 + 1
    correlation = noise[lag] / noise[0]
    if correlation < CLEAR_CORRELATION:
        return []
    advice = _trial(rows, noise, width)
    if advice is None:
        way_out = (
            "No width of BlindSpot helps much in a trial with a linear filter: learn from clean "
            "signals and a noise model, or from pairs."
        )
    else:
        way_out = (
            "In a trial with a linear filter, hiding more lowers the error by "
            f"{advice.gain_db:.1f} dB: supervision=BlindSpot(width={advice.width}). Clean signals "
            "and a noise model may do better."
        )
    return [
        "supervision='blind_spot' needs noise that is independent from point to point, but "
        f"points {lag} timestep(s) apart have a correlation of {correlation:.2f} that no smooth "
        f"signal explains: the network may take noise for signal. {way_out}"
    ]


def _trial(rows: Array, noise: NDArray[np.float64], width: int) -> Advice | None:
    """Denoise signals by linear filters that do not see what is hidden; None if no width helps.

    The error against clean signals follows from that against noisy ones and the covariance of the
    noise, as in Stein's unbiased estimate of risk.
    """
    reach = min(REACH, (rows.shape[1] - 1) // 2)
    windows = np.lib.stride_tricks.sliding_window_view(rows, 2 * reach + 1, axis=1)
    windows = windows.reshape(-1, 2 * reach + 1)
    windows = windows[:: ceil_div(len(windows), TRIAL_POINTS)]
    second_moments = windows.T @ windows / len(windows)
    risks = {
        candidate: _risk(second_moments, noise, candidate)
        for candidate in TRIAL_WIDTHS
        if candidate >= width and candidate // 2 < reach - 1
    }
    best = min(risks, key=lambda candidate: risks[candidate])
    gain_db = 10 * np.log10(risks[min(risks)] / risks[best])
    return Advice(best, float(gain_db)) if gain_db >= CLEAR_GAIN_DB else None


def _risk(second_moments: Array, noise: NDArray[np.float64], width: int) -> float:
    """Return the mean squared error, against clean signals, of the best filter on noisy ones."""
    reach = len(second_moments) // 2
    distance = np.abs(np.arange(-reach, reach + 1))
    seen = distance > width // 2
    towards_centre = second_moments[seen, reach]
    ridge = 1e-6 * second_moments[reach, reach] * np.eye(seen.sum())
    filter_ = np.linalg.solve(second_moments[np.ix_(seen, seen)] + ridge, towards_centre)
    against_noisy = second_moments[reach, reach] - filter_ @ towards_centre
    risk = against_noisy + 2 * filter_ @ noise[distance[seen]] - noise[0]
    return float(max(risk, LEAST_RISK * noise[0]))
