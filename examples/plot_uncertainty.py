"""
How far to trust a denoised ECG
===============================

A network says how uncertain each sample is, and signals that it did not learn from tell how wide
intervals must be. Then: does denoising help to find heartbeats? Synthetic ECGs stand in for real
ones, of which the truth would not be known.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import pywt
from scipy.signal import find_peaks

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.plotting import IntervalDisplay
from conv_denoiser.report import DenoisingReport

RATE = 360  # Hz

parser = argparse.ArgumentParser(description="Find out how far to trust a denoised ECG.")
parser.add_argument("--n-signals", type=int, default=300, help="training signals")
parser.add_argument("--n-held-out", type=int, default=300, help="as many calibrate as test")
parser.add_argument("--epochs", type=int, default=6)
options = parser.parse_args()

# %%
# Learn, then conformalize with other signals
# -------------------------------------------
#
# With ``loss="gaussian_nll"`` the network also predicts the variance of its errors. Half of the
# signals that it did not learn from tell how wide intervals must be; the other half is the test.
ecg = SignalGenerator(
    "ecg", n_timesteps=512, sampling_rate=RATE, noise=GaussianNoise(snr_db=(0, 6)), random_state=0
)
X, y = ecg.sample(options.n_signals + 2 * options.n_held_out, return_X_y=True)
train, held_out, test = np.split(np.arange(len(X)), [options.n_signals, -options.n_held_out])
denoiser = ConvDenoiser("unet", loss="gaussian_nll", epochs=options.epochs, random_state=0)
denoiser.fit(X[train], y[train])
denoiser.conformalize(X[held_out], y[held_out])
denoised, std = denoiser.predict(X[test], return_std=True)
print(f"SNR: {snr_db(y[test], X[test]):.1f} dB before, {snr_db(y[test], denoised):.1f} dB after")

# %%
# Bands around heartbeats
# -----------------------
#
# A band holds whole signals. It is wide where the network is unsure: at the heartbeats, and in
# signals with much noise.
IntervalDisplay.from_estimator(
    denoiser, X[test], y[test], kind="band", n_signals=3, sampling_rate=RATE, unit="mV"
)

# %%
# Promised and found
# ------------------
#
# What is promised is found in the test, at any coverage, but for chance: 300 whole signals are few.
coverages = np.arange(0.05, 1, 0.05)
found = {"samples": [], "whole signals": []}
for coverage in coverages:
    for kind, shares in zip(("pointwise", "band"), found.values(), strict=True):
        lower, upper = denoiser.predict_interval(X[test], coverage, kind)
        inside = (lower <= y[test]) & (y[test] <= upper)
        shares.append(np.mean(inside if kind == "pointwise" else inside.all(axis=1)))
figure, axis = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
axis.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
for (name, shares), color in zip(found.items(), ("#0072B2", "#D55E00"), strict=True):
    axis.plot(coverages, shares, marker="o", markersize=4, color=color, label=name)
axis.set(xlabel="coverage asked for", ylabel="share inside", xlim=(0, 1), ylim=(0, 1))
axis.legend()

# %%
# Did it help to find heartbeats?
# -------------------------------
#
# A simple detector takes high peaks for heartbeats: those of the clean signal are the truth. What
# it finds in noisy signals is compared with what it finds after a wavelet, and after the network.


def heartbeats(signal: np.ndarray) -> np.ndarray:
    """Return the samples of high peaks that are a third of a second apart."""
    return find_peaks(signal - np.median(signal), height=0.5 * np.ptp(signal), distance=RATE // 3)[
        0
    ]


def compared(signals: np.ndarray) -> dict[str, float]:
    """Return how many heartbeats are found, how many of the found are some, and how far off."""
    n_true = n_found = n_right = 0
    errors = []
    for signal, clean in zip(signals, y[test], strict=True):
        true, here = heartbeats(clean), heartbeats(signal)
        n_true, n_found = n_true + true.size, n_found + here.size
        if true.size and here.size:
            distance = np.abs(here[:, np.newaxis] - true).min(axis=0)
            n_right += np.sum(distance <= 0.05 * RATE)
            errors.extend(distance[distance <= 0.05 * RATE])
    return {
        "sensitivity": n_right / max(1, n_true),
        "precision": n_right / max(1, n_found),
        "timing error (ms)": 1000 * float(np.mean(errors)) / RATE if errors else np.nan,
    }


def by_wavelet(signal: np.ndarray) -> np.ndarray:
    """Shrink the coefficients of a wavelet by the universal threshold."""
    parts = pywt.wavedec(signal, "sym4")
    level = np.median(np.abs(parts[-1])) / 0.6745 * np.sqrt(2 * np.log(signal.size))
    return pywt.waverec([parts[0], *(pywt.threshold(part, level) for part in parts[1:])], "sym4")


report = DenoisingReport.from_arrays(
    X[test], denoised, y[test], std=std, task=compared, sampling_rate=RATE, unit="mV"
)
shrunk = compared(np.stack([by_wavelet(signal) for signal in X[test]]))
for result, values in report.to_dict()["task"].items():
    before, after = values["noisy"], values["denoised"]
    print(f"{result}: noisy {before:.3f}, wavelet {shrunk[result]:.3f}, denoised {after:.3f}")

# %%
# ``report.to_html("report.html")`` writes all of it on one page. Its spectra tell where the error
# fell:
bands = report.to_dict()["bands"]
figure, axis = plt.subplots(figsize=(6, 3.5), layout="constrained")
names = [f"{band['low']:.0f}-{band['high']:.0f}" for band in bands]
axis.plot(names, [band["error_before_db"] for band in bands], "o-", color="#999999", label="before")
axis.plot(names, [band["error_after_db"] for band in bands], "o-", color="#0072B2", label="after")
axis.set(xlabel="band (Hz)", ylabel="error (dB to the noisy signals)")
axis.legend()
plt.show()
