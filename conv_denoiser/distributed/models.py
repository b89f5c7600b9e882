"""Denoisers on their way to other processes: sent once, opened once, and shared by threads."""

import os
import pickle
import platform
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

__all__ = ["Shipped"]

_OPENING = threading.Lock()


@dataclass(frozen=True)
class Shipped:
    """A denoiser as bytes, which stay the same however often it is sent.

    Dask sends it to each worker process once, as it is a key of the graph. There it is opened by
    whichever task needs it first.

    Parameters
    ----------
    digest : str
        SHA-256 of the content.
    content : bytes
        The pickled denoiser.
    """

    digest: str
    content: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, denoiser: Any) -> Self:
        """Pack a denoiser: as it is now, whatever becomes of it later."""
        import cloudpickle  # which Dask needs, and which takes along functions of scripts

        content = cloudpickle.dumps(denoiser)
        return cls(sha256(content).hexdigest(), content)

    def open(self) -> Any:
        """Return the denoiser, the same one for all threads of this process.

        Raise ImportError where this process lacks a package that the denoiser needs.
        """
        with _OPENING:
            return _opened(self)


@lru_cache(maxsize=4)
def _opened(shipped: Shipped) -> Any:
    try:
        return pickle.loads(shipped.content)
    except ImportError as error:
        raise ImportError(
            f"The worker process {os.getpid()} on {platform.node()!r} cannot open the denoiser: "
            f"{error}. All workers need what the denoiser needs; retire those that lack it."
        ) from error
