"""
A night in EDF, from file to file
=================================

A sleep laboratory's file holds an ECG, a slower channel and the notes of the night. One command
denoises the ECG; every byte else stays as it was, and memory does not grow with the night.
"""

import datetime
import tempfile
from contextlib import chdir
from pathlib import Path

import edfio
import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import SignalGenerator, read_recording
from conv_denoiser.cli import main
from conv_denoiser.metrics import snr_db

RATE, RESP_RATE = 250, 25  # Hz
SECONDS = 120
SHOWN = slice(40 * RATE, 44 * RATE)

# %%
# What the recorder wrote
# -----------------------
#
# Two minutes stand for the night: an ECG with white noise of half its deviation, breathing at
# 25 Hz, and the notes of those who watched.
ecg = SignalGenerator("ecg", n_timesteps=SECONDS * RATE, sampling_rate=RATE, noise=None)
clean = ecg.sample(1).clean[0]
noisy = clean + np.random.default_rng(0).normal(0, clean.std() / 2, clean.shape)
breath = np.sin(2 * np.pi * np.arange(SECONDS * RESP_RATE) / RESP_RATE / 4)
night = edfio.Edf(
    [
        edfio.EdfSignal(noisy, RATE, label="ECG", physical_dimension="mV"),
        edfio.EdfSignal(breath, RESP_RATE, label="RESP", physical_dimension="V"),
    ],
    recording=edfio.Recording(startdate=datetime.date(2024, 2, 29)),
    starttime=datetime.time(23, 30),
    annotations=[edfio.EdfAnnotation(30, None, "lights off"), edfio.EdfAnnotation(61, 12, "apnea")],
)
folder = Path(tempfile.mkdtemp())
night.write(folder / "night.edf")

# %%
# The command
# -----------
#
# In a shell: ``conv-denoiser denoise night.edf --channels ECG --output clean.edf``. The channels
# have several sampling rates, so that some have to be chosen. ``--start`` and ``--end`` would take
# a part of the night, and ``conv-denoiser info night.edf --channels ECG`` tells what is known.
with chdir(folder):
    code = main(["denoise", "night.edf", "--channels", "ECG", "--output", "clean.edf"])
print("exit code", code)

# %%
# What is kept
# ------------
#
# edfio, which wrote the night, reads the result.
old, new = (edfio.read_edf(folder / name) for name in ("night.edf", "clean.edf"))
print("start:", new.startdatetime)
print("notes:", *(f"{note.onset:g} s {note.text}," for note in new.annotations))
same = np.array_equal(new.get_signal("RESP").digital, old.get_signal("RESP").digital)
print("RESP unchanged:", same)

# %%
# Before and after
# ----------------
before, after = (read_recording(folder / name, "ECG") for name in ("night.edf", "clean.edf"))
ratios = [snr_db([clean], [np.asarray(recording.samples)]) for recording in (before, after)]
text = f"ECG of the night: {ratios[0]:.1f} dB before, {ratios[1]:.1f} dB after"
print(text)
time = np.arange(len(clean))[SHOWN] / RATE
figure, axis = plt.subplots(figsize=(9, 4), layout="constrained")
axis.plot(time, before.samples[SHOWN], color="#999999", linewidth=0.6, label="noisy")
axis.plot(time, after.samples[SHOWN], color="#0072B2", linewidth=1.8, label="denoised")
axis.plot(time, clean[SHOWN], color="black", linewidth=0.7, label="clean")
axis.set_title(text, loc="left", fontsize="medium")
axis.set(xlabel="time (s)", ylabel=before.units[0])
axis.margins(x=0)
figure.legend(loc="outside upper right", ncols=3)
plt.show()
