"""scikeras, which is composed here and imported nowhere else."""

from collections.abc import Sequence

from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras, tf

# isort: split
from scikeras.wrappers import BaseWrapper

__all__ = ["run_epochs"]


def run_epochs(
    model: keras.Model,
    dataset: tf.data.Dataset,
    *,
    initial_epoch: int,
    n_epochs: int,
    n_batches: int,
    batch_size: int,
    validation: tuple[Array, ...] | None,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """Train a compiled model in place, on shuffled batches."""
    wrapper = _Wrapper(
        model, epochs=n_epochs, shuffle=False, verbose=verbose, callbacks=list(callbacks)
    )
    wrapper.fit(
        dataset,
        None,
        initial_epoch=initial_epoch,
        steps_per_epoch=n_batches,
        validation_data=validation,
        validation_batch_size=batch_size,
        batch_size=None,
    )


class _Wrapper(BaseWrapper):
    """scikeras' wrapper, fed with batches where it expects arrays of scikit-learn's shapes."""

    def _validate_data(
        self, X: object = None, y: object = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[object, object]:
        return X, y

    def _check_model_compatibility(self, y: object) -> None:
        """Leave out checks of labels and numbers of outputs."""

    @property
    def feature_encoder(self) -> "_Identity":
        return _Identity()

    target_encoder = feature_encoder


class _Identity:
    def fit(self, X: object) -> "_Identity":
        return self

    def transform(self, X: object) -> object:
        return X
