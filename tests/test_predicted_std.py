"""Denoisers that say how uncertain they are: in units of X, wherever they run, and by promise."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from conftest import forge, small_denoiser, small_unet
from sklearn.pipeline import make_pipeline

from conv_denoiser import (
    ConvDenoiser,
    MinMaxPerSample,
    SignalGenerator,
    StandardizePerSample,
    StreamingDenoiser,
    denoise_recording,
    load,
    save,
)
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.denoiser.defaults import PRETRAINED
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.pretrained.unet import unet_weights
from conv_denoiser.uncertainty.calibration import KEPT, Calibration, Ranked

NLL = {"loss": "gaussian_nll"}


def two_outputs(n_channels, filters, kernel_size):
    inputs = keras.Input((None, n_channels))
    return keras.Model(inputs, keras.layers.Conv1D(2 * n_channels, 3, padding="same")(inputs))


@pytest.fixture(scope="module")
def sines():
    """Noisy and clean sine waves, (600, 64), float64; the second half of each has more noise."""
    _, clean, _ = SignalGenerator("sine", n_timesteps=64, random_state=0).sample(600)
    level = np.where(np.arange(64) < 32, 0.05, 0.5)
    return clean + level * np.random.default_rng(0).normal(size=clean.shape), clean.astype(float)


@pytest.fixture(scope="module")
def fitted(sines):
    """A denoiser of 300 of these signals, conformalized with 200 others."""
    X, y = sines
    denoiser = small_unet(**NLL, filters=(4, 8), epochs=8, optimizer="adam")
    denoiser.fit(X[:300], y[:300])
    return denoiser.conformalize(X[300:500], y[300:500])


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "sure.onnx"
    to_onnx(fitted, path)
    return path


class TestStd:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "options", [{}, {"architecture": "unet", "filters": (4, 8)}], ids=["recipe's", "unet"]
    )
    def test_signals_are_those_of_the_squared_error(self, options, parabolas):
        plain = small_denoiser(loss="mean_squared_error", **options).fit(*parabolas)
        sure = small_denoiser(**NLL, **options).fit(*parabolas)
        expected = plain.transform(parabolas[0])
        np.testing.assert_array_equal(sure.transform(parabolas[0]), expected)
        mean, std = sure.predict(parabolas[0], return_std=True)
        np.testing.assert_array_equal(mean, expected)
        assert std.shape == mean.shape
        assert (std > 0).all()

    def test_comes_after_the_weights_that_are_part_of_the_package(self):
        X = np.random.default_rng(0).normal(size=(2, 64, 1)).astype(np.float32)
        sure = replace(PRETRAINED["unet"], gives_variance=True)
        model, plain = sure.build(), PRETRAINED["unet"].build()
        assert [array.shape for array in model.get_weights()] == sure.weight_shapes()
        trained = list(unet_weights())
        model.set_weights([*trained, *model.get_weights()[len(trained) :]])
        plain.set_weights(trained)
        np.testing.assert_array_equal(model(X)[..., :1], plain(X))

    def test_tells_noisy_halves_from_quiet_ones(self, fitted, sines):
        _, std = fitted.predict(sines[0][500:], return_std=True)
        assert std[:, 40:].mean() > 1.5 * std[:, :24].mean()

    @pytest.mark.parametrize("scaler", [MinMaxPerSample((-3, 1)), StandardizePerSample()])
    def test_has_the_units_of_the_signals(self, scaler, parabolas):
        X, y = (signals.astype(float) for signals in parabolas)
        denoiser = small_denoiser(**NLL, scaler=scaler).fit(X, y)
        mean, std = denoiser.predict(X, return_std=True)
        far, farther = denoiser.predict(1000 * X + 1e6, return_std=True)
        np.testing.assert_allclose(far, 1000 * mean + 1e6, rtol=1e-6)
        np.testing.assert_allclose(farther, 1000 * std, rtol=1e-3)

    @pytest.mark.slow
    def test_each_channel_has_its_own(self, two_channels):
        X, y = two_channels
        denoiser = small_denoiser(**NLL, optimizer="adam").fit(X, y)
        mean, std = denoiser.predict(X * [1, 100], return_std=True)
        assert mean.shape == std.shape == X.shape
        assert std[..., 1].mean() > 20 * std[..., 0].mean()

    def test_is_not_known_in_gaps(self, fitted, sines):
        X = sines[0][:3].copy()
        X[1, 10:20] = np.nan
        mean, std = fitted.predict(X, return_std=True)
        assert np.isfinite(mean).all()
        np.testing.assert_array_equal(np.isnan(std), np.isnan(X))

    def test_own_architectures_return_log_variances(self, parabolas):
        denoiser = small_denoiser(**NLL, architecture=two_outputs).fit(*parabolas)
        assert (denoiser.predict(parabolas[0], return_std=True)[1] > 0).all()
        with pytest.raises(ValueError, match="return \\(n_signals, n_timesteps, 1\\)"):
            small_denoiser(architecture=two_outputs).fit(*parabolas)

    def test_of_the_weights_of_the_package(self, parabolas):
        with pytest.raises(
            ValueError, match="goes on from them: .*denoise\\(x, return_std=True\\)"
        ):
            ConvDenoiser.from_pretrained().predict(parabolas[0], return_std=True)

    def test_of_networks_that_learned_none(self, model_file, wandering):
        with pytest.raises(ValueError, match="Fit with loss='gaussian_nll' first. The loss is 'au"):
            load(model_file).predict(wandering, return_std=True)


class TestIntervals:
    @pytest.mark.parametrize("coverage", [0.5, 0.9])
    def test_cover_new_signals(self, fitted, sines, coverage):
        X, y = (signals[500:] for signals in sines)
        lower, upper = fitted.predict_interval(X, coverage)
        inside = (lower <= y) & (y <= upper)
        assert inside.mean() == pytest.approx(coverage, abs=0.05)
        lower, upper = fitted.predict_interval(X, coverage, kind="band")
        whole = ((lower <= y) & (y <= upper)).all(axis=1)
        assert whole.mean() == pytest.approx(coverage, abs=0.15)

    def test_need_a_number_of_signals(self, fitted, sines):
        with pytest.raises(ValueError, match="at least 999 signals. Got 200"):
            fitted.predict_interval(sines[0], coverage=0.999)

    def test_need_a_kind(self, fitted, sines):
        with pytest.raises(ValueError, match="kind must be 'pointwise', .* Got 'bands'"):
            fitted.predict_interval(sines[0], kind="bands")

    def test_need_calibration_after_every_fit(self, parabolas):
        X, y = parabolas
        denoiser = small_denoiser(**NLL).fit(X, y).conformalize(X, y)
        denoiser.predict_interval(X)
        with pytest.raises(ValueError, match="not conformalized: call conformalize\\(X, y\\)"):
            denoiser.partial_fit(X, y).predict_interval(X)

    def test_need_clean_signals(self, fitted, sines):
        X = sines[0]
        for y in (None, np.zeros(len(X))):
            with pytest.raises(ValueError, match="pass y of X's shape .* It is 'paired'"):
                fitted.conformalize(X, y)

    def test_missing_samples_cannot_be_compared(self, fitted, sines):
        X, y = (signals[:5].copy() for signals in sines)
        X[0, 3] = np.nan
        with pytest.raises(ValueError, match="std holds NaN .* Leave out those signals"):
            fitted.conformalize(X, y)

    @pytest.mark.slow
    def test_draw_noise_where_training_did(self, sines):
        clean = sines[1]
        denoiser = small_denoiser(**NLL, noise=0.3).fit(clean[:300]).conformalize(clean[300:500])
        noisy = clean[500:] + 0.3 * np.random.default_rng(1).normal(size=(100, 64))
        lower, upper = denoiser.predict_interval(noisy, 0.8)
        inside = (lower <= clean[500:]) & (clean[500:] <= upper)
        assert inside.mean() == pytest.approx(0.8, abs=0.05)

    @pytest.mark.slow
    def test_of_noisy_samples_are_named_so(self, fitted, sines, tmp_path):
        X = sines[0]
        before = fitted.calibration_
        try:
            fitted.conformalize(X[300:500], of="noisy")
            with pytest.raises(ValueError, match="conformalized for noisy samples"):
                fitted.predict_interval(X)
            save(fitted, tmp_path / "noisy.safetensors")
        finally:
            fitted.calibration_ = before
        loaded = load(tmp_path / "noisy.safetensors")
        again = sines[1][500:] + (X[400:500] - sines[1][400:500])  # with the noise of others
        lower, upper = loaded.predict_interval(X[500:], 0.8, of="noisy")
        assert np.mean((lower <= again) & (again <= upper)) == pytest.approx(0.8, abs=0.06)
        with pytest.raises(ValueError, match="conformalized for clean samples. Ask"):
            fitted.predict_interval(X, of="noisy")
        with pytest.raises(ValueError, match="Got of='dirty'"):
            fitted.conformalize(X, of="dirty")
        with pytest.raises(ValueError, match="without y"):
            fitted.conformalize(X, sines[1], of="noisy")

    def test_as_the_last_step_of_a_pipeline(self, fitted, sines):
        X = sines[0][500:]
        pipeline = make_pipeline("passthrough", fitted)
        for got, expected in zip(
            pipeline.predict(X, return_std=True), fitted.predict(X, return_std=True), strict=True
        ):
            np.testing.assert_array_equal(got, expected)


class TestKeptScores:
    def test_a_quantile_of_many_is_hardly_higher(self):
        scores = np.random.default_rng(0).exponential(size=(300, 50))
        ranked = Ranked.of(scores)
        assert ranked.values.size <= KEPT
        ordered = np.sort(scores, axis=None)
        for rank in (1, 7, 8_000, 14_999, 15_000):
            assert ordered[rank - 1] <= ranked.at(rank) <= ordered[min(rank + 3, 14_999)]

    def test_infinite_ones_leave_no_interval(self):
        scores = {kind: Ranked.of(np.array([1.0, 2.0, np.inf])) for kind in ("pointwise", "band")}
        calibration = Calibration(3, scores)
        assert calibration.quantile(0.5) == 2
        with pytest.raises(ValueError, match="too many scores are infinite"):
            calibration.quantile(0.75)


class TestFiles:
    def test_keep_it_all(self, fitted, sines, tmp_path):
        X = sines[0][500:]
        save(fitted, tmp_path / "sure.safetensors")
        loaded = load(tmp_path / "sure.safetensors")
        for got, expected in zip(
            (*loaded.predict(X, return_std=True), *loaded.predict_interval(X, kind="band")),
            (*fitted.predict(X, return_std=True), *fitted.predict_interval(X, kind="band")),
            strict=True,
        ):
            np.testing.assert_array_equal(got, expected)

    def test_before_there_was_a_variance(self, model_file, wandering, tmp_path):
        path = tmp_path / "old.safetensors"
        path.write_bytes(model_file.read_bytes())

        def age(content):
            del content["network"]["gives_variance"], content["calibration"]

        forge(path, age)
        expected = load(model_file).transform(wandering)
        np.testing.assert_array_equal(load(path).transform(wandering), expected)

    @pytest.mark.parametrize(
        "change",
        [
            lambda scores: scores["values"].reverse(),
            lambda scores: scores["values"].append(1e9),
            lambda scores: scores.update(values="many"),
            lambda scores: scores.update(step=0),
            lambda scores: scores.update(n_scores=199),
        ],
    )
    def test_damaged_calibration(self, fitted, tmp_path, change):
        path = tmp_path / "sure.safetensors"
        save(fitted, path)
        forge(path, lambda content: change(content["calibration"]["scores"]["band"]))
        with pytest.raises(ModelFileError, match="makes no sense"):
            load(path)

    @pytest.mark.slow
    def test_onnx_says_the_same(self, fitted, exported, sines):
        for X in (sines[0][500:], sines[0][500:].astype(np.float32)):
            deployed = OnnxDenoiser(exported)
            expected = fitted.predict(X, return_std=True)
            for got, wanted in zip(deployed.predict(X, return_std=True), expected, strict=True):
                assert got.dtype == X.dtype
                np.testing.assert_allclose(got, wanted, atol=1e-4)
            intervals = deployed.predict_interval(X), fitted.predict_interval(X)
            np.testing.assert_allclose(*intervals, atol=1e-3)
            np.testing.assert_allclose(deployed.transform(X), expected[0], atol=1e-5)

    def test_onnx_without(self, onnx_file, sines):
        deployed = OnnxDenoiser(onnx_file)
        with pytest.raises(ValueError, match="does not say how uncertain"):
            deployed.predict(sines[0], return_std=True)
        with pytest.raises(ValueError, match="not conformalized"):
            deployed.predict_interval(sines[0])


class TestRecordings:
    def test_windows_side_by_side(self, fitted, sines):
        X = sines[0][500:510]
        both = denoise_recording(fitted, X.ravel(), overlap=0, batch_size=1, return_std=True)
        for got, expected in zip(both, fitted.predict(X, return_std=True), strict=True):
            np.testing.assert_allclose(got, expected.ravel(), rtol=1e-6)

    @pytest.mark.slow
    @pytest.mark.parametrize("deployed", [False, True], ids=["keras", "onnx"])
    def test_streams_say_the_same(self, fitted, exported, sines, deployed):
        denoiser = OnnxDenoiser(exported) if deployed else fitted
        recording = sines[0][500:510].ravel()
        recording[200:210] = np.nan
        mean, std = denoise_recording(denoiser, recording, return_std=True)
        np.testing.assert_array_equal(mean, denoise_recording(denoiser, recording))
        np.testing.assert_array_equal(np.isnan(std), np.isnan(recording))
        stream = StreamingDenoiser(denoiser, return_std=True)
        pairs = list(stream.iterate(np.split(recording, [5, 99, 300])))
        for got, expected in zip(zip(*pairs, strict=True), (mean, std), strict=True):
            np.testing.assert_array_equal(np.concatenate(got), expected)

    def test_channels_one_by_one(self, fitted, sines):
        recording = sines[0][500:510].ravel().reshape(-1, 2)
        both = denoise_recording(fitted, recording, channelwise=True, return_std=True)
        for channel in range(2):
            one = denoise_recording(fitted, recording[:, channel], return_std=True)
            for got, expected in zip(both, one, strict=True):
                np.testing.assert_allclose(got[:, channel], expected, rtol=1e-5)

    def test_written_to_a_pair(self, fitted, sines):
        recording = sines[0][500:503].ravel()
        outs = np.empty_like(recording), np.empty_like(recording, dtype=np.float32)
        written = denoise_recording(fitted, recording, out=outs, return_std=True)
        assert all(got is out for got, out in zip(written, outs, strict=True))
        with pytest.raises(ValueError, match="out must be a pair"):
            denoise_recording(fitted, recording, out=outs[:1], return_std=True)
