"""Warnings that point at the user's line that led to them."""

import sys
import warnings
from collections.abc import Iterable
from types import FrameType

__all__ = ["DenoisingWarning", "warn"]


class DenoisingWarning(UserWarning):
    """Denoised signals may be worse than they were, or than they could be.

    Examples
    --------
    >>> import warnings
    >>> from conv_denoiser import DenoisingWarning
    >>> warnings.simplefilter("error", DenoisingWarning)  # no doubtful fit goes unnoticed
    """


# Packages between the user's line and the place of a warning.
PASSED_OVER = ("conv_denoiser", "sklearn", "joblib")


def warn(messages: str | Iterable[str], category: type[Warning] = UserWarning) -> None:
    """Warn at the first line outside of this library, scikit-learn and joblib."""
    if isinstance(messages, str):
        messages = (messages,)
    frame = _outside(sys._getframe(1))
    for message in messages:
        warnings.warn_explicit(
            message,
            category,
            filename=frame.f_code.co_filename,
            lineno=frame.f_lineno,
            module=frame.f_globals.get("__name__"),
            registry=frame.f_globals.setdefault("__warningregistry__", {}),
        )


def _outside(frame: FrameType) -> FrameType:
    """Return the innermost frame that is in none of the packages passed over, or the outermost."""
    while frame.f_back is not None and _package(frame) in PASSED_OVER:
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
