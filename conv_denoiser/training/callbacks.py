"""Keras callbacks of every fit, and those of the user."""

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
from tqdm.auto import tqdm

from conv_denoiser.networks.backend import keras
from conv_denoiser.training.plan import History, Trained, Watcher

__all__ = ["fresh_callbacks"]


class DivergedError(ValueError):
    """A loss or a weight became NaN or infinite."""


class Record(keras.callbacks.Callback):
    """Remember each epoch's logs, and what later callbacks add to them.

    Unlike Keras' own history, it comes before the callbacks that may raise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs.append({} if logs is None else logs)

    def history(self) -> History:
        """Return the values of each name; NaN where an epoch has none."""
        names = {name: None for logs in self.epochs for name in logs}
        return {name: [float(logs.get(name, math.nan)) for logs in self.epochs] for name in names}


class StopOnNaN(keras.callbacks.Callback):
    """Raise as soon as a loss is NaN or infinite, before epochs are wasted."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        for name, loss in (logs or {}).items():
            if name in ("loss", "val_loss") and not np.isfinite(loss):
                raise diverged(self.model, f"{name} became {loss} in epoch {epoch + 1}")


def diverged(model: keras.Model, what: str) -> DivergedError:
    rate = float(model.optimizer.learning_rate)
    return DivergedError(
        f"The training diverged: {what}. Try a smaller learning_rate (now {rate:g}), or a scaler "
        "if scaler=None."
    )


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping that can go on where another process left it."""

    taken_up: dict[str, object] | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        self.__dict__.update(self.taken_up or {})

    def state(self) -> dict[str, float]:
        """Return what it remembers, but for the weights."""
        best = None if self.best is None else float(self.best)
        return {"best": best, "best_epoch": self.best_epoch, "wait": self.wait}


class Watch(keras.callbacks.Callback):
    """Tell a watcher of epochs, and stop when it says so."""

    def __init__(
        self, watcher: Watcher, snapshot: Callable[[History], Trained], record: Record
    ) -> None:
        super().__init__()
        self.watcher = watcher
        self.snapshot = snapshot
        self.record = record

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.watcher.begins()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.watcher.ends(lambda: self.snapshot(self.record.history())):
            self.model.stop_training = True


class ProgressBar(keras.callbacks.Callback):
    """One bar for all training steps, on standard error, with the time left and the losses."""

    def __init__(self, n_epochs: int, n_batches: int) -> None:
        super().__init__()
        self.bar = tqdm(total=n_epochs * n_batches, desc="training", unit=" steps")

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        names = ("loss", "val_loss")
        losses = {name: value for name, value in (logs or {}).items() if name in names}
        self.bar.set_postfix(epoch=epoch + 1, **losses)


def fresh_callbacks(callbacks: Sequence[object] | None) -> list[keras.callbacks.Callback]:
    """Make the callbacks of one fit."""
    return [_fresh_callback(callback) for callback in callbacks or ()]


def _fresh_callback(callback: object) -> keras.callbacks.Callback:
    """Make the callback of one fit from a class, a factory or an instance."""
    if isinstance(callback, keras.callbacks.Callback):
        return copy.deepcopy(callback)
    made = callback() if callable(callback) else None
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(
            "callbacks must be a list of Keras callbacks, classes of them, or functions that "
            f"return one. Got {callback!r}."
        )
    return made
