"""Denoisers in files that hold arrays and JSON alone, and from which no code is run."""

import inspect
import math
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._checks.validation import check_params
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import JSON, Array
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.model_files.card import model_card, read_card
from conv_denoiser.model_files.container import MEANINGLESS, read_model_file, write_model_file
from conv_denoiser.model_files.parameters import decode, encode
from conv_denoiser.model_files.untrusted import (
    FORMAT,
    NETWORK_OPTIONS,
    Arrays,
    Shapes,
    check_content,
    fitted_state,
    is_external,
    network_options,
    read_calibration,
    read_diagnostics,
    read_history,
    read_profile,
    read_weights,
    weight_name,
    weight_shapes,
)
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.preprocessing import PerSampleScaler
from conv_denoiser.preprocessing.scaling import Scaling

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
        If `denoiser` is not a `ConvDenoiser`, or is of a subclass.
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
    if type(denoiser) is not ConvDenoiser:
        raise TypeError(
            f"save takes a ConvDenoiser, alone. Got {type(denoiser).__name__}, of which a file "
            "would lose what it adds. Save the denoiser in it, or pickle the whole."
        )
    check_is_fitted(denoiser)
    arrays = {weight_name(i): array for i, array in enumerate(denoiser._network.weights)}
    if any(array.dtype != np.float32 for array in arrays.values()):
        raise ValueError("A file holds weights of float32. The network has others, too.")
    content = {
        "format": FORMAT,
        "card": model_card(denoiser, sampling_rate, units),
        **_described(denoiser, arrays),
    }
    # What `load` would refuse must not be written.
    shapes = {name: array.shape for name, array in arrays.items()}
    _check(content, shapes, denoiser.get_params(deep=False))
    write_model_file(path, content, arrays)


def _described(denoiser: ConvDenoiser, arrays: dict[str, Array]) -> dict[str, Any]:
    """Return what JSON can hold of a denoiser; banks of noise go into `arrays`."""
    parameters = denoiser.get_params(deep=False)
    spec = denoiser._network.spec
    names = getattr(denoiser, "feature_names_in_", None)
    floor = denoiser.loss_floor_
    calibration, profile = denoiser.calibration_, denoiser.profile_
    return {
        "parameters": {
            name: encode(value, arrays)
            for name, value in parameters.items()
            if name not in LEFT_OUT
        },
        "network": {
            name: encode(getattr(spec, name), arrays) for name in ("architecture", *NETWORK_OPTIONS)
        },
        "scaler": encode(denoiser.scaler_, arrays),
        "artefacts": _artefacts(denoiser._network.scaling),
        "fitted": {
            "n_features_in_": int(denoiser.n_features_in_),
            "n_channels_in_": int(denoiser.n_channels_in_),
            "feature_names_in_": None if names is None else list(map(str, names)),
            "any_length": denoiser._any_length,
            "supervision_": denoiser.supervision_,
            "best_epoch_": denoiser.best_epoch_,
            "loss_floor_": None if floor is None else float(floor),
        },
        "diagnostics": denoiser.diagnostics_,
        "calibration": None if calibration is None else calibration.to_dict(),
        "profile": None if profile is None else profile.to_dict(),
        "history": {
            name: [_finite_or_none(value) for value in values]
            for name, values in denoiser.history_.items()
        },
    }


def load(path: str | os.PathLike[str], **parameters: object) -> ConvDenoiser:
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
    content, arrays = read_model_file(path, partial(_check, given=parameters))
    try:
        return _denoiser(content, arrays, parameters)
    except (*MEANINGLESS, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)!r} makes no sense: {error!r}") from error


def _check(content: JSON, shapes: Shapes, given: Mapping[str, Any]) -> None:
    """Raise where a file makes no sense, before memory is taken for its arrays."""
    check_content(content, shapes, given)
    _spec(content, given).check_weight_shapes(weight_shapes(shapes))


def _spec(content: JSON, given: Mapping[str, Any]) -> NetworkSpec:
    architecture = content["network"]["architecture"]
    return NetworkSpec(
        architecture=given["architecture"] if is_external(architecture) else architecture,
        n_channels=content["fitted"]["n_channels_in_"],
        **network_options(content),
    )


def _denoiser(content: JSON, arrays: Arrays, given: dict[str, Any]) -> ConvDenoiser:
    denoiser = ConvDenoiser(**_parameters(content["parameters"], arrays, given))
    check_params(denoiser)
    fitted = fitted_state(content["fitted"])
    history = read_history(content["history"])
    fitted.update(
        history_=history,
        n_epochs_=len(history["loss"]),
        diagnostics_=read_diagnostics(content.get("diagnostics")),
        calibration_=read_calibration(content.get("calibration")),
        profile_=read_profile(
            content.get("profile"), fitted["n_features_in_"], fitted["n_channels_in_"]
        ),
    )
    spec = _spec(content, given)
    network = Network(
        spec,
        _scaling(_scaler(content["scaler"], given), content.get("artefacts")),
        spec.padded_length(1 if fitted["_any_length"] else fitted["n_features_in_"]),
        weights=read_weights(arrays),
    )
    if callable(spec.architecture):
        _ = network.model  # built now, since the user's code decides whether the weights fit
    denoiser._take_over(network, fitted)
    return denoiser


def _scaler(described: JSON, given: Mapping[str, Any]) -> PerSampleScaler | None:
    scaler = clone(given["scaler"]) if is_external(described) else decode(described, {})
    if not isinstance(scaler, (PerSampleScaler, type(None))):
        raise ValueError(f"the scaler is {scaler!r}")
    return scaler


def _artefacts(scaling: Scaling) -> dict[str, bool]:
    """Return which kinds of artefacts are left out."""
    return {"jumps": scaling.jumps, "trends": scaling.trends}


def _scaling(scaler: PerSampleScaler | None, artefacts: JSON) -> Scaling:
    """Return a scaling that leaves artefacts out; older files do not say, and leave out none."""
    if artefacts is None:
        return Scaling(scaler)
    jumps, trends = artefacts["jumps"], artefacts["trends"]
    if type(jumps) is not bool or type(trends) is not bool:
        raise ValueError(f"the artefacts are {artefacts!r}")
    return Scaling(scaler, jumps, trends)


def _parameters(encoded: JSON, arrays: Arrays, given: dict[str, Any]) -> dict[str, Any]:
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
