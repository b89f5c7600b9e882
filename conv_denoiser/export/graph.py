"""A denoiser as one ONNX graph: scaler, padding and network."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto

from conv_denoiser.export.layers import outputs_of
from conv_denoiser.export.nodes import Nodes, as_model, signals
from conv_denoiser.export.tensors import OPERATIONS, Tensor
from conv_denoiser.networks.geometry import padded_length
from conv_denoiser.networks.network import Network
from conv_denoiser.preprocessing.artefacts import (
    TakenOff,
    put_back,
    take_off_jumps,
    trend_of,
    usual_steps,
    within_reach,
)
from conv_denoiser.preprocessing.base import FormulaScaler, PerSampleScaler
from conv_denoiser.preprocessing.operations import Statistics
from conv_denoiser.preprocessing.scaling import Scaling

__all__ = ["build_graph"]

# Signals as a network takes them, and functions that bring its output back.
Brought = tuple[Tensor, Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]


def build_graph(network: Network, n_timesteps: int, opset: int) -> ModelProto:
    """Build the graph from "noisy" to "denoised", both (n_signals, n_timesteps, n_channels).

    With a variance, "std" is a second output of that shape.
    """
    n_channels, model = network.spec.n_channels, network.model
    length = padded_length(model, n_timesteps, network.spec)
    # Networks that take any length from some least one on; those that do not, as they were fitted.
    shortest = length if length > n_timesteps else padded_length(model, 1, network.spec)

    noisy = Tensor(Nodes(), "noisy")
    x = _channels_first(noisy, n_channels)
    scaled, unscale, unscale_deviation = _scaled(x, network.scaling)
    output = outputs_of(model, _mirrored(scaled, shortest))
    if shortest > 1 or callable(network.spec.architecture):
        output = output.part(0, x.length())
    mean = output.part(0, n_channels, axis=1) if network.spec.gives_variance else output
    results = {"denoised": unscale(mean)}
    if network.spec.gives_variance:
        std = (output.part(n_channels, axis=1) * 0.5).then("Exp")
        results["std"] = unscale_deviation(std, mean)
    for name, result in results.items():
        _channels_last(result, n_channels, name)
    inputs, outputs = ([signals(name, n_channels) for name in side] for side in (["noisy"], results))
    return as_model(noisy.nodes, "denoiser", inputs, outputs, opset)


def _channels_first(x: Tensor, n_channels: int) -> Tensor:
    if n_channels > 1:
        x = x.then("Transpose", perm=[0, 2, 1])
    return x.then("Reshape", np.array([0, n_channels, 1, -1]))


def _channels_last(x: Tensor, n_channels: int, name: str) -> None:
    if n_channels == 1:
        x.nodes.add("Reshape", [x.name, x.nodes.constant([0, -1, 1])], name)
    else:
        rows = x.then("Reshape", np.array([0, n_channels, -1]))
        x.nodes.add("Transpose", [rows.name], name, perm=[0, 2, 1])


def _scaled(x: Tensor, scaling: Scaling) -> Brought:
    """Bring signals to the network; return functions that undo it, of signals and deviations."""
    if not (scaling.jumps or scaling.trends):
        return _scaled_as(x, x, scaling.scaler)
    # Signals with a large offset keep their digits without it; where nothing scales, it is kept.
    first = x.constant(0.0) if scaling.scaler is None else x[:, :1]
    x = x - first
    taken = _taken_off(x, scaling)
    tame = within_reach(x, taken, OPERATIONS)
    scaled, unscale, unscale_deviation = _scaled_as(tame - taken.level, taken.flat, scaling.scaler)

    def back(y: Tensor) -> Tensor:
        length = y.length()  # which a network of one's own may change, to be told later
        *parts, excess = (part.part(0, length) for part in (*taken, x - tame))
        return put_back(unscale(y), TakenOff(*parts), excess, OPERATIONS) + first

    return scaled, back, unscale_deviation


def _taken_off(x: Tensor, scaling: Scaling) -> TakenOff:
    """Find artefacts; most signals have no jumps, and need not wait for what finds them."""
    steps, reach = usual_steps(x, OPERATIONS)
    taken = TakenOff(x, 0 * x, x, reach)
    if scaling.jumps:
        farthest = (steps - reach).then("ReduceMax", keepdims=0)
        flat, level, middle = (farthest > 0).choose(
            lambda: take_off_jumps(x, reach, OPERATIONS)[:3], lambda: (x, 0 * x, x)
        )
        taken = TakenOff(flat, level, middle, reach)
    if scaling.trends:
        trend = trend_of(taken.flat, OPERATIONS)
        taken = taken._replace(flat=taken.flat - trend, level=taken.level + trend)
    return taken


def _scaled_as(x: Tensor, reference: Tensor, scaler: PerSampleScaler | None) -> Brought:
    """Scale signals by the statistics of others; return functions that undo it, too."""
    if scaler is None:
        return x, lambda y: y, lambda std, _: std
    if not (isinstance(scaler, FormulaScaler) and scaler.is_formula):
        raise ValueError(
            f"A scaler of your own, {scaler!r}, cannot be exported. Fit with scaler=None, and "
            "scale the signals before and after."
        )
    # Those of very large or small numbers, too, if they are first brought to the range from -1 to
    # 1. Scalers are equivariant to that.
    first = reference[:, :1]
    peak = OPERATIONS.greatest(abs(reference - first))
    unit = OPERATIONS.or_one(peak)
    statistics = Statistics(*scaler.formula((reference - first) / unit, OPERATIONS))
    return (
        scaler.apply((x - first) / unit, statistics, OPERATIONS),
        lambda y: scaler.unscale(y, statistics) * peak + first,
        lambda std, mean: scaler.unscale_deviation(std, mean, statistics) * peak,
    )


def _mirrored(x: Tensor, shortest: int) -> Tensor:
    """Mirror signals that are shorter than the network needs at their end."""
    if shortest == 1:
        return x
    length = x.length()

    def mirrored() -> list[Tensor]:
        ends = [x.constant(np.array(value)) for value in (0, shortest, 1)]
        there_and_back = ends[0].then("Range", *ends[1:]).then("Mod", twice := length + length)
        back = twice - x.constant([1]) - there_and_back
        return [x.then("Gather", there_and_back.then("Min", back), axis=3)]

    return x.constant([shortest]).then("Greater", length).choose(mirrored, lambda: [x])[0]
