"""What the universal network is given: signals in units of their noise, and what is known of them.

Channels, in order: the signal, companded; its first difference, clipped; "is the sample there";
"is the level given"; and what thresholding in short spectra, of 128 and of 512 samples, takes off.
The last two are what a classical method believes to be noise. They reach as far as their windows,
exactly so for tones of any amplitude, which is hard to learn; where they are wrong, at steps and
peaks, the network does not follow them.
"""

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.level.windows import hann, reflected, sliding

__all__ = ["N_CHANNELS", "network_inputs"]


N_CHANNELS = 6
WINDOWS = (128, 512)  # samples
# Bins with less than this many times the expected power of noise are taken for noise: e^-6.5 of
# noise bins pass.
THRESHOLD = 6.5
LARGEST_DIFFERENCE = 8.0


def taken_off_by_thresholding(u: Array, size: int) -> Array:
    """Return what hard thresholding of short spectra takes off signals in units of the noise."""
    hop = size // 4
    n, length = u.shape
    n_frames = ceil_div(length, hop) + 3
    right = (n_frames + 3) * hop - length - 3 * hop
    window = hann(size).astype(np.float32)
    frames = sliding(reflected(u, 3 * hop, right), size, hop)
    spectrum = rfft(frames * window, axis=2)
    power = spectrum.real**2 + spectrum.imag**2
    spectrum *= power < np.float32(THRESHOLD * np.sum(window**2))
    frames = irfft(spectrum, size, axis=2) * window
    quarters = frames.reshape(n, n_frames, 4, hop)
    total = np.zeros((n, n_frames + 3, hop), np.float32)
    for quarter in range(4):
        total[:, quarter : quarter + n_frames] += quarters[:, :, quarter]
    # Squared Hann windows a quarter apart add up to 3/2.
    return total.reshape(n, -1)[:, 3 * hop : 3 * hop + length] / np.float32(1.5)


def network_inputs(u: Array, there: NDArray[np.bool_], given: NDArray[np.bool_]) -> Array:
    """Return the network's channels.

    Parameters
    ----------
    u : ndarray of float32, shape (n_signals, n_timesteps)
        Signals without their medians, divided by the level of their noise; gaps bridged.
    there : ndarray of bool, shape (n_signals, n_timesteps)
        Whether a sample was measured.
    given : ndarray of bool, shape (n_signals,)
        Whether the level is known rather than estimated.

    Returns
    -------
    ndarray of float32, shape (n_signals, n_timesteps, N_CHANNELS)
    """
    channels = np.empty((*u.shape, N_CHANNELS), np.float32)
    channels[..., 0] = np.arcsinh(u / 2)
    difference = np.diff(u, axis=1, prepend=u[:, :1])
    channels[..., 1] = np.clip(difference, -LARGEST_DIFFERENCE, LARGEST_DIFFERENCE) / 4
    channels[..., 2] = there
    channels[..., 3] = given[:, None]
    for channel, size in enumerate(WINDOWS, 4):
        channels[..., channel] = np.clip(taken_off_by_thresholding(u, size), -8, 8)
    return channels
