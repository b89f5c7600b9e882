"""Parameters of the objects that a denoiser is given: its noise, supervision, gaps and scaler."""

from typing import Any, Self

from sklearn.base import BaseEstimator, clone

from conv_denoiser.denoiser.defaults import chosen
from conv_denoiser.gaps import as_gaps
from conv_denoiser.noise import as_noise_model
from conv_denoiser.supervision import BlindSpot

__all__ = ["NestedParameters"]

EXAMPLES = {
    "gaps": "Gaps()",
    "noise": "GaussianNoise(0.1)",
    "supervision": "BlindSpot()",
    "scaler": "MinMaxPerSample()",
}


class NestedParameters(BaseEstimator):
    """Sets parameters of objects that are frozen, or that a word or number stands for."""

    def set_params(self, **params: object) -> Self:
        """Set parameters, also those of `noise`, `supervision`, `gaps` and `scaler`.

        Parameters
        ----------
        **params
            New values by name, such as ``noise__scale``, ``supervision__width`` or
            ``scaler__feature_range``. The object that was given as `noise`, `supervision`, `gaps`
            or `scaler` is replaced by a changed copy; a word, by one of what that means.

        Returns
        -------
        self : ConvDenoiser
            The denoiser.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        own: dict[str, object] = {}
        of_parts: dict[str, dict[str, object]] = {}
        for key, value in params.items():
            name, _, nested = key.partition("__")
            if nested and name in EXAMPLES:
                of_parts.setdefault(name, {})[nested] = value
            else:
                own[key] = value
        super().set_params(**own)
        for name, changes in of_parts.items():
            setattr(self, name, self._part(name, changes).set_params(**changes))
        return self

    def _part(self, name: str, changes: dict[str, object]) -> Any:
        """Return a copy of the noise, supervision, gaps or scaler in use."""
        given = getattr(self, name)
        part = given
        if name == "scaler":
            part = chosen(self, name)
        elif name == "noise":
            part = as_noise_model(given)
        elif name == "gaps":
            part = as_gaps(given)
        elif given == "blind_spot":
            part = BlindSpot()
        if not hasattr(part, "set_params"):
            raise ValueError(
                f"{name}__{min(changes)} cannot be set, since {name}={given!r} has no parameters. "
                f"Set {name} to an object first, for example {EXAMPLES[name]}."
            )
        return clone(part)
