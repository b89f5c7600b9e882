"""`denoise`, with no training, on the demo signals of PyWavelets and white noise.

    python benchmarks/zero_shot.py

Beside it stands cycle-spun BayesShrink (sym8). None of these signals took part in training. Two
draws a case; the gains are in dB, over the noisy signal.
"""

import numpy as np
import pywt
from skimage.restoration import cycle_spin, denoise_wavelet

from conv_denoiser import denoise
from conv_denoiser.metrics import snr_db

LEVELS_DB = (0, 5, 10, 15, 20, 30, 40, 60)
N_DRAWS = 2
WAVELET = {"wavelet": "sym8", "mode": "soft", "method": "BayesShrink", "rescale_sigma": True}


def demo_signals() -> dict[str, np.ndarray]:
    """Return the signals by name; of complex ones the real part."""
    signals = {}
    for name in pywt.data.demo_signal("list"):
        fixed = name in ("Gabor", "sineoneoverx")
        signal = pywt.data.demo_signal(name) if fixed else pywt.data.demo_signal(name, 2048)
        signals[name] = np.real(signal).astype(float)
    return signals


def by_wavelet(noisy: np.ndarray) -> np.ndarray:
    """Denoise signals one by one, averaged over 16 shifts."""
    spun = [cycle_spin(x, denoise_wavelet, max_shifts=15, func_kw=WAVELET) for x in noisy]
    return np.stack(spun)


def main() -> None:
    """Print the mean gain, and the least of any signal, for each level."""
    rows = {}
    for decibels in LEVELS_DB:
        for name, clean in demo_signals().items():
            rng = np.random.default_rng(list(name.encode()))
            scale = clean.std() * 10 ** (-decibels / 20)
            noisy = clean + scale * rng.standard_normal((N_DRAWS, clean.size))
            truth = np.tile(clean, (N_DRAWS, 1))
            before = snr_db(truth, noisy)
            gains = [snr_db(truth, method(noisy)) - before for method in (denoise, by_wavelet)]
            rows[decibels, name] = gains
        gains = np.array([rows[decibels, name] for name in demo_signals()])
        print(
            f"{decibels:3} dB: mean gain {gains[:, 0].mean():5.2f}, least {gains[:, 0].min():5.2f};"
            f" wavelet {gains[:, 1].mean():5.2f}, {gains[:, 1].min():5.2f}; ahead in "
            f"{np.mean(gains[:, 0] > gains[:, 1]):.0%}",
            flush=True,
        )
    usual = [(decibels, gains) for (decibels, _), gains in rows.items() if decibels <= 20]
    means = np.mean([decibels + np.array(gains) for decibels, gains in usual], axis=0)
    print(f"mean SNR, 0 to 20 dB: {means[0]:.2f}; wavelet {means[1]:.2f}")


if __name__ == "__main__":
    main()
