"""
One ECG, learned in three ways
==============================

Clean partners of noisy signals are rare. The same network can learn from such pairs, from clean
signals and an idea of the noise, or from noisy signals alone. Run it as a script with
``--recording FILE`` for a real ECG.
"""

import argparse
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise, noise_autocorrelation
from conv_denoiser.training import cosine_decay

RATE = 360  # Hz
WINDOW = 512  # samples

parser = argparse.ArgumentParser(description="Learn one ECG in three ways.")
parser.add_argument("--recording", type=Path, help="an ECG at 360 Hz (.npy), not a synthetic one")
parser.add_argument("--n-signals", type=int, default=400, help="training windows")
parser.add_argument("--epochs", type=int, default=10)
options = parser.parse_args()

# %%
# An ECG of five minutes
# ----------------------
#
# It is a synthetic one. SciPy has a real one, which it fetches from the network:
# ``np.save("ecg.npy", scipy.datasets.electrocardiogram())`` keeps it, and ``--recording ecg.npy``
# learns from it.
if options.recording is None:
    ecg = SignalGenerator("ecg", n_timesteps=108_000, sampling_rate=RATE, random_state=0)
    recording = ecg.sample(1).clean[0]
else:
    recording = np.load(options.recording).astype(np.float32)

# %%
# The last ten seconds are the test; random windows of the rest train. Both get white noise at 6 dB.
# Blind-spot learning needs such noise, which is uncorrelated in neighbouring points.
n_test = 7 * WINDOW
starts = np.random.default_rng(0).integers(
    recording.size - n_test - WINDOW, size=(options.n_signals, 1)
)
noise = GaussianNoise(snr_db=6)
clean = recording[starts + np.arange(WINDOW)]
clean -= clean.mean(axis=1, keepdims=True)
noisy = noise(clean, rng=0)
test_clean = recording[-n_test:].reshape(-1, WINDOW)
test_clean = test_clean - test_clean.mean(axis=1, keepdims=True)
test_noisy = noise(test_clean, rng=1)
lag_1 = noise_autocorrelation(noisy)[1]
print(f"autocorrelation of the noise at lag 1, estimated without clean signals: {lag_1:.2f}")

# %%
# Three ways to learn
# -------------------
#
# The arguments of ``fit`` decide how the network learns. A learning rate that falls to zero lets it
# settle.
n_steps = options.epochs * math.ceil(options.n_signals / 8)
rate = cosine_decay(0.005, n_steps)


def unet(**params: object) -> ConvDenoiser:
    """Return a U-Net, not yet fitted."""
    return ConvDenoiser(
        "unet",
        filters=(8, 16, 32),
        learning_rate=rate,
        batch_size=8,
        epochs=options.epochs,
        validation_split=0,
        random_state=0,
        **params,
    )


denoisers = {
    "pairs: fit(noisy, clean)": unet().fit(noisy, clean),
    "clean signals and a noise model: fit(clean)": unet(noise=noise).fit(clean),
    "noisy signals alone: fit(noisy)": unet().fit(noisy),
}

# %%
# What they learned
# -----------------
#
# The last network has never seen a clean ECG, and it was not told what the noise is like. Yet it
# removes more than nine tenths of the noise. The others know more, and remove more. On real ECGs
# the difference is smaller: less than 1 dB in the benchmarks of this project.
figure, axes = plt.subplots(4, sharex=True, sharey=True, figsize=(9, 8), layout="constrained")
estimates = {"noisy": test_noisy}
estimates |= {name: denoiser.transform(test_noisy) for name, denoiser in denoisers.items()}
middle = slice(2 * WINDOW, 4 * WINDOW)
time = np.arange(2 * WINDOW) / RATE
for axis, (name, estimate) in zip(axes, estimates.items(), strict=True):
    ratio = snr_db(test_clean, estimate)
    print(f"{name}: {ratio:.1f} dB")
    axis.plot(time, test_clean.ravel()[middle], color="black", linewidth=0.8, label="clean")
    color = "#999999" if name == "noisy" else "#0072B2"
    axis.plot(time, estimate.ravel()[middle], color=color, linewidth=1.2, label="estimate")
    axis.set_title(f"{name}: {ratio:.1f} dB", loc="left")
    axis.margins(x=0)
figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("time (s)")
figure.supylabel("amplitude (mV)")
plt.show()
