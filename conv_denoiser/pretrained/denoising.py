"""From an array of noisy samples to the denoised ones, by the universal network."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.pretrained.inputs import bridged, network_inputs
from conv_denoiser.pretrained.level import level_of
from conv_denoiser.pretrained.rates import at_several_rates

__all__ = ["denoise_rows"]

Run = Callable[[Array], Array]  # (n, length, channels) to (n, length, 2)
# The network takes multiples of this many samples; each halving of the rate doubles it.
MULTIPLE = 256
MAX_HALVINGS = 3
# Longer signals are denoised in blocks, which share this many samples and are cross-faded there.
BLOCK, SHARED = 16384, 2048
# A level is taken back where the quiet parts of what was removed tell of less than this share.
HONEST = 0.8
MAX_ROUNDS = 4
# Levels below this share of a signal's largest value are rounding, not noise.
ROUNDING = 1e-12
# What is called a spike: up to 3 samples so many levels away from the median of 7.
SPIKE, AROUND = 30.0, 7


def denoise_rows(
    X: Array,
    run: Run,
    weights: Mapping[str, Array],
    noise_std: float | None = None,
    strength: float = 1.0,
) -> Array:
    """Denoise signals of one length, (n_signals, n_timesteps), float64; NaN is missing.

    Missing samples are filled. What a long signal's blocks become does not depend on its length.
    """
    n_timesteps = X.shape[1]
    if n_timesteps <= BLOCK:
        return _denoise_block(X, run, weights, noise_std, strength)
    hop = BLOCK - SHARED
    out = np.empty_like(X)
    fade = np.sin(np.pi / 2 * (np.arange(SHARED) + 0.5) / SHARED) ** 2
    for start in range(0, n_timesteps - SHARED, hop):
        piece = _denoise_block(X[:, start : start + BLOCK], run, weights, noise_std, strength)
        if start > 0:
            before = out[:, start : start + SHARED]
            piece[:, :SHARED] = (1 - fade) * before + fade * piece[:, :SHARED]
        out[:, start : start + BLOCK] = piece
    return out


def _denoise_block(
    X: Array, run: Run, weights: Mapping[str, Array], noise_std: float | None, strength: float
) -> Array:
    there = ~np.isnan(X)
    x = bridged(np.where(there, X, 0), there)
    centre = np.median(x, axis=1, keepdims=True)
    x = x - centre
    # Powers of squares of very large or small numbers leave the range of floats.
    scale = np.abs(x).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    x /= scale
    given = noise_std is not None
    level = np.full(len(x), noise_std) / scale[:, 0] if given else level_of(x, weights)
    removed = np.zeros_like(x)
    waiting = np.flatnonzero(level > ROUNDING)
    usable = there & ~_spikes(x, level)
    x_seen = bridged(x, usable)
    for _ in range(1 if given else MAX_ROUNDS):
        if waiting.size == 0:
            break
        noise = _noise(x_seen[waiting], usable[waiting], level[waiting] * strength, run, given)
        removed[waiting] = noise
        if given:
            break
        quiet = level_of(noise, weights)
        lower = quiet < HONEST * level[waiting] * strength
        level[waiting] = np.where(lower, quiet / strength, level[waiting])
        waiting = waiting[lower]
    denoised = x_seen - removed
    denoised[there & ~usable] = x[there & ~usable]
    return denoised * scale + centre


def _spikes(x: Array, level: Array) -> NDArray[np.bool_]:
    """Mark what is far too large for noise, and too short for the network's surroundings.

    An invalid code is kept as it is, and its neighbours are denoised as if it were missing.
    """
    if x.shape[1] < AROUND:
        return np.zeros(x.shape, bool)
    padded = np.pad(x, ((0, 0), (AROUND // 2, AROUND // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, AROUND, axis=1)
    middle = np.median(windows, axis=2)
    around = np.abs(windows - middle[:, :, np.newaxis])
    spread = np.partition(around, AROUND // 2, axis=2)[:, :, AROUND // 2]
    limit = SPIKE * np.maximum(level[:, np.newaxis], spread)
    spikes: NDArray[np.bool_] = np.abs(x - middle) > limit
    return spikes


def _noise(x: Array, there: NDArray[np.bool_], level: Array, run: Run, given: bool) -> Array:
    """Return the noise in signals, whose level is known or estimated."""
    n, length = x.shape
    halvings = min(MAX_HALVINGS, max(0, int(np.log2(max(length, 1) / (2 * MULTIPLE)))))
    multiple = MULTIPLE * 2**halvings
    padding = ((0, 0), (0, -length % multiple))
    u = np.pad(x / level[:, np.newaxis], padding, mode="edge").astype(np.float32)
    known = np.pad(there, padding)
    is_given = np.full(n, given)

    def estimate(u: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
        output = run(network_inputs(u, there, is_given))
        return output[..., 0], np.exp(np.clip(output[..., 1], -12, 16))

    noise, _ = at_several_rates(u, known, estimate, halvings)
    return noise[:, :length].astype(np.float64) * level[:, np.newaxis]
