"""How long, in which batches and at which rate to train, where the user leaves it open."""

from typing import TYPE_CHECKING, NamedTuple

from conv_denoiser._checks.numbers import ceil_div, check_count
from conv_denoiser.denoiser.defaults import chosen

if TYPE_CHECKING:
    import keras

    from conv_denoiser.denoiser.estimator import ConvDenoiser

__all__ = ["FINE_TUNING", "FINE_TUNING_NOISY", "FROM_SCRATCH", "Amount", "amount_of_training"]

# From so many signals on, five epochs in batches of 150 are enough, as in the recipe.
MANY_SIGNALS = 15_000
# Fewer signals make smaller batches, and so many epochs as make a number of training steps.
BATCH_SIZE, MAX_EPOCHS = 32, 200


class Pace(NamedTuple):
    """How many steps to train on few signals, and at which rates."""

    n_steps: int
    constant: float  # where the number of epochs is given
    highest: float  # of a rate that falls
    n_epochs: int = 5  # at least


FROM_SCRATCH = Pace(800, 1e-3, 2e-3)
# What was trained before needs less, and shall not forget: after more epochs, patients that were
# held out of the fit come out worse.
FINE_TUNING = Pace(120, 3e-4, 1e-3, n_epochs=3)
# Noisy targets teach less at a time.
FINE_TUNING_NOISY = Pace(150, 3e-4, 5e-4, n_epochs=3)


class Amount(NamedTuple):
    """How much is trained."""

    epochs: int
    batch_size: int
    learning_rate: "float | keras.optimizers.schedules.LearningRateSchedule"
    patience: int | None  # None keeps the weights of the last epoch


def amount_of_training(
    denoiser: "ConvDenoiser",
    n_signals: int,
    pace: Pace = FROM_SCRATCH,
    *,
    validated: bool = False,
    epochs: int | None = None,
) -> Amount:
    """Return how much to train on a number of signals, in `epochs` or as the denoiser says.

    Numbers mean what they say. Where `epochs` is "auto" and signals are few, the rate falls along
    a cosine, and the best epoch is kept if there is validation.
    """
    few = n_signals < MANY_SIGNALS
    batch_size = _count("batch_size", denoiser.batch_size) or (BATCH_SIZE if few else 150)
    n_batches = ceil_div(n_signals, batch_size)
    epochs = epochs or _count("epochs", denoiser.epochs)
    many_epochs = epochs is None and few
    if epochs is None:
        epochs = (
            min(MAX_EPOCHS, max(pace.n_epochs, ceil_div(pace.n_steps, n_batches))) if few else 5
        )
    rate = denoiser.learning_rate
    if _is_auto(rate):
        rate = _falling_rate(pace, epochs * n_batches) if many_epochs else pace.constant
    patience = None
    if _is_auto(denoiser.early_stopping):
        patience = epochs if many_epochs and validated else None
    elif denoiser.early_stopping:
        patience = chosen(denoiser, "patience")
    return Amount(epochs, batch_size, rate, patience)


def _is_auto(value: object) -> bool:
    return isinstance(value, str) and value == "auto"


def _count(name: str, value: int | str) -> int | None:
    """Return a positive integer as plain, and None for "auto"."""
    return None if isinstance(value, str) else check_count(name, value)


def _falling_rate(pace: Pace, n_steps: int) -> "keras.optimizers.schedules.LearningRateSchedule":
    from conv_denoiser.training.schedules import cosine_decay

    return cosine_decay(pace.highest, n_steps, warmup=0.05)
