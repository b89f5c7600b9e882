"""The arguments of the command."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from conv_denoiser._version import __version__
from conv_denoiser.cli.messages import say

__all__ = ["N_STEPS", "OVERLAP", "build_parser"]

Run = Callable[[argparse.Namespace], None]
# Training steps that a network needs to become useful; `fit` chooses the epochs by it.
N_STEPS = 400
OVERLAP = 0.5  # of windows


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        say("error", f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


def build_parser(denoise: Run, fit: Run, info: Run) -> argparse.ArgumentParser:
    """Build the parser of all commands, each of which runs one of the functions."""
    parser = _Parser(
        prog="conv-denoiser", description="Remove noise from recordings: npy, csv and wav files."
    )
    parser.add_argument("--version", action="version", version=f"conv-denoiser {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    command = _command(commands, "denoise", denoise)
    command.add_argument("recording", help="noisy recording: npy, csv or wav")
    command.add_argument(
        "--model", help="onnx or safetensors file; default: the universal model, for white noise"
    )
    command.add_argument("--output", required=True, type=Path, help="file to write, as above")
    command.add_argument("--plot", type=Path, help="picture to make: png, pdf or svg")
    command.add_argument("--overlap", type=float, default=OVERLAP, help="of windows, default 0.5")
    command.add_argument("--threads", type=_count, help="default: as many as there are cores")
    command.add_argument(
        "--channelwise", action="store_true", help="denoise each channel by itself"
    )

    command.add_argument(
        "--noise-std", type=_positive, help="known standard deviation of the noise, without --model"
    )
    command.add_argument(
        "--strength",
        type=_positive,
        default=1.0,
        help="multiple of the noise's level, without --model: less keeps more, default 1",
    )

    command = _command(commands, "fit", fit)
    command.add_argument(
        "noisy", help="a noisy recording, or signals, one a row of more than 16 columns"
    )
    command.add_argument("clean", nargs="?", help="the same without noise, if there is such")
    command.add_argument(
        "--output", required=True, type=Path, help="model to write: .onnx or .safetensors"
    )
    command.add_argument("--architecture", choices=["autoencoder", "unet"], default="unet")
    command.add_argument(
        "--window", type=_count, default=512, help="samples of a piece of a recording, default 512"
    )
    command.add_argument(
        "--noise", type=_positive, help="of clean signals: standard deviation of noise to add"
    )
    command.add_argument("--epochs", type=_count, help=f"default: about {N_STEPS} training steps")
    command.add_argument("--seed", type=int, default=0, help="of all that is random, default 0")

    command = commands.add_parser("info", help=info.__doc__, description=info.__doc__)
    command.add_argument("model", help="onnx or safetensors file")
    command.set_defaults(run=info)
    return parser


def _command(commands: Any, name: str, run: Run) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=run.__doc__, description=run.__doc__
    )
    command.add_argument("--column", help="of a csv file: name or number, from 1; else a channel")
    command.add_argument("--sampling-rate", type=_positive, help="samples a second (Hz)")
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    command.set_defaults(run=run)
    return command


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive integer")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number
