"""The universal model: its files, and the network in them, ready to run."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.model_files.errors import ModelFileError
from conv_denoiser.model_files.onnx_session import open_session
from conv_denoiser.pretrained.level import level_of

__all__ = ["GRAPH", "WEIGHTS", "Universal", "for_onnx", "noise_level", "universal"]

WEIGHTS = Path(__file__).with_name("universal.safetensors")
# What ONNX Runtime computes with the weights; benchmarks/universal_graph.py writes it.
GRAPH = WEIGHTS.with_suffix(".onnx")
SHA256 = {
    WEIGHTS.name: "cc831158fb8ed940b61677e181dc19a68786d7d184bd46947810bbcf40715def",
    "unet.safetensors": "766bf67e477e4f5ceb714268806ee0f83c094062327978eb238e638f0f9c235c",
    GRAPH.name: "8844b693265dfac0b63eb9cd08b9b67551fad21584264f9db3ce709d0147af68",
}

Run = Callable[[Array], Array]  # (n, length, channels) to (n, length, 2)


class Universal(NamedTuple):
    """The network, from channels to noise and log variance, and the weights of the level's."""

    run: Run
    weights: dict[str, Array]


@cache
def shipped_weights() -> dict[str, Array]:
    """Read the weights of the network and of the level's; raise ModelFileError if damaged."""
    check_shipped(WEIGHTS)
    _, weights = read_model_file(WEIGHTS)
    return weights


def noise_level(rows: Array) -> Array:
    """Estimate the level of the white noise in finite signals (n_signals, n_timesteps)."""
    return level_of(rows, shipped_weights())


@cache
def universal() -> Universal:
    """Read the model at its first use; raise ModelFileError if it is not the one we shipped."""
    weights = shipped_weights()
    try:
        run = on_onnxruntime(weights)
    except ImportError as error:
        if find_spec("tensorflow") is None:
            raise ImportError(
                f"denoise needs ONNX Runtime or TensorFlow ({error}). Install one of them: "
                "pip install onnxruntime"
            ) from error
        run = on_tensorflow(weights)
    return Universal(run, weights)


def on_onnxruntime(weights: Mapping[str, Array]) -> Run:
    """Return the network as ONNX Runtime runs it; the bits of a row do not depend on others."""
    session = open_session(check_shipped(GRAPH), str(GRAPH), weights=for_onnx(weights))

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
        if not name.startswith("level/")
    }


def check_shipped(path: Path) -> bytes:
    """Return the content of a file if it is the one we shipped."""
    content = path.read_bytes()
    digest, expected = hashlib.sha256(content).hexdigest(), SHA256[path.name]
    if digest != expected:
        raise ModelFileError(
            f"{str(path)!r} is damaged: its SHA-256 is {digest[:12]}..., not {expected[:12]}.... "
            "Install conv-denoiser again."
        )
    return content
