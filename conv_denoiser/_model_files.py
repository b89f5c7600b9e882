"""Files of arrays and JSON, in the safetensors format, that say when they were damaged.

Nothing in such a file is executed, imported or unpickled. Sizes are checked before memory is taken.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._files import ModelFileError, replacing

__all__ = ["DIGEST", "TEXT", "digest_of", "read_model_file", "write_model_file"]

Arrays = dict[str, NDArray[Any]]
# Names in the metadata of a file: of our JSON text, and of a digest of all that the file says.
TEXT, DIGEST = "conv_denoiser", "sha256"
# Bytes of names, shapes and JSON together; those of safetensors alone would be 100 MB.
MAX_HEADER = 2**23
DTYPES = {"F32", "F64", "I64", "I32", "I16", "I8", "U32", "U16", "U8"}


def write_model_file(path: str | os.PathLike[str], content: Any, arrays: Mapping[str, Any]) -> None:
    """Write JSON content and arrays to a file, which replaces an older one when it is whole."""
    from safetensors.numpy import save

    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(content, allow_nan=False)
    if len(text) > MAX_HEADER // 2:
        raise ValueError(
            f"The parameters and the history take {len(text):,} characters; a file holds up to "
            f"{MAX_HEADER // 2:,}."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(save(whole, {TEXT: text, DIGEST: digest_of(text, whole)}))


def read_model_file(path: str | os.PathLike[str]) -> tuple[Any, Arrays]:
    """Return the JSON content and the arrays of a file, or raise ModelFileError.

    A file that is not there, or may not be read, raises OSError.
    """
    from safetensors import SafetensorError, safe_open

    _check_size(path)
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            kinds = {file.get_slice(name).get_dtype() for name in names}
            if not kinds <= DTYPES:
                raise ModelFileError(f"{os.fspath(path)!r} holds numbers of types {kinds}.")
            arrays = {name: file.get_tensor(name) for name in names}
        text, digest = metadata[TEXT], metadata[DIGEST]
        if digest_of(text, arrays) != digest:
            raise ModelFileError(
                f"{os.fspath(path)!r} was changed after it was written: its checksum is another."
            )
        return json.loads(text, parse_constant=_refuse), arrays
    except ModelFileError:
        raise
    except KeyError as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} was not written by conv_denoiser: it lacks {error}."
        ) from error
    except (SafetensorError, ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} is no safetensors file, or a damaged one: {error}"
        ) from error


def _check_size(path: str | os.PathLike[str]) -> None:
    """Raise ModelFileError where a file cannot hold the header that it announces."""
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"Cannot read {os.fspath(path)!r}: it is a folder.")
    if not stat.S_ISREG(status.st_mode):  # a pipe would keep the reader waiting
        raise ModelFileError(f"{os.fspath(path)!r} is no regular file.")
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= min(MAX_HEADER, status.st_size - 8):
        raise ModelFileError(
            f"{os.fspath(path)!r} is no safetensors file of ours: of {status.st_size} bytes, "
            f"{length} would be its header, which has up to {MAX_HEADER}."
        )


def digest_of(text: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
