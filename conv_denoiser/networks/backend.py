"""Keras and TensorFlow, which are imported here first, without what TensorFlow says at its start.

TensorFlow reports its processor, its libraries and missing graphics cards on file descriptor 2,
past Python's streams, and from version 2.21 on whatever ``TF_CPP_MIN_LOG_LEVEL`` says.
"""

import json
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

__all__ = ["keras", "start_devices", "startup_lines_held_back", "tf"]

SEVERITIES = b"IWEF"  # of a line, in the order of TF_CPP_MIN_LOG_LEVEL: 0 shows all
_NVIDIA = ("/dev/nvidiactl", "/proc/driver/nvidia/version")
_SOURCE = rb"^(?:\S+ \S+: )?([IWE])[\d ]*.*?\] ?"
_NEWS = re.compile(
    _SOURCE + rb"(?:oneDNN custom operations are on|This TensorFlow binary is optimized"
    rb"|Unable to register cu\w+ factory|computation placer already registered"
    rb"|Number of eligible GPUs|Starting new session)"
)
# Where there is such a card, these tell why it is not used.
_NO_CARD = re.compile(
    _SOURCE + rb"(?:Could not find cuda drivers|Could not find TensorRT|failed call to cuInit"
    rb"|TF-TRT Warning|Cannot dlopen some GPU libraries"
    rb"|(?:retrieving|hostname|libcuda|kernel|env|verbose|VLOG)[\w ]*(?:CUDA|driver|diagnostic|:))"
)
_REST = (  # lines that belong to those above
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"To enable the following instructions: ",
)
_LOCK = threading.RLock()
_kept: int | None = None  # a duplicate of file descriptor 2 while that leads elsewhere


@contextmanager
def startup_lines_held_back() -> Iterator[None]:
    """Hold back what is written to file descriptor 2; then pass on all but TensorFlow's news.

    What TF_CPP_MIN_LOG_LEVEL asks for is passed on, too. A process that was started with a closed
    standard error has nothing to hold back: another file may have its number.
    """
    global _kept
    with _LOCK:
        if _kept is not None or sys.__stderr__ is None or _least_severity() == 0:
            yield
            return
        try:
            kept, held = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115
        except OSError:  # no such descriptor, or no room
            yield
            return
        with held:
            _flush()
            os.dup2(held.fileno(), 2)
            _kept = kept
            try:
                yield
            finally:
                _flush()
                _put_back()
                held.seek(0)
                _write(b"".join(line for line in held if not _is_news(line)))


def _put_back() -> None:
    global _kept
    if _kept is not None:
        os.dup2(_kept, 2)
        os.close(_kept)
        _kept = None


def _in_forked_process() -> None:
    global _LOCK
    _LOCK = threading.RLock()
    _put_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_process)


def _least_severity() -> int:
    """Return which lines the user asked for; by default those of no severity."""
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    if level is None:
        return len(SEVERITIES)
    return int(level) if level.isdecimal() else 0


def _is_news(line: bytes) -> bool:
    if line.startswith(_REST):
        return True
    news = _NEWS.match(line)
    if news is None and not any(map(os.path.exists, _NVIDIA)):
        news = _NO_CARD.match(line)
    return news is not None and SEVERITIES.index(news[1]) < _least_severity()


def _flush() -> None:
    with suppress(Exception):  # a stream that is closed, full or no file has nothing to pass on
        sys.__stderr__.flush()  # type: ignore[union-attr]


def _write(text: bytes) -> None:
    with suppress(OSError):
        while text:
            text = text[os.write(2, text) :]


def _other_backend() -> str | None:
    """Return the backend that Keras is set to, if it is another than TensorFlow."""
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
    else:
        backend = os.environ.get("KERAS_BACKEND") or _backend_in_settings()
    return None if backend == "tensorflow" else backend


def _backend_in_settings() -> str:
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    try:
        with open(os.path.join(home, "keras.json")) as file:
            return str(json.load(file)["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


_OTHER = _other_backend()
if _OTHER is not None:
    raise RuntimeError(
        f"conv_denoiser computes with TensorFlow, but Keras is set to {_OTHER!r}. Set the "
        "environment variable KERAS_BACKEND=tensorflow before Python starts (which comes before "
        "what keras.json says), or run models that were exported with to_onnx."
    )
with startup_lines_held_back():
    import keras
    import tensorflow as tf


@cache
def start_devices() -> None:
    """Let TensorFlow look for graphics cards; its settings of threads cannot change any more."""
    with startup_lines_held_back():
        tf.config.list_logical_devices()
