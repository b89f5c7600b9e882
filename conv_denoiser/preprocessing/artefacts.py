"""What would spoil a signal's statistics without belonging to it: spikes, jumps, slow trends.

The formulas are written once, for arrays and for the graph of an export. What is usual, noise and
signal themselves tell.
"""

from typing import NamedTuple

from conv_denoiser._typing import Array
from conv_denoiser.preprocessing.operations import Operations

__all__ = ["TakenOff", "put_back", "take_off_jumps", "trend_of", "usual_steps", "within_reach"]

# Farther than so many times the step between samples that 1 in 20 exceeds is unusual.
UNUSUAL, ONE_IN = 6.0, 20
# A spike has up to 3 samples, which the median of 7, 3 on each side, passes over.
SIDE = 3
# A trend is a cubic parabola of so many times the standard deviation of what it leaves. In fewer
# timesteps it would take off noise, too.
STEEP, SHORT = 2.5, 64


class TakenOff(NamedTuple):
    """What is taken off signals (n_signals, n_timesteps, n_channels), of their shape but `reach`.

    Without its spikes, which lie farther than `reach` from `middle`, a signal is `flat` + `level`.
    """

    flat: Array
    level: Array
    middle: Array
    reach: Array


def usual_steps(X: Array, operations: Operations) -> tuple[Array, Array]:
    """Return the size of all steps, and that which unusual ones exceed."""
    steps = abs(X - operations.shifted(X, -1))
    return steps, UNUSUAL * operations.exceeded_by_one_in(steps, ONE_IN)


def take_off_jumps(X: Array, reach: Array, operations: Operations) -> TakenOff:
    """Take spikes and jumps off arrays or tensors."""
    middle = operations.median_of_neighbours(X, SIDE)
    flat = operations.where(abs(X - middle) > reach, middle, X)
    steps = flat - operations.shifted(flat, -1)
    level = operations.accumulated(operations.where(abs(steps) > reach, steps, 0 * steps))
    return TakenOff(flat - level, level, middle, reach)


def trend_of(X: Array, operations: Operations) -> Array:
    """Return the slow trend of arrays or tensors, 0 where it does not stand out."""
    X = X - X[:, :1]  # rounding errors of a large mean are no trend
    X = X - operations.average(X)
    trend = operations.nearest_cubic(X)
    stands_out = _power(trend, operations) > STEEP**2 * _power(X - trend, operations)
    is_long = operations.n_timesteps(X) >= SHORT
    return operations.where(stands_out & is_long, trend, 0 * trend)


def put_back(X: Array, taken: TakenOff, excess: Array, operations: Operations) -> Array:
    """Return the level to denoised signals, and the excess of spikes that they mostly keep."""
    X = X + taken.level
    height = operations.where(excess > 0, X - taken.middle, taken.middle - X)
    return X + operations.where(2 * height > taken.reach, excess, 0 * excess)


def within_reach(X: Array, taken: TakenOff, operations: Operations) -> Array:
    """Cut spikes to their reach."""
    highest, lowest = taken.middle + taken.reach, taken.middle - taken.reach
    return operations.maximum(operations.minimum(X, highest), lowest)


def _power(X: Array, operations: Operations) -> Array:
    return operations.average(X * X)
