"""Dask arrays: denoised lazily, chunk by chunk, to the bits that NumPy gives.

A task takes what it needs of the chunks around its own; of those that it needs the end of, the end
alone travels. So there is one task a chunk that denoises, and there are two at most that cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, product
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from conv_denoiser._checks.arrays import as_numbers, unmasked
from conv_denoiser._checks.elsewhere import check_chunks
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.gaps import Gaps, warn_of_nothing
from conv_denoiser.pretrained.parts import SignalParts
from conv_denoiser.pretrained.stretches import LongGapError
from conv_denoiser.recording.checks import as_recording, check_not_infinite_samples
from conv_denoiser.recording.parts import RecordingParts

__all__ = [
    "Parts",
    "blocks_within",
    "cut_block",
    "denoise",
    "denoise_recording",
    "joined",
]

Parts = RecordingParts | SignalParts
Task = tuple[Any, Any]  # key, and what is computed for it


class Work(NamedTuple):
    """What all tasks of a graph share: the denoiser, and how it goes through the recording."""

    shipped: Shipped
    parts: Parts


class Part(NamedTuple):
    """Which part of a recording a task denoises, from `begin` to `end`, and from which samples.

    The place is the number of its first signal, along the axes that are not time.
    """

    place: tuple[int, ...]
    first: int
    begin: int
    end: int


def denoise_recording(
    denoiser: Any,
    recording: da.Array,
    *,
    out: object,
    progress: bool,
    time_dim: str | None,
    **options: Any,
) -> Any:
    """Return a lazy array of the recording's chunks; arguments are those of the NumPy function."""
    if time_dim is not None:
        raise ValueError(f"time_dim={time_dim!r} is for xarray. Time is the first axis of others.")
    if out is not None or progress:
        raise ValueError(
            f"{'progress=True' if out is None else 'out'} is for NumPy arrays. A Dask array is "
            "computed later: denoised.to_zarr(...) writes it, and "
            "dask.diagnostics.ProgressBar() shows how far it is."
        )
    check_chunks(recording, "recording")
    as_recording(recording)
    parts = RecordingParts.of(denoiser, recording.shape, **options)
    arrays = _denoised_by_parts(denoiser, recording, parts)
    return tuple(arrays) if parts.return_std else arrays[0]


def denoise(x: da.Array, *, gaps: Gaps, bad: str | None, **options: Any) -> Any:
    """Return lazy signals of the same chunks; arguments are those of the NumPy function."""
    check_chunks(x, "x")
    if x.ndim not in (1, 2, 3) or 0 in x.shape or x.shape[min(1, x.ndim - 1)] < 2:
        raise ValueError(
            "x must be a Dask array of the shape (n_timesteps,) or (n_signals, n_timesteps"
            f"[, n_channels]), of 2 timesteps at least. Got {x.shape}."
        )
    if x.dtype.kind != "O":
        as_numbers(np.empty((0, 0), x.dtype), "x")
    if bad is not None:
        raise ValueError(
            f"bad={bad!r} looks at whole signals, and is for NumPy arrays. Map it over signals, "
            "x.map_blocks(conv_denoiser.denoise, bad='auto'), or put NaN in the place of bad "
            "samples first."
        )
    by_time = x if x.ndim == 1 else da.moveaxis(x, 1, 0)
    parts = SignalParts(len(by_time), gaps=gaps, **options)
    arrays = _denoised_by_parts(None, by_time, parts)
    arrays = [array if x.ndim == 1 else da.moveaxis(array, 0, 1) for array in arrays]
    return tuple(arrays) if parts.return_std else arrays[0]


def _denoised_by_parts(denoiser: Any, recording: da.Array, parts: Parts) -> list[da.Array]:
    """Return lazy arrays of a recording's chunks, one for each output of its parts."""
    work = Work(Shipped.of(denoiser), parts)
    token = tokenize(recording.name, work.shipped.digest, parts)
    part_name = f"part-{token}"
    tasks = dict(_part_tasks(recording, work, token, parts.channels_apart(denoiser)))
    layers = HighLevelGraph.from_collections(part_name, tasks, dependencies=[recording])
    meta = np.empty((0,) * recording.ndim, parts.result_type(recording.dtype))
    arrays = []
    for output in range(parts.n_outputs):
        name = f"{('denoised', 'std')[output]}-{token}"
        picks = dict(_pick_tasks(recording, name, part_name, output, tasks))
        outer = HighLevelGraph(
            {**layers.layers, name: picks}, {**layers.dependencies, name: {part_name}}
        )
        arrays.append(da.Array(outer, name, recording.chunks, meta=meta))
    return arrays


def _part_tasks(recording: da.Array, work: Work, token: str, apart: bool) -> Iterator[Task]:
    """Yield the tasks that denoise, for each row of chunks, all channels at once or `apart`.

    The key of what is denoised is that of the first chunk in it.
    """
    work_key = f"denoiser-{token}"
    yield work_key, work
    columns = _columns(recording)
    bounds, *others = [list(accumulate(sizes, initial=0)) for sizes in recording.chunks]
    for row, (begin, end) in enumerate(pairwise(bounds)):
        first, last = work.parts.needed(begin, end)
        for group in ([column] for column in columns) if apart else [columns]:
            place = tuple(starts[number] for starts, number in zip(others, group[0], strict=True))
            part = Part(place, first, begin, end)
            lines = []
            for block, cut in blocks_within(bounds, first, last):
                keys = [(recording.name, block, *column) for column in group]
                if cut is not None:
                    cuts = {(f"cut-{token}", row, *key[1:]): (cut_block, key, cut) for key in keys}
                    yield from cuts.items()
                    keys = list(cuts)
                lines.append(keys)
            yield (f"part-{token}", row, *group[0]), (_denoise, work_key, lines, part)


def _pick_tasks(
    recording: da.Array, name: str, part_name: str, output: int, parts: dict[Any, Any]
) -> Iterator[Task]:
    """Yield the tasks that pick the chunks of one output."""
    columns = _columns(recording)
    for row in range(recording.numblocks[0]):
        whole, begin = (part_name, row, *columns[0]), 0
        for column in columns:
            if (part_name, row, *column) in parts:
                whole, begin = (part_name, row, *column), 0
            end = begin + (recording.chunks[1][column[0]] if column else 1)
            yield (name, row, *column), (_pick, whole, output, slice(begin, end))
            begin = end


def _columns(recording: da.Array) -> list[tuple[int, ...]]:
    """Return the numbers of chunks along all axes but time."""
    return list(product(*map(range, recording.numblocks[1:])))


def blocks_within(bounds: list[int], first: int, last: int) -> Iterator[tuple[int, slice | None]]:
    """Yield the chunks of a range of samples, and which part of them; None is all of it."""
    for block in range(bisect_right(bounds, first) - 1, bisect_left(bounds, last)):
        begin, end = bounds[block], bounds[block + 1]
        part = slice(max(first, begin) - begin, min(last, end) - begin)
        if part.start < part.stop:
            yield block, None if part == slice(0, end - begin) else part


def cut_block(block: RawArray, part: slice) -> RawArray:
    """Return a part of a block."""
    return block[part].copy()  # of which the rest is not kept


def _denoise(work: Work, lines: list[list[RawArray]], part: Part) -> Array:
    """Denoise samples, given the chunks that they need: lines of columns."""
    samples = joined([joined(line, axis=1) for line in lines], axis=0)
    place, first, begin, end = part
    if isinstance(work.parts, RecordingParts):
        check_not_infinite_samples(samples, first, first_channel=place[0] if place else 0)
        return work.parts.denoise(work.shipped.open(), samples, first, begin, end)
    infinite = np.argwhere(np.isinf(samples))
    if infinite.size:
        t, *signal = infinite[0]
        raise ValueError(
            f"{_name(signal, place)} holds infinity at timestep {first + t} (counted from 0). "
            "Where it stands for missing samples, put NaN there."
        )
    try:
        denoised = work.parts.denoise(work.shipped.open(), samples, first, begin, end)
    except LongGapError as gap:
        signal = np.unravel_index(gap.row, samples.shape[1:])
        raise ValueError(
            f"{_name(signal, place)} misses all samples from {gap.begin} to {gap.end - 1} (NaN), "
            "and a chunk in time does not look further, to where the gap ends. denoise_store does, "
            "from one zarr store to another. Else pass x in one chunk in time, leave the signal "
            "out, or put numbers into the gap. Of a signal without any sample, gaps='keep' leaves "
            "all chunks as they are."
        ) from gap
    if len(samples) == work.parts.n_samples:
        warn_of_nothing(np.isnan(samples).reshape(len(samples), -1).T)
    return denoised


def _name(signal: Sequence[Any], place: tuple[int, ...]) -> str:
    """Return how x is indexed for a signal, given its numbers counted from a place."""
    numbers = np.add(signal, place).astype(int)
    return "x" + ("", "[{}]", "[{}, :, {}]")[len(numbers)].format(*numbers)


def joined(blocks: list[RawArray], axis: int) -> RawArray:
    """Join blocks, with NaN where samples are masked, in the order of bytes that they have."""
    blocks = [unmasked(block) for block in blocks]
    if len(blocks) == 1:
        return blocks[0]
    dtypes = {block.dtype for block in blocks}
    return np.concatenate(blocks, axis, dtype=dtypes.pop() if len(dtypes) == 1 else None)


def _pick(outputs: Array, output: int, channels: slice) -> Array:
    return outputs[output, :, channels] if outputs.ndim > 2 else outputs[output]
