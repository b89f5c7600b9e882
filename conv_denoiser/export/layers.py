"""Layers of Keras as nodes of ONNX, by the names of their classes; Keras itself is not imported."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.export.activations import ACTIVATIONS
from conv_denoiser.export.tensors import CHANNELS, FARTHEST, TIME, Tensor

if TYPE_CHECKING:
    import keras

__all__ = ["outputs_of"]

# Layers with other names than these are not what their names say.
KNOWN_MODULES = ("keras.", "conv_denoiser.networks.")


# What makes tensors of a layer and of its inputs.
Translate = Callable[..., Tensor]


def outputs_of(model: "keras.Model", x: Tensor) -> Tensor:
    """Return what a model makes of a tensor, layer by layer."""
    if hasattr(model, "_run_through_graph"):  # no public name of Keras walks through a model
        result: Tensor = model._run_through_graph([x], lambda layer: partial(_translated, layer))
        return result
    if type(model).__name__ != "Sequential":
        raise ValueError(
            f"The architecture is a {type(model).__name__} with a call of its own, which cannot be "
            "exported. Build it of layers, as keras.Model(inputs, outputs), or save the denoiser "
            "with conv_denoiser.save, and run it on TensorFlow."
        )
    return reduce(lambda y, layer: _translated(layer, y), model.layers, x)


def _translated(layer: Any, *inputs: Any, **options: Any) -> Tensor:
    name, module = type(layer).__name__, type(layer).__module__
    if name in ("Functional", "Sequential"):
        return outputs_of(layer, *inputs)
    translate = LAYERS.get(name) if module.startswith(KNOWN_MODULES) else None
    if translate is None:
        raise unknown(layer, f"is a {name}")
    if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)):
        inputs = tuple(inputs[0])
    return translate(layer, *inputs)


def unknown(layer: Any, what: str) -> ValueError:
    """Return an error that names a layer, and the way out."""
    return ValueError(
        f"The layer {layer.name!r} {what}, which cannot be exported. Build the architecture of "
        f"other layers ({', '.join(sorted(set(LAYERS)))}), or save the denoiser with "
        "conv_denoiser.save, and run it on TensorFlow."
    )


def _activated(x: Tensor, layer: Any) -> Tensor:
    function = layer.activation
    name = getattr(function, "__name__", repr(function))
    is_known = getattr(function, "__module__", "").startswith("keras.") and name in ACTIVATIONS
    if function is not None and not is_known:
        known = ", ".join(ACTIVATIONS)
        raise unknown(layer, f"has the activation {name} (known are {known})")
    return x if function is None else ACTIVATIONS[name](x)


def _rectified(layer: Any, x: Tensor) -> Tensor:
    if layer.threshold != 0:
        raise unknown(layer, f"has threshold={layer.threshold!r}")
    slope, greatest = float(layer.negative_slope), layer.max_value
    y = x.then("LeakyRelu", alpha=slope) if slope else x.then("Relu")
    return y if greatest is None else y.then("Min", float(greatest))


def _joined(operator: str) -> Translate:
    """Join inputs from left to right."""
    return lambda _, *inputs: reduce(lambda x, y: _tensor(x, inputs).then(operator, y), inputs)


def _tensor(value: Any, others: Sequence[Any]) -> Tensor:
    """Return a number, such as the first one of 1 - x, as a tensor, too."""
    if isinstance(value, Tensor):
        return value
    return next(x for x in others if isinstance(x, Tensor)).constant(np.asarray(value, np.float32))


def _average(layer: Any, *inputs: Tensor) -> Tensor:
    return _joined("Add")(layer, *inputs) / len(inputs)


def _concatenated(layer: Any, *inputs: Tensor) -> Tensor:
    axis = (0, TIME, CHANNELS)[layer.axis]
    return inputs[0].then("Concat", *inputs[1:], axis=axis)


def _check_plain(layer: Any) -> None:
    if layer.data_format != "channels_last":
        raise unknown(layer, f"has data_format={layer.data_format!r}")


def _extent(layer: Any) -> int:
    """Return how many timesteps a kernel covers."""
    extent: int = (layer.kernel_size[0] - 1) * layer.dilation_rate[0] + 1
    return extent


def _named(x: Tensor, layer: Any, arrays: Mapping[str, Array]) -> list[str]:
    return [x.nodes.constant(array, f"{layer.path}/{name}") for name, array in arrays.items()]


def _correlated(layer: Any, x: Tensor, weights: Mapping[str, Array], groups: int = 1) -> Tensor:
    """Convolve as a layer that does not transpose; the kernel is (outputs, inputs, size)."""
    _check_plain(layer)
    stride, extent = layer.strides[0], _extent(layer)
    half = (extent - 1) // 2
    margins: dict[str, tuple[int, int] | None] = {"causal": (extent - 1, 0), "valid": (0, 0)}
    same = (half, extent - 1 - half) if stride == 1 else None  # the length decides
    options = {"dilations": [1, layer.dilation_rate[0]], "group": groups}
    return _convolved(x, layer, weights, stride, margins.get(layer.padding, same), **options)


def _convolved(
    x: Tensor,
    layer: Any,
    weights: Mapping[str, Array],
    stride: int,
    margins: tuple[int, int] | None,
    **options: Any,
) -> Tensor:
    kernel, *bias = weights
    arrays = {kernel: np.expand_dims(weights[kernel], 2), **{name: weights[name] for name in bias}}
    named = _named(x, layer, arrays)
    size = layer.kernel_size[0] if arrays[kernel].shape[3] > 1 else 1
    y = x.nodes.convolution(x.name, named, size, stride=stride, margins=margins, **options)
    return Tensor(x.nodes, y)


def _bias(layer: Any) -> dict[str, Array]:
    return {"bias": np.asarray(layer.bias)} if layer.use_bias else {}


def _conv(layer: Any, x: Tensor) -> Tensor:
    weights = {"kernel": np.asarray(layer.kernel).T, **_bias(layer)}
    return _activated(_correlated(layer, x, weights, layer.groups), layer)


def _depthwise(layer: Any, x: Tensor) -> Tensor:
    weights = {"kernel": _by_channel(layer.kernel), **_bias(layer)}
    return _activated(_correlated(layer, x, weights, layer.kernel.shape[1]), layer)


def _separable(layer: Any, x: Tensor) -> Tensor:
    depthwise = {"depthwise": _by_channel(layer.depthwise_kernel)}
    x = _correlated(layer, x, depthwise, layer.depthwise_kernel.shape[1])
    pointwise = {"pointwise": np.asarray(layer.pointwise_kernel).T, **_bias(layer)}
    return _activated(_convolved(x, layer, pointwise, 1, (0, 0)), layer)


def _by_channel(kernel: Any) -> Array:
    """Return a kernel (size, n_channels, multiplier) as one input for each output."""
    return np.asarray(kernel).transpose(1, 2, 0).reshape(-1, 1, kernel.shape[0])


def _dense(layer: Any, x: Tensor) -> Tensor:
    kernel = np.asarray(layer.kernel).T[:, :, np.newaxis]
    return _activated(_convolved(x, layer, {"kernel": kernel, **_bias(layer)}, 1, (0, 0)), layer)


def _transposed(layer: Any, x: Tensor) -> Tensor:
    """Convolve as a layer that transposes; at stride 1, runtimes are faster without."""
    _check_plain(layer)
    if layer.output_padding is not None:
        raise unknown(layer, f"has output_padding={layer.output_padding!r}")
    (stride,), extent = layer.strides, _extent(layer)
    dilations = [1, layer.dilation_rate[0]]
    cut = max(extent - stride, 0) if layer.padding == "same" else 0
    kernel = np.asarray(layer.kernel)
    if stride == 1:
        weights = {"kernel": kernel[::-1].transpose(1, 2, 0), **_bias(layer)}
        margins = extent - 1 - cut // 2, extent - 1 - (cut - cut // 2)
        y = _convolved(x, layer, weights, 1, margins, dilations=dilations)
    else:
        options = {"operator": "ConvTranspose", "dilations": dilations}
        options |= {"output_padding": [0, max(stride - extent, 0)]}
        weights = {"kernel": kernel.T, **_bias(layer)}
        y = _convolved(x, layer, weights, stride, (cut // 2, cut - cut // 2), **options)
    return _activated(y, layer)


def _pooled(operator: str) -> Translate:
    def translate(layer: Any, x: Tensor) -> Tensor:
        _check_plain(layer)
        (size,), (stride,) = layer.pool_size, layer.strides
        margins = None if layer.padding == "same" else (0, 0)
        options = {"operator": operator, "stride": stride, "margins": margins}
        return Tensor(x.nodes, x.nodes.convolution(x.name, [], size, **options))

    return translate


def _pooled_globally(operator: str) -> Translate:
    def translate(layer: Any, x: Tensor) -> Tensor:
        _check_plain(layer)
        if not layer.keepdims:
            raise unknown(layer, "has keepdims=False")
        return x.then(operator)

    return translate


def _upsampled(layer: Any, x: Tensor) -> Tensor:
    scales = x.constant(np.array([1, 1, 1, layer.size], np.float32))
    options = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    names = [x.name, "", scales.name]
    return Tensor(x.nodes, x.nodes.add("Resize", names, mode="nearest", **options))


def _cropped(layer: Any, x: Tensor) -> Tensor:
    before, after = layer.cropping
    return x.part(before, -after or FARTHEST)


def _zero_padded(layer: Any, x: Tensor) -> Tensor:
    _check_plain(layer)
    return x.padded(*layer.padding)


def _normalized_by_batch(layer: Any, x: Tensor) -> Tensor:
    if layer.axis not in (-1, 2):
        raise unknown(layer, f"has axis={layer.axis!r}")
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    arrays = {
        "gamma": np.asarray(layer.gamma) if layer.scale else np.ones_like(mean),
        "beta": np.asarray(layer.beta) if layer.center else np.zeros_like(mean),
        "moving_mean": mean,
        "moving_variance": variance,
    }
    names = [x.name, *_named(x, layer, arrays)]
    y = x.nodes.add("BatchNormalization", names, epsilon=float(layer.epsilon))
    return Tensor(x.nodes, y)


def _normalized_by_layer(layer: Any, x: Tensor) -> Tensor:
    if list(np.atleast_1d(layer.axis)) not in ([-1], [2]):
        raise unknown(layer, f"has axis={layer.axis!r}")
    n_channels = layer.gamma.shape[0] if layer.scale else None
    if n_channels is None or getattr(layer, "rms_scaling", False):
        raise unknown(layer, "has scale=False or rms_scaling=True")
    arrays = {"gamma": np.asarray(layer.gamma)}
    arrays |= {"beta": np.asarray(layer.beta)} if layer.center else {}
    last = x.then("Transpose", perm=[0, 2, 3, 1])
    names = [last.name, *_named(x, layer, arrays)]
    y = x.nodes.add("LayerNormalization", names, axis=-1, epsilon=float(layer.epsilon))
    return Tensor(x.nodes, y).then("Transpose", perm=[0, 3, 1, 2])


def _with_slopes(layer: Any, x: Tensor) -> Tensor:
    slopes = np.asarray(layer.alpha)
    if slopes.shape[0] != 1:
        raise unknown(layer, "has a slope for each timestep (shared_axes=[1] has none)")
    return x.then("PRelu", np.ascontiguousarray(slopes.T[:, np.newaxis]))


def _padded_to_multiple(layer: Any, x: Tensor) -> Tensor:
    missing = x.length().then("Neg").then("Mod", np.array([layer.multiple]))
    pads = x.constant(np.zeros(7, np.int64)).then("Concat", missing, axis=0)
    return x.then("Pad", pads, mode="edge")


LAYERS: dict[str, Translate] = {
    "Absolute": lambda _, x: abs(x),
    "Activation": lambda layer, x: _activated(x, layer),
    "Add": _joined("Add"),
    "Average": _average,
    "AveragePooling1D": _pooled("AveragePool"),
    "BatchNormalization": _normalized_by_batch,
    "Concatenate": _concatenated,
    "Conv1D": _conv,
    "Conv1DTranspose": _transposed,
    "CropLike": lambda _, x, reference: x.part(0, reference.length()),
    "Cropping1D": _cropped,
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise,
    "Divide": _joined("Div"),
    "ELU": lambda layer, x: x.then("Elu", alpha=float(layer.alpha)),
    "GetItem": lambda _, x, key: x[key],
    "GlobalAveragePooling1D": _pooled_globally("GlobalAveragePool"),
    "GlobalMaxPooling1D": _pooled_globally("GlobalMaxPool"),
    "LayerNormalization": _normalized_by_layer,
    "LeakyReLU": lambda layer, x: x.then("LeakyRelu", alpha=float(layer.negative_slope)),
    "MaxPooling1D": _pooled("MaxPool"),
    "Maximum": _joined("Max"),
    "Minimum": _joined("Min"),
    "Multiply": _joined("Mul"),
    "Negative": lambda _, x: x.then("Neg"),
    "PReLU": _with_slopes,
    "PadToMultiple": _padded_to_multiple,
    "ReLU": _rectified,
    "Rescaling": lambda layer, x: x * layer.scale + layer.offset,
    "SeparableConv1D": _separable,
    "Subtract": _joined("Sub"),
    "TrueDivide": _joined("Div"),
    "UpSampling1D": _upsampled,
    "ZeroPadding1D": _zero_padded,
    # These do something in training alone.
    **dict.fromkeys(
        (
            "ActivityRegularization",
            "Dropout",
            "GaussianDropout",
            "GaussianNoise",
            "Identity",
            "SpatialDropout1D",
            "StopGradient",
        ),
        lambda _, x: x,
    ),
}
