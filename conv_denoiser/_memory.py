"""Memory that TensorFlow keeps of networks that nobody uses any more."""

import gc
from contextlib import suppress
from itertools import count

__all__ = ["release_old_networks"]

# A collection takes about 0.2 s, a network's graphs about 10 MB.
NETWORKS_BETWEEN = 4
_networks = count(1)


def release_old_networks() -> None:
    """Free the graphs of old networks; called for each new one, works for every fourth.

    Python's own collection of cyclic garbage comes after about ten networks. TensorFlow never
    empties its cache of kernels, which holds about 1 MB of every function that ever ran; Keras
    clears it in the same way in `keras.utils.clear_session`, and kernels in use come back.
    """
    if next(_networks) % NETWORKS_BETWEEN == 0:
        gc.collect()
        with suppress(ImportError, AttributeError):  # no public name of TensorFlow does this
            from tensorflow.python.eager import context

            context.context().clear_kernel_cache()
