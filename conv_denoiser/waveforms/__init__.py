"""Waveforms: pure functions that draw clean signals.

Each is called as ``waveform(n_signals, time, rng)`` with `time` of shape (n_timesteps,), and
returns clean signals of shape (n_signals, n_timesteps). A new one is a function and a line in
`WAVEFORMS`.
"""

from conv_denoiser.waveforms.anything import FAMILIES, anything
from conv_denoiser.waveforms.plain import WAVEFORMS as PLAIN_WAVEFORMS

__all__ = ["FAMILIES", "WAVEFORMS", "anything"]

WAVEFORMS = {**PLAIN_WAVEFORMS, "anything": anything}
