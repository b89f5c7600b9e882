"""The universal model: its file, and the network in it, ready to run."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conv_denoiser._typing import Array
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.model_files.errors import ModelFileError

__all__ = ["Universal", "universal"]

FILE = Path(__file__).with_name("universal.safetensors")
SHA256 = "cc831158fb8ed940b61677e181dc19a68786d7d184bd46947810bbcf40715def"


class Universal(NamedTuple):
    """The network, from channels to noise and log variance, and the weights of the level's."""

    run: Callable[[Array], Array]
    weights: dict[str, Array]


@cache
def universal() -> Universal:
    """Read the model at its first use; raise ModelFileError if it is not the one we shipped."""
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    if digest != SHA256:
        raise ModelFileError(
            f"{str(FILE)!r} is damaged: its SHA-256 is {digest[:12]}..., not {SHA256[:12]}.... "
            "Install conv-denoiser again."
        )
    _, weights = read_model_file(FILE)
    from conv_denoiser.networks.forward import compile_forward
    from conv_denoiser.networks.tensorflow_process import seeded, start_tensorflow
    from conv_denoiser.networks.universal import build_universal_network

    start_tensorflow()
    with seeded(0):  # initial weights come from the states of the whole process
        model = build_universal_network()
    for variable in model.variables:
        variable.assign(weights[variable.path])
    return Universal(compile_forward(model), weights)
