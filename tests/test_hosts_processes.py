"""Threads share a denoiser, fits do not disturb each other, and a fork does not hang."""

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from conftest import small_denoiser, small_unet

from conv_denoiser import load

STATUS = Path("/proc/self/statm")


@pytest.mark.slow
def test_eight_threads_share_a_denoiser(parabolas):
    X, y = parabolas
    for denoiser in (small_denoiser(), small_unet()):
        denoiser.fit(X, y)
        fresh = pickle.loads(pickle.dumps(denoiser))  # not compiled yet
        batches = [X[begin : begin + n] + begin for begin in range(8) for n in (1, 7, 40)]
        expected = [denoiser.transform(batch) for batch in batches]
        with ThreadPoolExecutor(8) as pool:
            for result, alone in zip(pool.map(fresh.transform, batches), expected, strict=True):
                np.testing.assert_array_equal(result, alone)


@pytest.mark.slow
def test_fits_in_two_threads_give_what_they_give_alone(parabolas):
    X, y = parabolas

    def fit(seed):
        options = {"random_state": seed, "epochs": 2, "kernel_size": 3 + 2 * seed}
        return small_denoiser(**options).fit(X, y).transform(X)

    expected = [fit(seed) for seed in (0, 1)]
    for _ in range(2):
        with ThreadPoolExecutor(2) as pool:
            for result, alone in zip(pool.map(fit, (0, 1)), expected, strict=True):
                np.testing.assert_array_equal(result, alone)


def denoise_in_every_way(X, model_file, pickled):
    """Fit, load and unpickle denoisers; return what each makes of signals."""
    denoisers = (
        small_denoiser().fit(X, 0.9 * X),
        small_denoiser(noise=0.1, loss="mean_squared_error").fit(X),
        small_denoiser(supervision="blind_spot").fit(X),
        load(model_file),
        joblib.load(pickled),
    )
    return [denoiser.transform(X) for denoiser in denoisers]


def put(queue, *arguments):
    queue.put(denoise_in_every_way(*arguments))


@pytest.mark.slow
def test_another_process_gives_the_same_bits(model_file, wandering, tmp_path):
    joblib.dump(load(model_file), tmp_path / "model.joblib")
    arguments = wandering, model_file, tmp_path / "model.joblib"
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=put, args=(queue, *arguments))
    process.start()
    here, there = denoise_in_every_way(*arguments), queue.get(timeout=240)
    process.join(timeout=60)
    assert process.exitcode == 0
    np.testing.assert_array_equal(here, there)
    assert len({denoised.tobytes() for denoised in here[:3]}) == 3


# In a process of its own: the workers of pytest have threads that a fork does not like.
FORK = """
import multiprocessing, sys, warnings
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from joblib import Parallel, delayed
from conv_denoiser import ConvDenoiser
from conv_denoiser.export import OnnxDenoiser, to_onnx

warnings.simplefilter("ignore")  # of the fork itself, in Python 3.12
X = np.random.default_rng(0).normal(size=(40, 30)).cumsum(axis=1)
denoiser = ConvDenoiser(filters=(2,), epochs=1, validation_split=0).fit(X, X)
to_onnx(denoiser, sys.argv[1])
deployed = OnnxDenoiser(sys.argv[1], n_threads=int(sys.argv[2]))
expected = deployed.transform(X)


def work(results):
    results.put(np.array_equal(deployed.transform(X), expected))
    for call in (denoiser.transform, denoiser.partial_fit, ConvDenoiser(filters=(2,)).fit):
        try:
            call(X, *[X] * (call != denoiser.transform))
        except RuntimeError as error:
            results.put(str(error))


context = multiprocessing.get_context("fork")
results = context.Queue()
process = context.Process(target=work, args=(results,))
process.start()
for _ in range(4):
    print(results.get(timeout=60), flush=True)
process.join()

# Pools unpickle the denoiser in the forked process, and the error must come back from there.
parts = [X[:20], X[20:]]


def pool():
    with context.Pool(2) as workers:
        workers.map(denoiser.transform, parts)


def executor():
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        list(workers.map(denoiser.transform, parts))


def joblib():
    Parallel(n_jobs=2, backend="multiprocessing")(delayed(denoiser.transform)(X) for X in parts)


for work in (pool, executor, joblib):
    try:
        work()
    except RuntimeError as error:
        print(error, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
def test_fork_after_use(tmp_path):
    command = [sys.executable, "-c", FORK, str(tmp_path / "model.onnx"), "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    works, *errors = done.stdout.splitlines()
    assert works == "True", done.stderr
    assert len(errors) == 6, done.stderr
    assert all("before this process was forked" in error for error in errors)


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell the memory in use")
def test_restored_denoisers_are_let_go(parabolas):
    """Unpickled and used again and again, as by a server: memory is flat."""
    X, y = parabolas
    pickled = pickle.dumps(small_unet(filters=(4, 4)).fit(X, y))

    def megabytes():
        gc.collect()
        return int(STATUS.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6

    def use(times):
        for _ in range(times):
            pickle.loads(pickled).transform(X[:2])

    use(4)
    before = megabytes()
    use(12)
    assert megabytes() - before < 4


def test_unpickling_builds_nothing(parabolas):
    denoiser = small_denoiser().fit(*parabolas)
    fresh = pickle.loads(pickle.dumps(denoiser))
    assert fresh._network._model is None
    assert fresh.model_ is fresh.model_
