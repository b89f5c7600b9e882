"""ONNX Runtime, imported here alone: without telemetry, and with as many threads as allowed."""

import os
from collections.abc import Mapping
from typing import Any

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._checks.threads import threads_allowed
from conv_denoiser._typing import Array

__all__ = ["open_session"]


def open_session(
    model: bytes,
    name: str,
    n_threads: int | None = None,
    weights: Mapping[str, Array] | None = None,
) -> Any:
    """Return a session that runs a model on processors.

    Parameters
    ----------
    model : bytes
        Content of an ONNX file.
    name : str
        Name of the file, for errors.
    n_threads : int, default=None
        Threads of one call; None takes as many as OMP_NUM_THREADS says, or as there are cores.
    weights : mapping of str to ndarray, default=None
        Initializers that the model takes from outside.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    ImportError
        If onnxruntime is not installed.
    ModelFileError
        If the model is damaged.
    """
    # Else its import writes an identity of this device and events into the user's cache folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads_allowed() if n_threads is None else n_threads
    # Threads that wait for work by looking for it would keep a core busy between two calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # errors are raised, not printed as well
    try:
        if weights:
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(w) for w in weights.values()]
            options.add_external_initializers(list(weights), values)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common class of errors
        raise ModelFileError(f"{name!r} is not an ONNX file, or is damaged: {error}") from error
