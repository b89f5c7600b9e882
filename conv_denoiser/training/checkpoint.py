"""Training that outlives its process: what was learned is written to a file after every epoch."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._atomic import check_target, remove_leftovers
from conv_denoiser._checks.version import __version__
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.model_files.container import read_model_file, write_model_file
from conv_denoiser.model_files.parameters import encode
from conv_denoiser.networks.backend import keras
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.training.callbacks import EarlyStopping
from conv_denoiser.training.compiling import optimizer_state
from conv_denoiser.training.plan import Learned, TrainingPlan

__all__ = ["Checkpoint", "Saved", "WriteCheckpoint", "opened"]

Weights = list[Array]
# Parameters that change nothing of what is learned.
IRRELEVANT = ("checkpoint", "verbose", "callbacks")


class Saved(NamedTuple):
    """The state of a training after a whole epoch."""

    seed: int
    epochs: list[dict[str, float]]  # losses and metrics of each
    stopped: bool
    stopper: dict[str, float] | None  # of early stopping
    weights: Weights
    optimizer: Weights
    best: Weights


class Checkpoint(NamedTuple):
    """A file that belongs to one fit."""

    path: Path
    fingerprint: str

    def read(self) -> Saved | None:
        """Return what an interrupted fit left, if there was one."""
        if not self.path.exists():
            return None
        content, arrays = read_model_file(self.path)
        if not isinstance(content, dict) or content.get("fingerprint") != self.fingerprint:
            raise ValueError(
                f"checkpoint={str(self.path)!r} is the file of another fit, with other signals or "
                "parameters. Delete it if that fit is not to go on, or choose another path."
            )
        groups: dict[str, Weights] = {"weights": [], "optimizer": [], "best": [], "epochs": []}
        for name, array in sorted(arrays.items()):
            groups[name.split("_")[0]].append(array)
        rows = np.transpose(groups.pop("epochs")).tolist()
        epochs = [dict(zip(content["names"], row, strict=True)) for row in rows]
        state: dict[str, Any] = content["state"]
        return Saved(epochs=epochs, **state, **groups)  # type: ignore[arg-type]

    def write(self, saved: Saved) -> None:
        """Replace the file."""
        state = saved._asdict()
        # As arrays, since many epochs take more text than a file may hold.
        names = list({name: None for logs in saved.epochs for name in logs})
        state["epochs"] = [
            np.array([logs.get(name, np.nan) for logs in saved.epochs]) for name in names
        ]
        arrays = {
            f"{group}_{number:04d}": array
            for group in ("weights", "optimizer", "best", "epochs")
            for number, array in enumerate(state.pop(group))
        }
        content = {"fingerprint": self.fingerprint, "state": state, "names": names}
        write_model_file(self.path, content, arrays)

    def remove(self) -> None:
        """Forget a fit that is over."""
        self.path.unlink(missing_ok=True)


def opened(
    plan: TrainingPlan, signals: Signals, previous: Learned | None
) -> tuple[Checkpoint | None, Saved | None]:
    """Return the checkpoint that a plan asks for, and what an interrupted fit left there."""
    if plan.checkpoint is None:
        return None, None
    target = check_target(plan.checkpoint.path)
    remove_leftovers(target)
    started = () if previous is None else previous.network.weights
    checkpoint = Checkpoint(target, _fingerprint(plan, signals, started))
    return checkpoint, checkpoint.read()


def _fingerprint(plan: TrainingPlan, signals: Signals, started: Sequence[Array]) -> str:
    """Return what tells one fit from another: parameters, signals, rows, and where it began."""
    assert plan.checkpoint is not None
    arrays: dict[str, RawArray] = {}
    parameters = {
        name: (encode(value, arrays), _details(value))
        for name, value in plan.checkpoint.parameters.items()
        if name not in IRRELEVANT
    }
    slices = [str(rows) for rows in plan.rows if isinstance(rows, slice)]
    description = [__version__, parameters, slices]
    digest = hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode())
    rows = [rows for rows in plan.rows if isinstance(rows, np.ndarray)]
    for array in (*arrays.values(), signals.X, signals.y, signals.weight, *rows, *started):
        if array is not None:
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _details(value: object) -> object:
    """Return what objects of Keras and scikit-learn say of themselves, but for where they lie."""
    if hasattr(value, "get_config") and not isinstance(value, type):
        return value.get_config()
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


class WriteCheckpoint(keras.callbacks.Callback):
    """Write a checkpoint after each epoch; must come after all other callbacks."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        seed: int,
        epochs: list[dict[str, float]],
        stopper: EarlyStopping | None,
    ) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        self.seed = seed
        self.epochs = epochs
        self.stopper = stopper

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write what was learned until now."""
        stopper = self.stopper
        weights = self.model.get_weights()
        if not all(np.isfinite(array).all() for array in weights):
            return  # the training is about to fail, and cannot go on from here
        self.checkpoint.write(
            Saved(
                seed=self.seed,
                epochs=self.epochs,
                stopped=bool(self.model.stop_training),
                stopper=None if stopper is None else stopper.state(),
                weights=weights,
                optimizer=optimizer_state(self.model),
                best=[] if stopper is None else list(stopper.best_weights or []),
            )
        )
