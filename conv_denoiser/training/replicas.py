"""Batches for several devices that learn together, in the scope of a `MirroredStrategy`."""

from typing import NamedTuple, Self

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras, tf

__all__ = ["Replicas", "n_steps"]


class Replicas(NamedTuple):
    """Devices that share each batch; one that got no rows of it would fail."""

    number: int

    @classmethod
    def of(cls, model: keras.Model) -> Self:
        """Return those that a model was built for."""
        return cls(model.distribute_strategy.num_replicas_in_sync)

    def multiple(self, n_rows: int) -> int:
        """Return the next number of rows of which all get as many."""
        return ceil_div(n_rows, self.number) * self.number

    def evened(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Fill up batches by their first rows."""
        if self.number == 1:
            return dataset

        def filled(*batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
            n_rows = tf.shape(batch[0])[0]
            rows = tf.range(-(-n_rows // self.number) * self.number) % n_rows
            return tuple(tf.gather(tensor, rows) for tensor in batch)

        return dataset.map(filled)

    def evened_arrays(self, arrays: tuple[Array, ...] | None) -> tuple[Array, ...] | None:
        """Fill up arrays by their first rows."""
        if arrays is None or self.number == 1:
            return arrays
        rows = np.arange(self.multiple(len(arrays[0]))) % len(arrays[0])
        return tuple(array[rows] for array in arrays)


def n_steps(model: keras.Model) -> int:
    """Return how many steps the optimizer of a model made."""
    return int(model.optimizer.iterations.numpy())
