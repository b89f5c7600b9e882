"""Recordings in text files: one sample a line, one channel a column."""

import csv
import gzip
import math
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal, TextIO, cast

import numpy as np

from conv_denoiser._typing import Array, RawArray
from conv_denoiser.readers.columns import only_signals
from conv_denoiser.readers.csv_layout import (
    HEAD,
    MISSING,
    Layout,
    is_comment,
    layout_of,
)
from conv_denoiser.readers.recording import Channels, Recording, is_number, suffix_of
from conv_denoiser.readers.times import as_date, clock_of, seconds_of

__all__ = ["SUFFIXES", "header_of", "read_csv", "read_table", "table_rows", "write_csv"]

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
Row = tuple[int, list[str]]  # number of the line, from 1, and its cells
# Significant digits of what a network computes in float32, and two more.
DIGITS = 9
# Lines that are made at once.
LINES = 10_000


def read_csv(path: Path, channel: Channels = None) -> Recording:
    """Read some columns, by name or number, or all that hold signals.

    Words before the table, comments, a row of units and other columns are passed over; empty cells
    are missing samples, NaN. A column of times tells the sampling rate.
    """
    try:
        with _open(path) as file:
            return read_table(file, path, channel)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{str(path)!r} is not a whole gzip file: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} is not a text file in UTF-8: {error}") from error


def read_table(file: TextIO, path: Path, channel: Channels) -> Recording:
    """Read some columns of an open file, or all that hold signals."""
    layout = _layout(file, path, channel)
    recording = _read(file, path, layout)
    if channel is None and recording.n_channels > 1:
        names = layout.names or tuple(f"column {place + 1}" for place in range(layout.n_columns))
        return only_signals(recording, names, layout.clock)
    return recording


def write_csv(path: Path, recording: Recording) -> None:
    """Write one column a channel; what came from a text file keeps all that was not a sample."""
    source = recording.source
    if source is not None and suffix_of(source) in SUFFIXES and recording.places:
        _rewrite(path, source, recording)
        return
    samples = recording.table()
    delimiter = "\t" if suffix_of(path).startswith(".tsv") else ","
    with _open(path, "w") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerows(header_of(recording))
        for begin in range(0, len(samples), LINES):  # with as few digits as tell their bits
            rows = samples[begin : begin + LINES].astype(str).tolist()
            writer.writerows([cell.removesuffix(".0") for cell in row] for row in rows)


def table_rows(file: TextIO, path: Path, channel: Channels) -> Iterator[Row]:
    """Yield the rows of samples of an open file."""
    layout = _layout(file, path, channel)
    return islice(_rows(file, layout), layout.n_header_rows, None)


def header_of(recording: Recording) -> list[list[str]]:
    """Return a row of names and one of units, as far as they are known and none is a number."""
    names, units = recording.channel_names, recording.units
    if not all(name.strip() and not is_number(name) for name in names or ("",)):
        return []
    return [list(names), *([[f"[{unit}]" for unit in units]] if all(units) and units else [])]


def _layout(file: TextIO, path: Path, channel: Channels) -> Layout:
    lines = ((n, line) for n, line in enumerate(file, 1) if line.strip() and not is_comment(line))
    head = list(islice(lines, HEAD))
    file.seek(0)
    if not head:
        raise ValueError(f"{str(path)!r} holds no samples.")
    return layout_of(head, channel, path.name)


def _read(file: TextIO, path: Path, layout: Layout) -> Recording:
    values = [array("d") for _ in layout.places]
    times: list[str] = []
    for line, cells in islice(_rows(file, layout), layout.n_header_rows, None):
        if len(cells) < layout.n_columns or any(cell.strip() for cell in cells[layout.n_columns :]):
            raise ValueError(
                f"{path.name}, line {line}: {len(cells)} cell(s), where other lines have "
                f"{layout.n_columns}. Fill in what is missing."
            )
        for numbers, place in zip(values, layout.places, strict=True):
            where = f"{path.name}, line {line}, column {place + 1}"
            numbers.append(_parsed(layout.number(cells[place]), where))
        if layout.clock is not None:
            times.append(cells[layout.clock])
    if not values[0]:
        raise ValueError(f"{str(path)!r} holds no samples.")
    samples = np.stack([np.frombuffer(numbers) for numbers in values], axis=1)
    rate, start, time = _clock(times, layout, path.name)
    return Recording(
        samples[:, 0] if len(layout.places) == 1 else samples,
        sampling_rate=rate,
        start_time=start,
        channel_names=tuple(layout.names[place] for place in layout.places if layout.names),
        units=tuple(layout.units[place] for place in layout.places if layout.units),
        source=path,
        places=layout.places,
        time=time,
    )


def _clock(
    times: list[str], layout: Layout, file_name: str
) -> tuple[float | None, datetime | None, Array | None]:
    """Return what a column of times tells: sampling rate, start, and times if they are uneven."""
    if not times or layout.clock is None:
        return None, None, None
    start = as_date(times[0])
    try:
        if start is not None:
            passed = [_seconds_since(start, text) for text in times]
            rate, time = clock_of(passed, 1.0, file_name)
            return rate, start, time
        name, unit = layout.names[layout.clock], "".join(layout.units[layout.clock :][:1])
        numbers = [math.nan if _is_missing(text) else float(layout.number(text)) for text in times]
        rate, time = clock_of(numbers, seconds_of(name, unit), file_name)
        return rate, None, time
    except (TypeError, ValueError):  # not all of them are times
        return None, None, None


def _seconds_since(start: datetime, text: str) -> float:
    if _is_missing(text):
        return math.nan
    return (datetime.fromisoformat(text.strip()) - start).total_seconds()


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _rewrite(path: Path, source: Path, recording: Recording) -> None:
    """Copy a file, with the samples of some columns replaced."""
    samples = recording.table()
    formats = _formats(samples)
    channel = str(recording.places[0] + 1) if len(recording.places) == 1 else None
    with _open(source) as old, _open(path, "w") as new:
        layout = _layout(old, source, channel)
        rows = _rows(old, layout, lambda line: new.write(line.rstrip("\r\n") + "\n"))
        writer = csv.writer(new, delimiter=layout.delimiter or " ", lineterminator="\n")
        for _, cells in islice(rows, layout.n_header_rows):
            writer.writerow(cells)
        try:
            for (_, cells), values in zip(rows, samples, strict=True):
                for place, value, form in zip(recording.places, values, formats, strict=True):
                    if not np.isnan(value):
                        cells[place] = format(value, form).replace(".", layout.decimal)
                writer.writerow(cells)
        except (IndexError, ValueError) as error:
            raise ValueError(f"{str(source)!r} was changed while it was read.") from error


def _parsed(cell: str, place: str) -> float:
    if _is_missing(cell):
        return math.nan
    try:
        number = math.nan if "_" in cell else float(cell)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(
            f"{place}: {cell!r} is not a number. Every sample must be a number, or missing: an "
            "empty cell, NaN or NA."
        )
    if math.isinf(number):
        raise ValueError(
            f"{place}: {cell.strip()!r} is not finite. Leave the cell empty where it is missing."
        )
    return number


def _open(path: Path, mode: Literal["r", "w"] = "r") -> TextIO:
    encoding = "utf-8-sig" if mode == "r" else "utf-8"
    if suffix_of(path).endswith(".gz"):
        return cast(TextIO, gzip.open(path, f"{mode}t", newline="", encoding=encoding))
    return open(path, mode, newline="", encoding=encoding)


def _rows(
    file: TextIO, layout: Layout, pass_over: Callable[[str], object] | None = None
) -> Iterator[Row]:
    """Return the rows of the table that are not blank; other lines are passed to a function."""
    place = 0

    def lines() -> Iterator[str]:
        nonlocal place
        for place, line in enumerate(file, 1):
            if place < layout.first_line or is_comment(line):
                if pass_over is not None:
                    pass_over(line)
            else:
                yield line

    if layout.delimiter is None:
        for line in lines():
            if cells := line.split():
                yield place, cells
        return
    reader = csv.reader(lines(), delimiter=layout.delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield place, cells
    except csv.Error as error:
        raise ValueError(f"{file.name!r}, line {place}: {error}.") from error


def _formats(samples: RawArray) -> list[str]:
    """Return how to write each channel: with enough digits for its changes beside its level."""
    if samples.dtype.kind in "iu":
        return ["d"] * samples.shape[1]
    largest = np.fmax.reduce(np.abs(samples), axis=0)
    span = np.fmax.reduce(samples, axis=0) - np.fmin.reduce(samples, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log10(largest / span)
    flat = span == 0  # as they were
    level = np.ceil(np.where(np.isfinite(level), level, 17 * flat)).clip(0, 17 - DIGITS)
    return [f".{DIGITS + int(digits)}g" for digits in level]
