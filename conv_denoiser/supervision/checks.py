"""Checks that signals suit a supervision and a loss."""

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Problem, draw_pairs

__all__ = ["CHECKED_SIGNALS", "TOLERANCE", "check_problem"]

# How many signals' targets are looked at before training, and what counts as rounding.
CHECKED_SIGNALS = 1000
TOLERANCE = 1e-6


def check_problem(problem: Problem, signals: Signals) -> list[str]:
    """Raise if signals do not suit the supervision and the loss; return warnings."""
    warnings = problem.supervision.check(signals)
    if problem.cross_entropy:
        if problem.scaling.scaler is None:
            _check_unscaled(problem, signals)
        else:
            warnings += _check_scaled(problem, signals)
    return warnings


def _check_unscaled(problem: Problem, signals: Signals) -> None:
    """Raise if targets of cross-entropy leave [0, 1]."""
    name = problem.supervision.target
    targets = getattr(signals, name)
    low, high = np.fmin.reduce(targets, axis=None), np.fmax.reduce(targets, axis=None)
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise ValueError(
            f"Binary cross-entropy needs targets within [0, 1], but {name} goes from "
            f"{low:.4g} to {high:.4g} and scaler=None. Scale the targets with "
            "MinMaxPerSample, or choose loss='mean_squared_error'."
        )


def _check_scaled(problem: Problem, signals: Signals) -> list[str]:
    """Raise if a scaler does not suit cross-entropy; return a warning about clipped targets.

    Targets outside the scaled range of the noisy signals are clipped. The warning comes if that
    changes more than 1 % of the points of up to 1,000 signals.
    """
    some = signals.rows(slice(None, None, ceil_div(len(signals), CHECKED_SIGNALS)))
    # Of spikes, what is cut of them may leave the range.
    scaling = Scaling(problem.scaling.scaler)
    unclipped = problem._replace(cross_entropy=False, scaling=scaling)
    inputs, targets, *_ = draw_pairs(some, np.random.default_rng(0), unclipped)
    if inputs.min() < -TOLERANCE or inputs.max() > 1 + TOLERANCE:
        raise ValueError(
            f"Binary cross-entropy needs signals scaled to [0, 1], but {scaling.scaler!r} scales "
            f"to {inputs.min():.4g} .. {inputs.max():.4g}. Choose scaler=MinMaxPerSample(), or "
            "loss='mean_squared_error'."
        )
    share = np.mean((targets < -TOLERANCE) | (targets > 1 + TOLERANCE))
    if share <= 0.01:
        return []
    return [
        f"{share:.1%} of the target points lie outside the range of their noisy signal, which "
        "a sigmoid cannot leave, and are clipped to it. If the clean signals have another "
        "offset or amplitude than the noisy ones, choose loss='mean_squared_error'."
    ]
