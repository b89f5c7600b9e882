"""Recordings in Excel's xlsx files, which openpyxl reads: a sheet is a table as in text files."""

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from conv_denoiser.readers.csv import header_of, read_table, table_rows
from conv_denoiser.readers.datasets import NAME, split_address
from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.recording import Channels, DatasetError, Recording

__all__ = ["SUFFIX", "read_xlsx", "write_xlsx"]

SUFFIX = ".xlsx"
FILES = "Excel files"
# Sheets are compressed; more than so many times the bytes of a file, past some, are none.
MAX_EXPANSION, SMALL = 200, 2**24
# What a cell says in which a formula failed.
ERRORS = frozenset({"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"})


def read_xlsx(path: Path, channel: Channels = None) -> Recording:
    """Read some columns of a sheet, by name or number, or all that hold signals.

    The first sheet is read, or the one whose name follows two colons. Empty cells, and those of
    formulas that failed, are missing samples.
    """
    file, asked = split_address(path)
    with errors_naming(file, "openpyxl"):
        name, text = _as_text(file, asked)
    return replace(read_table(text, file, channel), dataset=name)


def write_xlsx(path: Path, recording: Recording) -> None:
    """Write one column a channel; what came from such a file keeps other cells, sheets, formats."""
    openpyxl = library("openpyxl", FILES)
    source, samples = recording.source, recording.table()
    if source is None or source.suffix.lower() != SUFFIX or not recording.places:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet(NAME)
        for row in [*header_of(recording), *samples.tolist()]:
            sheet.append([None if cell != cell else cell for cell in row])  # NaN
        book.save(path)
        return
    _, text = _as_text(source, recording.dataset)
    channel = [str(place + 1) for place in recording.places]
    rows = [row for row, _ in table_rows(text, source, channel if len(channel) == 1 else None)]
    if len(rows) != len(samples):
        raise ValueError(f"{source.name} holds {len(rows)} rows. Got {samples.shape}.")
    book = openpyxl.load_workbook(source)
    sheet = book[recording.dataset]
    for row, values in zip(rows, samples, strict=True):
        for place, value in zip(recording.places, values, strict=True):
            if not np.isnan(value):
                sheet.cell(row, place + 1).value = float(value)
    book.save(path)


def _as_text(file: Path, asked: str) -> tuple[str, io.StringIO]:
    """Return the name of a sheet, and its rows as the lines of a text file."""
    _check_size(file)
    book = library("openpyxl", FILES).load_workbook(file, read_only=True, data_only=True)
    try:
        names = [sheet.title for sheet in book.worksheets]
        name = asked or next(iter(names), "")
        if name not in names:
            raise DatasetError(f"{file.name} has no sheet {asked!r}. It has: {', '.join(names)}.")
        rows = [
            list(map(_text, row)) for row in _bounded(book[name].iter_rows(values_only=True), file)
        ]
    finally:
        book.close()
    width = max(map(len, rows), default=0)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    for row in rows:
        writer.writerow(row + [""] * (width - len(row)) if any(row) else [])
    text.seek(0)
    return name, text


def _check_size(file: Path) -> None:
    with zipfile.ZipFile(file) as parts:
        n_bytes = sum(part.file_size for part in parts.infolist())
    if n_bytes > max(SMALL, MAX_EXPANSION * file.stat().st_size):
        raise ValueError(f"it claims to hold {n_bytes} bytes, more than fit")


def _bounded(rows: Iterable[tuple[object, ...]], file: Path) -> Iterable[tuple[object, ...]]:
    """Yield rows, of which there may be no more cells than fit: numbers of rows may be damaged."""
    room = max(SMALL // 16, MAX_EXPANSION * file.stat().st_size)
    for row in rows:
        room -= 1 + len(row)
        if room < 0:
            raise ValueError("it has more cells than fit")
        yield row


def _text(cell: object) -> str:
    """Return a cell as a text file would have it, in one line."""
    if cell is None or cell in ERRORS:
        return ""
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds())
    return " ".join(str(cell).replace(";", ",").split())
