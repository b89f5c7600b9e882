"""Warnings that point at the user's line that led to them."""

import sys
import warnings
from collections.abc import Iterable
from types import CodeType, FrameType

__all__ = ["DenoisingWarning", "in_cross_validation", "warn", "warn_once_here"]


class DenoisingWarning(UserWarning):
    """Denoised signals may be worse than they were, or than they could be.

    Examples
    --------
    >>> import warnings
    >>> from conv_denoiser import DenoisingWarning
    >>> warnings.simplefilter("error", DenoisingWarning)  # no doubtful fit goes unnoticed
    """


# Packages between the user's line and the place of a warning.
PASSED_OVER = ("conv_denoiser", "sklearn", "joblib", "tqdm")
# The functions of scikit-learn in which every fit of a search or a cross-validation is made.
CROSS_VALIDATION = ("_fit_and_score", "_fit_and_predict")
# Where `warn_once_here` has warned.
_SAID: set[tuple[int, CodeType, int]] = set()


def warn(messages: str | Iterable[str], category: type[Warning] = UserWarning) -> None:
    """Warn at the first line outside of this library, scikit-learn, joblib and tqdm."""
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


def warn_once_here(message: str, category: type[Warning]) -> None:
    """Warn once for each call by the user, however many fits that makes.

    Filters of Python do so, too, but forget at each change of filters, of which a fit makes many.
    """
    frame = _outside(sys._getframe(1))
    here = (id(frame), frame.f_code, frame.f_lasti)
    if here not in _SAID:
        warn(message, category)
        _SAID.add(here)


def in_cross_validation() -> bool:
    """Tell whether scikit-learn fits clones, of which there may be many."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in CROSS_VALIDATION and _package(frame) == "sklearn":
            return True
        frame = frame.f_back
    return False


def _outside(frame: FrameType) -> FrameType:
    """Return the innermost frame that is in none of the packages passed over, or the outermost."""
    while frame.f_back is not None and _package(frame) in PASSED_OVER:
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
