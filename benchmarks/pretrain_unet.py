"""Train the U-Net that `ConvDenoiser("unet")` starts from, on random signals of every kind.

    python benchmarks/pretrain_unet.py --output FOLDER --epochs 20

It is a fit as any other: clean signals of the waveform "anything", noise drawn afresh every epoch,
a checkpoint after each, from which the same command goes on if it was cut. FOLDER gets the bank of
signals, the checkpoint, and in the end the model file and the losses of all epochs (`log.csv`). No
signal of the benchmarks takes part in training or choosing.
"""

import argparse
import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from conv_denoiser import ConvDenoiser, save
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.training import cosine_decay
from conv_denoiser.waveforms import anything

N_SIGNALS, LENGTH, CHUNK, BATCH = 65536, 512, 512, 64
FILTERS = (12, 24, 48, 48)
VALIDATION = 1 / 64
FLOOR = 1e-4  # of the error's power in a signal of power 1, below which a signal counts no more


def log_error(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of each signal's error, for all its timesteps.

    So a relative gain counts the same in signals with much and with little noise.
    """
    error = tf.reduce_mean(tf.square(y_pred - y_true), axis=(1, 2))
    return tf.ones_like(y_pred[..., 0]) * tf.math.log(FLOOR + error)[:, None]


def open_bank(path: Path, seed: int) -> np.ndarray:
    """Open the bank of clean signals, made first if it is not there."""
    if not path.exists():
        new = path.with_suffix(".new.npy")
        bank = np.lib.format.open_memmap(new, "w+", np.float32, (N_SIGNALS, LENGTH))
        for start in range(0, N_SIGNALS, CHUNK):
            rng = np.random.default_rng([seed, start])
            bank[start : start + CHUNK] = anything(CHUNK, np.arange(LENGTH), rng)
        bank.flush()
        new.rename(path)
    return np.load(path)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    clean = open_bank(options.output / "bank.npy", options.seed)
    n_steps = options.epochs * round(N_SIGNALS * (1 - VALIDATION) / BATCH)
    rate = cosine_decay(2e-3, n_steps, warmup=0.02)
    denoiser = ConvDenoiser(
        "unet",
        filters=FILTERS,
        init="random",
        loss=log_error,
        noise=GaussianNoise(snr_db=(-5, 40)),
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        epochs=options.epochs,
        batch_size=BATCH,
        validation_split=VALIDATION,
        checkpoint=options.output / "checkpoint.safetensors",
        random_state=options.seed,
        verbose=2,
    ).fit(clean)
    save(denoiser, options.output / "unet.safetensors")
    with open(options.output / "log.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(denoiser.history_)
        writer.writerows(zip(*denoiser.history_.values(), strict=True))


if __name__ == "__main__":
    main()
