"""Checks of recordings and of how they are to be cut."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import check_count, check_number
from conv_denoiser.recording.memory_maps import BLOCK, release_pages

__all__ = [
    "as_recording",
    "as_samples",
    "check_channels",
    "check_finite_samples",
    "check_overlap",
    "check_window",
    "fitted_window",
]


def as_recording(recording: Any) -> Any:
    """Return something with shape, dtype and slices that may be a recording."""
    if hasattr(recording, "to_numpy"):  # pandas and polars slice by label, or not at all
        recording = recording.to_numpy()
    elif not (hasattr(recording, "shape") and isinstance(recording.dtype, np.dtype)):
        recording = np.asarray(recording)
    shape = tuple(recording.shape)
    _check_real(recording.dtype, "recording")
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(
            "recording must have shape (n_timesteps,) or (n_timesteps, n_channels), with one "
            f"sample or more. Got {shape}. Many signals are denoised by transform."
        )
    if len(shape) == 2 and shape[1] > shape[0]:
        raise ValueError(
            f"recording has shape {shape}: {shape[1]} channels of {shape[0]} sample(s) each. It is "
            "likely transposed; pass recording.T, of shape (n_timesteps, n_channels)."
        )
    return recording


def as_samples(samples: Any, n_channels: int) -> NDArray[Any]:
    """Return samples of a stream as an array (n,) or (n, n_channels)."""
    samples = _unmasked(samples, "samples")
    _check_real(samples.dtype, "samples")
    if samples.ndim == 0:
        samples = samples[np.newaxis]
    if samples.shape == (0,):
        samples = samples.reshape((0,) if n_channels == 1 else (0, n_channels))
    if samples.shape[1:] != ((n_channels,) if samples.ndim != 1 or n_channels > 1 else ()):
        expected = "(n,) or (n, 1)" if n_channels == 1 else f"(n, {n_channels})"
        raise ValueError(
            f"samples of a stream of {n_channels} channel(s) must have shape {expected}. Got "
            f"{samples.shape}."
        )
    return samples


def check_finite_samples(samples: Any, first: int = 0, name: str = "recording") -> None:
    """Raise ValueError that names the first NaN or infinity, with samples counted from `first`."""
    if samples.dtype.kind != "f":  # neither NaN nor infinity
        return
    step = max(1, BLOCK // int(np.prod(samples.shape[1:], dtype=int)))
    for begin in range(0, samples.shape[0], step):
        block = _unmasked(samples[begin : begin + step], name)
        finite = np.isfinite(block)
        if finite.all():
            release_pages(samples)
            continue
        index, *channel = np.argwhere(~finite)[0]
        place = f"sample {first + begin + index}" + "".join(f" of channel {c}" for c in channel)
        raise ValueError(
            f"{name} holds {block[(index, *channel)]} at {place} (counted from 0). Fill gaps "
            "first, for example with numpy.interp, or denoise the parts between them."
        )


def _unmasked(block: Any, name: str) -> NDArray[Any]:
    if np.ma.is_masked(block):
        raise ValueError(
            f"{name} has masked values. Fill them first, for example with numpy.interp, or denoise "
            "the parts between them."
        )
    return np.asarray(block)


def check_overlap(overlap: object) -> float:
    """Return the share of a window that the next one has, too."""
    return check_number(
        "overlap, the share of a window that the next one has, too,", overlap, at_least=0, below=1
    )


def check_window(window: object, n_samples: int | None = None) -> int:
    """Return a number of samples; raise ValueError where a recording has fewer."""
    length = check_count("window, in samples,", window)
    if n_samples is not None and length > n_samples:
        raise ValueError(
            f"window={length}, but the recording has {n_samples} sample(s). Pass a shorter window, "
            "or leave it out: then a recording that is shorter than a window is padded."
        )
    return length


def fitted_window(denoiser: Any) -> int:
    """Return the number of timesteps that a denoiser was fitted on."""
    window: int | None = getattr(denoiser, "n_features_in_", None)
    if window is None:
        raise ValueError(
            f"{type(denoiser).__name__} does not say what length it was fitted on "
            "(n_features_in_). Fit it, or pass window=, the number of samples of a window."
        )
    return window


def check_channels(denoiser: Any, n_channels: int, channelwise: bool) -> None:
    """Raise ValueError if a denoiser was fitted on another number of channels."""
    fitted = getattr(denoiser, "n_channels_in_", None)
    wanted = 1 if channelwise else n_channels
    if fitted is None or fitted == wanted:
        return
    advice = "Pass as many"
    if channelwise:
        advice = "channelwise=True is for denoisers of one channel"
    elif fitted == 1:
        advice = "Pass channelwise=True to denoise each by itself"
    raise ValueError(
        f"{type(denoiser).__name__} was fitted on {fitted} channel(s), but the recording has "
        f"{n_channels}. {advice}."
    )


def _check_real(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers. Got dtype {dtype}.")
