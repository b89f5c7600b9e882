"""Messages of the command on standard error."""

import os
import re
import sys

from conv_denoiser.readers.recording import ChannelError, SamplingRateError

__all__ = ["in_words", "one_line", "printable", "say", "show_warning"]

# What a warning or an error advises in Python, and the option that does the same.
OPTIONS = {
    r"supervision=BlindSpot\(width=(\d+)\)": r"--width \1",
    r"put them back: numpy\.where\(.*\)\.": "lower --strength, to 0.3 or so, keeps more of them.",
    "choose it as the column to use": "choose it with --column",
    "channelwise=True": "--channelwise",
}
# The option that helps if a file cannot be read or written.
ADVICE: dict[type[BaseException], str] = {
    ChannelError: "Choose with --column or --channels.",
    SamplingRateError: "Set it with --sampling-rate.",
    ModuleNotFoundError: "(conv-denoiser-light only runs models; conv-denoiser has the rest)",
}


def one_line(error: BaseException) -> str:
    """Return the message of an error in one line, and the option that helps."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {os.fspath(error.filename)!r}"
    text = in_words(f"{error} {ADVICE.get(type(error), '')}")
    expected = isinstance(error, (ValueError, TypeError, OSError, ImportError))
    return text if text and expected else f"{type(error).__name__}: {text}"


def in_words(warning: Warning | str) -> str:
    """Return a warning, or an error, in one line, with the option that helps."""
    text = " ".join(str(warning).split())
    for in_python, option in OPTIONS.items():
        text = re.sub(in_python, option, text)
    return text


def show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning; takes the place of `warnings.showwarning`."""
    say("warning", in_words(message))


def say(kind: str, message: str) -> None:
    """Write one line on standard error."""
    print(f"conv-denoiser: {kind}: {printable(message)}", file=sys.stderr)


def printable(text: str) -> str:
    """Escape what a file could do to a terminal."""
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)
