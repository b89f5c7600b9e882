"""Missing samples in signals to learn from: NaN, in X, in y, or in both."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import greatest_along, least_along
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.supervision.signals import Signals

__all__ = ["NothingToLearnError", "check_varies", "is_whole", "weight_of_present", "with_samples"]


class NothingToLearnError(ValueError):
    """None of some signals has anything to learn from."""


def check_varies(X: Array, doing: str) -> None:
    """Raise NothingToLearnError where every signal is flat."""
    if not (least_along(X) < greatest_along(X)).any():
        raise NothingToLearnError(
            f"{doing}, but every signal is flat (n_samples={len(X)}). Pass signals that vary, or "
            "clean ones as y."
        )


def is_whole(X: Array) -> NDArray[np.bool_]:
    """Tell which timesteps miss no channel, as (n_signals, n_timesteps)."""
    return np.asarray(~np.isnan(X).any(axis=2))


def weight_of_present(target: Array) -> Array | None:
    """Return weights of a mean of 1 for each signal, 0 where it misses samples; None if nowhere."""
    whole = is_whole(target)
    return None if whole.all() else whole / whole.mean(axis=1, keepdims=True)


def with_samples(signals: Signals) -> Signals:
    """Leave out signals that nothing can be learned from, with a warning; note whether gaps remain.

    That needs samples in X, and a timestep of what is learned, y or else X, with all channels.
    """
    target = signals.X if signals.y is None else signals.y
    if not (np.isnan(signals.X).any() or np.isnan(target).any()):
        return signals
    serves = np.asarray(~np.isnan(signals.X).all(axis=(1, 2)) & is_whole(target).any(axis=1))
    where = "X" if signals.y is None else "X or in y"
    if not serves.any():
        raise NothingToLearnError(
            f"No signal has a timestep to learn from: all miss every sample (NaN) in {where}, or "
            "one channel throughout, which is then better left out."
        )
    n_left_out = len(signals) - np.count_nonzero(serves)
    kept = replace(signals.rows(serves) if n_left_out else signals, has_gaps=True)
    if kept.n_counting == 0:
        raise ValueError("sample_weight is zero for every signal that has samples.")
    if n_left_out:
        warn(
            f"{n_left_out} of {len(signals)} signals are left out: they miss every sample (NaN) in "
            f"{where}."
        )
    return kept
