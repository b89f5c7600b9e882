"""Waveforms: pure functions that draw clean signals.

Each is called as ``waveform(n_signals, time, rng)`` with `time` of shape (n_timesteps,), and
returns clean signals of shape (n_signals, n_timesteps). A new one is a function and a line in
`WAVEFORMS`.

The networks of the package learned from `FAMILIES` alone. The test signals of the benchmarks,
`vibration` and `spectrum` among them, stay out of it.
"""

from conv_denoiser.waveforms.anything import FAMILIES, anything
from conv_denoiser.waveforms.plain import WAVEFORMS as PLAIN_WAVEFORMS
from conv_denoiser.waveforms.rotating import vibration
from conv_denoiser.waveforms.spectra import spectrum

__all__ = ["FAMILIES", "WAVEFORMS", "anything", "spectrum", "vibration"]

WAVEFORMS = {
    **PLAIN_WAVEFORMS,
    "anything": anything,
    "spectrum": spectrum,
    "vibration": vibration,
}
