"""Overlapping windows: where they lie, and how their outputs are cross-faded into one series.

Window k begins at sample k * hop. Its output is cut into pieces of hop samples, so that segment s
of the series, the samples from s * hop on, is a weighted mean of piece 0 of window s, piece 1 of
window s - 1, and so on. Each sum is taken in this one order, so the bits of the series do not
depend on how many windows are added at once.
"""

from typing import NamedTuple, Self

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array

__all__ = ["Layout", "OverlapAdd"]


class Layout(NamedTuple):
    """Lengths in samples of a window, and of the step from one to the next."""

    window: int
    hop: int

    @classmethod
    def from_overlap(cls, window: int, overlap: float) -> Self:
        """Lay windows of which each shares the fraction `overlap` with the next."""
        return cls(window, max(1, round(window * (1 - overlap))))

    @property
    def n_pieces(self) -> int:
        """Number of pieces of a window, of which the last may be shorter than a hop."""
        return ceil_div(self.window, self.hop)

    def n_whole(self, n_samples: int) -> int:
        """Return how many windows lie within the first `n_samples`."""
        return max(0, (n_samples - self.window) // self.hop + 1)

    def weights(self) -> Array:
        """Return how much each output of a window counts, of shape (n_pieces, hop).

        A raised cosine fades in over the samples that are shared with the window before, and out
        over those shared with the next; over half a window at most.
        """
        fade = min(self.window - self.hop, self.window // 2)
        position = np.arange(self.window) + 0.5
        from_edge = np.minimum(position, position[::-1])
        taper = np.sin(np.pi / 2 * np.minimum(1, from_edge / max(fade, 0.5))) ** 2
        padding = self.n_pieces * self.hop - self.window
        return np.pad(taper, (0, padding)).reshape(self.n_pieces, self.hop)


class OverlapAdd:
    """Cross-fade the outputs of windows, which come in order.

    Parameters
    ----------
    layout : Layout
        Where windows lie.
    n_channels : int
        Number of channels.
    dtype : dtype
        Type of the series.
    """

    def __init__(self, layout: Layout, n_channels: int, dtype: np.dtype) -> None:
        self._layout = layout
        self._weights = layout.weights().astype(dtype)
        n_before = layout.n_pieces - 1
        # The windows that reach into the next segment; those before the first weigh nothing.
        self._outputs = np.zeros((n_before, layout.n_pieces, layout.hop, n_channels), dtype)
        self._counts = np.zeros(n_before, dtype)

    def add(self, outputs: Array) -> Array:
        """Take the next windows, (n_windows, window, n_channels); return that many hops."""
        return self._add(outputs, np.ones(len(outputs), self._counts.dtype))

    def finish(self, output: Array | None, n_samples: int) -> Array:
        """Return the last `n_samples`.

        `output` is that of a last window, of the shape (length, n_channels), which begins where
        the next window would, and may be shorter than it; None if all windows were added.
        """
        layout, n_channels = self._layout, self._outputs.shape[-1]
        n_left = layout.n_pieces if output is not None else layout.n_pieces - 1
        windows = np.zeros((n_left, layout.window, n_channels), self._outputs.dtype)
        counts = np.zeros(n_left, self._counts.dtype)
        if output is not None:
            windows[0, : len(output)] = output
            counts[0] = 1
        return self._add(windows, counts)[:n_samples]

    def _add(self, outputs: Array, counts: Array) -> Array:
        n_windows, (n_pieces, hop) = len(outputs), self._weights.shape
        n_channels = outputs.shape[-1]
        padding = n_pieces * hop - outputs.shape[1]
        pieces = np.pad(outputs, ((0, 0), (0, padding), (0, 0))) if padding else outputs
        pieces = pieces.reshape(n_windows, n_pieces, hop, n_channels)
        pieces = np.concatenate([self._outputs, pieces])
        counts = np.concatenate([self._counts, counts])
        total = np.zeros((n_windows, hop, n_channels), self._outputs.dtype)
        weight = np.zeros((n_windows, hop, 1), self._outputs.dtype)
        for piece in reversed(range(n_pieces)):
            begin = n_pieces - 1 - piece
            windows = slice(begin, begin + n_windows)
            factor = counts[windows, np.newaxis, np.newaxis] * self._weights[piece, :, np.newaxis]
            total += factor * pieces[windows, piece]
            weight += factor
        kept = len(pieces) - (n_pieces - 1)
        self._outputs, self._counts = pieces[kept:].copy(), counts[kept:].copy()
        # Weights are zero where there is no sample: past the end of the series.
        series = total / np.where(weight == 0, 1, weight)
        return series.reshape(n_windows * hop, n_channels)
