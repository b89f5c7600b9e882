"""
Training with the noise you recorded
====================================

Real noise is seldom white. Record some without a signal, and ``RecordedNoise`` mixes it into clean
signals at the ratios you expect. Run it as a script with ``--noise FILE`` for noise of your own.
"""

import argparse
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import (
    BaselineWander,
    ColoredNoise,
    GaussianNoise,
    ImpulseNoise,
    LineNoise,
    RecordedNoise,
)
from conv_denoiser.training import cosine_decay

RATE = 360.0  # Hz

parser = argparse.ArgumentParser(description="Train with recorded and with white noise.")
parser.add_argument("--noise", type=Path, help="a recording of noise (.npy) at 360 Hz")
parser.add_argument("--n-signals", type=int, default=800, help="training signals")
parser.add_argument("--epochs", type=int, default=6)
options = parser.parse_args()

# %%
# This invents four minutes of an electrode without a heart: hum, pops, pink noise and a wandering
# baseline. The first half is for training, the second for the test.
if options.noise is None:
    source = (
        LineNoise(RATE, 50, scale=0.1)
        + ImpulseNoise(0.005, scale=0.1)
        + ColoredNoise(1, scale=0.05)
        + BaselineWander(RATE, scale=0.03)
    )
    recording = source(np.zeros((1, 86_400)), rng=0)[0]
else:
    recording = np.load(options.noise)
first, second = np.split(recording[: recording.size // 2 * 2], 2)

# %%
# Both networks learn from the same clean ECGs, at the same ratios, with a learning rate that falls
# to zero.
ecg = {"n_timesteps": 512, "sampling_rate": RATE, "noise": None}
clean = SignalGenerator("ecg", random_state=0, **ecg).sample(options.n_signals).clean
n_steps = options.epochs * math.ceil(options.n_signals / 16)
noises = {
    "white noise": GaussianNoise(snr_db=(0, 6)),
    "recorded noise": RecordedNoise(first, snr_db=(0, 6)),
}
denoisers = {
    name: ConvDenoiser(
        "unet",
        filters=(16, 32, 64),
        noise=noise,
        learning_rate=cosine_decay(0.003, n_steps),
        batch_size=16,
        epochs=options.epochs,
        validation_split=0,
        random_state=0,
    ).fit(clean)
    for name, noise in noises.items()
}

# %%
# The network that knows the noise tells it from the heart.
test_clean = SignalGenerator("ecg", random_state=1, **ecg).sample(200).clean
test_noisy = RecordedNoise(second, snr_db=3)(test_clean, rng=1)
estimates = {"noisy": test_noisy}
estimates |= {f"trained with {k}": d.transform(test_noisy) for k, d in denoisers.items()}
figure, axes = plt.subplots(3, sharex=True, sharey=True, figsize=(9, 7), layout="constrained")
time = np.arange(512) / RATE
for axis, (name, estimate) in zip(axes, estimates.items(), strict=True):
    ratio = snr_db(test_clean, estimate)
    print(f"{name}: {ratio:.1f} dB")
    axis.plot(time, test_clean[0], color="black", linewidth=0.8, label="clean")
    color = "#999999" if name == "noisy" else "#0072B2"
    axis.plot(time, estimate[0], color=color, linewidth=1.3, label="estimate")
    axis.set_title(f"{name}: {ratio:.1f} dB on 200 new signals", loc="left")
    axis.margins(x=0)
figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("time (s)")
figure.supylabel("amplitude (mV)")
plt.show()
