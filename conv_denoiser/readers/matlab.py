"""Recordings in MATLAB files: of version 5, which SciPy reads, and 7.3, which are HDF5."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser.readers.datasets import (
    NAME,
    Facts,
    chosen,
    facts_of,
    known_of,
    placed,
    split_address,
)
from conv_denoiser.readers.hdf5 import copy_hdf5, read_hdf5
from conv_denoiser.readers.integers import stored
from conv_denoiser.readers.libraries import errors_naming
from conv_denoiser.readers.matlab_elements import (
    COMPRESSED,
    HEADER,
    LITTLE,
    check_elements,
    end_of,
)
from conv_denoiser.readers.recording import Channels, Recording

__all__ = ["SUFFIX", "read_matlab", "write_matlab"]

SUFFIX = ".mat"
NEW = b"MATLAB 7.3 MAT"
# Where the header of version 5 says what.
SUBSYSTEM, ORDER = slice(116, 124), slice(126, 128)


def read_matlab(path: Path, channel: Channels = None) -> Recording:
    """Read a variable, or one channel of it; fields of structures are named as in EEG/data."""
    file, asked = split_address(path)
    if _is_new(file):
        return read_hdf5(path, channel)
    with errors_naming(file, "SciPy"):
        check_elements(file)
        arrays = dict(_arrays(_loaded(file)))
        signals = {name: array.shape for name, array in arrays.items() if _is_signal(array)}
        name = chosen(signals, asked, file.name)
        array, facts = arrays[name], _facts(arrays, name)
        place, channels = placed(array.shape, facts, channel, file.name)
        samples = array[place.at(slice(None))]
    samples = samples.T if place.turned else samples
    return facts.recording(samples, channels, file, name)


def write_matlab(path: Path, recording: Recording) -> None:
    """Write a variable; what came from a MATLAB file keeps all else, byte by byte in version 5."""
    from scipy.io import savemat

    source = recording.source
    if source is None or source.suffix.lower() != SUFFIX or not recording.dataset:
        known = known_of(recording)
        for name in {"channel_names", "units"} & set(known):
            known[name] = np.array(known[name], dtype=object)  # a cell array
        savemat(path, {NAME: recording.table(), **known})
    elif _is_new(source):
        out = copy_hdf5(path, recording)
        out[:] = recording.samples
        out.flush()
    else:
        path.write_bytes(_rewritten(source, recording))


def _is_new(file: Path) -> bool:
    with open(file, "rb") as opened:
        return opened.read(len(NEW)) == NEW


def _loaded(file: Path) -> dict[str, Any]:
    """Return all variables; numbers have the type that they have in MATLAB."""
    from scipy.io import loadmat

    return {
        name: value
        for name, value in loadmat(file, mat_dtype=True).items()
        if not name.startswith("__")
    }


def _arrays(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of variables, and of fields of structures."""
    for name, value in values.items():
        fields = getattr(value, "dtype", np.dtype(float)).names
        if fields and value.size == 1:
            inner = {field: value.flat[0][field] for field in fields}
            yield from _arrays(inner, f"{prefix}{name}/")
        elif isinstance(value, np.ndarray):
            yield f"{prefix}{name}", value


def _is_signal(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiu" and array.ndim == 2 and array.size > 1


def _facts(arrays: dict[str, np.ndarray], name: str) -> Facts:
    """Return what the variables and fields beside an array say."""
    holder = name.rpartition("/")[0]
    beside = {key: array for key, array in arrays.items() if key.rpartition("/")[0] == holder}
    values = {key.rpartition("/")[2]: array.copy for key, array in beside.items() if key != name}
    return facts_of(arrays[name].shape, values)


def _rewritten(source: Path, recording: Recording) -> bytes:
    """Return a file in which one variable is another, and all bytes else are the same."""
    from scipy.io import savemat, whosmat

    content = source.read_bytes()
    if content[ORDER] != LITTLE:
        raise ValueError(
            f"{source.name} is a MATLAB file of version 4, or of another order of bytes. Choose "
            "another format for the output."
        )
    variable = recording.dataset.partition("/")[0]
    number = [name for name, _, _ in whosmat(source)].index(variable)
    begin = HEADER
    for _ in range(number):
        begin = end_of(content, begin)
    end = end_of(content, begin)
    written = io.BytesIO()
    compressed = struct.unpack_from("<I", content, begin)[0] == COMPRESSED
    value = _changed(source, recording)
    savemat(written, {variable: value}, do_compression=compressed, long_field_names=True)
    element = written.getvalue()[HEADER:]
    header = _moved(content[:HEADER], begin, len(element) - (end - begin))
    return header + content[HEADER:begin] + element + content[end:]


def _changed(source: Path, recording: Recording) -> np.ndarray:
    """Return a variable with denoised samples in it."""
    variables = _loaded(source)
    arrays = dict(_arrays(variables))
    array = arrays[recording.dataset]
    facts = _facts(arrays, recording.dataset)
    place, channels = placed(array.shape, facts, None, source.name)
    if channels != recording.places:
        place = place.of(recording.places)
    samples = np.asarray(recording.samples)
    if samples.shape != place.shape(array.shape):
        expected = place.shape(array.shape)
        raise ValueError(f"{source.name} holds samples of shape {expected}. Got {samples.shape}.")
    samples = stored(samples, array.dtype)
    array[place.at(slice(None))] = samples.T if place.turned else samples  # structures refer to it
    variable: np.ndarray = variables[recording.dataset.partition("/")[0]]
    return variable


def _moved(header: bytes, begin: int, by: int) -> bytes:
    """Return a header that says where the subsystem's data are, if there are any."""
    (place,) = struct.unpack("<Q", header[SUBSYSTEM])
    if header[SUBSYSTEM] == b" " * 8 or place <= begin:
        return header
    return header[: SUBSYSTEM.start] + struct.pack("<Q", place + by) + header[SUBSYSTEM.stop :]
