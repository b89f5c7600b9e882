"""Checks of recordings, and of how they are cut into windows."""

from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import unmasked
from conv_denoiser._checks.numbers import check_count, check_number
from conv_denoiser._typing import RawArray
from conv_denoiser.recording.memory_maps import BLOCK, release_pages
from conv_denoiser.recording.protocols import Series

__all__ = [
    "as_recording",
    "as_samples",
    "check_channels",
    "check_not_infinite_samples",
    "check_overlap",
    "check_window",
    "fitted_window",
]


def as_recording(recording: ArrayLike | Series) -> Series:
    """Return a recording as something with shape, dtype and slices, or raise ValueError."""
    series: Series
    if hasattr(recording, "to_numpy"):  # pandas and polars slice by label, or not at all
        series = recording.to_numpy()
    elif hasattr(recording, "shape") and isinstance(getattr(recording, "dtype", None), np.dtype):
        series = cast(Series, recording)
    else:
        series = np.asarray(recording)
    shape = tuple(series.shape)
    _check_real(series.dtype, "recording")
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(
            "recording must have shape (n_timesteps,) or (n_timesteps, n_channels), with at least "
            f"one sample. Got {shape}. To denoise many signals, call transform."
        )
    if len(shape) == 2 and shape[1] > shape[0]:
        raise ValueError(
            f"recording has shape {shape}: {shape[1]} channels of {shape[0]} sample(s) each. It "
            "seems to be transposed; pass recording.T, of shape (n_timesteps, n_channels)."
        )
    return series


def as_samples(samples: ArrayLike, n_channels: int) -> RawArray:
    """Return samples of a stream as an array (n,) or (n, n_channels)."""
    samples = unmasked(samples)
    _check_real(samples.dtype, "samples")
    if samples.ndim == 0:
        samples = samples[np.newaxis]
    if samples.shape == (0,):
        samples = samples.reshape((0,) if n_channels == 1 else (0, n_channels))
    is_plain = n_channels == 1 and samples.ndim == 1
    if not is_plain and samples.shape[1:] != (n_channels,):
        expected = "(n,) or (n, 1)" if n_channels == 1 else f"(n, {n_channels})"
        raise ValueError(
            f"samples of a stream of {n_channels} channel(s) must have shape {expected}. Got "
            f"{samples.shape}."
        )
    return samples


def check_not_infinite_samples(
    samples: Series, first: int = 0, name: str = "recording", first_channel: int = 0
) -> None:
    """Raise ValueError that names the first infinity, with samples counted from `first`."""
    if samples.dtype.kind != "f":
        return
    step = max(1, BLOCK // int(np.prod(samples.shape[1:], dtype=int)))
    for begin in range(0, samples.shape[0], step):
        block = unmasked(samples[begin : begin + step])
        infinite = np.isinf(block)
        if not infinite.any():
            release_pages(samples)
            continue
        index, *channel = np.argwhere(infinite)[0]
        place = f"sample {first + begin + index}" + "".join(
            f" of channel {first_channel + c}" for c in channel
        )
        raise ValueError(
            f"{name} holds {block[(index, *channel)]} at {place} (counted from 0). Where it stands "
            "for missing samples, put NaN there."
        )


def check_overlap(overlap: object) -> float:
    """Return the share of a window that the next one covers as well."""
    return check_number(
        "overlap, the share of a window that the next one covers as well,",
        overlap,
        at_least=0,
        below=1,
    )


def check_window(window: object, n_samples: int | None = None) -> int:
    """Return the length of a window; raise ValueError if a recording is shorter."""
    length = check_count("window, in samples,", window)
    if n_samples is not None and length > n_samples:
        raise ValueError(
            f"window={length}, but the recording has {n_samples} sample(s). Pass a shorter window, "
            "or leave it out: a recording shorter than the denoiser's window is then padded."
        )
    return length


def fitted_window(denoiser: object) -> int:
    """Return the number of timesteps that a denoiser was fitted on."""
    window: int | None = getattr(denoiser, "n_features_in_", None)
    if window is None:
        raise ValueError(
            f"{type(denoiser).__name__} does not say what length it was fitted on "
            "(n_features_in_). Fit it, or pass window=, the length of a window in samples."
        )
    return window


def check_channels(denoiser: object, n_channels: int, channelwise: bool) -> None:
    """Raise ValueError if a denoiser was fitted on another number of channels."""
    fitted = getattr(denoiser, "n_channels_in_", None)
    wanted = 1 if channelwise else n_channels
    if fitted is None or fitted == wanted:
        return
    advice = f"Pass a recording of {fitted}"
    if channelwise:
        advice = "channelwise=True is for denoisers of one channel"
    elif fitted == 1:
        advice = "Pass channelwise=True to denoise each channel by itself"
    raise ValueError(
        f"{type(denoiser).__name__} was fitted on {fitted} channel(s), but the recording has "
        f"{n_channels}. {advice}."
    )


def _check_real(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers. Got dtype {dtype}.")
