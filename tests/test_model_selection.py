"""Searches and cross-validation of scikit-learn, as users call them."""

import os
import re
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    ShuffleSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)

from conv_denoiser import MinMaxPerSample, SignalGenerator, StandardizePerSample
from conv_denoiser.metrics import rmse, snr_improvement_scorer

pytestmark = pytest.mark.slow

HALF = ShuffleSplit(1, test_size=0.5, random_state=0)  # one fit where two folds take two


@pytest.fixture(scope="module")
def sines():
    """Noisy and clean signals, (60, 64)."""
    generator = SignalGenerator("sine", noise=0.3, n_timesteps=64, random_state=0)
    return generator.sample(60, return_X_y=True)


def quick(**params):
    defaults = {"loss": "mean_squared_error", "learning_rate": 0.01, "validation_split": 0}
    return small_denoiser(**{**defaults, **params})


def test_grid_search_with_clean_signals(sines):
    X, y = sines
    grid = {"scaler": [MinMaxPerSample(), StandardizePerSample()]}
    search = GridSearchCV(quick(), grid, cv=HALF).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.transform(X).shape == X.shape
    assert search.score(X, y) == search.best_estimator_.score(X, y)


def test_grid_search_without_clean_signals(two_channels):
    X, _ = two_channels
    search = GridSearchCV(quick(), {"kernel_size": [3, 5]}, cv=HALF).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.transform(X).shape == X.shape
    assert search.score(X) == search.best_estimator_.score(X)


def test_search_without_clean_signals_picks_the_kernel_that_clean_ones_pick():
    generator = SignalGenerator("chirp", noise=0.5, n_timesteps=128, random_state=0)
    X, y = generator.sample(240, return_X_y=True)
    denoiser = quick(filters=(8, 8), epochs=10, optimizer="adam")
    # Too short to see a period, about right, and too long for so few signals.
    grid = {"kernel_size": [1, 9, 41]}
    search = GridSearchCV(denoiser, grid, cv=HALF, refit=False)
    best = [search.fit(X, target).best_params_ for target in (y, None)]
    assert best == [{"kernel_size": 9}, {"kernel_size": 9}]


def test_randomized_search(sines):
    search = RandomizedSearchCV(
        quick(), {"kernel_size": [3, 5, 7]}, n_iter=2, cv=HALF, random_state=0
    )
    assert search.fit(*sines).best_params_["kernel_size"] in (3, 5, 7)


def test_halving_over_signals(two_channels):
    halving = HalvingRandomSearchCV(
        quick(), {"kernel_size": [3, 5]}, cv=HALF, factor=2, min_resources=20, random_state=0
    )
    assert np.isfinite(halving.fit(*two_channels).best_score_)


def test_halving_over_epochs(sines):
    search = HalvingGridSearchCV(
        quick(),
        {"learning_rate": [1e-9, 0.01]},
        resource="epochs",
        min_resources=1,
        max_resources=4,
        factor=4,
        aggressive_elimination=True,
        cv=HALF,
    ).fit(*sines)
    assert search.best_params_ == {"learning_rate": 0.01, "epochs": 4}
    assert search.best_estimator_.n_epochs_ == 4


def test_scoring_strings(sines):
    scoring = [
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "neg_mean_absolute_error",
        "neg_median_absolute_error",
        "explained_variance",
        "r2",
    ]
    scores = cross_validate(quick(), *sines, scoring=scoring, cv=HALF)
    assert np.isfinite([scores[f"test_{name}"] for name in scoring]).all()


def test_scorers(two_channels):
    scoring = {
        "gain": snr_improvement_scorer,
        "rmse": make_scorer(rmse, greater_is_better=False, multioutput="uniform_average"),
    }
    search = GridSearchCV(quick(), {"epochs": [1]}, scoring=scoring, refit="gain", cv=HALF)
    results = search.fit(*two_channels).cv_results_
    alone = cross_val_score(quick(), *two_channels, cv=HALF)
    np.testing.assert_array_equal(results["mean_test_gain"], alone)
    assert (results["mean_test_rmse"] < 0).all()
    assert snr_improvement_scorer(search, *two_channels) == search.score(*two_channels)


def test_scoring_string_and_channels(two_channels):
    """Of several channels, scikit-learn's own metrics say what they cannot do."""
    with pytest.warns(UserWarning, match="Scoring failed(.|\n)*dim 3"):
        scores = cross_val_score(quick(), *two_channels, scoring="r2", cv=HALF)
    assert np.isnan(scores).all()


def test_cross_val_predict(two_channels):
    X, y = two_channels
    denoised = cross_val_predict(quick(), X, y, cv=2)
    assert denoised.shape == X.shape
    half = len(X) // 2
    np.testing.assert_array_equal(
        denoised[:half], quick().fit(X[half:], y[half:]).predict(X[:half])
    )


def test_curves(two_channels):
    sizes, *scores = learning_curve(quick(), *two_channels, train_sizes=[0.5, 1.0], cv=HALF)
    assert list(sizes) == [10, 20]
    assert np.shape(scores) == (2, 2, 1)
    assert np.isfinite(scores).all()
    scores = validation_curve(
        quick(), *two_channels, param_name="kernel_size", param_range=[3, 5], cv=HALF
    )
    assert np.isfinite(scores).all()


def test_learning_curve_by_partial_fit(sines):
    _, train, _ = learning_curve(
        quick(), *sines, train_sizes=[0.5, 1.0], cv=HALF, exploit_incremental_learning=True
    )
    assert np.isfinite(train).all()


def test_permutation_test(sines):
    score, permuted, p_value = permutation_test_score(
        quick(batch_size=2, epochs=3, optimizer="adam"),
        *sines,
        scoring="neg_mean_squared_error",
        cv=HALF,
        n_permutations=3,
        random_state=0,
    )
    assert score > permuted.max()
    assert p_value == 0.25


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ({"kernel_size": [3, 5000]}, "its longest kernel has 5000(.|\n)*smaller kernel_size"),
        (
            {"learning_rate": [1e-3, 1e30], "optimizer": ["sgd"], "max_norm": [None]},
            r"loss became (inf|nan)(.|\n)*smaller learning_rate \(now 1e\+30\)",
        ),
    ],
)
def test_candidate_that_fails(sines, grid, reason):
    search = GridSearchCV(quick(scaler=None, epochs=3), grid, cv=HALF, refit=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(*sines)
    (failed,) = [w for w in caught if issubclass(w.category, FitFailedWarning)]
    assert "1 fits failed out of a total of 2" in str(failed.message)
    assert re.search(reason, str(failed.message))
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores[0])
    assert np.isnan(scores[1])
    assert search.best_index_ == 0
    with pytest.raises(ValueError, match=reason):
        search.set_params(error_score="raise").fit(*sines)


def test_parallel_search_gives_what_a_serial_one_gives(sines):
    """Up to rounding, which training amplifies: fewer threads add up in another order."""
    search = GridSearchCV(quick(), {"kernel_size": [3, 5]}, cv=HALF, refit=False)
    serial = search.fit(*sines)
    parallel = clone(search).set_params(n_jobs=2).fit(*sines)
    for name in ("split0_test_score", "mean_test_score", "std_test_score"):
        np.testing.assert_allclose(serial.cv_results_[name], parallel.cv_results_[name], atol=0.05)
    assert serial.best_params_ == parallel.best_params_


SEARCH = """
import os
import keras
import numpy as np
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from conv_denoiser import ConvDenoiser, SignalGenerator

class MyCallback(keras.callbacks.Callback):  # of the script itself: no module can import it
    pass

def network(n_channels, filters, kernel_size):
    inputs = keras.Input((None, n_channels))
    return keras.Model(inputs, keras.layers.Conv1D(n_channels, kernel_size, padding="same")(inputs))

X, y = SignalGenerator(random_state=0).sample(40, return_X_y=True)
denoiser = ConvDenoiser(
    filters=(4,), epochs=2, batch_size=8, validation_split=0, random_state=0,
    callbacks=[MyCallback, MyCallback()],
)
options = {"cv": ShuffleSplit(1, test_size=0.5, random_state=0), "refit": False}
results = [  # TensorFlow runs before the workers start
    GridSearchCV(denoiser, {"architecture": [network]}, **options, n_jobs=n).fit(X, y).cv_results_
    for n in (1, 2)
]
for name in results[0]:
    if "time" not in name:
        assert str(results[0][name]) == str(results[1][name]), name
        if "score" in name:
            np.testing.assert_array_equal(results[0][name], results[1][name])
print("identical")
"""


def python(*command, **options):
    """Run Python in a process of its own; return what it printed and its errors."""
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=300, **options
    )
    return done.stdout, done.stderr


def test_parallel_search_in_a_fresh_process(tmp_path):
    path = tmp_path / "search.py"
    path.write_text(SEARCH)
    printed, errors = python(path, env={**os.environ, "TF_NUM_INTRAOP_THREADS": "1"})
    assert printed == "identical\n", errors


INTERACTIVE = """
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from conv_denoiser import ConvDenoiser, SignalGenerator

def network(n_channels, filters, kernel_size):
    import keras
    inputs = keras.Input((None, n_channels))
    return keras.Model(inputs, keras.layers.Conv1D(n_channels, kernel_size, padding="same")(inputs))

X, y = SignalGenerator(random_state=0).sample(40, return_X_y=True)
denoiser = ConvDenoiser(network, epochs=1, validation_split=0)
search = GridSearchCV(denoiser, {"optimizer": ["sgd"]}, cv=ShuffleSplit(1), refit=False, n_jobs=2)
print(search.set_params(error_score="raise").fit(X, y).best_params_)
"""


def test_parallel_search_in_an_interactive_session():
    """As in a notebook, `__main__` has no file that workers could import."""
    printed, errors = python("-", input=INTERACTIVE)
    assert printed == "{'optimizer': 'sgd'}\n", errors


THREADS = textwrap.dedent(
    """
    import os
    from joblib import Parallel, cpu_count, delayed

    def threads():
        import tensorflow as tf
        threading = tf.config.threading
        return (
            threading.get_intra_op_parallelism_threads(),
            threading.get_inter_op_parallelism_threads(),
        )

    def threads_of_a_worker():
        from conv_denoiser import ConvDenoiser
        ConvDenoiser.from_pretrained().model_
        return threads()

    def threads_here(**variables):
        import tensorflow as tf
        from conv_denoiser.networks.tensorflow_process import limit_threads
        os.environ.update(variables)
        limit_threads.__wrapped__()  # TensorFlow is not started by that
        set_here = threads()
        tf.config.threading.set_intra_op_parallelism_threads(0)
        tf.config.threading.set_inter_op_parallelism_threads(0)
        return set_here

    (got,) = Parallel(n_jobs=2)([delayed(threads_of_a_worker)()])
    share = max(cpu_count() // 2, 1)
    assert got == (share, share), got
    assert threads_here() == (0, 0)
    assert threads_here(OMP_NUM_THREADS="3") == (3, 3)
    assert threads_here(TF_NUM_INTRAOP_THREADS="7") == (0, 3)  # TensorFlow reads it
    print("fair")
    """
)


def test_workers_share_the_cores():
    unset = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    clean = {name: value for name, value in os.environ.items() if name not in unset}
    printed, errors = python("-c", THREADS, env=clean)
    assert printed == "fair\n", errors


SILENT_SEARCH = """
import warnings
from sklearn.model_selection import GridSearchCV
from conv_denoiser import ConvDenoiser, DenoisingWarning, SignalGenerator
X, y = SignalGenerator(random_state=0).sample(20, return_X_y=True)
warnings.simplefilter("ignore", DenoisingWarning)  # of fits that are this short
denoiser = ConvDenoiser(filters=(2,), epochs=1, validation_split=0, optimizer="sgd")
GridSearchCV(denoiser, {"kernel_size": [3, 5, 7]}, cv=2, refit=False).fit(X, y)
"""


def test_search_is_silent():
    """TensorFlow warns of what is traced again and again; but only twice a process."""
    printed, errors = python("-c", SILENT_SEARCH + 'print("done")')
    assert printed == "done\n", errors
    assert "retracing" not in errors
    assert "Warning" not in errors
