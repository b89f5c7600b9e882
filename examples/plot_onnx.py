"""
A file that needs no TensorFlow
===============================

Training needs TensorFlow; denoising does not. ``to_onnx`` writes a fitted denoiser to one file,
which a device runs with NumPy and ONNX Runtime alone. Here, a new Python process stands for the
device.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.training import cosine_decay

RATE = 360  # Hz
WINDOW = 512  # samples

parser = argparse.ArgumentParser(description="Fit, export, and compare the file with the denoiser.")
parser.add_argument("--n-signals", type=int, default=2000, help="training windows")
parser.add_argument("--epochs", type=int, default=4)
options = parser.parse_args()

# %%
# Training
# --------
#
# A denoiser is trained as always.
ecg = {"n_timesteps": WINDOW, "sampling_rate": RATE, "noise": GaussianNoise(snr_db=6)}
n_steps = options.epochs * math.ceil(options.n_signals / 32)
denoiser = ConvDenoiser(
    "unet",
    filters=(16, 32, 64),
    noise=GaussianNoise(snr_db=(3, 9)),
    learning_rate=cosine_decay(0.003, n_steps),
    batch_size=32,
    epochs=options.epochs,
    validation_split=0,
    random_state=0,
).fit(SignalGenerator("ecg", random_state=0, **ecg).sample(options.n_signals).clean)

# %%
# The file
# --------
#
# It is exported in one line. Scaler, padding and network are all in the file; so is a model card,
# which says where it came from. Whoever finds the file later knows at which rate to sample, and for
# which noise it was made.
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "ecg.onnx")
to_onnx(denoiser, path, sampling_rate=RATE)
deployed = OnnxDenoiser(path, n_threads=1)
print(f"model card of {path.name}, {path.stat().st_size / 1000:.0f} kB:")
for name, value in deployed.card.items():
    print(f"  {name}: {value}")

# %%
# The device
# ----------
#
# The new process loads the file, denoises, and reports how long that took.
device = """
import json, sys, time
begin = time.perf_counter()
import numpy as np
from conv_denoiser.export import OnnxDenoiser
denoiser = OnnxDenoiser(sys.argv[1], n_threads=1)
loaded = time.perf_counter()
noisy = np.load(sys.argv[2])
np.save(sys.argv[3], denoiser.transform(noisy))
times = []
for window in noisy:
    start = time.perf_counter()
    denoiser.transform(window[np.newaxis])
    times.append(time.perf_counter() - start)
names = ("numpy", "onnxruntime", "scipy", "sklearn", "keras", "tensorflow")
modules = {name: name in sys.modules for name in names}
report = {"loading": loaded - begin, "window": np.median(times), "modules": modules}
print(json.dumps(report))
"""

# %%
# The device gets the file and noisy signals. It never imports what trained the network, so it
# starts at once.
noisy, clean, seconds = SignalGenerator("ecg", random_state=1, **ecg).sample(100)
files = [path, Path(folder.name, "noisy.npy"), Path(folder.name, "denoised.npy")]
np.save(files[1], noisy)
command = [sys.executable, "-c", device, *map(str, files)]
report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
from_file = np.load(files[2])
folder.cleanup()
for state in (True, False):
    names = ", ".join(name for name, loaded in report["modules"].items() if loaded is state)
    print(f"{'' if state else 'not '}imported there: {names}")
print(f"imports and loading there: {report['loading']:.2f} s")
print(f"one window there: {1000 * report['window']:.2f} ms (median)")

# %%
# The comparison
# --------------
#
# Both give the same signals, except for the last digits of 32-bit numbers.
estimates = {"transform": denoiser.transform(noisy), "ONNX file": from_file}
for name, estimate in {"noisy": noisy, **estimates}.items():
    print(f"{name}: {snr_db(clean, estimate):.2f} dB")
difference = estimates["ONNX file"] - estimates["transform"]
difference /= np.ptp(noisy, axis=1, keepdims=True)
print(f"largest difference: {np.abs(difference).max():.1e} of a signal's range")


# %%
# Each call of TensorFlow has a cost of its own, however small the network is, so single windows, as
# in a live loop, come sooner from the file. The two take turns here, so that whatever else the
# computer does slows both.
def time_in_turns(functions: list[Callable], signals: np.ndarray) -> np.ndarray:
    """Return the median time (s) that each function takes for one signal."""
    times = np.zeros((len(signals), len(functions)))
    for row, signal in zip(times, signals, strict=True):
        for i, function in enumerate(functions):
            begin = time.perf_counter()
            function(signal[np.newaxis])
            row[i] = time.perf_counter() - begin
    return np.median(times, axis=0)


times = time_in_turns([denoiser.transform, deployed.transform], noisy)
for name, duration in zip(estimates, times, strict=True):
    print(f"one window, {name}: {1000 * duration:.2f} ms (median)")

# %%
# The same signal twice, and how long one takes.
figure, axes = plt.subplot_mosaic(
    [["signal", "signal"], ["difference", "time"]],
    figsize=(10, 6.5),
    width_ratios=(2, 1),
    layout="constrained",
)
colors = ("#0072B2", "#D55E00")
axes["signal"].plot(seconds, noisy[0], color="#999999", linewidth=0.8, label="noisy")
axes["signal"].plot(seconds, clean[0], color="black", linewidth=1, label="clean")
for (name, estimate), color, width in zip(estimates.items(), colors, (3.5, 1.2), strict=True):
    axes["signal"].plot(seconds, estimate[0], color=color, linewidth=width, label=name)
axes["signal"].set_title("one signal, denoised by both", loc="left")
axes["signal"].set(xlabel="time (s)", ylabel="amplitude (mV)")
axes["signal"].margins(x=0, y=0.25)
axes["signal"].legend(loc="upper right", ncols=4)
axes["difference"].plot(seconds, 1e6 * difference[0], color="black", linewidth=1)
axes["difference"].set_title("their difference", loc="left")
axes["difference"].set(xlabel="time (s)", ylabel="millionths of the signal's range")
axes["difference"].margins(x=0)
bars = axes["time"].bar(list(estimates), 1000 * times, color=colors)
axes["time"].bar_label(bars, fmt="%.2f")
axes["time"].set_title("time for one window", loc="left")
axes["time"].set_ylabel("time (ms)")
axes["time"].margins(y=0.15)
plt.show()
