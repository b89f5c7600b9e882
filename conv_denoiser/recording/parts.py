"""Parts of a recording, each denoised by itself to the bits that it has in the whole.

A part is any range of samples. Windows keep their numbers in the recording, so a part needs the
samples of all windows that reach into it, and no more.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.recording.checks import check_not_infinite_samples, check_window
from conv_denoiser.recording.offline import blocks, denoised_dtype
from conv_denoiser.recording.protocols import Denoiser
from conv_denoiser.recording.streaming import BATCH_SIZE, Denoised, StreamingDenoiser
from conv_denoiser.recording.windows import Layout

__all__ = ["RecordingParts"]


@dataclass(frozen=True)
class RecordingParts:
    """How a recording is denoised, and how long it is.

    Parameters
    ----------
    n_samples : int
        Samples of the whole recording.
    layout : Layout
        Where windows lie.
    overlap, channelwise, batch_size, return_std
        As for `denoise_recording`.
    """

    n_samples: int
    layout: Layout
    overlap: float = 0.5
    channelwise: bool = False
    batch_size: int = BATCH_SIZE
    return_std: bool = False

    @classmethod
    def of(
        cls,
        denoiser: Denoiser,
        shape: tuple[int, ...],
        *,
        window: int | None = None,
        overlap: float = 0.5,
        channelwise: bool = False,
        batch_size: int = BATCH_SIZE,
        return_std: bool = False,
    ) -> Self:
        """Check the arguments of `denoise_recording` for a recording of this shape."""
        n_samples, n_channels = shape[0], shape[1] if len(shape) == 2 else 1
        if window is not None:
            window = check_window(window, n_samples)
        stream = StreamingDenoiser(
            denoiser,
            n_channels,
            overlap,
            window=window,
            channelwise=channelwise,
            batch_size=batch_size,
            return_std=return_std,
        )
        return cls(n_samples, stream.layout, overlap, channelwise, stream.batch_size, return_std)

    @property
    def n_outputs(self) -> int:
        """Arrays that come out: denoised samples, and their standard deviations if wanted."""
        return 1 + self.return_std

    def channels_apart(self, denoiser: Denoiser) -> bool:
        """Whether no bit of a channel depends on the others."""
        return self.channelwise and getattr(denoiser, "independent_rows", False)

    def result_type(self, dtype: np.dtype) -> type[np.float32] | type[np.float64]:
        """Return the type of denoised samples."""
        return denoised_dtype(dtype)

    def needed(self, begin: int, end: int) -> tuple[int, int]:
        """Return the range of samples that those from `begin` to `end` are made from.

        For a part of no samples they are those of a neighbour.
        """
        begin, end = (begin, end) if begin < end else (max(0, begin - 1), max(1, end))
        window, hop = self.layout
        n_whole = self.layout.n_whole(self.n_samples)
        first = begin // hop - (self.layout.n_pieces - 1)
        # The last window may end with the recording, and begin after the last whole one.
        first = max(0, min(first, n_whole - 1))
        last = (ceil_div(end, hop) - 1) * hop + window
        return first * hop, self.n_samples if self._in_rest(end) else last

    def denoise(
        self, denoiser: Denoiser, samples: RawArray, first: int, begin: int, end: int
    ) -> Array:
        """Denoise a part.

        Parameters
        ----------
        denoiser : object with ``transform``
            What denoises.
        samples : ndarray of shape (n,) or (n, n_channels)
            The samples that are needed.
        first : int
            Number of the first of them in the recording, as `needed` says.
        begin, end : int
            Numbers of the first sample of the part, and of the one after its last.

        Returns
        -------
        ndarray of shape (n_outputs, end - begin[, n_channels])
            What `denoise_recording` gives there.
        """
        check_not_infinite_samples(samples, first=first)
        stream = StreamingDenoiser(
            denoiser,
            samples.shape[1] if samples.ndim == 2 else 1,
            self.overlap,
            window=self.layout.window,
            channelwise=self.channelwise,
            batch_size=self.batch_size,
            return_std=self.return_std,
        )
        window, hop = self.layout
        number = first // hop
        stream._begin_at(number)
        # As in the whole, calls are of full batches of windows, but for the first.
        step = self.batch_size * hop
        first_step = window + step - hop - number % self.batch_size * hop
        dtype = self.result_type(samples.dtype)
        out = np.empty((self.n_outputs, end - begin, *samples.shape[1:]), dtype)
        place = first - begin
        for lower, upper in blocks(len(samples), first_step, step):
            place = _put(out, place, stream.push(samples[lower:upper]))
        if self._in_rest(end):
            _put(out, place, stream.flush())
        return out

    def _in_rest(self, end: int) -> bool:
        """Whether a part reaches beyond what whole windows begin in."""
        return end > self.layout.n_whole(self.n_samples) * self.layout.hop


def _put(out: Array, place: int, denoised: Denoised) -> int:
    """Write the next samples where they belong, if anywhere; return the place after them."""
    parts = denoised if isinstance(denoised, tuple) else (denoised,)
    after = place + len(parts[0])
    lower, upper = max(0, place), min(out.shape[1], after)
    if lower < upper:
        for target, part in zip(out, parts, strict=True):
            target[lower:upper] = part[lower - place : upper - place]
    return after
