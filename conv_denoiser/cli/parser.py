"""The arguments of the command."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from conv_denoiser._checks.version import __version__
from conv_denoiser.cli.messages import say
from conv_denoiser.readers.formats import FORMATS

__all__ = ["OVERLAP", "build_parser"]

Run = Callable[[argparse.Namespace], None]
OVERLAP = 0.5
KINDS = ", ".join(suffix[1:] for suffix in FORMATS)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        say("error", f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


def build_parser(denoise: Run, fit: Run, convert: Run, info: Run) -> argparse.ArgumentParser:
    """Build the parser of all commands; each command runs one of the functions."""
    parser = _Parser(
        prog="conv-denoiser",
        description=f"Remove noise from recordings: {KINDS}.",
    )
    parser.add_argument("--version", action="version", version=f"conv-denoiser {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, add_arguments in (
        ("denoise", denoise, _add_denoise),
        ("fit", fit, _add_fit),
        ("convert", convert, _add_convert),
        ("info", info, _add_info),
    ):
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        add_arguments(command)
    return parser


def _add_denoise(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    recordings = f"noisy recordings, folders or patterns: {KINDS}; - for standard input"
    add("recordings", nargs="+", metavar="recording", help=recordings)
    model = "onnx or safetensors file, or ecg; default: the universal model, for white noise"
    add("--model", help=model)
    outputs = command.add_mutually_exclusive_group(required=True)
    output = f"recording to write: {KINDS}; - for standard output"
    outputs.add_argument("--output", type=Path, help=output)
    folder = "folder for denoised recordings of the same names"
    outputs.add_argument("--output-dir", type=Path, metavar="FOLDER", help=folder)
    add("--jobs", type=_count, default=1, help="recordings to denoise at once, default 1")
    many = "processes to start for a zarr store, default: this one alone"
    add("--workers", type=_count, metavar="N", help=many)
    address = "address of a Dask scheduler, whose workers denoise a zarr store"
    add("--scheduler", metavar="ADDRESS", help=address)
    add("--plot", type=Path, help="picture to make: png, pdf or svg")
    add("--report", type=Path, help="page to make, which tells whether it helped: html")
    add("--start", type=_time, help="denoise from this time on (s), and leave the rest as it is")
    add("--end", type=_time, help="denoise up to this time (s)")
    share = "share of a window that the next one covers as well, default 0.5"
    add("--overlap", type=float, default=OVERLAP, help=share)
    add("--threads", type=_count, help="default: one for each core")
    no_resample = "fail if the model was fitted to another sampling rate"
    add("--no-resample", dest="resample", action="store_false", help=no_resample)
    add("--channelwise", action="store_true", help="denoise each channel by itself")
    known = "standard deviation of the noise, if it is known; without --model"
    add("--noise-std", type=_positive, help=known)
    strength = "multiple of the noise level to remove, default 1; less keeps more; without --model"
    add("--strength", type=_positive, default=1.0, help=strength)
    _add_common(command)
    _add_format(command)


def _add_fit(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "noisy",
        help="a noisy recording; signals, one in each row of more than 16 columns; "
        "or a folder of those, or a zarr store, which are read little by little",
    )
    add("clean", nargs="?", help="the same without noise, if there is one")
    add("--output", required=True, type=Path, help="model to write: .onnx or .safetensors")
    add("--architecture", choices=["autoencoder", "unet", "unet-small"], default="unet")
    window = "samples of the windows that a recording is cut into, default 512"
    add("--window", type=_count, default=512, help=window)
    noise = "take the samples for clean, and add noise of this standard deviation"
    add("--noise", type=_positive, help=noise)
    width = "odd number of samples to hide at once, for correlated noise, default 1; without clean"
    add("--width", type=_count, help=width)
    add("--epochs", type=_count, help="default: by the number of signals")
    add("--seed", type=int, default=0, help="of everything that is random, default 0")
    _add_common(command)


def _add_convert(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("recording", help=f"recording to read: {KINDS}; - for standard input")
    add("output", type=Path, help="recording to write, of any of these kinds; -")
    _add_facts(command)
    _add_format(command)


def _add_info(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", help="a recording, or an onnx or safetensors file")
    _add_channels(command)


def _add_facts(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    _add_channels(command)
    add("--sampling-rate", type=_positive, help="samples per second (Hz)")
    add("--units", help="what the samples are in, such as mV, if the file does not tell")


def _add_channels(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    column = "the one to use of a text file: name or number, from 1; else a channel"
    which.add_argument("--column", dest="channels", help=column)
    channels = "the ones to use: names or numbers, from 1; others stay as they are"
    which.add_argument("--channels", type=_names, metavar="A,B,...", help=channels)


def _add_format(command: argparse.ArgumentParser) -> None:
    raw = "what standard input and output hold where they are -: csv (default), or raw float32"
    command.add_argument("--format", choices=["csv", "f32"], default="csv", help=raw)


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    _add_facts(command)
    axes = command.add_mutually_exclusive_group()
    rows = "each row is a signal: default for more than 16 columns"
    axes.add_argument("--rows", action="store_true", default=None, help=rows)
    columns = "each column is a channel of one recording: default for up to 16"
    axes.add_argument("--columns", dest="rows", action="store_false", default=None, help=columns)
    add("--quiet", action="store_true", help="print nothing but errors")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names no channel")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)


def _time(text: str) -> float:
    return 0.0 if text.strip("0.") == "" and "0" in text else _positive(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number
