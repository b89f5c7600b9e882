"""
An ECG with dropouts, and one with uneven times
===============================================

Electrodes come off, packets get lost, amplifiers clip. What is missing is NaN, and what should be
missing is found. Here a real ECG loses samples in four ways, and :func:`~conv_denoiser.denoise`
fills them while it removes the noise of all others.
"""

import matplotlib.pyplot as plt
import numpy as np
import pywt

from conv_denoiser import denoise, find_bad_samples
from conv_denoiser.metrics import snr_db

RATE = 360  # Hz

# %%
# A damaged recording
# -------------------
#
# PyWavelets brings the ECG. It gets white noise at 10 dB, loses a twentieth of its samples one by
# one and two stretches of 20 and 80 samples, and is flat for a while, as where an amplifier hangs.
rng = np.random.default_rng(0)
clean = pywt.data.ecg().astype(float)
clean -= clean.mean()
noisy = clean + rng.normal(0, clean.std() * 10 ** (-10 / 20), clean.size)
damaged = noisy.copy()
damaged[rng.random(clean.size) < 0.05] = np.nan
damaged[205:225] = damaged[470:550] = np.nan
damaged[860:890] = damaged[859] = noisy[859]

# %%
# Found and filled
# ----------------
#
# ``bad="auto"`` takes the flat stretch for missing, too. ``max_gap=40`` fills short gaps and leaves
# NaN in long ones, where an estimate would be a guess.
bad = find_bad_samples(damaged)
found = ", ".join(f"{mask.sum()} {reason}" for reason, mask in bad.reasons.items() if mask.any())
filled = denoise(damaged, bad="auto", max_gap=40)
left = np.isnan(filled)
print(f"missing: {np.isnan(damaged).sum()}; bad: {found}; left missing: {left.sum()}")
print(f"noisy {snr_db([clean], [noisy]):.1f} dB, whole {snr_db([clean], [denoise(noisy)]):.1f} dB")
there = np.where(left, np.nan, clean)
print(f"with gaps, where they were filled: {snr_db([there], [filled]):.1f} dB")

# %%
# Uneven times
# ------------
#
# A sensor that sends its samples when it likes has no sampling rate. With their times, they are
# denoised on an even grid, and come back at those times.
taken = np.sort(rng.choice(clean.size, 700, replace=False))
time = taken / RATE
uneven = denoise(noisy[taken], time=time)
print(f"700 of 1,024 samples: {snr_db([clean[taken]], [uneven]):.1f} dB")

# %%
# The picture
# -----------
seconds = np.arange(clean.size) / RATE
figure, axes = plt.subplots(3, sharex=True, sharey=True, figsize=(9, 7), layout="constrained")
axes[0].plot(seconds, damaged, color="#999999", linewidth=0.8)
axes[0].set_title("dropouts, and a flat stretch", loc="left")
axes[1].plot(seconds, filled, color="#0072B2", linewidth=1.4, label="denoised")
axes[1].set_title("denoised: gaps of up to 40 samples are filled", loc="left")
axes[2].plot(time, noisy[taken], ".", color="#999999", markersize=3, label="noisy")
axes[2].plot(time, uneven, color="#0072B2", linewidth=1.4)
axes[2].set_title("700 samples at uneven times", loc="left")
for axis in axes[1:]:
    axis.plot(seconds, clean, color="black", linewidth=0.7, label="clean")
for axis in axes[:2]:
    for begin, end in ((205, 225), (470, 550), (860, 890)):
        axis.axvspan(begin / RATE, end / RATE, color="#E69F00", alpha=0.2, linewidth=0)
lines = [axes[2].lines[0], axes[1].lines[0], axes[1].lines[1]]
figure.legend(lines, ["noisy", "denoised", "clean"], loc="outside upper right", ncols=3)
axes[-1].set_xlabel("time (s)")
axes[-1].margins(x=0)
figure.supylabel("amplitude (units of the recorder)")
plt.show()
