"""
Raw data of MNE, in and out
===========================

``denoise`` takes an ``mne.io.Raw`` and returns another one: only channels that hold signals change,
and what is marked as bad counts as missing, and stays as it is.
"""

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import denoise
from conv_denoiser.metrics import snr_db

try:
    import mne
except ImportError as error:
    raise SystemExit('This example needs MNE: pip install "conv-denoiser[mne]"') from error

RATE, SECONDS = 250, 20  # Hz, s
NAMES = ["Fz", "Cz", "Pz", "Oz"]

# %%
# Four electrodes and a trigger
# -----------------------------
#
# The rhythms of an EEG at rest (10 Hz that come and go, slower waves) with white noise of 10 µV.
# For two seconds somebody coughs, which is marked as bad.
rng = np.random.default_rng(0)
time = np.arange(SECONDS * RATE) / RATE
phases = rng.uniform(0, 2 * np.pi, (4, 3, 1))
spindles = 1 + np.sin(2 * np.pi * 0.3 * time + phases[:, 0])
clean = 10 * spindles * np.sin(2 * np.pi * 10 * time + phases[:, 1])
clean += 15 * np.sin(2 * np.pi * 1.5 * time + phases[:, 2])
noisy = clean + rng.normal(0, 10, clean.shape)
noisy[:, 8 * RATE : 10 * RATE] += rng.normal(0, 100, (4, 2 * RATE))
trigger = (np.arange(time.size) % (2 * RATE) == 0) * 1.0

info = mne.create_info([*NAMES, "trigger"], RATE, [*["eeg"] * 4, "stim"])
raw = mne.io.RawArray(np.vstack([noisy * 1e-6, trigger]), info, verbose="error")
raw.set_annotations(mne.Annotations(onset=[8], duration=[2], description=["bad cough"]))

# %%
# One call
# --------
denoised = denoise(raw)
print(denoised)
print("triggers unchanged:", np.array_equal(denoised["trigger"][0], raw["trigger"][0]))
cough = slice(8 * RATE, 10 * RATE)
print("what is bad is unchanged:", np.array_equal(denoised[:, cough][0], raw[:, cough][0]))

# %%
# Before and after
# ----------------
#
# ``raw.plot()`` and all else that MNE offers works on the result, and ``denoised.save`` writes it;
# ``conv-denoiser denoise night_raw.fif --output clean_raw.fif`` does all of it from file to file.
kept = np.r_[: 8 * RATE, 10 * RATE : time.size]
pair = [data.get_data("eeg") * 1e6 for data in (raw, denoised)]
ratios = [snr_db(clean[:, kept], samples[:, kept]) for samples in pair]
text = f"{ratios[0]:.1f} dB before, {ratios[1]:.1f} dB after, the cough left out"
print(text)
figure, axes = plt.subplots(4, figsize=(9, 7), sharex=True, layout="constrained")
for axis, name, before, after, truth in zip(axes, NAMES, *pair, clean, strict=True):
    axis.plot(time, before, color="#999999", linewidth=0.6, label="noisy")
    after[cough] = np.nan  # as it was
    axis.plot(time, after, color="#0072B2", linewidth=1.5, label="denoised")
    axis.plot(time, truth, color="black", linewidth=0.7, label="clean")
    axis.axvspan(8, 10, color="#D55E00", alpha=0.15, linewidth=0)
    axis.set(ylabel=f"{name} (µV)", ylim=(-70, 70), xlim=(5, 13))
axes[0].set_title(text, loc="left", fontsize="medium")
axes[-1].set_xlabel("time (s), with what is marked as bad")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
plt.show()
