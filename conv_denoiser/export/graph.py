"""A denoiser as one ONNX graph: scaler, padding and network."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto

from conv_denoiser.export.layers import outputs_of
from conv_denoiser.export.nodes import Nodes, as_model, signals
from conv_denoiser.export.tensors import OPERATIONS, Tensor, sign_of_trend
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

# A Tensor, which formulas take for an array.
Value = Any
# Functions that bring the output of a network back: signals, and deviations beside them.
WaysBack = tuple[Callable[[Value], Value], Callable[[Value, Value], Value]]
# Signals as a network takes them, and those functions.
Brought = tuple[Value, Callable[[Value], Value], Callable[[Value, Value], Value]]


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
    scaled, unscale, unscale_deviation = _scaled(x, network.scaling, n_timesteps)
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
    inputs, outputs = (
        [signals(name, n_channels) for name in side] for side in (["noisy"], results)
    )
    return as_model(noisy.nodes, "denoiser", inputs, outputs, opset)


def _channels_first(x: Value, n_channels: int) -> Value:
    if n_channels > 1:
        x = x.then("Transpose", perm=[0, 2, 1])
    return x.then("Reshape", np.array([0, n_channels, 1, -1]))


def _channels_last(x: Value, n_channels: int, name: str) -> None:
    if n_channels == 1:
        x.nodes.add("Reshape", [x.name, x.nodes.constant([0, -1, 1])], name)
    else:
        rows = x.then("Reshape", np.array([0, n_channels, -1]))
        x.nodes.add("Transpose", [rows.name], name, perm=[0, 2, 1])


def _scaled(x: Value, scaling: Scaling, n_timesteps: int) -> Brought:
    """Bring signals to the network; return functions that undo it, of signals and deviations."""
    if scaling.scaler is None:
        return _without_artefacts(x, scaling, n_timesteps)
    # Signals with a large offset keep their digits without it, and those of very large or small
    # numbers if they are brought to the range from -1 to 1. Scalers are equivariant to both.
    first = x[:, :1]
    peak = OPERATIONS.greatest(abs(x - first))
    x = (x - first) / OPERATIONS.or_one(peak)
    scaled, back, back_deviation = _without_artefacts(x, scaling, n_timesteps)
    return (
        scaled,
        lambda y: back(y) * peak + first,
        lambda std, mean: back_deviation(std, mean) * peak,
    )


def _without_artefacts(x: Value, scaling: Scaling, n_timesteps: int) -> Brought:
    """Take artefacts off and scale; most signals have none, and need not wait for all that."""
    scaler = scaling.scaler
    if not (scaling.jumps or scaling.trends):
        scaled, *statistics = _scaled_by(x, x, scaler)
        return scaled, *_ways_back(scaler, statistics)
    nothing = x.constant(np.zeros((1, 1, 1, 1), np.float32))
    steps, reach = usual_steps(x, OPERATIONS) if scaling.jumps else (nothing, nothing)
    disturbed = _may_be_disturbed(x, steps - reach, scaling, n_timesteps)

    def with_artefacts() -> list[Value]:
        taken = _taken_off(x, steps, reach, scaling)
        tame = within_reach(x, taken, OPERATIONS)
        own = _scaled_by(tame - taken.level, taken.flat, scaler)
        return [*own, taken.level, taken.middle, x - tame]

    def as_they_are() -> list[Value]:
        return [*_scaled_by(x, x, scaler), nothing, nothing, nothing]

    scaled, *statistics, level, middle, excess = disturbed.choose(with_artefacts, as_they_are)
    unscale, unscale_deviation = _ways_back(scaler, statistics)

    def back(y: Value) -> Value:
        y = unscale(y)

        def with_what_was_taken() -> list[Value]:
            length = y.length()  # which a network of one's own may change, to be told later
            taken = TakenOff(y, level.part(0, length), middle.part(0, length), reach)
            return [put_back(y, taken, excess.part(0, length), OPERATIONS)]

        return disturbed.choose(with_what_was_taken, lambda: [y])[0]

    return scaled, back, unscale_deviation


def _may_be_disturbed(x: Value, beyond_reach: Value, scaling: Scaling, n_timesteps: int) -> Value:
    """Tell whether any of the signals has jumps, or may have a trend."""
    signs = [beyond_reach] if scaling.jumps else []
    if scaling.trends:
        signs.append(sign_of_trend(x, n_timesteps))
    greatest = [sign.then("ReduceMax", keepdims=0) for sign in signs]
    return greatest[0].then("Max", *greatest[1:]) > 0


def _taken_off(x: Value, steps: Value, reach: Value, scaling: Scaling) -> TakenOff:
    """Take artefacts off."""
    taken = TakenOff(x, x.then("Sub", x), x, reach)
    if scaling.jumps:
        found = take_off_jumps(x, reach, OPERATIONS)
        # Signals without jumps stay as they are, whatever others have.
        jumping = (steps - reach).then("ReduceMax", axes=[1, 3]) > 0
        flat, level, middle = (
            OPERATIONS.where(jumping, new, old) for new, old in zip(found[:3], taken, strict=False)
        )
        taken = TakenOff(flat, level, middle, reach)
    if scaling.trends:
        trend = trend_of(taken.flat, OPERATIONS)
        taken = taken._replace(flat=taken.flat - trend, level=taken.level + trend)
    return taken


def _scaled_by(x: Value, reference: Value, scaler: PerSampleScaler | None) -> list[Value]:
    """Return signals scaled by the statistics of others, and those."""
    if scaler is None:
        return [x]
    if not (isinstance(scaler, FormulaScaler) and scaler.is_formula):
        raise ValueError(
            f"A scaler of your own, {scaler!r}, cannot be exported. Fit with scaler=None, and "
            "scale the signals before and after."
        )
    statistics = Statistics(*scaler.formula(reference, OPERATIONS))
    return [scaler.apply(x, statistics, OPERATIONS), *statistics]


def _ways_back(scaler: PerSampleScaler | None, statistics: Sequence[Value]) -> WaysBack:
    """Return functions that undo scaling, of signals and of deviations."""
    if scaler is None:
        return lambda y: y, lambda std, _: std
    own = Statistics(*statistics)
    return (
        lambda y: scaler.unscale(y, own),
        lambda std, mean: scaler.unscale_deviation(std, mean, own),
    )


def _mirrored(x: Value, shortest: int) -> Value:
    """Mirror signals that are shorter than the network needs at their end."""
    if shortest == 1:
        return x
    length = x.length()

    def mirrored() -> list[Value]:
        ends = [x.constant(np.array(value)) for value in (0, shortest, 1)]
        there_and_back = ends[0].then("Range", *ends[1:]).then("Mod", twice := length + length)
        back = twice - x.constant([1]) - there_and_back
        return [x.then("Gather", there_and_back.then("Min", back), axis=3)]

    return x.constant([shortest]).then("Greater", length).choose(mirrored, lambda: [x])[0]
