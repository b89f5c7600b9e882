"""The TensorFlow process that networks run in: threads, forks, memory, seeds and its warnings."""

import gc
import logging
import os
import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from typing import TypeVar

import numpy as np

from conv_denoiser._checks.threads import threads_allowed
from conv_denoiser._checks.warn import warn
from conv_denoiser.networks.backend import keras, start_devices, startup_lines_held_back, tf

__all__ = [
    "check_usable",
    "forget_validation",
    "known_settings",
    "leave_out_all_reduce",
    "limit_threads",
    "quiet_training",
    "release_old_networks",
    "seeded",
    "start_tensorflow",
]

T = TypeVar("T")
_SEEDS = threading.RLock()
_SETTINGS = threading.Lock()
_n_needing = 0
_users_settings = "float32", "channels_last"
# A collection takes about 0.2 s, a network's graphs about 10 MB.
NETWORKS_BETWEEN = 4
_networks = count(1)
_used_by: set[int] = set()  # processes, of which those forked later have a copy


def check_usable() -> None:
    """Raise RuntimeError where TensorFlow cannot compute: in a forked process, and in a graph."""
    _check_not_forked()
    if not tf.executing_eagerly():
        raise RuntimeError(
            "TensorFlow builds a graph here, in which a denoiser cannot compute. Call it outside "
            "of tf.Graph and tf.function, without tf.compat.v1.disable_eager_execution()."
        )


def _check_not_forked() -> None:
    """Raise RuntimeError in a process that was forked from one that has used TensorFlow.

    TensorFlow's threads do not live on in the new process, which would wait for them for ever.
    """
    process = os.getpid()
    if not _used_by:
        _used_by.add(process)
    elif process not in _used_by:
        raise RuntimeError(
            "TensorFlow was used before this process was forked, and does not work in it. Start "
            "processes with multiprocessing.get_context('spawn') or 'forkserver', or with joblib's "
            "loky; or use an OnnxDenoiser, which is not hurt by a fork."
        )


@cache
def limit_threads() -> None:
    """Keep TensorFlow to OMP_NUM_THREADS, which it does not read by itself.

    What was set through TensorFlow itself stays; so does everything once TensorFlow has started.
    """
    allowed = threads_allowed()
    if not allowed:
        return
    config, environment = tf.config.threading, os.environ
    intra_is_set = config.get_intra_op_parallelism_threads() or (
        "TF_NUM_INTRAOP_THREADS" in environment
    )
    inter_is_set = config.get_inter_op_parallelism_threads() or (
        "TF_NUM_INTEROP_THREADS" in environment
    )
    with suppress(RuntimeError):
        if not intra_is_set:
            config.set_intra_op_parallelism_threads(allowed)
        if not inter_is_set:
            config.set_inter_op_parallelism_threads(allowed)


def start_tensorflow() -> None:
    """Get this process ready to build networks: with its threads, and without start-up lines."""
    check_usable()
    strategy = tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and not isinstance(strategy, tf.distribute.MirroredStrategy):
        raise RuntimeError(
            f"A denoiser computes on the devices of one machine, and not in the scope of a "
            f"{type(strategy).__name__}. Call it outside of the scope, or in that of a "
            "tf.distribute.MirroredStrategy."
        )
    with startup_lines_held_back():  # settings of threads look for graphics cards as well
        limit_threads()
        start_devices()


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


def leave_out_all_reduce(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> None:
    """Let the optimizer of a model that is on one device not sum its gradients over devices.

    The sum over one replica does nothing, but TensorFlow keeps its gradient function, and by that
    the traced graph of the whole training step (about 10 MB), until the process ends.
    """
    name = "_all_reduce_sum_gradients"
    if model.distribute_strategy.num_replicas_in_sync == 1 and name in dir(optimizer):
        setattr(optimizer, name, _unchanged)


def _unchanged(gradients: T) -> T:
    return gradients


def forget_validation(model: keras.Model) -> None:
    """Let go of the signals that a fit validated on, which Keras keeps for the next one."""
    model._eval_epoch_iterator = None


@contextmanager
def known_settings() -> Iterator[None]:
    """Put Keras' settings at what our networks are made for; put them back afterwards.

    A network must not depend on the process that it is in: on a keras.json with another order of
    axes, or on a policy of mixed precision. Settings of the whole process stay put until the last
    thread that needs them is done; that of the policy belongs to each thread.
    """
    policy = keras.config.dtype_policy()
    _known_settings_needed(+1)
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        _known_settings_needed(-1)


def _known_settings_needed(change: int) -> None:
    global _n_needing, _users_settings
    with _SETTINGS:
        if _n_needing == 0:
            _users_settings = keras.config.floatx(), keras.config.image_data_format()
        _n_needing += change
        floatx, order = _users_settings if _n_needing == 0 else ("float32", "channels_last")
        keras.config.set_floatx(floatx)
        keras.config.set_image_data_format(order)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras draws initial weights and dropout from; put all back afterwards.

    Layers without a seed of their own take one from Python's `random`. TensorFlow's generators and
    its determinism setting are not touched. As these states belong to the whole process, threads
    wait for each other.
    """
    with _SEEDS:
        python_state, numpy_state = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed)
        try:
            with _seeds_of_layers(seed):
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


@contextmanager
def _seeds_of_layers(seed: int) -> Iterator[None]:
    """Let Keras draw seeds of layers from a generator that no other thread draws from.

    In a worker of Dask's other threads draw from Python's `random` at any moment. The seeds are
    those that it would give; no public name of Keras gives it another generator.
    """
    try:
        from keras.src.random import seed_generator

        before = seed_generator.python_random
    except (ImportError, AttributeError):
        yield
        return
    seed_generator.python_random = random.Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = before


@cache
def warn_of_eager_functions() -> None:
    """Say once a process that functions are not compiled."""
    warn(
        "TensorFlow runs its functions eagerly, by which a fit takes many times as long. "
        "tf.config.run_functions_eagerly(False) puts an end to that."
    )


@contextmanager
def quiet_training() -> Iterator[None]:
    """Keep back what TensorFlow says of every fit.

    That function after function is traced: every new network has a training step of its own, which
    is traced once. That the data pipeline does not run eagerly: we say once that the rest does.
    """
    if tf.config.functions_run_eagerly():
        warn_of_eager_functions()

    def is_other(record: logging.LogRecord) -> bool:
        return "tf.function retracing" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_other)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_func")
            yield
    finally:
        logger.removeFilter(is_other)
