"""Doubts about which axis of signals is time."""

from collections.abc import Sequence

__all__ = ["doubt_of_axes"]

# Fewer timesteps than these, of so many times more signals, may be the channels of a recording.
SHORT, MANY = 32, 50


def doubt_of_axes(shape: Sequence[int], name: str) -> str | None:
    """Say what signals (n_signals, n_timesteps[, n_channels]) may be instead, if anything."""
    n_signals, n_timesteps, *channels = shape
    taken = f"{name} is taken for {n_signals} signals of {n_timesteps} timesteps"
    if channels and channels[0] > n_timesteps and channels[0] >= SHORT:
        return (
            f"{taken} and {channels[0]} channels. If time is its last axis, as in epochs "
            f"(n_epochs, n_channels, n_times), pass {name}.transpose(0, 2, 1)."
        )
    if not channels and n_timesteps < SHORT and n_signals > MANY * n_timesteps:
        return (
            f"{taken}. If it is one recording of {n_timesteps} channels, learn from "
            f"windows({name}, 256), and call denoise_recording."
        )
    return None
