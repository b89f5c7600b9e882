"""Train the U-Net that `ConvDenoiser("unet")` starts from, on random signals of every kind.

    python benchmarks/pretrain_unet.py --output FOLDER --minutes 60

Clean signals of the waveform "anything", white noise drawn afresh for each batch; a run that was
cut goes on as that of `pretrain.py`, whose head says what FOLDER gets. No signal of the benchmarks
takes part in training or choosing.
"""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pretraining
from pretraining import Feed, draw_clean

from conv_denoiser.waveforms import FAMILIES, anything

LENGTH = 512
N_VALIDATION = 2048
FLOOR = 1e-4  # of the error's power in a signal of power 1, below which a signal counts no more


def make_batch(rng: np.random.Generator, bank: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Draw noisy signals and clean ones, by the noisy one's mean and standard deviation."""
    clean, _ = draw_clean(bank, n, LENGTH, rng)
    deviation = clean.std(axis=1, keepdims=True)
    sigma = deviation * 10 ** (-rng.uniform(-5, 40, (n, 1)) / 20)
    noisy = clean + np.where(deviation > 0, sigma, 1) * rng.standard_normal(clean.shape)
    mean, scale = noisy.mean(axis=1, keepdims=True), noisy.std(axis=1, keepdims=True)
    arrays = ((noisy - mean) / scale, (clean - mean) / scale)
    return tuple(array.astype(np.float32)[:, :, np.newaxis] for array in arrays)


def log_error(y_true: Any, y_pred: Any) -> Any:
    """Return the logarithm of each signal's error.

    So a relative gain counts the same in signals with much and with little noise.
    """
    from keras import ops

    return ops.log(FLOOR + ops.mean(ops.square(y_pred - y_true), axis=(1, 2)))


def feed_and_validation(
    options: argparse.Namespace, make: Callable[..., tuple[np.ndarray, ...]]
) -> tuple[Feed, np.ndarray, np.ndarray]:
    """Start the processes that make batches, and draw signals to validate on, noisy and clean."""
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    families = list(FAMILIES)
    bank = pretraining.open_bank(
        folder, (options.bank, LENGTH), families, options.seed, options.workers
    )
    rng = np.random.default_rng(20190101)
    unseen = anything(N_VALIDATION, np.arange(LENGTH), rng).astype(np.float32)
    x, y = make_batch(rng, unseen, N_VALIDATION)
    drawn = partial(make, bank=bank, n=options.batch)
    renew = pretraining.renewal(bank, families)
    return Feed(drawn, renew, options.workers, [options.seed, os.getpid()]), x, y


def begin(
    description: str | None, architecture: str, make: Callable[..., tuple[np.ndarray, ...]]
) -> tuple[argparse.Namespace, Feed, tuple[np.ndarray, np.ndarray], Any]:
    """Read the command line; return it, what makes batches, signals to validate on, a network."""
    parser = argparse.ArgumentParser(description=description)
    pretraining.add_options(parser, rate=2e-3, batch=64)
    options = parser.parse_args()
    feed, x, y = feed_and_validation(options, make)
    pretraining.import_keras()
    from conv_denoiser.denoiser.defaults import PRETRAINED
    from conv_denoiser.networks.unet import build_unet

    return options, feed, (x, y), build_unet(PRETRAINED[architecture])


def main() -> None:
    """Train as the command line says."""
    options, feed, (x, y), model = begin(__doc__, "unet", make_batch)
    pretraining.start_from(model, options.start)

    def judge() -> dict[str, float]:
        error = log_error(y, model.predict(x, batch_size=256, verbose=0))
        return {"val_loss": float(np.mean(error))}

    pretraining.train(model, {feed: 1.0}, log_error, judge, options)
    weights = {f"weight_{k:03}": array for k, array in enumerate(model.get_weights())}
    pretraining.export(options.output / "unet.safetensors", weights, {"name": "universal-unet"})
    curves = {"loss": "training", "val_loss": "validation"}
    pretraining.learning_curve(options.output, curves, "Mean logarithm of the error")


if __name__ == "__main__":
    main()
