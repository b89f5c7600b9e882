"""Denoisers in files that hold arrays and JSON alone, and from which no code is run."""

import inspect
import math
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from conv_denoiser import __version__
from conv_denoiser._files import ModelFileError
from conv_denoiser._model_card import model_card, read_card
from conv_denoiser._model_files import MEANINGLESS, read_model_file, write_model_file
from conv_denoiser._parameters import decode, encode
from conv_denoiser._validation import check_params
from conv_denoiser._weight_shapes import MAX_LEVELS, WEIGHT_SHAPES, shortest_signal
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.preprocessing import PerSampleScaler

__all__ = ["ModelFileError", "load", "read_card", "save"]

Arrays = Mapping[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]
# Version of what a file says; each that was ever released can be read.
FORMAT = 1
# What a denoiser cannot be rebuilt without, where a file has its name alone.
NEEDED = ("architecture", "scaler")
# A stranger's file shall not name a path that `fit` writes to.
LEFT_OUT = ("checkpoint",)
NETWORK_OPTIONS = ("filters", "kernel_size", "max_norm", "output_activation", "predicts_noise")
LIMIT = 2**31
MAX_NOISE_PARTS = 100


def save(
    denoiser: ConvDenoiser,
    path: str | os.PathLike[str],
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
) -> None:
    """Write a fitted denoiser to a file that `load` reads.

    The file, of the safetensors format, holds weights and JSON: parameters, what was learned, the
    history, and a model card. Callables and objects of your own, Keras objects, and splitters are
    stored by name alone.

    Parameters
    ----------
    denoiser : ConvDenoiser
        A fitted denoiser.
    path : path-like
        File to write; one that exists is replaced when the new one is whole and on the disk.
    sampling_rate : float, default=None
        Samples a second (Hz) of the signals, for the model card.
    units : str, default=None
        Units of the signals, such as "mV", for the model card.

    Raises
    ------
    TypeError
        If `denoiser` is no `ConvDenoiser`.
    NotFittedError
        If it is not fitted.
    ValueError
        If the sampling rate is not positive, or if a file cannot hold the denoiser: a history of
        over a megabyte, weights that are not float32, more than 16 levels of an autoencoder or 7
        of a U-Net, more than 100 noise models in a sum.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Reads the file.
    conv_denoiser.export.to_onnx : Writes a file that runs without TensorFlow.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator, load, save
    >>> X, y = SignalGenerator(random_state=0).sample(20, return_X_y=True)
    >>> denoiser = ConvDenoiser(filters=(4,), epochs=1, random_state=0).fit(X, y)
    >>> path = getfixture("tmp_path") / "parabola.safetensors"
    >>> save(denoiser, path, sampling_rate=100)
    >>> bool((load(path).transform(X) == denoiser.transform(X)).all())
    True
    """
    if not isinstance(denoiser, ConvDenoiser):
        raise TypeError(
            f"save takes a ConvDenoiser, alone. Got {type(denoiser).__name__}: save the denoiser "
            "in it, or pickle the whole."
        )
    check_is_fitted(denoiser, "model_")
    weights = denoiser.model_.get_weights()
    arrays = {_weight_name(number): array for number, array in enumerate(weights)}
    parameters = denoiser.get_params(deep=False)
    network = {key: value for key, value in denoiser._network.items() if key != "n_channels"}
    for name in LEFT_OUT:
        del parameters[name]
    if any(array.dtype != np.float32 for array in weights):
        raise ValueError("A file holds weights of float32. The network has others, too.")
    names = getattr(denoiser, "feature_names_in_", None)
    content = {
        "format": FORMAT,
        "card": model_card(denoiser, sampling_rate, units),
        "parameters": {name: encode(value, arrays) for name, value in parameters.items()},
        "network": {name: encode(value, arrays) for name, value in network.items()},
        "scaler": encode(denoiser.scaler_, arrays),
        "fitted": {
            "n_features_in_": int(denoiser.n_features_in_),
            "n_channels_in_": int(denoiser.n_channels_in_),
            "feature_names_in_": None if names is None else list(map(str, names)),
            "supervision_": denoiser.supervision_,
            "best_epoch_": denoiser.best_epoch_,
            "loss_floor_": None if denoiser.loss_floor_ is None else float(denoiser.loss_floor_),
        },
        "history": {
            name: [_finite_or_none(value) for value in values]
            for name, values in denoiser.history_.items()
        },
    }
    # What `load` would refuse must not be written.
    _check(content, {name: array.shape for name, array in arrays.items()}, denoiser.get_params())
    write_model_file(path, content, arrays)


def load(path: str | os.PathLike[str], **parameters: Any) -> ConvDenoiser:
    """Read a denoiser that `save` wrote.

    The network is rebuilt by the library's own code, and arrays are read. Nothing in the file is
    executed, imported or unpickled, and sizes are checked before memory is taken: a file from a
    stranger can give a bad denoiser, but do no harm.

    Parameters
    ----------
    path : path-like
        File to read.
    **parameters
        What the file has by name alone: a callable `architecture` and a `scaler` of your own are
        needed; without an optimizer, a schedule of learning rates, callbacks and the like, there is
        a warning, and the default instead.

    Returns
    -------
    ConvDenoiser
        The denoiser, which denoises to the same bits. It can go on learning with `warm_start`,
        with a new optimizer.

    Raises
    ------
    ModelFileError
        If the file was not written by `save`, is damaged or of an unknown version, or if something
        is needed that the file has by name alone, or passed that it holds.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        Of parameters that the file has by name alone, and that were not passed.

    Examples
    --------
    See `save`.
    """

    def check(content: Any, shapes: Shapes) -> None:
        _check(content, shapes, parameters)

    content, arrays = read_model_file(path, check)
    try:
        return _denoiser(content, arrays, parameters)
    except (*MEANINGLESS, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)!r} makes no sense: {error!r}") from error


def _check(content: Any, shapes: Shapes, given: Mapping[str, Any]) -> None:
    """Raise where a file is of another version, needs more, or where shapes are not as it says."""
    if type(content["format"]) is not int or content["format"] != FORMAT:
        raise ModelFileError(
            f"is of format {content['format']!r}; conv_denoiser {__version__} reads format "
            f"{FORMAT}."
        )
    for name in NEEDED:
        value = content["parameters"][name]
        if _is_external(value) and name not in given:
            raise ModelFileError(
                f"has its {name} by name alone, {value['name']}. Pass it: load(path, {name}=...)."
            )
    weights = [name for name in shapes if name.startswith("weight_")]
    in_order = [shapes[_weight_name(number)] for number in range(len(weights))]
    parts = list(_noise_parts(content["parameters"]["noise"]))
    if len(parts) > MAX_NOISE_PARTS:
        raise ValueError(f"a noise model of {len(parts)} parts is not to be expected")
    banks = [part["bank"] for part in parts if isinstance(part, dict) and "bank" in part]
    if not all(bank.startswith("noise_bank_") for bank in banks):
        raise ValueError(f"{banks} are no banks of noise")
    if sorted([*weights, *banks]) != sorted(shapes):
        raise ValueError("its arrays are not those that it speaks of")
    options = {name: decode(content["network"][name], {}) for name in NETWORK_OPTIONS}
    architecture = content["network"]["architecture"]
    fitted = content["fitted"]
    _check_network(architecture, options, fitted["n_channels_in_"], in_order)


def _noise_parts(noise: Any) -> Iterator[Any]:
    """Return the models that a noise model is the sum of."""
    if isinstance(noise, dict) and noise.get("type") == "NoiseSum":
        for part in noise["parts"]:
            yield from _noise_parts(part)
    else:
        yield noise


def _denoiser(content: Any, arrays: Arrays, given: dict[str, Any]) -> ConvDenoiser:
    denoiser = ConvDenoiser(**_parameters(content["parameters"], arrays, given))
    check_params(denoiser)
    fitted = _fitted(content["fitted"])
    options = {name: decode(content["network"][name], {}) for name in NETWORK_OPTIONS}
    architecture = content["network"]["architecture"]
    options["architecture"] = given["architecture"] if _is_external(architecture) else architecture
    options["n_channels"] = fitted["n_channels_in_"]
    scaler = content["scaler"]
    fitted["scaler_"] = clone(given["scaler"]) if _is_external(scaler) else decode(scaler, {})
    if not isinstance(fitted["scaler_"], (PerSampleScaler, type(None))):
        raise ValueError(f"the scaler is {fitted['scaler_']!r}")
    fitted["history_"] = _history(content["history"])
    fitted["n_epochs_"] = len(fitted["history_"]["loss"])
    # As if it came out of a pickle: the network is rebuilt, and gets the weights.
    weights = _weights(arrays)
    state = {"_network": options, "_compiled_with": {}, "model_": (weights, None)}
    denoiser.__setstate__({**fitted, **state})
    denoiser._length = _padded_length(denoiser, options)
    return denoiser


def _padded_length(denoiser: ConvDenoiser, options: Mapping[str, Any]) -> int:
    """Return the length that signals are padded to, without a search if the network is ours."""
    from conv_denoiser._networks import padded_length

    architecture, n_timesteps = options["architecture"], denoiser.n_features_in_
    if callable(architecture):
        return padded_length(denoiser.model_, n_timesteps, options["n_channels"])
    return max(
        n_timesteps, shortest_signal(architecture, options["filters"], options["kernel_size"])
    )


def _parameters(encoded: Any, arrays: Arrays, given: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(ConvDenoiser).parameters
    by_name = {name: value["name"] for name, value in encoded.items() if _is_external(value)}
    parameters = {}
    for name, value in encoded.items():
        if name not in known or name in LEFT_OUT:
            raise ValueError(f"unknown parameter {name!r}")
        if name not in by_name:
            parameters[name] = decode(value, arrays)
        elif name in given:
            parameters[name] = given[name]
        else:
            warnings.warn(
                f"A file cannot hold {name}={by_name[name]}; it is the default now. Pass it, "
                f"load(path, {name}=...), if you want to fit again.",
                UserWarning,
                stacklevel=4,
            )
    unwanted = ", ".join(sorted(set(given) - set(by_name)))
    if unwanted:
        raise ModelFileError(f"holds {unwanted} itself, or knows of no such parameter.")
    return parameters


def _fitted(fields: Mapping[str, Any]) -> dict[str, Any]:
    n_timesteps, n_channels = fields["n_features_in_"], fields["n_channels_in_"]
    for number in (n_timesteps, n_channels):
        _check_count(number)
    fitted = {"n_features_in_": n_timesteps, "n_channels_in_": n_channels}
    names = fields["feature_names_in_"]
    if names is not None:
        are_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not are_names or len(names) != n_timesteps:
            raise ValueError("feature_names_in_ are no names of the timesteps")
        fitted["feature_names_in_"] = np.array(names, dtype=object)
    if fields["supervision_"] not in ("paired", "synthetic", "blind_spot"):
        raise ValueError(f"unknown supervision {fields['supervision_']!r}")
    fitted["supervision_"] = fields["supervision_"]
    best, floor = fields["best_epoch_"], fields["loss_floor_"]
    if best is not None:
        _check_count(best)
    if floor is not None and not math.isfinite(floor):
        raise ValueError(f"loss_floor_ is {floor!r}")
    return {**fitted, "best_epoch_": best, "loss_floor_": floor}


def _check_count(number: Any) -> None:
    if type(number) is not int or not 1 <= number < LIMIT:
        raise ValueError(f"{number!r} is no count")


def _history(fields: Mapping[str, Any]) -> dict[str, list[float]]:
    history = {name: [_loss(value) for value in values] for name, values in fields.items()}
    if len({len(values) for values in history.values()}) > 1 or "loss" not in history:
        raise ValueError("the history has epochs that lack values")
    return history


def _loss(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) not in (int, float):
        raise ValueError(f"a loss of {value!r}")
    return float(value)


def _weights(arrays: Arrays) -> list[NDArray[np.float32]]:
    n_weights = sum(name.startswith("weight_") for name in arrays)
    weights = [arrays[_weight_name(number)] for number in range(n_weights)]
    for array in weights:
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError("weights are no finite float32 numbers")
    return weights


def _check_network(
    architecture: Any, options: Mapping[str, Any], n_channels: Any, shapes: list[tuple[int, ...]]
) -> None:
    """Raise ValueError where weights are not those of the network that is to be built."""
    filters, kernel_size = options["filters"], options["kernel_size"]
    for number in (*filters, kernel_size, n_channels):
        _check_count(number)
    if options["output_activation"] not in ("sigmoid", "linear"):
        raise ValueError(f"unknown activation {options['output_activation']!r}")
    if type(options["predicts_noise"]) is not bool:
        raise ValueError("predicts_noise is neither true nor false")
    if options["max_norm"] is not None and not 0 < options["max_norm"] < math.inf:
        raise ValueError(f"max_norm is {options['max_norm']!r}")
    if _is_external(architecture):  # whose own code decides what it makes of these numbers
        if max(*filters, kernel_size, n_channels) > 2**16 or len(filters) > 64:
            raise ValueError("a network of such a size is not to be expected")
        return
    if not 0 < len(filters) <= MAX_LEVELS[architecture]:
        raise ValueError(f"a network of {len(filters)} levels is not to be expected")
    if shapes != list(WEIGHT_SHAPES[architecture](n_channels, filters, kernel_size)):
        raise ValueError("the weights have other shapes than those of the network")


def _is_external(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "external"


def _weight_name(number: int) -> str:
    return f"weight_{number:03d}"


def _finite_or_none(value: float) -> float | None:
    """Return what JSON can hold of a loss."""
    return float(value) if math.isfinite(value) else None
