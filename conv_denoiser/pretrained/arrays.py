"""Denoise arrays in one call, with no training."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.numbers import check_number
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.pretrained.denoising import denoise_rows
from conv_denoiser.pretrained.universal import universal

__all__ = ["denoise"]


def denoise(x: ArrayLike, *, noise_std: float | None = None, strength: float = 1.0) -> Array:
    """Remove white noise from signals of any kind, with no training.

    A network that was trained once, on random signals of many kinds, estimates the noise in units
    of its level. What it removes is checked: where the quiet parts of it tell of a lower level,
    the signal is denoised again with that one.

    Parameters
    ----------
    x : array-like of shape (n_timesteps,), (n_signals, n_timesteps[, n_channels])
        Noisy signals in any units, of 2 timesteps or more. NaN and masked samples are missing, and
        are filled. Channels are denoised one by one.
    noise_std : float, default=None
        Standard deviation of the noise in the units of the signals, where it is known. None
        estimates it for each signal.
    strength : float, default=1
        Multiple of the level: less keeps more detail, more smooths.

    Returns
    -------
    ndarray of x's shape
        Denoised signals in the units of `x`, float32 for float32 input and float64 otherwise.

    Raises
    ------
    ValueError
        If `x` has another number of dimensions, fewer than 2 timesteps, infinity or values that
        are not real numbers, or `noise_std` or `strength` is not positive.
    ModelFileError
        If the file of the network is damaged.

    Warns
    -----
    UserWarning
        Of signals without any sample, which stay NaN.

    See Also
    --------
    ConvDenoiser : Learns from your own signals, and noise that is not white.

    Notes
    -----
    The network learned white noise. Noise that is correlated from sample to sample, such as hum or
    a wandering baseline, is taken for signal and stays.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import SignalGenerator, denoise
    >>> from conv_denoiser.metrics import snr_db
    >>> ecg = {"n_timesteps": 1024, "sampling_rate": 360, "random_state": 0}
    >>> noisy, clean, _ = SignalGenerator("ecg", noise=0.1, **ecg).sample(3)
    >>> bool(snr_db(clean, denoise(noisy)) > snr_db(clean, noisy) + 5)
    True
    """
    if noise_std is not None:
        noise_std = check_number("noise_std", noise_std, above=0)
    strength = check_number("strength", strength, above=0)
    signals = _as_signals(x)
    dtype = np.float32 if signals.dtype == np.float32 else np.float64
    rows: Array = signals.astype(np.float64)
    if rows.ndim == 3:
        rows = rows.transpose(0, 2, 1)
    rows = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
    silent = np.isnan(rows).all(axis=1)
    if silent.any():
        warn(f"{silent.sum()} of {len(rows)} signals have no sample at all, and stay NaN.")
    denoised: Array = rows.copy()
    if not silent.all():
        network = universal()
        denoised[~silent] = denoise_rows(
            rows[~silent], network.run, network.weights, noise_std, strength
        )
    if signals.ndim == 3:
        n_signals, n_timesteps, n_channels = signals.shape
        denoised = denoised.reshape(n_signals, n_channels, n_timesteps).transpose(0, 2, 1)
    return np.ascontiguousarray(denoised.reshape(signals.shape), dtype=dtype)


def _as_signals(x: ArrayLike) -> Array:
    """Return real numbers of one to three dimensions; NaN where samples are missing."""
    if np.ma.isMaskedArray(x):
        x = np.ma.filled(np.ma.asarray(x).astype(np.float64), np.nan)
    signals: Any = np.asarray(x)
    if signals.dtype.kind == "O":
        signals = _numbers(signals)
    if signals.dtype.kind not in "fiub":
        raise ValueError(
            f"x must hold real numbers. Got dtype {signals.dtype}: leave out text and dates, and "
            "pass real and imaginary parts one by one."
        )
    if signals.ndim not in (1, 2, 3) or 0 in signals.shape:
        raise ValueError(
            "x must have shape (n_timesteps,), (n_signals, n_timesteps) or (n_signals, "
            f"n_timesteps, n_channels), with nothing empty. Got {signals.shape}."
        )
    n_timesteps = signals.shape[0 if signals.ndim == 1 else 1]
    if n_timesteps < 2:
        raise ValueError(
            f"x has signals of {n_timesteps} timestep, of shape {signals.shape}; noise shows from "
            "2 on. Is it transposed? A recording (n_timesteps, n_channels) is passed as x.T."
        )
    if np.isinf(signals).any():
        raise ValueError(
            f"x holds {np.isinf(signals).sum()} infinite value(s). Where they stand for missing "
            "samples, put NaN there."
        )
    return signals


def _numbers(array: Any) -> Any:
    """Convert objects that are numbers; None is missing."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        what = next((value for value in array.flat if not isinstance(value, Real)), None)
        raise ValueError(f"x must hold real numbers. Got {what!r}.") from error
