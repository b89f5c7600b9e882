"""Denoisers among the other parts of scikit-learn."""

import numpy as np
import pandas as pd
import polars
import pytest
import sklearn
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from conv_denoiser import ConvDenoiser, MinMaxPerSample, StandardizePerSample

LABELS = np.arange(60) % 2
HALF = ShuffleSplit(1, test_size=0.5, random_state=0)


def quick_denoiser(**params):
    return small_denoiser(validation_split=0, **params)


@pytest.fixture(scope="module")
def fitted(parabolas):
    """Return a denoiser fitted on X alone."""
    return quick_denoiser().fit(parabolas[0])


@pytest.mark.slow
@pytest.mark.parametrize("scaler", [MinMaxPerSample(), StandardizePerSample()])
def test_after_a_scaler(parabolas, scaler):
    X, y = parabolas
    denoiser = quick_denoiser(scaler=None, loss="mean_squared_error")
    pipeline = make_pipeline(scaler, denoiser).fit(X, scaler.fit_transform(y))
    denoised = pipeline.transform(X)
    scaled = scaler.transform(X)
    np.testing.assert_array_equal(
        denoised, clone(denoiser).fit(scaled, scaler.transform(y)).transform(scaled)
    )
    assert scaler.inverse_transform(denoised, reference=X).shape == X.shape


def test_recipe_as_a_pipeline(parabolas):
    X, y = parabolas
    pipeline = make_pipeline(MinMaxPerSample(), quick_denoiser(scaler=None))
    pipeline.fit(X, MinMaxPerSample().fit_transform(y))
    denoised = pipeline.transform(X)
    assert denoised.shape == X.shape
    assert denoised.min() >= 0
    assert denoised.max() <= 1


@pytest.mark.slow
def test_before_a_classifier(parabolas):
    X = parabolas[0] * (1 + LABELS[:, None])
    peak = FunctionTransformer(lambda x: x.max(axis=1, keepdims=True))
    classifier = make_pipeline(quick_denoiser(), peak, LogisticRegression())
    classifier.fit(X, LABELS)
    assert classifier[0].supervision_ == "blind_spot"
    assert classifier.predict(X).shape == LABELS.shape
    assert classifier.score(X, LABELS) > 0.8
    assert np.isfinite(cross_val_score(classifier, X, LABELS, cv=HALF)).all()
    grid = {"convdenoiser__kernel_size": [3, 5], "logisticregression__C": [1.0]}
    search = GridSearchCV(classifier, grid, cv=HALF, refit=False)
    assert search.fit(X, LABELS).best_score_ > 0.8


@pytest.mark.slow
def test_in_a_column_transformer(parabolas):
    X = parabolas[0]
    columns = ColumnTransformer(
        [
            ("denoised", quick_denoiser(), slice(0, 100)),
            ("as it is", "passthrough", slice(100, 150)),
        ]
    )
    out = columns.fit_transform(X, LABELS)
    np.testing.assert_array_equal(out[:, :100], quick_denoiser().fit_transform(X[:, :100]))
    np.testing.assert_array_equal(out[:, 100:], X[:, 100:])
    with pytest.raises(ValueError, match=r"y has shape \(60, 150\), but X has shape \(60, 100\)"):
        columns.fit(X, parabolas[1])  # clean signals are not split along


def test_in_a_feature_union(parabolas, fitted):
    X = parabolas[0]
    union = FeatureUnion([("denoised", quick_denoiser()), ("scaled", MinMaxPerSample())])
    out = union.fit(X).transform(X)
    np.testing.assert_array_equal(out[:, :150], fitted.transform(X))
    names = union.get_feature_names_out()
    assert (names[0], names[-1]) == ("denoised__x0", "scaled__x149")


@pytest.mark.slow
def test_in_a_transformed_target_regressor(parabolas):
    X, y = parabolas
    denoiser = quick_denoiser(scaler=None, loss="mean_squared_error")
    microvolts = TransformedTargetRegressor(
        denoiser, func=lambda clean: clean / 1e6, inverse_func=lambda clean: clean * 1e6
    )
    denoised = microvolts.fit(X, 1e6 * y.astype(np.float64)).predict(X)
    np.testing.assert_allclose(denoised, 1e6 * denoiser.fit(X, y).predict(X), rtol=1e-3)
    standard = TransformedTargetRegressor(denoiser, transformer=StandardScaler())
    assert standard.fit(X, y + 0.01 * X).predict(X).shape == X.shape


@pytest.mark.slow
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_output_containers(parabolas, container):
    X = parabolas[0]
    names = [f"t{i}" for i in range(150)]
    frame = {"pandas": pd.DataFrame, "polars": polars.DataFrame}[container]
    named = frame(dict(zip(names, X.T, strict=True)))
    denoiser = quick_denoiser().set_output(transform=container).fit(named)
    denoised = denoiser.transform(named)
    assert isinstance(denoised, frame)
    assert list(denoised.columns) == names == list(denoiser.get_feature_names_out())
    plain = denoiser.set_output(transform="default").transform(named)
    np.testing.assert_array_equal(denoised.to_numpy(), plain)
    pipeline = make_pipeline(MinMaxPerSample(), quick_denoiser()).set_output(transform=container)
    assert list(pipeline.fit(named).transform(named).columns) == names


def test_pandas_keeps_the_index(parabolas, fitted):
    X = pd.DataFrame(parabolas[0], index=range(100, 160))
    with sklearn.config_context(transform_output="pandas"):
        assert list(fitted.transform(X).index) == list(range(100, 160))


@pytest.mark.parametrize(
    "estimator", [quick_denoiser(), MinMaxPerSample()], ids=["denoiser", "scaler"]
)
def test_no_tables_of_channels(two_channels, estimator):
    estimator = clone(estimator).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"set_output.*X has the shape \(40, 64, 2\).*one channel"):
        estimator.fit_transform(two_channels[0])


def test_feature_names_without_columns(fitted):
    assert list(fitted.get_feature_names_out()[:2]) == ["x0", "x1"]
    assert list(fitted.get_feature_names_out([f"t{i}" for i in range(150)])[:2]) == ["t0", "t1"]


@pytest.mark.slow
def test_metadata_routing(parabolas):
    X, y = parabolas
    weight = np.r_[np.ones(30), np.zeros(30)]
    with sklearn.config_context(enable_metadata_routing=True):
        denoiser = quick_denoiser(scaler=None, loss="mean_squared_error")
        asking = clone(denoiser).set_fit_request(sample_weight=True)
        asking.set_score_request(sample_weight=True)
        pipeline = make_pipeline(MinMaxPerSample(), asking)
        target = MinMaxPerSample().fit_transform(y)
        pipeline.fit(X, target, sample_weight=weight)
        half = make_pipeline(MinMaxPerSample(), clone(denoiser)).fit(X[:30], target[:30])
        np.testing.assert_array_equal(pipeline.transform(X), half.transform(X))
        weighted_score = pipeline.score(X, target, sample_weight=weight)
        assert weighted_score == pytest.approx(half.score(X[:30], target[:30]))
        search = GridSearchCV(asking, {"kernel_size": [3, 5]}, cv=HALF, refit=False)
        assert np.isfinite(search.fit(X, y, sample_weight=1 + np.arange(60)).best_score_)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            GridSearchCV(denoiser, {"kernel_size": [3]}, cv=2).fit(X, y, sample_weight=weight)


@pytest.mark.slow
def test_sample_weight_by_step_name(parabolas):
    X, y = parabolas
    weight = np.r_[np.ones(30), np.zeros(30)]
    pipeline = make_pipeline(FunctionTransformer(), quick_denoiser())
    pipeline.fit(X, y, convdenoiser__sample_weight=weight)
    half = quick_denoiser().fit(X[:30], y[:30])
    np.testing.assert_array_equal(pipeline.transform(X), half.transform(X))


@pytest.mark.slow
def test_html_representation(fitted):
    for estimator in (
        ConvDenoiser(kernel_size=9),
        fitted,
        make_pipeline(MinMaxPerSample(), fitted),
    ):
        html = estimator._repr_html_()
        assert "ConvDenoiser" in html
        assert "TypeError" not in html
    assert "kernel_size" in ConvDenoiser(kernel_size=9)._repr_html_()


@pytest.mark.slow
def test_caching(parabolas, tmp_path):
    X, y = parabolas[0], LABELS
    peak = FunctionTransformer(np.max, kw_args={"axis": 1, "keepdims": True})
    pipeline = make_pipeline(quick_denoiser(), peak, LogisticRegression(), memory=str(tmp_path))
    expected = pipeline.fit(X, y).predict(X)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files
    again = clone(pipeline).set_params(logisticregression__C=2.0).fit(X, y)
    assert set(tmp_path.rglob("output.pkl")) <= files  # nothing was computed anew
    assert again.predict(X).shape == expected.shape
