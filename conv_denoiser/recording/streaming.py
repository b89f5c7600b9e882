"""Denoising of samples as they arrive."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import pad_timesteps
from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.gaps import as_gaps, denoised_around_gaps
from conv_denoiser.recording.checks import (
    as_samples,
    check_channels,
    check_not_infinite_samples,
    check_overlap,
    check_window,
    fitted_window,
)
from conv_denoiser.recording.protocols import Denoiser
from conv_denoiser.recording.windows import Layout, OverlapAdd

__all__ = ["BATCH_SIZE", "Denoised", "StreamingDenoiser"]

Denoised = Array | tuple[Array, Array]
# Windows that go through `transform` together: enough to keep cores busy, and few megabytes.
BATCH_SIZE = 64


class StreamingDenoiser:
    """Denoise samples as they arrive, to the bits that `denoise_recording` gives.

    Parameters
    ----------
    denoiser : object with ``transform``
        A fitted denoiser, as in `denoise_recording`. An `OnnxDenoiser` needs the least time.
    n_channels : int, default=1
        Channels of the stream.
    overlap : float in [0, 1), default=0.5
        Share of a window that the next one covers as well.
    window : int, default=None
        Length of a window in samples; None takes the length that the denoiser was fitted on.
    channelwise : bool, default=False
        Denoise each channel by itself, with a denoiser of one channel.
    batch_size : int, default=64
        Windows in one call of `transform`, as in `denoise_recording`. Except with an
        `OnnxDenoiser`, rounding depends on how many windows are denoised together, so calls are
        filled up to this many. Pass 1, here and there, if windows come one at a time.
    return_std : bool, default=False
        Whether `push`, `flush` and `iterate` give pairs: denoised samples, and the standard
        deviations of their errors, as in `denoise_recording`.

    Attributes
    ----------
    latency : int
        Samples that may be held back: sample i is returned at the latest when sample
        ``i + latency`` is pushed.
    layout : tuple of (window, hop)
        Length of a window, and the step from one to the next, in samples.

    Raises
    ------
    ValueError
        If an argument is not valid, or the denoiser was fitted on another number of channels.
    TypeError
        If `denoiser` has no method `transform`.

    Notes
    -----
    The first of the samples that come back together was held back longest, for `latency` samples,
    and the last for ``window - hop``. Only a shorter window reduces the latency.

    The first samples determine the type of all: float32 if they are float32, else float64. In a
    ``with`` block, the stream ends with the block, and what was not flushed is dropped.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from conv_denoiser import StreamingDenoiser
    >>> stream = StreamingDenoiser(FunctionTransformer(np.tanh), window=4, batch_size=1)
    >>> stream.latency
    3
    >>> [stream.push([0.0, 0.0]).size for _ in range(4)]
    [0, 2, 2, 2]
    >>> stream.flush().size
    2
    """

    def __init__(
        self,
        denoiser: Denoiser,
        n_channels: int = 1,
        overlap: float = 0.5,
        *,
        window: int | None = None,
        channelwise: bool = False,
        batch_size: int = BATCH_SIZE,
        return_std: bool = False,
    ) -> None:
        method = "predict" if return_std else "transform"
        if not hasattr(denoiser, method):
            raise TypeError(f"A denoiser must have the method {method}. Got {denoiser!r}.")
        n_channels = check_count("n_channels", n_channels)
        batch_size = check_count("batch_size", batch_size)
        overlap = check_overlap(overlap)
        check_channels(denoiser, n_channels, channelwise)
        window = check_window(fitted_window(denoiser) if window is None else window)
        self.denoiser = denoiser
        self.n_channels = n_channels
        self.channelwise = channelwise
        self.batch_size = batch_size
        self.return_std = return_std
        self.layout = Layout.from_overlap(window, overlap)
        self.reset()

    @property
    def latency(self) -> int:
        """Samples that may be held back."""
        return self.layout.window - 1

    def reset(self) -> None:
        """Forget all samples, and begin a new stream."""
        self._ended = False
        self._dtype: Any = None
        self._n_samples = self._n_windows = 0
        # What was pushed since the beginning of the last window.
        self._kept: Array = np.zeros((0, self.n_channels))
        self._one_dimensional = self.n_channels == 1
        self._fade: OverlapAdd | None = None
        self._has_warned = False

    def push(self, samples: ArrayLike) -> Denoised:
        """Take the next samples; return the denoised ones that are ready.

        Parameters
        ----------
        samples : array-like of shape (n,) or (n, n_channels)
            Any number of noisy samples, even none; with one channel, also a single number. NaN and
            masked samples are missing, and bridged as in `denoise_recording`.

        Returns
        -------
        ndarray of shape (m,) or (m, n_channels)
            The next denoised samples, fewer or more than were pushed; one-dimensional if the
            samples are. With `return_std`, a pair: these, and their standard deviations.

        Raises
        ------
        ValueError
            If the samples are not valid. The stream then goes on as if they had not been pushed.
        RuntimeError
            After `flush`, without a `reset`.
        """
        if self._ended:
            raise RuntimeError("The stream has ended. Call reset() before samples of a new one.")
        samples = as_samples(samples, self.n_channels)
        before = self._dtype
        self._dtype = before or (np.float32 if samples.dtype == np.float32 else np.float64)
        try:
            with np.errstate(over="ignore"):
                new = samples.astype(self._dtype, copy=False)
            check_not_infinite_samples(new, first=self._n_samples, name="samples")
            new = new.reshape(-1, self.n_channels)
            denoised = self._advance(np.concatenate([self._kept, new], dtype=self._dtype))
        except BaseException:
            self._dtype = before
            raise
        if not self._n_samples:
            self._dtype = None
        self._one_dimensional = samples.ndim == 1
        return self._shaped(denoised)

    def flush(self) -> Denoised:
        """End the stream; return the samples that were held back.

        Returns
        -------
        ndarray of shape (m,) or (m, n_channels)
            The last denoised samples; one-dimensional if those pushed last were. With `return_std`,
            a pair.

        Raises
        ------
        RuntimeError
            If the stream was flushed already, without a `reset`.
        """
        if self._ended:
            raise RuntimeError("The stream has ended already. Call reset() to begin a new one.")
        denoised = self._rest()
        self._ended = True
        return self._shaped(denoised)

    def iterate(self, chunks: Iterable[ArrayLike]) -> Iterator[Denoised]:
        """Denoise the chunks of a file, a socket or another endless source, and flush.

        Parameters
        ----------
        chunks : iterable of array-like
            Samples, as for `push`.

        Yields
        ------
        ndarray of shape (m,) or (m, n_channels)
            The next denoised samples, one or more. With `return_std`, a pair.
        """
        for chunk in chunks:
            denoised = self.push(chunk)
            if self._length(denoised):
                yield denoised
        denoised = self.flush()
        if self._length(denoised):
            yield denoised

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True

    def _begin_at(self, window: int) -> None:
        """Begin a new stream with a window of this number; those before it count for nothing."""
        self.reset()
        self._n_windows, self._n_samples = window, window * self.layout.hop

    def _advance(self, samples: Array) -> Array:
        """Denoise the windows that have become whole; `samples` are those kept and the new ones."""
        window, hop = self.layout
        n_before = self._n_samples - len(self._kept)
        n_samples = n_before + len(samples)
        n_windows = self.layout.n_whole(n_samples)
        denoised = np.zeros((0, self._n_outputs), self._dtype)
        fade = self._fade
        if n_windows > self._n_windows:
            fade = fade or OverlapAdd(self.layout, self._n_outputs, self._dtype)
            begin = self._n_windows * hop - n_before
            windows = np.lib.stride_tricks.sliding_window_view(samples, window, axis=0)
            windows = windows[begin::hop].transpose(0, 2, 1)
            denoised = fade.add(self._denoise(windows, self._n_windows))
        # A last window may yet end with the stream, and begin after that of the last whole one.
        kept = max(0, (n_windows - 1) * hop - n_before)
        self._kept, self._n_samples, self._n_windows = samples[kept:].copy(), n_samples, n_windows
        self._fade = fade
        return denoised

    def _rest(self) -> Array:
        """Denoise what follows the last whole window, in one more that ends with the stream."""
        window, hop = self.layout
        begin = self._n_windows * hop
        n_left = self._n_samples - begin
        if self._n_samples == 0:
            return np.zeros((0, self._n_outputs))
        fade = self._fade or OverlapAdd(self.layout, self._n_outputs, self._dtype)
        if self._n_windows > 0 and n_left <= window - hop:
            return fade.finish(None, n_left)
        missing = max(0, window - self._n_samples)
        last = pad_timesteps(self._kept[-window:], window)
        denoised = self._denoise(last[np.newaxis], self._n_windows)[0]
        return fade.finish(denoised[window - missing - n_left :], n_left)

    def _denoise(self, windows: Array, first: int) -> Array:
        """Denoise windows, of shape (n_windows, window, n_channels), numbered from `first` on."""
        if getattr(self.denoiser, "independent_rows", False):
            return self._transform(windows)
        size, n_windows = self.batch_size, len(windows)
        outputs = np.empty((*windows.shape[:2], self._n_outputs), self._dtype)
        begin, position = 0, first % size
        while begin < n_windows:
            end = min(n_windows, begin + size - position)
            # Each window has the same place in a call of the same size, whatever comes together.
            batch = np.repeat(windows[begin : begin + 1], size, axis=0)
            batch[position : position + end - begin] = windows[begin:end]
            outputs[begin:end] = self._transform(batch)[position : position + end - begin]
            begin, position = end, 0
        return outputs

    def _transform(self, windows: Array) -> Array:
        """Denoise windows, with gaps bridged on their way in."""
        missing = np.isnan(windows)
        if not missing.any():
            return self._transform_whole(windows)
        if missing.all(axis=1).any() and not self._has_warned:
            self._has_warned = True
            warn("A window has no sample at all, and stays NaN, as do others that have none.")
        gaps = as_gaps(getattr(self.denoiser, "gaps", "fill"))
        return denoised_around_gaps(self._transform_whole, windows, gaps, warns=False)

    def _transform_whole(self, windows: Array) -> Array:
        n_windows, window, n_channels = windows.shape
        one_by_one = self.channelwise or n_channels == 1
        if one_by_one:
            signals = windows.transpose(0, 2, 1).reshape(-1, window)
        else:
            signals = np.ascontiguousarray(windows)
        try:
            outputs = self._outputs(signals)
        except ValueError as error:
            fitted = getattr(self.denoiser, "n_features_in_", window)
            if fitted == window:
                raise
            raise ValueError(
                f"{error} (window={window}, but {type(self.denoiser).__name__} was fitted on "
                f"{fitted} timesteps; most denoisers take no others. Leave window out.)"
            ) from error
        if one_by_one:
            outputs = [
                part.reshape(n_windows, n_channels, window).transpose(0, 2, 1) for part in outputs
            ]
        if len(outputs) == 1:
            return outputs[0].astype(self._dtype, copy=False)
        return np.concatenate(outputs, axis=2, dtype=self._dtype)

    def _outputs(self, signals: Array) -> list[Array]:
        """Return denoised signals, and their standard deviations if those are wanted."""
        method = "predict" if self.return_std else "transform"
        options = {"return_std": True} if self.return_std else {}
        output = getattr(self.denoiser, method)(signals, **options)
        outputs = [np.asarray(part) for part in (output if self.return_std else (output,))]
        for part in outputs:
            if part.shape != signals.shape:
                raise ValueError(
                    f"{method} of {type(self.denoiser).__name__} returned shape {part.shape} for "
                    f"windows of shape {signals.shape}. A denoiser must keep the shape."
                )
        return outputs

    @property
    def _n_outputs(self) -> int:
        return self.n_channels * (1 + self.return_std)

    def _length(self, denoised: Denoised) -> int:
        return len(denoised[0] if self.return_std else denoised)

    def _shaped(self, outputs: Array) -> Denoised:
        parts = np.split(outputs, 1 + self.return_std, axis=1)
        if self._one_dimensional:
            parts = [part[:, 0] for part in parts]
        return (parts[0], parts[1]) if self.return_std else parts[0]
