"""
A real ECG, cleaned by a network that has seen none
===================================================

Clean recordings are rare. Here a network learns from synthetic electrocardiograms alone and then
denoises a real one, next to a wavelet and a Savitzky-Golay filter. Run it as a script with
``--input FILE`` to clean a recording of your own.
"""

import argparse
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pywt
from scipy.signal import savgol_filter
from skimage.restoration import denoise_wavelet

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample, denoise_recording
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise

RATE = 360  # Hz, of the real ECG

parser = argparse.ArgumentParser(description="Clean a real ECG, and a recording of your own.")
parser.add_argument("--input", type=Path, help="a recording: .csv (one column) or .npy")
parser.add_argument("--sampling-rate", type=float, default=RATE, help="of that recording, in Hz")
parser.add_argument("--n-signals", type=int, default=8_000, help="training signals")
parser.add_argument("--epochs", type=int, default=4)
options = parser.parse_args()
if options.input is not None:
    recording = (np.load if options.input.suffix == ".npy" else np.loadtxt)(options.input)

# %%
# Learning from synthetic ECGs
# ----------------------------
#
# Synthetic ECGs vary in rate, amplitude and shape, and in how noisy they are. The network has a
# linear output and signals keep their amplitude: both suit signals with rare, high peaks.
generator = SignalGenerator(
    "ecg",
    n_timesteps=256,
    sampling_rate=RATE,
    noise=GaussianNoise(snr_db=(3, 9)),
    random_state=0,
)
denoiser = ConvDenoiser(
    filters=(32, 32),
    kernel_size=7,
    max_norm=None,
    loss="mean_squared_error",
    scaler=StandardizePerSample(),
    epochs=options.epochs,
    batch_size=64,
    random_state=0,
    verbose=2,
)
denoiser.fit(*generator.sample(options.n_signals, return_X_y=True))

# %%
# The real ECG
# ------------
#
# PyWavelets brings one. It gets white noise at 6 dB, so that the truth is known.
clean = pywt.data.ecg().astype(float)
clean -= clean.mean()
noisy = GaussianNoise(snr_db=6)(clean.reshape(1, -1), rng=0)[0]


# %%
# Both filters get the settings, out of many, that come closest to the truth of this very signal, a
# help that users do not have. The network has seen synthetic ECGs only, but its settings and the
# ranges of those ECGs were chosen with this signal in view, too.
def closest(estimates: Iterable[np.ndarray]) -> np.ndarray:
    """Return the estimate with the highest signal-to-noise ratio."""
    return max(estimates, key=lambda estimate: snr_db([clean], [estimate]))


lengths = product(range(5, 40, 2), (2, 3, 4))
savitzky_golay = closest(savgol_filter(noisy, length, order) for length, order in lengths)
wavelets = product(
    ("db4", "sym4", "sym8", "coif3", "db8"), ("BayesShrink", "VisuShrink"), ("soft", "hard")
)
wavelet = closest(
    denoise_wavelet(noisy, wavelet=name, method=method, mode=mode, rescale_sigma=True)
    for name, method, mode in wavelets
)

# %%
# The recording is longer than the signals that the network knows.
# :func:`~conv_denoiser.denoise_recording` cuts it into windows that overlap, and joins them again.
estimates = {
    "noisy": noisy,
    "Savitzky-Golay": savitzky_golay,
    "wavelet": wavelet,
    "ConvDenoiser": denoise_recording(denoiser, noisy),
}
figure, axes = plt.subplots(4, sharex=True, figsize=(9, 8), layout="constrained")
time = np.arange(clean.size) / RATE
print("signal-to-noise ratio of a real ECG:")
for axis, (name, estimate) in zip(axes, estimates.items(), strict=True):
    ratio = snr_db([clean], [estimate])
    print(f"{name:>15}: {ratio:5.2f} dB")
    color = "#999999" if name == "noisy" else "#0072B2"
    axis.plot(time, estimate, color=color, linewidth=1.4, label="estimate")
    axis.plot(time, clean, color="black", linewidth=0.7, label="clean")
    axis.set_title(f"{name}: {ratio:.1f} dB", loc="left")
    axis.margins(x=0)
figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("time (s)")
figure.supylabel("amplitude (units of the recorder)")
plt.show()


# %%
# A recording of your own
# -----------------------
#
# ``python examples/plot_ecg.py --input mine.csv --sampling-rate 250`` goes on with a recording of
# yours: one column of numbers in a CSV file, or an array in an NPY file. The result is written next
# to it, here to ``mine_denoised.csv``. A network knows one sampling rate, so it learns anew
# for any other. (``conv-denoiser``, the command, takes files of more kinds, and learns from your
# recording itself.)
if options.input is not None:
    if options.sampling_rate != RATE:
        generator.sampling_rate = options.sampling_rate
        denoiser.fit(*generator.sample(options.n_signals, return_X_y=True))
    denoised = denoise_recording(denoiser, recording)
    path = options.input.with_name(f"{options.input.stem}_denoised{options.input.suffix}")
    (np.save if path.suffix == ".npy" else np.savetxt)(path, denoised)
    print(f"denoised recording: {path}")
    figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
    time = np.arange(recording.size) / options.sampling_rate
    axis.plot(time, recording, color="#999999", linewidth=0.8, label="noisy")
    axis.plot(time, denoised, color="#0072B2", linewidth=1, label="denoised")
    axis.set(xlabel="time (s)", ylabel="amplitude (units of the recorder)")
    axis.margins(x=0)
    figure.legend(loc="outside upper right", ncols=2)
    plt.show()
