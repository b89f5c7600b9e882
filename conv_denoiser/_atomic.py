"""Files that are written whole or not at all."""

import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["check_target", "remove_leftovers", "replacing"]

TEMPORARY = ".tmp"


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return where `path` leads, or raise OSError if no file can be written there."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"Cannot write {os.fspath(path)!r}: it is a folder.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {os.fspath(path)!r}: there is no such folder.")
    return target


def remove_leftovers(target: Path) -> None:
    """Remove what processes that were killed while they wrote `target` have left."""
    for path in target.parent.glob(f".{glob.escape(target.name[:100])}.*{TEMPORARY}"):
        path.unlink(missing_ok=True)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a new file, which takes the place of `path` when the block ends.

    It lies in the same folder, with a suffix of its own. If the block raises, it is removed, and
    what was at `path` stays.
    """
    target = check_target(path)
    temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}{TEMPORARY}")
    try:
        temporary.touch(exist_ok=False)
        if target.exists():
            shutil.copymode(target, temporary)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
