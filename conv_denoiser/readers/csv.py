"""Recordings in text files: one sample a line, one channel a column."""

import csv
import math
from array import array
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "column_number", "read_columns", "rewrite_columns", "write_columns"]

Row = tuple[int, list[str]]  # number of the line, from 1, and its cells
# Significant digits of what a network computes in float32, and two more.
DIGITS = 9


class Columns(NamedTuple):
    """Where in a file the channels stand."""

    places: tuple[int, ...]
    header: tuple[str, ...] = ()


def read_columns(path: Path, column: str | None) -> tuple[NDArray[np.float64], Columns]:
    """Read one column, by name or number, or all of them."""
    with _open(path) as file:
        rows = _rows(file)
        first_rows = list(islice(rows, 2))
        if not first_rows:
            raise ValueError(f"{str(path)!r} holds no samples.")
        first = first_rows[0][1]
        places = _places(first, column, path)
        header = _has_header([cells for _, cells in first_rows], places)
        values = [array("d") for _ in places]
        for line, cells in chain(first_rows[header:], rows):
            if len(cells) != len(first):
                raise ValueError(
                    f"{path.name}, line {line}: {len(cells)} cell(s), where the first line has "
                    f"{len(first)}. Fill in what is missing."
                )
            for numbers, place in zip(values, places, strict=True):
                numbers.append(
                    _parsed(cells[place], f"{path.name}, line {line}, column {place + 1}")
                )
    if not values[0]:
        raise ValueError(f"{str(path)!r} holds no samples.")
    samples = np.stack([np.frombuffer(numbers) for numbers in values], axis=1)
    names = tuple(cell.strip() for cell in first) if header else ()
    return samples[:, 0] if len(places) == 1 else samples, Columns(places, names)


def write_columns(path: Path, samples: NDArray[Any]) -> None:
    """Write one column a channel."""
    samples = samples.reshape(len(samples), -1)
    np.savetxt(path, samples, fmt=[f"%{form}" for form in _formats(samples)], delimiter=",")


def rewrite_columns(path: Path, source: Path, columns: Columns, samples: NDArray[Any]) -> None:
    """Copy a file, with the samples of some columns replaced."""
    samples = samples.reshape(len(samples), -1)
    formats = _formats(samples)
    with _open(source) as old, open(path, "w", newline="", encoding="utf-8") as new:
        rows = _rows(old)
        writer = csv.writer(new, delimiter=_delimiter(old) or " ", lineterminator="\n")
        if columns.header:
            writer.writerow(next(rows)[1])
        try:
            for (_, cells), values in zip(rows, samples, strict=True):
                for place, value, form in zip(columns.places, values, formats, strict=True):
                    cells[place] = format(value, form)
                writer.writerow(cells)
        except (IndexError, ValueError) as error:
            raise ValueError(f"{str(source)!r} was changed while it was read.") from error


def column_number(column: str, n_columns: int, path: Path) -> int:
    """Return the place of a column that is given by its number."""
    if not column.isdecimal() or not 1 <= int(column) <= n_columns:
        raise ValueError(
            f"{str(path)!r} has {n_columns} column(s), numbered from 1. Got --column {column!r}."
        )
    return int(column) - 1


def _places(first_row: list[str], column: str | None, path: Path) -> tuple[int, ...]:
    if column is None:
        return tuple(range(len(first_row)))
    names = [cell.strip() for cell in first_row]
    if column in names and not _is_number(column):
        if names.count(column) > 1:
            raise ValueError(f"{path.name} has several columns named {column!r}. Give a number.")
        return (names.index(column),)
    if not column.isdecimal():
        raise ValueError(
            f"{path.name} has no column named {column!r} in its first line. It has "
            f"{', '.join(map(repr, names))}; numbers count from 1."
        )
    return (column_number(column, len(names), path),)


def _has_header(first_rows: list[list[str]], places: tuple[int, ...]) -> bool:
    """Tell whether the first row holds names.

    It does if none of the chosen cells is a number; or if one of the others is none, but has a
    number below it, as in the tables of pandas, whose columns may be named by numbers.
    """
    first, second = first_rows[0], first_rows[-1]
    chosen = [_is_number(first[place]) for place in places]
    if not all(chosen):
        return not any(chosen)
    others = set(range(min(len(first), len(second)))) - set(places)
    return any(not _is_number(first[place]) and _is_number(second[place]) for place in others)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # which Python takes for a thousands separator


def _parsed(cell: str, place: str) -> float:
    if not _is_number(cell):
        what = f"{cell!r} is not a number" if cell.strip() else "there is nothing"
        raise ValueError(f"{place}: {what}. Every sample must be a number, with a point.")
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"{place}: {cell.strip()!r} is no finite number. Fill gaps first.")
    return number


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
    """Return what separates cells, as the first two lines show; None for white space.

    A semicolon or a tab wins over commas, which may then be decimal ones.
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
    numbers = bool(fields) and len(fields[0]) > 1 and all(map(_is_number, fields[0]))
    return None if several or numbers else ","  # a name may have spaces, too


def _formats(samples: NDArray[Any]) -> list[str]:
    """Return how to write each channel: with the digits that its changes need beside its level."""
    largest, span = np.abs(samples).max(axis=0), np.ptp(samples, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log10(largest / span)
    level = np.ceil(np.where(np.isfinite(level), level, 0)).clip(0, 17 - DIGITS)
    return [f".{DIGITS + int(digits)}g" for digits in level]
