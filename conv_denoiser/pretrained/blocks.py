"""Signals of any number and length: cut into pieces, denoised on all cores, and joined again."""

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._checks.threads import threads_allowed
from conv_denoiser._typing import Array
from conv_denoiser.gaps import in_long_runs

__all__ = ["BLOCK", "LONG_GAP", "SHARED", "count_blocks", "denoise_blocks", "denoise_rows"]

Mask = NDArray[np.bool_]
# From bridged signals, and what is there, to (2, n_signals, n_timesteps): denoised, and how sure.
Denoise = Callable[[Array, Mask], Array]
Piece = tuple[slice, slice, Array]  # rows, timesteps, and weights of what is shared
# Longer signals are denoised in blocks, which share this many samples and are cross-faded there.
BLOCK, SHARED = 16384, 2048
FADING_IN = np.sin(np.pi / 2 * (np.arange(SHARED) + 0.5) / SHARED) ** 2
# Gaps of so many samples are longer than those that the network learned to fill.
LONG_GAP = 256
# Samples of all signals that are in work at once, and of those that one thread has in its cache.
AT_ONCE, IN_CACHE = 2**20, 2**15


def denoise_rows(X: Array, denoise: Denoise, with_std: bool = False) -> Array:
    """Denoise signals of one length; NaN is missing.

    Parameters
    ----------
    X : ndarray of float64, shape (n_signals, n_timesteps)
        Signals of one sample at least. Missing ones are filled.
    denoise : callable
        Called with blocks of signals, each of which has a level of its own.
    with_std : bool, default=False
        Whether the standard deviation of the error is wanted, too.

    Returns
    -------
    ndarray of float64, shape (1 or 2, n_signals, n_timesteps)
        Denoised signals, and the standard deviation of their error.
    """
    out = np.empty((1 + with_std, *X.shape))
    for rows in _slices(len(X), max(1, AT_ONCE // X.shape[1])):
        there = ~np.isnan(X[rows])
        # Before cutting, as a gap may be longer than a block.
        whole = bridged(np.where(there, X[rows], 0), there)
        denoise_blocks(out[:, rows], whole, there, denoise)
        # Between what is known by then, which is less noisy than what the gap began with.
        out[0, rows] = bridged(out[0, rows], ~in_long_runs(~there, LONG_GAP))
    return out


def denoise_blocks(out: Array, whole: Array, there: Mask, denoise: Denoise) -> None:
    """Denoise signals whose gaps are bridged, block by block from their first sample on.

    Parameters
    ----------
    out : ndarray of shape (1 or 2, n_signals, n_timesteps)
        Where to write. In gaps too long for the network, the denoised signal is no estimate.
    whole, there : ndarray of shape (n_signals, n_timesteps)
        Signals, and which of their samples were measured.
    denoise : callable
        As for `denoise_rows`.
    """

    def denoised(piece: Piece) -> Array:
        place = piece[:2]
        return denoise(whole[place], there[place])

    _join(out, denoised)


def _join(out: Array, denoised: Callable[[Piece], Array]) -> None:
    """Denoise signals piece by piece, and cross-fade what the pieces share."""
    n_outputs, n_signals, n_timesteps = out.shape
    n_rows = max(1, IN_CACHE // min(n_timesteps, BLOCK))
    pieces = [
        (rows, part, fading_in)
        for rows in _slices(n_signals, n_rows)
        for part, fading_in in _blocks(n_timesteps)
    ]
    results = _in_threads(denoised, pieces) if len(pieces) > 1 else map(denoised, pieces)
    for (rows, part, fading_in), result in zip(pieces, results, strict=True):
        piece, target, shared = result[:n_outputs], out[:, rows, part], fading_in.size
        piece[..., :shared] *= fading_in
        piece[..., :shared] += (1 - fading_in) * target[..., :shared]
        target[:] = piece


def _in_threads(denoised: Callable[[Piece], Array], pieces: Sequence[Piece]) -> Iterator[Array]:
    from concurrent.futures import ThreadPoolExecutor  # which one short signal need not wait for

    with ThreadPoolExecutor(threads_allowed() or os.cpu_count()) as pool:
        yield from pool.map(denoised, pieces)


def _slices(n: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, n, size)]


def count_blocks(n_timesteps: int) -> int:
    """Return how many blocks a signal is cut into."""
    return max(1, ceil_div(n_timesteps - SHARED, BLOCK - SHARED))


def _blocks(n_timesteps: int) -> list[tuple[slice, Array]]:
    """Return the blocks of a signal, and the weights of what each shares with the one before."""
    n_blocks = count_blocks(n_timesteps)
    starts = [number * (BLOCK - SHARED) for number in range(n_blocks)]
    ends = [min(start + BLOCK, n_timesteps) for start in starts]
    return [
        (slice(start, end), FADING_IN if start else FADING_IN[:0])
        for start, end in zip(starts, ends, strict=True)
    ]
