"""A display of the training of a denoiser."""

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from conv_denoiser.plotting.parts import LineStyle, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["TrainingDisplay"]

_CURVES: dict[str, tuple[str, LineStyle]] = {
    "loss": ("training loss", {"color": "#0072B2", "linestyle": "-", "marker": "o"}),
    "val_loss": ("validation loss", {"color": "#D55E00", "linestyle": "--", "marker": "s"}),
}


class TrainingDisplay:
    """Loss and validation loss by epoch.

    Use `from_estimator` or `from_arrays` to make one.

    Parameters
    ----------
    history : dict of str to list of float
        Values by epoch: "loss" and, if there was validation, "val_loss".
    loss_floor : float, default=None
        The lowest value the loss can reach, drawn as a line.
    best_epoch : int, default=None
        Epoch of the lowest validation loss, from 1, drawn as a vertical line.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        The curves, by name in the history; "floor" and "best_epoch" where they are known.

    Examples
    --------
    >>> from conv_denoiser.plotting import TrainingDisplay
    >>> display = TrainingDisplay({"loss": [0.5, 0.4], "val_loss": [0.45, 0.41]}).plot()
    >>> sorted(display.lines_)
    ['loss', 'val_loss']
    """

    ax_: "Axes"
    figure_: "Figure"
    lines_: "dict[str, Line2D]"

    def __init__(
        self,
        history: dict[str, list[float]],
        *,
        loss_floor: float | None = None,
        best_epoch: int | None = None,
    ) -> None:
        self.history = history
        self.loss_floor = loss_floor
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, denoiser: "ConvDenoiser", *, ax: "Axes | None" = None) -> Self:
        """Draw the history of a fitted denoiser.

        Parameters
        ----------
        denoiser : ConvDenoiser
            A fitted denoiser; for a Pipeline, pass its step.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the denoiser is not fitted.
        TypeError
            If it has no history.
        """
        check_is_fitted(denoiser)
        if not hasattr(denoiser, "history_"):
            raise TypeError(
                "TrainingDisplay needs a fitted ConvDenoiser, which has history_ (a Pipeline's "
                f"step: pipeline[-1], a search's best_estimator_). Got {denoiser!r}."
            )
        history = denoiser.history_
        best = denoiser.best_epoch_ if "val_loss" in history else None
        return cls(history, loss_floor=denoiser.loss_floor_, best_epoch=best).plot(ax=ax)

    @classmethod
    def from_arrays(
        cls,
        loss: ArrayLike,
        val_loss: ArrayLike | None = None,
        *,
        loss_floor: float | None = None,
        best_epoch: int | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw given losses.

        Parameters
        ----------
        loss : array-like of shape (n_epochs,)
            Training loss after each epoch.
        val_loss : array-like of shape (n_epochs,), default=None
            Validation loss after each epoch.
        loss_floor : float, default=None
            The lowest value the loss can reach.
        best_epoch : int, default=None
            Epoch of the lowest validation loss, from 1.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display.

        Raises
        ------
        ValueError
            If the losses do not have one dimension and one length.

        Examples
        --------
        >>> from conv_denoiser.plotting import TrainingDisplay
        >>> TrainingDisplay.from_arrays([0.5, 0.4], best_epoch=2).ax_.get_xlabel()
        'epoch'
        """
        curves = {"loss": loss} if val_loss is None else {"loss": loss, "val_loss": val_loss}
        history = {name: np.asarray(values, dtype=float) for name, values in curves.items()}
        shapes = {name: values.shape for name, values in history.items()}
        if len(set(shapes.values())) > 1 or len(shapes["loss"]) != 1:
            raise ValueError(
                f"Losses need one value an epoch, and equally many. Got shapes {shapes}."
            )
        lists = {name: values.tolist() for name, values in history.items()}
        return cls(lists, loss_floor=loss_floor, best_epoch=best_epoch).plot(ax=ax)

    def plot(self, *, ax: "Axes | None" = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display itself, with `ax_`, `figure_` and `lines_`.
        """
        from matplotlib.ticker import MaxNLocator

        self.ax_ = one_axes(ax)
        self.figure_ = self.ax_.figure.figure  # the whole, where the axes are in a subfigure
        self.lines_ = {}
        for name, (label, style) in _CURVES.items():
            if name in self.history:
                values = self.history[name]
                epochs = np.arange(1, len(values) + 1)
                (self.lines_[name],) = self.ax_.plot(
                    epochs, values, label=label, markersize=4, **style
                )
        if self.best_epoch is not None:
            self.lines_["best_epoch"] = self.ax_.axvline(
                self.best_epoch, color="#999999", linewidth=1, label="best epoch", zorder=0
            )
        if self.loss_floor is not None:
            self.lines_["floor"] = self.ax_.axhline(
                self.loss_floor, color="black", linestyle=":", label="entropy of the targets"
            )
        self.ax_.set(xlabel="epoch", ylabel="loss")
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        self.ax_.legend()
        return self
