"""The costs of a search: memory of refits, two workers or one, the estimator or bare Keras.

Each stage runs in a process of its own.

    python benchmarks/model_selection.py         # all of it, about 15 minutes on two cores
    python benchmarks/model_selection.py --quick # a quick look, two minutes
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import PeakMemory, machine, resident_megabytes

Result = dict[str, Any]


def refits(quick: bool, n_jobs: int) -> Result:
    """Fit 30 times in one process, and follow its memory."""
    from conv_denoiser import ConvDenoiser, SignalGenerator

    X, y = SignalGenerator(random_state=0).sample(600, return_X_y=True)
    memory = []
    for _ in range(8 if quick else 30):
        ConvDenoiser(epochs=1, random_state=0).fit(X, y).transform(X)
        memory.append(resident_megabytes())
    after_third = memory[3:]
    return {
        "memory": memory,
        "growth": (memory[-1] - memory[2]) / len(after_third),
        "slope": np.polyfit(range(len(after_third)), after_third, 1)[0],
    }


def search(quick: bool, n_jobs: int) -> Result:
    """Search over 12 candidates and 3 folds."""
    from sklearn.model_selection import GridSearchCV

    from conv_denoiser import ConvDenoiser, SignalGenerator

    generator = SignalGenerator("sine", noise=0.3, random_state=0)
    X, y = generator.sample(300 if quick else 1500, return_X_y=True)
    denoiser = ConvDenoiser(
        loss="mean_squared_error", learning_rate=0.01, epochs=5, batch_size=50, random_state=0
    )
    grid = {"kernel_size": [3, 5, 9, 15], "filters": [(8,), (16, 8), (32, 16)]}
    searching = GridSearchCV(denoiser, grid, cv=3, n_jobs=n_jobs)
    with PeakMemory() as peak:
        start = time.perf_counter()
        searching.fit(X, y)
        seconds = time.perf_counter() - start
    results = {
        name: np.asarray(values).tolist()
        for name, values in searching.cv_results_.items()
        if "test_score" in name
    }
    return {
        "seconds": seconds,
        "peak memory": peak.megabytes,
        "cv_results_": results,
        "best": str(searching.best_params_),
        "gain": searching.best_score_,
    }


def overhead(quick: bool, n_jobs: int) -> Result:
    """Train the recipe's network with the estimator and with bare Keras, in turns."""
    import keras

    from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator

    noisy, clean = SignalGenerator(random_state=0).sample(
        2000 if quick else 12_000, return_X_y=True
    )
    X = MinMaxPerSample().fit_transform(noisy)
    y = MinMaxPerSample().fit_transform(clean)
    denoiser = ConvDenoiser(scaler=None, epochs=3, random_state=0)
    network = denoiser.fit(X[:300], y[:300]).model_

    def bare() -> None:
        model = keras.models.clone_model(network)
        model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
        model.fit(
            X[:, :, np.newaxis],
            y[:, :, np.newaxis],
            epochs=3,
            batch_size=150,
            validation_split=0.2,
            verbose=0,
        )

    times: dict[str, list[float]] = {"bare Keras": [], "estimator": []}
    for turn in range(2 if quick else 7):
        runs: list[tuple[str, Callable[[], Any]]]
        runs = [("bare Keras", bare), ("estimator", lambda: denoiser.fit(X, y))]
        for name, run in runs if turn % 2 else reversed(runs):
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


STAGES: dict[str, Callable[[bool, int], Result]] = {
    stage.__name__: stage for stage in (refits, search, overhead)
}


def run(stage: str, quick: bool, n_jobs: int = 1, **environment: str) -> Result:
    """Run a stage in a process of its own."""
    command = [sys.executable, __file__, "--stage", stage, "--n-jobs", str(n_jobs)]
    output = subprocess.check_output(
        [*command, *(["--quick"] if quick else [])],
        env={**os.environ, **environment},
        text=True,
    )
    result: Result = json.loads(output.splitlines()[-1])
    shown = {name: value for name, value in result.items() if name != "cv_results_"}
    print(stage, n_jobs, environment, shown, file=sys.stderr, flush=True)
    return result


def main() -> None:
    """Run all stages and print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--n-jobs", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        print(json.dumps(STAGES[options.stage](options.quick, options.n_jobs)))
        return
    quick = options.quick
    memory = run("refits", quick)
    times = run("overhead", quick)
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1"}
    searches = [
        [run("search", quick, n_jobs, **environment) for n_jobs in (1, 2)]
        for environment in ({}, one_thread)
    ]
    print(report(memory, times, searches))


def report(memory: Result, times: Result, searches: list[list[Result]]) -> str:
    """Format the results as Markdown tables."""
    mega = memory["memory"]
    keras_s, ours_s = (float(np.median(times[name])) for name in ("bare Keras", "estimator"))
    lines = [
        machine(),
        "",
        f"| {len(mega)} refits in one process | measured |",
        "|---|---|",
        f"| memory after the 1st, 3rd, last refit (MB) | {mega[0]:.0f}, {mega[2]:.0f}, "
        f"{mega[-1]:.0f} |",
        f"| largest (MB) | {max(mega):.0f} |",
        f"| growth a refit after the third (MB) | {memory['growth']:.2f} |",
        f"| the same by least squares (MB) | {memory['slope']:.2f} |",
        "",
        "| 12 candidates x 3 folds, and the refit | `n_jobs=1` | `n_jobs=2` | ratio |",
        "|---|---|---|---|",
    ]
    for label, (serial, parallel) in zip(
        ("TensorFlow's own number of threads", "`TF_NUM_INTRAOP_THREADS=1`"), searches, strict=True
    ):
        same = serial["cv_results_"] == parallel["cv_results_"]
        difference = max(
            np.abs(np.subtract(serial["cv_results_"][name], parallel["cv_results_"][name])).max()
            for name in serial["cv_results_"]
            if "rank" not in name
        )
        lines += [
            f"| {label}: seconds | {serial['seconds']:.1f} | {parallel['seconds']:.1f} "
            f"| {serial['seconds'] / parallel['seconds']:.2f} |",
            f"| peak memory of all processes (MB) | {serial['peak memory']:.0f} "
            f"| {parallel['peak memory']:.0f} | |",
            f"| scores, largest difference (dB) | | {difference:.2g} "
            f"| {'identical' if same else 'not identical'} |",
        ]
    lines += [
        "",
        f"| the recipe's network, 3 epochs, median of {len(times['estimator'])} | bare Keras "
        "| estimator | estimator / bare Keras |",
        "|---|---|---|---|",
        f"| build, compile, fit (s) | {keras_s:.2f} | {ours_s:.2f} | {ours_s / keras_s:.3f} |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
