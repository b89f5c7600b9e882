"""What the data of every field bring: artefacts, drift, strong and short events, held values.

    python benchmarks/kinds.py  # about two minutes on two cores

Errors are root mean squares over the noise's standard deviation, where it matters: beside an
artefact, within strong events and in the second before them, everywhere for held values. Of short
events, which are signal, it is told how much of their height is left. Savitzky-Golay is the best of
four settings for each number, picked with the truth, which users cannot do.
"""

import warnings
from collections.abc import Callable

import numpy as np
from classical import CLASSICAL, SPUN
from common import machine

from conv_denoiser import ConvDenoiser, SignalGenerator, denoise, denoise_recording, windows

NOISE, RATE, N = 0.1, 360, 7200
SAVITZKY_GOLAY = [name for name in CLASSICAL if name.startswith("Savitzky")]
Method = Callable[[np.ndarray], np.ndarray]
Measure = Callable[[np.ndarray], float]  # of what comes out
Kind = tuple[np.ndarray, Measure]


def rms(x: np.ndarray) -> float:
    """Return the root mean square in units of the noise."""
    return float(np.sqrt(np.mean(x**2))) / NOISE


def ecg(n_timesteps: int) -> np.ndarray:
    """Return a clean ECG."""
    generator = SignalGenerator("ecg", n_timesteps=n_timesteps, sampling_rate=RATE, random_state=3)
    return generator.sample(1).clean[0].astype(float)


def events(n_timesteps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return quiet with an event every 1,800 timesteps that rings off, and the times since each."""
    t = np.arange(n_timesteps)
    since = (t - 900) % 1800
    loudness = NOISE * np.array([3.0, 10.0, 30.0, 50.0])[np.maximum(t - 900, 0) // 1800 % 4]
    event = loudness * np.exp(-since / 120) * np.sin(0.5 * since) * (t >= 900)
    return event, since


def kinds(rng: np.random.Generator) -> dict[str, Kind]:
    """Return noisy recordings, and how what comes out of them is judged."""
    t, clean, noise = np.arange(N), ecg(N), rng.normal(0, NOISE, N)
    near = np.r_[3500:3580, 3620:3700]
    artefacts = {
        "no artefact": 0 * clean,
        "an invalid code": np.where(t == N // 2, -163.84, 0),
        "a step": np.where(t >= N // 2, 20.0, 0),
        "drift": 5 * np.sin(2 * np.pi * 0.3 * t / RATE),
    }
    found: dict[str, Kind] = {
        f"{name}: error beside it": (
            clean + noise + artefact,
            lambda y, artefact=artefact: rms((y - artefact - clean)[near]),
        )
        for name, artefact in artefacts.items()
    }
    event, since = events(N)
    within, before = (since < 300) & (t >= 900), since >= 1800 - RATE
    found["strong events: error within"] = event + noise, lambda y: rms((y - event)[within])
    found["strong events: the second before"] = event + noise, lambda y: rms((y - event)[before])
    held = np.repeat((clean + noise)[::4], 4)
    found["values held four times: error"] = held, lambda y: rms(y - clean)
    strikes = np.where(t % 97 == 50, -4.0, 0)
    found["short events: height left"] = (
        0.2 * clean + strikes + noise,
        lambda y: float(np.mean((y - 0.2 * clean)[strikes < 0]) / -4),
    )
    return found


def unet(noisy: np.ndarray) -> np.ndarray:
    """Fit a U-Net to the windows of a noisy recording alone, and denoise it."""
    denoiser = ConvDenoiser("unet", random_state=0).fit(windows(noisy, 256))
    return denoise_recording(denoiser, noisy)


def main() -> None:
    """Print a table."""
    methods: dict[str, Method] = {"`denoise`": denoise, "U-Net, noisy only": unet}
    methods["wavelet"] = CLASSICAL[SPUN]
    print(f"{machine('onnxruntime', 'scikit-image')}\n")
    print(f"| kind | {' | '.join(methods)} | best Savitzky-Golay |")
    print("|---|" + "---|" * (len(methods) + 1))
    warnings.simplefilter("ignore")
    for kind, (noisy, measure) in kinds(np.random.default_rng(0)).items():
        values = [measure(method(noisy)) for method in methods.values()]
        filtered = [measure(CLASSICAL[name](noisy)) for name in SAVITZKY_GOLAY]
        values.append(max(filtered) if "left" in kind else min(filtered))
        print(f"| {kind} | {' | '.join(f'{value:.2f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
