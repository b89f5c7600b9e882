"""Types that many rooms share."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["JSON", "Array", "RawArray", "Transformer"]

Array = NDArray[np.floating]
RawArray = NDArray[np.generic]  # of whatever type it came
JSON = Any  # what json.loads returned: to be checked before use


class Transformer(Protocol):
    """Anything that denoises: an estimator, a Pipeline, a model in ONNX Runtime."""

    def transform(self, X: ArrayLike, /) -> ArrayLike:
        """Return denoised signals."""
