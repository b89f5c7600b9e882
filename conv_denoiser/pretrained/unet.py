"""The U-Net that an estimator starts from, trained on random signals of every kind."""

from functools import cache
from pathlib import Path

import numpy as np

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._typing import Array
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.networks.weight_shapes import WEIGHT_SHAPES
from conv_denoiser.pretrained.universal import check_shipped

__all__ = ["FILTERS", "KERNEL_SIZE", "UNET_WEIGHTS", "unet_weights"]

# benchmarks/pretrain_unet.py trains it.
UNET_WEIGHTS = Path(__file__).with_name("unet.safetensors")
FILTERS = (12, 24, 48, 48)
KERNEL_SIZE = 5


@cache
def unet_weights() -> tuple[Array, ...]:
    """Read the weights, in the order of the layers; raise ModelFileError if they are damaged."""
    check_shipped(UNET_WEIGHTS)
    _, arrays = read_model_file(UNET_WEIGHTS)
    weights = tuple(arrays[name].astype(np.float32) for name in sorted(arrays))
    shapes = [array.shape for array in weights]
    if shapes != list(WEIGHT_SHAPES["unet"](1, FILTERS, KERNEL_SIZE)):
        raise ModelFileError(f"{str(UNET_WEIGHTS)!r} holds another network.")
    return weights
