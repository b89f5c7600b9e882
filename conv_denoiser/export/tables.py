"""Results as tables, as scikit-learn's `set_output` asks for, without importing scikit-learn."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.containers import check_fits_table
from conv_denoiser._typing import Array

__all__ = ["TableOutput"]

CONTAINERS = ("default", "pandas", "polars")


class TableOutput:
    """`set_output` and `get_feature_names_out` of a transformer whose output is like its input."""

    n_features_in_: int

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Arrays, or tables of one column a timestep. None changes nothing.

        Returns
        -------
        self : object
            The transformer.

        Raises
        ------
        ValueError
            If there is no such container.
        """
        if transform is None:
            return self
        if transform not in CONTAINERS:
            raise ValueError(f"transform must be one of {CONTAINERS} or None. Got {transform!r}.")
        # The name under which scikit-learn's clone looks for it.
        self._sklearn_output_config = {"transform": transform}
        return self

    def get_feature_names_out(
        self, input_features: Sequence[str] | NDArray[np.object_] | None = None
    ) -> NDArray[np.object_]:
        """Name the timesteps of what `transform` returns.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Names of the timesteps of X, which are kept. None takes those that `fit` saw, or makes
            names: x0, x1 and so on.

        Returns
        -------
        ndarray of str
            The names.
        """
        if input_features is None:
            input_features = getattr(self, "feature_names_in_", None)
        if input_features is None:
            input_features = [f"x{number}" for number in range(self.n_features_in_)]
        return np.asarray(input_features, dtype=object)

    def _remember_names(self, X: object) -> None:
        vars(self).pop("feature_names_in_", None)
        columns = list(getattr(X, "columns", ()))
        # The name of one column of whole signals is not that of a timestep.
        of_timesteps = len(columns) > 1 or self.n_features_in_ == 1
        if columns and of_timesteps and all(isinstance(name, str) for name in columns):
            self.feature_names_in_ = np.asarray(columns, dtype=object)

    def _as_asked(self, output: Array, X: Any) -> Any:
        """Return an array, or the table that is asked for, with the names and the index of X."""
        container = self._container()
        check_fits_table(container, output)
        if container == "default":
            return output
        given = getattr(X, "columns", None)
        if given is None or len(given) != output.shape[1]:
            given = [f"x{number}" for number in range(output.shape[1])]
        names = self.get_feature_names_out(list(given))
        library = import_module(container)
        if container == "polars":
            return library.DataFrame(output, schema=list(map(str, names)))
        return library.DataFrame(output, columns=names, index=getattr(X, "index", None))

    def _container(self) -> str:
        config: dict[str, str] = getattr(self, "_sklearn_output_config", {})
        if "transform" in config:
            return config["transform"]
        sklearn = sys.modules.get("sklearn")
        return "default" if sklearn is None else sklearn.get_config()["transform_output"]
