"""What tests of stores have in common: stores of the working folder, and their denoising."""

import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import denoise, denoise_store

__all__ = [
    "SMOOTHER",
    "WINDOW",
    "assert_denoised",
    "denoise_it",
    "files_in",
    "manifest",
    "slow_smoother",
]

SMOOTHER = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)
WINDOW = {"window": 50, "batch_size": 4}


def assert_denoised(store, array):
    """Assert that a store holds what NumPy gives for an array whose first channel has nothing."""
    with pytest.warns(UserWarning, match="1 of 5 signals have no sample at all"):
        expected = denoise(array.T).T
    assert np.ascontiguousarray(expected).tobytes() == store[:].tobytes()


def denoise_it(denoiser=SMOOTHER, **options):
    return denoise_store(
        "in.zarr", "out.zarr", denoiser, channelwise=True, **{"region": 1, **WINDOW, **options}
    )


def manifest():
    return Path("out.zarr.manifest").read_text().splitlines(keepends=True)


def files_in(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def slow_smoother():
    """Return a denoiser that travels by value, so that workers need not import this file."""

    class Slow:
        def transform(self, X):
            time.sleep(0.1)
            return (X + np.roll(X, 1, axis=1)) / 2

    return Slow()
