"""What a shell may do to a command: close its streams, stop reading them, or send signals."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, NoReturn, TextIO, cast

__all__ = ["Stopped", "lasting", "open_closed_descriptors", "signals_raised", "silence"]

Redirection = AbstractContextManager[object]  # such as contextlib.redirect_stdout


class Stopped(KeyboardInterrupt):
    """A signal that ends the command, and what came of the work."""

    def __init__(self, number: int, outcome: str = "nothing was written") -> None:
        super().__init__(outcome)
        self.number = number

    @classmethod
    def of(cls, interruption: KeyboardInterrupt, outcome: str | None = None) -> "Stopped":
        """Return an interruption of any kind, with its number, and another outcome if given."""
        stopped = interruption if isinstance(interruption, Stopped) else cls(signal.SIGINT)
        return stopped if outcome is None else cls(stopped.number, outcome)


class _LastingStream:
    """A text stream that takes everything, also when nobody reads it and when a disk is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self.write(text.encode("ascii", "backslashreplace").decode())
        except (OSError, ValueError):  # a closed stream raises ValueError
            silence(self._stream)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            silence(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def silence(stream: TextIO) -> None:
    """Lead a stream of the process to the null device, so that what it holds back can leave."""
    with suppress(OSError, ValueError):
        if stream.fileno() in (1, 2):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
            stream.flush()


def open_closed_descriptors() -> None:
    """Open the null device as standard input, output and error where these are closed.

    The next file to be opened would get the free descriptor, and all that is printed.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which gets the lowest descriptor that is free


@contextmanager
def lasting(redirect: Callable[[TextIO], Redirection], stream: TextIO | None) -> Iterator[None]:
    """Let nothing that is printed on a stream end the work; it may be closed, or missing."""
    with ExitStack() as stack:
        if stream is None or stream.closed:
            stream = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        lasting_stream = cast(TextIO, _LastingStream(stream))
        stack.enter_context(redirect(lasting_stream))
        try:
            yield
        finally:
            lasting_stream.flush()


@contextmanager
def signals_raised() -> Iterator[None]:
    """Raise `Stopped` on SIGTERM and SIGHUP, as Python raises KeyboardInterrupt on Ctrl-C.

    A signal that the parent process has set to be ignored, as nohup does, or that a host program
    handles, is left alone.
    """

    def stop(number: int, _: object) -> NoReturn:
        if number == getattr(signal, "SIGHUP", None):
            signal.signal(number, signal.SIG_IGN)  # a terminal that closes may send several
        raise Stopped(number)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
