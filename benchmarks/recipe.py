"""The recipe as plain scripts and with the library, one after the other.

Each stage runs in a process of its own, which reports its seconds and its peak memory. Training,
which takes nearly all the time, runs twice on each side (once with ``--train-runs 1``), in the
order library, plain, plain, library, so that a machine whose speed drifts favours neither.

The plain stages do what the article describes: Python loops over signals and points, lists that
become arrays, whole arrays in memory, Keras called by hand.

    python benchmarks/recipe.py                  # all of it, 10 to 20 minutes on two cores
    python benchmarks/recipe.py --n-signals 5000 # a quick look
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from common import machine, resident_megabytes

EXAMPLES = Path(__file__).parents[1] / "examples"
Result = dict[str, float]


@contextmanager
def timed(result: Result, name: str) -> Iterator[None]:
    """Add the seconds of a block to `result`: by the clock, and of all cores together."""
    start, cores = time.perf_counter(), time.process_time()
    yield
    result[name] = time.perf_counter() - start
    result[f"{name}, cores"] = time.process_time() - cores


def pooled_snr_db(clean: np.ndarray, estimate: np.ndarray) -> float:
    """Signal-to-noise ratio of all points together, in scaled units, as in the article."""
    clean, estimate = clean.astype(np.float64), estimate.astype(np.float64)
    return 10 * np.log10(np.mean(clean**2) / np.mean((clean - estimate) ** 2))


def entropy(targets: np.ndarray) -> float:
    """Mean entropy of soft targets, the floor of cross-entropy."""
    from scipy.special import entr

    targets = targets.astype(np.float64)
    return float(np.mean(entr(targets) + entr(1 - targets)))


def plain_make_clean(folder: Path, n_signals: int, seed: int) -> Result:
    """Build clean signals point by point."""
    result: Result = {}
    with timed(result, "make clean signals"):
        signals = []
        for _ in range(n_signals):
            xs = []
            ys = []
            for i in range(150):
                x = (i - 50) / 100
                xs.append(x)
                ys.append(x**2)
            signals.append((xs, ys))
        np.save(folder / "plain_clean.npy", np.array(signals))
    return result


def plain_make_noisy(folder: Path, n_signals: int, seed: int) -> Result:
    """Add noise signal by signal."""
    result: Result = {}
    with timed(result, "make noisy signals"):
        noisy = []
        for _, signal in np.load(folder / "plain_clean.npy"):
            noisy.append(signal + np.random.normal(0, 1, signal.shape) * 0.05)
        np.save(folder / "plain_noisy.npy", np.array(noisy))
    return result


def plain_train(folder: Path, n_signals: int, seed: int) -> Result:
    """Load, scale in a loop, train with Keras, predict."""
    import keras

    keras.utils.set_random_seed(seed)
    result: Result = {}
    with timed(result, "load and scale"):
        noisy = np.load(folder / "plain_noisy.npy")
        clean = np.load(folder / "plain_clean.npy")[:, 1]
        scaled_noisy = []
        scaled_clean = []
        for i in range(n_signals):
            x, y = noisy[i], clean[i]
            scaled_noisy.append((x - np.min(x)) / (np.max(x) - np.min(x)))
            scaled_clean.append((y - np.min(y)) / (np.max(y) - np.min(y)))
        X = np.array(scaled_noisy).reshape(n_signals, 150, 1)
        y = np.array(scaled_clean).reshape(n_signals, 150, 1)
        n_train = int(0.7 * n_signals)
    with timed(result, "train 5 epochs"):
        norm = keras.constraints.max_norm(2.0)
        hidden = {
            "kernel_size": 3,
            "kernel_constraint": norm,
            "activation": "relu",
            "kernel_initializer": "he_uniform",
        }
        model = keras.Sequential(
            [
                keras.Input((150, 1)),
                keras.layers.Conv1D(128, **hidden),
                keras.layers.Conv1D(32, **hidden),
                keras.layers.Conv1DTranspose(32, **hidden),
                keras.layers.Conv1DTranspose(128, **hidden),
                keras.layers.Conv1D(
                    1, 3, kernel_constraint=norm, activation="sigmoid", padding="same"
                ),
            ]
        )
        model.compile(optimizer="adam", loss="binary_crossentropy")
        history = model.fit(
            X[:n_train], y[:n_train], epochs=5, batch_size=150, validation_split=0.2, verbose=0
        )
    with timed(result, "predict the test signals"):
        denoised = model.predict(X[n_train:], verbose=0)
    return {
        **result,
        "validation loss": history.history["val_loss"][-1],
        "excess over the floor": history.history["val_loss"][-1] - entropy(y[:1]),
        "SNR in (dB)": pooled_snr_db(y[n_train:], X[n_train:]),
        "SNR out (dB)": pooled_snr_db(y[n_train:], denoised),
    }


def library_make(folder: Path, n_signals: int, seed: int) -> Result:
    """Make clean and noisy signals with the library."""
    from conv_denoiser import SignalGenerator

    result: Result = {}
    with timed(result, "make clean and noisy signals"):
        SignalGenerator(random_state=seed).save(folder / "library", n_signals, progress=False)
    return result


def library_train(folder: Path, n_signals: int, seed: int) -> Result:
    """Load, scale, train and predict with the library, keeping the best of the five epochs."""
    import keras  # noqa: F401  (its import is not timed for the plain script either)

    from conv_denoiser import ConvDenoiser, MinMaxPerSample, load_dataset

    result: Result = {}
    n_train = int(0.7 * n_signals)
    with timed(result, "load and scale"):
        dataset = load_dataset(folder / "library")
        X = MinMaxPerSample().fit_transform(dataset.noisy)
        y = MinMaxPerSample().fit_transform(dataset.clean)
    with timed(result, "train 5 epochs"):
        denoiser = ConvDenoiser(scaler=None, early_stopping=True, random_state=seed)
        denoiser.fit(X[:n_train], y[:n_train])
    with timed(result, "predict the test signals"):
        denoised = denoiser.transform(X[n_train:])
    assert denoiser.model_.count_params() == 28_737
    return {
        **result,
        "validation loss": min(denoiser.history_["val_loss"]),
        "excess over the floor": min(denoiser.history_["val_loss"]) - denoiser.loss_floor_,
        "SNR in (dB)": pooled_snr_db(y[n_train:], X[n_train:]),
        "SNR out (dB)": pooled_snr_db(y[n_train:], denoised),
    }


def inference(folder: Path, n_signals: int, seed: int) -> Result:
    """Time `transform` beside `model.predict`, on one window and on 30,000."""
    from conv_denoiser import ConvDenoiser, SignalGenerator

    X, y = SignalGenerator(random_state=0).sample(30_000, return_X_y=True)
    denoiser = ConvDenoiser(random_state=0, epochs=1).fit(X[:300], y[:300])
    model = denoiser.model_
    window = X[:1]
    cube = X[:, :, np.newaxis]

    one = {"transform": [], "predict": []}  # type: dict[str, list[float]]
    for i in range(330):
        one["transform"].append(_seconds(lambda: denoiser.transform(window)))
        if i % 10 == 0:
            one["predict"].append(_seconds(lambda: model.predict(cube[:1], verbose=0)))
    before = resident_megabytes()
    for _ in range(1_000):
        denoiser.transform(window)
    growth = resident_megabytes() - before

    batch_sizes = (32, 64, 128, 256, 512, 1024, 2048)
    many: dict[str, list[float]] = {f"predict {size}": [] for size in batch_sizes}
    many["transform"] = []
    for _ in range(3):
        many["transform"].append(_seconds(lambda: denoiser.transform(X)))
        for size in batch_sizes:
            seconds = _seconds(lambda size=size: model.predict(cube, batch_size=size, verbose=0))
            many[f"predict {size}"].append(seconds)
    medians = {name: float(np.median(values)) for name, values in many.items()}
    transform_many = medians.pop("transform")
    best = min(medians, key=lambda name: medians[name])
    one_ms = {name: 1e3 * float(np.median(values[3:])) for name, values in one.items()}
    return {
        "one window, transform (ms, median of 327)": one_ms["transform"],
        "one window, model.predict (ms, median of 30)": one_ms["predict"],
        "one window, model.predict / transform": one_ms["predict"] / one_ms["transform"],
        "1,000 windows one by one, memory growth (MB)": growth,
        "30,000 windows, transform (s, median of 3)": transform_many,
        f"30,000 windows, model.{best} is its best batch size (s)": medians[best],
        "30,000 windows, model.predict / transform": medians[best] / transform_many,
    }


def imports(folder: Path, n_signals: int, seed: int) -> Result:
    """Time the import of the library after that of sklearn.pipeline."""
    code = (
        "import time; import sklearn.pipeline; t = time.perf_counter(); import conv_denoiser; "
        "print(time.perf_counter() - t)"
    )
    runs = [
        float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(6)
    ]
    return {
        "import conv_denoiser after sklearn.pipeline (s, median of 5)": float(np.median(runs[1:]))
    }


def ecg(folder: Path, n_signals: int, seed: int) -> Result:
    """Run the ECG example and read what it prints."""
    command = [sys.executable, str(EXAMPLES / "run.py"), "plot_ecg"]
    lines = subprocess.check_output(command, text=True).splitlines()
    pairs = (line.rsplit(":", 1) for line in lines if line.endswith(" dB"))
    return {
        f"real ECG, {name.strip()} (dB)": float(value.removesuffix(" dB")) for name, value in pairs
    }


STAGES: dict[str, Callable[[Path, int, int], Result]] = {
    stage.__name__: stage
    for stage in (
        plain_make_clean,
        plain_make_noisy,
        library_make,
        library_train,
        plain_train,
        inference,
        imports,
        ecg,
    )
}


def main() -> None:
    """Run all stages and print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-signals", type=int, default=100_000)
    parser.add_argument("--train-runs", type=int, choices=(1, 2), default=2)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        result = STAGES[options.stage](options.folder, options.n_signals, options.seed)
        result["peak memory (MB)"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    runs = [("plain_make_clean", 0), ("plain_make_noisy", 0)]
    runs += [("library_make", seed) for seed in range(3)]
    runs += [("library_train", 0), ("plain_train", 0)]
    if options.train_runs == 2:
        runs += [("plain_train", 1), ("library_train", 1)]
    runs += [("inference", 0), ("imports", 0), ("ecg", 0)]
    results: dict[str, list[Result]] = {stage: [] for stage in STAGES}
    with tempfile.TemporaryDirectory() as folder:
        for stage, seed in runs:
            command = [sys.executable, __file__, "--stage", stage, "--folder", folder]
            command += ["--n-signals", str(options.n_signals), "--seed", str(seed)]
            output = subprocess.check_output(command, text=True)
            results[stage].append(json.loads(output.splitlines()[-1]))
            print(stage, results[stage][-1], file=sys.stderr, flush=True)
    print(report(results, options.n_signals))


def report(results: dict[str, list[Result]], n_signals: int) -> str:
    """Format the results as Markdown tables."""
    plain = _merged(results, "plain_make_clean", "plain_make_noisy", "plain_train")
    library = _merged(results, "library_make", "library_train")
    for suffix in ("", ", cores"):
        plain[f"make clean and noisy signals{suffix}"] = [
            plain[f"make clean signals{suffix}"][0] + plain[f"make noisy signals{suffix}"][0]
        ]
    steps = [
        "make clean and noisy signals",
        "load and scale",
        "train 5 epochs",
        "predict the test signals",
    ]
    for side in (plain, library):
        for suffix in ("", ", cores"):
            side[f"total{suffix}"] = [sum(np.mean(side[f"{step}{suffix}"]) for step in steps)]
    rows = [(f"{step} (s)", step, ".2f") for step in [*steps, "total"]]
    rows += [("total of all cores together (s)", "total, cores", ".2f")]
    rows += [("peak memory (MB)", "peak memory (MB)", ".0f")]
    quality = ["validation loss", "excess over the floor", "SNR in (dB)", "SNR out (dB)"]
    rows += [(f"{name}, each run", name, ".2f" if "dB" in name else ".4f") for name in quality]
    lines = [
        machine(),
        "",
        f"| {n_signals:,} signals | plain scripts | library | plain / library |",
        "|---|---|---|---|",
    ]
    for label, name, form in rows:
        if name in quality:
            cells = [
                ", ".join(f"{value:{form}}" for value in side[name]) for side in (plain, library)
            ]
            lines.append(f"| {label} | {cells[0]} | {cells[1]} | |")
        else:
            left, right = np.mean(plain[name]), np.mean(library[name])
            lines.append(f"| {label} | {left:{form}} | {right:{form}} | {left / right:.2f} |")
    lines += ["", "| library alone | measured |", "|---|---|"]
    for stage in ("inference", "imports", "ecg"):
        for name, value in results[stage][0].items():
            if name != "peak memory (MB)":
                lines.append(f"| {name} | {value:.3g} |")
    return "\n".join(lines)


def _merged(results: dict[str, list[Result]], *stages: str) -> dict[str, list[float]]:
    """Return the values of all runs of some stages by name, and the largest peak memory."""
    merged: dict[str, list[float]] = {}
    for run in [run for stage in stages for run in results[stage]]:
        for name, value in run.items():
            merged.setdefault(name, []).append(value)
    merged["peak memory (MB)"] = [max(merged["peak memory (MB)"])]
    return merged


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
