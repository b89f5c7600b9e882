"""How many threads TensorFlow may use."""

import os
from contextlib import suppress
from functools import cache

import tensorflow as tf

__all__ = ["check_not_forked", "limit_threads"]


_used_by: set[int] = set()  # processes, of which those forked later have a copy


def check_not_forked() -> None:
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

    joblib sets that variable in its worker processes to the number of cores over the number of
    workers, so that they do not fight for cores. What was set through TensorFlow itself stays; so
    does everything once TensorFlow has started.
    """
    allowed = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if not allowed.isdecimal() or int(allowed) == 0:
        return
    threading, environment = tf.config.threading, os.environ
    intra_is_set = threading.get_intra_op_parallelism_threads() or (
        "TF_NUM_INTRAOP_THREADS" in environment
    )
    inter_is_set = threading.get_inter_op_parallelism_threads() or (
        "TF_NUM_INTEROP_THREADS" in environment
    )
    with suppress(RuntimeError):
        if not intra_is_set:
            threading.set_intra_op_parallelism_threads(int(allowed))
        if not inter_is_set:
            threading.set_inter_op_parallelism_threads(int(allowed))
