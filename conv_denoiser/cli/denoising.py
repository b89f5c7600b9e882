"""The command that denoises recordings."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._atomic import check_target, replacing
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.cli.messages import printable, say
from conv_denoiser.cli.parser import OVERLAP
from conv_denoiser.cli.pipes import is_pipe, piped
from conv_denoiser.cli.rates import at_rate, ratio_of
from conv_denoiser.cli.several import expanded, outcomes
from conv_denoiser.cli.shell import Stopped
from conv_denoiser.cli.stores import denoise_stores, is_store
from conv_denoiser.cli.uneven import at_times, drawn_evenly, in_seconds
from conv_denoiser.cli.units import factors_to, in_units, with_units
from conv_denoiser.export import OnnxDenoiser
from conv_denoiser.export.opening import open_model, read_any_card
from conv_denoiser.pretrained.ecg import RATE
from conv_denoiser.readers.datasets import split_address
from conv_denoiser.readers.formats import (
    FORMATS,
    check_suffix,
    check_writable,
    copy_samples,
    format_of,
    read_recording,
    write_whole,
)
from conv_denoiser.readers.recording import Recording, Samples, SamplingRateError, holds_signals
from conv_denoiser.readers.samples import FileSamples
from conv_denoiser.recording import denoise_recording
from conv_denoiser.recording.checks import as_recording

__all__ = ["denoise"]

PICTURE_SUFFIXES = (".png", ".pdf", ".svg")
# Models of the package that denoise recordings.
OURS = ("universal", "ecg")
# Samples of all channels that a report looks at, from the middle of a recording.
REPORTED = 2**20


class Model(NamedTuple):
    """What denoises samples, and what they must be."""

    denoise: Callable[..., Samples]
    denoise_signals: Callable[[Samples], Array]  # (n_signals, n_timesteps[, n_channels])
    n_channels: int = 1
    sampling_rate: float | None = None
    units: str | None = None  # where they matter, as the model does not scale what it gets
    name: str | None = None  # of a model of the package that resamples recordings

    def for_rate_of(self, recording: Recording, resample: bool) -> "Model":
        """Return the model for the rate of a recording, which it resamples if it may."""
        if self.name is None:
            return self
        if recording.sampling_rate is None:
            raise SamplingRateError(
                f"{recording.name} does not tell its sampling rate, and the model {self.name!r} "
                "needs it."
            )
        if not resample and recording.sampling_rate != RATE:
            raise ValueError(
                f"{recording.name} has {recording.sampling_rate:g} samples a second, but the model "
                f"{self.name!r} learned from {RATE:g}. Leave out --no-resample."
            )
        return _pretrained(model=self.name, sampling_rate=recording.sampling_rate)


def denoise(options: argparse.Namespace) -> None:
    """Denoise recordings, with a model of your own or with the universal one."""
    named = [*options.recordings, *([options.output] if options.output is not None else [])]
    if any(map(is_store, named)):
        denoise_stores(options, options.recordings)
        return
    if options.workers is not None or options.scheduler is not None:
        raise ValueError("--workers and --scheduler are for zarr stores. For files, see --jobs.")
    sources = expanded(options.recordings)
    if options.output_dir is not None:
        if any(map(is_pipe, sources)):
            raise ValueError("Standard input is one recording: give --output, a file or -.")
        _denoise_all(options, sources)
        return
    if len(sources) > 1:
        raise ValueError("--output is for one recording. Give --output-dir for several.")
    if options.jobs > 1:
        raise ValueError("--jobs is for several recordings, with --output-dir.")
    with piped(sources[0], options.output, options.format) as (source, target):
        check_suffix(target, FORMATS, "--output")
        check_target(target)
        for name, suffixes in (("plot", PICTURE_SUFFIXES), ("report", (".html",))):
            page = getattr(options, name)
            if page is not None:
                check_suffix(page, suffixes, f"--{name}")
                check_target(page)
                import matplotlib  # noqa: F401  before the work, not after it
        # What is wrong with the recording's name is told before a model is loaded.
        format_of(source)
        split_address(source)[0].stat()
        start = time.perf_counter()
        done = _denoise_file(options, _chosen_model(options), source, target)
        if not options.quiet and not is_pipe(options.output):
            print(f"{target}: {done} in {time.perf_counter() - start:.1f} s")


def _denoise_all(options: argparse.Namespace, sources: list[str]) -> None:
    """Denoise each recording into a file of the same name; one that fails stops no other."""
    for name in ("plot", "report"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for one recording, with --output.")
    targets = _targets(sources, options.output_dir)
    work = _Work(options)
    _ = work.model  # whose errors are told once, before the work
    options.output_dir.mkdir(parents=True, exist_ok=True)
    n_written, width = 0, max(map(len, sources))
    try:
        for outcome in outcomes(work, sources, targets, options.jobs):
            for warning in outcome.warnings:
                say("warning", f"{outcome.source}: {warning}")
            if outcome.error is not None:
                say("error", f"{outcome.source}: {outcome.error}")
            elif not options.quiet:
                print(f"{printable(outcome.source):{width}}  {outcome.line}", flush=True)
            n_written += outcome.error is None
    except KeyboardInterrupt as error:
        done = f"{n_written} of {len(targets)} recordings were written"
        raise Stopped.of(error, done) from error
    if n_written < len(targets):
        raise ValueError(f"{len(targets) - n_written} of {len(targets)} recordings failed.")
    if not options.quiet:
        print(f"{options.output_dir}: {n_written} recordings denoised")


def _targets(sources: list[str], folder: Path) -> list[Path]:
    """Return the file to write for each recording, all of which are new."""
    files = [split_address(source)[0] for source in sources]
    targets = [folder / file.name for file in files]
    n_times = Counter(targets)
    for source, file, target in zip(sources, files, targets, strict=True):
        if n_times[target] > 1:
            raise ValueError(f"Several recordings would be written to {str(target)!r}.")
        if target.resolve() == file.resolve():
            raise ValueError(f"{source!r} would be overwritten. Choose another --output-dir.")
    return targets


class _Work:
    """Denoises files with one model, which each process that works on them loads for itself."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    def __getstate__(self) -> dict[str, object]:
        quiet = argparse.Namespace(**{**vars(self.options), "run": None, "quiet": True})
        return {"options": quiet}

    @cached_property
    def model(self) -> Model:
        return _chosen_model(self.options)

    def __call__(self, source: str, target: Path) -> str:
        return _denoise_file(self.options, self.model, source, target)


def _denoise_file(options: argparse.Namespace, model: Model, source: str, target: Path) -> str:
    """Denoise a recording into a file; return what was done, in words."""
    file_format = FORMATS[check_suffix(target, FORMATS, "A recording")]
    recording = with_units(read_recording(source, options.channels), options.units)
    recording = _with_sampling_rate(recording, options.sampling_rate, model.sampling_rate)
    model = model.for_rate_of(recording, options.resample)
    # Of several channels that were chosen, each is denoised by itself if the model takes one.
    channelwise = isinstance(options.channels, tuple) and model.n_channels == 1
    channelwise = channelwise or options.channelwise
    # A model of as many channels was fitted to columns.
    is_recording = recording.n_channels == model.n_channels and options.rows is None
    by_rows = not is_recording and holds_signals(recording, options.rows)
    if not by_rows:
        _check_columns(recording, model.n_channels, channelwise)
    part = _part(recording, options.start, options.end, by_rows)
    check_writable(target, recording)
    if not by_rows:
        model = model._replace(denoise=partial(model.denoise, channelwise=channelwise))
        factors = factors_to(model.units, recording)
        model = _at_rate_of(recording, model, options.resample)
        time = None if recording.time is None else recording.time[part]
        model = model._replace(denoise=at_times(in_units(model.denoise, factors), time))
    with replacing(target) as temporary:
        out = None if file_format.map is None else file_format.map(temporary, recording)
        if by_rows:
            denoised = _written(model.denoise_signals(recording.samples), out)
        else:
            denoised = _denoised_part(options, model, recording, part, out)
        if out is not None:
            out.flush()
        else:
            write_whole(temporary, target, replace(recording, samples=denoised))
    if isinstance(denoised, FileSamples):
        denoised = denoised.moved_to(target)
    if options.plot is not None:
        _plot(options.plot, *drawn_evenly(recording, denoised))
    if options.report is not None:
        shown = (recording, denoised) if by_rows else drawn_evenly(recording, denoised)
        _report(options.report, *shown, by_rows=by_rows)
    return f"{len(denoised):,} {'signals' if by_rows else 'samples'} denoised"


def _part(recording: Recording, start: float | None, end: float | None, by_rows: bool) -> slice:
    """Return which samples are to be denoised: all, or those between two times in seconds."""
    n_samples, rate = len(recording.samples), recording.sampling_rate
    if start is None and end is None:
        return slice(0, n_samples)
    if by_rows:
        raise ValueError(f"--start and --end are for recordings. {recording.name} holds signals.")
    if recording.time is not None:
        duration = float(recording.time[-1])
        begin, stop = np.searchsorted(recording.time, (start or 0, np.inf if end is None else end))
        part = slice(int(begin), int(stop))
    elif rate is not None:
        duration = n_samples / rate
        part = slice(round((start or 0) * rate), n_samples if end is None else round(end * rate))
    else:
        raise SamplingRateError(
            f"--start and --end are in seconds, and {recording.name} does not tell its sampling "
            "rate."
        )
    if not part.start < min(part.stop, n_samples):
        raise ValueError(
            f"Between --start and --end is nothing of {recording.name}, which lasts {duration:g} s."
        )
    return slice(part.start, min(part.stop, n_samples))


def _denoised_part(
    options: argparse.Namespace,
    model: Model,
    recording: Recording,
    part: slice,
    out: Samples | None,
) -> Samples:
    """Return a recording of which a part, or all, is denoised, and the rest as it was."""
    samples = recording.samples
    is_all = part == slice(0, len(samples))
    denoised = model.denoise(
        samples if is_all else samples[part],
        overlap=options.overlap,
        out=out if is_all else None,
        progress=not options.quiet and sys.stderr.isatty() and find_spec("tqdm") is not None,
    )
    if is_all:
        return denoised
    whole = np.empty(samples.shape, denoised.dtype) if out is None else out
    copy_samples(whole, samples)
    whole[part] = denoised
    return whole


def _chosen_model(options: argparse.Namespace) -> Model:
    """Return the model that the options name: a file, one of the package, or the universal one."""
    known_level = options.noise_std is not None or options.strength != 1
    if options.model not in (None, "universal") and known_level:
        raise ValueError("--noise-std and --strength are for denoising without --model.")
    if options.model not in (None, *OURS):
        if options.threads is not None and not options.model.lower().endswith(".onnx"):
            raise ValueError("--threads is for ONNX files. Set TF_NUM_INTRAOP_THREADS instead.")
        model = open_model(options.model, options.threads)
        card = model.card if isinstance(model, OnnxDenoiser) else read_any_card(options.model)
        denoise_samples = partial(denoise_recording, model)
        units = card.get("units") if card.get("scaler") == "None" else None
        facts = (model.n_channels_in_, card["sampling_rate"], units)
        return Model(denoise_samples, model.transform, *facts)
    if options.threads is not None or options.overlap != OVERLAP:
        raise ValueError("--threads and --overlap are for models of your own: see --model.")
    if options.model == "ecg":
        return _pretrained(model=options.model)._replace(name=options.model)
    return _pretrained(noise_std=options.noise_std, strength=options.strength)


def _pretrained(**options: object) -> Model:
    """Return a model of the package."""
    denoise_signals = partial(_by_pretrained, options)
    return Model(partial(_recording_by_pretrained, denoise_signals), denoise_signals)


def _by_pretrained(options: dict[str, Any], signals: Samples) -> Array:
    from conv_denoiser.pretrained import denoise as denoise_signals

    denoised: Array = denoise_signals(np.asarray(signals), **options)
    return denoised


def _recording_by_pretrained(
    denoise_signals: Callable[[Array], Array],
    samples: Samples,
    *,
    out: Samples | None,
    **_: object,
) -> Samples:
    """Denoise all samples at once with a model of the package, channel by channel."""
    recording = np.asarray(as_recording(samples))
    return _written(denoise_signals(recording.T).T, out)


def _written(denoised: Array, out: Samples | None) -> Samples:
    """Write into a file that is mapped, if there is one."""
    if out is None:
        return denoised
    out[:] = denoised
    return out


def _with_sampling_rate(
    recording: Recording, given: float | None, fitted: float | None
) -> Recording:
    """Return a recording with the best known rate."""
    return in_seconds(recording, given or recording.sampling_rate or fitted)


def _at_rate_of(recording: Recording, model: Model, resample: bool) -> Model:
    """Return a model that resamples a recording if it was fitted to another sampling rate."""
    rate, fitted = recording.sampling_rate, model.sampling_rate
    if not rate or not fitted or ratio_of(fitted, rate) == 1:
        return model
    difference = (
        f"{recording.name} has {rate:g} samples a second, but the model was fitted to {fitted:g}"
    )
    if not resample:
        raise ValueError(f"{difference}. Leave out --no-resample, or use a model for this rate.")
    warn(
        f"{difference}. It is resampled there and back, and keeps nothing that is faster than "
        f"{min(rate, fitted) / 2:g} Hz. A model for this rate keeps more."
    )
    return model._replace(denoise=at_rate(model.denoise, ratio_of(fitted, rate)))


def _check_columns(recording: Recording, n_channels: int, channelwise: bool) -> None:
    """Raise ValueError, in terms of columns, if a file has more than the model has channels."""
    n_columns = recording.n_channels
    if n_columns == n_channels or channelwise or n_columns > len(recording.samples):
        return
    names = f" ({', '.join(recording.channel_names)})" if recording.channel_names else ""
    advice = "Choose one with --column NAME_OR_NUMBER"
    if n_channels == 1:
        advice += ", or denoise each with --channelwise"
    raise ValueError(
        f"{recording.name} has {n_columns} columns{names}, but the model takes {n_channels} "
        f"channel(s). {advice}."
    )


def _plot(path: Path, recording: Recording, denoised: Samples) -> None:
    from conv_denoiser.plotting.recording import plot_recording

    unit = recording.units[0] if recording.units else None
    figure = plot_recording(recording.samples, denoised, recording.sampling_rate, unit)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format=path.suffix[1:].lower())


def _report(path: Path, recording: Recording, denoised: Samples, *, by_rows: bool) -> None:
    from conv_denoiser.report import DenoisingReport

    n_samples = len(denoised)
    n_shown = min(n_samples, REPORTED // (denoised.shape[1] if denoised.ndim == 2 else 1))
    begin = (n_samples - n_shown) // 2
    shown = slice(begin, begin + n_shown)
    noisy, after = (np.asarray(samples[shown]) for samples in (recording.samples, denoised))
    if not by_rows:
        noisy, after = noisy[np.newaxis], after[np.newaxis]
    report = DenoisingReport.from_arrays(noisy, after, sampling_rate=recording.sampling_rate)
    report.to_html(path)
