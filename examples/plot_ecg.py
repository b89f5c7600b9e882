"""
A real ECG, cleaned by a network that has seen none
===================================================

Clean recordings are rare. Here a network learns from synthetic electrocardiograms alone and then
denoises a real one, next to a wavelet and a Savitzky-Golay filter. Run it as a script with
``--input FILE`` to clean a recording of your own.
"""

import argparse
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pywt
from scipy.signal import savgol_filter
from skimage.restoration import denoise_wavelet

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise

WINDOW = 256  # timesteps of a training signal


def main(argv: Sequence[str] | None = None) -> None:
    """Train on synthetic ECGs, then denoise a real one."""
    options = _parser().parse_args(argv)
    options.output.mkdir(parents=True, exist_ok=True)
    recording = None if options.input is None else read_recording(options.input)

    # %%
    # Synthetic ECGs vary in rate, amplitude and shape, and in how noisy they are. The network has
    # a linear output and signals keep their amplitude: both suit signals with rare, high peaks.
    generator = SignalGenerator(
        "ecg",
        n_timesteps=WINDOW,
        sampling_rate=options.sampling_rate,
        noise=GaussianNoise(snr_db=(3, 9)),
        random_state=0,
    )
    X, y = generator.sample(options.n_signals, return_X_y=True)
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
    denoiser.fit(X, y)

    if recording is not None:
        clean_own_recording(denoiser, recording, options)
    else:
        compare_on_real_ecg(denoiser, options)
    plt.close("all")


def compare_on_real_ecg(denoiser: ConvDenoiser, options: argparse.Namespace) -> None:
    """Add noise to a real ECG, so that the truth is known, and compare methods."""
    # %%
    # Both filters try many settings, and the truth of this very signal picks the best: a help that
    # no user has. The network has seen synthetic ECGs only, but its settings and the ranges of
    # those ECGs were chosen with an eye on this signal too.
    clean = pywt.data.ecg().astype(float)
    clean -= clean.mean()
    noisy = GaussianNoise(snr_db=6)(clean.reshape(1, -1), rng=0)[0]
    estimates = {
        "noisy": noisy,
        "Savitzky-Golay": best_savitzky_golay(noisy, clean),
        "wavelet": best_wavelet(noisy, clean),
        "ConvDenoiser": denoise(denoiser, noisy),
    }
    figure, axes = plt.subplots(4, sharex=True, figsize=(9, 8), layout="constrained")
    time = np.arange(clean.size) / options.sampling_rate
    print("signal-to-noise ratio of a real ECG:")
    for axis, (name, estimate) in zip(axes, estimates.items(), strict=True):
        ratio = snr_db([clean], [estimate])
        print(f"{name:>15}: {ratio:5.2f} dB")
        axis.plot(time, clean, color="black", linewidth=0.8, label="clean")
        axis.plot(time, estimate, color="#0072B2", linewidth=1.2, alpha=0.8, label=name)
        axis.set_title(f"{name}: {ratio:.1f} dB", loc="left")
        axis.legend(loc="upper right")
    axes[-1].set_xlabel("time (s)")
    figure.supylabel("amplitude (units of the recorder)")
    path = options.output / "ecg.png"
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")


def best_savitzky_golay(noisy: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Smooth with every window length and order; return what comes closest to the truth."""
    settings = product(range(5, 40, 2), (2, 3, 4))
    return closest(clean, (savgol_filter(noisy, length, order) for length, order in settings))


def best_wavelet(noisy: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Denoise with every wavelet and threshold; return what comes closest to the truth."""
    settings = product(
        ("db4", "sym4", "sym8", "coif3", "db8"), ("BayesShrink", "VisuShrink"), ("soft", "hard")
    )
    estimates = (
        denoise_wavelet(noisy, wavelet=wavelet, method=method, mode=mode, rescale_sigma=True)
        for wavelet, method, mode in settings
    )
    return closest(clean, estimates)


def closest(clean: np.ndarray, estimates: Iterable[np.ndarray]) -> np.ndarray:
    """Return the estimate with the highest signal-to-noise ratio."""
    return max(estimates, key=lambda estimate: snr_db([clean], [estimate]))


def clean_own_recording(
    denoiser: ConvDenoiser, noisy: np.ndarray, options: argparse.Namespace
) -> None:
    """Denoise the user's recording and write the result next to it."""
    cleaned = denoise(denoiser, noisy)
    path = options.input.with_name(f"{options.input.stem}_denoised{options.input.suffix}")
    if path.suffix.lower() == ".npy":
        np.save(path, cleaned)
    else:
        np.savetxt(path, cleaned, fmt="%.10g")
    figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
    time = np.arange(noisy.size) / options.sampling_rate
    axis.plot(time, noisy, color="#999999", linewidth=0.8, label="noisy")
    axis.plot(time, cleaned, color="#0072B2", linewidth=1, label="denoised")
    axis.set_xlabel("time (s)")
    axis.legend()
    figure.savefig(options.output / f"{options.input.stem}_denoised.png", dpi=120)
    print(f"denoised signal: {path}")


def denoise(denoiser: ConvDenoiser, recording: np.ndarray) -> np.ndarray:
    """Denoise a recording of any length, window by window.

    Windows overlap by half, and the middle of each is kept, where the network sees both sides.
    """
    quarter = WINDOW // 4
    n_windows = -(-recording.size // (2 * quarter))
    missing = 2 * quarter * n_windows - recording.size
    padded = np.pad(recording, (quarter, quarter + missing), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[:: 2 * quarter]
    middles = denoiser.transform(windows)[:, quarter:-quarter]
    return middles.ravel()[: recording.size]


def read_recording(path: Path) -> np.ndarray:
    """Read one column of numbers from a CSV file, or an array from an NPY file."""
    if path.suffix.lower() not in (".npy", ".csv"):
        raise SystemExit(f"--input must be a .csv or .npy file, not {str(path)!r}")
    try:
        if path.suffix.lower() == ".npy":
            recording = np.lib.format.open_memmap(path, mode="r")
        else:
            recording = np.loadtxt(path, delimiter=",")
        if recording.dtype.kind not in "fiu":
            raise ValueError(f"it holds {recording.dtype}, not real numbers")
    except (OSError, ValueError) as error:
        raise SystemExit(f"cannot read {str(path)!r}: {error}") from error
    recording = np.squeeze(recording).astype(float)
    if recording.ndim != 1 or recording.size == 0 or not np.isfinite(recording).all():
        raise SystemExit(
            f"{str(path)!r} must hold one signal of finite numbers, got shape {recording.shape}"
        )
    return recording


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--input", type=Path, help="a recording: .csv (one column) or .npy")
    parser.add_argument("--sampling-rate", type=float, default=360.0, help="of the ECG, in Hz")
    parser.add_argument("--n-signals", type=int, default=8_000, help="training signals")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "output")
    return parser


if __name__ == "__main__":
    main()
