"""
Half an hour of ECG, and no seams
=================================

A network sees one window at a time, so a long recording is cut and joined again. Where windows only
touch, they leave jumps; where they overlap and are cross-faded, they leave none. Run it as a script
with ``--recording FILE`` for a clean ECG of your own.
"""

import argparse
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator, denoise_recording
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import BaselineWander, GaussianNoise
from conv_denoiser.training import cosine_decay

RATE = 360  # Hz
WINDOW = 512  # samples
COLORS = {0: "#D55E00", 0.5: "#0072B2"}  # of each overlap

parser = argparse.ArgumentParser(description="Denoise a long recording, and look for seams.")
parser.add_argument("--recording", type=Path, help="a clean ECG in mV, at 360 Hz (.npy)")
parser.add_argument("--minutes", type=float, default=30.0, help="length of the recording")
parser.add_argument("--n-signals", type=int, default=2000, help="training windows")
parser.add_argument("--epochs", type=int, default=4)
options = parser.parse_args()

# %%
# A heart and an electrode
# ------------------------
#
# The heart gets white noise at 6 dB. Its level wanders, as that of an electrode does: every window
# then has a mean and a range of its own, and is scaled in its own way.
n_samples = round(options.minutes * 60 * RATE)
if options.recording is None:
    ecg = SignalGenerator("ecg", n_timesteps=n_samples, sampling_rate=RATE, random_state=3)
    heart = ecg.sample(1).clean
else:
    heart = np.load(options.recording)[np.newaxis, :n_samples].astype(np.float32)
if heart.ndim != 2 or heart.size < 4 * WINDOW:
    parser.error(f"the recording must be one signal of at least {4 * WINDOW} samples")
heart -= heart.mean()
wander = BaselineWander(RATE, max_frequency=0.02, scale=5 * float(heart.std()))
level = wander.sample(heart, np.random.default_rng(1))
noisy = (GaussianNoise(snr_db=6)(heart, rng=2) + level)[0]
clean = (heart + level)[0]

# %%
# A small network learns from short windows of other, synthetic hearts.
windows = SignalGenerator("ecg", n_timesteps=WINDOW, sampling_rate=RATE, random_state=0)
n_steps = options.epochs * math.ceil(options.n_signals / 32)
denoiser = ConvDenoiser(
    "unet",
    filters=(16, 32, 64),
    noise=GaussianNoise(snr_db=(3, 9)),
    learning_rate=cosine_decay(0.003, n_steps),
    batch_size=32,
    epochs=options.epochs,
    validation_split=0,
    random_state=0,
).fit(windows.sample(options.n_signals).clean)

# %%
# With overlap and without
# ------------------------
#
# :func:`~conv_denoiser.denoise_recording` cuts, denoises and joins. Memory holds a few windows at a
# time: a memory map as recording, and another as ``out``, can be as long as the disk allows.
denoised = {overlap: denoise_recording(denoiser, noisy, overlap=overlap) for overlap in COLORS}
print(f"{'noisy:':<13}{snr_db(heart, [noisy] - level):5.2f} dB")
for overlap, estimate in denoised.items():
    print(f"{f'overlap {overlap}:':<13}{snr_db(heart, [estimate] - level):5.2f} dB")

# %%
# A seam is a step that the clean signal does not have. So we take the step from each sample to the
# next, less that of the clean signal, and compare borders of windows with all other places.
print(f"steps that the clean signal does not have (µV){'median':>12}{'95 %':>8}{'99 %':>8}")
for overlap, estimate in denoised.items():
    steps = 1000 * np.abs(np.diff(estimate - clean))
    hop = round(WINDOW * (1 - overlap))
    at_border = np.arange(1, clean.size) % hop == 0
    for place, chosen in (("at borders", at_border), ("elsewhere", ~at_border)):
        numbers = "".join(f"{q:8.1f}" for q in np.quantile(steps[chosen], (0.5, 0.95, 0.99)))
        print(f"{f'overlap {overlap}, {place}':<50}{numbers}")


# %%
# Seams, seen closely
# -------------------
#
# At the edge of a window, the network sees one side only and errs more. Overlapping windows count
# least where they err most: errors are the same everywhere, and nothing jumps. The border in the
# picture is not the worst: one in ten jumps more.
def outline(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest sample of each of 1,000 stretches: what a picture can show."""
    length = max(1, samples.size // 1000)
    stretches = samples[: samples.size // length * length].reshape(-1, length)
    values = np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1).ravel()
    return np.arange(values.size) * length / 2 / RATE / 60, values


figure, axes = plt.subplot_mosaic(
    [["whole", "whole"], ["seconds", "seconds"], ["border", "error"]],
    figsize=(10, 9),
    layout="constrained",
)
axes["whole"].set_title("the whole recording, whose level wanders", loc="left")
axes["whole"].plot(*outline(noisy), color="#999999", linewidth=0.6, label="noisy")
axes["whole"].plot(*outline(denoised[0.5]), color=COLORS[0.5], linewidth=0.6, label="denoised")
axes["whole"].set(xlabel="time (min)", ylabel="amplitude (mV)")
axes["whole"].margins(x=0, y=0.15)
axes["whole"].legend(loc="upper right", ncols=2)

borders = np.arange(WINDOW, clean.size - WINDOW, WINDOW)
jumps = np.abs(np.diff(denoised[0] - clean))[borders - 1]
border = borders[np.argsort(jumps)[int(0.9 * jumps.size)]]
for name, reach in (("seconds", WINDOW), ("border", 30)):
    shown = np.arange(border - reach, border + reach)
    time = (shown - border) / RATE
    axes[name].plot(time, noisy[shown], color="#999999", linewidth=0.8, label="noisy")
    axes[name].plot(time, clean[shown], color="black", linewidth=1.2, label="clean")
    for overlap, estimate in denoised.items():
        style = {"color": COLORS[overlap], "linewidth": 1.4, "label": f"overlap {overlap}"}
        axes[name].plot(time, estimate[shown], **style)
    axes[name].axvline(-0.5 / RATE, color="black", linewidth=0.6, linestyle=":")
    axes[name].set(xlabel="time from the border of two windows (s)", ylabel="amplitude (mV)")
    axes[name].margins(x=0)
axes["seconds"].set_title("two windows that touch, at the dotted line", loc="left")
axes["seconds"].margins(y=0.3)
axes["seconds"].legend(loc="upper right", ncols=4)
axes["border"].set_title("the same border, closer", loc="left")

distance = np.arange(-WINDOW // 2, WINDOW // 2) / RATE
whole = slice(WINDOW // 2, WINDOW // 2 + (clean.size // WINDOW - 1) * WINDOW)
for overlap, estimate in denoised.items():
    error = (estimate - clean)[whole].reshape(-1, WINDOW)
    rms = 1000 * np.sqrt(np.square(error).mean(axis=0))
    axes["error"].plot(distance, rms, color=COLORS[overlap], label=f"overlap {overlap}")
axes["error"].set_title("error around all borders", loc="left")
axes["error"].set(xlabel="time from the border of two windows (s)", ylabel="rms error (µV)")
axes["error"].set_ylim(bottom=0)
axes["error"].legend(loc="upper right")
plt.show()
