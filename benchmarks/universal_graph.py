"""Write the graph of the universal network for ONNX Runtime, without its weights.

    python benchmarks/universal_graph.py

The graph stands beside the weights, which it takes from their file by name when it is opened; so it
changes with the network's shape alone. Convolutions have a height of 1 and channels first, since
ONNX Runtime is fastest with weights of four dimensions. The digest that is printed belongs into
`conv_denoiser/pretrained/universal.py`.
"""

import hashlib

from onnx import ModelProto, NodeProto, TensorProto, helper

from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.networks.universal import FILTERS, N_EXPERTS, STRIDES
from conv_denoiser.pretrained.inputs import N_CHANNELS
from conv_denoiser.pretrained.universal import GRAPH, WEIGHTS, for_onnx

OPSET, IR_VERSION = 17, 8


class Graph:
    """Nodes, and the initializers they take."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes  # of all weights, by name
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
        tensor.external_data.add(key="location", value=WEIGHTS.name)
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


def build(shapes: dict[str, tuple[int, ...]]) -> ModelProto:
    """Build the graph from (n_signals, n_timesteps, channels) to (n_signals, n_timesteps, 2)."""
    graph = Graph(shapes)
    height = graph.constant("height", [2])
    channels = graph.add("Transpose", ["channels"], "channels_first", perm=[0, 2, 1])
    channels = graph.add("Unsqueeze", [channels, height], "with_height")
    x = _network(graph, channels)
    x = graph.add("Squeeze", [x, height], "without_height")
    graph.add("Transpose", [x], "outputs", perm=[0, 2, 1])

    def signals(name: str, n_channels: int) -> object:
        shape = ["n_signals", "n_timesteps", n_channels]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph_proto = helper.make_graph(
        graph.nodes, "universal", [signals("channels", N_CHANNELS)], [signals("outputs", 2)],
        [*graph.constants, *graph.external],
    )  # fmt: skip
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        graph_proto, opset_imports=opset, ir_version=IR_VERSION, producer_name="conv_denoiser"
    )


def _network(graph: Graph, channels: str) -> str:
    """Add what `build_universal_network` builds."""
    x, way_down = channels, []
    for level, stride in enumerate(STRIDES):
        x = graph.convolution(x, f"down{level}", stride, "Relu")
        x = graph.block(x, f"down{level}_block")
        way_down.append(x)
    x = graph.block(x, "lowest_block")
    for level in range(len(FILTERS) - 2, -1, -1):
        x = graph.up(x, f"up{level}", STRIDES[level + 1])
        x = graph.add("Add", [x, way_down[level]], f"up{level}_sum")
        x = graph.block(x, f"up{level}_block")
    own = graph.convolution(x, "own")
    belief = graph.convolution(x, "belief", activation="Sigmoid")
    starts = graph.constant("first_expert", [N_CHANNELS - N_EXPERTS])
    ends, axes = graph.constant("end", [N_CHANNELS]), graph.constant("axis", [1])
    experts = graph.add("Slice", [channels, starts, ends, axes], "experts")
    believed = graph.add("Mul", [belief, experts], "believed")
    total = graph.add("Conv", [believed, graph.weight("sum/kernel")], "sum", kernel_shape=[1, 1])
    return graph.add("Add", [own, total], "total")


def main() -> None:
    """Write the graph, and print its digest."""
    _, weights = read_model_file(WEIGHTS)
    model = build({name: array.shape for name, array in for_onnx(weights).items()})
    content = model.SerializeToString(deterministic=True)
    GRAPH.write_bytes(content)
    print(f"{GRAPH.name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
