"""
Denoise before classifying
==========================

Is a spectral line single or split in two? Features that a chemist would compute (how many peaks,
how broad, how rugged) tell at a glance, until noise spoils them. A ``ConvDenoiser`` as the first
step of the Pipeline mends that. It needs no clean spectra: the labels go to the classifier, and the
denoiser learns from the noisy spectra alone.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks, savgol_filter
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample

parser = argparse.ArgumentParser(description="Classify noisy spectra with and without denoising.")
parser.add_argument("--n-signals", type=int, default=300)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--noise", type=float, nargs="+", default=[0.1, 0.2, 0.4])
options = parser.parse_args()


# %%
# Spectra and features
# --------------------
#
# A callable is a waveform, too. Every spectrum has a line at a random place; in every second one it
# is split in two. Single lines are as broad as split ones, so breadth alone does not tell.
def spectra(n_signals: int, channel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw lines of random place, breadth and height; split every second one."""
    ranges = (4, 6), (30, 80), (2.8, 3.4), (0.6, 1), (0.6, 1)
    columns = [rng.uniform(low, high, (n_signals, 1)) for low, high in ranges]
    width, left, distance, height, second_height = columns
    split = np.arange(n_signals)[:, np.newaxis] % 2
    right = left + width * distance
    width *= np.where(split, 1, 0.5 * distance)
    line = height * np.exp(-0.5 * ((channel - left) / width) ** 2)
    return line + split * second_height * np.exp(-0.5 * ((channel - right) / width) ** 2)


labels = np.arange(options.n_signals) % 2
datasets = [
    SignalGenerator(spectra, noise=noise, n_timesteps=128, sampling_rate=1, random_state=0).sample(
        labels.size
    )
    for noise in options.noise
]


# %%
# The same three features of each spectrum, with and without denoising.
def features(X: np.ndarray) -> np.ndarray:
    """Count peaks, channels above half height, and the ups and downs in units of the height."""
    scaled = (X - X.min(axis=1, keepdims=True)) / np.ptp(X, axis=1, keepdims=True)
    n_peaks = [find_peaks(x, prominence=0.1)[0].size for x in scaled]
    return np.column_stack([n_peaks, (scaled > 0.5).sum(axis=1), abs(np.diff(scaled)).sum(axis=1)])


classify = [FunctionTransformer(features), StandardScaler(), LogisticRegression()]

# %%
# Four Pipelines
# --------------
#
# One denoises first. One smooths first: a Savitzky-Golay filter, whose window is the best of five,
# found by a grid search on the training spectra of each fold. One does neither, and one has no
# features: its classifier sees the raw points.
denoiser = ConvDenoiser(
    filters=(16, 16),
    kernel_size=9,
    loss="mean_squared_error",
    scaler=StandardizePerSample(),
    learning_rate=0.003,
    batch_size=30,
    epochs=options.epochs,
    random_state=0,
)
smooth = make_pipeline(FunctionTransformer(savgol_filter), *classify)
windows = [{"window_length": length, "polyorder": 2} for length in (7, 11, 15, 21, 27)]
candidates = {
    "ConvDenoiser": make_pipeline(denoiser, *classify),
    "Savitzky-Golay": GridSearchCV(smooth, {"functiontransformer-1__kw_args": windows}),
    "no denoising": make_pipeline(*classify),
    "raw points": make_pipeline(StandardScaler(), LogisticRegression()),
}
answers = {}
for name, pipeline in candidates.items():
    scores = [100 * cross_val_score(pipeline, X, labels, cv=3) for X, _, _ in datasets]
    answers[name] = np.mean(scores, axis=1), np.std(scores, axis=1)
    numbers = (f"{mean:3.0f}+-{std:.0f} %" for mean, std in zip(*answers[name], strict=True))
    print(f"{name:>14}:", *numbers)

# %%
# What denoising brings back
# --------------------------
#
# Denoising brings back much of what noise takes from the features. So does a filter with a
# well-chosen window, where noise is weak. Raw points say little: a line may lie anywhere.
middle = len(datasets) // 2
noisy, clean, channel = datasets[middle]
denoised = denoiser.fit(noisy).transform(noisy)
print(f"{denoiser.score(noisy, clean):.1f} dB gained at noise {options.noise[middle]}")

figure, axes = plt.subplot_mosaic("AC;BC", figsize=(10, 5), layout="constrained")
for row, (panel, title) in enumerate([("A", "single line"), ("B", "split line")]):
    axis = axes[panel]
    axis.plot(channel, noisy[row], color="#999999", linewidth=0.8, label="noisy")
    axis.plot(channel, clean[row], color="black", linestyle="--", linewidth=1.2, label="clean")
    axis.plot(channel, denoised[row], color="#0072B2", linewidth=2, label="denoised")
    axis.set(title=f"{title}, noise {options.noise[middle]}", ylabel="intensity (a.u.)")
axes["A"].legend()
axes["B"].set_xlabel("channel")
styles = ["#0072B2 D -", "black s :", "#D55E00 o --", "#999999 ^ -."]
for (name, (mean, std)), style in zip(answers.items(), styles, strict=True):
    color, marker, line = style.split()
    style = {"color": color, "marker": marker, "linestyle": line, "capsize": 3, "label": name}
    axes["C"].errorbar(options.noise, mean, std, **style)
axes["C"].set(title="single or split? (mean and spread of 3 folds)")
axes["C"].set(xlabel="standard deviation of the noise (a.u.)", ylabel="correct answers (%)")
axes["C"].legend()
plt.show()
