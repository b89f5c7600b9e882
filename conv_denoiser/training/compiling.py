"""Optimizers and losses: what a network is compiled with."""

from collections.abc import Sequence

from conv_denoiser._checks.numbers import check_number
from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.tensorflow_process import leave_out_all_reduce
from conv_denoiser.training.losses import as_loss
from conv_denoiser.training.plan import CompileOptions

__all__ = ["compile_model", "optimizer_state", "restore_optimizer"]


def compile_model(model: keras.Model, options: CompileOptions) -> None:
    """Compile a model with an optimizer of its own, ready to be traced once."""
    made = _new_optimizer(options.optimizer, options.learning_rate)
    # Variables that come into being while a training step is traced make TensorFlow trace it twice.
    made.build(model.trainable_variables)
    leave_out_all_reduce(made, model)
    model.compile(optimizer=made, loss=as_loss(options.loss))


def optimizer_state(model: keras.Model) -> list[Array]:
    """Return all that the optimizer of a compiled model remembers."""
    return [variable.numpy() for variable in model.optimizer.variables]


def restore_optimizer(model: keras.Model, state: Sequence[Array]) -> None:
    """Let the optimizer of a compiled model remember what `optimizer_state` returned."""
    for variable, value in zip(model.optimizer.variables, state, strict=True):
        variable.assign(value)


def _new_optimizer(optimizer: object, learning_rate: object) -> keras.optimizers.Optimizer:
    """Make an optimizer from a name, or from an instance, which holds the state of one training."""
    if not callable(learning_rate) or isinstance(learning_rate, type):
        try:
            learning_rate = float(check_number("learning_rate", learning_rate, above=0))
        except ValueError as error:
            raise ValueError(
                "learning_rate must be a positive number or a keras learning-rate schedule. Got "
                f"{learning_rate!r}."
            ) from error
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    try:
        found = keras.optimizers.get(optimizer)
    except (ValueError, TypeError):
        found = None
    if found is None:
        raise ValueError(
            f"Unknown optimizer {optimizer!r}. Expected the name of a Keras optimizer such as "
            "'adam' or 'sgd', or an instance of one."
        )
    return type(found)(learning_rate=learning_rate)
