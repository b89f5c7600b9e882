"""The metrics: functions of clean and denoised signals."""

from numpy.typing import ArrayLike

from conv_denoiser.metrics.arrays import (
    Multioutput,
    Score,
    arranged,
    averaged,
    centred_unit,
    checked,
    compared,
    outputs,
    power_spectra,
    relative_error,
    root_mean_square,
    signal_to_noise_db,
    snr_gain_db,
)

__all__ = [
    "correlation",
    "prd",
    "relative_rmse",
    "rmse",
    "snr_db",
    "snr_improvement_db",
    "spectral_relative_rmse",
]


def snr_db(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    centered: bool = True,
    average: bool = True,
) -> Score:
    """Signal-to-noise ratio in power decibels; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised, or noisy, signals.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        One value for all channels together; the mean of the channels' own values; those values; or
        their mean with the given weights.
    centered : bool, default=True
        Take the power of the clean signals about the mean of each channel, as noise models do, so
        that their level does not count; False takes the mean square. The level of `y_pred` counts
        as error.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        10 log10(sum((y_true - mean)²) / sum((y_true - y_pred)²)), limited to ±300 dB: a perfect
        estimate has 300 dB, a signal without power and with an error -300 dB. A mean leaves out
        signals without power, and warns.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    Examples
    --------
    >>> from conv_denoiser.metrics import snr_db
    >>> round(snr_db([[1.0, -1.0]], [[1.1, -1.1]]), 6)
    20.0
    """
    power, error = compared(multioutput, centered, y_true=y_true, y_pred=y_pred)
    return averaged(
        signal_to_noise_db(power, error), sample_weight, multioutput, average, power=power
    )


def snr_improvement_db(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    X: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    average: bool = True,
) -> Score:
    """Signal-to-noise ratio after denoising minus before, in decibels; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised signals.
    X : array-like of y_true's shape
        Noisy signals. Samples that are missing here do not count either.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        `snr_db` of `y_pred` minus `snr_db` of `X`; 0 is doing nothing.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    Examples
    --------
    >>> from conv_denoiser.metrics import snr_improvement_db
    >>> round(snr_improvement_db([[1.0, -1.0]], [[1.01, -1.01]], [[1.1, -1.1]]), 6)
    20.0
    """
    true, pred, noisy = outputs(multioutput, y_true=y_true, y_pred=y_pred, X=X)
    gain = snr_gain_db(true, pred, noisy)
    return averaged(gain, sample_weight, multioutput, average)


def rmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    average: bool = True,
) -> Score:
    """Root mean square error, in the units of the signals; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised signals.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        The error, sqrt(mean((y_true - y_pred)²)).

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    Examples
    --------
    >>> from conv_denoiser.metrics import rmse
    >>> rmse([[1.0, 2.0]], [[2.0, 3.0]])
    1.0
    """
    true, pred = outputs(multioutput, y_true=y_true, y_pred=y_pred)
    return averaged(root_mean_square(pred - true), sample_weight, multioutput, average)


def relative_rmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    centered: bool = True,
    average: bool = True,
) -> Score:
    """Root mean square error over the deviation of the clean signal; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised signals.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    centered : bool, default=True
        Take the power of the clean signals about the mean of each channel, as noise models do, so
        that their level does not count; False takes the mean square. The level of `y_pred` counts
        as error.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        0 is perfect, 1 is as good as the mean alone. Limited to 1e15, as for a signal without power
        and with an error. A mean leaves out signals without power, and warns.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    Examples
    --------
    >>> from conv_denoiser.metrics import relative_rmse
    >>> relative_rmse([[2.0, -2.0]], [[1.0, -1.0]])
    0.5
    """
    power, error = compared(multioutput, centered, y_true=y_true, y_pred=y_pred)
    return averaged(relative_error(power, error), sample_weight, multioutput, average, power=power)


def prd(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    centered: bool = True,
    average: bool = True,
) -> Score:
    """Percentage root mean square difference, known from ECG compression; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count. An offset makes the percentage
        smaller: remove the mean first for what is called the normalised difference.
    y_pred : array-like of y_true's shape
        Denoised signals.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    centered : bool, default=True
        Take the power of the clean signals about the mean of each channel, as noise models do, so
        that their level does not count; False takes the mean square. The level of `y_pred` counts
        as error.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        100 times `relative_rmse`, in percent: the normalised difference (PRDN). With
        ``centered=False`` it is the plain one (PRD), which an offset makes smaller.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    References
    ----------
    Y. Zigel, A. Cohen, A. Katz. "The weighted diagnostic distortion (WDD) measure for ECG signal
    compression". IEEE Transactions on Biomedical Engineering 47 (2000), 1422-1430.

    Examples
    --------
    >>> from conv_denoiser.metrics import prd
    >>> prd([[2.0, -2.0]], [[1.0, -1.0]])
    50.0
    """
    power, error = compared(multioutput, centered, y_true=y_true, y_pred=y_pred)
    return averaged(
        100 * relative_error(power, error), sample_weight, multioutput, average, power=power
    )


def spectral_relative_rmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sampling_rate: float | None = 1.0,
    frequency_range: tuple[float, float] | None = None,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    average: bool = True,
) -> Score:
    """Relative root mean square error of power spectra; lower is better.

    Spectra are Welch's, of segments of at most 256 timesteps without their mean, half overlapping
    and weighted by a Hann window. Neither offset nor phase counts.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised signals.
    sampling_rate : float or None, default=1.0
        Timesteps a second, in Hz; the unit of `frequency_range`. None is 1.
    frequency_range : tuple of (low, high), default=None
        Compare these frequencies only, ends included, in the units of `sampling_rate`.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        Root mean square difference of the spectra over the root mean square of the clean one. 0
        is perfect, 1 is as good as silence; limited to 1e15, as where a flat signal has an error.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, signals have
        a single timestep, or an option is not valid.

    References
    ----------
    H. Zhang et al. "EEGdenoiseNet: a benchmark dataset for deep learning solutions of EEG
    denoising". Journal of Neural Engineering 18 (2021), 056057. doi:10.1088/1741-2552/ac2bf8

    Examples
    --------
    >>> from conv_denoiser.metrics import spectral_relative_rmse
    >>> round(spectral_relative_rmse([[1.0, -1.0, 1.0, -1.0]], [[2.0, -2.0, 2.0, -2.0]]), 6)
    3.0
    """
    arrays = checked(y_true=y_true, y_pred=y_pred)
    spectra = power_spectra(arrays, sampling_rate, frequency_range)
    true, pred = (arranged(spectrum, multioutput) for spectrum in spectra)
    values = relative_error(true, pred - true)
    return averaged(values, sample_weight, multioutput, average, power=true)


def correlation(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Multioutput = "joint",
    average: bool = True,
) -> Score:
    """Pearson correlation of denoised and clean signals; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals. Missing samples (NaN, masked) do not count.
    y_pred : array-like of y_true's shape
        Denoised signals.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.
    multioutput : {"joint", "uniform_average", "raw_values"} or array-like of shape \
(n_channels,), default="joint"
        How channels count, as in `snr_db`.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float, or ndarray of shape ([n_signals][, n_channels])
        From -1 to 1. A flat signal correlates with nothing: 0.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, an estimate of what counts is NaN, or an option
        is not valid.

    Examples
    --------
    >>> from conv_denoiser.metrics import correlation
    >>> round(correlation([[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]), 6)
    1.0
    """
    true, pred = map(centred_unit, outputs(multioutput, y_true=y_true, y_pred=y_pred))
    values = (true * pred).sum(axis=-1).clip(-1, 1)
    return averaged(values, sample_weight, multioutput, average)
