"""Fit a denoiser, with settings that suit most recordings."""

import warnings
from typing import Any

from conv_denoiser._checks.elsewhere import is_lazy
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.supervision import BlindSpot

__all__ = ["fit_denoiser"]

VALIDATION_SPLIT = 0.1


def fit_denoiser(
    X: Any,
    y: Any,
    *,
    architecture: str,
    noise: float | None,
    width: int | None,
    epochs: int | None,
    random_state: int,
    verbose: int,
) -> tuple[ConvDenoiser, KeyboardInterrupt | None]:
    """Fit a denoiser to signals, which may be read while it learns.

    A signal that ends the training is returned beside the denoiser, which keeps what it learned
    until then.
    """
    denoiser = ConvDenoiser(
        architecture,
        noise=noise,
        supervision="auto" if width is None else BlindSpot(width=width),
        epochs=epochs or "auto",
        validation_split=0 if is_lazy(X) or len(X) < 10 else VALIDATION_SPLIT,
        random_state=random_state,
        verbose=verbose,
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Training was interrupted")
            denoiser.fit(X, y)
    except KeyboardInterrupt as error:
        if not hasattr(denoiser, "model_"):
            raise
        return denoiser, error
    return denoiser, None
