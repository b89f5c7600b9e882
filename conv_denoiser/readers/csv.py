"""Recordings in text files: one sample a line, one channel a column."""

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from conv_denoiser._typing import RawArray
from conv_denoiser.readers.recording import Recording, channel_place, is_number

__all__ = ["read_csv", "write_csv"]

Row = tuple[int, list[str]]  # number of the line, from 1, and its cells
# Cells, in small letters, of samples that are missing.
MISSING = {"", "na", "n/a", "nan", "null", "none"}
# Significant digits of what a network computes in float32, and two more.
DIGITS = 9


def read_csv(path: Path, channel: str | None = None) -> Recording:
    """Read one column, by name or number, or all of them."""
    try:
        with _open(path) as file:
            return _read(file, path, channel)
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} is not a text file in UTF-8: {error}") from error


def write_csv(path: Path, recording: Recording) -> None:
    """Write one column a channel; what came from a CSV file keeps its header and other columns."""
    source = recording.source
    if source is not None and source.suffix.lower() == ".csv" and recording.places:
        _rewrite(path, source, recording)
        return
    samples = recording.table()
    np.savetxt(path, samples, fmt=[f"%{form}" for form in _formats(samples)], delimiter=",")


def _read(file: TextIO, path: Path, channel: str | None) -> Recording:
    rows = _rows(file)
    first_rows = list(islice(rows, 2))
    if not first_rows:
        raise ValueError(f"{str(path)!r} holds no samples.")
    first = first_rows[0][1]
    names = [cell.strip() for cell in first]
    places = range(len(first)) if channel is None else [channel_place(channel, names, path.name)]
    header = _has_header([cells for _, cells in first_rows], places)
    values = [array("d") for _ in places]
    for line, cells in chain(first_rows[header:], rows):
        if len(cells) != len(first):
            raise ValueError(
                f"{path.name}, line {line}: {len(cells)} cell(s), where the first line has "
                f"{len(first)}. Fill in what is missing."
            )
        for numbers, place in zip(values, places, strict=True):
            numbers.append(_parsed(cells[place], f"{path.name}, line {line}, column {place + 1}"))
    if not values[0]:
        raise ValueError(f"{str(path)!r} holds no samples.")
    samples = np.stack([np.frombuffer(numbers) for numbers in values], axis=1)
    return Recording(
        samples[:, 0] if len(places) == 1 else samples,
        channel_names=tuple(names[place] for place in places) if header else (),
        source=path,
        places=tuple(places),
    )


def _rewrite(path: Path, source: Path, recording: Recording) -> None:
    """Copy a file, with the samples of some columns replaced."""
    samples = recording.table()
    formats = _formats(samples)
    with _open(source) as old, open(path, "w", newline="", encoding="utf-8") as new:
        rows = _rows(old)
        writer = csv.writer(new, delimiter=_delimiter(old) or " ", lineterminator="\n")
        if recording.channel_names:
            writer.writerow(next(rows)[1])
        try:
            for (_, cells), values in zip(rows, samples, strict=True):
                for place, value, form in zip(recording.places, values, formats, strict=True):
                    if not np.isnan(value):
                        cells[place] = format(value, form)
                writer.writerow(cells)
        except (IndexError, ValueError) as error:
            raise ValueError(f"{str(source)!r} was changed while it was read.") from error


def _has_header(first_rows: list[list[str]], places: Sequence[int]) -> bool:
    """Tell whether the first row holds names.

    It does if no chosen cell is a number, or missing; or if another cell is not a number, but has
    one below it, as in the tables of pandas, whose columns may be named by numbers.
    """
    first, second = first_rows[0], first_rows[-1]
    chosen = [is_number(first[place]) for place in places if not _is_missing(first[place])]
    if not all(chosen):
        return not any(chosen)
    others = set(range(min(len(first), len(second)))) - set(places)
    return any(not is_number(first[place]) and is_number(second[place]) for place in others)


def _parsed(cell: str, place: str) -> float:
    if _is_missing(cell):
        return math.nan
    if not is_number(cell):
        raise ValueError(
            f"{place}: {cell!r} is not a number. Every sample must be a number, with a point, or "
            "missing: an empty cell, NaN or NA."
        )
    number = float(cell)
    if math.isinf(number):
        raise ValueError(
            f"{place}: {cell.strip()!r} is not finite. Leave the cell empty where it is missing."
        )
    return number


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _open(path: Path) -> TextIO:
    return open(path, newline="", encoding="utf-8-sig")


def _rows(file: TextIO) -> Iterator[Row]:
    """Return the rows that are not blank."""
    delimiter = _delimiter(file)
    if delimiter is None:
        return ((number, cells) for number, line in enumerate(file, 1) if (cells := line.split()))
    return _separated(file, delimiter)


def _separated(file: TextIO, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise ValueError(f"{file.name!r}, line {reader.line_num}: {error}.") from error


def _delimiter(file: TextIO) -> str | None:
    """Return what separates cells, judged by the first two lines; None for white space.

    A semicolon or a tab wins over commas, which may then be decimal commas.
    """
    begin = file.tell()
    file.seek(0)
    first_lines = list(islice((line for line in file if line.strip()), 2))
    file.seek(begin)
    for mark in ";\t,":
        if first_lines and mark in first_lines[0]:
            return mark
    fields = [line.split() for line in first_lines]
    several = all(len(cells) > 1 for cells in fields)
    numbers = bool(fields) and len(fields[0]) > 1 and all(map(is_number, fields[0]))
    return None if several or numbers else ","  # a name may have spaces, too


def _formats(samples: RawArray) -> list[str]:
    """Return how to write each channel: with enough digits for its changes beside its level."""
    largest = np.fmax.reduce(np.abs(samples), axis=0)  # passing over NaN
    span = np.fmax.reduce(samples, axis=0) - np.fmin.reduce(samples, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log10(largest / span)
    level = np.ceil(np.where(np.isfinite(level), level, 0)).clip(0, 17 - DIGITS)
    return [f".{DIGITS + int(digits)}g" for digits in level]
