"""
A folder of recordings, by one command
======================================

Three instruments wrote three kinds of files. One command denoises all of them into a folder of the
same names, and each file keeps what is not a sample: notes, times, gains, other variables.
"""

import tempfile
from contextlib import chdir
from datetime import datetime, timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.io import loadmat, savemat, wavfile

from conv_denoiser import SignalGenerator, read_recording
from conv_denoiser.cli import main
from conv_denoiser.metrics import snr_db

RATE = 250  # Hz
SHOWN = slice(500, 1250)

# %%
# What the instruments wrote
# --------------------------
#
# A text file with a date and a note in each line, a WAV file of 16-bit integers, and a MATLAB file
# with a structure. All hold an ECG at 6 dB.
folder = Path(tempfile.mkdtemp())
night, cleaned = folder / "night", folder / "clean"
night.mkdir()
ecg = SignalGenerator("ecg", n_timesteps=10 * RATE, sampling_rate=RATE, noise=None, random_state=3)
clean = ecg.sample(3).clean
rng = np.random.default_rng(0)
noisy = clean + rng.normal(0, clean.std(axis=1, keepdims=True) / 2, clean.shape)

start = datetime(2024, 2, 29, 23, 30)
with open(night / "holter.csv", "w") as file:
    file.write("# lead II, in bed 4\nwhen,ecg,note\n")
    for number, value in enumerate(noisy[0]):
        when = start + timedelta(seconds=number / RATE)
        file.write(f"{when.isoformat()},{value:.4f},{'asleep' if number > 1000 else 'awake'}\n")
wavfile.write(night / "monitor.wav", RATE, np.rint(1000 * noisy[1]).astype(np.int16))
savemat(night / "lab.mat", {"ECG": {"data": noisy[2], "fs": float(RATE), "patient": "unknown"}})

# %%
# The command
# -----------
#
# In a shell, this is ``conv-denoiser denoise night --output-dir clean``; with a model of your own,
# ``--model ecg.onnx``, and with ``--jobs 4`` four recordings at once. A file that cannot be read
# stops no other; the exit code tells.
with chdir(folder):
    code = main(["denoise", "night", "--output-dir", "clean"])
print("exit code", code)

# %%
# What is kept
# ------------
print(*(cleaned / "holter.csv").read_text().splitlines()[:4], sep="\n")
print("monitor.wav:", wavfile.read(cleaned / "monitor.wav")[1].dtype)
print("lab.mat:", loadmat(cleaned / "lab.mat", simplify_cells=True)["ECG"]["patient"])

# %%
# Before and after
# ----------------
#
# ``read_recording`` reads all of them alike, and knows the sampling rate: by the dates, the head of
# the WAV file, and the field ``fs``.
names, scales = ("holter.csv", "monitor.wav", "lab.mat"), (1, 1000, 1)
figure, axes = plt.subplots(3, figsize=(9, 7), layout="constrained")
for axis, name, truth, scale in zip(axes, names, clean, scales, strict=True):
    before, after = read_recording(night / name), read_recording(cleaned / name)
    pair = [np.asarray(recording.samples) / scale for recording in (before, after)]
    ratios = [snr_db([truth], [samples]) for samples in pair]
    text = (
        f"{name}, {before.sampling_rate:g} Hz: {ratios[0]:.1f} dB before, {ratios[1]:.1f} dB after"
    )
    print(text)
    time = np.arange(len(truth))[SHOWN] / RATE
    axis.plot(time, pair[0][SHOWN], color="#999999", linewidth=0.6, label="noisy")
    axis.plot(time, pair[1][SHOWN], color="#0072B2", linewidth=1.8, label="denoised")
    axis.plot(time, truth[SHOWN], color="black", linewidth=0.7, label="clean")
    axis.set_title(text, loc="left", fontsize="medium")
    axis.margins(x=0)
    axis.set_ylabel("mV")
axes[-1].set_xlabel("time (s)")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
plt.show()
