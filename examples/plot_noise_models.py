"""
A gallery of noise
==================

Noise has a colour, a rhythm or a source, and a denoiser trained with the right one removes more of
it. Each model here adds noise at the same 6 dB to the same clean signals.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import SignalGenerator
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import (
    BaselineWander,
    ColoredNoise,
    GaussianNoise,
    ImpulseNoise,
    LineNoise,
    RecordedNoise,
)

RATE = 360.0  # Hz

parser = argparse.ArgumentParser(description="Draw one signal with each noise, and the spectra.")
parser.add_argument("--n-signals", type=int, default=500, help="signals that spectra average")
options = parser.parse_args()

# %%
# Models
# ------
#
# Models are small objects. Their strength is ``snr_db`` or, in signal units, ``scale``; sums are
# models, too. A recording of your own noise is a model as well: here, a hum that was switched on
# and off stands in for one.
hum = np.sin(2 * np.pi * 25 * np.arange(20_000) / RATE) * (np.arange(20_000) // 150 % 2)
half = 9.0  # two noises of 9 dB each make 6 dB
models = {
    "GaussianNoise": GaussianNoise(snr_db=6),
    "ColoredNoise(1), pink": ColoredNoise(1, snr_db=6),
    "ImpulseNoise": ImpulseNoise(0.02, snr_db=6),
    "LineNoise": LineNoise(RATE, 50, snr_db=6),
    "BaselineWander": BaselineWander(RATE, snr_db=6),
    "RecordedNoise": RecordedNoise(hum, snr_db=6),
    "GaussianNoise + LineNoise": GaussianNoise(snr_db=half) + LineNoise(RATE, snr_db=half),
}

# %%
# The ratio compares powers over many signals. The ratios of single signals scatter, most of all if
# the noise is slow or rare; then the mean of all ratios in dB is higher.
generator = SignalGenerator("ecg", n_timesteps=720, sampling_rate=RATE, random_state=0)
_, clean, time = generator.sample(options.n_signals)
noisy = {name: noise(clean, rng=0) for name, noise in models.items()}
for name, signals in noisy.items():
    print(f"{name}: {snr_db(clean, signals):.1f} dB on average")

# %%
# Signals and spectra
# -------------------
#
# Left, a signal; right, the mean spectrum of its noise. A flat spectrum means that points are
# independent of their neighbours. A network can learn from noisy signals alone only if their noise
# is of this kind, such as Gaussian noise or impulses.
figure, axes = plt.subplots(
    len(models), 2, figsize=(11, 13), sharex="col", layout="constrained", width_ratios=(2, 1)
)
for (left, right), (name, signals) in zip(axes, noisy.items(), strict=True):
    left.plot(time, signals[0], color="#D55E00", linewidth=0.9, label="noisy")
    left.plot(time, clean[0], color="black", linewidth=0.9, label="clean")
    left.set_title(name, loc="left")
    left.margins(x=0)
    windowed = (signals - clean) * np.hanning(time.size)
    power = np.square(np.abs(np.fft.rfft(windowed, axis=1))).mean(axis=0)
    frequency = np.fft.rfftfreq(time.size, 1 / RATE)
    right.plot(frequency[1:], 10 * np.log10(power[1:] / power.max()), color="#D55E00")
    right.set(ylim=(-60, 5), ylabel="power (dB)")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1, 0].set_xlabel("time (s)")
axes[-1, 1].set_xlabel("frequency (Hz)")
figure.supylabel("amplitude (mV)")
plt.show()
