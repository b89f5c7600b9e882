"""Recordings on standard input and output, in CSV or raw samples."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conv_denoiser.cli.shell import silence

__all__ = ["is_pipe", "piped"]

PIPE = "-"
INPUT, OUTPUT = "stdin", "stdout"


def is_pipe(path: str | Path) -> bool:
    """Tell whether a path stands for standard input or output."""
    return str(path) == PIPE


@contextmanager
def piped(source: str, target: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    """Give files that end in a suffix for standard input and output, or the paths as they are."""
    if not is_pipe(source) and not is_pipe(target):
        yield source, target
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{INPUT}.{suffix}")
        if is_pipe(source):
            with open(file, "wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
        written = Path(folder, f"{OUTPUT}.{suffix}")
        yield str(file) if is_pipe(source) else source, written if is_pipe(target) else target
        if is_pipe(target):
            _print(written)


def _print(file: Path) -> None:
    try:
        sys.stdout.flush()
        with open(file, "rb") as content:  # UTF-8, whatever the terminal writes
            shutil.copyfileobj(content, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads the output has had enough of it
        silence(sys.stdout)
