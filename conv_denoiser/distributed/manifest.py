"""Manifests: which regions of a store are done, so that work that was cut short goes on.

A manifest is a text file. Each line is a checksum, a space and JSON; the first says what work it
is, each other one that a region is done, and a checksum of its samples, noisy and denoised. A line
that was not written to its end has a wrong checksum, and does not count.
"""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Manifest"]

# What a denoiser makes of the same samples differs by rounding from one machine to another.
TOLERANCE = 1e-3


class Manifest:
    """What is done of some work, by region.

    Parameters
    ----------
    path : Path
        The file, which is begun if there is none.
    work : dict
        What the work is, as JSON can hold it. "probe", numbers that the denoiser gives, need be
        equal up to rounding alone.

    Raises
    ------
    ValueError
        If the file is of other work, or is no manifest.
    """

    def __init__(self, path: Path, work: dict[str, Any]) -> None:
        self.path = path
        self.done: dict[tuple[int, int], str] = {}
        lines = path.read_bytes().splitlines() if path.exists() else []
        if not lines:
            path.write_bytes(_line(work))
            return
        known = _content(lines[0])
        if known is None:
            raise ValueError(f"{str(path)!r} is no manifest, or is damaged. Remove or rename it.")
        changed = [name for name in work if not _agree(name, known.get(name), work[name])]
        if changed:
            described = ", ".join(
                f"{name} was {known.get(name)!r} and is {work[name]!r}"
                if name != "probe"
                else "the denoiser is another one"
                for name in changed
            )
            raise ValueError(
                f"{str(path)!r} is of other work: {described}. Choose another target, or remove "
                "the manifest and the store beside it."
            )
        for line in lines[1:]:
            if (region := _content(line)) is not None:
                self.done[region["begin"], region["end"]] = region["sha256"]

    def add(self, begin: int, end: int, digest: str) -> None:
        """Note that a region is done, on the disk."""
        self.done[begin, end] = digest
        with open(self.path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
            region = {"begin": begin, "end": end, "sha256": digest}
            file.write(b"\n" * torn + _line(region))
            file.flush()
            os.fsync(file.fileno())


def _line(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True).encode()
    return _checksum(text) + b" " + text + b"\n"


def _content(line: bytes) -> Any:
    """Return what a line says, or None where it is not whole."""
    checksum, _, text = line.partition(b" ")
    return json.loads(text) if checksum == _checksum(text) else None


def _checksum(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:16].encode()


def _agree(name: str, known: Any, value: Any) -> bool:
    if name != "probe" or known is None or value is None:
        return bool(known == value)
    return len(known) == len(value) and np.allclose(known, value, rtol=TOLERANCE, atol=TOLERANCE)
