"""Losses of epochs, and what ended them."""

import math
from typing import NamedTuple

from conv_denoiser._checks.warn import warn
from conv_denoiser.training.plan import History

__all__ = ["Training", "joined", "report_end"]


class Training(NamedTuple):
    """What came of a training: its history, and what ended it early."""

    history: History
    interruption: BaseException | None
    n_steps: int = 0


def joined(first: History, second: History) -> History:
    """Join two histories; NaN stands for what one of them did not record."""
    lengths = [len(history.get("loss", [])) for history in (first, second)]
    return {
        name: [
            *first.get(name, [math.nan] * lengths[0]),
            *second.get(name, [math.nan] * lengths[1]),
        ]
        for name in {"loss": None, **first, **second}
    }


def report_end(interruption: BaseException | None, n_epochs: int, n_planned: int) -> None:
    """Raise what ended a training early; of Ctrl-C, say before what is kept."""
    if interruption is None:
        return
    try:
        if isinstance(interruption, KeyboardInterrupt):
            warn(
                f"Training was interrupted after {n_epochs} of {n_planned} epochs; the model is "
                "fitted with what it learned until then."
            )
    finally:  # also where warnings are errors
        raise interruption
