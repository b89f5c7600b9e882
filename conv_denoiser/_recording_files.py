"""Recordings in files: npy, csv and wav."""

import csv
import math
import os
import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["SUFFIXES", "Recording", "check_suffix", "read_recording", "write_recording"]

SUFFIXES = (".npy", ".csv", ".wav")
# Digits that float32 results have, and two more.
CSV_FORMAT = ".9g"


class Recording(NamedTuple):
    """Samples of a file, and what is known of them."""

    path: Path
    samples: NDArray[Any]  # (n_timesteps,) or (n_timesteps, n_channels)
    sampling_rate: float | None = None
    columns: tuple[int, ...] = ()  # of a CSV file: where the channels stand
    names: tuple[str, ...] = ()  # of a CSV file with a header: names of all its columns


def check_suffix(path: str | os.PathLike[str], suffixes: Iterable[str], what: str) -> str:
    """Return the suffix of a path in lower case; raise ValueError if it is none of `suffixes`."""
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise ValueError(f"{what} must end in {', '.join(suffixes)}. Got {os.fspath(path)!r}.")
    return suffix


def read_recording(path: str | os.PathLike[str], column: str | None = None) -> Recording:
    """Read a recording, or one channel of it.

    `column` is a number, from 1 on, or a name in the first line of a CSV file.
    """
    path = Path(path)
    reader = _READERS[check_suffix(path, SUFFIXES, "A recording")]
    try:
        return reader(path, column)
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} is no text file in UTF-8: {error}") from error


def write_recording(path: Path, suffix: str, denoised: NDArray[Any], source: Recording) -> None:
    """Write a denoised recording in the format of `suffix`.

    What came from a CSV file keeps its header and its other columns in one.
    """
    if suffix == ".npy":
        np.save(path, denoised)
    elif suffix == ".wav":
        _write_wav(path, denoised, source)
    elif source.columns:
        _rewrite_csv(path, denoised, source)
    else:
        np.savetxt(path, denoised, fmt=f"%{CSV_FORMAT}", delimiter=",")


def _read_npy(path: Path, column: str | None) -> Recording:
    try:
        samples = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f"{str(path)!r} is no npy file of numbers: {error}") from error
    return Recording(path, _channel(samples, column, path))


def _read_wav(path: Path, column: str | None) -> Recording:
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks that hold no samples
        try:
            try:
                rate, samples = wavfile.read(path, mmap=True)
            except ValueError:  # samples of three bytes cannot be mapped
                rate, samples = wavfile.read(path)
        except FileNotFoundError:
            raise
        except Exception as error:  # damaged files make it stumble in many ways
            raise ValueError(
                f"{str(path)!r} is no wav file that SciPy can read: {error}"
            ) from error
    return Recording(path, _channel(samples, column, path), float(rate))


def _channel(samples: NDArray[Any], column: str | None, path: Path) -> NDArray[Any]:
    if column is None:
        return samples
    n_channels = samples.shape[1] if samples.ndim == 2 else 1
    index = _number(column, n_channels, path)
    return samples[:, index] if samples.ndim == 2 else samples


def _number(column: str, n_columns: int, path: Path) -> int:
    if not column.isdecimal() or not 1 <= int(column) <= n_columns:
        raise ValueError(
            f"{str(path)!r} has {n_columns} column(s), numbered from 1. Got --column {column!r}."
        )
    return int(column) - 1


def _read_csv(path: Path, column: str | None) -> Recording:
    names: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    values: list[array[float]] = []
    n_cells = 0
    with _open_csv(path) as file:
        for line, row in _rows(file):
            if not values:
                n_cells = len(row)
                columns = _columns(row, column, path)
                values = [array("d") for _ in columns]
                if any(_is_text(row[index]) for index in columns):
                    names = tuple(cell.strip() for cell in row)
                    continue
            if len(row) != n_cells:
                raise ValueError(
                    f"{path.name}, line {line}: {len(row)} cell(s), where the first line has "
                    f"{n_cells}. Fill in what is missing."
                )
            for numbers, index in zip(values, columns, strict=True):
                numbers.append(_parsed(row[index], f"{path.name}, line {line}, column {index + 1}"))
    if not values or not values[0]:
        raise ValueError(f"{str(path)!r} holds no samples.")
    samples = np.stack([np.frombuffer(numbers) for numbers in values], axis=1)
    return Recording(path, samples[:, 0] if len(columns) == 1 else samples, None, columns, names)


def _columns(first_row: list[str], column: str | None, path: Path) -> tuple[int, ...]:
    """Return the places of the columns to read."""
    if column is None:
        return tuple(range(len(first_row)))
    names = [cell.strip() for cell in first_row]
    if column in names and _is_text(column):
        return (names.index(column),)
    if not column.isdecimal():
        raise ValueError(
            f"{path.name} has no column named {column!r} in its first line. It has "
            f"{', '.join(map(repr, names))}; numbers count from 1."
        )
    return (_number(column, len(names), path),)


def _is_text(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return bool(cell.strip())
    return False


def _parsed(cell: str, place: str) -> float:
    try:
        number = float(cell)
    except ValueError as error:
        what = f"{cell!r} is not a number" if cell.strip() else "there is nothing"
        raise ValueError(f"{place}: {what}. Every sample must be a number.") from error
    if not math.isfinite(number):
        raise ValueError(f"{place}: {cell.strip()!r} is no finite number. Fill gaps first.")
    return number


def _open_csv(path: Path) -> TextIO:
    return open(path, newline="", encoding="utf-8-sig")


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line that is not blank."""
    delimiter = _delimiter(file)
    if delimiter is None:
        yield from ((n, cells) for n, line in enumerate(file, 1) if (cells := line.split()))
        return
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"{file.name!r}, line {reader.line_num}: {error}.") from error


def _delimiter(file: TextIO) -> str | None:
    """Return what separates cells, as the first line shows; None for white space."""
    first = next((line for line in file if line.strip()), "")
    file.seek(0)
    counts = {mark: first.count(mark) for mark in ",;\t"}
    most = max(counts, key=lambda mark: counts[mark])
    if counts[most]:
        return most
    return None if " " in first.strip() else ","


def _rewrite_csv(path: Path, denoised: NDArray[Any], source: Recording) -> None:
    """Copy the source, with the samples replaced."""
    samples = denoised.reshape(len(denoised), -1)
    with _open_csv(source.path) as old, open(path, "w", newline="", encoding="utf-8") as new:
        delimiter = _delimiter(old) or " "
        writer = csv.writer(new, delimiter=delimiter, lineterminator="\n")
        rows = _rows(old)
        if source.names:
            writer.writerow(next(rows)[1])
        for (_, row), values in zip(rows, samples, strict=True):
            for index, value in zip(source.columns, values, strict=True):
                row[index] = format(value, CSV_FORMAT)
            writer.writerow(row)


def _write_wav(path: Path, denoised: NDArray[Any], source: Recording) -> None:
    from scipy.io import wavfile

    if source.sampling_rate is None:
        raise ValueError("A wav file needs the number of samples a second: --sampling-rate.")
    if source.path.suffix.lower() == ".wav" and source.samples.dtype.kind in "iu":
        limits = np.iinfo(source.samples.dtype)
        rounded = np.rint(denoised).clip(limits.min, limits.max).astype(source.samples.dtype)
    else:
        rounded = denoised.astype(np.float32)
    wavfile.write(path, round(source.sampling_rate), rounded)


_READERS: dict[str, Callable[[Path, str | None], Recording]] = {
    ".npy": _read_npy,
    ".csv": _read_csv,
    ".wav": _read_wav,
}
