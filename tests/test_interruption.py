"""What remains of a training that an error, Ctrl-C or a refusal ends."""

import keras
import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV


class Refuse(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise OSError("no such folder")


@pytest.mark.slow
def test_failed_refit_keeps_the_model(parabolas):
    X, y = parabolas
    denoiser = small_denoiser(warm_start=True, loss="mean_squared_error", scaler=None).fit(X, y)
    before, history = denoiser.transform(X), denoiser.history_
    with pytest.raises(ValueError, match="loss became"):
        denoiser.fit(X * 1e30, y)
    np.testing.assert_array_equal(denoiser.transform(X), before)
    assert denoiser.history_ == history


@pytest.mark.slow
def test_interrupted_warm_start_keeps_the_history(parabolas):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    denoiser = small_denoiser(warm_start=True).fit(*parabolas)
    history = denoiser.history_
    denoiser.set_params(callbacks=[Interrupt])
    with (
        pytest.warns(UserWarning, match="interrupted after 0 of 1 epochs") as caught,
        pytest.raises(KeyboardInterrupt),
    ):
        denoiser.fit(*parabolas)
    assert caught[0].filename == __file__
    assert denoiser.history_ == history


@pytest.mark.slow
def test_ctrl_c_ends_a_search(parabolas):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            fits.append(batch)
            raise KeyboardInterrupt

    fits = []
    search = GridSearchCV(small_denoiser(callbacks=[Interrupt]), {"kernel_size": [3, 5]}, cv=2)
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        search.fit(*parabolas)
    assert len(fits) == 1


@pytest.mark.slow
def test_callback_that_raises_loses_no_weights(parabolas):
    class Full(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise OSError("the disk is full")

    denoiser = small_denoiser(epochs=5, callbacks=[Full])
    with pytest.raises(OSError, match="the disk is full"):
        denoiser.fit(*parabolas)
    learned = small_denoiser(epochs=3).fit(*parabolas)
    np.testing.assert_array_equal(denoiser.transform(parabolas[0]), learned.transform(parabolas[0]))
    assert denoiser.n_epochs_ == 3
    assert denoiser.history_ == learned.history_
    assert denoiser.score(*parabolas) == learned.score(*parabolas)


@pytest.mark.slow
def test_callback_that_raises_leaves_the_best_weights(parabolas):
    class SpoilAndRaise(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.set_weights([0 * w for w in self.model.get_weights()])

        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise OSError("the disk is full")

    params = {"learning_rate": 0.01, "loss": "mean_squared_error"}
    denoiser = small_denoiser(**params, epochs=5, callbacks=[SpoilAndRaise], early_stopping=True)
    with pytest.raises(OSError, match="the disk is full"):
        denoiser.fit(*parabolas)
    assert (denoiser.n_epochs_, denoiser.best_epoch_) == (3, 2)
    best = small_denoiser(**params, epochs=2).fit(*parabolas)
    np.testing.assert_array_equal(denoiser.transform(parabolas[0]), best.transform(parabolas[0]))


@pytest.mark.slow
def test_callback_that_raises_before_training_leaves_nothing(parabolas):
    denoiser = small_denoiser(callbacks=[Refuse])
    with pytest.raises(OSError, match="no such folder"):
        denoiser.fit(*parabolas)
    assert not hasattr(denoiser, "model_")
    denoiser.set_params(callbacks=None, warm_start=True).fit(*parabolas)
    before = denoiser.transform(parabolas[0])
    with pytest.raises(OSError, match="no such folder"):
        denoiser.set_params(callbacks=[Refuse]).fit(*parabolas)
    np.testing.assert_array_equal(denoiser.transform(parabolas[0]), before)


@pytest.mark.slow
def test_failed_refit_keeps_the_shape_of_the_signals(parabolas):
    X, y = parabolas
    denoiser = small_denoiser().fit(X, y)
    before = denoiser.transform(X)
    denoiser.set_params(callbacks=[Refuse])
    with pytest.raises(OSError, match="no such folder"):
        denoiser.fit(X[:, :100], y[:, :100])
    np.testing.assert_array_equal(denoiser.transform(X), before)
    denoiser.set_params(warm_start=True, callbacks=None)
    with pytest.raises(ValueError, match="options changed"):
        denoiser.fit(np.stack([X, X], axis=2))
    assert (denoiser.n_features_in_, denoiser.n_channels_in_) == (150, 1)


@pytest.mark.slow
def test_refused_refit_keeps_the_state_of_the_optimizer(parabolas):
    denoiser = small_denoiser(warm_start=True, optimizer="adam").fit(*parabolas)
    with pytest.raises(OSError, match="no such folder"):
        denoiser.set_params(callbacks=[Refuse]).fit(*parabolas)
    denoiser.set_params(callbacks=None).fit(*parabolas)
    whole = small_denoiser(epochs=2, optimizer="adam").fit(*parabolas)
    assert denoiser.history_ == whole.history_


@pytest.mark.slow
def test_ctrl_c_before_the_first_step_keeps_the_model(parabolas):
    class Interrupt(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise KeyboardInterrupt

    denoiser = small_denoiser().fit(*parabolas)
    before = denoiser.transform(parabolas[0])
    with pytest.raises(KeyboardInterrupt):
        denoiser.set_params(callbacks=[Interrupt]).fit(*parabolas)
    np.testing.assert_array_equal(denoiser.transform(parabolas[0]), before)
    assert denoiser.n_epochs_ == 1


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_divergence_is_not_kept(parabolas, error):
    class Diverge(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.set_weights([np.nan * w for w in self.model.get_weights()])
            raise error("enough of it")

    denoiser = small_denoiser(warm_start=True).fit(*parabolas)
    before = denoiser.transform(parabolas[0])
    with pytest.raises(error):
        denoiser.set_params(callbacks=[Diverge]).fit(*parabolas)
    np.testing.assert_array_equal(denoiser.transform(parabolas[0]), before)
    with pytest.raises(error):
        clone(denoiser).fit(*parabolas)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_ctrl_c_where_warnings_are_errors(parabolas):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_denoiser(callbacks=[Interrupt]).fit(*parabolas)


@pytest.mark.slow
def test_refused_warm_start_keeps_the_optimizer(parabolas):
    denoiser = small_denoiser(warm_start=True, optimizer="adam").fit(*parabolas)
    denoiser.set_params(optimizer="sgd", callbacks=[3])
    with pytest.raises(TypeError, match="callbacks must be"):
        denoiser.fit(*parabolas)
    denoiser.set_params(optimizer="adam", callbacks=None).fit(*parabolas)
    assert type(denoiser.model_.optimizer).__name__ == "Adam"
    whole = small_denoiser(epochs=2, optimizer="adam").fit(*parabolas)
    assert denoiser.history_ == whole.history_
