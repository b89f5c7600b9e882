"""Batches on their way to Keras."""

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import tf
from conv_denoiser.supervision.batches import TrainingBatches

__all__ = ["BatchFeed"]


class BatchFeed:
    """Feeds batches to Keras, drawing the next one while the network learns from the last.

    TensorFlow's graphs live on for a while after a fit: once the feed is closed, they keep no
    signals. A `keras.utils.PyDataset` would do the same, but runs through
    `Dataset.from_generator`, with which a training step was measured to take twice as long.
    """

    def __init__(self, batches: TrainingBatches) -> None:
        self._batches: TrainingBatches | None = batches
        self._empty = tuple(array[:0].copy() for array in batches[0])

    def dataset(self, initial_epoch: int, n_epochs: int) -> tf.data.Dataset:
        """Return the batches of some epochs."""

        @tf.autograph.experimental.do_not_convert
        def draw(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
            types = [array.dtype for array in self._empty]
            tensors = tf.numpy_function(self._draw, [number], types)
            for tensor, array in zip(tensors, self._empty, strict=True):
                tensor.set_shape((None, *array.shape[1:]))
            return tuple(tensors)

        assert self._batches is not None
        n_batches = self._batches.n_batches
        start = initial_epoch * n_batches
        numbers = tf.data.Dataset.range(start, start + n_epochs * n_batches)
        return numbers.map(draw).prefetch(2)

    def close(self) -> None:
        """Let go of the signals; batches that are still asked for are empty."""
        self._batches = None

    def _draw(self, number: np.int64) -> tuple[Array, ...]:
        batches = self._batches
        return self._empty if batches is None else batches[int(number)]
