"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ModelFileError", "replacing"]


class ModelFileError(ValueError):
    """A file is no model of ours: another kind of file, damaged, or of an unknown version."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a temporary file, which takes the place of `path` when the block ends.

    It lies in the same folder and keeps the suffix. If the block raises, it is removed, and what
    was at `path` stays.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"Cannot write {str(target)!r}: it is a folder.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {str(target)!r}: there is no such folder.")
    handle, name = tempfile.mkstemp(target.suffix, f".{target.stem}-", target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(_usual_mode())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _usual_mode() -> int:
    """Return the mode of a new file; temporary ones are for their owner only."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
