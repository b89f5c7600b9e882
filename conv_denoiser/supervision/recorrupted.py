"""Learning from signals with white noise of a level that can be estimated."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from conv_denoiser.noise.estimates import estimate_noise
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.base import Drawn, Supervision, scaled
from conv_denoiser.supervision.correlation import is_clearly_white
from conv_denoiser.supervision.missing import check_varies, weight_of_present
from conv_denoiser.supervision.signals import Signals

__all__ = ["Recorrupted"]


@dataclass(frozen=True)
class Recorrupted(Supervision):
    """Learn noisy X less fresh noise from noisy X plus the same noise.

    White Gaussian noise of X's own level makes the noise of both independent, so that the best
    guess of the one from the other is the clean signal [1]_. Every point is seen and learned, where
    blind spots hide what they learn.

    References
    ----------
    .. [1] T. Pang, H. Zheng, Y. Quan, H. Ji. "Recorrupted-to-Recorrupted: Unsupervised Deep
       Learning for Image Denoising". CVPR, 2021. doi:10.1109/CVPR46437.2021.00208
    """

    name: ClassVar[str] = "recorrupted"
    target: ClassVar[Literal["X", "y"]] = "X"

    def draw(self, signals: Signals, rng: np.random.Generator, scaling: Scaling) -> Drawn:
        """Add noise to X, and take it off X; gaps do not count."""
        X = signals.X
        level = np.nan_to_num(estimate_noise(X))[:, np.newaxis]
        noise = (level * rng.standard_normal(X.shape)).astype(X.dtype)
        return Drawn(*scaled(X + noise, X - noise, scaling), weight_of_present(X))

    def check(self, signals: Signals) -> list[str]:
        """Raise where all signals are flat; warn where noise is not clearly white."""
        check_varies(signals.X, "supervision='recorrupted' learns from noise")
        if is_clearly_white(signals.X):
            return []
        return [
            "supervision='recorrupted' takes noise to be white, but X is too short to tell, or its "
            "noise can be predicted from sample to sample. If it is not white, choose "
            "supervision='blind_spot', or learn from clean signals and a noise model."
        ]
