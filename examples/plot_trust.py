"""
When not to trust it
====================

``denoise`` removes white noise from signals that do not look like it. Where one of the two is not
so, it does nothing, or harm. Three signals show what happens, and which numbers tell, without any
knowledge of the truth.
"""

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import SignalGenerator, denoise
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import ColoredNoise, GaussianNoise, estimate_noise, noise_autocorrelation
from conv_denoiser.plotting import ResidualDisplay


def tell(noisy: np.ndarray, denoised: np.ndarray, clean: np.ndarray) -> None:
    """Print what can be known without the clean signal, and then the truth."""
    estimated, removed = estimate_noise(noisy).mean(), (noisy - denoised).std()
    print(f"autocorrelation of the noise at lag 1: {noise_autocorrelation(noisy)[1]:.2f}")
    print(f"noise estimated: {estimated:.3f}, removed: {removed:.3f}")
    print(f"truth: {snr_db(clean, noisy):.1f} dB before, {snr_db(clean, denoised):.1f} dB after")


# %%
# An ECG with white noise: trust it
# ---------------------------------
#
# The noise of 0.1 mV is white: its autocorrelation is near 0. Nearly as much was removed as there
# was, and what was removed has hardly any structure: a bell, and no relation to the output. (The
# autocorrelation is a little below its band at short lags, as some slow noise stays in.)
hearts = SignalGenerator("ecg", n_timesteps=2048, sampling_rate=360, random_state=3)
clean = hearts.sample(20).clean
noisy = GaussianNoise(0.1)(clean, rng=0)
denoised = denoise(noisy)
tell(noisy, denoised, clean)
ResidualDisplay.from_arrays(noisy, denoised, unit="mV")
plt.show()

# %%
# Coloured noise: it stays
# ------------------------
#
# Pink noise of the same strength is correlated from sample to sample. Nothing tells it from a slow
# signal, so hardly anything is removed. That is no harm, but no help either. The autocorrelation
# tells before anything is denoised. Learn such noise with a ``ConvDenoiser`` and a noise model.
noisy = ColoredNoise(1, scale=0.1)(clean, rng=0)
denoised = denoise(noisy)
tell(noisy, denoised, clean)

# %%
# A signal that looks like noise: it goes
# ---------------------------------------
#
# The logistic map makes a chaotic signal, in which each sample follows exactly from the one before,
# and yet neighbours are hardly correlated. No family of signals that the network learned from is
# like this. It is taken for noise, and removed.
chaos = np.full((1, 2048), 0.3)
for i in range(1, chaos.shape[1]):
    chaos[:, i] = 3.99 * chaos[:, i - 1] * (1 - chaos[:, i - 1])
noisy = GaussianNoise(0.05)(chaos, rng=0)
denoised = denoise(noisy)
tell(noisy, denoised, chaos)
ResidualDisplay.from_arrays(noisy, denoised)
plt.show()

# %%
# Its autocorrelation is nearly as small as that of the good case. The histogram tells, which is no
# bell; and the level does: this sensor has noise of 0.05, and far more was removed. Say what you
# know, and the signal stays.
given = denoise(noisy, noise_std=0.05)
tell(noisy, given, chaos)

figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
part = slice(200, 260)
axis.plot(chaos[0, part], color="black", linewidth=0.8, label="clean")
axis.plot(denoised[0, part], color="#D55E00", linewidth=1.6, label="denoise(x)")
axis.plot(given[0, part], color="#0072B2", linewidth=1.6, label="denoise(x, noise_std=0.05)")
axis.set(xlabel="sample", ylabel="amplitude")
axis.margins(x=0)
figure.legend(loc="outside upper right", ncols=3)
plt.show()
# sphinx_gallery_thumbnail_number = 3
