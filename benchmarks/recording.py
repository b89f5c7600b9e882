"""Recordings, streams and deployment: speed and memory, on TensorFlow and on ONNX Runtime.

A day of ECG at 360 Hz, 31.1 million samples, goes from one memory map to another, each denoiser in
a process of its own. Whatever is compared takes turns in one process.

    python benchmarks/recording.py             # about 15 minutes on two cores
    python benchmarks/recording.py --hours 1   # a quick look
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import PeakMemory, machine

from conv_denoiser import StreamingDenoiser, denoise_recording, save
from conv_denoiser import load as load_model
from conv_denoiser.export import OnnxDenoiser, to_onnx

RATE = 360  # Hz
WINDOWS = {"recipe": 150, "U-Net": 512}
RUNTIMES = ("TensorFlow", "ONNX Runtime")


def fit_all(folder: Path) -> None:
    """Write each network, as a pickle and as an ONNX file. Speed does not depend on the weights."""
    import joblib

    from conv_denoiser import ConvDenoiser

    for name, window in WINDOWS.items():
        X = np.random.default_rng(0).normal(size=(16, window)).astype(np.float32)
        architecture = "unet" if name == "U-Net" else "autoencoder"
        denoiser = ConvDenoiser(architecture, init="random", epochs=1, random_state=0).fit(X, X)
        joblib.dump(denoiser, folder / f"{name}.joblib")
        save(denoiser, folder / f"{name}.safetensors", sampling_rate=RATE)
        to_onnx(denoiser, folder / f"{name}.onnx", sampling_rate=RATE)


def load(folder: Path, name: str, runtime: str, n_threads: int | None = None) -> Any:
    """Load a denoiser, and run it once."""
    if runtime == "TensorFlow":
        import joblib

        denoiser = joblib.load(folder / f"{name}.joblib")
    else:
        denoiser = OnnxDenoiser(folder / f"{name}.onnx", n_threads=n_threads)
    for n_signals in (1, 64, 200):
        denoiser.transform(np.random.default_rng(0).normal(size=(n_signals, WINDOWS[name])))
    return denoiser


def medians(functions: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Return the median seconds of functions that take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def one_day(folder: Path, name: str, runtime: str) -> dict[str, float]:
    """Denoise the recording in this process, and a piece of it window by window."""
    denoiser = load(folder, name, runtime)
    window = WINDOWS[name]
    noisy = np.load(folder / "noisy.npy", mmap_mode="r")
    out = np.lib.format.open_memmap(folder / "out.npy", "w+", np.float32, noisy.shape)
    with PeakMemory() as memory:
        start = time.perf_counter()
        denoise_recording(denoiser, noisy, out=out)
        seconds = time.perf_counter() - start
    piece = np.array(noisy[: 4_000 * window // 2])
    windows = np.lib.stride_tricks.sliding_window_view(piece, window)[:: window // 2].copy()
    turns = {
        "transform": lambda: denoiser.transform(windows),
        "recording": lambda: denoise_recording(denoiser, piece),
    }
    times = medians(turns, 7)
    return {
        "seconds": seconds,
        "rate": len(noisy) / seconds,
        "memory": memory.megabytes - memory.before,
        "share": times["transform"] / times["recording"],
    }


def days(folder: Path, hours: float) -> str:
    """Compare denoisers on a long recording, as a Markdown table."""
    n_samples = round(hours * 3600 * RATE)
    noisy = np.lib.format.open_memmap(folder / "noisy.npy", "w+", np.float32, (n_samples,))
    rng = np.random.default_rng(0)
    for begin in range(0, n_samples, 10**6):
        part = noisy[begin : begin + 10**6]
        part[:] = rng.normal(size=part.shape)
    noisy.flush()
    lines = [
        f"| {n_samples / 1e6:.1f} million samples | seconds | million samples a second | hours of "
        "ECG a second | memory above the loaded model (MB) | throughput / that of `transform` |",
        "|---|---|---|---|---|---|",
    ]
    for name in WINDOWS:
        for runtime in RUNTIMES:
            result = _in_process(folder, name, runtime)
            lines.append(
                f"| {name}, {runtime} | {result['seconds']:.0f} | {result['rate'] / 1e6:.2f} | "
                f"{result['rate'] / RATE / 3600:.2f} | {result['memory']:.0f} | "
                f"{result['share']:.2f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def _in_process(folder: Path, name: str, runtime: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", str(folder), name, runtime]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def runtimes(folder: Path) -> str:
    """Compare TensorFlow and ONNX Runtime on batches and on single windows."""
    lines = [
        "| windows | transform (µs a window) | OnnxDenoiser | transform / OnnxDenoiser |",
        "|---|---|---|---|",
    ]
    for name, window in WINDOWS.items():
        denoisers = {runtime: load(folder, name, runtime) for runtime in RUNTIMES}
        for n_windows in (32, 64, 256, 1000):
            X = np.random.default_rng(0).normal(size=(n_windows, window)).astype(np.float32)
            turns = {key: partial(d.transform, X) for key, d in denoisers.items()}
            times = medians(turns, 15)
            tensorflow, onnx = (1e6 * times[runtime] / n_windows for runtime in RUNTIMES)
            lines.append(
                f"| {name}, {n_windows} of {window} samples | {tensorflow:.0f} | {onnx:.0f} | "
                f"{tensorflow / onnx:.2f} |"
            )
    return "\n".join(lines)


def single_windows(folder: Path) -> str:
    """Measure the time of one window, of starting, and of a live stream."""
    lines = ["| | recipe | U-Net |", "|---|---|---|"]
    cells: dict[str, list[str]] = {}
    for name, window in WINDOWS.items():
        X = np.random.default_rng(0).normal(size=(1, window)).astype(np.float32)
        tensorflow = load(folder, name, "TensorFlow")
        onnx = load(folder, name, "ONNX Runtime", n_threads=1)
        predict = partial(tensorflow.model_.predict, X[:, :, np.newaxis], verbose=0)
        slow = {
            "one window, `keras.Model.predict` (ms)": predict,
            "one window, `ConvDenoiser.transform` (ms)": partial(tensorflow.transform, X),
        }
        fast = {"one window, `OnnxDenoiser`, one thread (ms)": partial(onnx.transform, X)}
        for label, seconds in {**medians(slow, 50), **medians(fast, 1000)}.items():
            cells.setdefault(label, []).append(f"{1e3 * seconds:.3g}")
        label = "import and load an `OnnxDenoiser`, new process (s)"
        cells.setdefault(label, []).append(f"{start_up(folder, name):.2f}")
        label = "`load` of a file of `save`, beyond the import of TensorFlow (s)"
        times = medians({label: partial(load_model, folder / f"{name}.safetensors")}, 7)
        cells.setdefault(label, []).append(f"{times[label]:.2f}")
        label = "size of that file (kB)"
        size = (folder / f"{name}.safetensors").stat().st_size
        cells.setdefault(label, []).append(f"{size / 1000:.0f}")
        label = f"stream of {RATE} Hz, sample by sample: share of one core (%)"
        cells.setdefault(label, []).append(f"{100 * stream_share(onnx):.2f}")
    return "\n".join([*lines, *(f"| {key} | {' | '.join(row)} |" for key, row in cells.items())])


def start_up(folder: Path, name: str) -> float:
    """Return the median seconds of an import and load, the process's own start left out."""
    code = (
        "import time; start = time.perf_counter()\n"
        "from conv_denoiser.export import OnnxDenoiser\n"
        f"OnnxDenoiser({str(folder / f'{name}.onnx')!r}, n_threads=1)\n"
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(7)]
    return float(np.median([float(run.stdout) for run in runs]))


def stream_share(denoiser: OnnxDenoiser, seconds: int = 120) -> float:
    """Return the share of a core that a live stream takes, pushed sample by sample."""
    noisy = np.random.default_rng(0).normal(size=seconds * RATE).astype(np.float32)
    stream = StreamingDenoiser(denoiser)
    start = time.process_time()
    for sample in noisy:
        stream.push(sample)
    return (time.process_time() - start) / seconds


def main() -> None:
    """Print all tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24, help="of ECG, default 24")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, name, runtime = options.one
        print(json.dumps(one_day(Path(folder), name, runtime)))
        return
    print(machine("onnxruntime"))
    with tempfile.TemporaryDirectory() as folder:
        fit_all(Path(folder))
        print(f"\n{single_windows(Path(folder))}\n")
        print(f"{runtimes(Path(folder))}\n")
        print(days(Path(folder), options.hours))


if __name__ == "__main__":
    main()
