"""
Fine-tune on 300 signals
========================

The network of ``ConvDenoiser.from_pretrained()`` has learned from random signals of every kind, and
from white noise. With 300 signals of your own, or fewer, it learns in half a minute what these look
like, and what else is to be removed. Here that is the hum of power lines in an ECG.
"""

import argparse

import matplotlib.pyplot as plt
from scipy.signal import savgol_filter

from conv_denoiser import ConvDenoiser, SignalGenerator, denoise
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise, LineNoise

parser = argparse.ArgumentParser(description="Fine-tune the universal network on ECGs with hum.")
parser.add_argument("--n-signals", type=int, default=300, help="training signals")
parser.add_argument("--epochs", type=int, default=4)
options = parser.parse_args()

# %%
# Noisy signals, and clean ones
# -----------------------------
#
# Clean synthetic ECGs, hum of 50 Hz with its harmonics, and white noise.
ecg = SignalGenerator("ecg", n_timesteps=512, sampling_rate=360, random_state=0)
noise = LineNoise(sampling_rate=360, frequency=50, scale=0.1) + GaussianNoise(0.1)
_, clean, time = ecg.sample(options.n_signals + 100)
noisy = noise(clean, rng=0)
X_train, y_train = noisy[:-100], clean[:-100]
X_test, y_test = noisy[-100:], clean[-100:]

# %%
# Before
# ------
#
# With no training, neither the network nor ``denoise`` knows that hum is to be removed: it could be
# a signal as well as any other. A Savitzky-Golay filter removes what is fast, and flattens beats.
denoiser = ConvDenoiser.from_pretrained(
    epochs=options.epochs, batch_size=16, learning_rate=0.001, random_state=0, verbose=2
)
settings = [(9, 2), (15, 2), (31, 3), (61, 3)]  # window, order
filtered = [savgol_filter(X_test, *setting, axis=1) for setting in settings]
estimates = {
    "noisy": X_test,
    "best of four Savitzky-Golay settings": max(filtered, key=lambda x: snr_db(y_test, x)),
    "denoise": denoise(X_test),
    "before": denoiser.transform(X_test),
}

# %%
# Fine-tuning
# -----------
#
# A ``fit`` goes on from what the network knows; it does not begin anew. So a few epochs are enough.
denoiser.fit(X_train, y_train)
estimates["after"] = denoiser.transform(X_test)

# %%
# After
# -----
#
# All numbers are means over 100 signals that took no part in training.
for name, estimate in estimates.items():
    print(f"{name}: {snr_db(y_test, estimate):.1f} dB")
shown = ("noisy", "denoise", "after")
figure, axes = plt.subplots(
    len(shown), sharex=True, sharey=True, figsize=(9, 6), layout="constrained"
)
for axis, name in zip(axes, shown, strict=True):
    color = "#999999" if name == "noisy" else "#0072B2"
    axis.plot(time, estimates[name][0], color=color, linewidth=1.4, label="estimate")
    axis.plot(time, y_test[0], color="black", linewidth=0.8, label="clean")
    axis.set_title(f"{name}: {snr_db(y_test, estimates[name]):.1f} dB", loc="left")
    axis.margins(x=0)
figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("time (s)")
figure.supylabel("amplitude (mV)")
plt.show()
