"""The command line: denoise recordings, fit models, convert files, show what one holds."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conv_denoiser._atomic import check_target
from conv_denoiser.cli.denoising import denoise
from conv_denoiser.cli.messages import one_line, printable, say, show_warning
from conv_denoiser.cli.parser import build_parser
from conv_denoiser.cli.pipes import piped
from conv_denoiser.cli.shell import (
    Stopped,
    lasting,
    open_closed_descriptors,
    signals_raised,
    silence,
)
from conv_denoiser.cli.signals import are_many, read_signals
from conv_denoiser.cli.units import with_units
from conv_denoiser.export.opening import MODEL_SUFFIXES, read_any_card
from conv_denoiser.readers.datasets import split_address
from conv_denoiser.readers.formats import (
    FORMATS,
    check_suffix,
    format_of,
    read_recording,
    write_recording,
)
from conv_denoiser.readers.recording import Recording, holds_signals, suffix_of

if TYPE_CHECKING:
    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["main"]


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
            options = build_parser(denoise, fit, convert, info).parse_args(argv)
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
        stopped = Stopped.of(error)
        say("interrupted", str(stopped))
        return 128 + stopped.number
    return 0


def fit(options: argparse.Namespace) -> None:
    """Fit a denoiser to recordings, or to signals in an npy file, and save it."""
    _check_fit(options)
    X, y, noisy = read_signals(options)
    from conv_denoiser.cli.fitting import fit_denoiser  # TensorFlow takes seconds: after the files

    if Path(options.output).suffix.lower() == ".onnx":
        from conv_denoiser.export.writer import import_converter

        import_converter()  # before the training, not after it
    denoiser, interruption = fit_denoiser(
        X,
        y,
        architecture=options.architecture,
        noise=options.noise,
        width=options.width,
        epochs=options.epochs,
        random_state=options.seed,
        verbose=int(not options.quiet and sys.stderr.isatty()),
    )
    _write_model(denoiser, options, noisy)
    if interruption is not None:
        raise Stopped.of(
            interruption,
            f"{options.output} holds what was learned until then, in {denoiser.n_epochs_} epochs",
        ) from interruption
    if not options.quiet:
        _report_fit(denoiser, options.output)


def _check_fit(options: argparse.Namespace) -> None:
    """Raise where options do not go together, or the model cannot be written."""
    check_suffix(options.output, MODEL_SUFFIXES, "--output")
    check_target(options.output)
    if options.noise is not None and options.clean is not None:
        raise ValueError("--noise is for clean signals alone. Leave it or the second file out.")
    if options.width is not None and not (options.noise is options.clean is None):
        raise ValueError(
            "--width is for noisy recordings alone. Leave it or --noise and CLEAN out."
        )
    if are_many(options.noisy):
        return
    is_array = format_of(options.noisy) is FORMATS[".npy"]
    if options.channels and is_array and holds_signals(read_recording(options.noisy), options.rows):
        raise ValueError(
            f"{options.noisy} holds signals, one in each row, and not channels. Leave out --column."
        )


def _write_model(denoiser: "ConvDenoiser", options: argparse.Namespace, noisy: Recording) -> None:
    from conv_denoiser.export import to_onnx
    from conv_denoiser.persistence import save

    write = to_onnx if Path(options.output).suffix.lower() == ".onnx" else save
    rate = options.sampling_rate or noisy.sampling_rate
    units = noisy.units[0] if len(set(noisy.units)) == 1 else None
    write(denoiser, options.output, sampling_rate=rate, units=units or None)


def _report_fit(denoiser: "ConvDenoiser", path: Path) -> None:
    from conv_denoiser.denoiser.diagnostics import verdict

    print(
        f"{path}: fitted on signals of {denoiser.n_features_in_} samples "
        f"({denoiser.supervision_}), {denoiser.n_epochs_} epochs"
    )
    if denoiser.diagnostics_ is not None:
        print(verdict(denoiser.diagnostics_))


def convert(options: argparse.Namespace) -> None:
    """Write a recording in another format, as it is."""
    with piped(options.recording, options.output, options.format) as (source, target):
        check_suffix(target, FORMATS, "output")
        check_target(target)
        recording = with_units(read_recording(source, options.channels), options.units)
        rate = options.sampling_rate or recording.sampling_rate
        write_recording(target, replace(recording, sampling_rate=rate))


def info(options: argparse.Namespace) -> None:
    """Show what a recording is, or the model card of a model."""
    if suffix_of(split_address(options.file)[0]) in FORMATS:
        facts = read_recording(options.file, options.channels).facts()
    else:
        if options.channels is not None:
            raise ValueError("--column and --channels are for recordings, and not for models.")
        facts = read_any_card(options.file)
    width = max(map(len, facts))
    try:
        for name, value in facts.items():
            print(f"{name:{width}}  {'unknown' if value is None else printable(str(value))}")
        print(end="", flush=True)
    except BrokenPipeError:  # whoever reads the output has had enough of it
        silence(sys.stdout)
