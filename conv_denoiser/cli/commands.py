"""The command line: denoise recordings, fit models, show what a model is."""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from conv_denoiser._atomic import check_target, replacing
from conv_denoiser._checks.warn import warn
from conv_denoiser.cli.messages import one_line, printable, say, show_warning
from conv_denoiser.cli.parser import N_STEPS, OVERLAP, build_parser
from conv_denoiser.cli.shell import (
    Stopped,
    lasting,
    open_closed_descriptors,
    signals_raised,
    silence,
)
from conv_denoiser.export import OnnxDenoiser
from conv_denoiser.export.opening import MODEL_SUFFIXES, open_model, read_any_card
from conv_denoiser.readers.edf_samples import EdfSamples
from conv_denoiser.readers.formats import FORMATS, check_suffix, read_recording
from conv_denoiser.readers.recording import Recording, Samples
from conv_denoiser.recording import denoise_recording
from conv_denoiser.recording.checks import as_recording

__all__ = ["main"]

PICTURE_SUFFIXES = (".png", ".pdf", ".svg")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit code: 0, 2 after an error, 130 after Ctrl-C, 129 after SIGHUP, 143 after SIGTERM.
    """
    open_closed_descriptors()
    with lasting(redirect_stderr, sys.stderr), warnings.catch_warnings():
        with lasting(redirect_stdout, sys.stdout):
            options = build_parser(denoise, fit, info).parse_args(argv)
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show_warning
        # What `info` prints is its work; what the others print is not.
        printing = nullcontext() if options.run is info else lasting(redirect_stdout, sys.stdout)
        with printing, signals_raised():
            return _exit_code(options)


def _exit_code(options: argparse.Namespace) -> int:
    try:
        options.run(options)
    except Exception as error:  # users of a command want one line, not a traceback
        say("error", one_line(error))
        return 2
    except KeyboardInterrupt as error:
        stopped = error if isinstance(error, Stopped) else Stopped()
        say("interrupted", str(stopped))
        return 128 + stopped.number
    return 0


def denoise(options: argparse.Namespace) -> None:
    """Denoise a recording, with a model of your own or with the universal one."""
    file_format = FORMATS[check_suffix(options.output, FORMATS, "--output")]
    check_target(options.output)
    if options.plot is not None:
        check_suffix(options.plot, PICTURE_SUFFIXES, "--plot")
        check_target(options.plot)
        import matplotlib  # noqa: F401  before the work, not after it
    denoise_samples, n_channels, rate = _chosen_model(options)
    recording = read_recording(options.recording, options.column)
    recording = _with_sampling_rate(recording, options.sampling_rate, rate)
    _check_columns(recording, n_channels, options.channelwise)
    if file_format.check is not None:
        file_format.check(recording)
    start = time.perf_counter()
    with replacing(options.output) as temporary:
        out = None if file_format.map is None else file_format.map(temporary, recording)
        denoised = denoise_samples(
            recording.samples,
            overlap=options.overlap,
            out=out,
            channelwise=options.channelwise,
            progress=not options.quiet and sys.stderr.isatty() and find_spec("tqdm") is not None,
        )
        if out is not None:
            out.flush()
        elif file_format.write is not None:
            file_format.write(temporary, replace(recording, samples=denoised))
    if options.plot is not None:
        if isinstance(denoised, EdfSamples):
            denoised = denoised.moved_to(options.output)
        _plot(options.plot, recording, denoised)
    if not options.quiet:
        seconds = time.perf_counter() - start
        print(f"{options.output}: {len(denoised):,} samples denoised in {seconds:.1f} s")


def fit(options: argparse.Namespace) -> None:
    """Fit a denoiser to recordings, or to signals in an npy file, and save it."""
    suffix = check_suffix(options.output, MODEL_SUFFIXES, "--output")
    check_target(options.output)
    if options.noise is not None and options.clean is not None:
        raise ValueError("--noise is for clean signals alone. Leave it or the second file out.")
    from conv_denoiser.cli.fitting import fit_denoiser, holds_signals
    from conv_denoiser.export import to_onnx
    from conv_denoiser.export.writer import import_converter
    from conv_denoiser.persistence import save

    if suffix == ".onnx":
        import_converter()  # before the training, not after it
    noisy = read_recording(options.noisy, options.column)
    clean = None if options.clean is None else read_recording(options.clean, options.column)
    is_array = check_suffix(options.noisy, FORMATS, "A recording") == ".npy"
    if options.column and is_array and holds_signals(read_recording(options.noisy)):
        raise ValueError(
            f"{options.noisy} holds signals, one in each row, and not channels. Leave out --column."
        )
    denoiser, interruption = fit_denoiser(
        noisy,
        clean,
        architecture=options.architecture,
        window=options.window,
        noise=options.noise,
        epochs=options.epochs,
        n_steps=N_STEPS,
        random_state=options.seed,
        verbose=0 if options.quiet else 2,
    )
    rate = options.sampling_rate or noisy.sampling_rate
    write = to_onnx if suffix == ".onnx" else save
    units = noisy.units[0] if len(set(noisy.units)) == 1 else None
    write(denoiser, options.output, sampling_rate=rate, units=units or None)
    if interruption is not None:
        raise Stopped(
            interruption.number,
            f"{options.output} holds what was learned until then, in {denoiser.n_epochs_} of "
            f"{denoiser.epochs} epochs",
        ) from interruption
    if not options.quiet:
        print(
            f"{options.output}: fitted on signals of {denoiser.n_features_in_} samples "
            f"({denoiser.supervision_}), {denoiser.n_epochs_} epochs"
        )


def info(options: argparse.Namespace) -> None:
    """Show what a recording is, or the model card of a model."""
    if Path(options.file).suffix.lower() in FORMATS:
        facts = read_recording(options.file).facts()
    else:
        facts = read_any_card(options.file)
    width = max(map(len, facts))
    try:
        for name, value in facts.items():
            print(f"{name:{width}}  {'unknown' if value is None else printable(str(value))}")
        print(end="", flush=True)
    except BrokenPipeError:  # whoever reads the output has had enough of it
        silence(sys.stdout)


def _chosen_model(
    options: argparse.Namespace,
) -> tuple[Callable[..., Samples], int, float | None]:
    """Return a function that denoises samples, its number of channels, and its sampling rate."""
    if options.model is not None:
        if options.noise_std is not None or options.strength != 1:
            raise ValueError("--noise-std and --strength are for denoising without --model.")
        if options.threads is not None and not options.model.lower().endswith(".onnx"):
            raise ValueError("--threads is for ONNX files. Set TF_NUM_INTRAOP_THREADS instead.")
        model = open_model(options.model, options.threads)
        card = model.card if isinstance(model, OnnxDenoiser) else read_any_card(options.model)
        return partial(denoise_recording, model), model.n_channels_in_, card["sampling_rate"]
    if options.threads is not None or options.overlap != OVERLAP:
        raise ValueError("--threads and --overlap are for models of your own: see --model.")
    return partial(_by_universal, options.noise_std, options.strength), 1, None


def _by_universal(
    noise_std: float | None,
    strength: float,
    samples: Samples,
    *,
    out: Samples | None,
    **_: object,
) -> Samples:
    """Denoise all samples at once with the universal model, channel by channel."""
    from conv_denoiser.pretrained import denoise as denoise_signals

    recording = np.asarray(as_recording(samples))
    denoised = denoise_signals(recording.T, noise_std=noise_std, strength=strength).T
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

    figure = plot_recording(recording.samples, denoised, recording.sampling_rate)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format=path.suffix[1:].lower())
