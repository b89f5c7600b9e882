"""Draw the logo and the icon of the site: a noisy line that `denoise` makes a clean one."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import denoise

STATIC = Path(__file__).resolve().parents[1] / "_static"

n = 600
time = np.arange(n)
clean = np.exp(-(((time - 200) / 30) ** 2)) + np.exp(-(((time - 400) / 30) ** 2))
noisy = clean + np.random.default_rng(1).normal(scale=0.13, size=n)
denoised = denoise(noisy)

plt.rcParams["svg.hashsalt"] = "logo"  # the same bytes each time
figure = plt.figure(figsize=(1, 1))
axis = figure.add_axes((0.04, 0.04, 0.92, 0.92))
half = n // 2
axis.plot(time[60 : half + 1 : 6], noisy[60 : half + 1 : 6], color="#999999", linewidth=3.5)
axis.plot(time[half : n - 60], denoised[half : n - 60], color="#0072B2", linewidth=6)
axis.axis("off")
for name, options in {"logo.svg": {"metadata": {"Date": None}}, "favicon.png": {"dpi": 64}}.items():
    figure.savefig(STATIC / name, transparent=True, **options)
plt.close(figure)
