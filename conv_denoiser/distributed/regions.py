"""Regions of a store: each is read, denoised and written by one task."""

from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.beyond import BeyondRegion, Known, known_in
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.distributed.zarrs import ALL, Channels, StoredArray
from conv_denoiser.pretrained.blocks import SHARED
from conv_denoiser.pretrained.parts import SignalParts
from conv_denoiser.pretrained.stretches import LongGapError
from conv_denoiser.recording.checks import check_not_infinite_samples
from conv_denoiser.recording.parts import RecordingParts

__all__ = ["Done", "Job", "Region", "denoise_region"]

# Values that are read at once, where chunks allow that.
AT_ONCE = 2**23


class Region(NamedTuple):
    """Samples that are written together, and the checksum of those that are there, if known."""

    begin: int
    end: int
    digest: str | None


class Job(NamedTuple):
    """What all regions have in common, and what all of them hold, once that is known."""

    source: StoredArray
    target: StoredArray
    parts: RecordingParts | SignalParts
    shipped: Shipped
    known: Known | None = None

    def needed(self, region: Region) -> tuple[int, int]:
        """Return the range of samples that a region is made from, but for long gaps."""
        begin, end, _ = region
        if isinstance(self.parts, SignalParts):
            return self.parts.needed(begin, end, margin=SHARED)
        return self.parts.needed(begin, end)

    def beyond(self, channels: Channels) -> BeyondRegion | None:
        """Return what regions hold, to be asked by one of them for these channels."""
        return None if self.known is None else BeyondRegion(self.source, self.known, channels)


class Done(NamedTuple):
    """What became of a region.

    Parameters
    ----------
    digest : str or None
        Checksum of its samples, noisy and denoised. None is that it was left, as there are gaps
        that reach further than was read, and what all regions hold is not known.
    known : ndarray of int64, shape (2, n_channels)
        What it holds, as from `known_in`.
    """

    digest: str | None
    known: Known


def denoise_region(job: Job, region: Region) -> Done:
    """Denoise and write a region, unless it is there already."""
    first, last = job.needed(region)
    groups = _groups(job, last - first)
    # What was looked at is still there when it is denoised, if it is all channels.
    read = lru_cache(maxsize=1)(partial(job.source.read, first, last))
    seen = sha256()
    looks = [_look(job, region, channels, read(channels), seen) for channels in groups]
    known = np.concatenate([known for known, _ in looks], axis=1)
    if not all(is_all for _, is_all in looks):
        return Done(None, known)
    if region.digest is not None and _is_there(job.target, region, groups, seen.copy()):
        return Done(region.digest, known)
    for channels in groups:
        denoised = _denoised(job, region, channels, read(channels))
        job.target.write(region.begin, denoised, channels)
        seen.update(np.ascontiguousarray(denoised).data)
    return Done(seen.hexdigest(), known)


def _groups(job: Job, n_samples: int) -> list[Channels]:
    """Return which channels are denoised one after the other: whole chunks, as they are written."""
    array = job.target.open()
    if array.ndim == 1 or not isinstance(job.parts, SignalParts):
        return [ALL]
    axis = 1 - job.target.axis
    n_channels, width = array.shape[axis], (array.shards or array.chunks)[axis]
    width *= max(1, AT_ONCE // (n_samples * width))
    return [(begin, min(begin + width, n_channels)) for begin in range(0, n_channels, width)]


def _look(
    job: Job, region: Region, channels: Channels, samples: RawArray, seen: Any
) -> tuple[Known, bool]:
    """Add what a region is made from to a checksum.

    Return what the region holds, and whether that was all, as far as gaps reach.
    """
    begin, end, _ = region
    first, _ = job.needed(region)
    seen.update(samples.data)
    known = known_in(samples[begin - first : end - first], begin)
    if isinstance(job.parts, SignalParts):
        check_not_infinite_samples(samples, first, first_channel=channels[0])
        beyond = job.beyond(channels)
        try:
            job.parts.look(samples, first, begin, end, beyond)
        except LongGapError:
            return known, False
        if beyond is not None:
            seen.update(beyond.digest)
    return known, True


def _denoised(job: Job, region: Region, channels: Channels, samples: RawArray) -> Array:
    """Denoise a region; samples may be overwritten."""
    begin, end, _ = region
    first, _ = job.needed(region)
    denoiser = job.shipped.open()
    if not isinstance(job.parts, SignalParts):
        return job.parts.denoise(denoiser, samples, first, begin, end)[0]
    part: Any = samples[np.newaxis, begin - first : end - first]
    out = part if samples.dtype == job.parts.result_type(samples.dtype) else None
    return job.parts.denoise(denoiser, samples, first, begin, end, job.beyond(channels), out)[0]


def _is_there(target: StoredArray, region: Region, groups: list[Channels], seen: Any) -> bool:
    """Whether a region of the target is as it was written, given the checksum of what was read."""
    try:
        for channels in groups:
            seen.update(target.read(region.begin, region.end, channels).data)
    except Exception:  # as many kinds as there are codecs, for chunks that are damaged
        return False
    return bool(seen.hexdigest() == region.digest)
