"""Rows of Dask arrays: what estimators make of them, chunk by chunk."""

import dask.array as da
import numpy as np
import pytest
from conftest import assert_same_bits, small_denoiser
from sklearn.pipeline import make_pipeline

from conv_denoiser import (
    ConvDenoiser,
    MinMaxPerSample,
    StandardizePerSample,
    denoise,
)
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_this_thread")


class TestRows:
    def test_are_mapped(self, learned, parabolas):
        noisy, _ = parabolas
        lazy = learned.transform(da.from_array(noisy, chunks=(25, 60)))
        assert lazy.chunks == ((25, 25, 10), (150,))
        np.testing.assert_allclose(lazy.compute(), learned.transform(noisy), rtol=1e-5)
        assert lazy.dtype == noisy.dtype

    def test_of_onnx_models_have_the_same_bits(self, onnx_file, parabolas):
        noisy, denoiser = parabolas[0][:, :64], OnnxDenoiser(onnx_file)
        assert_same_bits(
            denoiser.transform(da.from_array(noisy, chunks=7)), denoiser.transform(noisy)
        )

    def test_of_which_a_chunk_has_none(self, learned, parabolas):
        noisy = parabolas[0].astype(np.float32)
        lazy = learned.transform(da.from_array(noisy, chunks=((0, 60, 0), 150)))
        assert_same_bits(lazy, learned.transform(noisy))

    def test_of_tables(self, learned, parabolas):
        frames = pytest.importorskip("dask.dataframe")
        frame = frames.from_array(da.from_array(parabolas[0], chunks=(25, 150)))
        for function in (learned.transform, learned.fit, denoise):
            with pytest.raises(TypeError, match=r"DataFrame of Dask's.*to_dask_array"):
                function(frame)

    def test_are_not_a_recording(self, learned):
        with pytest.raises(ValueError, match="denoise_recording"):
            learned.transform(da.zeros(1000))

    def test_of_other_shapes_are_refused_at_once(self, learned, onnx_file, parabolas):
        noisy = da.from_array(parabolas[0])
        for function in (
            learned.transform,
            learned.predict,
            MinMaxPerSample().fit(parabolas[0]).transform,
        ):
            with pytest.raises(ValueError, match="X has 149 features, but"):
                function(da.zeros((9, 149)))
            with pytest.raises(ValueError, match=r"X has 2 channel\(s\)"):
                function(da.zeros((9, 150, 2)))
            with pytest.raises(ValueError, match="compute_chunk_sizes"):
                function(noisy[noisy[:, 0] > 0])
        with pytest.raises(ValueError, match=r"X has 2 channel\(s\)"):
            OnnxDenoiser(onnx_file).transform(da.zeros((9, 64, 2)))

    def test_of_subclasses(self, learned, parabolas):
        class Negative(ConvDenoiser):
            def transform(self, X):
                return -super().transform(X)

        negative = Negative()
        negative.__dict__.update(vars(learned))
        assert_same_bits(
            negative.transform(da.from_array(parabolas[0])), -learned.transform(parabolas[0])
        )

    def test_of_scalers(self, onnx_file, parabolas):
        for scaler in (MinMaxPerSample((-1, 1)), StandardizePerSample()):
            noisy, clean = (da.from_array(array, chunks=(25, 60)) for array in parabolas)
            scaled = scaler.fit(noisy).transform(clean, reference=noisy)
            assert (scaler.n_features_in_, scaler.n_channels_in_) == (150, 1)
            assert scaled.chunks == ((25, 25, 10), (150,))
            assert_same_bits(scaled, scaler.transform(parabolas[1], reference=parabolas[0]))
            assert_same_bits(scaler.fit_transform(noisy), scaler.transform(parabolas[0]))
            back = scaler.inverse_transform(scaled, reference=parabolas[0])
            assert_same_bits(
                back, scaler.inverse_transform(scaled.compute(), reference=parabolas[0])
            )
        with pytest.raises(ValueError, match="reference is a Dask array, but X is none"):
            scaler.transform(clean.compute(), reference=clean)
        with pytest.raises(ValueError, match=r"reference has shape \(9, 150\)"):
            scaler.transform(noisy, reference=clean[:9])
        for transformer in (scaler, ConvDenoiser.from_pretrained(), OnnxDenoiser(onnx_file)):
            transformer.set_output(transform="pandas")
            with pytest.raises(ValueError, match=r"X is a Dask array.*compute"):
                transformer.transform(noisy)
        with pytest.warns(UserWarning, match="taken for 2000 signals of 8 timesteps"):
            scaler.fit(da.zeros((2000, 8)))

    def test_are_not_read_by_scalers(self):
        def fail(block):
            raise AssertionError("was computed")

        lazy = da.zeros((9, 50), chunks=3).map_blocks(fail, meta=np.zeros((0, 0)))
        scaled = StandardizePerSample().fit_transform(lazy)
        with pytest.raises(AssertionError, match="was computed"):
            scaled.compute()

    def test_of_a_pipeline(self, parabolas):
        pipeline = make_pipeline(StandardizePerSample(), small_denoiser())
        denoised = pipeline.fit(*map(da.from_array, parabolas)).transform(
            da.from_array(parabolas[0])
        )
        assert_same_bits(denoised, pipeline.transform(parabolas[0]))

    def test_are_predicted(self, parabolas):
        noisy = da.from_array(parabolas[0].astype(np.float32), chunks=((0, 60), 150))
        denoiser = small_denoiser(loss="gaussian_nll").fit(*parabolas)
        expected = denoiser.predict(noisy.compute(), return_std=True)
        for lazy, array in zip(denoiser.predict(noisy, return_std=True), expected, strict=True):
            assert_same_bits(lazy, array)
        assert_same_bits(denoiser.predict(noisy), expected[0])

    @pytest.mark.filterwarnings("ignore:.*have no sample at all")
    def test_are_scored(self, learned, parabolas):
        noisy, clean = parabolas[0].copy(), parabolas[1]
        noisy[:25] = noisy[30, :9] = np.nan
        weight = np.arange(60) % 3
        lazy = da.from_array(noisy, chunks=(25, 60))
        score = learned.score(lazy, da.from_array(clean), sample_weight=weight)
        assert score == pytest.approx(learned.score(noisy, clean, sample_weight=weight), rel=1e-5)
        assert learned.score(lazy, clean) == pytest.approx(learned.score(noisy, clean), rel=1e-5)
        for y in (None, weight):
            with pytest.raises(ValueError, match="needs clean signals y"):
                learned.score(lazy, y)
        with pytest.raises(ValueError, match="nothing to compare"):
            learned.score(lazy[:25], clean[:25])
        for function in (learned.score, learned.fit):
            with pytest.raises(ValueError, match="y is a Dask array, but X is none"):
                function(noisy, da.from_array(clean))
