"""Who does the work: this process, processes of this machine, or the workers of a scheduler."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from queue import Empty, Queue
from typing import Any

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.warn import warn

__all__ = ["Outcome", "Run", "check_workers", "working"]

# What was to be done, and what came of it: a result, or an error.
Outcome = tuple[Any, Any]
# From a function, what all calls share, and what each call is given, to outcomes as they come.
Run = Callable[[Callable[[Any, Any], Any], Any, Sequence[Any]], Iterator[Outcome]]
# Calls that a scheduler knows of at once, for each thread that works.
AHEAD = 4
# Rounds of calls, of which each but the first is of those that lost too many workers before.
ROUNDS = 3
# Seconds without any result after which to look whether a scheduler has workers at all.
PATIENCE = 10


@contextmanager
def working(workers: int | None, scheduler: str | None) -> Iterator[Run]:
    """Give a function that runs calls; processes that were started for it end with the block."""
    check_workers(workers, scheduler)
    if workers is None and scheduler is None:
        yield _run_here
        return
    import dask
    from dask.distributed import Client, LocalCluster

    # Else a client that finds no scheduler leaves all that Dask computes later without one.
    if scheduler is not None:
        with Client(scheduler, set_as_default=False) as client:
            yield lambda *work: _run_there(client, *work)
        return
    n_workers = int(workers or 1)
    # As many threads in all as there are cores, whatever computes in them.
    n_threads = max(1, (os.cpu_count() or 1) // n_workers)
    environment = {"OMP_NUM_THREADS": str(n_threads)}
    with (
        # Dask looks for a worker so long after each of its deaths, and gives up one that is away,
        # be it only to start again after another death.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1000 days"}),
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", env=environment
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield lambda *work: _run_there(client, *work)


def check_workers(workers: int | None, scheduler: str | None) -> None:
    """Raise ValueError where it is not clear who is to do the work."""
    if workers is not None:
        check_count("workers", workers)
    if workers is not None and scheduler is not None:
        raise ValueError(
            f"workers={workers} are processes to start, but the scheduler at {scheduler!r} has its "
            "own. Give one of both."
        )


def _run_here(
    function: Callable[[Any, Any], Any], shared: Any, each: Sequence[Any]
) -> Iterator[Outcome]:
    for argument in each:
        try:
            result = function(shared, argument)
        except Exception as error:
            result = error
        yield argument, result


def _run_there(
    client: Any, function: Callable[[Any, Any], Any], shared: Any, each: Sequence[Any]
) -> Iterator[Outcome]:
    """Run calls on a cluster, and those that lost too many workers again when others are done."""
    from dask.distributed import KilledWorker

    for n_rounds_left in reversed(range(ROUNDS)):
        killed = []
        for argument, result in _run_once(client, function, shared, each):
            if n_rounds_left and isinstance(result, KilledWorker):
                killed.append(argument)
            else:
                yield argument, result
        if not killed:
            return
        each = killed


def _run_once(
    client: Any, function: Callable[[Any, Any], Any], shared: Any, each: Sequence[Any]
) -> Iterator[Outcome]:
    """Run calls on a cluster, a few at a time, so that the scheduler need not know of all."""
    # The result of a task rather than data of a worker, which would be lost with it.
    there = client.submit(_same, shared, pure=False)
    left = iter(each)
    arguments: dict[Any, Any] = {}
    done: Queue[Any] = Queue()

    def submit(n_calls: int) -> None:
        for argument in islice(left, n_calls):
            future = client.submit(function, there, argument, pure=False)
            arguments[future] = argument
            future.add_done_callback(done.put)

    submit(AHEAD * max(1, sum(client.nthreads().values())))
    while arguments:
        try:
            future = done.get(timeout=PATIENCE)
        except Empty:
            _warn_if_alone(client)
            continue
        try:
            result = _result(future)
        except TimeoutError:  # it was lost with a worker, and is made again
            done.put(future)
            _warn_if_alone(client)
            continue
        except CancelledError as error:
            raise ConnectionError(
                "The scheduler went away, and its tasks with it. What is done stays done: call "
                "again with another."
            ) from error
        submit(1)
        yield arguments.pop(future), result


def _result(future: Any) -> Any:
    """Return what came of a call: a result, or an error."""
    return future.exception() if future.status == "error" else future.result(PATIENCE)


def _warn_if_alone(client: Any) -> None:
    """Warn where nobody is there who could work."""
    with suppress(OSError):  # whether a scheduler that does not answer is gone, Dask finds out
        if client.nthreads():
            return
        address = client.scheduler.address
        warn(
            f"No worker is connected to the scheduler at {address}, so nothing is being denoised. "
            f"The call goes on when there is one (`dask worker {address}`); if you stop it, what "
            "is done stays done."
        )


def _same(value: Any) -> Any:
    return value
