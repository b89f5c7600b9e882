"""What signals must be for a supervision and a loss."""

import warnings

import numpy as np

from conv_denoiser.supervision.blind_spot import check_blind_spot
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Problem, draw_pairs

__all__ = ["CHECKED_SIGNALS", "TOLERANCE", "check_problem"]

# Signals whose targets are looked at before training, and what counts as rounding.
CHECKED_SIGNALS = 1000
TOLERANCE = 1e-6


def check_problem(problem: Problem, signals: Signals) -> None:
    """Raise or warn where signals are not what the supervision or the loss needs.

    Noise should be independent in blind-spot training. Cross-entropy needs targets within [0, 1].
    Without a scaler that is an error. With one, targets that stick out of the scaled range of the
    noisy signals are clipped; a warning tells when that touches more than 1 % of the points of up
    to 1,000 signals.
    """
    if problem.supervision == "blind_spot":
        check_blind_spot(problem.blind_spot, signals.X)
    if not problem.cross_entropy:
        return
    if problem.scaler is None:
        name, targets = "X", signals.X
        if signals.y is not None and problem.supervision == "paired":
            name, targets = "y", signals.y
        low, high = targets.min(), targets.max()
        if low < -TOLERANCE or high > 1 + TOLERANCE:
            raise ValueError(
                f"Binary cross-entropy needs targets within [0, 1], but {name} goes from "
                f"{low:.4g} to {high:.4g} and scaler=None. Scale the targets with "
                "MinMaxPerSample, or choose loss='mean_squared_error'."
            )
        return
    some = signals.rows(slice(None, None, -(-len(signals) // CHECKED_SIGNALS)))
    unclipped = problem._replace(cross_entropy=False)
    inputs, targets, *_ = draw_pairs(some, np.random.default_rng(0), unclipped)
    if inputs.min() < -TOLERANCE or inputs.max() > 1 + TOLERANCE:
        raise ValueError(
            f"Binary cross-entropy needs signals scaled to [0, 1], but {problem.scaler!r} scales "
            f"to {inputs.min():.4g} .. {inputs.max():.4g}. Choose scaler=MinMaxPerSample(), or "
            "loss='mean_squared_error'."
        )
    share = np.mean((targets < -TOLERANCE) | (targets > 1 + TOLERANCE))
    if share > 0.01:
        warnings.warn(
            f"{share:.1%} of the target points lie outside the range of their noisy signal, which "
            "a sigmoid cannot leave, and are clipped to it. If the clean signals have another "
            "offset or amplitude than the noisy ones, choose loss='mean_squared_error'.",
            UserWarning,
            stacklevel=5,  # the caller of fit
        )
