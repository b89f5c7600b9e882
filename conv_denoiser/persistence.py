"""Denoisers in files that hold arrays and JSON alone, and from which no code is run."""

import inspect
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.validation import check_params
from conv_denoiser._checks.warn import warn
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.model_files.card import model_card, read_card
from conv_denoiser.model_files.container import MEANINGLESS, read_model_file, write_model_file
from conv_denoiser.model_files.errors import ModelFileError
from conv_denoiser.model_files.parameters import decode, encode
from conv_denoiser.model_files.untrusted import (
    FORMAT,
    NETWORK_OPTIONS,
    Arrays,
    Shapes,
    check_content,
    fitted_state,
    is_external,
    read_history,
    read_weights,
    weight_name,
)
from conv_denoiser.networks.weight_shapes import shortest_signal
from conv_denoiser.preprocessing import PerSampleScaler

__all__ = ["ModelFileError", "load", "read_card", "save"]

# A stranger's file shall not name a path that `fit` writes to.
LEFT_OUT = ("checkpoint",)


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
    arrays = {weight_name(number): array for number, array in enumerate(weights)}
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
    check_content(
        content,
        {name: array.shape for name, array in arrays.items()},
        denoiser.get_params(deep=False),
    )
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
        check_content(content, shapes, parameters)

    content, arrays = read_model_file(path, check)
    try:
        return _denoiser(content, arrays, parameters)
    except (*MEANINGLESS, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)!r} makes no sense: {error!r}") from error


def _denoiser(content: Any, arrays: Arrays, given: dict[str, Any]) -> ConvDenoiser:
    denoiser = ConvDenoiser(**_parameters(content["parameters"], arrays, given))
    check_params(denoiser)
    fitted = fitted_state(content["fitted"])
    options = {name: decode(content["network"][name], {}) for name in NETWORK_OPTIONS}
    architecture = content["network"]["architecture"]
    options["architecture"] = given["architecture"] if is_external(architecture) else architecture
    options["n_channels"] = fitted["n_channels_in_"]
    scaler = content["scaler"]
    fitted["scaler_"] = clone(given["scaler"]) if is_external(scaler) else decode(scaler, {})
    if not isinstance(fitted["scaler_"], (PerSampleScaler, type(None))):
        raise ValueError(f"the scaler is {fitted['scaler_']!r}")
    fitted["history_"] = read_history(content["history"])
    fitted["n_epochs_"] = len(fitted["history_"]["loss"])
    # As if it came out of a pickle: the network is rebuilt, and gets the weights.
    weights = read_weights(arrays)
    state = {"_network": options, "_compiled_with": {}, "model_": (weights, None)}
    denoiser.__setstate__({**fitted, **state})
    denoiser._length = _padded_length(denoiser, options)
    return denoiser


def _padded_length(denoiser: ConvDenoiser, options: Mapping[str, Any]) -> int:
    """Return the length that signals are padded to, without a search if the network is ours."""
    from conv_denoiser.networks.geometry import padded_length

    architecture, n_timesteps = options["architecture"], denoiser.n_features_in_
    if callable(architecture):
        return padded_length(denoiser.model_, n_timesteps, options["n_channels"])
    return max(
        n_timesteps, shortest_signal(architecture, options["filters"], options["kernel_size"])
    )


def _parameters(encoded: Any, arrays: Arrays, given: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(ConvDenoiser).parameters
    by_name = {name: value["name"] for name, value in encoded.items() if is_external(value)}
    parameters = {}
    for name, value in encoded.items():
        if name not in known or name in LEFT_OUT:
            raise ValueError(f"unknown parameter {name!r}")
        if name not in by_name:
            parameters[name] = decode(value, arrays)
        elif name in given:
            parameters[name] = given[name]
        else:
            warn(
                f"A file cannot hold {name}={by_name[name]}; it is the default now. Pass it, "
                f"load(path, {name}=...), if you want to fit again."
            )
    unwanted = ", ".join(sorted(set(given) - set(by_name)))
    if unwanted:
        raise ModelFileError(f"holds {unwanted} itself, or knows of no such parameter.")
    return parameters


def _finite_or_none(value: float) -> float | None:
    """Return what JSON can hold of a loss."""
    return float(value) if math.isfinite(value) else None
