import pickle
import random

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator, StandardizePerSample
from conv_denoiser.metrics import snr_improvement_db


@pytest.fixture(scope="module")
def fitted(parabolas):
    return small_denoiser(validation_split=0.2).fit(*parabolas)


@pytest.fixture(scope="module")
def trained():
    """A denoiser that learned enough to remove noise, and test signals."""
    generator = SignalGenerator("sine", noise=0.3, n_timesteps=64, random_state=0)
    X, y = generator.sample(700, return_X_y=True)
    denoiser = small_denoiser(
        filters=(16,),
        kernel_size=7,
        max_norm=None,
        loss="mean_squared_error",
        epochs=15,
        optimizer="adam",
    )
    return denoiser.fit(X[:600], y[:600]), X[600:], y[600:]


def test_default_network_is_the_recipes():
    X, y = SignalGenerator(random_state=0).sample(5, return_X_y=True)
    model = ConvDenoiser(epochs=1).fit(X, y).model_
    layers = model.layers[1:]
    assert model.count_params() == 28_737
    assert [layer.count_params() for layer in layers] == [512, 12_320, 3_104, 12_416, 385]
    assert [type(layer).__name__ for layer in layers] == [
        "Conv1D",
        "Conv1D",
        "Conv1DTranspose",
        "Conv1DTranspose",
        "Conv1D",
    ]
    lengths, shape = [], (1, 150, 1)
    for layer in layers:
        shape = layer.compute_output_shape(shape)
        lengths.append(shape[1])
    assert lengths == [148, 146, 148, 150, 150]
    configs = [layer.get_config() for layer in layers]
    assert [config["activation"] for config in configs] == ["relu"] * 4 + ["sigmoid"]
    assert [config["padding"] for config in configs] == ["valid"] * 4 + ["same"]
    assert {config["kernel_size"] for config in configs} == {(3,)}
    for config in configs:
        assert config["kernel_constraint"]["config"]["max_value"] == 2.0
    for config in configs[:-1]:
        assert config["kernel_initializer"]["class_name"] == "HeUniform"
    assert type(model.optimizer).__name__ == "Adam"
    assert model.loss.__name__ == "binary_crossentropy"


def test_noise_is_removed(trained):
    denoiser, X, y = trained
    gain = denoiser.score(X, y)
    assert gain > 4
    assert gain == pytest.approx(snr_improvement_db(y, denoiser.transform(X), X))


def test_history(fitted):
    assert fitted.supervision_ == "paired"
    assert set(fitted.history_) == {"loss", "val_loss"}
    assert fitted.n_epochs_ == fitted.best_epoch_ == 1
    assert fitted.history_["val_loss"][0] > fitted.loss_floor_ > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("scaler", ["auto", StandardizePerSample()], ids=["min-max", "standard"])
def test_units_are_kept(parabolas, scaler):
    X, y = (1000 * array.astype(np.float64) + 5000 for array in parabolas)
    denoiser = small_denoiser(scaler=scaler, loss="mean_squared_error", learning_rate=0.01)
    denoiser.set_params(optimizer="adam")
    denoised = denoiser.set_params(epochs=10).fit(X, y).transform(X)
    assert np.abs(denoised.mean() - y.mean()) < 100
    shifted = denoiser.transform(X * 2 - 7)
    np.testing.assert_allclose(shifted, denoised * 2 - 7, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"noise": 0.1}, {"supervision": "blind_spot"}])
@pytest.mark.parametrize("scaler", [MinMaxPerSample(), StandardizePerSample(), None])
def test_supervisions_and_scalers_on_two_channels(two_channels, params, scaler):
    X, y = two_channels
    denoiser = small_denoiser(scaler=scaler, loss="mean_squared_error", **params)
    target = y if not params else None
    denoised = denoiser.fit(X, target).transform(X)
    assert denoised.shape == X.shape
    assert denoised.dtype == X.dtype
    assert np.isfinite(denoised).all()
    assert denoiser.n_channels_in_ == 2


@pytest.mark.slow
def test_what_auto_supervision_picks(parabolas):
    X, y = parabolas
    labels = np.arange(len(X))
    assert small_denoiser().fit(X, labels).supervision_ == "blind_spot"
    assert small_denoiser(noise=0.1).fit(y, labels).supervision_ == "synthetic"
    assert small_denoiser(noise=0.1).fit(X, y).supervision_ == "paired"
    assert small_denoiser(supervision="blind_spot").fit(X, y).supervision_ == "blind_spot"


@pytest.mark.slow
@pytest.mark.parametrize("supervision", ["paired", "synthetic", "blind_spot"])
def test_every_supervision_removes_noise(supervision):
    generator = SignalGenerator("sine", noise=0.3, n_timesteps=64, random_state=0)
    X, y = generator.sample(500, return_X_y=True)
    denoiser = small_denoiser(
        filters=(16,),
        kernel_size=7,
        loss="mean_squared_error",
        scaler=StandardizePerSample(),
        supervision=supervision,
        noise=0.3 if supervision == "synthetic" else None,
        epochs=15,
        optimizer="adam",
    )
    denoiser.fit(y if supervision == "synthetic" else X, y)
    X_new, y_new = generator.sample(100, return_X_y=True)
    assert denoiser.score(X_new, y_new) > (1.5 if supervision == "blind_spot" else 3)
    assert -1 < denoiser.score(X_new) < 0


def test_score_without_clean_signals_ranks_like_with(trained):
    denoiser, X, y = trained
    untrained = clone(denoiser).set_params(epochs=1, learning_rate=1e-6).fit(X, y)
    assert denoiser.score(X) > untrained.score(X)
    assert denoiser.score(X, y) > untrained.score(X, y)
    assert denoiser.score(X, np.zeros(len(X))) == denoiser.score(X)


@pytest.mark.slow
def test_same_seed_same_bits_in_one_process(parabolas):
    first, second = (small_denoiser(epochs=2).fit(*parabolas) for _ in range(2))
    for a, b in zip(first.model_.get_weights(), second.model_.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
    assert first.history_ == second.history_
    assert first.transform(parabolas[0]).tobytes() == second.transform(parabolas[0]).tobytes()
    other = small_denoiser(epochs=2, random_state=1).fit(*parabolas)
    assert first.history_ != other.history_


def test_random_states_and_determinism_are_as_before(parabolas):
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.config import is_op_determinism_enabled

    def draw():
        return (random.random(), np.random.rand(), float(tf.random.uniform(()))), float(
            keras.random.uniform(())
        )

    keras.utils.set_random_seed(1)
    draw()
    expected = draw()
    keras.utils.set_random_seed(1)
    draw()
    small_denoiser().fit(*parabolas).transform(parabolas[0])
    assert draw() == expected
    assert not is_op_determinism_enabled()


@pytest.mark.slow
@pytest.mark.parametrize("supervision", ["paired", "synthetic", "blind_spot"])
def test_read_only_inputs_are_enough(parabolas, supervision):
    X, y = (array.copy() for array in parabolas)
    X.flags.writeable = y.flags.writeable = False
    small_denoiser(noise=0.1, supervision=supervision).fit(X, y).transform(X)


def test_memory_mapped_signals(parabolas, fitted, tmp_path):
    for name, array in zip("Xy", parabolas, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    X, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "Xy")
    np.testing.assert_array_equal(
        small_denoiser(validation_split=0.2).fit(X, y).transform(X), fitted.transform(parabolas[0])
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_timesteps", "paired"),
    # A blind spot needs a neighbour.
    [(1, True), (2, True), (2, False), (3, True), (4, False), (5, True), (6, False)],
)
def test_very_short_signals(n_timesteps, paired):
    X = np.random.default_rng(0).normal(size=(10, n_timesteps))
    denoiser = small_denoiser(filters=(4, 2)).fit(X, X if paired else None)
    assert denoiser.transform(X).shape == X.shape
    assert np.isfinite(denoiser.transform(X)).all()
    assert np.isfinite(denoiser.history_["loss"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("amplitude", [0, 1e-30, 1e30])
def test_flat_tiny_and_huge_signals(parabolas, dtype, amplitude):
    X, y = ((array * amplitude).astype(dtype) for array in parabolas)
    X[0] = y[0] = amplitude
    denoiser = small_denoiser().fit(X, y)
    denoised = denoiser.transform(X)
    assert np.isfinite(denoised).all()
    assert denoised.dtype == dtype
    np.testing.assert_array_equal(denoised[0], X[0])
    assert np.isfinite(denoiser.score(X, y))


def test_single_signals_equal_a_batch(fitted, parabolas):
    X = parabolas[0]
    together = fitted.transform(X)
    alone = np.concatenate([fitted.transform(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    np.testing.assert_array_equal(alone[:20], fitted.transform(X[:20]))
    np.testing.assert_array_equal(fitted.predict(X), together)
    many = np.tile(X, (20, 1))
    np.testing.assert_allclose(fitted.transform(many), np.tile(together, (20, 1)), atol=1e-6)


def test_new_numbers_of_signals_do_not_retrace(parabolas):
    import keras

    traces = []

    class Traced(keras.layers.Layer):
        def call(self, x):
            traces.append(x.shape)
            return x

    def network(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        return keras.Model(inputs, keras.layers.Conv1D(1, 3, padding="same")(Traced()(inputs)))

    denoiser = small_denoiser(architecture=network).fit(*parabolas)
    denoiser.transform(parabolas[0])
    before = len(traces)
    for n in (1, 2, 33, 60):
        denoiser.transform(parabolas[0][:n])
    assert len(traces) == before


def test_one_channel_in_either_layout(fitted, parabolas):
    X, y = parabolas
    cube = fitted.transform(X[:, :, np.newaxis])
    np.testing.assert_array_equal(cube[:, :, 0], fitted.transform(X))
    assert small_denoiser().fit(X[:, :, np.newaxis], y[:, :, np.newaxis]).n_channels_in_ == 1


def test_callable_architecture(parabolas):
    import keras

    def network(n_channels, filters, kernel_size):
        assert (n_channels, filters, kernel_size) == (1, (3,), 3)
        inputs = keras.Input((None, n_channels))
        return keras.Model(inputs, keras.layers.Conv1D(1, kernel_size, padding="same")(inputs))

    denoiser = small_denoiser(architecture=network, filters=(3,)).fit(*parabolas)
    assert denoiser.model_.count_params() == 4
    assert isinstance(denoiser.scaler_, StandardizePerSample)
    assert denoiser.loss_floor_ is None


def test_strided_architecture_is_padded(parabolas):
    import keras

    def network(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        x = keras.layers.Conv1D(4, 4, strides=4, padding="same")(inputs)
        return keras.Model(inputs, keras.layers.Conv1DTranspose(1, 4, strides=4)(x))

    X, y = parabolas
    assert small_denoiser(architecture=network).fit(X, y).transform(X).shape == (60, 150)


def test_noise_of_zero_is_a_noise_model(parabolas):
    assert small_denoiser(noise=0.0).fit(parabolas[1]).supervision_ == "synthetic"


def test_callable_architecture_with_cross_entropy(parabolas):
    import keras

    def network(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        outputs = keras.layers.Conv1D(1, 3, padding="same", activation="sigmoid")(inputs)
        model = keras.Model(inputs, outputs)
        model.compile("sgd", "mean_absolute_error")  # what the denoiser is told counts
        return model

    denoiser = small_denoiser(
        architecture=network, loss="binary_crossentropy", optimizer="adam"
    ).fit(*parabolas)
    assert isinstance(denoiser.scaler_, MinMaxPerSample)
    assert type(denoiser.model_.optimizer).__name__ == "Adam"
    assert denoiser.loss_floor_ > 0


def test_loss_floor_without_validation_is_over_all_signals(parabolas):
    from scipy.special import entr

    X, y = (MinMaxPerSample().fit_transform(array.astype(np.float64)) for array in parabolas)
    denoiser = small_denoiser(scaler=None, validation_split=0).fit(X, y)
    assert denoiser.loss_floor_ == pytest.approx(np.mean(entr(y) + entr(1 - y)), rel=1e-5)


def test_pickle_and_clone(fitted, parabolas):
    X = parabolas[0]
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.transform(X).tobytes() == fitted.transform(X).tobytes()
    assert restored.history_ == fitted.history_
    with pytest.raises(NotFittedError):
        clone(fitted).transform(X)
    assert len(pickle.dumps(fitted)) < 10_000


@pytest.mark.slow
def test_refit_replaces_the_model(parabolas):
    denoiser = small_denoiser().fit(*parabolas)
    first = denoiser.transform(parabolas[0])
    np.testing.assert_array_equal(denoiser.fit(*parabolas).transform(parabolas[0]), first)
    assert denoiser.n_epochs_ == 1
