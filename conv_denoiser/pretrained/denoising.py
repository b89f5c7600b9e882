"""From a block of signals to the denoised one, by the universal network."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._typing import Array
from conv_denoiser.gaps import in_long_runs
from conv_denoiser.level.estimate import level_of
from conv_denoiser.pretrained.blocks import LONG_GAP
from conv_denoiser.pretrained.gate import ROUNDING, honest_level
from conv_denoiser.pretrained.inputs import network_inputs
from conv_denoiser.pretrained.rates import at_several_rates
from conv_denoiser.pretrained.spikes import find_spikes
from conv_denoiser.pretrained.tones import beside_steady_tones

__all__ = ["denoise_block"]

Run = Callable[[Array], Array]  # (n, length, channels) to (n, length, 2)
# The network takes multiples of this many samples; each halving of the rate doubles it.
MULTIPLE = 256
MAX_HALVINGS = 3


def denoise_block(
    x: Array,
    there: NDArray[np.bool_],
    run: Run,
    noise_std: float | None = None,
    strength: float = 1.0,
) -> Array:
    """Denoise signals whose gaps are bridged.

    Parameters
    ----------
    x, there : ndarray of shape (n_signals, n_timesteps)
        Signals, and which of their samples were measured.
    run : callable
        The network.
    noise_std, strength : float
        As for `denoise`.

    Returns
    -------
    ndarray of float64, shape (2, n_signals, n_timesteps)
        Denoised signals, and the standard deviation of their error.
    """
    # Numbers up to 1, since squares of very large or small ones leave the range of floats.
    scale = np.abs(x).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    x = x / scale
    centre = np.median(x, axis=1, keepdims=True)
    x -= centre
    given = noise_std is not None
    level = np.full(len(x), noise_std) / scale[:, 0] if given else level_of(x, there)
    spikes = find_spikes(x, level) & there
    seen = there & ~spikes
    u = bridged(x, seen)

    def estimate(rows: NDArray[np.intp], level: Array) -> Array:
        return _noise(u[rows], seen[rows], level, run, given)

    noisy = np.flatnonzero(level > ROUNDING)
    # Where nothing is taken off, the noise is the error.
    removed = np.stack([np.zeros_like(x), np.broadcast_to(level[:, np.newaxis], x.shape)])
    if given:
        removed[:, noisy] = estimate(noisy, level[noisy])
    elif noisy.size:
        level[noisy], removed[:, noisy] = honest_level(noisy, level[noisy], seen, estimate)
    if strength != 1:
        removed = _at_strength(strength, removed, level, estimate)
    noise, std = removed
    _estimate_around_fills(u, noise, seen, strength * level, run, given)
    std[spikes] = np.broadcast_to(level[:, np.newaxis], x.shape)[spikes]
    return np.stack([(np.where(spikes, x, u - noise) + centre) * scale, std * scale])


def _estimate_around_fills(
    u: Array, noise: Array, seen: NDArray[np.bool_], level: Array, run: Run, given: bool
) -> None:
    """Estimate the noise once more, in place, with short gaps filled by the first estimate.

    Straight lines disturb more than those fills do, although these are then taken for samples.
    """
    filled = ~seen & ~in_long_runs(~seen, LONG_GAP)
    rows = np.flatnonzero((level > ROUNDING) & filled.any(axis=1))
    if rows.size:
        u[rows] -= np.where(filled[rows], noise[rows], 0)
        noise[rows] = _noise(u[rows], (seen | filled)[rows], level[rows], run, given)[0]


def _at_strength(
    strength: float,
    removed: Array,
    level: Array,
    estimate: Callable[[NDArray[np.intp], Array], Array],
) -> Array:
    """Remove more or less; how far that is from the best estimate adds to the error."""
    noisy = np.flatnonzero(level > ROUNDING)
    noise = np.zeros_like(removed[0])
    if noisy.size:
        noise[noisy] = estimate(noisy, strength * level[noisy])[0]
    return np.stack([noise, np.hypot(removed[1], noise - removed[0])])


def _noise(x: Array, there: NDArray[np.bool_], level: Array, run: Run, given: bool) -> Array:
    """Return the noise in signals, whose level is known or estimated, and its uncertainty."""
    length = x.shape[1]
    halvings = int(np.clip(np.log2(length / (2 * MULTIPLE)), 0, MAX_HALVINGS))
    padding = ((0, 0), (0, -length % (MULTIPLE * 2**halvings)))

    def estimate(u: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
        output = run(network_inputs(u, there, np.full(len(u), given)))
        return output[..., 0], np.exp(np.clip(output[..., 1], -12, 16))

    def at_rates(u: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
        u = np.pad(u, padding, mode="edge").astype(np.float32)
        noise, variance = at_several_rates(u, np.pad(there, padding), estimate, halvings)
        return noise[:, :length], variance[:, :length]

    noise, variance = beside_steady_tones(x / level[:, np.newaxis], there, at_rates)
    both: Array = np.stack([noise, np.sqrt(variance)]) * level[:, np.newaxis]
    return both
