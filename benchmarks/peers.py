"""Classical methods in many settings, of which tables show the one that is best for the truth.

Each family yields names and functions of signals, (n_signals, n_timesteps). No method is told the
level of the noise. `families` is for white noise on signals of any kind; `ecg_cleaners` are those
of NeuroKit2.
"""

from collections.abc import Callable, Iterator
from itertools import product

import noisereduce
import numpy as np
from classical import CLASSICAL
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct, idct
from scipy.signal import butter, savgol_filter, sosfiltfilt
from skimage.restoration import denoise_wavelet

__all__ = [
    "band_passes",
    "ecg_cleaners",
    "families",
    "kalman_smoothers",
    "low_passes",
    "savitzky_golays",
    "spectral_gates",
    "spectrum_analyses",
    "spun_wavelets",
    "wavelets",
]

Denoise = Callable[[np.ndarray], np.ndarray]
Settings = Iterator[tuple[str, Denoise]]


def by_rows(denoise: Denoise) -> Denoise:
    """Apply a function of one signal to many."""
    return lambda X: np.stack([denoise(row) for row in X])


def wavelets() -> Settings:
    """Twenty settings of wavelet shrinkage."""
    for wavelet, method, mode in product(
        ("db4", "db8", "sym4", "sym8", "coif3"), ("BayesShrink", "VisuShrink"), ("soft", "hard")
    ):
        options = {"wavelet": wavelet, "method": method, "mode": mode, "rescale_sigma": True}
        yield (
            f"wavelet {wavelet}, {method}, {mode}",
            by_rows(lambda x, options=options: denoise_wavelet(x, **options)),
        )


def spun_wavelets() -> Settings:
    """Wavelet shrinkage, averaged over 16 shifts."""
    for name in CLASSICAL:
        if "spun" in name:
            yield name, by_rows(CLASSICAL[name])


def savitzky_golays() -> Settings:
    """Savitzky-Golay filters of many lengths and orders."""
    for length, order in product(range(5, 26, 2), (2, 3, 4)):
        if order < length:
            yield (
                f"Savitzky-Golay, length {length}, order {order}",
                lambda X, length=length, order=order: savgol_filter(X, length, order, axis=1),
            )


def spectral_gates(rate: float) -> Settings:
    """Twelve settings of noisereduce, which gates the bins of a spectrogram."""
    for stationary, n_fft, share in product((True, False), (64, 128, 256), (0.8, 1.0)):
        options = {"stationary": stationary, "n_fft": n_fft, "prop_decrease": share}
        if stationary:
            options["n_std_thresh_stationary"] = 1.0
        # By default masks are smoothed over 500 Hz, which is for sound.
        options |= {"freq_mask_smooth_hz": None, "time_mask_smooth_ms": None}
        yield (
            f"noisereduce, {'' if stationary else 'non-'}stationary, n_fft {n_fft}, share {share}",
            by_rows(lambda x, options=options: noisereduce.reduce_noise(y=x, sr=rate, **options)),
        )


def band_passes(rate: float) -> Settings:
    """Eighteen Butterworth band-passes for ECGs, forwards and backwards."""
    for low, high in product((0.5, 0.75, 1, 1.5, 2, 3), (15, 25, 40)):
        sections = butter(2, (low, high), "bandpass", fs=rate, output="sos")
        yield (
            f"band-pass {low} to {high} Hz",
            lambda X, sections=sections: sosfiltfilt(sections, X, axis=1),
        )


def low_passes() -> Settings:
    """Butterworth low-passes at shares of the sampling rate, forwards and backwards."""
    for share in (0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.45):
        sections = butter(2, share, "lowpass", fs=1, output="sos")
        yield (
            f"low-pass at {share} of the rate",
            lambda X, sections=sections: sosfiltfilt(sections, X, axis=1),
        )


def spectrum_analyses() -> Settings:
    """Singular spectrum analysis with windows of several lengths."""
    for length in (16, 32, 64, 128):
        yield (
            f"SSA, window {length}",
            by_rows(lambda x, length=length: singular_spectrum(x, length)),
        )


def singular_spectrum(x: np.ndarray, length: int) -> np.ndarray:
    """Keep what stands out among the components of all windows of a signal.

    Components count if their singular value is above the optimal threshold for white noise of
    unknown level (Gavish and Donoho 2014, doi:10.1109/TIT.2014.2323359).
    """
    mean = x.mean()
    windows = sliding_window_view(x - mean, length)
    power, vectors = np.linalg.eigh(windows.T @ windows)
    values = np.sqrt(np.maximum(power, 0))
    shape = length / len(windows)
    threshold = 0.56 * shape**3 - 0.95 * shape**2 + 1.82 * shape + 1.43
    kept = vectors[:, values > threshold * np.median(values)]
    parts = windows @ kept @ kept.T
    sums, counts = np.zeros(x.size), np.zeros(x.size)
    for k in range(length):
        sums[k : k + len(windows)] += parts[:, k]
        counts[k : k + len(windows)] += 1
    return mean + sums / counts


def kalman_smoothers() -> Settings:
    """Kalman smoothers of a local level or a local linear trend, fitted in two ways."""
    for (model, order), criterion in product(
        (("local level", 1), ("local linear trend", 2)), ("likelihood", "cross-validation")
    ):
        yield (
            f"Kalman smoother, {model}, by {criterion}",
            lambda X, order=order, criterion=criterion: smoothed(X, order, criterion),
        )


def smoothed(X: np.ndarray, order: int, criterion: str) -> np.ndarray:
    """Smooth each signal as the Kalman smoother of a random walk, or of one of the slope, does.

    In the basis of the cosine transform these models are diagonal, save for the ends, which are
    mirrored: a coefficient has the variance of the noise times 1 + ratio / penalty. The ratio of
    the variances of steps and noise is the one of the greatest likelihood, or of the least error in
    generalized cross-validation (Garcia 2010, doi:10.1016/j.csda.2009.09.020).
    """
    mean = X.mean(axis=1, keepdims=True)
    coefficients = dct(X - mean, axis=1, norm="ortho")[:, 1:]
    n = coefficients.shape[1]
    penalty = (2 - 2 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))) ** order
    least = np.full((len(X), 1), np.inf)
    gain = np.zeros_like(coefficients)
    for ratio in np.geomspace(1e-12, 1e4, 97):
        variance = 1 + ratio / penalty
        power = 2 if criterion == "cross-validation" else 1
        residual = np.sum(coefficients**2 / variance**power, axis=1, keepdims=True)
        if criterion == "cross-validation":
            misfit = np.log(residual + 1e-300) - 2 * np.log(np.sum(1 / variance))
        else:
            misfit = n * np.log(residual + 1e-300) + np.log(variance).sum()
        better = misfit < least
        gain = np.where(better, 1 - 1 / variance, gain)
        least = np.where(better, misfit, least)
    return mean + idct(np.pad(gain * coefficients, ((0, 0), (1, 0))), axis=1, norm="ortho")


def families(rate: float) -> dict[str, Callable[[], Settings]]:
    """Return the families that suit signals of any kind."""
    return {
        "wavelet": wavelets,
        "cycle-spun wavelet": spun_wavelets,
        "Savitzky-Golay": savitzky_golays,
        "low-pass": low_passes,
        "noisereduce": lambda: spectral_gates(rate),
        "SSA": spectrum_analyses,
        "Kalman smoother": kalman_smoothers,
    }


def ecg_cleaners(rate: float) -> Settings:
    """Yield the methods of `neurokit2.ecg_clean`."""
    import neurokit2

    for method in (
        "neurokit",
        "biosppy",
        "pantompkins1985",
        "hamilton2002",
        "elgendi2010",
        "engzeemod2012",
        "vg",
        "templateconvolution",
    ):
        yield (
            f"NeuroKit2, {method}",
            by_rows(
                lambda x, method=method: neurokit2.ecg_clean(x.astype(float), rate, method=method)
            ),
        )
