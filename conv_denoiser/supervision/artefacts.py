"""Which kinds of artefacts a denoiser leaves out: those that its training signals hardly have."""

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.gaps import without_gaps
from conv_denoiser.preprocessing import PerSampleScaler
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.base import Supervision
from conv_denoiser.supervision.batches import Rows
from conv_denoiser.supervision.signals import Signals

__all__ = ["steady_scaling"]

# What more than this share of the signals have is signal, or noise to be learned.
FEW = 0.1
MAX_SIGNALS = 256


def steady_scaling(
    scaler: PerSampleScaler | None,
    supervision: Supervision,
    signals: Signals,
    rows: Rows,
    seed: int,
) -> Scaling:
    """Return a scaling that leaves out what few of these signals have, and their targets keep."""
    numbers = np.arange(len(signals))[rows]
    some = signals.rows(numbers[:: ceil_div(numbers.size, MAX_SIGNALS)])
    if supervision.name == "blind_spot":
        noisy = target = without_gaps(some.X)
    else:
        noisy, target, _ = supervision.draw(some, np.random.default_rng(seed), Scaling(None))
    only_jumps, only_trends = Scaling(None, jumps=True), Scaling(None, trends=True)
    return Scaling(
        scaler,
        jumps=_may_leave_out(only_jumps, noisy, target),
        trends=_may_leave_out(only_trends, noisy, target),
    )


def _may_leave_out(kind: Scaling, noisy: Array, target: Array) -> bool:
    rows, taken = kind.taken_off(noisy)
    if taken is None:
        return True
    is_rare = rows.size <= FEW * len(noisy)
    kept = target[rows]
    return is_rare and _power(kept - taken.level) <= _power(kept)


def _power(X: Array) -> float:
    return float(np.sum(X.var(axis=1, dtype=np.float64)))
