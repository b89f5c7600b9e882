"""The universal model: its files, and the network in them, ready to run."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from conv_denoiser._checks.shipped import read_shipped
from conv_denoiser._typing import Array
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.model_files.onnx_session import open_session

__all__ = [
    "GRAPH",
    "SHA256",
    "WEIGHTS",
    "Run",
    "check_shipped",
    "for_onnx",
    "ready_to_run",
    "universal",
]

WEIGHTS = Path(__file__).with_name("universal.safetensors")
# What ONNX Runtime computes with the weights; benchmarks/universal_graph.py writes it.
GRAPH = WEIGHTS.with_suffix(".onnx")
SHA256 = {
    WEIGHTS.name: "b34b861d1abc6ad75093fa5503b9b188c83cf3d1e9baec14651441ac0bd3249e",
    "unet.safetensors": "7f662545409df94d2684af32ce8a4a0a9c077610456692aadea220372af3991c",
    "unet_small.safetensors": "c4efb114420dc2f9ac1a97419516c86d6872275e0a92b7b83c7f6d653f874db6",
    "ecg.safetensors": "71e5ebe3c689aacdfdbbe67c749c7c3d107c26b10d6e1dddad6de016e968391e",
    "unet.onnx": "08107cd33f4ab6992b9e4dd207b26949873ee97793a135aab14cd67531c7ee92",
    GRAPH.name: "4fa62eb04e540a52670a2ad3bd58fa4f37564eb14f80e8742051dc94bb0ed6da",
}

# The network: from channels, (n, length, channels), to noise and log variance, (n, length, 2).
Run = Callable[[Array], Array]


@cache
def universal() -> Run:
    """Read the network at its first use; raise ModelFileError if it is not the one we shipped."""
    check_shipped(WEIGHTS)
    _, weights = read_model_file(WEIGHTS)
    return ready_to_run(GRAPH, for_onnx(weights), lambda: on_tensorflow(weights))


def ready_to_run(
    graph: Path, weights: Mapping[str, Array], on_tensorflow: Callable[[], Run]
) -> Run:
    """Return a network on ONNX Runtime or, where that is missing, on TensorFlow."""
    try:
        return on_onnxruntime(graph, weights)
    except ImportError as error:
        if find_spec("tensorflow") is None:
            raise ImportError(
                f"denoise needs ONNX Runtime or TensorFlow ({error}). Install one of them: "
                "pip install onnxruntime"
            ) from error
        return on_tensorflow()


def on_onnxruntime(graph: Path, weights: Mapping[str, Array]) -> Run:
    """Return a network as ONNX Runtime runs it; the bits of a row do not depend on others."""
    session = open_session(check_shipped(graph), str(graph), weights=weights)

    def run(channels: Array) -> Array:
        rows = [session.run(None, {"channels": row[np.newaxis]})[0] for row in channels]
        return np.concatenate(rows)

    return run


def on_tensorflow(weights: Mapping[str, Array]) -> Run:
    """Return the network as TensorFlow runs it."""
    from conv_denoiser.networks.forward import compile_forward
    from conv_denoiser.networks.tensorflow_process import known_settings, seeded, start_tensorflow
    from conv_denoiser.networks.universal import build_universal_network

    start_tensorflow()
    with known_settings(), seeded(0):  # initial weights come from the states of the whole process
        model = build_universal_network()
    for variable in model.variables:
        variable.assign(weights[variable.path])
    return compile_forward(model)


def for_onnx(weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the network's weights as ONNX has them: channels first, with a height of 1."""
    return {
        name: array if array.ndim == 1 else np.ascontiguousarray(array.T[:, :, np.newaxis])
        for name, array in weights.items()
    }


def check_shipped(path: Path) -> bytes:
    """Return the content of one of the files here if it is the one we shipped."""
    return read_shipped(path, SHA256[path.name])
