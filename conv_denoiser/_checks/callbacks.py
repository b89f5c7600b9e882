"""The callbacks of scikit-learn 1.9 and later: progress bars and monitors of fits.

Without them, with an older scikit-learn, estimators are as they were.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from sklearn.base import BaseEstimator

__all__ = ["CallbackSupportMixin", "FitTask", "Parts", "fit_task", "with_callbacks"]

T = TypeVar("T")

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""

    def with_callbacks(method):  # type: ignore[no-untyped-def]
        """Return the method."""
        return method


class FitTask(Protocol):
    """A fit, or a part of it, whose beginning and end callbacks are told of."""

    def subcontext(self, task_name: str) -> "FitTask": ...

    def call_on_fit_task_begin(self, **told: object) -> object: ...

    def call_on_fit_task_end(self, **told: object) -> bool: ...


@contextmanager
def fit_task(
    estimator: BaseEstimator,
    told: dict[str, object],
    n_parts: int | None = 0,
    fitted: Callable[[], dict[str, object]] = dict,
) -> Iterator[FitTask | None]:
    """Tell callbacks of the beginning and end of a fit; give its task, or None without them.

    `told` are the signals, `fitted` returns attributes that a fitted estimator has besides those
    that it had before.
    """
    if not getattr(estimator, "_skl_callbacks", None):
        yield None
        return
    task = estimator._init_callback_context(max_subtasks=n_parts)
    task.call_on_fit_task_begin(estimator=estimator, **told)
    yield task
    task.call_on_fit_task_end(estimator=estimator, reconstruction_attributes=fitted, **told)


class Parts(Generic[T]):
    """Tells callbacks of the parts of a fit, one after the other."""

    def __init__(
        self,
        estimator: BaseEstimator,
        task: FitTask,
        told: dict[str, object],
        fitted: Callable[[T], dict[str, object]],
        name: str,
    ) -> None:
        self.estimator, self.task, self.told = estimator, task, told
        self.fitted, self.name = fitted, name

    def begins(self) -> None:
        """Tell of a new part."""
        self.part = self.task.subcontext(task_name=self.name)
        self.part.call_on_fit_task_begin(estimator=self.estimator, **self.told)

    def ends(self, snapshot: Callable[[], T]) -> bool:
        """Tell of what was learned in it; return whether to stop."""
        return self.part.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes=lambda: self.fitted(snapshot()),
            **self.told,
        )
