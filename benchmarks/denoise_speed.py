"""Speed of `denoise`, beside wavelet shrinkage of scikit-image, and of the command on files.

    python benchmarks/denoise_speed.py

What is compared takes turns in one process, on one thread; its time is that of the processor. Files
are denoised by the command in new processes, on all cores; those times hold its start, reading and
writing. The best of several rounds counts: other work on a machine never makes times shorter.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ.update(ONE_THREAD)  # read when NumPy is imported, and when the network is loaded

import numpy as np  # noqa: E402
from common import machine  # noqa: E402
from skimage.restoration import cycle_spin, denoise_wavelet  # noqa: E402

from conv_denoiser import denoise  # noqa: E402

WAVELET = {"wavelet": "sym8", "mode": "soft", "method": "BayesShrink", "rescale_sigma": True}
N_ROUNDS, N_PROCESSES, N_FILE = 100, 5, 1_000_000
FIRST = """
import time
start = time.perf_counter()
import numpy as np
from conv_denoiser import denoise
denoise(np.sin(np.arange(2048) / 50) + np.random.default_rng(0).standard_normal(2048))
print(time.perf_counter() - start)
"""


def signal(n_timesteps: int) -> np.ndarray:
    """Return a noisy wave."""
    t = np.arange(n_timesteps)
    noise = np.random.default_rng(0).standard_normal(n_timesteps)
    return np.sin(t / 50) * np.sin(t / 7000) + 0.3 * noise


def spun(x: np.ndarray) -> np.ndarray:
    """Shrink wavelets, averaged over 16 shifts."""
    return cycle_spin(x, denoise_wavelet, max_shifts=15, func_kw=WAVELET, workers=1)


def in_turns(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the least processor time of each call, in milliseconds."""
    least = dict.fromkeys(calls, np.inf)
    for _ in range(N_ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            least[name] = min(least[name], 1e3 * (time.process_time() - start))
    return least


def on_one_thread() -> None:
    """Compare methods on one signal, and on many."""
    x = signal(2048)
    many = np.stack([signal(512)] * 64)
    milliseconds = in_turns(
        {
            "`denoise`": lambda: denoise(x),
            "`denoise`, its level given": lambda: denoise(x, noise_std=0.3),
            "BayesShrink (sym8)": lambda: denoise_wavelet(x, **WAVELET),
            "cycle-spun BayesShrink, 16 shifts": lambda: spun(x),
            "`denoise`, 64 signals of 512 samples": lambda: denoise(many),
        }
    )
    ours = milliseconds["`denoise`"]
    print("| one signal of 2,048 samples, one thread | ms | over `denoise` |\n|---|---|---|")
    for name, value in milliseconds.items():
        print(f"| {name} | {value:.2f} | {value / ours:.2f} |")


def in_process(command: list[str]) -> tuple[float, float, str]:
    """Return the seconds that a command takes, those of all cores together, and what it says."""
    environment = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    of_cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, of_cores, done.stdout


def in_new_processes() -> None:
    """Time the start, and the command on files."""
    print("\n| new processes, all cores | s | all cores together (s) |\n|---|---|---|")
    first = min(float(in_process([sys.executable, "-c", FIRST])[2]) for _ in range(N_PROCESSES))
    print(f"| from the import (of NumPy, too) to the first array | {first:.2f} | |")
    with tempfile.TemporaryDirectory() as folder:
        for suffix, write in ((".npy", np.save), (".csv", np.savetxt)):
            source = Path(folder) / f"noisy{suffix}"
            write(source, signal(N_FILE))
            target = source.with_stem("clean")
            command = [sys.executable, "-m", "conv_denoiser", "denoise", source, "--output", target]
            runs = [in_process([*map(str, command)]) for _ in range(N_PROCESSES)]
            seconds, of_cores = min(run[0] for run in runs), min(run[1] for run in runs)
            print(f"| a million samples, {suffix} to {suffix} | {seconds:.2f} | {of_cores:.2f} |")


def main() -> None:
    """Print both tables in Markdown."""
    print(f"{machine('onnxruntime', 'scikit-image')}\n")
    on_one_thread()
    in_new_processes()


if __name__ == "__main__":
    main()
