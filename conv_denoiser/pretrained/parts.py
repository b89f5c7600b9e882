"""Parts of long signals, each denoised by itself to the bits that it has in the whole.

A long signal is denoised in blocks, which lie at fixed places. A part needs those that reach into
it. Where a gap reaches out of it, it needs the ends of the gap as well: the blocks that they are
in, and nothing of what lies between. A block more is looked at on either side, and what lies beyond
is asked for where it is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import check_number
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.gaps import Gaps, in_long_runs
from conv_denoiser.pretrained.arrays import SHORT
from conv_denoiser.pretrained.blocks import (
    BLOCK,
    LONG_GAP,
    SHARED,
    Mask,
    count_blocks,
    denoise_blocks,
)
from conv_denoiser.pretrained.denoising import denoise_block
from conv_denoiser.pretrained.stretches import Beyond, Framed, Stretch
from conv_denoiser.pretrained.universal import universal
from conv_denoiser.recording.checks import check_not_infinite_samples

__all__ = ["STEP", "SignalParts"]

# Samples from one block to the next.
STEP = BLOCK - SHARED


class Span(NamedTuple):
    """Whole blocks of a signal (1, n) whose gaps are bridged, and what is wanted of them."""

    whole: Array
    there: Mask
    wanted: slice


class Part(NamedTuple):
    """A part of a signal: which samples are missing, also in long gaps, and what it is made of.

    The spans are that of the part, and those of samples at the other ends of long gaps, by number.
    """

    frame: Framed
    missing: Mask
    in_long_gap: Mask
    span: Span
    ends: dict[int, Span]


@dataclass(frozen=True)
class SignalParts:
    """How long signals are denoised, and how long they are.

    Parameters
    ----------
    n_samples : int
        Samples of the whole signals.
    noise_std, strength, gaps, return_std
        As for `denoise`.

    Raises
    ------
    ValueError
        If `noise_std` or `strength` is not positive.
    """

    n_samples: int
    noise_std: float | None = None
    strength: float = 1.0
    gaps: Gaps = Gaps()  # noqa: RUF009 it is frozen
    return_std: bool = False

    def __post_init__(self) -> None:
        if self.noise_std is not None:
            check_number("noise_std", self.noise_std, above=0)
        check_number("strength", self.strength, above=0)

    @property
    def n_outputs(self) -> int:
        """Arrays that come out: denoised samples, and their standard deviations if wanted."""
        return 1 + self.return_std

    def channels_apart(self, denoiser: object) -> bool:
        """Whether no bit of a channel depends on the others."""
        return True

    def result_type(self, dtype: np.dtype) -> type[np.float32] | type[np.float64]:
        """Return the type of denoised samples."""
        return np.float32 if dtype == np.float32 else np.float64

    def needed(self, begin: int, end: int, margin: int = BLOCK) -> tuple[int, int]:
        """Return the range of samples that are looked at for those from `begin` to `end`.

        They are those of the blocks that reach into the part, and a `margin` on both sides.
        """
        first, last = self._blocks(begin, end)
        return max(0, first * STEP - margin), min(self.n_samples, last * STEP + BLOCK + margin)

    def look(
        self,
        samples: RawArray,
        first: int,
        begin: int,
        end: int,
        beyond: Beyond | None = None,
    ) -> None:
        """Look at all that `denoise` needs, with the same arguments, and denoise nothing.

        Raise LongGapError where samples are missing so far that others are needed.
        """
        for signal in self._signals(samples, first, beyond):
            if begin < end and np.isnan(signal.samples).any():
                self._part(signal, begin, end)

    def denoise(
        self,
        denoiser: object,
        samples: RawArray,
        first: int,
        begin: int,
        end: int,
        beyond: Beyond | None = None,
        out: Array | None = None,
    ) -> Array:
        """Denoise a part.

        Parameters
        ----------
        denoiser : ignored
            The universal model is part of the package.
        samples : ndarray of shape (n, ...)
            The samples that are needed, of signals along the other axes.
        first : int
            Number of the first of them in the signals, as `needed` says.
        begin, end : int
            Numbers of the first sample of the part, and of the one after its last.
        beyond : Beyond, default=None
            What is asked where gaps reach further than `samples`.
        out : ndarray of shape (n_outputs, end - begin, ...), default=None
            Where to write, which may be among the samples.

        Returns
        -------
        ndarray of shape (n_outputs, end - begin, ...)
            What `denoise` gives there.

        Raises
        ------
        LongGapError
            If a gap reaches further, and there is nothing `beyond` to ask.
        """
        check_not_infinite_samples(samples, first=first)
        shape = (self.n_outputs, end - begin, *samples.shape[1:])
        out = np.empty(shape, self.result_type(samples.dtype)) if out is None else out
        if begin < end:
            by_signal = out.reshape(*shape[:2], -1)
            for signal in self._signals(samples, first, beyond):
                by_signal[:, :, signal.row] = self._denoised(signal, begin, end)
        return out

    def _signals(self, samples: RawArray, first: int, beyond: Beyond | None) -> Iterator[Stretch]:
        """Yield signals one by one, as no more of them than one need be floats of 64 bits."""
        for row, values in enumerate(samples.reshape(len(samples), -1).T):
            yield Stretch(row, values.astype(np.float64), first, self.n_samples, beyond)

    def _denoised(self, signal: Stretch, begin: int, end: int) -> Array:
        """Denoise a part of a signal; NaN where it stays missing."""
        part = self._part(signal, begin, end)
        if part is None:
            return np.full((self.n_outputs, end - begin), np.nan)
        frame, missing, in_long_gap, span, ends = part
        out = self._in_blocks(span)
        if missing.any():
            at_ends = {t: self._in_blocks(end)[0, 0] for t, end in ends.items()}
            # Between what is known by then, as in the whole.
            denoised = frame.join(out[0], at_ends)[np.newaxis]
            out[0] = bridged(denoised, ~in_long_gap, frame.t)[0, frame.inner]
            if self._longest is not None:
                left = in_long_runs(missing, self._longest + 1, frame.t, self.n_samples)
                out[:, left[0, frame.inner]] = np.nan
        if self.noise_std is None and self.n_samples < SHORT:
            out[1:] = np.nan
        return out

    def _in_blocks(self, span: Span) -> Array:
        """Return what is wanted of some blocks, (n_outputs, n)."""
        if self.n_outputs == 1 and not span.there.any():  # for which a straight line is put
            return np.zeros((1, span.wanted.stop - span.wanted.start))
        out = np.empty((self.n_outputs, *span.whole.shape))
        block = partial(
            denoise_block, run=universal(), noise_std=self.noise_std, strength=self.strength
        )
        denoise_blocks(out, span.whole, span.there, block)
        return out[:, 0, span.wanted]

    def _part(self, signal: Stretch, begin: int, end: int) -> Part | None:
        """Look at all that a part is made of; None where it stays missing throughout."""
        inner = np.isnan(signal.read(begin, end, begin))
        if inner.all() and self._is_left(signal.gap_around(begin)):
            return None
        before = signal.known_before(begin) if inner[0] else None
        after = signal.known_after(end) if inner[-1] else None
        if inner.all() and before is None and after is None:
            return None
        frame = Framed(before, begin, end, after)
        missing = frame.join(inner)[np.newaxis]
        long = missing
        if inner.any():
            long = in_long_runs(missing, LONG_GAP, frame.t, self.n_samples)
        at_edges = long[0, frame.inner][[0, -1]]
        ends = {
            t: self._span(signal, t, t + 1, gap)
            for t, gap, is_long in zip((before, after), (begin, end - 1), at_edges, strict=True)
            if t is not None and is_long
        }
        return Part(frame, missing, long, self._span(signal, begin, end, begin), ends)

    def _is_left(self, gap: tuple[int, int]) -> bool:
        """Whether a gap of so many samples at least is not filled, however long it is."""
        begin, end = gap
        return self._longest is not None and end - begin > self._longest

    @property
    def _longest(self) -> int | None:
        """Longest gap that is filled; None fills all."""
        return self.gaps.max_gap if self.gaps.fill else 0

    def _span(self, signal: Stretch, begin: int, end: int, gap: int) -> Span:
        """Return the blocks that reach into a part, which is needed because of a gap."""
        first, last = self._blocks(begin, end)
        start, stop = first * STEP, min(last * STEP + BLOCK, self.n_samples)
        inner = signal.read(start, stop, gap)
        missing, wanted = np.isnan(inner), slice(begin - start, end - start)
        if not missing.any():
            return Span(inner[np.newaxis], ~missing[np.newaxis], wanted)
        before = signal.known_before(start) if missing[0] else None
        after = signal.known_after(stop) if missing[-1] else None
        frame = Framed(before, start, stop, after)
        x = frame.join(inner, {t: signal.read(t, t + 1, gap)[0] for t in frame.ends})
        there = ~np.isnan(x)
        whole = bridged(np.where(there, x, 0)[np.newaxis], there[np.newaxis], frame.t)
        return Span(whole[:, frame.inner], ~missing[np.newaxis], wanted)

    def _blocks(self, begin: int, end: int) -> tuple[int, int]:
        """Return the numbers of the first and the last block that reach into a part."""
        first = max(0, (begin - BLOCK) // STEP + 1)
        return first, min(count_blocks(self.n_samples) - 1, max(0, end - 1) // STEP)
