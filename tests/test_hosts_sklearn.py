"""scikit-learn around our objects: nested parameters, tables, containers, targets that are none."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline, make_union

from conv_denoiser import BlindSpot, ConvDenoiser, MinMaxPerSample, SignalGenerator, save
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.noise import GaussianNoise, ImpulseNoise, RecordedNoise

X = np.random.default_rng(0).normal(size=(24, 20)).cumsum(axis=1)
HALF = ShuffleSplit(1, test_size=0.5, random_state=0)


class TestNestedParameters:
    @pytest.mark.slow
    def test_a_search_turns_noise_and_leaves_the_object_of_the_user(self):
        noise = GaussianNoise(0.5) + ImpulseNoise(snr_db=10)
        grid = {"noise__0__scale": [0.1, 0.2], "noise__1__snr_db": [(0, 6)]}
        denoiser = small_denoiser(noise=noise, loss="mean_squared_error")
        search = GridSearchCV(denoiser, grid, cv=HALF, error_score="raise")
        best = search.fit(X).best_estimator_.noise
        assert best.parts[0].scale in (0.1, 0.2)
        assert best.parts[1] == ImpulseNoise(snr_db=(0, 6))
        assert noise == GaussianNoise(0.5) + ImpulseNoise(snr_db=10)

    def test_a_search_turns_the_blind_spot(self):
        denoiser, grid = small_denoiser(supervision=BlindSpot()), {"supervision__width": [3, 5]}
        search = GridSearchCV(denoiser, grid, cv=HALF, error_score="raise").fit(X)
        assert search.best_estimator_.supervision.width in (3, 5)
        assert denoiser.supervision == BlindSpot()

    def test_through_a_pipeline(self):
        pipeline = make_pipeline(ConvDenoiser(noise=0.5, supervision="blind_spot"))
        pipeline.set_params(
            convdenoiser__noise__scale=np.float32(0.25),
            convdenoiser__supervision__share=0.2,
            convdenoiser__scaler__feature_range=(-1, 1),
        )
        (denoiser,) = (step for _, step in clone(pipeline).steps)
        assert denoiser.noise == GaussianNoise(0.25)
        assert denoiser.supervision == BlindSpot(0.2)
        assert denoiser.scaler.feature_range == (-1, 1)

    def test_an_object_and_its_parameters_at_once(self):
        denoiser = ConvDenoiser().set_params(noise__scale=0.1, noise=GaussianNoise(9))
        assert denoiser.noise == GaussianNoise(0.1)

    def test_the_scaler_of_the_user_is_not_changed(self):
        scaler = MinMaxPerSample()
        ConvDenoiser(scaler=scaler).set_params(scaler__feature_range=(0, 0.5))
        assert scaler.feature_range == (0, 1)

    def test_parameters_are_listed(self):
        params = ConvDenoiser(noise=GaussianNoise(2) + GaussianNoise(3)).get_params()
        assert params["noise__1__scale"] == 3

    def test_clones_share_a_recording(self):
        noise = RecordedNoise(np.arange(100.0), snr_db=3)
        assert clone(ConvDenoiser(noise=noise)).noise.bank is noise.bank
        assert noise.set_params(snr_db=6) == RecordedNoise(np.arange(100.0), snr_db=6)

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"noise__scale": 1}, "noise=None has no parameters. Set noise to an object first"),
            ({"supervision__width": 3}, r"supervision='auto' has no .*BlindSpot\(\)"),
            (
                {"noise": 0.1, "noise__width": 3},
                r"no parameter 'width'. It has \['scale', 'snr_db'\]",
            ),
            ({"noise": 0.1, "noise__scale": -1}, "scale .* cannot be negative. Got -1"),
            ({"scaler__width": 3}, "Invalid parameter 'width'"),
        ],
    )
    def test_what_cannot_be_set(self, params, message):
        with pytest.raises(ValueError, match=message):
            ConvDenoiser().set_params(**params)


def test_a_scaler_of_targets_says_what_it_needs():
    regressor = TransformedTargetRegressor(small_denoiser(), transformer=MinMaxPerSample())
    with pytest.raises(TypeError, match=r"reference=signals.*TransformedTargetRegressor.*scaler="):
        regressor.fit(X, X)


@pytest.fixture(scope="module")
def of_arrays():
    """What a denoiser of arrays makes of them."""
    return small_denoiser().fit(X, X).transform(X)


class TestTables:
    @pytest.mark.parametrize(
        "table",
        [
            pd.DataFrame({"signal": list(X)}),
            pd.Series(X.tolist()),
            pl.DataFrame({"signal": X.tolist()}),
            pl.DataFrame({"signal": pl.Series(X)}),
            pl.Series(X.tolist()),
            pl.Series(X),
        ],
        ids=lambda table: f"{type(table).__module__}-{type(table).__name__}",
    )
    def test_one_signal_a_cell(self, table, of_arrays):
        denoiser = small_denoiser().fit(table, table)
        assert denoiser.supervision_ == "paired"
        np.testing.assert_array_equal(denoiser.transform(table), of_arrays)

    def test_cells_of_several_channels(self):
        cells = [np.stack([x, -x], axis=1) for x in X]
        scaler = MinMaxPerSample().fit(pd.DataFrame({"signal": cells}))
        assert (scaler.n_features_in_, scaler.n_channels_in_) == (20, 2)

    @pytest.mark.parametrize(
        ("held", "message"),
        [
            (pd.Series([x[: 10 + len(x) % 3 + int(x[0] > 0)] for x in X]), "signals of 12 to 13"),
            (pd.DataFrame({"a": list(X), "b": list(X)}), "2 columns of signals.*numpy.stack"),
        ],
    )
    def test_cells_that_do_not_fit(self, held, message):
        with pytest.raises(ValueError, match=message):
            small_denoiser().fit(held)

    @pytest.mark.parametrize(
        ("held", "message"),
        [
            (pl.LazyFrame(X), r"X is a LazyFrame.*X\.collect\(\)"),
            (SignalGenerator().sample(9), r"SignalDataset.*fit\(dataset.noisy, dataset.clean\)"),
            (SignalGenerator().batches(9), "X is a generator.*partial_fit"),
            (map(np.sin, X), "X is a map.*partial_fit"),
            ({"signal": X}, "X is a dict"),
        ],
        ids=["LazyFrame", "SignalDataset", "generator", "map", "dict"],
    )
    def test_what_is_not_an_array(self, held, message):
        with pytest.raises(TypeError, match=message):
            small_denoiser().fit(held)

    def test_a_dataset_of_tensorflow(self):
        import tensorflow as tf

        with pytest.raises(TypeError, match="_BatchDataset.*partial_fit with the arrays of each"):
            small_denoiser().fit(tf.data.Dataset.from_tensor_slices((X, X)).batch(8))

    @pytest.mark.slow
    @pytest.mark.parametrize("dtype", ["Float64", object])
    def test_missing_values_of_pandas_are_gaps(self, dtype):
        table = pd.DataFrame(X).rename(columns=str).astype(dtype)
        table.iloc[2, 3] = pd.NA
        with_gap = X.astype(float)
        with_gap[2, 3] = np.nan
        denoiser = small_denoiser(validation_split=0).fit(table)
        assert list(denoiser.feature_names_in_) == list(table.columns)
        np.testing.assert_array_equal(
            denoiser.transform(table),
            small_denoiser(validation_split=0).fit(with_gap).transform(with_gap),
        )


class TestTargets:
    @pytest.mark.slow
    @pytest.mark.parametrize("supervision", ["blind_spot", "synthetic", BlindSpot()])
    def test_of_several_columns_pass_by_a_denoiser_that_needs_none(self, supervision):
        denoiser = small_denoiser(
            supervision=supervision, noise=0.1, loss="mean_squared_error", validation_split=0
        )
        targets = np.stack([X.mean(axis=1), X.std(axis=1)], axis=1)
        pipeline = make_pipeline(denoiser, RandomForestRegressor(3, random_state=0))
        assert pipeline.fit(X, targets).predict(X).shape == (24, 2)
        alone = clone(denoiser).fit(X)
        np.testing.assert_array_equal(pipeline[0].transform(X), alone.transform(X))
        assert alone.score(X, targets) == alone.score(X)
        with pytest.raises(ValueError, match="24 signals, but y has 23 labels"):
            denoiser.fit(X, targets[1:])

    def test_of_several_columns_are_refused_where_y_may_be_learned(self):
        with pytest.raises(ValueError, match=r"y has shape \(24, 2\).*supervision"):
            small_denoiser().fit(X, X[:, :2])


@pytest.fixture(scope="module")
def onnx(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    to_onnx(small_denoiser().fit(X, X), path)
    return OnnxDenoiser(path)


class TestOnnxDenoiser:
    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_output_in_a_table(self, onnx, container):
        names = [f"t{number}" for number in range(20)]
        table = pd.DataFrame(X, columns=names, index=range(5, 29))
        single = clone(onnx).set_output(transform=container).fit_transform(table)
        assert list(single.columns) == names
        if container == "polars" and sklearn.__version__.startswith("1.6"):
            pytest.skip("scikit-learn 1.6 joins tables before it names their columns anew")
        union = make_union(clone(onnx), MinMaxPerSample()).set_output(transform=container)
        result = union.fit_transform(table)
        assert type(result).__module__.partition(".")[0] == container
        expected = [
            *(f"onnxdenoiser__{n}" for n in names),
            *(f"minmaxpersample__{n}" for n in names),
        ]
        assert list(result.columns) == expected
        np.testing.assert_array_equal(result.to_numpy()[:, :20], onnx.transform(X))
        if container == "pandas":
            assert list(result.index) == list(table.index)

    def test_names(self, onnx):
        assert list(onnx.get_feature_names_out())[:2] == ["x0", "x1"]
        assert list(onnx.get_feature_names_out(["a", "b"])) == ["a", "b"]
        of_cells = clone(onnx).set_output(transform="pandas").fit(pd.DataFrame({"s": list(X)}))
        assert list(of_cells.get_feature_names_out()) == list(onnx.get_feature_names_out())

    def test_the_setting_of_the_process(self, onnx):
        with sklearn.config_context(transform_output="pandas"):
            assert list(onnx.transform(X).columns)[:2] == ["x0", "x1"]
        assert isinstance(onnx.transform(X), np.ndarray)

    def test_what_no_table_can_hold(self, onnx):
        framed = clone(onnx).set_output(transform="pandas")
        with pytest.raises(ValueError, match=r"X has the shape \(24, 20, 1\). Pass one channel"):
            framed.transform(X[:, :, np.newaxis])
        with pytest.raises(ValueError, match="transform must be one of .* Got 'numpy'"):
            onnx.set_output(transform="numpy")


@pytest.mark.skipif(
    not hasattr(ConvDenoiser, "set_callbacks"), reason="scikit-learn 1.9 brings callbacks"
)
class TestCallbacks:
    def test_monitor_scores_every_epoch(self):
        from sklearn.callback import ScoringMonitor

        monitor = ScoringMonitor(scoring="neg_mean_squared_error")
        denoiser = small_denoiser(epochs=3, validation_split=0, early_stopping=False)
        denoiser.set_callbacks(monitor).fit(X, X)
        rows = monitor.get_logs().data
        scores = [row["neg_mean_squared_error"] for row in rows if row["task_name"] == "epoch"]
        assert len(scores) == 3
        last = -np.mean((denoiser.predict(X) - X) ** 2)
        assert scores[-1] == pytest.approx(last, rel=1e-5)
        assert scores[0] != scores[-1]

    @pytest.mark.slow
    def test_through_a_search_of_a_pipeline(self):
        from sklearn.callback import ProgressBar, ScoringMonitor

        monitor = ScoringMonitor(scoring=None)
        denoiser = small_denoiser(epochs=2, scaler=None, loss="mean_squared_error")
        pipeline = make_pipeline(MinMaxPerSample(), denoiser.set_callbacks(monitor))
        grid = {"convdenoiser__kernel_size": [3, 5]}
        search = GridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise")
        search.set_callbacks(ProgressBar()).fit(X)
        rows = monitor.get_logs().data
        epochs = [row for row in rows if row["task_name"] == "epoch"]
        assert len(epochs) == 2 * 2 * 2  # of each of two networks, in each of two splits

    def test_a_callback_stops_the_fit(self):
        class Enough:
            def setup(self, estimator, context):
                told.append("setup")

            def teardown(self, estimator, context):
                told.append("teardown")

            def on_fit_task_begin(self, estimator, context):
                told.append(f"begin {context.task_name}")

            def on_fit_task_end(self, estimator, context):
                told.append(f"end {context.task_name}")
                return context.task_name == "epoch"

        told = []
        denoiser = small_denoiser(epochs=5).set_callbacks(Enough()).fit(X, X)
        assert denoiser.n_epochs_ == 1
        assert told == ["setup", "begin fit", "begin epoch", "end epoch", "end fit", "teardown"]
        told.clear()
        with pytest.raises(ValueError, match="learning_rate"):
            denoiser.set_params(learning_rate=-1).fit(X, X)
        assert told == ["setup", "begin fit", "teardown"]

    @pytest.mark.slow
    def test_nothing_changes_the_numbers(self):
        from sklearn.callback import ProgressBar

        with_bar = small_denoiser(epochs=2).set_callbacks(ProgressBar()).fit(X, X)
        np.testing.assert_array_equal(
            with_bar.transform(X), small_denoiser(epochs=2).fit(X, X).transform(X)
        )


class TestSubclasses:
    class Halved(ConvDenoiser):
        def transform(self, X):
            return super().transform(X) / 2

    class Tuned(ConvDenoiser):
        """With other defaults, and fewer parameters."""

        def __init__(self, epochs=1):
            super().__init__(filters=(2,), epochs=epochs)

    @pytest.mark.slow
    def test_file_of_save_would_lose_what_a_subclass_adds(self, tmp_path):
        for subclass in (self.Halved(filters=(2,), epochs=1), self.Tuned()):
            with pytest.raises(TypeError, match=r"(Halved|Tuned).*pickle the whole"):
                save(subclass.fit(X, X), tmp_path / "model.safetensors")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_graph_holds_the_network_alone(self, tmp_path):
        with pytest.raises(TypeError, match="Halved has a transform of its own"):
            to_onnx(self.Halved(filters=(2,), epochs=1).fit(X, X), tmp_path / "model.onnx")
        tuned = self.Tuned().fit(X, X)
        to_onnx(tuned, tmp_path / "model.onnx")
        denoised = OnnxDenoiser(tmp_path / "model.onnx").transform(X)
        np.testing.assert_allclose(denoised, tuned.transform(X), atol=1e-4)
