"""What `set_output` can make tables of."""

from typing import Any

from conv_denoiser._checks.elsewhere import is_lazy

__all__ = ["check_fits_table"]


def check_fits_table(container: str, X: Any) -> None:
    """Raise ValueError if X is not an array in memory of one row a signal, or a table of such.

    Parameters
    ----------
    container : str
        What is asked for; "default" takes all.
    X : array, list or table
        What is denoised.
    """
    if container == "default":
        return
    if is_lazy(X):
        found = "is a Dask array. Pass X.compute()"
    elif isinstance(X, list) or X.ndim == 3:
        found = "is a list" if isinstance(X, list) else f"has the shape {X.shape}"
        found += ". Pass one channel and signals of one length"
    else:
        return
    raise ValueError(
        f"set_output(transform={container!r}) makes tables of shape (n_signals, n_timesteps), "
        f"but X {found}, or set_output(transform='default')."
    )
