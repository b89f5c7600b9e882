"""The libraries that parse files: imported when they are needed, and what their errors become."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from conv_denoiser.readers.recording import ChannelError, DatasetError

__all__ = ["MAX_EXPANSION", "errors_naming", "library"]

# Compressed samples take so many times the bytes of their file at most.
MAX_EXPANSION = 2000


def library(name: str, files: str, extra: str = "files") -> Any:
    """Import a library of an extra; say what needs it if it is missing."""
    try:
        with warnings.catch_warnings():  # of what it imports, which is its own affair
            warnings.simplefilter("ignore", DeprecationWarning)
            return import_module(name)
    except (ImportError, OSError) as error:  # a shared library may be missing, too
        raise ImportError(
            f"{files} need {name} ({error}). Install it with: pip install 'conv-denoiser[{extra}]'"
        ) from error


@contextmanager
def errors_naming(path: Path, name: str) -> Iterator[None]:
    """Make errors of a library that reads a file one ValueError, which names both.

    Damaged files make libraries stumble in many ways.
    """
    path.stat()  # a file that is not there is another error
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder.")
    try:
        yield
    except (PermissionError, ChannelError, DatasetError, ImportError):
        raise
    except Exception as error:
        what = f"{error}" or type(error).__name__
        raise ValueError(f"{name} cannot read {str(path)!r}: {what}") from error
