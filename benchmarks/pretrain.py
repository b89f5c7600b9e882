"""Train the universal network on random signals of every kind.

    python benchmarks/pretrain.py --output FOLDER --minutes 60

FOLDER gets a bank of clean signals, which is refilled while the network trains, `checkpoint.npz`, a
log (`log.csv`), and in the end the figure of the learning curve and `universal.safetensors`, as the
package holds it, whose digest belongs into `conv_denoiser/pretrained/universal.py`. A run that was
cut goes on from its checkpoint when the same command is given again. The learning rate falls along
a cosine to zero when the time is over, or with ``--steps`` after that many; a file FOLDER/land that
holds a number of minutes makes it fall within that time. Checkpoints are judged by random signals
of a fixed seed; no signal of the benchmarks takes part in training or choosing.
``--without FAMILY`` leaves a family of signals out of training, and still validates with it.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pretraining
from pretraining import Feed, draw_clean

from conv_denoiser._checks.arrays import bridged
from conv_denoiser.level import estimate as level
from conv_denoiser.pretrained.inputs import network_inputs
from conv_denoiser.waveforms import FAMILIES, anything

LENGTH = 2560
LENGTHS = {1024: 0.7, 2048: 0.3}  # of training signals, and how often
VALIDATION_DB = (0, 5, 10, 15, 20, 40, 60)
FLOOR = 0.03  # of the ratio of error and noise, below which a signal counts no more


def draw_noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw white noise of standard deviation 1: Gaussian, for one signal in fifteen Student's t."""
    noise = rng.standard_normal(shape, np.float32)
    heavy = np.flatnonzero(rng.random(shape[0]) < 1 / 15)
    noise[heavy] = rng.standard_t(5, (heavy.size, shape[1])) / np.sqrt(5 / 3)
    return noise


def draw_there(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw what is there: all for most; else without single samples, bursts or both."""
    n, length = shape
    there = np.ones(shape, bool)
    for row in np.flatnonzero(rng.random(n) < 0.25):
        if rng.random() < 0.6:
            there[row] = rng.random(length) > 10 ** rng.uniform(-2.5, -0.4)
        for _ in range(rng.integers(0, 4)):
            size = int(np.exp(rng.uniform(np.log(3), np.log(length / 4))))
            start = rng.integers(0, length)
            there[row, start : start + size] = False
    there[:, :2] = True
    return there


def make_batch(
    rng: np.random.Generator,
    bank: np.ndarray,
    n: int,
    length: int,
    weights: dict[str, np.ndarray],
) -> tuple[np.ndarray, ...]:
    """Draw noisy signals: channels, and targets, all in units of the level."""
    clean, deviation = draw_clean(bank, n, length, rng)
    decibels = np.where(rng.random(n) < 0.7, rng.uniform(-5, 25, n), rng.uniform(25, 62, n))
    sigma = (deviation * 10 ** (-decibels / 20))[:, None].astype(np.float32)
    noisy = clean + sigma * draw_noise(clean.shape, rng)
    return prepare(clean, noisy, sigma, draw_there(clean.shape, rng), rng.random(n) < 0.4, weights)


def prepare(
    clean: np.ndarray,
    noisy: np.ndarray,
    sigma: np.ndarray,
    there: np.ndarray,
    given: np.ndarray,
    weights: dict[str, np.ndarray],
) -> tuple[np.ndarray, ...]:
    """Bring signals to the units of the network.

    Targets are the noise, "is the sample there", and the level beside the true one.
    """
    noisy = bridged(noisy, there)
    known = sigma.copy()
    unknown = np.flatnonzero(~given)
    if unknown.size:
        known[unknown, 0] = level.level_of(noisy[unknown], weights=weights)
    known = np.maximum(known, 1e-4 * sigma)
    u = (noisy - np.median(noisy, axis=1, keepdims=True)) / known
    targets = np.stack(np.broadcast_arrays((noisy - clean) / known, there, known / sigma), axis=2)
    return network_inputs(u.astype(np.float32), there, given), targets.astype(np.float32)


def validation_set(weights: dict[str, np.ndarray], per_family: int = 12) -> list[np.ndarray]:
    """Draw signals of every family at fixed levels, from a seed that training does not use."""
    rng = np.random.default_rng(20190101)
    clean = np.concatenate([anything(per_family, np.arange(2048), rng, [f]) for f in FAMILIES])
    clean = clean.astype(np.float32)
    parts = []
    for decibels in VALIDATION_DB:
        sigma = np.full((len(clean), 1), 10 ** (-decibels / 20), np.float32)
        noisy = clean + sigma * rng.standard_normal(clean.shape, np.float32)
        there, given = np.ones(clean.shape, bool), np.zeros(len(clean), bool)
        parts.append(prepare(clean, noisy, sigma, there, given, weights))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def validate(model: Any, x: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Return the mean gain in dB at 0 to 20 dB, at 40 and 60, and by family at 0 to 20."""
    outputs = model.predict(x, batch_size=68, verbose=0)[..., 0]
    noise, _, ratio = np.moveaxis(targets, 2, 0)
    gain = -10 * np.log10(np.maximum(np.mean(((outputs - noise) * ratio) ** 2, axis=1), 1e-6))
    gain = gain.reshape(len(VALIDATION_DB), len(FAMILIES), -1)
    families = dict(zip(FAMILIES, gain[:5].mean(axis=(0, 2)), strict=True))
    return {"gain_0_to_20_db": gain[:5].mean(), "gain_40_and_60_db": gain[5:].mean(), **families}


def loss(targets: Any, outputs: Any) -> Any:
    """Return the logarithm of each signal's error, with the likelihood of the variance beside it.

    The logarithm counts a relative gain alike in easy and hard signals, without a limit.
    """
    from keras import ops

    def mean_square(error: Any, weight: Any) -> Any:
        return ops.sum(weight * error**2, axis=1) / (ops.sum(weight, axis=1) + 1e-3)

    noise, there, ratio = targets[..., 0], targets[..., 1], targets[..., 2]
    error = (outputs[..., 0] - noise) * ratio
    measured = ops.log(FLOOR + mean_square(error, there))
    missing = ops.log(0.3 + mean_square(error, 1 - there))
    log_variance = ops.clip(outputs[..., 1], -12.0, 16.0)
    square = ops.stop_gradient((outputs[..., 0] - noise) ** 2)
    likelihood = log_variance + ops.minimum(square * ops.exp(-log_variance), 1e4)
    return measured + 0.15 * missing + 0.05 * ops.mean(likelihood, axis=1)


def integers(text: str) -> tuple[int, ...]:
    """Return numbers that are separated by commas."""
    return tuple(map(int, text.split(",")))


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    pretraining.add_options(parser, rate=2e-3, batch=32)
    parser.add_argument("--filters", default="10,20,40,48,48")
    parser.add_argument("--strides", default="1,4,4,4,4")
    parser.add_argument("--kernel", type=int, default=5)
    parser.add_argument("--without", choices=list(FAMILIES))
    options = parser.parse_args()
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    families = [name for name in FAMILIES if name != options.without]
    bank = pretraining.open_bank(
        folder, (options.bank, LENGTH), families, options.seed, options.workers
    )
    path = folder / "level.npz"  # of pretrain_level.py
    weights = dict(np.load(path)) if path.exists() else level.shipped_weights()
    renew = pretraining.renewal(bank, families)

    feeds = {}
    for length, share in LENGTHS.items():
        n, n_workers = options.batch * 1024 // length, max(1, round(options.workers * share))
        make = partial(make_batch, bank=bank, n=n, length=length, weights=weights)
        feeds[Feed(make, renew, n_workers, [options.seed, os.getpid(), length])] = share
    keras = pretraining.import_keras()
    from conv_denoiser.networks.universal import build_universal_network

    keras.utils.set_random_seed(options.seed)
    filters, strides = integers(options.filters), integers(options.strides)
    model = build_universal_network(filters, strides, options.kernel)
    pretraining.start_from(model, options.start)
    data = validation_set(weights)
    pretraining.train(model, feeds, loss, lambda: validate(model, *data), options)
    weights = {variable.path: np.asarray(variable) for variable in model.variables}
    card = {"name": "universal", "filters": filters, "seed": options.seed}
    pretraining.export(folder / "universal.safetensors", weights, card)
    curves = {"gain_0_to_20_db": "0 to 20 dB in", "gain_40_and_60_db": "40 and 60 dB in"}
    pretraining.learning_curve(folder, curves, "Gain in SNR on random signals (dB)")


if __name__ == "__main__":
    main()
