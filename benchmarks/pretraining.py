"""What the trainings of the shipped networks share: processes that make batches, and the loop.

Keras runs on TensorFlow, or on JAX where ``KERAS_BACKEND=jax`` is set, which needs no TensorFlow
and takes a graphics card where there is one.
"""

import csv
import hashlib
import mmap
import os
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from conv_denoiser.waveforms import anything

SLICE = 256
CHUNK = 100  # steps at one learning rate
WARM_UP, AVERAGE = 300, 0.9  # steps; of the weights, a chunk
INTERVAL = 60  # seconds between checkpoints

Make = Callable[[np.random.Generator], tuple[np.ndarray, ...]]


def fill(bank: np.ndarray, start: int, seed: int, families: list[str]) -> None:
    """Draw signals anew into a slice of the bank."""
    rng = np.random.default_rng([seed, start])
    bank[start : start + SLICE] = anything(SLICE, np.arange(bank.shape[1]), rng, families)


def open_bank(
    folder: Path, shape: tuple[int, int], families: list[str], seed: int, n_workers: int
) -> np.ndarray:
    """Open the bank of clean signals, made first if it is not there."""
    path, new = folder / "bank.npy", folder / "new.npy"
    if not path.exists():
        bank = np.lib.format.open_memmap(new, "w+", np.float32, shape)
        arguments = [(bank, start, seed, families) for start in range(0, shape[0], SLICE)]
        shares = [arguments[number::n_workers] for number in range(n_workers)]
        workers = [get_context("fork").Process(target=_fill_all, args=(s,)) for s in shares]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if any(worker.exitcode for worker in workers):
            raise RuntimeError("A process that makes signals has failed.")
        new.rename(path)
    return np.lib.format.open_memmap(path, mode="r+")


def renewal(bank: np.ndarray, families: list[str]) -> Callable[[np.random.Generator], None]:
    """Return a function that draws a slice of the bank anew."""

    def renew(rng: np.random.Generator) -> None:
        start = SLICE * int(rng.integers(0, len(bank) // SLICE))
        fill(bank, start, int(rng.integers(2**31)), families)

    return renew


def _fill_all(arguments: list[tuple[Any, ...]]) -> None:
    for one in arguments:
        fill(*one)


def draw_clean(
    bank: np.ndarray, n: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw crops of the bank, reversed and negated at random; return their deviations, too."""
    rows = rng.integers(0, len(bank), n)
    starts = rng.integers(0, bank.shape[1] - length + 1, n)
    clean = np.stack([bank[r, s : s + length] for r, s in zip(rows, starts, strict=True)])
    clean = clean * np.where(rng.random((n, 1)) < 0.5, -1, 1).astype(np.float32)
    reverse = rng.random(n) < 0.5
    clean[reverse] = clean[reverse, ::-1]
    # A crop may be quiet beside its whole signal, but noise at 60 dB of the crop is noise, too.
    deviation = np.where(rng.random(n) < 0.7, np.maximum(clean.std(axis=1), 1e-3), 1)
    clean[rng.random(n) < 0.01] = 0
    return clean, deviation


class Feed:
    """Processes that make batches for ever, in memory that all of them see.

    Start it before Keras is imported: the processes are forks.
    """

    def __init__(self, make: Make, renew: Callable[[np.random.Generator], None] | None,
                 n_workers: int, seed: list[int]) -> None:  # fmt: skip
        context = get_context("fork")
        example = make(np.random.default_rng(0))
        self.free, self.ready = context.Queue(), context.Queue()
        self.slots = [[_shared(array) for array in example] for _ in range(2 * n_workers + 4)]
        for slot in range(len(self.slots)):
            self.free.put(slot)
        for number in range(n_workers):
            arguments = (make, renew, [*seed, number])
            context.Process(target=self._work, args=arguments, daemon=True).start()

    def _work(self, make: Make, renew: Any, seed: list[int]) -> None:
        rng = np.random.default_rng(seed)
        for count in range(1, 2**40):
            batch = make(rng)
            slot = self.free.get()
            for shared, array in zip(self.slots[slot], batch, strict=True):
                shared[...] = array
            self.ready.put(slot)
            if renew is not None and count % 40 == 0:
                renew(rng)

    def batches(self, n: int) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield n batches."""
        for _ in range(n):
            slot = self.ready.get()
            batch = tuple(array.copy() for array in self.slots[slot])
            self.free.put(slot)
            yield batch


def _shared(array: np.ndarray) -> np.ndarray:
    return np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)


def import_keras() -> Any:
    """Import Keras, and let the package's networks be built with JAX if that is asked for."""
    if os.environ.get("KERAS_BACKEND") == "jax":
        import jax.numpy as jnp
        import keras

        # The package computes with TensorFlow alone; layers of it use these few functions.
        tf = SimpleNamespace(
            shape=lambda x: x.shape, range=jnp.arange, minimum=jnp.minimum, gather=jnp.take
        )
        name = "conv_denoiser.networks.backend"
        sys.modules[name] = SimpleNamespace(keras=keras, tf=tf)  # type: ignore[assignment]
        return keras
    from conv_denoiser.networks.backend import keras

    return keras


class Progress:
    """How much of the training is over: by steps, or by time, which a file can shorten."""

    def __init__(self, folder: Path, minutes: float, steps: int | None, done: float) -> None:
        self.folder, self.steps, self.done = folder, steps, done
        self.last = time.monotonic()
        self.end = self.last + 60 * minutes * (1 - done)

    def advance(self, n_steps: int) -> float:
        """Count steps, and return the share of the training that is over."""
        now = time.monotonic()
        if self.steps:
            self.done += n_steps / self.steps
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


def save(path: Path, **arrays: Any) -> None:
    """Write arrays so that a cut never leaves half a file."""
    np.savez(path.with_suffix(".new.npz"), **arrays)
    path.with_suffix(".new.npz").rename(path)


def numbered(name: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays by name and number."""
    return {f"{name}{k}": array for k, array in enumerate(arrays)}


def train(
    model: Any,
    feeds: dict[Feed, float],
    loss: Callable[..., Any],
    judge: Callable[[], dict[str, float]],
    options: Any,
) -> None:
    """Train by batches of one of the feeds, drawn at their shares, and write checkpoints.

    The averaged weights are put into the model before it is judged, and in the end.
    """
    import keras

    folder, rng = options.output, np.random.default_rng(options.seed)
    optimizer = keras.optimizers.Adam(options.rate, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss)
    average, step, done = model.get_weights(), 0, 0.0
    checkpoint = folder / "checkpoint.npz"
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            step, done = int(saved["step"]), float(saved["done"])
            average = [saved[f"average{k}"] for k in range(len(average))]
            model.set_weights([saved[f"weight{k}"] for k in range(len(average))])
            for k, variable in enumerate(optimizer.variables):
                variable.assign(saved[f"optimizer{k}"])
    print(f"{model.count_params()} parameters, from step {step}", flush=True)
    progress = Progress(folder, options.minutes, options.steps, done)
    losses, shown, start = [], time.monotonic(), time.monotonic()
    while progress.done < 1:
        feed = list(feeds)[rng.choice(len(feeds), p=list(feeds.values()))]
        rate = options.rate * 0.5 * (1 + np.cos(np.pi * progress.done))
        optimizer.learning_rate = rate * min(1, (step + 1) / WARM_UP)
        fit = model.fit(feed.batches(CHUNK), steps_per_epoch=CHUNK, shuffle=False, verbose=0)
        losses.append(fit.history["loss"][0])
        step += CHUNK
        weights, keep = model.get_weights(), min(AVERAGE, step / (step + 10 * CHUNK))
        average = [keep * a + (1 - keep) * w for a, w in zip(average, weights, strict=True)]
        progress.advance(CHUNK)
        if time.monotonic() - shown < INTERVAL and progress.done < 1:
            continue
        shown = time.monotonic()
        model.set_weights(average)
        row = {"step": step, "done": round(progress.done, 4), "seconds": round(shown - start),
               "rate": float(f"{rate:.2e}"), "loss": np.mean(losses), **judge()}  # fmt: skip
        write_log(folder / "log.csv", row)
        model.set_weights(weights)
        state = [np.asarray(variable) for variable in optimizer.variables]
        save(checkpoint, step=step, done=progress.done, **numbered("average", average),
             **numbered("weight", weights), **numbered("optimizer", state))  # fmt: skip
        losses = []
        progress.look_for_landing()
    model.set_weights(average)


def export(path: Path, weights: dict[str, np.ndarray], card: dict[str, Any]) -> None:
    """Write weights as a file that `start_from` and the package read."""
    from conv_denoiser.model_files.container import write_model_file

    write_model_file(path, {"card": card}, weights)
    print(f"{path} has the SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def write_log(path: Path, row: dict[str, float]) -> None:
    """Append a row to the log, which begins with the names of its columns, and print it."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(row)
        writer.writerow([f"{value:.5g}" if isinstance(value, float) else value
                         for value in row.values()])  # fmt: skip
    shown = list(row.items())[:7]
    print(*(f"{name} {value:.5g}" for name, value in shown), flush=True)


def learning_curve(folder: Path, columns: dict[str, str], ylabel: str) -> None:
    """Draw columns of the log over the steps."""
    import matplotlib.pyplot as plt

    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    for column, label in columns.items():
        steps = [int(row["step"]) for row in rows]
        ax.plot(steps, [float(row[column]) for row in rows], label=label)
    ax.set(xlabel="Step", ylabel=ylabel)
    ax.legend()
    figure.savefig(folder / "learning_curve.png", dpi=150)


def add_options(parser: Any, rate: float, batch: int) -> None:
    """Add the options that trainings share."""
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, help="instead of minutes")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--bank", type=int, default=32768, help="signals, a multiple of 256")
    parser.add_argument("--start", type=Path, help="weights to start from: a file of the package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes that make batches")


def start_from(model: Any, path: Path | None) -> None:
    """Put the weights of a file into a model: by name, or by order where names are numbers."""
    from conv_denoiser.model_files.container import read_model_file

    if path is None:
        return
    _, arrays = read_model_file(path)
    for k, variable in enumerate(model.variables):
        name = variable.path if variable.path in arrays else f"weight_{k:03}"
        if name in arrays:
            variable.assign(arrays[name])
        elif variable.trainable:
            raise ValueError(f"{path} holds no weights {variable.path!r}.")
