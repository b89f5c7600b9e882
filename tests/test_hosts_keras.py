"""Keras and TensorFlow as others have set them: our networks do not depend on that."""

import os
import pickle
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import small_denoiser, small_unet

from conv_denoiser import DenoisingWarning, load, save
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.networks.tensorflow_process import warn_of_eager_functions


def settings():
    config = keras.config
    return config.dtype_policy().name, config.floatx(), config.image_data_format()


@pytest.fixture(params=["mixed_float16", "float64", "channels_first"])
def others(request):
    """Set Keras as another user of the process may have, and put all back."""
    policy, floatx, order = settings()
    if request.param == "channels_first":
        keras.config.set_image_data_format(request.param)
    elif request.param == "float64":
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
    else:
        keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_floatx(floatx)
    keras.config.set_image_data_format(order)
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="module")
def fitted(parabolas):
    X, y = parabolas
    return small_unet(filters=(4, 4), epochs=2).fit(X, y)


@pytest.mark.slow
def test_settings_do_not_reach_a_network(others, fitted, parabolas, tmp_path):
    X, y = parabolas
    before = settings()
    expected = fitted.transform(X)
    pickled, path = pickle.dumps(fitted), tmp_path / "model.safetensors"
    save(fitted, path)
    np.testing.assert_array_equal(load(path).transform(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickled).transform(X), expected)
    refitted = small_unet(filters=(4, 4), epochs=2).fit(X, y)
    np.testing.assert_array_equal(refitted.transform(X), expected)
    assert settings() == before


@pytest.mark.slow
def test_settings_do_not_reach_an_exported_graph(others, fitted, parabolas, tmp_path):
    X, _ = parabolas
    to_onnx(fitted, tmp_path / "model.onnx")
    denoised = OnnxDenoiser(tmp_path / "model.onnx").transform(X)
    np.testing.assert_allclose(denoised, fitted.transform(X), atol=1e-4)


@pytest.mark.slow
def test_settings_do_not_reach_the_universal_network(others):
    from conv_denoiser.model_files.container import read_model_file
    from conv_denoiser.pretrained.universal import WEIGHTS, on_tensorflow

    _, weights = read_model_file(WEIGHTS)
    channels = np.random.default_rng(0).normal(size=(1, 256, 6)).astype("float32")
    here = on_tensorflow(weights)(channels)
    assert here.dtype == np.float32
    assert here.shape == (1, 256, 2)


ANOTHER_BACKEND = """
import numpy as np
from conv_denoiser import ConvDenoiser

try:
    ConvDenoiser().fit(np.zeros((2, 9)))
except RuntimeError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["environment", "keras.json"])
def test_another_backend_is_named(how, tmp_path):
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    environment.pop("KERAS_BACKEND", None)
    if how == "environment":
        environment["KERAS_BACKEND"] = "torch"
    else:
        (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    command = [sys.executable, "-c", ANOTHER_BACKEND]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert "Keras is set to 'torch'. Set" in done.stdout, done.stderr


def test_another_backend_is_named_by_the_command(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(99.0))
    command = [sys.executable, "-m", "conv_denoiser", "fit", "x.npy", "--output", "m.safetensors"]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("conv-denoiser: error: ")
    assert "Keras is set to 'jax'. Set" in done.stderr
    assert done.stderr.count("\n") == 1


def test_eager_functions_are_told_once(parabolas):
    X, y = parabolas
    expected = small_denoiser().fit(X, y).transform(X)
    warn_of_eager_functions.cache_clear()
    tf.config.run_functions_eagerly(True)
    try:
        with pytest.warns(UserWarning, match="eagerly") as told:
            eager = small_denoiser().fit(X, y)
        with warnings.catch_warnings(action="error"):
            warnings.simplefilter("ignore", DenoisingWarning)
            denoised = eager.fit(X, y).transform(X)
    finally:
        tf.config.run_functions_eagerly(False)
    (message,) = [str(w.message) for w in told if w.category is UserWarning]
    assert "tf.config.run_functions_eagerly(False)" in message
    np.testing.assert_allclose(denoised, expected, atol=1e-5)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_scope_of_another_strategy(parabolas, method):
    with (
        tf.distribute.OneDeviceStrategy("CPU:0").scope(),
        pytest.raises(RuntimeError, match=r"OneDeviceStrategy\..*MirroredStrategy"),
    ):
        getattr(small_denoiser(), method)(*parabolas)


@pytest.mark.slow
def test_two_devices(parabolas):
    """Learn in the scope of a MirroredStrategy, as one device does."""
    noisy, clean = (array[:57] for array in parabolas)  # of which rests of one row are left
    options = {"validation_split": 8 / 57, "batch_size": 24}
    alone = small_denoiser(**options).fit(noisy, clean)
    code = """
import pickle, sys
import tensorflow as tf
from conftest import small_denoiser
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
noisy, clean, options = pickle.load(sys.stdin.buffer)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    denoiser = small_denoiser(**options).fit(noisy, clean)
pickle.dump((denoiser, denoiser.model_.distribute_strategy.num_replicas_in_sync), sys.stdout.buffer)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        input=pickle.dumps((noisy, clean, options)),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    denoiser, n_devices = pickle.loads(done.stdout)
    assert n_devices == 2
    assert denoiser.history_["loss"] == pytest.approx(alone.history_["loss"], rel=1e-3)
    assert denoiser.history_["val_loss"] == pytest.approx(alone.history_["val_loss"], rel=1e-5)
    np.testing.assert_allclose(denoiser.transform(noisy), alone.transform(noisy), atol=1e-5)


def test_graph_mode(fitted, parabolas):
    with tf.Graph().as_default():
        with pytest.raises(RuntimeError, match=r"builds a graph here.*outside of tf\.Graph"):
            small_denoiser().fit(*parabolas)
        with pytest.raises(RuntimeError, match="builds a graph here"):
            fitted.transform(parabolas[0])
