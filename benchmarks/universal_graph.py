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
from onnx import ModelProto, TensorProto

from conv_denoiser.export.nodes import Nodes, as_model, signals
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.networks.universal import N_EXPERTS, STRIDES
from conv_denoiser.networks.weight_shapes import STRIDE
from conv_denoiser.pretrained.inputs import N_CHANNELS
from conv_denoiser.pretrained.unet import UNET_GRAPH, named_for_onnx, unet_weights
from conv_denoiser.pretrained.universal import GRAPH, WEIGHTS, for_onnx

OPSET = 17


class Graph(Nodes):
    """Nodes that take weights from a file beside them."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], location: str) -> None:
        super().__init__()
        self.shapes, self.location = shapes, location  # of all weights, by name, and their file

    def weight(self, name: str) -> str:
        """Take weights from outside."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=self.shapes[name])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=self.location)
        self.initializers.append(tensor)
        return name

    def same(
        self, x: str, name: str, stride: int = 1, activation: str = "", operator: str = "Conv"
    ) -> str:
        """Add a convolution whose output has the input's length, divided by its stride."""
        weights = [self.weight(f"{name}/kernel"), self.weight(f"{name}/bias")]
        size = self.shapes[weights[0]][3]
        margins = (size - stride) // 2, size - stride - (size - stride) // 2
        options = {"operator": operator, "stride": stride, "margins": margins}
        output = self.convolution(x, weights, size, name, **options)
        return self.add(activation, [output], f"{name}_activation") if activation else output

    def up(self, x: str, name: str, stride: int) -> str:
        """Add a transposed convolution."""
        return self.same(x, name, stride, operator="ConvTranspose")

    def block(self, x: str, name: str) -> str:
        """Add a residual block."""
        y = self.same(x, f"{name}_1", activation="Relu")
        y = self.same(y, f"{name}_2")
        return self.add("Add", [x, y], f"{name}_sum")


def build(
    graph: Graph, name: str, n_inputs: int, network: Callable[[Graph, str], str]
) -> ModelProto:
    """Build a graph from channels, (n_signals, n_timesteps, n_inputs), to outputs."""
    height = graph.constant([2], "height")
    channels = graph.add("Transpose", ["channels"], "channels_first", perm=[0, 2, 1])
    channels = graph.add("Unsqueeze", [channels, height], "with_height")
    x = network(graph, channels)
    x = graph.add("Squeeze", [x, height], "without_height")
    graph.add("Transpose", [x], "outputs", perm=[0, 2, 1])
    outputs = signals("outputs", 2 if network is universal_network else 1)
    return as_model(graph, name, [signals("channels", n_inputs)], [outputs], OPSET)


def trunk(graph: Graph, x: str, strides: Sequence[int]) -> str:
    """Add the way down and up again that all U-Nets have."""
    way_down = []
    for level, stride in enumerate(strides):
        x = graph.same(x, f"down{level}", stride, "Relu")
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
    noise = graph.same(trunk(graph, x, (1, STRIDE, STRIDE, STRIDE)), "last")
    return graph.add("Sub", [x, noise], "denoised")


def universal_network(graph: Graph, channels: str) -> str:
    """Add what `build_universal_network` builds."""
    x = trunk(graph, channels, STRIDES)
    own = graph.same(x, "own")
    belief = graph.same(x, "belief", activation="Sigmoid")
    starts = graph.constant([N_CHANNELS - N_EXPERTS], "first_expert")
    ends, axes = graph.constant([N_CHANNELS], "end"), graph.constant([1], "axis")
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
