"""Files of arrays and JSON, in the safetensors format, whose damage is noticed.

Nothing in such a file is executed, imported or unpickled. It is opened once and read, not mapped,
so that it may change meanwhile; the sizes that it announces are checked before memory is taken.
"""

import hashlib
import json
import math
import os
import stat
from collections.abc import Callable, Mapping
from io import BufferedReader
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._atomic import replacing
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._typing import JSON, RawArray

__all__ = [
    "DIGEST",
    "MEANINGLESS",
    "TEXT",
    "Arrays",
    "Shapes",
    "digest_of",
    "read_model_file",
    "write_model_file",
]

Arrays = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]
# Names in the metadata of a file: our JSON text, and a digest of everything in the file.
TEXT = "conv_denoiser"
DIGEST = "sha256"
# Bytes of names, shapes and JSON together, which take 30 times as much memory once parsed.
MAX_HEADER = 2**21
MAX_ARRAYS = 4096
DTYPES = {
    "F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U32": "<u4", "U16": "<u2", "U8": "|u1",
}  # fmt: skip
NO_BLOCKING = getattr(os, "O_NONBLOCK", 0)
# The errors of using values of another kind than those that `save` writes.
MEANINGLESS = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def write_model_file(
    path: str | os.PathLike[str], content: JSON, arrays: Mapping[str, ArrayLike]
) -> None:
    """Write JSON content and arrays to a file, which replaces an older one once it is complete."""
    from safetensors.numpy import save

    whole = {name: _storable(array) for name, array in arrays.items()}
    text = json.dumps(content, allow_nan=False)
    if len(text) > MAX_HEADER // 2:
        raise ValueError(
            f"The parameters and the history take {len(text):,} characters; a file holds up to "
            f"{MAX_HEADER // 2:,}."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(save(whole, {TEXT: text, DIGEST: digest_of(text, whole)}))
        read_model_file(temporary)


def read_model_file(
    path: str | os.PathLike[str], check: Callable[[JSON, Shapes], None] | None = None
) -> tuple[JSON, Arrays]:
    """Return the JSON content and the arrays of a file, or raise ModelFileError.

    `check` sees the content, and the shapes of the arrays, before the arrays are read. A file that
    does not exist, or may not be read, raises OSError.
    """
    name = os.fspath(path)
    if os.path.isdir(path):
        raise IsADirectoryError(f"Cannot read {name!r}: it is a folder.")
    with open(path, "rb", opener=lambda p, flags: os.open(p, flags | NO_BLOCKING)) as file:
        try:
            return _read(file, check)
        except ModelFileError as error:
            raise ModelFileError(f"{name!r} {error}") from error
        except (ArithmeticError, LookupError, MemoryError, RecursionError) as error:
            raise ModelFileError(f"{name!r} was not written by conv_denoiser: {error!r}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"{name!r} is not a safetensors file of ours, or is damaged: {error}"
            ) from error


def _read(
    file: BufferedReader, check: Callable[[JSON, Shapes], None] | None
) -> tuple[JSON, Arrays]:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would block
        raise ModelFileError("is not a regular file.")
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= min(MAX_HEADER, status.st_size - 8):
        raise ValueError(f"of {status.st_size} bytes, its header would have {length}")
    header = _parsed(file.read(length).decode())
    metadata = header.pop("__metadata__")
    text = metadata[TEXT]
    content = _parsed(text)
    entries = _entries(header, status.st_size - 8 - length)
    if check is not None:
        check(content, {name: shape for name, _, shape in entries})
    arrays = {}
    for name, dtype, shape in entries:
        array = np.empty(shape, dtype)
        if file.readinto(array.reshape(-1).view(np.uint8).data) != array.nbytes:
            raise ValueError("it is shorter than it says")
        arrays[name] = array
    if digest_of(text, arrays) != metadata[DIGEST]:
        raise ModelFileError("was changed after it was written: its checksum differs.")
    return content, arrays


def _entries(header: dict[str, JSON], n_bytes: int) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return name, type and shape of the arrays in their order in the file."""
    if len(header) > MAX_ARRAYS:
        raise ValueError(f"it has {len(header)} arrays")
    entries = []
    begin = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype = DTYPES[entry["dtype"]]
        shape = tuple(entry["shape"])
        if not all(type(size) is int and 0 <= size < 2**40 for size in shape) or len(shape) > 8:
            raise ValueError(f"{name!r} has the shape {shape}")
        end = begin + math.prod(shape) * np.dtype(dtype).itemsize
        if entry["data_offsets"] != [begin, end]:
            raise ValueError(f"{name!r} is not where it should be")
        entries.append((name, dtype, shape))
        begin = end
    if begin != n_bytes:
        raise ValueError(f"its arrays have {begin} bytes, but there are {n_bytes}")
    return entries


def _storable(array: ArrayLike) -> RawArray:
    """Return an array of a type that files can hold, float64 in place of others."""
    little = np.asarray(array, order="C")
    little = little.astype(little.dtype.newbyteorder("<"), copy=False)
    return little if little.dtype.str in DTYPES.values() else little.astype("<f8")


def digest_of(text: str, arrays: Mapping[str, RawArray]) -> str:
    """Return a checksum of JSON text and arrays."""
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _parsed(text: str) -> JSON:
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number
