"""Is what was removed noise? Where it is not, the level was too high."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._typing import Array
from conv_denoiser.level.estimate import level_of

__all__ = ["ROUNDING", "honest_level"]

# A level is taken back where the quiet parts of what was removed tell of less than this share.
HONEST = 0.8
# It stays where the network expects an error of less than this share of the noise's power, and what
# is removed and that error make up most of it. The bands of a broad signal are quiet in what is
# removed, too, and rightly so. Fewer samples tell too little of that. Where they make up less, but
# the network is sure, the level falls no further than to what they come to.
SURE, MOST, ENOUGH = 0.6, 0.88, 256
MAX_ROUNDS = 4
# Levels below this, for signals of numbers up to 1, are rounding and not noise.
ROUNDING = 1e-12


def honest_level(
    rows: NDArray[np.intp],
    level: Array,
    seen: NDArray[np.bool_],
    estimate: Callable[[NDArray[np.intp], Array], Array],
) -> tuple[Array, Array]:
    """Lower levels until what they remove is as strong in its quiet parts as they say.

    Where a level is too high, the network removes signal, too, and that has quiet parts.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Numbers of the signals.
    level : ndarray of shape (n,)
        Their estimated levels.
    seen : ndarray of bool, shape (n_signals, n_timesteps)
        Which samples of all signals are noisy, rather than missing or passed over.
    estimate : callable
        From numbers of signals and levels to (2, n, n_timesteps): the noise, and the standard
        deviation of its error.

    Returns
    -------
    level, noise : ndarray of shape (n,), (2, n, n_timesteps)
        What may be noise by the first level, and is not by the last, is uncertain.
    """
    first, level = level, level.copy()
    noise = estimate(rows, level)
    waiting = np.arange(len(rows))
    for _ in range(MAX_ROUNDS):
        lowered = _believable(noise[:, waiting], level[waiting], seen[rows[waiting]])
        is_lower = lowered < level[waiting]
        waiting, lowered = waiting[is_lower], lowered[is_lower]
        level[waiting], noise[:, waiting] = lowered, 0
        waiting = waiting[lowered > ROUNDING]
        if waiting.size == 0:
            break
        noise[:, waiting] = estimate(rows[waiting], level[waiting])
    noise[1] = np.hypot(noise[1], np.sqrt(first**2 - level**2)[:, np.newaxis])
    return level, noise


def _believable(noise: Array, level: Array, there: NDArray[np.bool_]) -> Array:
    """Return the levels that what was removed tells of, at most those that it was removed by."""
    n_samples = there.sum(axis=1)
    total = (noise**2 * there).sum(axis=2)
    removed, error = total / (np.maximum(n_samples, 1) * level**2)
    is_sure = (error < SURE) & (n_samples >= ENOUGH)
    doubtful = np.flatnonzero(~is_sure | (removed + error <= MOST))
    if doubtful.size == 0:
        return level
    # What fills gaps is not noise, and would be quiet.
    seen = there[doubtful]
    quiet = level_of(bridged(noise[0, doubtful], seen), seen)
    accounted_for = np.sqrt((removed + error)[doubtful]) * level[doubtful]
    told = np.where(is_sure[doubtful], np.maximum(quiet, accounted_for), quiet)
    lowered = level.copy()
    lowered[doubtful] = np.where(quiet < HONEST * level[doubtful], told, np.inf)
    return np.minimum(lowered, level)
