"""Stretches of signals, and how far the gaps in them reach."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array

__all__ = ["Beyond", "Framed", "LongGapError", "Stretch"]

Kind = TypeVar("Kind", bound=np.generic)
NOWHERE: Mapping[int, object] = MappingProxyType({})


class Beyond(Protocol):
    """What signals hold outside of the samples at hand; the first argument is a signal's number."""

    def read(self, row: int, start: int, stop: int) -> Array:
        """Return samples; NaN is missing."""
        ...

    def known_before(self, row: int, t: int) -> int | None:
        """Return the last sample before `t` that is not missing, if there is one."""
        ...

    def known_after(self, row: int, t: int) -> int | None:
        """Return the first sample from `t` on that is not missing, if there is one."""
        ...


class LongGapError(ValueError):
    """A gap of a signal reaches further than the samples at hand.

    Parameters
    ----------
    row : int
        The signal's number.
    begin, end : int
        What is missing of the samples at hand.
    """

    def __init__(self, row: int, begin: int, end: int) -> None:
        super().__init__(row, begin, end)
        self.row, self.begin, self.end = row, begin, end


class Stretch(NamedTuple):
    """A stretch of a signal.

    Parameters
    ----------
    row : int
        The signal's number.
    samples : ndarray of shape (n,)
        Samples at hand; NaN is missing.
    first, n_samples : int
        Number of the first of them, and how many the signal has.
    beyond : Beyond or None
        What is asked for all others; None raises LongGapError instead.
    """

    row: int
    samples: Array
    first: int
    n_samples: int
    beyond: Beyond | None

    @property
    def after(self) -> int:
        """Number of the sample after those at hand."""
        return self.first + len(self.samples)

    def read(self, start: int, stop: int, gap: int) -> Array:
        """Return samples that are needed because of a gap, in which the sample `gap` is."""
        if self.first <= start and stop <= self.after:
            return self.samples[start - self.first : stop - self.first]
        return self._elsewhere(gap).read(self.row, start, stop)

    def known_before(self, t: int) -> int | None:
        """Return the last sample before `t`, a missing one, that is not missing."""
        is_at_hand = self.first <= t <= self.after
        if is_at_hand:
            known = np.flatnonzero(~np.isnan(self.samples[: t - self.first]))
            if known.size or self.first == 0:
                return self.first + int(known[-1]) if known.size else None
        return self._elsewhere(t).known_before(self.row, self.first if is_at_hand else t)

    def known_after(self, t: int) -> int | None:
        """Return the first sample from `t` on, after a missing one, that is not missing."""
        is_at_hand = self.first <= t <= self.after
        if is_at_hand:
            known = np.flatnonzero(~np.isnan(self.samples[t - self.first :]))
            if known.size or self.after == self.n_samples:
                return t + int(known[0]) if known.size else None
        return self._elsewhere(t - 1).known_after(self.row, self.after if is_at_hand else t)

    def gap_around(self, t: int) -> tuple[int, int]:
        """Return which samples around a missing one are missing, of those at hand."""
        known = self.first + np.flatnonzero(~np.isnan(self.samples))
        place = int(np.searchsorted(known, t))
        begin = int(known[place - 1]) + 1 if place else self.first
        return begin, int(known[place]) if place < len(known) else self.after

    def _elsewhere(self, gap: int) -> Beyond:
        if self.beyond is None:
            raise LongGapError(self.row, *self.gap_around(gap))
        return self.beyond


class Framed(NamedTuple):
    """Samples from `begin` to `end`, and those that are known next to them, if they are wanted."""

    before: int | None
    begin: int
    end: int
    after: int | None

    @property
    def ends(self) -> list[int]:
        """Numbers of the samples next to them."""
        return [t for t in (self.before, self.after) if t is not None]

    @property
    def t(self) -> NDArray[np.int_]:
        """Numbers of all."""
        return self.join(np.arange(self.begin, self.end), {t: t for t in self.ends})

    @property
    def inner(self) -> slice:
        """Where the samples from `begin` to `end` are among all."""
        start = int(self.before is not None)
        return slice(start, start + self.end - self.begin)

    def join(self, inner: NDArray[Kind], at: Mapping[int, object] = NOWHERE) -> NDArray[Kind]:
        """Return values of all, given those between the ends, and those `at` them, or else 0."""
        joined = np.zeros(len(inner) + len(self.ends), inner.dtype)
        joined[self.inner] = inner
        for place, t in ((0, self.before), (-1, self.after)):
            if t is not None:
                joined[place] = at.get(t, 0)
        return joined
