"""What files cost beside denoising: a night in EDF, and a folder of short text files.

python benchmarks/files.py               # 32 channels of 8 hours, 100 text files: half an hour
python benchmarks/files.py --hours 0.1 --n-commands 5
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
from common import PeakMemory, machine

from conv_denoiser import (
    ConvDenoiser,
    DenoisingWarning,
    SignalGenerator,
    denoise_recording,
    read_recording,
)
from conv_denoiser.cli import main as command
from conv_denoiser.export import OnnxDenoiser, to_onnx

RATE, N_CHANNELS = 256, 32
N_TEXTS, N_LINES = 100, 1000


def fitted(path: Path) -> OnnxDenoiser:
    """Return the recipe's network, hardly fitted: denoising takes as long whatever it learned."""
    X, y = SignalGenerator(random_state=0).sample(200, return_X_y=True)
    warnings.simplefilter("ignore", DenoisingWarning)
    to_onnx(ConvDenoiser(epochs=1, random_state=0).fit(X, y), path, sampling_rate=RATE)
    return OnnxDenoiser(path)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds that work takes, by a clock."""
    start = clock()
    work()
    return clock() - start


def both_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that work takes by the wall, and those that processors work on it.

    The latter hardly depend on what else the machine does.
    """
    wall: list[float] = []
    processors = seconds(lambda: wall.append(seconds(work)), time.process_time)
    return wall[0], processors


def write_night(path: Path, hours: float) -> None:
    """Write noise of 32 channels."""
    rng = np.random.default_rng(0)
    n_samples = round(hours * 3600) * RATE
    signals = [
        edfio.EdfSignal.from_digital(
            rng.integers(-2048, 2048, n_samples, np.int16), RATE, label=f"EEG {number}",
            physical_range=(-200, 200), digital_range=(-2048, 2047), physical_dimension="uV",
        )
        for number in range(N_CHANNELS)
    ]  # fmt: skip
    edfio.Edf(signals).write(path)


def night(folder: Path, model: OnnxDenoiser, hours: float) -> None:
    """Compare the command, from file to file, with denoising what is in memory."""
    write_night(folder / "night.edf", hours)
    options = ["--model", str(folder / "model.onnx"), "--channelwise", "--quiet"]
    arguments = ["denoise", str(folder / "night.edf"), "--output", str(folder / "clean.edf")]
    with PeakMemory() as memory:
        file_to_file = both_seconds(lambda: command([*arguments, *options]))
    samples = np.asarray(read_recording(folder / "night.edf").samples)
    alone = both_seconds(lambda: denoise_recording(model, samples, channelwise=True))
    ratios = [one / other for one, other in zip(file_to_file, alone, strict=True)]
    for name, pair, digits in (
        ("denoising alone, in memory (s)", alone, 1),
        ("from EDF to EDF (s)", file_to_file, 1),
        ("EDF to EDF / alone", ratios, 2),
    ):
        print(f"| {name} | {pair[0]:.{digits}f} | {pair[1]:.{digits}f} |")
    print(f"| memory above the loaded model (MB) | {memory.megabytes - memory.before:.0f} | |")


def texts(folder: Path, n_commands: int) -> None:
    """Compare one command for a folder with a command for each of its files."""
    (folder / "texts").mkdir()
    rng = np.random.default_rng(0)
    for number in range(N_TEXTS):
        np.savetxt(folder / "texts" / f"{number}.csv", rng.normal(size=N_LINES), fmt="%.5f")
    start = [sys.executable, "-m", "conv_denoiser", "denoise"]
    end = ["--model", str(folder / "model.onnx"), "--quiet"]

    def run(source: str, *target: str) -> None:
        subprocess.run([*start, str(folder / source), *target, *end], check=True)

    one = seconds(lambda: run("texts", "--output-dir", str(folder / "clean")))
    output = str(folder / "clean.csv")
    each = seconds(lambda: [run(f"texts/{n}.csv", "--output", output) for n in range(n_commands)])
    apart = each * N_TEXTS / n_commands
    print(f"| a folder of {N_TEXTS} text files of {N_LINES} lines (s) | {one:.1f} | |")
    print(f"| as many commands, of which {n_commands} were run (s) | {apart:.1f} | |")
    print(f"| commands / folder | {apart / one:.1f} | |")


def main() -> None:
    """Print both comparisons as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--n-commands", type=int, default=N_TEXTS)
    options = parser.parse_args()
    print(machine("onnxruntime", "edfio"), f"Load before: {os.getloadavg()[0]:.1f}.\n")
    head = f"{N_CHANNELS} channels of {options.hours:g} h at {RATE} Hz"
    print(f"| {head} | wall | processors |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        model = fitted(Path(folder) / "model.onnx")
        night(Path(folder), model, options.hours)
        texts(Path(folder), options.n_commands)


if __name__ == "__main__":
    main()
