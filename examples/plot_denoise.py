"""
Denoise anything in one line
============================

``denoise(x)`` needs no training, no clean signals and no settings. Here it cleans four kinds of
signals, a real ECG among them, beside the best of four settings of a Savitzky-Golay filter. Those
are picked with the truth, a help that users do not have.
"""

import matplotlib.pyplot as plt
import numpy as np
import pywt
from scipy.signal import savgol_filter

from conv_denoiser import denoise
from conv_denoiser.metrics import snr_db

# %%
# Four signals
# ------------
#
# They share nothing but one thing: their noise is white, independent from sample to sample.
rng = np.random.default_rng(0)
time = np.arange(2048)


def spectrum() -> np.ndarray:
    """Return narrow and broad peaks on a curved background."""
    places, widths = rng.uniform(100, 1900, (12, 1)), rng.uniform(4, 25, (12, 1))
    heights = rng.uniform(20, 200, (12, 1))
    return (heights / (1 + ((time - places) / widths) ** 2)).sum(axis=0) + 150 * np.exp(-time / 800)


def accelerometer() -> np.ndarray:
    """Return the acceleration of an ankle: it swings, is turned, and strikes the ground."""
    since = time % 110
    strikes = -25 * np.exp(-since / 3) * np.cos(since)
    return np.where(time < 900, 9.8, 7.0) + 3 * np.sin(2 * np.pi * since / 110) + strikes


def seismogram() -> np.ndarray:
    """Return two onsets after a long quiet time."""
    arrivals = zip((700, 1100), (10, 40), (60, 250), (0.9, 0.35), strict=True)
    waves = np.zeros(time.size)
    for onset, height, decay, frequency in arrivals:
        since = np.maximum(time - onset, 0)
        waves += height * np.exp(-since / decay) * np.sin(frequency * since)
    return waves


signals = {
    "a real ECG (pywt.data.ecg)": pywt.data.ecg().astype(float),
    "a spectrum": spectrum(),
    "an accelerometer": accelerometer(),
    "a seismogram": seismogram(),
}

# %%
# One line
# --------
#
# Each signal gets noise at 8 dB. What the noise is like, ``denoise`` finds out by itself.
settings = [(9, 2), (15, 2), (31, 3), (61, 3)]  # window, order
figure, axes = plt.subplots(len(signals), figsize=(9, 10), layout="constrained")
for axis, (name, clean) in zip(axes, signals.items(), strict=True):
    noisy = clean + rng.normal(0, clean.std() * 10 ** (-8 / 20), clean.size)

    denoised = denoise(noisy)

    filtered = [savgol_filter(noisy, *setting) for setting in settings]
    best = max(snr_db([clean], [estimate]) for estimate in filtered)
    ratio = snr_db([clean], [denoised])
    before = snr_db([clean], [noisy])
    text = f"{before:.1f} dB; best filter {best:.1f} dB; denoise {ratio:.1f} dB"
    print(f"{name}: {text}")
    axis.plot(noisy, color="#999999", linewidth=0.6, label="noisy")
    axis.plot(denoised, color="#0072B2", linewidth=1.8, label="denoised")
    axis.plot(clean, color="black", linewidth=0.7, label="clean")
    axis.set_title(f"{name}: {text}", loc="left", fontsize="medium")
    axis.margins(x=0)
axes[-1].set_xlabel("sample")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
plt.show()

# %%
# What it is not for
# ------------------
#
# Hum and wandering baselines are correlated from sample to sample, and stay. The page
# :doc:`When not to trust it <plot_trust>` shows that, and how to tell.
# sphinx_gallery_thumbnail_number = 1
