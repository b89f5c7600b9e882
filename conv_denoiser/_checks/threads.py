"""How many threads this process may use."""

import os

__all__ = ["threads_allowed"]


def threads_allowed() -> int:
    """Return OMP_NUM_THREADS, or 0 where it does not say.

    joblib sets that variable in its worker processes to the number of cores over the number of
    workers, so that they do not fight for cores. TensorFlow and ONNX Runtime do not read it.
    """
    allowed = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(allowed) if allowed.isdecimal() else 0
