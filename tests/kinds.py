"""Signals of the kinds that people have, other than those that the network learned from."""

import numpy as np

N = 2048
t = np.arange(N)


def pulse():
    """A pulse wave (photoplethysmogram) at 100 Hz."""
    phase = (t / 100 * 1.2) % 1
    return np.exp(-(((phase - 0.2) / 0.09) ** 2)) + 0.4 * np.exp(-(((phase - 0.5) / 0.12) ** 2))


def spectrum():
    """Lorentz and Gauss peaks on a curved background."""
    places, widths = np.array([300, 420, 900, 1400, 1450]), np.array([8, 20, 5, 12, 9])
    heights = np.array([3, 5, 9, 6, 4])[:, np.newaxis]
    peaks = heights / (1 + ((t - places[:, np.newaxis]) / widths[:, np.newaxis]) ** 2)
    return peaks.sum(axis=0) + 4 * np.exp(-t / 900)


def steps():
    """An accelerometer that is turned, and struck once a second."""
    level = np.select([t < 500, t < 1300], [0.0, 9.8], -3.0)
    return level + 15 * np.exp(-(t % 100) / 4) * (t % 100 < 40)


def quake():
    """Quiet, then a strong onset that rings off."""
    since = np.maximum(t - 800, 0)
    return (since > 0) * 20 * np.exp(-since / 250) * np.sin(since * 0.35)
