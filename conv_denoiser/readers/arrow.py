"""Recordings in Parquet, Feather and Arrow files, which pyarrow reads: a channel a column."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.readers.columns import only_signals
from conv_denoiser.readers.integers import stored
from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.recording import ChannelError, Channels, Recording, channel_places
from conv_denoiser.readers.times import clock_of, is_time, seconds_of

if TYPE_CHECKING:
    import pyarrow

__all__ = ["SUFFIXES", "read_arrow", "write_arrow"]

PARQUET = (".parquet",)
SUFFIXES = (*PARQUET, ".feather", ".arrow")
FILES = "Parquet, Feather and Arrow files"
# What pandas calls an index without a name, or one of names that are not texts.
INDEX = "__index_level_"


def read_arrow(path: Path, channel: Channels = None) -> Recording:
    """Read one column, by name or number, or all that hold signals; null is missing, NaN.

    A column of times, which may be the index of pandas, tells the sampling rate.
    """
    with errors_naming(path, "pyarrow"):
        table = _loaded(path)
        names = list(table.column_names)
        places = channel_places(channel, names, path.name)
        if channel is None:
            places = _numeric(table)
        if not places or table.num_rows == 0:
            raise ChannelError(f"{path.name} holds no column of numbers.")
        samples = np.stack([_numbers(table, place) for place in places], axis=1)
        named = (n for n, field in enumerate(table.schema) if is_time(field.name))
        clock = next(named, None)
        rate, start, time = _clock(table, places if channel is not None else (), path.name)
    recording = Recording(
        samples[:, 0] if len(places) == 1 else samples,
        rate,
        tuple(names[place] for place in places),
        start_time=start,
        source=path,
        places=places,
        time=time,
    )
    return only_signals(recording, names, clock) if len(places) > 1 else recording


def write_arrow(path: Path, recording: Recording) -> None:
    """Write a table; what came from such a file keeps its other columns, types and metadata."""
    pyarrow = library("pyarrow", FILES)
    source = recording.source
    is_ours = source is not None and source.suffix.lower() in SUFFIXES and recording.places
    if source is None or not is_ours:
        columns = recording.table().T
        names = recording.channel_names or [f"signal_{n}" for n in range(1, len(columns) + 1)]
        _write(path, pyarrow.table(list(columns), names=list(names)), None)
        return
    table = _loaded(source)
    if table.num_rows != len(recording.samples):
        raise ValueError(
            f"{source.name} holds {table.num_rows} rows. Got {recording.samples.shape}."
        )
    for place, samples in zip(recording.places, recording.table().T, strict=True):
        field = table.schema.field(place)
        table = table.set_column(place, field, _column(samples, field))
    _write(path, table, source)


def _loaded(path: Path) -> "pyarrow.Table":
    if path.suffix.lower() in PARQUET:
        return library("pyarrow.parquet", FILES).ParquetFile(path).read()
    return library("pyarrow.feather", FILES).read_table(path, memory_map=False)


def _write(path: Path, table: "pyarrow.Table", source: Path | None) -> None:
    """Write a table, compressed and divided as the file that it came from."""
    if path.suffix.lower() not in PARQUET:
        compression = "uncompressed" if path.suffix.lower() == ".arrow" else None
        library("pyarrow.feather", FILES).write_feather(table, path, compression=compression)
        return
    parquet = library("pyarrow.parquet", FILES)
    options: dict[str, Any] = {}
    if source is not None and source.suffix.lower() in PARQUET:
        group = parquet.ParquetFile(source).metadata.row_group(0)
        options = {"row_group_size": group.num_rows, "compression": group.column(0).compression}
    parquet.write_table(table, path, **options)


def _numeric(table: "pyarrow.Table") -> tuple[int, ...]:
    """Return the columns of numbers, without the index of pandas."""
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    return tuple(
        place
        for place, field in enumerate(table.schema)
        if _is_number(field) and field.name not in index and not field.name.startswith(INDEX)
    )


def _is_number(field: "pyarrow.Field") -> bool:
    types = library("pyarrow", FILES).types
    return bool(types.is_integer(field.type) or types.is_floating(field.type))


def _numbers(table: "pyarrow.Table", place: int) -> Array:
    """Return a column in floats."""
    if not _is_number(table.schema.field(place)):
        raise ChannelError(f"Column {table.column_names[place]!r} does not hold numbers.")
    numbers: Array = table.column(place).to_numpy().astype(np.float64)
    return numbers


def _column(samples: Array, field: "pyarrow.Field") -> "pyarrow.Array":
    """Return samples in the type of a column; where they are missing, integers are null."""
    pyarrow = library("pyarrow", FILES)
    dtype = np.dtype(field.type.to_pandas_dtype())
    missing = np.isnan(samples) if dtype.kind in "iu" and field.nullable else None
    whole = samples if missing is None else np.where(missing, 0, samples)
    return pyarrow.array(stored(whole, dtype), field.type, mask=missing)


def _clock(
    table: "pyarrow.Table", chosen: Sequence[int], file_name: str
) -> tuple[float | None, datetime | None, Array | None]:
    """Return what a column of times tells: sampling rate, start, and times if they are uneven."""
    types = library("pyarrow", FILES).types
    for place, field in enumerate(table.schema):
        if place in chosen:
            continue
        if types.is_timestamp(field.type) and table.column(place).null_count == 0:
            times = table.column(place).to_numpy().astype("datetime64[ns]")
            passed = (times - times[0]) / np.timedelta64(1, "s")
            rate, uneven = clock_of(passed, 1.0, file_name)
            return rate, times[0].astype("datetime64[us]").item(), uneven
        if is_time(field.name) and _is_number(field):
            rate, uneven = clock_of(_numbers(table, place), seconds_of(field.name), file_name)
            return rate, None, uneven
    return None, None, None
