"""Small U-Nets: what an estimator starts from, and what it learned of real signals."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._typing import Array
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.networks.weight_shapes import WEIGHT_SHAPES
from conv_denoiser.pretrained.universal import Run, check_shipped, for_onnx, ready_to_run

__all__ = [
    "FILTERS",
    "KERNEL_SIZE",
    "UNET_GRAPH",
    "UNET_WEIGHTS",
    "named_for_onnx",
    "ready_unet",
    "unet_weights",
]

# By what `ConvDenoiser` calls them as `architecture` and `init`; benchmarks/pretrain_unet.py and
# pretrain_ecg.py train them.
UNET_WEIGHTS = {
    ("unet", "pretrained"): Path(__file__).with_name("unet.safetensors"),
    ("unet-small", "pretrained"): Path(__file__).with_name("unet_small.safetensors"),
    ("unet", "ecg"): Path(__file__).with_name("ecg.safetensors"),
}
# What ONNX Runtime computes with the weights; benchmarks/universal_graph.py writes it.
UNET_GRAPH = Path(__file__).with_name("unet.onnx")
FILTERS = {"unet": (12, 24, 48, 48), "unet-small": (8, 16, 32, 32)}
KERNEL_SIZE = 5


@cache
def unet_weights(init: str = "pretrained", architecture: str = "unet") -> tuple[Array, ...]:
    """Read the weights, in the order of the layers; raise ModelFileError if they are damaged."""
    path = UNET_WEIGHTS[architecture, init]
    check_shipped(path)
    _, arrays = read_model_file(path)
    weights = tuple(arrays[name].astype(np.float32) for name in sorted(arrays))
    shapes = [array.shape for array in weights]
    if shapes != list(WEIGHT_SHAPES[architecture](1, FILTERS[architecture], KERNEL_SIZE)):
        raise ModelFileError(f"{str(path)!r} holds another network.")
    return weights


@cache
def ready_unet(init: str) -> Run:
    """Return the network: from scaled signals (n, length, 1) to denoised ones."""
    weights = unet_weights(init)
    return ready_to_run(UNET_GRAPH, named_for_onnx(weights), lambda: _on_tensorflow(weights))


def named_for_onnx(weights: tuple[Array, ...]) -> dict[str, Array]:
    """Return weights as ONNX has them, under the names of the layers in the graph."""
    names = [f"{layer}/{part}" for layer in _layers() for part in ("kernel", "bias")]
    return for_onnx(dict(zip(names, weights, strict=True)))


def _layers() -> Iterator[str]:
    """Yield names of the convolutions, in the order of the network."""
    levels = range(len(FILTERS["unet"]))
    steps = (*(f"down{n}" for n in levels), "lowest", *(f"up{n}" for n in levels[-2::-1]))
    for step in steps:
        if step != "lowest":
            yield step
        yield from (f"{step}_block_1", f"{step}_block_2")
    yield "last"


def _on_tensorflow(weights: tuple[Array, ...]) -> Run:
    from conv_denoiser.networks.forward import compile_forward
    from conv_denoiser.networks.spec import NetworkSpec

    spec = NetworkSpec("unet", 1, FILTERS["unet"], KERNEL_SIZE, None, "linear", predicts_noise=True)
    model = spec.build()
    model.set_weights(weights)
    return compile_forward(model)
