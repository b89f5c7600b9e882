"""Values in a graph of ONNX, which formulas treat as arrays: each operation adds a node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from conv_denoiser.export.nodes import Nodes
from conv_denoiser.preprocessing.artefacts import STEEP
from conv_denoiser.preprocessing.operations import Operations, cubic_waves

__all__ = ["CHANNELS", "FARTHEST", "OPERATIONS", "TIME", "Tensor", "sign_of_trend"]

# Where an array (n_signals, n_timesteps, n_channels) has its axes in a graph.
TIME, CHANNELS = 3, 1
AXES = (0, TIME, CHANNELS)
FARTHEST = 2**62
# A trend has so much of the power at least, a little less than by its definition.
LEAST_SHARE = 0.98 * STEEP**2 / (1 + STEEP**2)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value (n_signals, n_channels, 1, n_timesteps), which formulas index with channels last."""

    nodes: Nodes
    name: str

    def then(self, operator: str, *others: Any, **attributes: Any) -> "Tensor":
        """Apply an operator of ONNX to this and to others: tensors, arrays and numbers."""
        inputs = [self.name, *map(self._named, others)]
        return Tensor(self.nodes, self.nodes.add(operator, inputs, **attributes))

    def constant(self, values: object) -> "Tensor":
        """Return an array or a number as a tensor of the same graph."""
        return Tensor(self.nodes, self.nodes.constant(values))

    def length(self) -> "Tensor":
        """Return the number of timesteps, of the shape (1,)."""
        return self.then("Shape", start=TIME)

    def part(self, start: Any = 0, stop: Any = FARTHEST, axis: int = TIME) -> "Tensor":
        """Return part of an axis, from a number or tensor to another."""
        ends = (end if isinstance(end, Tensor) else np.array([end]) for end in (start, stop))
        return self.then("Slice", *ends, np.array([axis]))

    def padded(self, before: int, after: int, mode: str = "constant") -> "Tensor":
        """Return the signals with more timesteps."""
        return self.then("Pad", np.array([0, 0, 0, before, 0, 0, 0, after]), mode=mode)

    def choose(
        self,
        then: Callable[[], Sequence["Tensor"]],
        other: Callable[[], Sequence["Tensor"]],
    ) -> list["Tensor"]:
        """Compute one thing if this is true, and another if not."""
        names = self.nodes.branches(
            self.name,
            lambda: [value.name for value in then()],
            lambda: [value.name for value in other()],
        )
        return [Tensor(self.nodes, name) for name in names]

    def _named(self, value: Any) -> str:
        if isinstance(value, Tensor):
            return value.name
        return self.nodes.constant(value if isinstance(value, np.ndarray) else np.float32(value))

    def __getitem__(self, key: tuple[slice, ...]) -> "Tensor":
        x = self
        for axis, part in zip(AXES, key, strict=False):
            if part.step not in (None, 1):
                raise ValueError(f"Parts in steps of {part.step} cannot be exported.")
            if part != slice(None):
                x = x.part(part.start or 0, FARTHEST if part.stop is None else part.stop, axis)
        return x

    def __add__(self, other: Any) -> "Tensor":
        return self if _is(other, 0) else self.then("Add", other)

    def __sub__(self, other: Any) -> "Tensor":
        return self if _is(other, 0) else self.then("Sub", other)

    def __mul__(self, other: Any) -> "Tensor":
        if _is(other, 0):
            return self.constant(np.float32(0))
        return self if _is(other, 1) else self.then("Mul", other)

    def __truediv__(self, other: Any) -> "Tensor":
        return self if _is(other, 1) else self.then("Div", other)

    def __rsub__(self, other: Any) -> "Tensor":
        return self.constant(np.float32(other)).then("Sub", self)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return self.constant(np.float32(other)).then("Div", self)

    __radd__, __rmul__ = __add__, __mul__

    def __abs__(self) -> "Tensor":
        return self.then("Abs")

    def __gt__(self, other: Any) -> "Tensor":
        return self.then("Greater", other)

    def __ge__(self, other: Any) -> "Tensor":
        return self.then("GreaterOrEqual", other)

    def __and__(self, other: Any) -> "Tensor":
        return self.then("And", other)


def _is(value: Any, number: float) -> bool:
    return isinstance(value, (int, float)) and value == number


def _mean(x: Any) -> Tensor:
    # ONNX Runtime takes the sums of ReduceMean in an order that depends on the number of signals.
    return x.then("GlobalAveragePool")


def _largest(x: Tensor, count: Tensor) -> Tensor:
    names = x.nodes.add_several("TopK", [x.name, count.name], 2, axis=TIME)
    return Tensor(x.nodes, names[0])


def _exceeded_by_one_in(x: Any, n: int) -> Tensor:
    count = x.length().then("Div", np.array([n])).then("Add", np.array([1]))
    return _largest(x, count).part(-1)


def _shifted(x: Any, by: int) -> Tensor:
    if by < 0:
        return x.padded(-by, 0, "edge").part(0, by)
    return x.padded(0, by, "edge").part(by)


def _median_of_neighbours(x: Any, side: int) -> Tensor:
    length = x.length()
    wide = x.padded(side, side, "edge")
    places = range(2 * side + 1)
    near = [wide.part(place, length.then("Add", np.array([place]))) for place in places]
    stacked = near[0].then("Concat", *near[1:], axis=2)  # neighbours in the place of the height
    names = x.nodes.add_several("TopK", [stacked.name, x.nodes.constant([side + 1])], 2, axis=2)
    return Tensor(x.nodes, names[0]).part(side, side + 1, axis=2)


def _nearest_cubic(x: Any) -> Tensor:
    waves = _cubic_waves(x)
    return _combined(waves, _heights(waves.then("Transpose", perm=[1, 0]), x))


def _heights(waves: Tensor, x: Tensor) -> Tensor:
    # The waves come first: so each signal is a product of its own, the same bits in any company.
    return waves.then("MatMul", x.then("Reshape", np.array([0, 0, -1, 1])))


def _combined(waves: Tensor, heights: Tensor) -> Tensor:
    return waves.then("MatMul", heights).then("Reshape", np.array([0, 0, 1, -1]))


def sign_of_trend(x: Tensor, n_timesteps: int) -> Tensor:
    """Return numbers above 0 for signals that have a trend, and hardly any others.

    The trend itself need not be computed for that, nor, for signals of one length, the waves that
    it is made of.
    """
    known = cubic_waves(n_timesteps).T[np.newaxis, np.newaxis]

    def waves_of_others() -> list[Tensor]:
        waves = _cubic_waves(x).then("Transpose", perm=[1, 0])
        return [waves.then("Reshape", np.array([1, 1, 4, -1]))]

    is_known = x.length().then("Equal", np.array([n_timesteps]))
    waves = is_known.choose(lambda: [x.constant(known)], waves_of_others)[0]
    rest = x - _mean(x)
    heights = _heights(waves, rest)
    # The mean of 4 squares of heights is a quarter of a trend's energy, a sum over timesteps.
    power = 4 * _mean(heights * heights)
    return power / x.length().then("Cast", to=TensorProto.FLOAT) - LEAST_SHARE * _mean(rest * rest)


def _cubic_waves(x: Tensor) -> Tensor:
    """Return orthonormal polynomials up to the degree 3, (n_timesteps, 4)."""
    length = x.length()
    n = length.then("Cast", to=TensorProto.FLOAT)
    ends = [x.constant(np.array(0)), length.then("Squeeze"), x.constant(np.array(1))]
    places = ends[0].then("Range", *ends[1:]).then("Cast", to=TensorProto.FLOAT)
    t = (2 * places + (1 - n)) / n
    square, inverse = t * t, 1 / (n * n)
    waves = [
        t.then("Sub", t) + 1,
        t,
        square - (1 - inverse) * (1 / 3),
        t * (square - (3 - 7 * inverse) * (1 / 5)),
    ]  # orthogonal for any number of timesteps
    upright = [wave.then("Reshape", np.array([-1, 1])) for wave in waves]
    stacked = upright[0].then("Concat", *upright[1:], axis=1)
    powers = (stacked * stacked).then("ReduceSum", np.array([0]), keepdims=1)
    return stacked / _or_one(powers).then("Sqrt")


def _or_one(x: Any) -> Tensor:
    return x.then("Equal", 0.0).then("Where", 1.0, x)


FUNCTIONS: dict[str, Any] = {
    "least": lambda x: x.then("ReduceMin", axes=[TIME]),
    "greatest": lambda x: x.then("ReduceMax", axes=[TIME]),
    "mean": _mean,
    "average": _mean,
    "root_mean_square": lambda x: _mean(x * x).then("Sqrt"),
    "exceeded_by_one_in": _exceeded_by_one_in,
    "or_one": _or_one,
    "where": lambda condition, x, y: condition.then("Where", x, y),
    "minimum": lambda x, y: x.then("Min", y),
    "maximum": lambda x, y: x.then("Max", y),
    "shifted": _shifted,
    "median_of_neighbours": _median_of_neighbours,
    "accumulated": lambda x: x.then("CumSum", np.array(TIME)),
    "nearest_cubic": _nearest_cubic,
    "n_timesteps": lambda x: x.length().then("Cast", to=TensorProto.FLOAT),
}
OPERATIONS = Operations(**FUNCTIONS)
