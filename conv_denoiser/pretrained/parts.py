"""Parts of long signals, each denoised by itself to the bits that it has in the whole.

A long signal is denoised in blocks, which lie at fixed places. A part needs those that reach into
it. Gaps may reach further, so that a block more is looked at on either side.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import check_number
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.gaps import Gaps, in_long_runs, warn_of_nothing
from conv_denoiser.pretrained.arrays import SHORT
from conv_denoiser.pretrained.blocks import (
    BLOCK,
    LONG_GAP,
    SHARED,
    Mask,
    count_blocks,
    denoise_bridged,
)
from conv_denoiser.pretrained.denoising import denoise_block
from conv_denoiser.pretrained.universal import universal
from conv_denoiser.recording.checks import check_not_infinite_samples

__all__ = ["SignalParts"]

STEP = BLOCK - SHARED


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

    def needed(self, begin: int, end: int) -> tuple[int, int]:
        """Return the range of samples that are looked at for those from `begin` to `end`."""
        first, last = self._blocks(begin, end)
        return max(0, (first - 1) * STEP - SHARED), min(
            self.n_samples, (last + 1) * STEP + BLOCK + SHARED
        )

    def denoise(
        self, denoiser: object, samples: RawArray, first: int, begin: int, end: int
    ) -> Array:
        """Denoise a part.

        Parameters
        ----------
        denoiser : ignored
            The universal model is part of the package.
        samples : ndarray of shape (n,) or (n, n_channels)
            The samples that are needed.
        first : int
            Number of the first of them in the signals, as `needed` says.
        begin, end : int
            Numbers of the first sample of the part, and of the one after its last.

        Returns
        -------
        ndarray of shape (n_outputs, end - begin[, n_channels])
            What `denoise` gives there.
        """
        check_not_infinite_samples(samples, first=first)
        rows = samples.reshape(len(samples), -1).T.astype(np.float64)
        out = np.full((self.n_outputs, len(rows), end - begin), np.nan)
        for number, row in enumerate(rows if begin < end else ()):
            out[:, number] = self._row(row[np.newaxis], first, begin, end)
        dtype = self.result_type(samples.dtype)
        shape = (self.n_outputs, end - begin, *samples.shape[1:])
        return out.transpose(0, 2, 1).reshape(shape).astype(dtype)

    def _row(self, row: Array, first: int, begin: int, end: int) -> Array:
        """Denoise a part of one signal, of shape (1, n)."""
        missing = np.isnan(row)
        is_whole = row.shape[1] == self.n_samples
        if is_whole and missing.all():
            warn_of_nothing(missing)
            return np.full((self.n_outputs, end - begin), np.nan)
        long = in_long_runs(missing, LONG_GAP)
        here = slice(*self._blocks_in(missing[0], long[0], first, begin, end))
        whole = bridged(np.where(missing, 0, row), ~missing)[:, here]
        out = np.empty((self.n_outputs, 1, whole.shape[1]))
        block = partial(
            denoise_block, run=universal(), noise_std=self.noise_std, strength=self.strength
        )
        denoise_bridged(out, whole, ~missing[:, here], long[:, here], block)
        out[:, self.gaps.left_in(missing)[:, here]] = np.nan
        if self.noise_std is None and self.n_samples < SHORT:
            out[1:] = np.nan
        lower = begin - first - here.start
        return out[:, 0, lower : lower + end - begin]

    def _blocks(self, begin: int, end: int) -> tuple[int, int]:
        """Return the numbers of the first and the last block that reach into a part."""
        first = max(0, (begin - BLOCK) // STEP + 1)
        return first, min(count_blocks(self.n_samples) - 1, max(0, end - 1) // STEP)

    def _blocks_in(
        self, missing: Mask, long: Mask, first: int, begin: int, end: int
    ) -> tuple[int, int]:
        """Return the range of the blocks to denoise, counted from `first` on.

        They reach to what is known on both sides of a long gap. Raise ValueError where a gap
        reaches further than samples were looked at.
        """
        known, after = first + np.flatnonzero(~missing), first + len(missing)
        if long[begin - first]:
            begin = int(known[known < begin].max(initial=first))
        if long[end - 1 - first]:
            end = int(known[known >= end].min(initial=after - 1)) + 1
        block, last = self._blocks(begin, end)
        start, stop = block * STEP, min(last * STEP + BLOCK, self.n_samples)
        is_known_before = first == 0 or bool(np.any(known <= start))
        is_known_after = after == self.n_samples or bool(np.any(known >= stop - 1))
        if start < first or stop > after or not (is_known_before and is_known_after):
            raise ValueError(
                f"A gap around sample {begin} is too long for chunks in time: over {SHARED} "
                "samples are missing in a row. Cut the signal there, or pass it in one piece, as "
                "a NumPy array."
            )
        return start - first, stop - first
