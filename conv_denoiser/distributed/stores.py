"""From one zarr store to another, region by region, by one process or by many machines."""

import os
from collections.abc import Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser._checks.numbers import ceil_div, check_count
from conv_denoiser.distributed.clusters import Outcome, Run, check_workers, working
from conv_denoiser.distributed.manifest import Manifest
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.distributed.regions import Done, Job, Region, denoise_region
from conv_denoiser.distributed.zarrs import StoredArray, absolute, create_like, open_recording
from conv_denoiser.gaps import warn_of_nothing
from conv_denoiser.pretrained.parts import STEP, SignalParts
from conv_denoiser.pretrained.universal import SHA256, WEIGHTS
from conv_denoiser.recording.parts import RecordingParts
from conv_denoiser.recording.streaming import BATCH_SIZE

__all__ = ["denoise_store"]

# Values of a region, for which a worker needs some hundred megabytes.
REGION = 2**22
# Samples of a region of the universal model, which denoises a block more than is in them.
LEAST = 4 * STEP
FORMAT = 1
WAITING = "Its gaps go on where nothing is known of regions that failed"


def denoise_store(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    denoiser: Any = "universal",
    *,
    time_dim: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    region: int | None = None,
    window: int | None = None,
    overlap: float = 0.5,
    channelwise: bool = False,
    batch_size: int = BATCH_SIZE,
    noise_std: float | None = None,
    strength: float = 1.0,
    progress: bool = False,
) -> Any:
    """Denoise a recording from one zarr store to another, on one machine or on many.

    What was cut short goes on where it was: the same call again denoises what is not done.

    Parameters
    ----------
    source : path-like
        Store of a recording (n_timesteps,) or (n_timesteps, n_channels). Of several arrays, the
        name of one follows two colons: ``"night.zarr::eeg"``.
    target : path-like
        Store to write, in which the recording has the same name, chunks and attributes.
    denoiser : str or object with ``transform``, default="universal"
        A denoiser as for `denoise_recording`, or the name of a model: "universal" runs as `denoise`
        does, all others of `list_pretrained` as `ConvDenoiser.from_pretrained` gives them.
    time_dim : str, default=None
        Name of the dimension of time. None is "time" where dimensions have names, else the first.
    workers : int, default=None
        Processes to start on this machine. None is this one alone.
    scheduler : str, default=None
        Address of a Dask scheduler, whose workers see the same stores under the same paths.
    region : int, default=None
        Samples that are denoised together, rounded up to whole chunks. None takes about four
        million values; for the universal model 57,344 samples at least.
    window : int, default=None
        Length of a window in samples, for a denoiser of your own, as in `denoise_recording`.
    overlap : float in [0, 1), default=0.5
        Share of a window that the next one covers as well, for a denoiser of your own.
    channelwise : bool, default=False
        Denoise each channel by itself, as the universal model does anyway.
    batch_size : int, default=64
        Windows in one call of `transform`.
    noise_std : float, default=None
        Standard deviation of the noise, where it is known; for the universal model.
    strength : float, default=1
        Multiple of the level of noise to remove; for the universal model.
    progress : bool, default=False
        Show a progress bar, which needs tqdm.

    Returns
    -------
    zarr.Array
        The denoised recording, which holds the bits that `denoise_recording`, or `denoise`, gives
        for the whole.

    Raises
    ------
    ValueError
        If an argument is not valid, the target exists without a manifest, or its manifest is of
        other work.
    RuntimeError
        If regions failed. All others are done by then.
    ConnectionError
        If the scheduler went away.

    See Also
    --------
    denoise_recording : Takes Dask arrays, too, which are computed where and when you like.

    Notes
    -----
    Beside the target stands a manifest, a text file of that name and ``.manifest``. It says which
    regions are done, with checksums: a region whose samples are not those is denoised again.
    Regions are made of whole chunks, each of which zarr writes as a whole. A region whose workers
    died is denoised by others. A dozen deaths are too many: that region fails.

    The universal model bridges gaps of any length, and channels without any sample stay NaN.
    Regions whose gaps reach some thousand samples further are read twice: the second time when it
    is known where each channel has samples.

    Processes are started by importing the script, which therefore needs
    ``if __name__ == "__main__":`` around the call.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> from conv_denoiser import denoise, denoise_store
    >>> folder = getfixture("tmp_path")
    >>> x = np.sin(np.arange(5000) / 9) + np.random.default_rng(0).normal(size=5000)
    >>> zarr.create_array(folder / "in.zarr", data=x, chunks=1000)[:].shape
    (5000,)
    >>> denoised = denoise_store(folder / "in.zarr", folder / "out.zarr")
    >>> bool((denoised[:] == denoise(x)).all())
    True
    """
    check_workers(workers, scheduler)
    stored = open_recording(source, time_dim)
    denoiser = _named(denoiser)
    shape = stored.open().shape
    by_time = shape if stored.axis == 0 else shape[::-1]
    windows = {"window": window, "overlap": overlap}
    universal: dict[str, Any] = {"noise_std": noise_std, "strength": strength}
    parts: RecordingParts | SignalParts
    if denoiser is None:
        _refuse_unused("a denoiser of your own", windows)
        parts = SignalParts(by_time[0], **universal)
    else:
        _refuse_unused("the universal one", universal)
        how: dict[str, Any] = {"channelwise": channelwise, "batch_size": batch_size, **windows}
        parts = RecordingParts.of(denoiser, by_time, **how)
    manifest, written = _begin(stored, os.fspath(target), denoiser, parts, by_time)
    regions = list(_regions(written, parts, by_time, region, manifest))
    job = Job(stored, written, parts, Shipped.of(denoiser))
    with working(workers, scheduler) as run:
        failed = _noted(manifest, _outcomes(run, job, regions), len(regions), progress)
    if failed:
        raise _failure(failed, len(regions)) from failed[0][1]
    return written.open()


def _failure(failed: list[Outcome], n_regions: int) -> RuntimeError:
    place, error = failed[0]
    cause = f"{type(error).__name__}: {error}".rstrip(".")
    return RuntimeError(
        f"{len(failed)} of {n_regions} regions failed, the first at samples {place.begin} to "
        f"{place.end}: {cause}. All others are done; call again for these."
    )


def _outcomes(run: Run, job: Job, regions: list[Region]) -> Iterator[Outcome]:
    """Denoise regions; yield of each its checksum, or an error.

    Those whose gaps reach further than they look come last, when it is known where gaps end.
    """
    done: dict[Region, Done] = {}
    for region, result in run(denoise_region, job, regions):
        if isinstance(result, Exception):
            yield region, result
            continue
        done[region] = result
        if result.digest is not None:
            yield region, result.digest
    waiting = [region for region in regions if region in done and done[region].digest is None]
    if len(done) < len(regions):
        yield from ((region, RuntimeError(WAITING)) for region in waiting)
    elif done and isinstance(job.parts, SignalParts):
        known = np.stack([done[region].known for region in regions], axis=1)
        warn_of_nothing(np.all(known[1] < 0, axis=0)[:, np.newaxis])  # once, as for the whole
        for region, result in run(denoise_region, job._replace(known=known), waiting):
            yield region, result if isinstance(result, Exception) else result.digest


def _noted(
    manifest: Manifest, outcomes: Iterator[Outcome], n_regions: int, progress: bool
) -> list[Outcome]:
    """Note in a manifest what is done as it comes; return what failed."""
    failed = []
    if progress:
        from tqdm.auto import tqdm

        outcomes = tqdm(outcomes, total=n_regions, desc="denoising", unit=" regions")
    for region, result in outcomes:
        if isinstance(result, Exception):
            failed.append((region, result))
        elif result != region.digest:
            manifest.add(region.begin, region.end, result)
    return failed


def _named(denoiser: Any) -> Any:
    """Return a denoiser of the package by its name; None is the universal model."""
    if not isinstance(denoiser, str):
        return denoiser
    if denoiser == "universal":
        return None
    from conv_denoiser.denoiser import ConvDenoiser

    return ConvDenoiser.from_pretrained(denoiser)


def _refuse_unused(kind: str, options: Mapping[str, object]) -> None:
    """Raise ValueError for options that another kind of denoiser takes."""
    defaults = signature(denoise_store).parameters
    for name, value in options.items():
        if value != defaults[name].default:
            raise ValueError(f"{name}={value!r} is for {kind}.")


def _begin(
    source: StoredArray,
    path: str,
    denoiser: Any,
    parts: RecordingParts | SignalParts,
    shape: tuple[int, ...],
) -> tuple[Manifest, StoredArray]:
    """Begin the work, or go on with it: return its manifest, and the array to write to."""
    beside = _beside(source, path)
    array = source.open()
    dtype = parts.result_type(array.dtype)
    work = {
        "format": FORMAT,
        "source": source.path,
        "array": source.name,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "model": SHA256[WEIGHTS.name] if isinstance(parts, SignalParts) else None,
        "probe": _probe(denoiser, parts, shape) if isinstance(parts, RecordingParts) else None,
        **_options(parts),
    }
    return Manifest(beside, work), create_like(source, absolute(path), dtype)


def _beside(source: StoredArray, path: str) -> Path:
    """Return where the manifest of a target is; raise an error where none can be written."""
    if "://" in path:
        raise ValueError(f"target must be a folder, beside which a manifest is kept. Got {path!r}.")
    place = Path(path)
    if not place.parent.is_dir() or not place.name:
        raise FileNotFoundError(f"Cannot write {path!r}: there is no such folder, or no name.")
    beside = place.with_name(place.name + ".manifest")
    if place.resolve() == Path(source.path).resolve():
        raise ValueError(f"{path!r} is the source itself. Choose another target.")
    if "::" in path or Path(source.path).resolve() in place.resolve().parents:
        raise ValueError(
            f"target must be a folder for itself, in which the array has the name that it has in "
            f"the source. Got {path!r}."
        )
    if place.exists() and not beside.exists():
        raise ValueError(
            f"{path!r} exists, and no manifest tells what was done of it. Choose another target, "
            "or remove it."
        )
    return beside


def _options(parts: RecordingParts | SignalParts) -> dict[str, Any]:
    """Return how a recording is denoised, as JSON can hold it."""
    return {
        name: value if value is None or isinstance(value, int | float) else str(value)
        for name, value in vars(parts).items()
        if name != "n_samples"
    }


def _probe(denoiser: Any, parts: RecordingParts, shape: tuple[int, ...]) -> list[float]:
    """Return some numbers that tell one denoiser from another."""
    one_by_one = parts.channelwise or len(shape) == 1 or shape[1] == 1
    signals = (1, parts.layout.window) if one_by_one else (1, parts.layout.window, shape[1])
    noise = np.random.default_rng(0).normal(size=signals)
    denoised = np.asarray(denoiser.transform(noise), np.float64).ravel()
    return [float(value) for value in denoised[:: max(1, denoised.size // 16)]]


def _regions(
    target: StoredArray,
    parts: RecordingParts | SignalParts,
    shape: tuple[int, ...],
    size: int | None,
    manifest: Manifest,
) -> Iterator[Region]:
    """Yield the regions of an array, each of whole chunks."""
    array = target.open()
    step = (array.shards or array.chunks)[target.axis]
    if size is None:
        wanted = REGION // (shape[1] if len(shape) == 2 else 1)
        least = LEAST if isinstance(parts, SignalParts) else 1
        step *= max(wanted // step, ceil_div(least, step))
    else:
        step *= ceil_div(check_count("region, in samples,", size), step)
    for begin in range(0, shape[0], step):
        end = min(begin + step, shape[0])
        yield Region(begin, end, manifest.done.get((begin, end)))
