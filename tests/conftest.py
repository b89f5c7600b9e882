import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["MPLBACKEND"] = "Agg"

import numpy as np
import pytest

from conv_denoiser import ConvDenoiser, SignalGenerator


def small_denoiser(**params):
    """Return a denoiser that fits in about a second."""
    defaults = {"filters": (4,), "epochs": 1, "batch_size": 16, "random_state": 0}
    return ConvDenoiser(**{**defaults, **params})


def small_unet(**params):
    """Return a U-Net that fits in a few seconds."""
    defaults = {"filters": (8, 16), "kernel_size": 5, "learning_rate": 0.003, "batch_size": 16}
    return small_denoiser(architecture="unet", **{**defaults, **params})


@pytest.fixture(scope="session")
def parabolas():
    """Noisy and clean signals of the recipe, (60, 150)."""
    return SignalGenerator(random_state=0).sample(60, return_X_y=True)


@pytest.fixture(scope="session")
def two_channels():
    """Noisy and clean signals of shape (40, 64, 2)."""
    generators = [SignalGenerator("sine", n_timesteps=64, random_state=seed) for seed in (0, 1)]
    pairs = [generator.sample(40, return_X_y=True) for generator in generators]
    noisy, clean = (np.stack(arrays, axis=-1) for arrays in zip(*pairs, strict=True))
    return noisy, clean


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
