"""Regions of a store: each is read, denoised and written by one task."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.distributed.beyond import BeyondRegion, Known, known_in
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.distributed.zarrs import StoredArray
from conv_denoiser.pretrained.parts import SignalParts
from conv_denoiser.pretrained.stretches import LongGapError
from conv_denoiser.recording.parts import RecordingParts

__all__ = ["Done", "Job", "Region", "denoise_region"]


class Job(NamedTuple):
    """What all regions have in common, and what all of them hold, once that is known."""

    source: StoredArray
    target: StoredArray
    parts: RecordingParts | SignalParts
    shipped: Shipped
    known: Known | None = None


class Region(NamedTuple):
    """Samples that are written together, and the checksum of those that are there, if known."""

    begin: int
    end: int
    digest: str | None


class Done(NamedTuple):
    """What became of a region.

    Parameters
    ----------
    digest : str or None
        Checksum of its samples, noisy and denoised. None is that it was left, as there are gaps
        that reach further than was read, and what all regions hold is not known.
    known : ndarray of int64, shape (2, n_channels), or None
        What it holds, as from `known_in`, for the universal model.
    """

    digest: str | None
    known: Known | None


def denoise_region(job: Job, region: Region) -> Done:
    """Denoise and write a region, unless it is there already."""
    begin, end, digest = region
    first, last = job.parts.needed(begin, end)
    samples = job.source.read(first, last)
    read = sha256(samples.data)
    known = None
    denoise: Callable[..., Array] = job.parts.denoise
    if isinstance(job.parts, SignalParts):
        known = known_in(samples[begin - first : end - first], begin)
        beyond = None if job.known is None else BeyondRegion(job.source, job.known)
        try:
            job.parts.look(samples, first, begin, end, beyond)
        except LongGapError:
            return Done(None, known)
        if beyond is not None:
            read.update(beyond.digest)
        denoise = partial(denoise, beyond=beyond)
    if digest is not None and _is_there(job.target, region, read.copy()):
        return Done(digest, known)
    denoised = denoise(job.shipped.open(), samples, first, begin, end)[0]
    job.target.write(begin, denoised)
    read.update(np.ascontiguousarray(denoised).data)
    return Done(read.hexdigest(), known)


def _is_there(target: StoredArray, region: Region, read: Any) -> bool:
    """Whether a region of the target is as it was written, given the checksum of what was read."""
    try:
        read.update(target.read(region.begin, region.end).data)
    except Exception:  # as many kinds as there are codecs, for chunks that are damaged
        return False
    return bool(read.hexdigest() == region.digest)
