"""Thirteen classical ways to denoise signals; none is told the level of the noise."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter, wiener
from skimage.restoration import (
    cycle_spin,
    denoise_tv_chambolle,
    denoise_wavelet,
    estimate_sigma,
)

__all__ = ["CLASSICAL", "SPUN"]

SPUN = "cycle-spun BayesShrink sym8"
Denoise = Callable[[np.ndarray], np.ndarray]  # of one signal


def wavelet(name: str, method: str = "BayesShrink", mode: str = "soft") -> Denoise:
    """Shrink the coefficients of a wavelet."""
    options = {"wavelet": name, "method": method, "mode": mode, "rescale_sigma": True}
    return lambda x: denoise_wavelet(x, **options)


def spun(denoise: Denoise) -> Denoise:
    """Average over 16 shifts."""
    return lambda x: cycle_spin(x, denoise, max_shifts=15, workers=1)


def total_variation(x: np.ndarray) -> np.ndarray:
    """Find the signal of least variation near this one."""
    return denoise_tv_chambolle(x, weight=2 * estimate_sigma(x), max_num_iter=500)


CLASSICAL: dict[str, Denoise] = {
    SPUN: spun(wavelet("sym8")),
    "cycle-spun BayesShrink haar": spun(wavelet("haar")),
    "BayesShrink db4": wavelet("db4"),
    "VisuShrink sym8, soft": wavelet("sym8", "VisuShrink"),
    "VisuShrink sym8, hard": wavelet("sym8", "VisuShrink", "hard"),
    "total variation": total_variation,
    "local Wiener filter of 15 samples": lambda x: wiener(x, 15),
    "Gaussian filter of 2 samples": lambda x: gaussian_filter1d(x, 2),
    "Gaussian filter of 8 samples": lambda x: gaussian_filter1d(x, 8),
    "Savitzky-Golay 9, 2": lambda x: savgol_filter(x, 9, 2),
    "Savitzky-Golay 15, 2": lambda x: savgol_filter(x, 15, 2),
    "Savitzky-Golay 31, 3": lambda x: savgol_filter(x, 31, 3),
    "Savitzky-Golay 61, 3": lambda x: savgol_filter(x, 61, 3),
}
