"""Losses of epochs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from conv_denoiser._checks.warn import warn
from conv_denoiser.networks.backend import keras
from conv_denoiser.training.checkpoint import Checkpoint, Saved

__all__ = ["History", "Schedule", "Training", "joined", "report_end"]

History = dict[str, list[float]]


class Schedule(NamedTuple):
    """How long to train, and what goes on meanwhile."""

    initial_epoch: int
    epochs: int
    patience: int | None
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int
    checkpoint: Checkpoint | None = None
    saved: Saved | None = None  # of an interrupted training, that is to go on
    seed: int = 0


class Training(NamedTuple):
    """What came of a training: its history, and what ended it early."""

    history: History
    interruption: BaseException | None


def joined(first: History, second: History) -> History:
    """Join two histories; NaN stands for what one of them did not record."""
    lengths = [len(history.get("loss", [])) for history in (first, second)]
    return {
        name: [
            *first.get(name, [math.nan] * lengths[0]),
            *second.get(name, [math.nan] * lengths[1]),
        ]
        for name in {"loss": None, **first, **second}
    }


def report_end(training: Training, epochs: int) -> None:
    """Raise what ended a training early; of Ctrl-C, say before what is kept."""
    if training.interruption is None:
        return
    try:
        if isinstance(training.interruption, KeyboardInterrupt):
            n_epochs = len(training.history.get("loss", []))
            warn(
                f"Training was interrupted after {n_epochs} of {epochs} epochs; the model is "
                "fitted with what it learned until then."
            )
    finally:  # also where warnings are errors
        raise training.interruption
