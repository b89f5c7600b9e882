"""Many recordings by one command: which they are, and what comes of each."""

import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from glob import glob, has_magic
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from conv_denoiser.cli.messages import in_words, one_line
from conv_denoiser.readers.datasets import split_address
from conv_denoiser.readers.formats import FORMATS
from conv_denoiser.readers.recording import suffix_of

__all__ = ["Outcome", "expanded", "outcomes"]

Work = Callable[[str, Path], str]  # from a recording and its target to a line on what was done
# What is not looked for in folders, where it is mostly words.
WORDS = ".txt"


class Outcome(NamedTuple):
    """What came of a recording."""

    source: str
    line: str = ""
    warnings: tuple[str, ...] = ()
    error: str | None = None


def expanded(names: Sequence[str]) -> list[str]:
    """Return recordings in place of folders, and of patterns such as night*.edf."""
    return [source for name in names for source in _recordings(name)]


def _recordings(name: str) -> list[str]:
    file, dataset = split_address(name)
    if file.is_dir():
        inside = (path for path in file.iterdir() if not path.name.startswith("."))
        known = set(FORMATS) - {WORDS}
        found = sorted(str(path) for path in inside if path.is_file() and suffix_of(path) in known)
        if not found:
            raise ValueError(f"The folder {name!r} holds no recordings.")
    elif has_magic(str(file)) and not file.exists():
        found = sorted(glob(str(file), recursive=True))
        if not found:
            raise ValueError(f"No recording is called {name!r}.")
    else:
        return [name]
    return [f"{path}::{dataset}" if dataset else path for path in found]


def outcomes(
    work: Work, sources: Sequence[str], targets: Sequence[Path], jobs: int
) -> Iterator[Outcome]:
    """Yield what comes of each recording, in their order, of which some are worked on at once."""
    if jobs == 1 or len(sources) == 1:
        yield from (_outcome(work, *pair) for pair in zip(sources, targets, strict=True))
        return
    with ProcessPoolExecutor(
        min(jobs, len(sources)), get_context("spawn"), initializer=_begin, initargs=(work,)
    ) as pool:
        futures = [pool.submit(_in_process, *pair) for pair in zip(sources, targets, strict=True)]
        try:
            for source, future in zip(sources, futures, strict=True):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield Outcome(
                        source, error="the process that denoised it, or one beside it, died"
                    )
        except BaseException:
            pool.shutdown(cancel_futures=True)  # those that were begun are finished
            raise


def _outcome(work: Work, source: str, target: Path) -> Outcome:
    """Work on a recording; errors become words."""
    line, error = "", None
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            line = f"{work(source, target)} in {time.perf_counter() - start:.1f} s"
        except Exception as raised:
            error = one_line(raised)
    told = tuple(
        in_words(entry.message) for entry in caught if issubclass(entry.category, UserWarning)
    )
    return Outcome(source, line, told, error)


# What the process works on; set once, as a model takes a while to load.
_WORK: list[Work] = []


def _begin(work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one handles it
    _WORK[:] = [work]


def _in_process(source: str, target: Path) -> Outcome:
    return _outcome(_WORK[0], source, target)
