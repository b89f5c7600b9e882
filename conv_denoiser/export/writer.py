"""Denoisers as ONNX files, which run without TensorFlow, Keras and scikit-learn."""

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from conv_denoiser._atomic import replacing
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.export.onnx_card import CALIBRATION, CARD, FORMAT, PROFILE, missing_packages
from conv_denoiser.export.onnx_denoiser import OnnxDenoiser
from conv_denoiser.gaps import as_gaps

if TYPE_CHECKING:
    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["ModelFileError", "OnnxDenoiser", "to_onnx"]

OPSET = 17


def to_onnx(
    denoiser: "ConvDenoiser",
    path: str | os.PathLike[str],
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
) -> None:
    """Write a fitted denoiser to an ONNX file: scaler, padding and network in one graph.

    The graph maps "noisy" to "denoised", both float32 of the shape (n_signals, n_timesteps,
    n_channels) with any number of signals and timesteps, in original units. A denoiser that was
    fitted with ``loss="gaussian_nll"`` gives "std", too. The graph is of opset 17, which ONNX
    Runtime 1.12 and later run. A model card in its metadata, JSON under the name
    "conv_denoiser", says what the denoiser was fitted on.

    Parameters
    ----------
    denoiser : ConvDenoiser
        A fitted denoiser.
    path : path-like
        File to write; one that exists is replaced when the new one is whole.
    sampling_rate : float, default=None
        Samples a second (Hz) of the signals, for the model card.
    units : str, default=None
        Units of the signals, such as "mV", for the model card.

    Raises
    ------
    ValueError
        If the scaler is one of your own, an `architecture` of your own has a layer that has no
        counterpart in ONNX, or the sampling rate is not positive.
    TypeError
        If `denoiser` is not a `ConvDenoiser`.
    NotFittedError
        If it is not fitted.
    OSError
        If the file cannot be written.
    ImportError
        If onnx is not installed.

    See Also
    --------
    OnnxDenoiser : Runs the file.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator
    >>> from conv_denoiser.export import OnnxDenoiser, to_onnx
    >>> X, y = SignalGenerator(random_state=0).sample(20, return_X_y=True)
    >>> denoiser = ConvDenoiser(filters=(4,), epochs=1, random_state=0).fit(X, y)
    >>> folder = getfixture("tmp_path")
    >>> to_onnx(denoiser, folder / "parabola.onnx")
    >>> deployed = OnnxDenoiser(folder / "parabola.onnx")
    >>> bool(abs(deployed.transform(X) - denoiser.transform(X)).max() < 1e-5)
    True
    """
    from conv_denoiser.model_files.card import model_card

    _check_exportable(denoiser)
    card = {
        "format": FORMAT,
        **model_card(denoiser, sampling_rate, units),
        "scaled": denoiser.scaler_ is not None,
        "gives_std": denoiser._network.spec.gives_variance,
        "gaps": as_gaps(denoiser.gaps).get_params(),
        "novelty": denoiser.novelty,
        "opset": OPSET,
        "dtype": "float32",
    }
    build_graph = import_converter()
    graph = build_graph(denoiser._network, denoiser.n_features_in_, OPSET)
    texts = {CARD: card}
    if denoiser.calibration_ is not None:
        texts[CALIBRATION] = denoiser.calibration_.to_dict()
    if denoiser.profile_ is not None:
        texts[PROFILE] = denoiser.profile_.to_dict()
    for name, content in texts.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = name, json.dumps(content)
    with replacing(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())


def import_converter() -> Callable[..., Any]:
    """Import what builds graphs, or raise ImportError that says what to install."""
    try:
        from conv_denoiser.export.graph import build_graph
    except ImportError as error:
        raise missing_packages("to_onnx", error) from error
    return build_graph


def _check_exportable(denoiser: "ConvDenoiser") -> None:
    """Raise where a graph would lose what a denoiser does, or where it is not fitted."""
    from sklearn.utils.validation import check_is_fitted

    from conv_denoiser.denoiser import ConvDenoiser

    if not isinstance(denoiser, ConvDenoiser):
        raise TypeError(
            f"to_onnx takes a ConvDenoiser, alone. Got {type(denoiser).__name__}: export the "
            "denoiser in it, and keep other steps around the OnnxDenoiser."
        )
    for name in ("transform", "predict"):
        if getattr(type(denoiser), name) is not getattr(ConvDenoiser, name):
            raise TypeError(
                f"{type(denoiser).__name__} has a {name} of its own, which a graph of the network "
                "would lose. Export a ConvDenoiser, or pickle the whole."
            )
    check_is_fitted(denoiser)
