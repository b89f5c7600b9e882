"""What a store holds outside of a region, where gaps reach out of what was read for it."""

from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.zarrs import Channels, StoredArray

__all__ = ["BeyondRegion", "Known", "known_in"]

# The first and the last sample that is not missing: (2, n_channels), or (2, n_regions, n_channels).
Known = NDArray[np.int64]
# Samples in which what is known is looked for at once.
PIECE = 2**14
NEVER = np.iinfo(np.int64).max


def known_in(samples: RawArray, begin: int) -> Known:
    """Return the first and the last sample that is not missing of each channel.

    Parameters
    ----------
    samples : ndarray of shape (n, ...)
        Samples of a region.
    begin : int
        Number of its first sample.

    Returns
    -------
    ndarray of int64, shape (2, n_channels)
        Their numbers; of a channel without any, a number that no sample has, and -1.
    """
    channels = samples.reshape(len(samples), -1).T
    known = np.empty((2, len(channels)), np.int64)
    for number, channel in enumerate(channels):
        there = ~np.isnan(channel)
        last = begin + len(there) - 1 - there[::-1].argmax()
        known[:, number] = (begin + there.argmax(), last) if there.any() else (NEVER, -1)
    return known


class BeyondRegion:
    """What a store holds, read where it is needed; see `conv_denoiser.pretrained.stretches`.

    Parameters
    ----------
    source : StoredArray
        The store.
    known : ndarray of int64, shape (2, n_regions, n_channels)
        As from `known_in`, for all regions in their order.
    channels : (int, int or None)
        Which channels are asked for, by their numbers among these.
    """

    def __init__(self, source: StoredArray, known: Known, channels: Channels) -> None:
        self._source, self._channels = source, channels
        self._known = known[:, :, slice(*channels)]
        self._digest = sha256()
        # Channels often have their gaps together, and chunks hold many channels.
        self._samples = lru_cache(maxsize=4)(self._read)

    @property
    def digest(self) -> bytes:
        """Checksum of all that was read so far."""
        return self._digest.digest()

    def read(self, row: int, start: int, stop: int) -> Array:
        """Return samples of a channel."""
        return self._samples(start, stop)[:, row].astype(np.float64)

    def known_before(self, row: int, t: int) -> int | None:
        """Return the last sample before `t` that is not missing, if there is one."""
        first, last = self._known[:, :, row]
        regions = np.flatnonzero(first < t)
        if not regions.size:
            return None
        lower, upper = int(first[regions[-1]]), int(last[regions[-1]])
        if upper < t:
            return upper
        for stop in range(t, lower, -PIECE):
            start = max(lower, stop - PIECE)
            known = np.flatnonzero(~np.isnan(self.read(row, start, stop)))
            if known.size:
                return start + int(known[-1])
        raise self._changed()

    def known_after(self, row: int, t: int) -> int | None:
        """Return the first sample from `t` on that is not missing, if there is one."""
        first, last = self._known[:, :, row]
        regions = np.flatnonzero(last >= t)
        if not regions.size:
            return None
        lower, upper = int(first[regions[0]]), int(last[regions[0]])
        if lower >= t:
            return lower
        for start in range(t, upper + 1, PIECE):
            known = np.flatnonzero(~np.isnan(self.read(row, start, min(upper + 1, start + PIECE))))
            if known.size:
                return start + int(known[0])
        raise self._changed()

    def _read(self, start: int, stop: int) -> RawArray:
        samples = self._source.read(start, stop, self._channels)
        self._digest.update(f"{start} {stop}".encode())
        self._digest.update(samples.data)
        return samples.reshape(len(samples), -1)

    def _changed(self) -> RuntimeError:
        return RuntimeError(f"{self._source.path!r} was changed while it was denoised.")
