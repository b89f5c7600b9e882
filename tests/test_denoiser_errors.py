"""What users get for bad input."""

import os
import signal

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.exceptions import NotFittedError

from conv_denoiser import MinMaxPerSample, StandardizePerSample


@pytest.fixture(scope="module")
def fitted(parabolas):
    return small_denoiser().fit(*parabolas)


def test_infinity(fitted, parabolas):
    X, y = (array.copy() for array in parabolas)
    X[7, 3:5] = X[30, 0] = np.inf
    message = r"X contains infinity: 3 value\(s\) in 2 of 60 signals, the first in row 7"
    with pytest.raises(ValueError, match=message):
        small_denoiser().fit(X, y)
    with pytest.raises(ValueError, match=message):
        fitted.transform(X)
    with pytest.raises(ValueError, match="y contains infinity"):
        small_denoiser().fit(y, X)


@pytest.mark.parametrize("shape", [(0, 150), (5, 0), (5, 150, 0), (0, 150, 2)])
def test_empty(shape):
    with pytest.raises(ValueError, match=r"0 (sample|feature|signal|timestep|channel)\(s\)"):
        small_denoiser().fit(np.zeros(shape))


def test_too_few_signals_for_the_validation_split(parabolas):
    X, y = parabolas
    with pytest.raises(ValueError, match=r"n_samples=1: validation_split=0\.2 leaves no signal"):
        small_denoiser(validation_split=0.2).fit(X[:1], y[:1])
    small_denoiser(validation_split=0.2).fit(X[:2], y[:2])
    small_denoiser(validation_split=0).fit(X[:1], y[:1])
    small_denoiser(validation_split=0.9).fit(X[:10], y[:10])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((5, 9)) * 1j, "Complex data not supported"),
        (np.array([["a", "b"]] * 5), r"X holds text \(dtype <U1\).*astype"),
        (np.ones(9), r"1D array of 9 values.*reshape\(1, -1\)"),
        ([1.0, 2.0], r"1D array of 2 values.*reshape\(1, -1\)"),
        (np.ones((2, 3, 4, 5)), "4 dimensions"),
    ],
)
def test_wrong_kind_of_array(X, message):
    with pytest.raises(ValueError, match=message):
        small_denoiser().fit(X)


def test_y_of_another_shape(parabolas):
    X, y = parabolas
    for bad in (y[:, 1:], y[1:], y[:, :, np.newaxis], y[:, :1]):
        with pytest.raises(ValueError, match="y has shape .* but X has shape"):
            small_denoiser().fit(X, bad)
    with pytest.raises(ValueError, match="X has 60 signals, but y has 7 labels"):
        small_denoiser().fit(X, np.zeros(7))


def test_other_length_or_channels_than_fitted(fitted, parabolas):
    X = parabolas[0]
    with pytest.raises(ValueError, match="149 features.*expecting 150.*Cut or pad"):
        fitted.transform(X[:, 1:])
    with pytest.raises(ValueError, match=r"2 channel\(s\).*fitted on 1"):
        fitted.transform(np.stack([X, X], axis=-1))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"architecture": "resnet"}, "'architecture'.*autoencoder.*'resnet'"),
        ({"loss": "binary_crossentropi"}, "Unknown loss 'binary_crossentropi'"),
        ({"supervision": "paried"}, "'supervision'.*blind_spot.*'paried'"),
        ({"optimizer": "adamm"}, "Unknown optimizer 'adamm'"),
        ({"scaler": "minmax"}, "'scaler'.*'minmax'"),
        ({"scaler": MinMaxPerSample((1, 0))}, r"feature_range must be.*\(1, 0\)"),
        ({"optimizer": None}, "Unknown optimizer None"),
        ({"learning_rate": True}, "learning_rate.*True"),
        ({"noise": -0.1, "supervision": "synthetic"}, "negative.*-0.1"),
        ({"noise": "loud"}, "noise must be a noise model.*'loud'"),
        ({"filters": ()}, r"filters must be positive integers.*\(\)"),
        ({"filters": (8, 0)}, r"filters must be positive integers.*\(8, 0\)"),
        ({"filters": (8, "a")}, "filters must be positive integers"),
        ({"filters": 8}, "'filters'.*8"),
        ({"kernel_size": 0}, "'kernel_size'.*0"),
        ({"max_norm": -1}, "'max_norm'.*-1"),
        ({"epochs": 0}, "'epochs'.*0"),
        ({"batch_size": 0}, "'batch_size'.*0"),
        ({"validation_split": 1.0}, "'validation_split'.*1.0"),
        ({"validation_split": "last"}, "'validation_split'.*'last'"),
        ({"patience": 0}, "'patience'.*0"),
        ({"learning_rate": -1}, "learning_rate.*-1"),
        ({"learning_rate": "fast"}, "learning_rate.*'fast'"),
        ({"learning_rate": dict}, "learning_rate.*class 'dict'"),
        ({"random_state": "x"}, "'random_state'.*'x'"),
    ],
)
def test_bad_parameters(parabolas, params, message):
    with pytest.raises(ValueError, match=message):
        small_denoiser(**params).fit(*parabolas)


def test_supervision_without_what_it_needs(parabolas):
    X, y = parabolas
    with pytest.raises(ValueError, match="'paired' needs clean signals"):
        small_denoiser(supervision="paired").fit(X)
    with pytest.raises(ValueError, match="'paired' needs clean signals"):
        small_denoiser(supervision="paired").fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="'synthetic'.*needs a noise model"):
        small_denoiser(supervision="synthetic").fit(y)


@pytest.mark.slow
def test_cross_entropy_with_targets_outside_0_and_1(parabolas):
    X, y = parabolas
    with pytest.raises(ValueError, match=r"y goes from .* MinMaxPerSample.*mean_squared_error"):
        small_denoiser(scaler=None).fit(X, y * 2)
    with pytest.raises(ValueError, match="X goes from"):
        small_denoiser(scaler=None).fit(X)
    with pytest.raises(ValueError, match=r"StandardizePerSample\(\) scales to"):
        small_denoiser(scaler=StandardizePerSample()).fit(X, y)
    with pytest.raises(ValueError, match="scales to"):
        small_denoiser(scaler=MinMaxPerSample((-1, 1))).fit(X, y)
    small_denoiser(scaler=None, loss="mean_squared_error").fit(X, y * 2)
    y = MinMaxPerSample().fit_transform(y)
    small_denoiser(scaler=None).fit(X, y * np.float32(1 + 1e-7))  # a rounding error


def test_clipped_targets_are_told(parabolas):
    X, y = parabolas
    message = r"% of the target points lie outside.*clipped"
    with pytest.warns(UserWarning, match=message) as caught:
        small_denoiser().fit(X, y + 1)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("value", [object(), int, lambda: 3])
def test_bad_callback(parabolas, value):
    with pytest.raises(TypeError, match="callbacks must be"):
        small_denoiser(callbacks=[value]).fit(*parabolas)


def test_architecture_of_the_wrong_shape(parabolas):
    import keras

    def shrinking(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        return keras.Model(inputs, keras.layers.Conv1D(2, 3)(inputs))

    with pytest.raises(ValueError, match="must take .* and return"):
        small_denoiser(architecture=shrinking).fit(*parabolas)
    with pytest.raises(TypeError, match=r"must return a keras\.Model"):
        small_denoiser(architecture=lambda *sizes: None).fit(*parabolas)


def test_loss_that_becomes_nan(parabolas):
    denoiser = small_denoiser(
        loss="mean_squared_error",
        scaler=None,
        max_norm=None,
        learning_rate=1e30,
        optimizer="sgd",
        epochs=3,
    )
    with pytest.raises(
        ValueError, match=r"diverged: (val_)?loss became (nan|inf) in epoch.*learning_rate.*1e\+30"
    ):
        denoiser.fit(*parabolas)


@pytest.mark.parametrize("validation_split", [0, 0.2])
def test_last_step_that_diverges(parabolas, validation_split):
    denoiser = small_denoiser(
        loss="mean_squared_error",
        scaler=None,
        max_norm=None,
        learning_rate=1e38,
        optimizer="sgd",
        batch_size=60,
        validation_split=validation_split,
    )
    with pytest.raises(ValueError, match="diverged: .*smaller learning_rate"):
        denoiser.fit(parabolas[0] * 1e3, parabolas[1] * 1e3)
    with pytest.raises(NotFittedError):
        denoiser.transform(parabolas[0])


@pytest.mark.slow
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("whole_epochs", [0, 2])
def test_ctrl_c_leaves_a_usable_model(parabolas, whole_epochs, early_stopping):
    import keras

    class PressCtrlC(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.history.epoch == list(range(whole_epochs)):
                os.kill(os.getpid(), signal.SIGINT)

    denoiser = small_denoiser(epochs=50, early_stopping=early_stopping, callbacks=[PressCtrlC])
    # Shells ignore it in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            pytest.warns(UserWarning, match=f"interrupted after {whole_epochs} of 50 epochs"),
            pytest.raises(KeyboardInterrupt),
        ):
            denoiser.fit(*parabolas)
    finally:
        signal.signal(signal.SIGINT, before)
    assert denoiser.n_epochs_ == whole_epochs
    assert denoiser.transform(parabolas[0]).shape == parabolas[0].shape


def test_blind_spot_with_a_loss_that_averages(parabolas):
    import tensorflow as tf

    def averaged(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_true - y_pred))

    X, y = parabolas
    with pytest.raises(ValueError, match=r"one value a timestep.*returned shape \(\)"):
        small_denoiser(loss=averaged).fit(X)
    small_denoiser(loss=averaged).fit(X, y)


@pytest.mark.parametrize("option", ["from_logits", "label_smoothing"])
def test_cross_entropy_with_options(parabolas, option):
    import keras

    loss = keras.losses.BinaryCrossentropy(**{option: 1})
    with pytest.raises(ValueError, match=option):
        small_denoiser(loss=loss).fit(*parabolas)
    small_denoiser(loss=keras.losses.BinaryCrossentropy()).fit(*parabolas)


def test_failed_first_fit_is_not_fitted(parabolas):
    denoiser = small_denoiser(loss="nope")
    with pytest.raises(ValueError, match="Unknown loss"):
        denoiser.fit(*parabolas)
    with pytest.raises(NotFittedError):
        denoiser.transform(parabolas[0])


def test_signals_beyond_float32_without_scaler(parabolas):
    X, y = (array.astype(np.float64) for array in parabolas)
    denoiser = small_denoiser(scaler=None, loss="mean_squared_error").fit(X, y)
    with pytest.raises(ValueError, match=r"computes in float32, but X reaches"):
        denoiser.transform(X * 1e39)
