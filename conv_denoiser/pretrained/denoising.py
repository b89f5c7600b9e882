"""From signals to the denoised ones, by the universal network."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._checks.threads import threads_allowed
from conv_denoiser._typing import Array
from conv_denoiser.pretrained.gaps import bridged, in_long_runs
from conv_denoiser.pretrained.gate import ROUNDING, honest_level
from conv_denoiser.pretrained.inputs import network_inputs
from conv_denoiser.pretrained.level import level_of
from conv_denoiser.pretrained.rates import at_several_rates
from conv_denoiser.pretrained.spikes import find_spikes

__all__ = ["denoise_rows"]

Run = Callable[[Array], Array]  # (n, length, channels) to (n, length, 2)
Mask = NDArray[np.bool_]
Piece = tuple[slice, slice, Array]  # rows, timesteps, and weights of what is shared
# The network takes multiples of this many samples; each halving of the rate doubles it.
MULTIPLE = 256
MAX_HALVINGS = 3
# Longer signals are denoised in blocks, which share this many samples and are cross-faded there.
BLOCK, SHARED = 16384, 2048
# Gaps of so many samples are longer than those that the network learned to fill.
LONG_GAP = 256
# Samples of all signals that are in work at once, and of those that one thread has in its cache.
AT_ONCE, IN_CACHE = 2**20, 2**15


def denoise_rows(
    X: Array,
    run: Run,
    weights: Mapping[str, Array],
    noise_std: float | None = None,
    strength: float = 1.0,
) -> Array:
    """Denoise signals of one length, (n_signals, n_timesteps), float64; NaN is missing.

    Missing samples are filled. Every signal needs one sample at least. Long signals are denoised
    block by block, each with a level of its own.
    """
    out = np.empty_like(X)
    n_rows = max(1, AT_ONCE // X.shape[1])
    for rows in _slices(len(X), n_rows):
        there = ~np.isnan(X[rows])
        # Before cutting, as a gap may be longer than a block.
        whole = bridged(np.where(there, X[rows], 0), there)

        def denoised(piece: Piece, whole: Array = whole, there: Mask = there) -> Array:
            place = piece[:2]
            return _denoise_block(whole[place], there[place], run, weights, noise_std, strength)

        _join(out[rows], denoised)
        # Between what is known by then, which is less noisy than what the gap began with.
        out[rows] = bridged(out[rows], ~in_long_runs(~there, LONG_GAP))
    return out


def _join(out: Array, denoised: Callable[[Piece], Array]) -> None:
    """Denoise signals piece by piece, on all cores, and cross-fade what the pieces share."""
    n_timesteps = out.shape[1]
    n_rows = max(1, IN_CACHE // min(n_timesteps, BLOCK))
    pieces = [
        (rows, part, fading_in)
        for rows in _slices(len(out), n_rows)
        for part, fading_in in _blocks(n_timesteps)
    ]
    results = _in_threads(denoised, pieces) if len(pieces) > 1 else map(denoised, pieces)
    for (rows, part, fading_in), result in zip(pieces, results, strict=True):
        shared = fading_in.size
        result[:, :shared] *= fading_in
        result[:, :shared] += (1 - fading_in) * out[rows, part][:, :shared]
        out[rows, part] = result


def _in_threads(denoised: Callable[[Piece], Array], pieces: Sequence[Piece]) -> Iterator[Array]:
    from concurrent.futures import ThreadPoolExecutor  # which one short signal need not wait for

    with ThreadPoolExecutor(threads_allowed() or os.cpu_count()) as pool:
        yield from pool.map(denoised, pieces)


def _slices(n: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, n, size)]


def _blocks(n_timesteps: int) -> list[tuple[slice, Array]]:
    """Return the blocks of a signal, and the weights of what each shares with the one before."""
    fading_in = np.sin(np.pi / 2 * (np.arange(SHARED) + 0.5) / SHARED) ** 2
    n_blocks = max(1, ceil_div(n_timesteps - SHARED, BLOCK - SHARED))
    starts = [number * (BLOCK - SHARED) for number in range(n_blocks)]
    ends = [min(start + BLOCK, n_timesteps) for start in starts]
    return [
        (slice(start, end), fading_in if start else fading_in[:0])
        for start, end in zip(starts, ends, strict=True)
    ]


def _denoise_block(
    x: Array,
    there: NDArray[np.bool_],
    run: Run,
    weights: Mapping[str, Array],
    noise_std: float | None,
    strength: float,
) -> Array:
    """Denoise signals whose gaps are bridged."""
    # Numbers up to 1, since squares of very large or small ones leave the range of floats.
    scale = np.abs(x).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    x = x / scale
    centre = np.median(x, axis=1, keepdims=True)
    x -= centre
    given = noise_std is not None
    level = np.full(len(x), noise_std) / scale[:, 0] if given else level_of(x, weights, there)
    spikes = find_spikes(x, level) & there
    seen = there & ~spikes
    u = bridged(x, seen)

    def estimate(rows: NDArray[np.intp], level: Array) -> Array:
        return _noise(u[rows], seen[rows], level, run, given)

    noisy = np.flatnonzero(level > ROUNDING)
    removed = np.zeros_like(x)
    if given:
        removed[noisy] = estimate(noisy, strength * level[noisy])
    elif noisy.size:
        level[noisy], removed[noisy] = honest_level(noisy, level[noisy], seen, estimate, weights)
        if strength != 1:
            noisy = np.flatnonzero(level > ROUNDING)
            removed[:] = 0
            removed[noisy] = estimate(noisy, strength * level[noisy])
    return (np.where(spikes, x, u - removed) + centre) * scale


def _noise(x: Array, there: NDArray[np.bool_], level: Array, run: Run, given: bool) -> Array:
    """Return the noise in signals, whose level is known or estimated."""
    n, length = x.shape
    halvings = int(np.clip(np.log2(length / (2 * MULTIPLE)), 0, MAX_HALVINGS))
    padding = ((0, 0), (0, -length % (MULTIPLE * 2**halvings)))
    u = np.pad(x / level[:, np.newaxis], padding, mode="edge").astype(np.float32)
    is_given = np.full(n, given)

    def estimate(u: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
        output = run(network_inputs(u, there, is_given))
        return output[..., 0], np.exp(np.clip(output[..., 1], -12, 16))

    noise, _ = at_several_rates(u, np.pad(there, padding), estimate, halvings)
    return noise[:, :length].astype(np.float64) * level[:, np.newaxis]
