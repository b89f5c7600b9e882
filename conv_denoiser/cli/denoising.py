"""The command that denoises recordings."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conv_denoiser._atomic import check_target, replacing
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.cli.messages import one_line, say
from conv_denoiser.cli.parser import OVERLAP
from conv_denoiser.cli.shell import Stopped
from conv_denoiser.export import OnnxDenoiser
from conv_denoiser.export.opening import open_model, read_any_card
from conv_denoiser.readers.datasets import split_address
from conv_denoiser.readers.formats import (
    FORMATS,
    check_suffix,
    format_of,
    read_recording,
    write_whole,
)
from conv_denoiser.readers.recording import Recording, Samples, holds_signals
from conv_denoiser.readers.samples import FileSamples
from conv_denoiser.recording import denoise_recording
from conv_denoiser.recording.checks import as_recording

__all__ = ["denoise"]

PICTURE_SUFFIXES = (".png", ".pdf", ".svg")
# Samples of all channels that a report looks at, from the middle of a recording.
REPORTED = 2**20


class Model(NamedTuple):
    """What denoises samples, and what they must be."""

    denoise: Callable[..., Samples]
    denoise_signals: Callable[[Samples], Array]  # (n_signals, n_timesteps[, n_channels])
    n_channels: int = 1
    sampling_rate: float | None = None


def denoise(options: argparse.Namespace) -> None:
    """Denoise recordings, with a model of your own or with the universal one."""
    if options.output_dir is not None:
        _denoise_all(options)
        return
    if len(options.recordings) > 1:
        raise ValueError("--output is for one recording. Give --output-dir for several.")
    check_suffix(options.output, FORMATS, "--output")
    check_target(options.output)
    for name, suffixes in (("plot", PICTURE_SUFFIXES), ("report", (".html",))):
        page = getattr(options, name)
        if page is not None:
            check_suffix(page, suffixes, f"--{name}")
            check_target(page)
            import matplotlib  # noqa: F401  before the work, not after it
    # What is wrong with the recording's name is told before a model is loaded.
    format_of(options.recordings[0])
    split_address(options.recordings[0])[0].stat()
    _denoise_file(options, _chosen_model(options), options.recordings[0], options.output)


def _denoise_all(options: argparse.Namespace) -> None:
    """Denoise each recording into a file of the same name; one that fails stops no other."""
    for name in ("plot", "report"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for one recording, with --output.")
    files = [split_address(source)[0] for source in options.recordings]
    targets = [options.output_dir / file.name for file in files]
    for source, target in zip(options.recordings, targets, strict=True):
        if targets.count(target) > 1:
            raise ValueError(f"Several recordings would be written to {str(target)!r}.")
        if target.resolve() == split_address(source)[0].resolve():
            raise ValueError(f"{source!r} would be overwritten. Choose another --output-dir.")
    model = _chosen_model(options)
    options.output_dir.mkdir(parents=True, exist_ok=True)
    n_written = 0
    for source, target in zip(options.recordings, targets, strict=True):
        try:
            _denoise_file(options, model, source, target)
            n_written += 1
        except KeyboardInterrupt as error:
            outcome = f"{n_written} of {len(targets)} recordings were written"
            raise Stopped.of(error, outcome) from error
        except Exception as error:
            say("error", f"{source}: {one_line(error)}")
    if n_written < len(targets):
        raise ValueError(f"{len(targets) - n_written} of {len(targets)} recordings failed.")
    if not options.quiet:
        print(f"{options.output_dir}: {n_written} recordings denoised")


def _denoise_file(options: argparse.Namespace, model: Model, source: str, target: Path) -> None:
    file_format = FORMATS[check_suffix(target, FORMATS, "A recording")]
    recording = read_recording(source, options.column)
    recording = _with_sampling_rate(recording, options.sampling_rate, model.sampling_rate)
    # A model of as many channels was fitted to columns.
    is_recording = recording.n_channels == model.n_channels and options.rows is None
    by_rows = not is_recording and holds_signals(recording, options.rows)
    if not by_rows:
        _check_columns(recording, model.n_channels, options.channelwise)
    if file_format.check is not None:
        file_format.check(recording)
    start = time.perf_counter()
    with replacing(target) as temporary:
        out = None if file_format.map is None else file_format.map(temporary, recording)
        if by_rows:
            denoised = _written(model.denoise_signals(recording.samples), out)
        else:
            progress = not options.quiet and sys.stderr.isatty() and find_spec("tqdm") is not None
            denoised = model.denoise(
                recording.samples,
                overlap=options.overlap,
                out=out,
                channelwise=options.channelwise,
                progress=progress,
            )
        if out is not None:
            out.flush()
        else:
            write_whole(temporary, target, replace(recording, samples=denoised))
    if isinstance(denoised, FileSamples):
        denoised = denoised.moved_to(target)
    if options.plot is not None:
        _plot(options.plot, recording, denoised)
    if options.report is not None:
        _report(options.report, recording, denoised, by_rows=by_rows)
    if not options.quiet:
        seconds = time.perf_counter() - start
        what = "signals" if by_rows else "samples"
        print(f"{target}: {len(denoised):,} {what} denoised in {seconds:.1f} s")


def _chosen_model(options: argparse.Namespace) -> Model:
    """Return the model that the options name, or the universal one."""
    if options.model is not None:
        if options.noise_std is not None or options.strength != 1:
            raise ValueError("--noise-std and --strength are for denoising without --model.")
        if options.threads is not None and not options.model.lower().endswith(".onnx"):
            raise ValueError("--threads is for ONNX files. Set TF_NUM_INTRAOP_THREADS instead.")
        model = open_model(options.model, options.threads)
        card = model.card if isinstance(model, OnnxDenoiser) else read_any_card(options.model)
        denoise_samples = partial(denoise_recording, model)
        return Model(denoise_samples, model.transform, model.n_channels_in_, card["sampling_rate"])
    if options.threads is not None or options.overlap != OVERLAP:
        raise ValueError("--threads and --overlap are for models of your own: see --model.")
    denoise_signals = partial(_by_universal, options.noise_std, options.strength)
    return Model(partial(_recording_by_universal, denoise_signals), denoise_signals)


def _by_universal(noise_std: float | None, strength: float, signals: Samples) -> Array:
    from conv_denoiser.pretrained import denoise as denoise_signals

    return denoise_signals(np.asarray(signals), noise_std=noise_std, strength=strength)


def _recording_by_universal(
    denoise_signals: Callable[[Array], Array],
    samples: Samples,
    *,
    out: Samples | None,
    **_: object,
) -> Samples:
    """Denoise all samples at once with the universal model, channel by channel."""
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
    """Return a recording with the best known rate; warn if the model was fitted to another."""
    rate = given or recording.sampling_rate
    if rate and fitted and rate != fitted:
        warn(
            f"{recording.name} has {rate:g} samples a second, but the model was fitted to "
            f"{fitted:g}. It may take signal for noise: use a model for this sampling rate, or "
            "resample the recording."
        )
    return replace(recording, sampling_rate=rate or fitted)


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
    from conv_denoiser.plotting import DenoisingReport

    n_samples = len(denoised)
    n_shown = min(n_samples, REPORTED // (denoised.shape[1] if denoised.ndim == 2 else 1))
    begin = (n_samples - n_shown) // 2
    shown = slice(begin, begin + n_shown)
    noisy, after = (np.asarray(samples[shown]) for samples in (recording.samples, denoised))
    if not by_rows:
        noisy, after = noisy[np.newaxis], after[np.newaxis]
    report = DenoisingReport.from_arrays(noisy, after, sampling_rate=recording.sampling_rate)
    report.to_html(path)
