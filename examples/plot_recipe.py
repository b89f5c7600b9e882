"""
The recipe: a parabola without its noise
========================================

The tutorial that this library grew from, "Creating a signal noise removal autoencoder with Keras"
(2019), trains a small convolutional autoencoder on 100,000 noisy parabolas. Here it is, step by
step, as a scikit-learn Pipeline. A fifth of the signals will do; ``--n-signals 100000`` takes all.
"""

import argparse
import tempfile

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator, load_dataset
from conv_denoiser.metrics import snr_db
from conv_denoiser.plotting import DenoisingDisplay, TrainingDisplay

parser = argparse.ArgumentParser(description="Train and test the recipe's network.")
parser.add_argument("--n-signals", type=int, default=20_000, help="the article has 100,000")
parser.add_argument("--epochs", type=int, default=5)
options = parser.parse_args()

# %%
# Clean and noisy signals
# -----------------------
#
# A clean signal is the parabola y = x² at 150 points, from x = -0.5 to 0.99 in steps of 0.01. All
# clean signals are the same. Each gets noise of its own: at every point, a number drawn from the
# normal distribution N(0, 1), times 0.05.
#
# Signals are made once, saved and mapped from disk, so there may be more than memory holds.
generator = SignalGenerator("x_squared", n_timesteps=150, noise=0.05, random_state=0)
folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
generator.save(folder.name, options.n_signals, progress=False)
dataset = load_dataset(folder.name)
dataset.plot()
plt.show()

# %%
# Training and test
# -----------------
#
# The first 70 % of the signals are for training and the others for the test.
n_train = int(0.7 * options.n_signals)
X_train = dataset.noisy[:n_train]
X_test = dataset.noisy[n_train:]

# %%
# Networks learn best from signals of similar size. So each signal, noisy or clean, is scaled to the
# range from 0 to 1 by its own minimum and maximum. A Pipeline scales X, not y, so y is scaled by
# hand.
scaler = MinMaxPerSample()
y_train = scaler.fit_transform(dataset.clean[:n_train])
y_test = scaler.fit_transform(dataset.clean[n_train:])

# %%
# The network
# -----------
#
# Five layers, with kernels of three points. Two convolutions (``Conv1D``) take the signal apart
# into 128 features a point, and these into 32. Two transposed ones (``Conv1DTranspose``) with 32
# and 128 features put it together again. The last convolution makes one number of these, and a
# sigmoid keeps it between 0 and 1. The three weights of a kernel have a norm of at most 2, so that
# none grows without bound.
#
# Adam minimizes the binary cross-entropy in batches of 150 signals, five times through all of them.
# The last 20 % of the training signals are held out, to see after each epoch how the network does
# on signals that it does not learn from. All of these are the defaults of
# :class:`~conv_denoiser.ConvDenoiser`, except the scaler, which is a step of its own here.
pipeline = make_pipeline(
    MinMaxPerSample(),
    ConvDenoiser(
        filters=(128, 32),
        kernel_size=3,
        max_norm=2.0,
        scaler=None,
        loss="binary_crossentropy",
        optimizer="adam",
        epochs=options.epochs,
        batch_size=150,
        validation_split=0.2,
        random_state=0,
        verbose=2,
    ),
)
pipeline.fit(X_train, y_train)

# %%
# The network has learned 28,737 numbers.
denoiser = pipeline[-1]
for layer in denoiser.model_.layers[1:]:  # the first is the input
    print(f"{type(layer).__name__:<16}{layer.output.shape!s:<18}{layer.count_params():>7,}")
print(f"{'parameters':<34}{denoiser.model_.count_params():>7,}")

# %%
# The loss and its floor
# ----------------------
#
# The loss comes down fast, and then hardly moves, far above zero. It cannot do otherwise. Targets
# lie anywhere between 0 and 1, and for such targets the cross-entropy of a perfect network is not
# zero but the entropy of the targets themselves, here 0.3555. It is in ``loss_floor_``. The network
# can change only the rest.
loss = denoiser.history_["val_loss"][-1]
floor = denoiser.loss_floor_
print(f"validation loss {loss:.4f}, of which {loss - floor:.4f} above its floor, {floor:.4f}")
TrainingDisplay.from_estimator(denoiser)
plt.show()

# %%
# New signals
# -----------
#
# The test signals, in scaled units as in the article. The ratio of signal to noise compares powers:
# with 10 dB more, a tenth of the noise is left. As in the article's figures, ``centered=False``
# counts the level of the scaled signals as power. Of what is gained, about 4 dB are no noise: the
# noise stretches the range of a noisy signal, so scaling it by its own minimum and maximum shifts
# and shrinks it, and the network learns to undo that.
X_scaled = scaler.fit_transform(X_test)
before = snr_db(y_test, X_scaled, centered=False)
after = snr_db(y_test, pipeline.transform(X_test), centered=False)
print(f"signal-to-noise ratio of the test signals: {before:.2f} dB before, {after:.2f} dB after")

# %%
# Four of them: noisy, clean, denoised.
DenoisingDisplay.from_estimator(denoiser, X_scaled, y_test, n_signals=4)
plt.show()
folder.cleanup()
# sphinx_gallery_thumbnail_number = 3
