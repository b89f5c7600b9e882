"""What the lines and columns of a text file hold: words about it, names, units, samples."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from conv_denoiser.readers.columns import MIN_RISING
from conv_denoiser.readers.recording import Channels, channel_places, is_number
from conv_denoiser.readers.times import as_date, is_time

__all__ = ["MISSING", "Layout", "is_comment", "layout_of", "split"]

# So many lines tell the layout of a file.
HEAD = 200
COMMENTS = ("#", "%")
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--"})
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
UNITS = r"[\[(].*[\])]|[µumnkM]?([VAgsTWm]|Hz|Pa|bar|m/s\^?[2²]?|rad/s)|°?C|deg|%|a\.?u\.?|"
UNIT = re.compile(rf"\s*({UNITS})\s*")


class Layout(NamedTuple):
    """Where the table of a file is, and what its columns hold."""

    delimiter: str | None  # None for white space
    first_line: int  # of the table, its names included; counted from 1
    n_header_rows: int
    n_columns: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    places: tuple[int, ...]  # of the columns to read
    decimal: str
    clock: int | None = None  # the column of times

    def number(self, cell: str) -> str:
        """Return a cell with a decimal point."""
        return cell if self.decimal == "." else cell.replace(",", ".")

    def is_number(self, cell: str) -> bool:
        """Tell whether a cell holds a number."""
        return is_number(self.number(cell))


def is_comment(line: str) -> bool:
    """Tell whether a line is there for people to read."""
    return line.lstrip().startswith(COMMENTS)


def split(line: str, delimiter: str | None) -> list[str]:
    """Return the cells of a line that stands for itself."""
    return line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter), [])


def layout_of(head: Sequence[tuple[int, str]], channel: Channels, file_name: str) -> Layout:
    """Tell the layout of a file by its first lines, with their numbers; none is blank."""
    delimiter = _delimiter([line for _, line in head])
    rows = [split(line, delimiter) for _, line in head]
    n_columns = Counter(_n_filled(cells) for cells in rows).most_common(1)[0][0]
    rows = [cells + [""] * (n_columns - len(cells)) for cells in rows]
    decimal = "," if delimiter != "," and _has_decimal_commas(rows) else "."
    layout = Layout(delimiter, 1, 0, n_columns, (), (), tuple(range(n_columns)), decimal)
    fits = [_n_filled(cells) <= n_columns and len(cells) >= n_columns for cells in rows]
    start = next(i for i, cells in enumerate(rows) if _n_filled(cells) == n_columns)
    raw = [split(line, delimiter) for _, line in head[:start]]
    if any(_holds_samples(cells, layout) for cells in rows[:start]) or (
        any(len(cells) == n_columns and _holds_samples(cells, layout, True) for cells in raw)
    ):
        start = 0  # rows of other lengths are no words
    chosen = _numeric_columns(rows[len(rows) // 2 :], layout)
    if channel is not None:
        chosen = _places(rows[start:], channel, file_name)
    layout = layout._replace(places=chosen)
    data = start
    while data < len(rows) and fits[data] and _is_header(rows[data : data + 2], layout):
        data += 1
    header = rows[start:data]
    n_units = int(len(header) > 1 and all(UNIT.fullmatch(cell) for cell in header[-1]))
    n_names = int(bool(header))
    first = data - n_names - n_units if header else start
    names = tuple(cell.strip() for cell in rows[first][:n_columns]) if header else ()
    units = tuple(cell.strip(" []()") for cell in header[-1][:n_columns]) if n_units else ()
    _refuse_decimal_commas(rows[data:], layout, bool(header), file_name)
    return layout._replace(
        first_line=head[first][0],
        n_header_rows=n_names + n_units,
        names=names,
        units=units,
        clock=_clock(names, rows[data] if data < len(rows) else [], chosen),
    )


def _clock(names: tuple[str, ...], cells: list[str], chosen: tuple[int, ...]) -> int | None:
    """Return the column of times: dates, or numbers under a name that says so."""
    dates = (place for place, cell in enumerate(cells) if as_date(cell) is not None)
    named = (place for place, name in enumerate(names) if is_time(name))
    place = next(chain(dates, named), None)
    return None if chosen == (place,) else place


def _holds_samples(cells: list[str], layout: Layout, or_missing: bool = False) -> bool:
    """Tell whether all cells are numbers, or some numbers and the others missing."""
    known = [cell for cell in cells if not (or_missing and cell.strip().lower() in MISSING)]
    return bool(known) and all(map(layout.is_number, known))


def _places(rows: list[list[str]], channels: Channels, file_name: str) -> tuple[int, ...]:
    """Return where columns are, by their numbers, or names in the first row that has one."""
    names = [[cell.strip() for cell in row] for row in rows]
    asked = (channels,) if isinstance(channels, str) else channels or ()
    row = next((row for row in names if set(asked) & set(row)), names[0])
    return channel_places(channels, row, file_name)


def _n_filled(cells: list[str]) -> int:
    """Return the number of cells without the empty ones at the end."""
    return max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    cells = [cell for row in rows[len(rows) // 2 :] for cell in row]
    return any(map(DECIMAL_COMMA.fullmatch, cells)) and not any(
        is_number(cell) and "." in cell for cell in cells
    )


def _refuse_decimal_commas(
    rows: list[list[str]], layout: Layout, has_header: bool, file_name: str
) -> None:
    """Raise ValueError where one number with a decimal comma looks like two columns."""
    if has_header or layout.delimiter != "," or layout.n_columns != 2 or len(rows) < MIN_RISING:
        return
    cells = [(row[0].strip().lstrip("+-"), row[1].strip()) for row in rows]
    if not all(whole.isdecimal() and part.isdecimal() for whole, part in cells):
        return
    if all(len(part) == 1 for _, part in cells) or any(
        part.startswith("0") and len(part) > 1 for _, part in cells
    ):
        raise ValueError(
            f"{file_name} has two whole numbers in each line, such as {','.join(rows[0])!r}. If "
            "each line is one number with a decimal comma, write decimal points; if there are two "
            "columns, write their names in a first line."
        )


def _numeric_columns(rows: list[list[str]], layout: Layout) -> tuple[int, ...]:
    """Return the columns that hold numbers in most rows, or all where none does."""

    def share(place: int) -> float:
        return float(np.mean([layout.is_number(row[place]) for row in rows]))

    numeric = tuple(place for place in layout.places if share(place) >= 0.5)
    return numeric or layout.places


def _is_header(rows: list[list[str]], layout: Layout) -> bool:
    """Tell whether the first of two rows holds names or units.

    It does if no chosen cell is a number, or missing; or if another cell is not a number, but has
    one below it, as in the tables of pandas, whose columns may be named by numbers.
    """
    first, second = rows[0], rows[-1]
    cells = [first[place] for place in layout.places]
    chosen = [layout.is_number(cell) for cell in cells if cell.strip().lower() not in MISSING]
    if not all(chosen):
        return not any(chosen)
    others = set(range(min(len(first), len(second)))) - set(layout.places)
    return any(not is_number(first[place]) and is_number(second[place]) for place in others)


def _delimiter(lines: Sequence[str]) -> str | None:
    """Return what separates cells in the last lines of some, or in the first; None for white space.

    A semicolon or a tab wins over commas, which may then be decimal commas.
    """
    last_lines = lines[-2:]
    for mark in ";\t,":
        if mark in last_lines[0]:
            return mark
    fields = [line.split() for line in last_lines]
    several = all(len(cells) > 1 for cells in fields)
    numbers = len(fields[0]) > 1 and all(map(is_number, fields[0]))
    return None if several or numbers else ","  # a name may have spaces, too
