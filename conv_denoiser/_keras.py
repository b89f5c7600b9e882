"""Training of Keras models through scikeras, and the seeds around it.

scikeras is composed here and imported nowhere else.
"""

import copy
import math
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import BaseWrapper

from conv_denoiser._supervision import TrainingBatches

__all__ = ["History", "check_loss_by_point", "is_cross_entropy", "joined", "seeded", "train"]

History = dict[str, list[float]]


class _Wrapper(BaseWrapper):
    """scikeras' wrapper, fed with batches where it expects arrays of scikit-learn's shapes."""

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        return X, y

    def _check_model_compatibility(self, y: Any) -> None:
        """Leave out checks of labels and numbers of outputs."""

    @property
    def feature_encoder(self) -> Any:
        return _Identity()

    target_encoder = feature_encoder


class _Identity:
    def fit(self, X: Any) -> "_Identity":
        return self

    def transform(self, X: Any) -> Any:
        return X


class _StopOnNaN(keras.callbacks.Callback):
    """Raise where the loss is no number any more, before epochs are wasted."""

    def __init__(self, learning_rate: Any) -> None:
        super().__init__()
        self._learning_rate = learning_rate

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise ValueError(
                f"The training loss became {loss} in epoch {epoch + 1}. Try a smaller "
                f"learning_rate (now {self._learning_rate!r}), or a scaler if scaler=None."
            )


def train(
    model: keras.Model,
    batches: TrainingBatches,
    validation: tuple[Any, ...] | None,
    *,
    loss: Any,
    optimizer: Any,
    learning_rate: Any,
    keep_optimizer: bool,
    epochs: int,
    initial_epoch: int,
    patience: int | None,
    callbacks: Sequence[Any] | None,
    verbose: int,
    batch_size: int,
) -> History:
    """Train a model in place and return its history by epoch.

    With `keep_optimizer`, a model that was trained before keeps its optimizer, and so its
    momenta; else it is compiled with what is given here. Ctrl-C ends training
    with a warning; what was learned until then stays in the model. With `patience`, the weights of
    the best epoch are put back at the end.
    """
    stopper = None
    if patience is not None:
        monitor = "loss" if validation is None else "val_loss"
        stopper = keras.callbacks.EarlyStopping(
            monitor, patience=patience, mode="min", restore_best_weights=True
        )
    wrapper = _Wrapper(
        model,
        loss=loss,
        epochs=epochs,
        shuffle=False,  # the batches are shuffled already
        verbose=verbose,
        callbacks=[
            _StopOnNaN(learning_rate),
            *([] if stopper is None else [stopper]),
            *(_fresh_callback(callback) for callback in callbacks or ()),
        ],
        **_optimizer_params(optimizer, learning_rate),
    )
    model.compiled = model.compiled and keep_optimizer
    weights = model.get_weights()
    model.history = None  # that of an earlier fit, if training is interrupted before it starts
    try:
        wrapper.fit(
            _as_dataset(batches, initial_epoch, epochs),
            None,
            initial_epoch=initial_epoch,
            steps_per_epoch=batches.n_batches,
            validation_data=validation,
            validation_batch_size=batch_size,
            batch_size=None,
        )
    except Exception:
        model.set_weights(weights)  # an earlier fit stays what it was
        raise
    except KeyboardInterrupt:
        if stopper is not None and stopper.best_weights is not None:
            model.set_weights(stopper.best_weights)
        n_epochs = len(_history_of(model).get("loss", []))
        warnings.warn(
            f"Training was interrupted after {n_epochs} of {epochs} epochs; the model is "
            "fitted with what it learned until then.",
            UserWarning,
            stacklevel=4,
        )
    return _history_of(model)


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


def _history_of(model: keras.Model) -> History:
    recorded = {} if model.history is None else model.history.history
    return {name: [float(value) for value in values] for name, values in recorded.items()}


def _as_dataset(batches: TrainingBatches, initial_epoch: int, epochs: int) -> tf.data.Dataset:
    """Feed batches to Keras, drawing the next one while the network learns from the last.

    A `keras.utils.PyDataset` would do the same, but runs through `Dataset.from_generator`, with
    which a training step was measured to take twice as long.
    """
    first = batches[0]
    types = [array.dtype for array in first]

    @tf.autograph.experimental.do_not_convert
    def draw(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
        tensors = tf.numpy_function(batches.__getitem__, [number], types)
        for tensor, array in zip(tensors, first, strict=True):
            tensor.set_shape((None, *array.shape[1:]))
        return tuple(tensors)

    start = initial_epoch * batches.n_batches
    numbers = tf.data.Dataset.range(start, start + epochs * batches.n_batches)
    return numbers.map(draw).prefetch(2)


def is_cross_entropy(loss: Any) -> bool:
    """Tell whether a loss is binary cross-entropy; raise ValueError if it is no loss."""
    try:
        function = keras.losses.get(loss)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Unknown loss {loss!r}. Expected 'auto', the name of a Keras loss such as "
            "'binary_crossentropy', 'mean_squared_error', 'mean_absolute_error' or 'huber', or a "
            "callable (y_true, y_pred) -> loss."
        ) from error
    if isinstance(function, keras.losses.BinaryCrossentropy):
        config = function.get_config()
        if config["from_logits"] or config["label_smoothing"]:
            raise ValueError(
                "BinaryCrossentropy is supported without from_logits and label_smoothing: the "
                "network ends in a sigmoid, and the targets are soft already. Got "
                f"from_logits={config['from_logits']}, label_smoothing={config['label_smoothing']}."
            )
        return True
    return function is keras.losses.binary_crossentropy


def check_loss_by_point(loss: Any, n_timesteps: int, n_channels: int) -> None:
    """Raise ValueError if a function of the user's averages where points must be weighted."""
    function = keras.losses.get(loss)
    if isinstance(function, keras.losses.Loss):
        return
    zeros = tf.zeros((2, n_timesteps, n_channels))
    shape = tuple(tf.convert_to_tensor(function(zeros, zeros)).shape)
    if shape != (2, n_timesteps):
        raise ValueError(
            "supervision='blind_spot' counts the loss at hidden points only, so the loss must "
            f"return one value a timestep, of shape (n_signals, n_timesteps). {loss!r} returned "
            f"shape {shape} for {(2, n_timesteps, n_channels)}: average over the last axis only."
        )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras draws initial weights and dropout from; put all back afterwards.

    Layers without a seed of their own take one from Python's `random`. TensorFlow's generators and
    its determinism setting are not touched.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _optimizer_params(optimizer: Any, learning_rate: Any) -> dict[str, Any]:
    """Name scikeras' parameters for an optimizer given by name or as an instance."""
    is_number = isinstance(learning_rate, (int, float, np.number))
    if isinstance(learning_rate, bool) or not (
        (is_number and 0 < learning_rate < np.inf) or callable(learning_rate)
    ):
        raise ValueError(
            "learning_rate must be a positive number or a keras learning-rate schedule. Got "
            f"{learning_rate!r}."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        # Instances hold the state of one training, so each gets its own.
        return {"optimizer": type(optimizer).from_config(optimizer.get_config())}
    try:
        known = keras.optimizers.get(optimizer) is not None
    except (ValueError, TypeError):
        known = False
    if not known:
        raise ValueError(
            f"Unknown optimizer {optimizer!r}. Expected the name of a Keras optimizer such as "
            "'adam' or 'sgd', or an instance of one."
        )
    return {"optimizer": optimizer, "optimizer__learning_rate": learning_rate}


def _fresh_callback(callback: Any) -> keras.callbacks.Callback:
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
