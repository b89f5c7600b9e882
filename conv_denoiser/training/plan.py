"""All that a fit was asked for, and what earlier fits left. Free of Keras."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from conv_denoiser._typing import Array
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.supervision.batches import Rows
from conv_denoiser.supervision.task import Problem

if TYPE_CHECKING:
    import keras

__all__ = [
    "CheckpointRequest",
    "CompileOptions",
    "History",
    "Learned",
    "Trained",
    "TrainingPlan",
    "Watcher",
]

History = dict[str, list[float]]


class CompileOptions(NamedTuple):
    """What a network is compiled with: names, objects of Keras or callables."""

    loss: "str | Callable[..., object]"
    optimizer: "str | keras.optimizers.Optimizer"
    learning_rate: "float | keras.optimizers.schedules.LearningRateSchedule"


class CheckpointRequest(NamedTuple):
    """The file of a checkpoint, and the parameters that tell this fit from others."""

    path: str | os.PathLike[str]
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class TrainingPlan:
    """All that a fit was asked for, resolved from parameters and data before training."""

    spec: NetworkSpec
    initial_weights: Sequence[Array] | None  # None draws them
    problem: Problem
    compile_options: CompileOptions
    rows: tuple[Rows, Rows | None]  # to train and to validate on
    batch_size: int
    epochs: int
    patience: int | None  # None trains to the end
    callbacks: Sequence[object] | None
    verbose: int
    seed: int
    checkpoint: CheckpointRequest | None


class Learned(NamedTuple):
    """What earlier fits left, and the next one goes on with."""

    network: Network
    history: History
    compile_options: CompileOptions | None
    # What the optimizer remembers, where the network was built anew since.
    optimizer: Sequence[Array] | None


class Trained(NamedTuple):
    """A trained network, and how it came about."""

    plan: TrainingPlan
    network: Network
    loss_floor: float | None
    history: History  # of all fits
    n_epochs: int  # of the last fit
    n_steps: int  # of all fits since the optimizer was new
    best_epoch: int | None  # of the last fit, counted over all
    interruption: BaseException | None


class Watcher(Protocol):
    """Somebody who is told of every epoch."""

    def begins(self) -> None:
        """Take note that an epoch begins."""

    def ends(self, snapshot: Callable[[], Trained]) -> bool:
        """Take note of what was learned until now; return whether to stop."""
