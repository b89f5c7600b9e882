"""Shared parts of the benchmarks: a description of the machine, and comparisons of methods."""

import importlib.metadata
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from conv_denoiser import ConvDenoiser, StandardizePerSample

BATCH_SIZE = 64
Denoise = Callable[[np.ndarray], np.ndarray]
# Name of a metric, its function of clean and denoised signals, and how it is printed.
Metrics = dict[str, tuple[Callable[[np.ndarray, np.ndarray], float], str]]
PACKAGES = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy")


def machine(*more_packages: str) -> str:
    """Describe the machine, the versions in use and the day."""
    packages = (*PACKAGES, *more_packages)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    try:
        processor = next(
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        processor = platform.processor()
    return (
        f"{date.today()}, {os.cpu_count()} cores of {processor}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def resident_megabytes(process: psutil.Process | None = None) -> float:
    """Return the resident memory of a process, by default of this one."""
    return (process or psutil.Process()).memory_info().rss / 2**20


class PeakMemory:
    """Watch the memory (MB) of this process and of its children while a block runs."""

    def __enter__(self) -> "PeakMemory":
        self.before = self.megabytes = self._total()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.megabytes = max(self.megabytes, self._total())

    @staticmethod
    def _total() -> float:
        total = 0.0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += resident_megabytes(process)
        return total


class Row(NamedTuple):
    """The results of a method on one data set."""

    name: str
    values: list[float]
    microseconds: float  # a signal
    training_seconds: float | None = None
    parameters: int | None = None


def unet(epochs: int, steps_per_epoch: int = 64, **options: Any) -> ConvDenoiser:
    """Set up the U-Net, with a learning rate that rises at first and falls to zero."""
    import keras

    steps = epochs * steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=2e-3, warmup_steps=steps // 20
    )
    return _denoiser("unet", epochs, rate, **{"init": "random", **options})


def recipe(epochs: int, steps_per_epoch: int = 64, **options: Any) -> ConvDenoiser:
    """Set up the recipe's network, with a linear output."""
    import keras

    rate = keras.optimizers.schedules.CosineDecay(1e-3, epochs * steps_per_epoch)
    linear = {"loss": "mean_squared_error", "scaler": StandardizePerSample()}
    return _denoiser("autoencoder", epochs, rate, **linear, **options)


def _denoiser(architecture: str, epochs: int, learning_rate: Any, **options: Any) -> ConvDenoiser:
    return ConvDenoiser(
        architecture,
        epochs=epochs,
        learning_rate=learning_rate,
        **{"batch_size": BATCH_SIZE, **options},
        validation_split=0,
        random_state=0,
    )


def network(
    name: str,
    denoiser: ConvDenoiser,
    arguments: tuple[np.ndarray, ...],
    noisy: np.ndarray,
    clean: np.ndarray,
    metrics: Metrics,
) -> Row:
    """Fit a denoiser, and measure it on test signals."""
    start = time.perf_counter()
    denoiser.fit(*arguments)
    seconds = time.perf_counter() - start
    denoiser.transform(noisy[:100])  # the first call is slower
    row = _measured(name, denoiser.transform, noisy, clean, metrics)
    return row._replace(training_seconds=seconds, parameters=denoiser.model_.count_params())


def classical(
    settings: Iterable[tuple[str, Denoise]], noisy: np.ndarray, clean: np.ndarray, metrics: Metrics
) -> Row:
    """Measure a filter in many settings; return the best by the first metric, an SNR or error."""
    rows = [_measured(name, denoise, noisy, clean, metrics) for name, denoise in settings]
    sign = 1 if "dB" in next(iter(metrics)) else -1
    best = max(rows, key=lambda row: sign * row.values[0])
    return best if len(rows) == 1 else best._replace(name=f"best of {len(rows)}: {best.name}")


def _measured(
    name: str, denoise: Denoise, noisy: np.ndarray, clean: np.ndarray, metrics: Metrics
) -> Row:
    start = time.perf_counter()
    denoised = denoise(noisy)
    microseconds = 1e6 * (time.perf_counter() - start) / len(noisy)
    values = [float(metric(clean, denoised)) for metric, _ in metrics.values()]
    return Row(name, values, microseconds)


def table(rows: Iterable[Row], metrics: Metrics) -> str:
    """Format rows in Markdown; each is shown on standard error as soon as it is ready."""
    heads = ["method", *metrics, "training (s)", "parameters", "µs a signal"]
    lines = [_line(heads), "|" + "---|" * len(heads)]
    for row in rows:
        values = [f"{v:{form}}" for v, (_, form) in zip(row.values, metrics.values(), strict=True)]
        training = "" if row.training_seconds is None else f"{row.training_seconds:.0f}"
        parameters = "" if row.parameters is None else f"{row.parameters:,}"
        lines.append(_line([row.name, *values, training, parameters, f"{row.microseconds:.0f}"]))
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
