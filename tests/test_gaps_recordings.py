"""Missing samples in recordings, streams, files of models, and for the command."""

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import Gaps, SignalGenerator, StreamingDenoiser, denoise_recording
from conv_denoiser.__main__ import main
from conv_denoiser.export import OnnxDenoiser, to_onnx

NOTHING = FunctionTransformer()
RAMP = np.arange(400.0)


def gappy(x=RAMP):
    x = x.copy()
    x[[0, 50, 399]] = x[100:120] = x[250:300] = np.nan
    return x


class Keeping(FunctionTransformer):
    gaps = "keep"


class TestRecordings:
    def test_gaps_are_filled_by_any_denoiser(self):
        denoised = denoise_recording(NOTHING, gappy(), window=120)
        np.testing.assert_allclose(denoised[1:-1], RAMP[1:-1], atol=30)
        there = np.isfinite(gappy())
        np.testing.assert_allclose(denoised[there], RAMP[there], atol=1e-9)

    def test_a_denoiser_has_its_say(self):
        kept = denoise_recording(Keeping(), gappy(), window=120)
        np.testing.assert_allclose(kept, gappy())
        two = np.stack([gappy(), RAMP], axis=1)
        by_channel = denoise_recording(Keeping(), two, window=120, channelwise=True)
        np.testing.assert_allclose(by_channel, two)

    def test_masked_samples_are_missing(self):
        masked = np.ma.masked_invalid(gappy())
        expected = denoise_recording(NOTHING, gappy(), window=120)
        np.testing.assert_array_equal(denoise_recording(NOTHING, masked, window=120), expected)
        counts = np.ma.masked_array(RAMP.astype(np.int16), masked.mask)
        np.testing.assert_array_equal(denoise_recording(NOTHING, counts, window=120), expected)

    def test_windows_without_samples_stay_missing_with_one_warning(self):
        x = RAMP.copy()
        x[100:200], x[300:360] = np.nan, np.nan
        with pytest.warns(UserWarning, match="no sample at all") as caught:
            denoised = denoise_recording(NOTHING, x, window=20, batch_size=1)
        assert len(caught) == 1
        assert np.isfinite(denoised[np.isfinite(x)]).all()
        assert np.isnan(denoised[120:180]).all()

    @pytest.mark.parametrize("size", [1, 7, 130])
    @pytest.mark.parametrize("denoiser", [NOTHING, Keeping()], ids=["fill", "keep"])
    def test_streams_give_the_same_bits(self, denoiser, size):
        smooth = type(denoiser)(lambda X: np.cumsum(X, axis=1) / 7)
        stream = StreamingDenoiser(smooth, window=60, overlap=0.7, batch_size=2)
        chunks = [gappy()[begin : begin + size] for begin in range(0, 400, size)]
        pieces = list(stream.iterate(chunks))
        whole = denoise_recording(smooth, gappy(), window=60, overlap=0.7, batch_size=2)
        np.testing.assert_array_equal(np.concatenate(pieces), whole)

    @pytest.mark.slow
    def test_a_convolutional_denoiser(self, pair):
        denoised = denoise_recording(pair[0], gappy())
        left = np.isnan(denoised)
        assert left[100:120].all()
        assert left[250:300].all()
        assert left.sum() == 70


@pytest.fixture(scope="module")
def pair(wandering, tmp_path_factory):
    """A denoiser that keeps long gaps, and its file."""
    denoiser = small_denoiser(validation_split=0, gaps=Gaps(max_gap=5)).fit(wandering)
    path = tmp_path_factory.mktemp("model") / "gaps.onnx"
    to_onnx(denoiser, path)
    return denoiser, OnnxDenoiser(path)


class TestOnnx:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_agrees(self, pair, wandering, dtype):
        denoiser, deployed = pair
        X = wandering.astype(dtype)
        X[0, 3:7], X[1, 30:], X[2, ::4] = np.nan, np.nan, np.nan
        expected, denoised = denoiser.transform(X), deployed.transform(X)
        assert np.isnan(denoised).sum() == 21
        np.testing.assert_allclose(denoised, expected, rtol=0, atol=1e-4 * np.ptp(wandering))
        assert denoised.dtype == dtype
        np.testing.assert_array_equal(deployed.predict(np.ma.masked_invalid(X)), denoised)
        assert deployed.gaps == Gaps(max_gap=5)
        assert deployed.__sklearn_tags__().input_tags.allow_nan

    def test_a_signal_without_samples(self, pair, wandering):
        X = wandering[:2].copy()
        X[1] = np.nan
        with pytest.warns(UserWarning, match="1 of 2 signals have no sample"):
            assert np.isnan(pair[1].transform(X)).all(axis=1).tolist() == [False, True]


@pytest.mark.usefixtures("in_a_folder")
class TestCommand:
    def denoised(self, text, *options):
        with open("noisy.csv", "w") as file:
            file.write(text)
        assert main(["denoise", "noisy.csv", "--output", "clean.csv", "--quiet", *options]) == 0
        with open("clean.csv") as file:
            return [line.split(",") for line in file.read().splitlines()]

    @pytest.mark.parametrize("missing", ["", "nan", "NaN", "NA", " n/a", "null"])
    def test_words_for_missing_samples(self, missing):
        noisy = np.round(SignalGenerator(random_state=0).sample(1).noisy[0], 3)
        cells = [str(value) for value in noisy]
        cells[0] = cells[70] = missing
        rows = self.denoised("".join(f"{k},{v}\n" for k, v in enumerate(cells)), "--column", "2")
        values = np.array([float(value) for _, value in rows])
        assert len(values) == len(noisy)
        np.testing.assert_allclose(values, noisy, atol=0.3)

    def test_what_is_not_filled_stays_as_it_was(self):
        lines = "".join(f"{k},{k % 5},NA\n" for k in range(90))
        rows = self.denoised("time,a,b\n" + lines, "--column", "b")
        assert rows[0] == ["time", "a", "b"]
        assert [b for *_, b in rows[1:]] == ["NA"] * 90
