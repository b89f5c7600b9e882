"""
Is more data worth collecting?
==============================

scikit-learn's learning curve trains on ever more signals and scores on others: here
electrocardiograms, in decibels gained. It is drawn twice: for a network that learns from pairs of
a noisy and a clean signal, and for one that learns from the noisy ones alone.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import ShuffleSplit, learning_curve

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample

parser = argparse.ArgumentParser(description="Compute and draw learning curves.")
parser.add_argument("--n-signals", type=int, default=600, help="a quarter of them test")
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--n-splits", type=int, default=2)
options = parser.parse_args()

# %%
# All sets train for the same number of epochs, so they differ only in their number of signals.
generator = SignalGenerator("ecg", n_timesteps=128, sampling_rate=128, noise=0.3, random_state=0)
X, y = generator.sample(options.n_signals, return_X_y=True)
denoiser = ConvDenoiser(
    filters=(16, 16),
    kernel_size=9,
    loss="mean_squared_error",
    scaler=StandardizePerSample(),
    learning_rate=0.003,
    batch_size=20,
    epochs=options.epochs,
    validation_split=0,
    random_state=0,
)

# %%
# The score needs clean signals in both cases; ``"blind_spot"`` does not learn from them.
supervisions = {"paired": "noisy and clean pairs", "blind_spot": "noisy signals alone"}
curves = {}
for supervision, label in supervisions.items():
    sizes, *curves[label] = learning_curve(
        denoiser.set_params(supervision=supervision),
        X,
        y,
        train_sizes=np.geomspace(1 / 15, 1, 3),
        cv=ShuffleSplit(options.n_splits, test_size=0.25, random_state=0),
    )

# %%
# The picture shows that more pairs still pay: the curve climbs, and training signals score higher
# than new ones. With noisy signals alone there is no such gap: what they can teach limits the
# result more than their number does. 30 pairs are worth about as much as 450 of them.
figure, axis = plt.subplots(figsize=(7.5, 5), layout="constrained")
for (label, scores), color, marker in zip(
    curves.items(), ("#0072B2", "#D55E00"), "os", strict=True
):
    for part, gains, line in zip(("training signals", "new signals"), scores, ":-", strict=True):
        mean = gains.mean(axis=1)
        spread = gains.std(axis=1)
        print(f"{label}, {part}:", *(f"{gain:.1f}" for gain in mean), "dB")
        style = {"color": color, "marker": marker, "linestyle": line, "capsize": 3}
        axis.errorbar(sizes, mean, spread, **style, label=f"{label}: {part}")
axis.set(xscale="log", xlabel="number of training signals", ylabel="signal-to-noise gain (dB)")
axis.set_xticks(sizes, labels=sizes, minor=False)
axis.minorticks_off()
figure.legend(loc="outside upper center", ncols=2)
plt.show()
