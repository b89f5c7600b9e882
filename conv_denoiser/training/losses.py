"""Losses: those of Keras by name, callables, and our own."""

from collections.abc import Callable

from conv_denoiser.networks.backend import keras, tf

__all__ = ["GAUSSIAN_NLL", "as_loss", "check_loss_by_point", "is_cross_entropy"]

GAUSSIAN_NLL = "gaussian_nll"


def gaussian_nll(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Return the squared error, plus the negative log likelihood of that error, by timestep.

    The second half of the channels of `y_pred` holds log variances. They learn from errors as they
    are, and signals from the squared error alone: where both learn from the likelihood, signals do
    worse at samples of high variance.
    """
    mean, log_variance = tf.split(y_pred, 2, axis=-1)
    error = tf.square(y_true - mean)
    likelihood = log_variance + tf.stop_gradient(error) * tf.exp(-log_variance)
    return tf.reduce_mean(error + likelihood / 2, axis=-1)


def as_loss(loss: object) -> Callable[..., tf.Tensor]:
    """Return a loss as a function; raise ValueError if it is none."""
    if loss == GAUSSIAN_NLL:
        return gaussian_nll
    try:
        function: Callable[..., tf.Tensor] = keras.losses.get(loss)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Unknown loss {loss!r}. Expected 'auto', 'gaussian_nll', the name of a Keras loss "
            "such as 'binary_crossentropy', 'mean_squared_error', 'mean_absolute_error' or "
            "'huber', or a callable (y_true, y_pred) -> loss."
        ) from error
    return function


def is_cross_entropy(loss: object) -> bool:
    """Tell whether a loss is binary cross-entropy; raise ValueError if it is not a loss."""
    function = as_loss(loss)
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


def check_loss_by_point(loss: object, n_timesteps: int, n_channels: int, reason: str) -> None:
    """Raise ValueError if a function of the user's averages where points must be weighted."""
    function = as_loss(loss)
    if isinstance(function, keras.losses.Loss) or function is gaussian_nll:
        return
    zeros = tf.zeros((2, n_timesteps, n_channels))
    shape = tuple(tf.convert_to_tensor(function(zeros, zeros)).shape)
    if shape != (2, n_timesteps):
        raise ValueError(
            f"{reason}, so the loss must return one value a timestep, of shape (n_signals, "
            f"n_timesteps). {loss!r} returned shape {shape} for {(2, n_timesteps, n_channels)}: "
            "average over the last axis only."
        )
