"""How training is controlled: when it stops, what it starts from, what counts."""

import pickle

import keras
import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.model_selection import KFold, ShuffleSplit

from conv_denoiser import MinMaxPerSample


@pytest.mark.slow
def test_early_stopping_restores_the_best_epoch(parabolas):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch >= 3:
                self.model.set_weights([0 * w for w in self.model.get_weights()])

    params = {"learning_rate": 0.01, "callbacks": [Spoil], "loss": "mean_squared_error"}
    early = small_denoiser(**params, epochs=10, early_stopping=True, patience=2)
    stopped = early.fit(*parabolas)
    assert stopped.best_epoch_ == 3
    assert stopped.n_epochs_ == 5
    best = small_denoiser(**params, epochs=3).fit(*parabolas)
    np.testing.assert_array_equal(stopped.transform(parabolas[0]), best.transform(parabolas[0]))


@pytest.mark.slow
def test_callbacks_are_made_anew_for_every_fit(parabolas):
    class Count(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1
            seen.append(self.epochs)

    for callback in (Count, Count(), lambda: Count()):
        seen = []
        denoiser = small_denoiser(epochs=2, callbacks=[callback])
        denoiser.fit(*parabolas)
        denoiser.fit(*parabolas)
        assert seen == [1, 2, 1, 2]


@pytest.mark.slow
def test_warm_start_goes_on(parabolas):
    denoiser = small_denoiser(epochs=2, warm_start=True, optimizer="adam").fit(*parabolas)
    first = list(denoiser.history_["loss"])
    denoiser.fit(*parabolas)
    assert denoiser.n_epochs_ == 4
    assert denoiser.history_["loss"][:2] == first
    at_once = small_denoiser(epochs=4, optimizer="adam").fit(*parabolas)
    assert denoiser.history_ == at_once.history_
    with pytest.raises(ValueError, match="warm_start=True.*options changed"):
        denoiser.set_params(filters=(5,)).fit(*parabolas)


@pytest.mark.slow
def test_warm_start_with_other_training(parabolas):
    denoiser = small_denoiser(warm_start=True, optimizer="adam").fit(*parabolas)
    denoiser.set_params(optimizer="sgd", learning_rate=0.5, validation_split=0.2)
    denoiser.fit(*parabolas)
    assert type(denoiser.model_.optimizer).__name__ == "SGD"
    assert float(denoiser.model_.optimizer.learning_rate) == 0.5
    assert len(denoiser.history_["loss"]) == len(denoiser.history_["val_loss"]) == 2
    assert denoiser.best_epoch_ == 2
    restored = pickle.loads(pickle.dumps(denoiser)).fit(*parabolas)
    assert restored.n_epochs_ == 3


@pytest.mark.slow
def test_optimizers_and_learning_rates(parabolas):
    for optimizer in ("sgd", "SGD", keras.optimizers.SGD(0.25)):
        model = small_denoiser(optimizer=optimizer, learning_rate=0.25).fit(*parabolas).model_
        assert type(model.optimizer).__name__ == "SGD"
        assert float(model.optimizer.learning_rate) == 0.25
    schedule = keras.optimizers.schedules.CosineDecay(1e-2, 10)
    small_denoiser(learning_rate=schedule).fit(*parabolas)


@pytest.mark.slow
def test_early_stopping_restores_the_best_epoch_also_at_the_last_one(parabolas):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                self.model.set_weights([0 * w for w in self.model.get_weights()])

    params = {"learning_rate": 0.01, "callbacks": [Spoil], "loss": "mean_squared_error"}
    for validation_split in (0.2, 0):
        early = small_denoiser(**params, validation_split=validation_split, early_stopping=True)
        unstopped = early.set_params(epochs=4, patience=10).fit(*parabolas)
        assert (unstopped.n_epochs_, unstopped.best_epoch_) == (4, 3)
        best = small_denoiser(**params, validation_split=validation_split, epochs=3)
        np.testing.assert_array_equal(
            unstopped.transform(parabolas[0]), best.fit(*parabolas).transform(parabolas[0])
        )


@pytest.mark.slow
def test_history_holds_what_callbacks_add(parabolas):
    class Extra(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = epoch

    history = (
        small_denoiser(epochs=2, validation_split=0.2, callbacks=[Extra]).fit(*parabolas).history_
    )
    assert set(history) == {"loss", "val_loss", "extra"}
    assert history["extra"] == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"noise": 0.1}, {"supervision": "blind_spot"}])
def test_partial_fit_is_fit_step_by_step(parabolas, params):
    X, y = parabolas[0], None if params else parabolas[1]
    at_once = small_denoiser(epochs=3, optimizer="adam", **params).fit(X, y)
    stepwise = small_denoiser(epochs=7, optimizer="adam", **params)
    for _ in range(3):
        stepwise.partial_fit(X, y)
    assert stepwise.history_ == at_once.history_
    assert stepwise.n_epochs_ == 3
    assert stepwise.transform(X).tobytes() == at_once.transform(X).tobytes()


@pytest.mark.slow
def test_partial_fit_on_chunks(parabolas):
    X, y = parabolas
    denoiser = small_denoiser(batch_size=8)
    for rows in (slice(0, 20), slice(20, 50), slice(50, 60)):
        denoiser.partial_fit(X[rows], y[rows])
    assert denoiser.n_epochs_ == 3
    assert int(denoiser.model_.optimizer.iterations) == 3 + 4 + 2
    with pytest.raises(ValueError, match="149 features.*expecting 150"):
        denoiser.partial_fit(X[:, 1:], y[:, 1:])
    with pytest.raises(ValueError, match="partial_fit go on with the network.*options changed"):
        denoiser.set_params(filters=(5,)).partial_fit(X, y)
    assert denoiser.fit(X, y).n_epochs_ == 1  # fit starts anew


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"noise": 0.1}, {"supervision": "blind_spot"}])
def test_sample_weight(parabolas, params):
    X, y = (array[:40] for array in parabolas)
    target = None if params else y
    weight = np.repeat([0.0, 3.0, 0.0, 3.0], 10)
    halves = small_denoiser(validation_split=0, **params).fit(X, target, weight)
    kept = weight > 0
    alone = small_denoiser(validation_split=0, **params)
    alone.fit(X[kept], None if params else y[kept])
    assert halves.transform(X).tobytes() == alone.transform(X).tobytes()
    uneven = small_denoiser(validation_split=0, **params).fit(X, target, 1 + np.arange(40))
    assert uneven.history_ != small_denoiser(validation_split=0, **params).fit(X, target).history_
    scaled = small_denoiser(validation_split=0, **params).fit(X, target, 10 + 10 * np.arange(40))
    np.testing.assert_allclose(scaled.history_["loss"], uneven.history_["loss"], rtol=1e-6)


@pytest.mark.slow
def test_heavier_signals_are_learned_better(parabolas):
    """Two kinds of signals with contrary targets: the network follows the heavier kind."""
    X = parabolas[0]
    y = np.where(np.arange(60)[:, None] % 2 == 0, X.min(), X.max()) + 0 * X
    even = np.arange(60) % 2 == 0
    low, high = (
        small_denoiser(epochs=15, learning_rate=0.01, loss="mean_squared_error", optimizer="adam")
        .fit(X, y, sample_weight=np.where(even, *weights))
        .transform(X)
        .mean()
        for weights in ((9, 1), (1, 9))
    )
    assert low < X.mean() < high


@pytest.mark.slow
def test_weights_count_in_the_validation_loss(parabolas):
    X, y = parabolas
    weight = np.ones(60)
    weight[50:55] = 0
    split = _Fixed([(np.arange(48), np.arange(48, 60))])
    some = small_denoiser(validation_split=split).fit(X, y, weight)
    split = _Fixed([(np.arange(48), np.r_[48, 49, 55:60])])
    chosen = small_denoiser(validation_split=split).fit(X, y)
    assert some.history_["val_loss"] == pytest.approx(chosen.history_["val_loss"])


@pytest.mark.slow
def test_share_of_signals_that_count(parabolas):
    X, y = parabolas
    weight = np.r_[np.ones(20), np.zeros(20), np.ones(20)]
    kept = weight > 0
    some = small_denoiser(validation_split=0.2).fit(X, y, weight)
    alone = small_denoiser(validation_split=0.2).fit(X[kept], y[kept])
    assert some.history_ == alone.history_
    weightless = small_denoiser(validation_split=_Fixed([(np.arange(20, 40), np.arange(40, 60))]))
    with pytest.raises(ValueError, match=r"gave 0 signals to train and 20 to validate on"):
        weightless.fit(X, y, weight)


class _Fixed:
    """A splitter with splits that were made before."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)

    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(7), r"sample_weight.*\(7,\)"),
        (np.zeros(60), "(zero for every signal|non-zero number)"),
        (-np.ones(60), "[Nn]egative"),
        (np.full(60, np.nan), "NaN"),
        (np.ones((60, 2)), "must be 1D"),
    ],
)
def test_bad_sample_weight(parabolas, weight, message):
    for method in (small_denoiser().fit, small_denoiser().partial_fit):
        with pytest.raises(ValueError, match=message):
            method(*parabolas, sample_weight=weight)


@pytest.mark.slow
def test_weights_that_leave_too_few_signals(parabolas):
    weight = np.zeros(60)
    weight[3] = 1
    with pytest.raises(ValueError, match="n_samples=1: validation_split"):
        small_denoiser(validation_split=0.2).fit(*parabolas, sample_weight=weight)


@pytest.mark.slow
def test_validation_split_by_a_splitter(parabolas):
    X, y = parabolas
    shuffled = ShuffleSplit(1, test_size=0.2, random_state=0)
    train, validation = next(shuffled.split(X))
    denoiser = small_denoiser(validation_split=shuffled).fit(X, y)
    order = np.concatenate([train, validation])
    ordered = small_denoiser(validation_split=_Fixed([(train, validation)])).fit(X, y)
    assert denoiser.history_ == ordered.history_
    from_end = small_denoiser(validation_split=0.2).fit(X[order], y[order])
    assert denoiser.history_["val_loss"][0] == pytest.approx(
        from_end.history_["val_loss"][0], rel=0.01
    )
    masks = small_denoiser(validation_split=_Fixed([(np.arange(60) < 48, np.arange(60) >= 48)]))
    assert masks.fit(X, y).history_ == small_denoiser(validation_split=0.2).fit(X, y).history_
    last = KFold(5)  # the first fold is validated on
    reference = small_denoiser(validation_split=_Fixed([(np.arange(12, 60), np.arange(12))]))
    assert small_denoiser(validation_split=last).fit(X, y).history_ == reference.fit(X, y).history_


@pytest.mark.parametrize("splits", [[([], [1])], [([1], [])], []])
def test_splitter_that_gives_nothing(parabolas, splits):
    with pytest.raises(ValueError, match=r"gave \d signals to train and \d to validate on"):
        small_denoiser(validation_split=_Fixed(splits)).fit(*parabolas)


@pytest.mark.slow
def test_loss_floor_is_weighted(parabolas):
    X, y = parabolas
    weight = np.where(np.arange(60) < 30, 3.0, 1.0)
    options = {"validation_split": 0, "scaler": None}
    X, y = MinMaxPerSample().fit_transform(X), MinMaxPerSample().fit_transform(y)
    y = np.where(np.arange(60)[:, None] < 30, y, 0.5)
    first, second, both = (
        small_denoiser(**options).fit(X[rows], y[rows], weight[rows]).loss_floor_
        for rows in (slice(30), slice(30, 60), slice(60))
    )
    assert both == pytest.approx(0.75 * first + 0.25 * second)


def test_weights_need_a_loss_by_point(parabolas):
    def averaged(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred))

    with pytest.raises(ValueError, match="sample_weight weights the loss of each signal, so"):
        small_denoiser(loss=averaged).fit(*parabolas, sample_weight=1 + np.arange(60))


@pytest.mark.slow
def test_huge_and_tiny_weights(parabolas):
    plain = small_denoiser().fit(*parabolas, sample_weight=1 + np.arange(60))
    for factor in (1e305, 1e-305):
        scaled = small_denoiser().fit(*parabolas, sample_weight=factor * (1 + np.arange(60)))
        np.testing.assert_allclose(scaled.history_["loss"], plain.history_["loss"], rtol=1e-5)


@pytest.mark.slow
def test_score_is_weighted(parabolas):
    X, y = parabolas
    denoiser = small_denoiser().fit(X, y)
    weight = np.r_[np.ones(30), np.zeros(30)]
    assert denoiser.score(X, y, weight) == pytest.approx(denoiser.score(X[:30], y[:30]))
    three, one = denoiser.score(X, None, weight), denoiser.score(X, None, 1 - weight)
    both = denoiser.score(X, None, 1 + 2 * weight)
    assert both == pytest.approx(0.75 * three + 0.25 * one)
    assert three != one


@pytest.mark.slow
def test_learning_rate_schedule_goes_through_its_steps(parabolas):
    X, y = parabolas
    steps = {"epochs": 3, "validation_split": 0, "batch_size": 20, "max_norm": None}
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.01, 0.0])  # of 9 steps
    scheduled = small_denoiser(learning_rate=schedule, **steps).fit(X, y)
    assert float(scheduled.model_.optimizer.learning_rate) == 0
    first_epoch = small_denoiser(learning_rate=0.01, **{**steps, "epochs": 1}).fit(X, y)
    assert scheduled.transform(X).tobytes() == first_epoch.transform(X).tobytes()


@pytest.mark.slow
def test_best_epoch_counts_over_all_fits(parabolas):
    denoiser = small_denoiser(epochs=2, validation_split=0.2, warm_start=True).fit(*parabolas)
    denoiser.set_params(learning_rate=1e-9, epochs=1).fit(*parabolas)
    assert denoiser.n_epochs_ == denoiser.best_epoch_ == 3
    denoiser.partial_fit(*parabolas)  # without a validation loss
    assert denoiser.n_epochs_ == denoiser.best_epoch_ == 4
    assert np.isnan(denoiser.history_["val_loss"][3])


def test_one_bar_for_all_epochs_with_the_time_left(parabolas, capsys):
    small_denoiser(epochs=3, verbose=1).fit(*parabolas)
    out, err = capsys.readouterr()
    assert out == ""
    *_, last = err.strip().split("\r")
    assert err.count("\n") == 1
    assert last.startswith("training: 100%")
    assert "epoch=3, loss=" in last
    assert "<00:00" in last
