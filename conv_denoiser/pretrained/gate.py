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
# removed, too, and rightly so. Fewer samples tell too little of that.
SURE, MOST, ENOUGH = 0.5, 0.9, 256
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
        waiting = waiting[~_is_sure(noise[:, waiting], level[waiting], seen[rows[waiting]])]
        if waiting.size == 0:
            break
        # What fills gaps is not noise, and would be quiet.
        there = seen[rows[waiting]]
        quiet = level_of(bridged(noise[0, waiting], there), there)
        lower = quiet < HONEST * level[waiting]
        waiting, quiet = waiting[lower], quiet[lower]
        level[waiting], noise[:, waiting] = quiet, 0
        waiting = waiting[quiet > ROUNDING]
        if waiting.size:
            noise[:, waiting] = estimate(rows[waiting], level[waiting])
    noise[1] = np.hypot(noise[1], np.sqrt(first**2 - level**2)[:, np.newaxis])
    return level, noise


def _is_sure(noise: Array, level: Array, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for which signals the network is sure enough of what it removes."""
    n_samples = there.sum(axis=1)
    total = (noise**2 * there).sum(axis=2)
    removed, error = total / (np.maximum(n_samples, 1) * level**2)
    sure: NDArray[np.bool_] = (error < SURE) & (removed + error > MOST) & (n_samples >= ENOUGH)
    return sure
