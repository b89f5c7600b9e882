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


def assert_same_bits(lazy, array):
    """Assert that a lazy array of Dask's has the type, the shape and the bits of an array."""
    computed = lazy.compute()
    assert (lazy.dtype, lazy.shape) == (array.dtype, array.shape)
    assert computed.dtype == array.dtype
    assert computed.tobytes() == array.tobytes()


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
def learned(parabolas):
    """Denoiser of 150 timesteps, which no test may change."""
    return small_denoiser().fit(*parabolas)


@pytest.fixture
def recording():
    """Recording of 1,003 samples, (1003,)."""
    return np.random.default_rng(0).normal(size=1003).cumsum()


@pytest.fixture
def in_this_thread():
    """Let Dask compute in this thread, unless a cluster does."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        yield


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


@pytest.fixture
def stored(in_a_folder):
    """Recording of 10 chunks in the store "in.zarr" of the working folder."""
    import zarr

    array = np.random.default_rng(0).normal(size=(1003, 2)).cumsum(axis=0)
    zarr.create_array("in.zarr", data=array, chunks=(101, 1), attributes={"rate": 360})
    return array


@pytest.fixture
def gappy(in_a_folder):
    """Recording of 8 chunks in the store "gappy.zarr", whose channels have samples here and there.

    The first one has none.
    """
    import zarr

    known = np.zeros((5, 80_000), bool)
    for channel, places in enumerate([[], [0], [79_000], [0, 79_500], [0, 40_000, 79_000]]):
        for place in places:
            known[channel, place : place + (1000 if place != 40_000 else 1)] = True
    noise = np.random.default_rng(0).normal(size=known.shape)
    array = np.where(known, noise + 5, np.nan).T
    zarr.create_array("gappy.zarr", data=array, chunks=(10_000, 2))
    return array


@pytest.fixture
def expected(stored):
    """What the store "in.zarr" comes to."""
    from store_helpers import SMOOTHER, WINDOW

    from conv_denoiser import denoise_recording

    return denoise_recording(SMOOTHER, stored, channelwise=True, **WINDOW)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
