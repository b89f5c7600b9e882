import gc
import os

os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:  # as many as there are cores, which others would fight for
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import pytest

from conv_denoiser import ConvDenoiser, SignalGenerator, metrics, save

collect_ignore = ["data"]  # looking for doctests in its script would write the files anew


METRICS = [
    metrics.snr_db,
    metrics.rmse,
    metrics.relative_rmse,
    metrics.prd,
    metrics.spectral_relative_rmse,
    metrics.correlation,
]


def small_denoiser(**params):
    """Return a denoiser that fits in half a second, and learns little by that."""
    defaults = {"filters": (4,), "epochs": 1, "batch_size": 16, "random_state": 0}
    # Validation would double the time, and so would Adam, whose state has to be asked for.
    defaults |= {"validation_split": 0, "optimizer": "sgd"}
    return ConvDenoiser(**{**defaults, **params})


def small_unet(**params):
    """Return a U-Net that fits in a second."""
    defaults = {"filters": (8, 16), "kernel_size": 5, "learning_rate": 0.003, "batch_size": 16}
    return small_denoiser(architecture="unet", **{**defaults, **params})


def quick_one_first(names):
    """Return parameters of a fixture of which all but the first are slow."""
    first, *others = names
    return [first, *(pytest.param(name, marks=pytest.mark.slow) for name in others)]


def own_network(n_channels, filters, kernel_size):
    """Build a network of one layer."""
    import keras

    inputs = keras.Input((None, n_channels))
    return keras.Model(inputs, keras.layers.Conv1D(n_channels, kernel_size, padding="same")(inputs))


def forge(path, change):
    """Change what a file says, and its checksum."""
    from conv_denoiser.model_files.container import read_model_file, write_model_file

    content, arrays = read_model_file(path)
    change(content)
    write_model_file(path, content, arrays)


def pytest_collection_finish(session):
    """Leave all modules out of the collections of garbage that every fourth network asks for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def parabolas():
    """Noisy and clean signals of the recipe, (60, 150)."""
    return SignalGenerator(random_state=0).sample(60, return_X_y=True)


@pytest.fixture(scope="session")
def two_channels():
    """Noisy and clean signals of shape (40, 64, 2)."""
    generators = [SignalGenerator("sine", n_timesteps=64, random_state=seed) for seed in (0, 1)]
    pairs = [generator.sample(40, return_X_y=True) for generator in generators]
    noisy, clean = (np.stack(arrays, axis=-1) for arrays in zip(*pairs, strict=True))
    return noisy, clean


@pytest.fixture(scope="session")
def wandering():
    """Noisy signals that wander, (40, 51)."""
    return np.random.default_rng(0).normal(size=(40, 51)).cumsum(axis=1)


@pytest.fixture(scope="session")
def model_file(wandering, tmp_path_factory):
    """File of a small denoiser."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save(small_denoiser().fit(wandering, wandering), path, sampling_rate=360, units="mV")
    return path


@pytest.fixture(scope="session")
def onnx_file(tmp_path_factory):
    """File of a small denoiser of sine waves of 64 timesteps."""
    from conv_denoiser.export import to_onnx

    X, y = SignalGenerator("sine", n_timesteps=64, random_state=0).sample(40, return_X_y=True)
    path = tmp_path_factory.mktemp("model") / "sine.onnx"
    to_onnx(small_denoiser().fit(X, y), path, sampling_rate=360)
    return path


@pytest.fixture(scope="session")
def ecg():
    """Recording of 500 samples."""
    return SignalGenerator("ecg", n_timesteps=500, random_state=0).sample(1).noisy[0].astype(float)


@pytest.fixture(scope="session")
def cluster():
    """Cluster of two processes of one thread."""
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
