"""Write the graphs of the pretrained networks for ONNX Runtime, without their weights.

    python benchmarks/universal_graph.py

The graphs stand beside the weights, which they take from their files by name when they are opened;
so they change with the networks' shapes alone. Convolutions have a height of 1 and channels first,
since ONNX Runtime is fastest with weights of four dimensions. The digests that are printed belong
into `conv_denoiser/pretrained/universal.py`.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.networks.universal import N_EXPERTS, STRIDES
from conv_denoiser.networks.weight_shapes import STRIDE
from conv_denoiser.pretrained.inputs import N_CHANNELS
from conv_denoiser.pretrained.unet import UNET_GRAPH, named_for_onnx, unet_weights
from conv_denoiser.pretrained.universal import GRAPH, WEIGHTS, for_onnx

OPSET, IR_VERSION = 17, 8


class Graph:
    """Nodes, and the initializers they take."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], location: str) -> None:
        self.shapes, self.location = shapes, location  # of all weights, by name, and their file
        self.nodes: list[NodeProto] = []
        self.external: list[TensorProto] = []
        self.constants: list[TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Add a node, and return the name of its output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, values: list[int]) -> str:
        """Add a list of whole numbers."""
        self.constants.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def weight(self, name: str) -> str:
        """Take weights from outside."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=self.shapes[name])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=self.location)
        self.external.append(tensor)
        return name

    def convolution(
        self, x: str, name: str, stride: int = 1, activation: str = "", operator: str = "Conv"
    ) -> str:
        """Add a convolution whose output has the input's length, divided by its stride."""
        weights = [self.weight(f"{name}/kernel"), self.weight(f"{name}/bias")]
        size = self.shapes[weights[0]][3]
        margin = (size - stride) // 2
        output = self.add(
            operator, [x, *weights], name, kernel_shape=[1, size], strides=[1, stride],
            pads=[0, margin, 0, size - stride - margin],
        )  # fmt: skip
        return self.add(activation, [output], f"{name}_activation") if activation else output

    def up(self, x: str, name: str, stride: int) -> str:
        """Add a transposed convolution."""
        return self.convolution(x, name, stride, operator="ConvTranspose")

    def block(self, x: str, name: str) -> str:
        """Add a residual block."""
        y = self.convolution(x, f"{name}_1", activation="Relu")
        y = self.convolution(y, f"{name}_2")
        return self.add("Add", [x, y], f"{name}_sum")


def build(
    graph: Graph, name: str, n_inputs: int, network: Callable[[Graph, str], str]
) -> ModelProto:
    """Build a graph from channels, (n_signals, n_timesteps, n_inputs), to outputs."""
    height = graph.constant("height", [2])
    channels = graph.add("Transpose", ["channels"], "channels_first", perm=[0, 2, 1])
    channels = graph.add("Unsqueeze", [channels, height], "with_height")
    x = network(graph, channels)
    x = graph.add("Squeeze", [x, height], "without_height")
    graph.add("Transpose", [x], "outputs", perm=[0, 2, 1])

    def signals(name: str, n_channels: int) -> object:
        shape = ["n_signals", "n_timesteps", n_channels]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    n_outputs = 2 if network is universal_network else 1
    graph_proto = helper.make_graph(
        graph.nodes, name, [signals("channels", n_inputs)], [signals("outputs", n_outputs)],
        [*graph.constants, *graph.external],
    )  # fmt: skip
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        graph_proto, opset_imports=opset, ir_version=IR_VERSION, producer_name="conv_denoiser"
    )


def trunk(graph: Graph, x: str, strides: Sequence[int]) -> str:
    """Add the way down and up again that all U-Nets have."""
    way_down = []
    for level, stride in enumerate(strides):
        x = graph.convolution(x, f"down{level}", stride, "Relu")
        x = graph.block(x, f"down{level}_block")
        way_down.append(x)
    x = graph.block(x, "lowest_block")
    for level in range(len(strides) - 2, -1, -1):
        x = graph.up(x, f"up{level}", strides[level + 1])
        x = graph.add("Add", [x, way_down[level]], f"up{level}_sum")
        x = graph.block(x, f"up{level}_block")
    return x


def unet_network(graph: Graph, x: str) -> str:
    """Add what `build_unet` builds, for as many timesteps as its strides want."""
    noise = graph.convolution(trunk(graph, x, (1, STRIDE, STRIDE, STRIDE)), "last")
    return graph.add("Sub", [x, noise], "denoised")


def universal_network(graph: Graph, channels: str) -> str:
    """Add what `build_universal_network` builds."""
    x = trunk(graph, channels, STRIDES)
    own = graph.convolution(x, "own")
    belief = graph.convolution(x, "belief", activation="Sigmoid")
    starts = graph.constant("first_expert", [N_CHANNELS - N_EXPERTS])
    ends, axes = graph.constant("end", [N_CHANNELS]), graph.constant("axis", [1])
    experts = graph.add("Slice", [channels, starts, ends, axes], "experts")
    believed = graph.add("Mul", [belief, experts], "believed")
    total = graph.add("Conv", [believed, graph.weight("sum/kernel")], "sum", kernel_shape=[1, 1])
    return graph.add("Add", [own, total], "total")


def main() -> None:
    """Write the graphs, and print their digests."""
    weights = for_onnx(read_model_file(WEIGHTS)[1])
    write(GRAPH, weights, WEIGHTS, N_CHANNELS, universal_network)
    write(UNET_GRAPH, named_for_onnx(unet_weights()), UNET_GRAPH, 1, unet_network)


def write(
    path: Path,
    weights: dict[str, np.ndarray],
    location: Path,
    n_inputs: int,
    network: Callable[[Graph, str], str],
) -> None:
    """Write one graph."""
    shapes = {name: array.shape for name, array in weights.items()}
    model = build(Graph(shapes, location.name), path.stem, n_inputs, network)
    content = model.SerializeToString(deterministic=True)
    path.write_bytes(content)
    print(f"{path.name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
