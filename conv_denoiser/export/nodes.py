"""Graphs of ONNX, node by node."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from conv_denoiser._typing import RawArray

__all__ = ["IR_VERSION", "Nodes", "as_model", "signals"]

IR_VERSION = 8  # that of opset 17; of later ones, older runtimes want to know nothing


class Nodes:
    """Nodes of a graph in the order in which they are computed, and the arrays that they take.

    Convolutions have a height of 1 and channels first, (n_signals, n_channels, 1, n_timesteps):
    ONNX Runtime is fastest with weights of four dimensions.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self._constants: dict[tuple[object, ...], str] = {}
        self._known: dict[tuple[object, ...], str] = {}
        self._numbers: Counter[str] = Counter()

    def add(
        self, operator: str, inputs: Sequence[str], output: str = "", **attributes: object
    ) -> str:
        """Add a node, and return the name of its output; that of an equal node, if there is one."""
        key = (operator, tuple(inputs), repr(sorted(attributes.items())))
        if output or key not in self._known:
            self._known[key] = output or self._unused(operator)
            node = helper.make_node(
                operator, inputs, [self._known[key]], self._known[key], **attributes
            )
            self.nodes.append(node)
        return self._known[key]

    def add_several(
        self, operator: str, inputs: Sequence[str], n_outputs: int, **attributes: object
    ) -> list[str]:
        """Add a node that has several outputs, and return their names."""
        outputs = [self._unused(operator) for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(operator, inputs, outputs, outputs[0], **attributes))
        return outputs

    def convolution(
        self,
        x: str,
        weights: Sequence[str],
        size: int,
        output: str = "",
        *,
        operator: str = "Conv",
        stride: int = 1,
        margins: tuple[int, int] | None,
        **attributes: object,
    ) -> str:
        """Add a convolution, with as much margin as a `stride`-th of the length takes if None."""
        attributes = {"kernel_shape": [1, size], "strides": [1, stride], **attributes}
        if margins is None:
            return self.add(operator, [x, *weights], output, auto_pad="SAME_UPPER", **attributes)
        pads = [0, margins[0], 0, margins[1]]
        return self.add(operator, [x, *weights], output, pads=pads, **attributes)

    def constant(self, values: object, name: str = "") -> str:
        """Add an array, of which there is one for all that take the same; float32 or int64."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32, order="C")
        key = (name, array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            taken = not name or name in self._constants.values()
            self._constants[key] = self._unused(name or "constant") if taken else name
            self.initializers.append(_as_tensor(array, self._constants[key]))
        return self._constants[key]

    def branches(
        self, condition: str, then: Callable[[], Sequence[str]], other: Callable[[], Sequence[str]]
    ) -> list[str]:
        """Add what one of two functions adds; both return the names of what they compute."""
        graphs = {"then_branch": self._branch(then), "else_branch": self._branch(other)}
        n_outputs = len(graphs["then_branch"].output)
        return self.add_several("If", [condition], n_outputs, **graphs)

    def _branch(self, write: Callable[[], Sequence[str]]) -> GraphProto:
        outside, known = (self.nodes, self._known), (list[NodeProto](), dict(self._known))
        self.nodes, self._known = known
        names = list(write())
        made = {output for node in self.nodes for output in node.output}
        # What is not computed within has no name there.
        names = [name if name in made else self.add("Identity", [name]) for name in names]
        inside = self.nodes
        self.nodes, self._known = outside
        # Without a number of axes, ONNX Runtime would not join convolutions and sums later on.
        shape = [None] * 4
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names]
        return helper.make_graph(inside, self._unused("branch"), [], outputs)

    def _unused(self, stem: str) -> str:
        number = self._numbers[stem]
        self._numbers[stem] += 1
        return f"{stem}_{number}"


def _as_tensor(array: RawArray, name: str) -> TensorProto:
    kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
    little_endian: NDArray[np.generic] = array.astype(array.dtype.newbyteorder("<"))
    return helper.make_tensor(name, kind, array.shape, little_endian.tobytes(), raw=True)


def signals(name: str, n_channels: int) -> ValueInfoProto:
    """Describe an input or output of a graph."""
    shape = ["n_signals", "n_timesteps", n_channels]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def as_model(
    nodes: Nodes,
    name: str,
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    opset: int,
) -> ModelProto:
    """Return a model of nodes, what they take and what comes out."""
    graph = helper.make_graph(nodes.nodes, name, inputs, outputs, nodes.initializers)
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="conv_denoiser"
    )
