"""scikit-learn's `get_params` and `set_params` for frozen objects."""

from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Self

__all__ = ["FrozenParameters"]


class FrozenParameters:
    """A base class of frozen dataclasses whose fields scikit-learn can read and search."""

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return the parameters by name, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default=True
            Return those of the parts, too, as ``part__name``.

        Returns
        -------
        dict
            Names and values.
        """
        if not is_dataclass(self):
            return {}
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: object) -> Self:
        """Return a copy with other parameters; the object itself never changes.

        Parameters
        ----------
        **params
            New values by name.

        Returns
        -------
        object
            The changed copy.

        Raises
        ------
        ValueError
            If there is no parameter of that name, or the value is not valid.
        """
        known = self.get_params(deep=False)
        for name in params:
            if name not in known:
                raise ValueError(f"{self!r} has no parameter {name!r}. It has {sorted(known)}.")
        return replace(self, **params) if params else self  # type: ignore[type-var]

    def __sklearn_clone__(self) -> Self:
        return deepcopy(self)
