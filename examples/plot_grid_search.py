"""
A grid search, as a map
=======================

How large a network, and how far should it see? ``GridSearchCV`` tries all combinations. The score
of a ``ConvDenoiser`` is the gain of the signal-to-noise ratio in decibels, so the map reads
directly.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample

parser = argparse.ArgumentParser(description="Search, and draw the map and the best denoiser.")
parser.add_argument("--n-signals", type=int, default=320)
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--kernel-sizes", type=int, nargs="+", default=[3, 7, 13, 21])
options = parser.parse_args()

# %%
# The signals are sines of any frequency and phase, with white noise. The denoiser is the recipe's
# network; batches are small, so that few signals make many training steps.
generator = SignalGenerator("sine", n_timesteps=128, noise=0.5, random_state=0)
X, y = generator.sample(options.n_signals, return_X_y=True)
denoiser = ConvDenoiser(
    loss="mean_squared_error",
    scaler=StandardizePerSample(),
    learning_rate=0.003,
    batch_size=10,
    epochs=options.epochs,
    validation_split=0,
    random_state=0,
)

# %%
# Twelve candidates, each trained on one half of the signals and scored on the other. The best is
# trained once more, on all of them.
grid = {"filters": [(8, 8), (16, 16), (32, 32)], "kernel_size": options.kernel_sizes}
halves = ShuffleSplit(1, test_size=0.5, random_state=0)
search = GridSearchCV(denoiser, grid, cv=halves).fit(X, y)
n = len(search.cv_results_["params"])
print(f"best of {n}: {search.best_params_}, {search.best_score_:.2f} dB gained on new signals")

# %%
# More filters help throughout, and can use longer kernels: with 8 filters the shortest kernel is
# best, with 32 filters one of 7 or 13 points. The map is flat around the best: half as many
# filters, and thus a quarter of the weights, cost half a dB.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
gains = search.cv_results_["mean_test_score"].reshape(3, -1)
image = left.imshow(gains, cmap="cividis", aspect="auto")
figure.colorbar(image, label="gain (dB)")
for (row, column), gain in np.ndenumerate(gains):
    color = "black" if image.norm(gain) > 0.5 else "white"
    left.text(column, row, f"{gain:.1f}", color=color, ha="center", va="center", size=14)
row, column = np.unravel_index(gains.argmax(), gains.shape)
corner = (column - 0.5, row - 0.5)
left.add_patch(plt.Rectangle(corner, 1, 1, fill=False, color="#D55E00", lw=5, clip_on=False))
left.set_xticks(range(gains.shape[1]), labels=grid["kernel_size"])
left.set_yticks(range(3), labels=grid["filters"])
left.set(xlabel="kernel_size", ylabel="filters", title="gain on new signals, best framed")

new = SignalGenerator("sine", n_timesteps=128, noise=0.5, random_state=1).sample(1)
right.plot(new.noisy[0], color="#999999", linewidth=0.8, label="noisy")
right.plot(new.clean[0], color="black", linestyle="--", label="clean")
right.plot(search.predict(new.noisy)[0], color="#0072B2", linewidth=2, label="denoised")
right.set(xlabel="sample", ylabel="amplitude (a.u.)", title="the best one, on a new signal")
right.margins(y=0.2)
right.legend(loc="upper center", ncols=3)
plt.show()
