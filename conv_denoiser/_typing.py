"""Types that many rooms share."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "RawArray"]

Array = NDArray[np.floating]
RawArray = NDArray[np.generic]  # of whatever type it came
