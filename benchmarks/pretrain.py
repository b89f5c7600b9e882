"""Train the universal network on random signals of every kind.

    python benchmarks/pretrain.py --output FOLDER --minutes 60

FOLDER gets a bank of clean signals, which is refilled while the network trains, the weights
(`checkpoint.npz`, `best.npz`), a log (`log.csv`) and the figure of the learning curve. A run that
was cut goes on from its checkpoint when the same command is given again. The learning rate falls
along a cosine to zero when the time is over, or with ``--steps`` after that many; a file
FOLDER/land that holds a number of minutes makes it fall within that time. Checkpoints are judged
by random signals of a fixed seed; no signal of the benchmarks takes part in training or choosing.
``--without FAMILY`` leaves a family of signals out of training, and still validates with it.
"""

import argparse
import csv
import os
import queue
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser._checks.arrays import bridged
from conv_denoiser.level import estimate as level
from conv_denoiser.pretrained.inputs import network_inputs
from conv_denoiser.waveforms import FAMILIES, anything

BANK, LENGTH, SLICE = 32768, 2560, 256
RATE, WARM_UP, AVERAGE = 2e-3, 300, 0.999
INTERVAL = 150  # seconds between checkpoints
VALIDATION_DB = (0, 5, 10, 15, 20, 40, 60)
FLOOR = 0.03  # of the ratio of error and noise, below which a signal counts no more


def fill(bank: np.ndarray, start: int, seed: int, families: list[str]) -> None:
    """Draw signals anew into a slice of the bank."""
    rng = np.random.default_rng([seed, start])
    bank[start : start + SLICE] = anything(SLICE, np.arange(LENGTH), rng, families)


def open_bank(folder: Path, families: list[str], seed: int) -> np.ndarray:
    """Open the bank of clean signals, made first if it is not there."""
    path = folder / "bank.npy"
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    new = np.lib.format.open_memmap(folder / "new.npy", "w+", np.float32, (BANK, LENGTH))
    for start in range(0, BANK, SLICE):
        fill(new, start, seed, families)
    (folder / "new.npy").rename(path)
    return new


def draw_clean(
    bank: np.ndarray, n: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw crops of the bank, reversed and negated at random; return their deviations, too."""
    rows = rng.integers(0, len(bank), n)
    starts = rng.integers(0, LENGTH - length + 1, n)
    clean = np.stack([bank[r, s : s + length] for r, s in zip(rows, starts, strict=True)])
    clean = clean * np.where(rng.random((n, 1)) < 0.5, -1, 1).astype(np.float32)
    reverse = rng.random(n) < 0.5
    clean[reverse] = clean[reverse, ::-1]
    # A crop may be quiet beside its whole signal, but noise at 60 dB of the crop is noise, too.
    deviation = np.where(rng.random(n) < 0.7, np.maximum(clean.std(axis=1), 1e-3), 1)
    clean[rng.random(n) < 0.01] = 0
    return clean, deviation


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
    bank: np.ndarray, n: int, length: int, weights: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Draw noisy signals: channels, noise, "is it there", all in units of the level."""
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
    """Bring signals to the units of the network."""
    noisy = bridged(noisy, there)
    known = sigma.copy()
    unknown = np.flatnonzero(~given)
    if unknown.size:
        known[unknown, 0] = level.level_of(noisy[unknown], weights=weights)
    known = np.maximum(known, 1e-4 * sigma)
    u = (noisy - np.median(noisy, axis=1, keepdims=True)) / known
    return (
        network_inputs(u.astype(np.float32), there, given),
        ((noisy - clean) / known).astype(np.float32),
        there.astype(np.float32),
        (known / sigma)[:, 0].astype(np.float32),
    )


def level_network(bank: np.ndarray, folder: Path, seed: int, n: int = 16384) -> dict[str, Any]:
    """Return the network that weighs candidates for the level, trained if need be."""
    path = folder / "level.npz"
    if path.exists():
        return dict(np.load(path))
    rng = np.random.default_rng([seed, 1])
    parts = []
    for _ in range(n // 64):
        length = int(np.clip(np.exp(rng.uniform(np.log(100), np.log(4 * LENGTH))), 100, LENGTH))
        clean, deviation = draw_clean(bank, 64, length, rng)
        decibels = rng.uniform(-8, 65, 64)
        sigma = (deviation * 10 ** (-decibels / 20)).astype(np.float32)
        noisy = clean + sigma[:, None] * draw_noise(clean.shape, rng)
        candidates = level.features(noisy)
        base = level.least_candidate(candidates)
        parts.append((candidates - base[:, None], np.log(sigma) - base))
    relative, target = (np.concatenate(part) for part in zip(*parts, strict=True))
    weights = fit_level(relative, target, seed)
    test = np.abs(level.correction(relative[:2048], weights) - target[:2048])
    print(f"level: mean error {8.686 * test.mean():.2f} dB, least candidate alone "
          f"{8.686 * np.abs(target[:2048]).mean():.2f} dB", flush=True)  # fmt: skip
    np.savez(path, **weights)
    return weights


def fit_level(relative: np.ndarray, target: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Fit 30-32-16-1 units to the logarithm of the level; too high costs more than too low."""
    import keras

    keras.utils.set_random_seed(seed)
    mean, scale = relative.mean(axis=0), relative.std(axis=0) + 1e-3
    x = np.clip((relative - mean) / scale, -4, 4)
    model = keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    epochs, batch = 60, 256
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(x) // batch)

    def loss(truth: Any, guess: Any) -> Any:
        error = keras.ops.clip(truth, -3, 1.5) - guess
        return keras.ops.mean(keras.ops.maximum(0.4 * error, -0.6 * error))

    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x, target[:, None], batch_size=batch, epochs=epochs, verbose=0, validation_split=0.1)
    print("level: validation loss", model.evaluate(x[-1638:], target[-1638:, None], verbose=0))
    weights = {"mean": mean, "scale": scale}
    for number, layer in enumerate(model.layers):
        weights[f"kernel_{number}"], weights[f"bias_{number}"] = layer.get_weights()
    return {name: np.asarray(value, np.float32) for name, value in weights.items()}


def validation_set(weights: dict[str, np.ndarray], per_family: int = 12) -> dict[str, Any]:
    """Draw signals of every family at fixed levels, from a seed that training does not use."""
    rng = np.random.default_rng(20190101)
    names = list(FAMILIES)
    clean = np.concatenate([anything(per_family, np.arange(2048), rng, [f]) for f in names])
    clean = clean.astype(np.float32)
    parts = []
    for decibels in VALIDATION_DB:
        sigma = np.full((len(clean), 1), 10 ** (-decibels / 20), np.float32)
        noisy = clean + sigma * rng.standard_normal(clean.shape, np.float32)
        there, given = np.ones(clean.shape, bool), np.zeros(len(clean), bool)
        parts.append(prepare(clean, noisy, sigma, there, given, weights))
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return {"parts": joined, "names": names, "per_family": per_family}


def validate(model: Any, data: dict[str, Any]) -> tuple[float, float, dict[str, float]]:
    """Return the mean gain in dB at 0 to 20 dB, at 40 and 60, and by family at 0 to 20."""
    x, noise, _, ratio = data["parts"]
    outputs = np.concatenate([model(part)[..., 0] for part in np.array_split(x, len(x) // 34)])
    error = np.mean((outputs - noise) ** 2, axis=1) * ratio**2
    gain = -10 * np.log10(np.maximum(error, 1e-6))
    gain = gain.reshape(len(VALIDATION_DB), len(data["names"]), data["per_family"])
    families = dict(zip(data["names"], gain[:5].mean(axis=(0, 2)), strict=True))
    return float(gain[:5].mean()), float(gain[5:].mean()), families


def training_step(model: Any, averages: list[Any], optimizer: Any) -> Any:
    """Return a compiled step of training, which keeps averages of the weights, too."""
    import tensorflow as tf

    def mean_square(error: Any, weight: Any) -> Any:
        return tf.reduce_sum(weight * error**2, 1) / (tf.reduce_sum(weight, 1) + 1e-3)

    @tf.function(reduce_retracing=True)
    def step(x: Any, noise: Any, there: Any, ratio: Any, average: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            error = (outputs[..., 0] - noise) * ratio[:, None]
            measured = tf.math.log(FLOOR + mean_square(error, there))
            missing = tf.math.log(0.3 + mean_square(error, 1 - there))
            log_variance = tf.clip_by_value(outputs[..., 1], -12.0, 16.0)
            square = tf.stop_gradient((outputs[..., 0] - noise) ** 2)
            likelihood = log_variance + tf.minimum(square * tf.exp(-log_variance), 1e4)
            loss = tf.reduce_mean(measured + 0.15 * missing) + 0.05 * tf.reduce_mean(likelihood)
        variables = model.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for kept, variable in zip(averages, variables, strict=True):
            kept.assign(average * kept + (1 - average) * variable)
        return tf.reduce_mean(measured)

    return step


class Progress:
    """How much of the training is over: by steps, or by time, which a file can shorten."""

    def __init__(self, folder: Path, minutes: float, steps: int | None, done: float) -> None:
        self.folder, self.steps, self.done = folder, steps, done
        self.last = time.monotonic()
        self.end = self.last + 60 * minutes * (1 - done)

    def advance(self) -> float:
        """Count one step, and return the share of the training that is over."""
        now = time.monotonic()
        if self.steps:
            self.done += 1 / self.steps
        else:
            self.done += (1 - self.done) * min(1, (now - self.last) / max(self.end - self.last, 1))
        self.last = now
        return self.done

    def look_for_landing(self) -> None:
        """Bring the end forward if the file asks for it."""
        request = self.folder / "land"
        if request.exists():
            self.end = min(self.end, time.monotonic() + 60 * float(request.read_text()))
            request.unlink()


def produce(options: Any, bank: np.ndarray, weights: Any, batches: Any, seed: int) -> None:
    """Make batches for ever, and renew the bank bit by bit."""
    rng = np.random.default_rng(seed)
    families = [name for name in FAMILIES if name != options.without]
    for count in range(1, 2**40):
        long = rng.random() < 0.3
        n, length = (options.batch // 2, 2048) if long else (options.batch, 1024)
        batches.put(make_batch(bank, n, length, weights, rng))
        if count % 400 == 0:
            fill(
                bank,
                SLICE * int(rng.integers(0, BANK // SLICE)),
                int(rng.integers(2**31)),
                families,
            )


def save(path: Path, **arrays: Any) -> None:
    """Write arrays so that a cut never leaves half a file."""
    np.savez(path.with_suffix(".new.npz"), **arrays)
    path.with_suffix(".new.npz").rename(path)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--filters", default="10,20,40,48,48")
    parser.add_argument("--strides", default="1,4,4,4,4")
    parser.add_argument("--kernel", type=int, default=5)
    parser.add_argument("--without", choices=list(FAMILIES))
    parser.add_argument("--without-experts", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    train(options)


def train(options: Any) -> None:
    """Train, validate, and write checkpoints."""
    import keras
    import tensorflow as tf

    from conv_denoiser.networks.universal import build_universal_network

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    folder = options.output
    families = [name for name in FAMILIES if name != options.without]
    bank = open_bank(folder, families, options.seed)
    weights = level_network(bank, folder, options.seed)
    keras.utils.set_random_seed(options.seed)
    filters, strides = (
        tuple(map(int, text.split(","))) for text in (options.filters, options.strides)
    )
    experts = {"n_experts": 0} if options.without_experts else {}
    model = build_universal_network(filters, strides, options.kernel, **experts)
    averaged = build_universal_network(filters, strides, options.kernel, **experts)
    averaged.set_weights(model.get_weights())
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(model.trainable_variables)
    kept = [*model.variables, *averaged.variables, *optimizer.variables]
    checkpoint, step, done = folder / "checkpoint.npz", 0, 0.0
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            step, done = int(saved["step"]), float(saved["done"])
            for number, variable in enumerate(kept):
                variable.assign(saved[f"v{number}"])
    print(f"{model.count_params()} parameters, from step {step}", flush=True)
    batches: queue.Queue[Any] = queue.Queue(8)
    for number in range(2):
        seed = [options.seed, 2, step, number]
        arguments = (options, bank, weights, batches, seed)
        threading.Thread(target=produce, args=arguments, daemon=True).start()
    data = validation_set(weights)
    run_step = training_step(model, averaged.trainable_variables, optimizer)
    compiled = tf.function(averaged, reduce_retracing=True)
    progress = Progress(folder, options.minutes, options.steps, done)
    losses, shown, start = [], time.monotonic(), time.monotonic()
    while progress.done < 1:
        batch = batches.get()
        rate = RATE * 0.5 * (1 + np.cos(np.pi * min(1, progress.advance())))
        optimizer.learning_rate.assign(rate * min(1, (step + 1) / WARM_UP))
        average = np.float32(min(AVERAGE, (1 + step) / (10 + step)))
        losses.append(run_step(*map(tf.constant, batch), average))
        step += 1
        if time.monotonic() - shown < INTERVAL and progress.done < 1:
            continue
        shown = time.monotonic()
        gain, faint, by_family = validate(lambda x: compiled(tf.constant(x)).numpy(), data)
        row = [step, f"{progress.done:.4f}", f"{shown - start:.0f}", f"{rate:.2e}",
               f"{np.mean(losses):.4f}", f"{gain:.3f}", f"{faint:.3f}"]  # fmt: skip
        write_log(folder, [*row, *(f"{value:.2f}" for value in by_family.values())])
        print(*row, f"queue {batches.qsize()}", flush=True)
        losses = []
        save(checkpoint, step=step, done=progress.done,
             **{f"v{k}": variable.numpy() for k, variable in enumerate(kept)})  # fmt: skip
        save(folder / "average.npz", **{v.path: v.numpy() for v in averaged.variables})
        progress.look_for_landing()
    learning_curve(folder)


def write_log(folder: Path, row: list[Any]) -> None:
    """Append a row to the log, which begins with the names of its columns."""
    path = folder / "log.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "done", "seconds", "rate", "loss", "gain_0_to_20_db",
                             "gain_40_and_60_db", *FAMILIES])  # fmt: skip
        writer.writerow(row)


def learning_curve(folder: Path) -> None:
    """Draw the gain of the averaged weights on random signals over the steps."""
    import matplotlib.pyplot as plt

    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    step = [int(row["step"]) for row in rows]
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    ax.plot(step, [float(row["gain_0_to_20_db"]) for row in rows], label="0 to 20 dB in")
    ax.plot(step, [float(row["gain_40_and_60_db"]) for row in rows], label="40 and 60 dB in")
    ax.set(xlabel="Step", ylabel="Gain in SNR on random signals (dB)")
    ax.legend()
    figure.savefig(folder / "learning_curve.png", dpi=150)


if __name__ == "__main__":
    main()
