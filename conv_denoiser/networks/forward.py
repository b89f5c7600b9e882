"""Running a network: one compiled call, in chunks of a fixed number of points."""

from collections.abc import Callable
from functools import cache

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras, tf
from conv_denoiser.networks.tensorflow_process import check_usable, known_settings

__all__ = ["compile_forward"]

# Timesteps of all signals together that go through the network at once. Enough to keep the cores
# busy, few enough that the activations stay in tens of megabytes.
CHUNK_POINTS = 2**15
# Up to this many signals go through the network one by one. Sums of float32 depend, in the last
# bit, on how many signals are computed together; so a few signals give the same bits whatever
# their company, as scikit-learn expects of a transformer.
SINGLE_ROWS = 32


def compile_forward(model: keras.Model) -> Callable[[Array], Array]:
    """Compile a network into a function of arrays (n_signals, n_timesteps, n_channels).

    Sizes are left open in the signature, so it is traced once for all numbers of signals; and it
    leaves out the callbacks and the data pipeline of `keras.Model.predict`, which cost far more
    than the network where signals are few.
    """
    signature = tf.TensorSpec((None, None, model.input_shape[-1]), tf.float32)

    @tf.function(input_signature=[signature], autograph=False)
    def call(x: tf.Tensor) -> tf.Tensor:
        return model(x, training=False)

    @cache
    def concrete() -> Callable[[tf.Tensor], tf.Tensor]:
        """Trace at the first call: loading a denoiser need not wait for it.

        The function for one signature does without a search among signatures at each call.
        """
        with known_settings():
            return call.get_concrete_function()

    def forward(x: Array) -> Array:
        check_usable()
        if x.dtype != np.float32 and np.abs(x).max() > np.finfo(np.float32).max:
            raise ValueError(
                f"The network computes in float32, but X reaches {np.abs(x).max():.3g}. Use a "
                "scaler, or divide the signals by a constant first."
            )
        n_rows = 1 if len(x) <= SINGLE_ROWS else max(1, CHUNK_POINTS // x.shape[1])
        x = np.ascontiguousarray(x, dtype=np.float32)
        run = concrete()
        chunks = [run(tf.constant(x[i : i + n_rows])).numpy() for i in range(0, len(x), n_rows)]
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    return forward
