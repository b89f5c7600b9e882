"""Files that are written whole or not at all."""

import errno
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # on Windows, where files that are open cannot be removed anyway
    fcntl = None  # type: ignore[assignment]

__all__ = ["check_target", "remove_leftovers", "replacing"]

# Errors of writing to a full disk, which do not name the file.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return where `path` leads, or raise OSError if no file can be written there."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"Cannot write {os.fspath(path)!r}: it is a folder.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {os.fspath(path)!r}: there is no such folder.")
    return target


def remove_leftovers(target: Path) -> None:
    """Remove the temporary files of processes that were killed while they wrote `target`.

    A process that is alive holds a lock on its file.
    """
    if fcntl is None:
        return
    stem, ending = map(glob.escape, (_stem(target), _ending(target)))
    for path in target.parent.glob(_temporary_name(stem, "[0-9a-f]" * 32, ending)):
        with suppress(OSError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a new file, which replaces `path` when the block ends.

    The new file is in the same folder, and its name ends alike. If the block raises, it is removed,
    and `path` stays as it was. Files that were left by earlier writes of `path` are removed, too.
    """
    target = check_target(path)
    remove_leftovers(target)
    temporary, lock = _locked_temporary(target, path)
    try:
        with _errors_naming(path, temporary):
            if target.exists():
                shutil.copymode(target, temporary)
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            if fcntl is None:
                lock.close()
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        lock.close()


def _locked_temporary(target: Path, path: str | os.PathLike[str]) -> tuple[Path, BinaryIO]:
    """Create a file beside `target`; return its path, and a file that holds the lock on it."""
    while True:
        name = _temporary_name(_stem(target), uuid.uuid4().hex, _ending(target))
        temporary = target.with_name(name)
        with _errors_naming(path, temporary):
            lock = open(temporary, "xb")  # noqa: SIM115
        with suppress(OSError):  # not all file systems have locks
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, lock
        lock.close()  # it was taken for a leftover in the moment before it was locked


@contextmanager
def _errors_naming(path: str | os.PathLike[str], temporary: Path) -> Iterator[None]:
    """Make errors of writing name `path`, not the temporary file."""
    try:
        yield
    except OSError as error:
        is_ours = str(error.filename) == str(temporary)
        if is_ours or (error.filename is None and error.errno in NO_ROOM):
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise


def _temporary_name(stem: str, unique: str, ending: str) -> str:
    return f".{stem}.{unique}.tmp{ending}"


def _stem(target: Path) -> str:
    """Return the beginning of a name, which leaves room for more within 255 bytes."""
    return target.name[:50]


def _ending(target: Path) -> str:
    """Return what tells the format of a file: its last two suffixes, unless they are long."""
    return "".join(suffix for suffix in target.suffixes[-2:] if len(suffix) < 10)
