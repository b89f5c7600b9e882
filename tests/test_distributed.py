"""Dask arrays: lazy, and the bits that NumPy gives, however they are cut."""

import re
from multiprocessing.pool import ThreadPool

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import small_denoiser
from keras.callbacks import EarlyStopping
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import (
    ConvDenoiser,
    DenoisingWarning,
    MinMaxPerSample,
    StandardizePerSample,
    denoise,
    denoise_recording,
    windows,
)
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.export import OnnxDenoiser

SMOOTHER = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)


class Uncertain:
    """Denoiser that says how uncertain it is."""

    def predict(self, X, return_std=False):
        return X - X.mean(axis=1, keepdims=True), np.abs(X)


@pytest.fixture(autouse=True)
def _in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def learned(parabolas):
    return small_denoiser().fit(*parabolas)


@pytest.fixture(scope="module")
def signal():
    """Signal of three blocks of the universal model."""
    t = np.arange(40_000)
    return np.sin(t / 40) + 0.3 * np.random.default_rng(0).normal(size=t.size)


@pytest.fixture
def recording():
    return np.random.default_rng(0).normal(size=1003).cumsum()


def assert_same(lazy, array):
    computed = lazy.compute()
    assert (lazy.dtype, lazy.shape) == (array.dtype, array.shape)
    assert computed.dtype == array.dtype
    assert computed.tobytes() == array.tobytes()


class TestBits:
    @pytest.mark.parametrize("overlap", [0, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("window", [1, 64, 303])
    @pytest.mark.parametrize("chunks", [303, 7, 100, (1, 2, 300), (200, 0, 103)])
    def test_of_any_chunks(self, recording, chunks, window, overlap):
        recording = recording[:303]
        options = {"window": window, "overlap": overlap, "batch_size": 4}
        lazy = da.from_array(recording, chunks=(chunks,))
        denoised = denoise_recording(SMOOTHER, lazy, **options)
        assert denoised.chunks == lazy.chunks
        assert_same(denoised, denoise_recording(SMOOTHER, recording, **options))

    @pytest.mark.parametrize("n_samples", [1, 149, 150, 151, 380])
    def test_of_any_length(self, learned, recording, n_samples):
        short = recording[:n_samples].astype(np.float32)
        denoised = denoise_recording(learned, da.from_array(short, chunks=60), batch_size=3)
        assert_same(denoised, denoise_recording(learned, short, batch_size=3))

    @pytest.mark.parametrize("channelwise", [False, True])
    def test_of_chunks_of_channels(self, two_channels, learned, onnx_file, recording, channelwise):
        channels = np.stack([recording, recording[::-1], recording**2], axis=1)
        lazy = da.from_array(channels, chunks=(200, (1, 2)))
        for denoiser in (learned, OnnxDenoiser(onnx_file)) if channelwise else (SMOOTHER,):
            options = {"window": 64 if denoiser is SMOOTHER else None, "channelwise": channelwise}
            denoised = denoise_recording(denoiser, lazy, batch_size=2, **options)
            assert denoised.chunks == lazy.chunks
            assert_same(denoised, denoise_recording(denoiser, channels, batch_size=2, **options))

    def test_of_standard_deviations(self, recording):
        channels = np.stack([recording, recording[::-1]], axis=1)
        options = {"window": 50, "return_std": True}
        lazy = denoise_recording(Uncertain(), da.from_array(channels, chunks=(90, 1)), **options)
        arrays = denoise_recording(Uncertain(), channels, **options)
        for one, other in zip(lazy, arrays, strict=True):
            assert_same(one, other)
        assert_same(lazy[1] + 1, arrays[1] + 1)

    def test_of_gaps_and_integers(self, learned, recording):
        gappy = np.where(np.arange(1003) % 70 < 9, np.nan, recording)
        whole = np.arange(1003) % 50
        for samples in (gappy, whole, gappy.astype(">f4")):
            lazy = da.from_array(samples, chunks=110)
            denoised = denoise_recording(learned, lazy, batch_size=2)
            assert_same(denoised, denoise_recording(learned, samples, batch_size=2))

    def test_of_masked_samples(self, recording):
        masked = np.ma.masked_greater(recording, recording.max() - 1)
        lazy = da.from_array(masked, chunks=200)
        assert_same(
            denoise_recording(SMOOTHER, lazy, window=50),
            denoise_recording(SMOOTHER, masked, window=50),
        )


class TestGraph:
    def test_computes_nothing(self):
        def fail(block):
            raise AssertionError("was computed")

        lazy = da.zeros(1000, chunks=100).map_blocks(fail, meta=np.zeros(0))
        denoised = denoise_recording(SMOOTHER, lazy, window=50)
        with pytest.raises(AssertionError, match="was computed"):
            denoised.compute()

    @pytest.mark.parametrize("window", [3, 50, 5000])
    @pytest.mark.parametrize("n_columns", [1, 4])
    def test_has_few_tasks(self, window, n_columns):
        lazy = da.zeros((10_000, 4), chunks=(100, 4 // n_columns))
        graph = denoise_recording(SMOOTHER, lazy, window=window).__dask_graph__()
        # The denoiser itself is one more.
        assert len(graph) <= 5 * lazy.npartitions + 1

    def test_reads_what_a_part_needs(self, recording):
        read = []

        def note(block, block_info=None):
            read.append(block_info[0]["chunk-location"][0])
            return block

        lazy = da.from_array(recording, chunks=100).map_blocks(note, meta=np.zeros(0))
        denoise_recording(SMOOTHER, lazy, window=50)[520:530].compute()
        assert sorted(read) == [4, 5, 6]

    def test_has_one_name_for_one_thing(self, learned, recording):
        lazy = da.from_array(recording, chunks=100)
        once, again = (denoise_recording(learned, lazy) for _ in range(2))
        other = denoise_recording(learned, lazy, overlap=0)
        assert once.name == again.name != other.name


class TestErrors:
    def test_infinity(self, recording):
        recording[700] = np.inf
        lazy = denoise_recording(SMOOTHER, da.from_array(recording, chunks=100), window=50)
        with pytest.raises(ValueError, match="recording holds inf at sample 700 "):
            lazy.compute()

    def test_of_arguments_come_at_once(self, learned, recording):
        lazy = da.from_array(recording, chunks=100)
        for options, message in (
            ({"out": recording}, r"out is for NumPy arrays.*to_zarr"),
            ({"progress": True}, "progress=True is for NumPy arrays"),
            ({"window": 2000}, "window=2000, but the recording has 1003"),
            ({"overlap": 1}, "overlap"),
        ):
            with pytest.raises(ValueError, match=message):
                denoise_recording(learned, lazy, **options)
        with pytest.raises(ValueError, match="fitted on 1 channel"):
            denoise_recording(learned, lazy[:, np.newaxis].repeat(2, axis=1))
        with pytest.raises(ValueError, match="transposed"):
            denoise_recording(learned, lazy[np.newaxis])
        with pytest.raises(ValueError, match="compute_chunk_sizes"):
            denoise_recording(learned, lazy[lazy > 0])


class TestRows:
    def test_are_mapped(self, learned, parabolas):
        noisy, _ = parabolas
        lazy = learned.transform(da.from_array(noisy, chunks=(25, 60)))
        assert lazy.chunks == ((25, 25, 10), (150,))
        np.testing.assert_allclose(lazy.compute(), learned.transform(noisy), rtol=1e-5)
        assert lazy.dtype == noisy.dtype

    def test_of_onnx_models_have_the_same_bits(self, onnx_file, parabolas):
        noisy, denoiser = parabolas[0][:, :64], OnnxDenoiser(onnx_file)
        assert_same(denoiser.transform(da.from_array(noisy, chunks=7)), denoiser.transform(noisy))

    def test_of_which_a_chunk_has_none(self, learned, parabolas):
        noisy = parabolas[0].astype(np.float32)
        lazy = learned.transform(da.from_array(noisy, chunks=((0, 60, 0), 150)))
        assert_same(lazy, learned.transform(noisy))

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
        assert_same(
            negative.transform(da.from_array(parabolas[0])), -learned.transform(parabolas[0])
        )

    def test_of_scalers(self, parabolas):
        for scaler in (MinMaxPerSample((-1, 1)), StandardizePerSample()):
            noisy, clean = (da.from_array(array, chunks=(25, 60)) for array in parabolas)
            scaled = scaler.fit(noisy).transform(clean, reference=noisy)
            assert (scaler.n_features_in_, scaler.n_channels_in_) == (150, 1)
            assert scaled.chunks == ((25, 25, 10), (150,))
            assert_same(scaled, scaler.transform(parabolas[1], reference=parabolas[0]))
            assert_same(scaler.fit_transform(noisy), scaler.transform(parabolas[0]))
            back = scaler.inverse_transform(scaled, reference=parabolas[0])
            assert_same(back, scaler.inverse_transform(scaled.compute(), reference=parabolas[0]))
        with pytest.raises(ValueError, match="reference is a Dask array, but X is none"):
            scaler.transform(clean.compute(), reference=clean)
        with pytest.raises(ValueError, match=r"reference has shape \(9, 150\)"):
            scaler.transform(noisy, reference=clean[:9])
        for transformer in (scaler, ConvDenoiser.from_pretrained()):
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
        assert_same(denoised, pipeline.transform(parabolas[0]))

    def test_are_predicted(self, parabolas):
        noisy = da.from_array(parabolas[0].astype(np.float32), chunks=((0, 60), 150))
        denoiser = small_denoiser(loss="gaussian_nll").fit(*parabolas)
        expected = denoiser.predict(noisy.compute(), return_std=True)
        for lazy, array in zip(denoiser.predict(noisy, return_std=True), expected, strict=True):
            assert_same(lazy, array)
        assert_same(denoiser.predict(noisy), expected[0])

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


class TestDenoise:
    """The universal model, in blocks at fixed places."""

    def test_any_chunks(self, signal):
        denoised = denoise(signal, return_std=True)
        for chunks in (9000, (1, 30_000, 9999)):
            lazy = denoise(da.from_array(signal, chunks=(chunks,)), return_std=True)
            for one, other in zip(lazy, denoised, strict=True):
                assert_same(one, other)

    def test_warns_of_shapes(self, signal):
        for array, message in (
            (signal[:20], "too short to show"),
            (signal[:400].reshape(80, 5), "pass x.T"),
        ):
            for either in (array, da.from_array(array)):
                with pytest.warns(UserWarning, match=message):
                    denoise(either)

    def test_chunks_of_no_samples(self, signal):
        lazy = da.from_array(signal[:99], chunks=((0, 40, 0, 59),))
        assert_same(denoise(lazy), denoise(signal[:99]))

    def test_gaps(self, signal):
        gappy = signal.copy()
        gappy[np.random.default_rng(1).random(signal.size) < 0.1] = np.nan
        for begin, end in ((0, 300), (8990, 9020), (14_000, 17_000), (39_500, 40_000)):
            gappy[begin:end] = np.nan
        for options in ({}, {"max_gap": 100}):
            denoised = denoise(da.from_array(gappy, chunks=9000), **options)
            assert_same(denoised, denoise(gappy, **options))

    def test_a_gap_that_is_too_long(self):
        gappy = np.ones((3, 100_000, 2))
        gappy[2, 30_000:90_000, 1] = np.nan
        lazy = denoise(da.from_array(gappy, chunks=(2, 29_500, 1)))
        assert np.isfinite(lazy[:2].compute()).all()
        with pytest.raises(
            ValueError, match=r"x\[2, :, 1\] misses all samples from 30000 to 61439.*denoise_store"
        ):
            lazy[2, :29_500].compute()

    def test_signals_without_any_sample(self, signal):
        gappy = np.stack([signal[:40], np.full(40, np.nan)])
        with pytest.warns(UserWarning, match="1 of 2 signals have no sample at all"):
            expected = denoise(gappy)
        with pytest.warns(UserWarning, match="1 of 2 signals have no sample at all"):
            assert_same(denoise(da.from_array(gappy, chunks=20)), expected)
        nothing = da.full(100_000, np.nan, chunks=20_000)
        assert np.isnan(denoise(nothing, gaps="keep").compute()).all()
        assert np.isnan(denoise(nothing, max_gap=10_000).compute()).all()

    def test_many_signals(self, signal):
        rows = signal[:2000].reshape(4, 500).astype(np.float32)
        assert_same(denoise(da.from_array(rows, chunks=(3, 200))), denoise(rows))
        channels = rows.reshape(2, 500, 2)
        assert_same(denoise(da.from_array(channels, chunks=(1, 200, 1))), denoise(channels))

    def test_has_few_tasks(self):
        lazy = da.zeros((2, 50_000, 12), chunks=(1, 10_000, 6))
        # Each chunk is made, and its axes are exchanged and changed back.
        assert len(denoise(lazy).__dask_graph__()) <= (5 + 2) * lazy.npartitions

    def test_errors(self):
        for shape in ((), (0, 9), (9, 1), (2, 2, 2, 2)):
            with pytest.raises(ValueError, match="Got "):
                denoise(da.zeros(shape))
        for dtype, kind in ((complex, "Complex"), ("U3", "text"), ("M8[s]", "dates")):
            with pytest.raises(ValueError, match=kind):
                denoise(da.zeros(99).astype(dtype))
        with pytest.raises(ValueError, match="looks at whole signals"):
            denoise(da.zeros(99), bad="auto")
        with pytest.raises(ValueError, match="noise_std"):
            denoise(da.zeros(99), noise_std=-1)


class TestXarray:
    @pytest.fixture
    def ecg(self, recording):
        return xr.DataArray(
            np.stack([recording, recording[::-1]]),
            dims=("lead", "time"),
            coords={"time": np.arange(1003) / 360, "lead": ["I", "II"]},
            attrs={"units": "mV"},
            name="ecg",
        )

    def test_keeps_all_but_the_samples(self, ecg):
        expected = ecg.copy(data=denoise_recording(SMOOTHER, ecg.values.T, window=50).T)
        result = denoise_recording(SMOOTHER, ecg, window=50)
        xr.testing.assert_identical(result, expected)
        assert result.dims == ecg.dims
        lazy = denoise_recording(SMOOTHER, ecg.chunk(time=100), window=50)
        assert lazy.chunks == ecg.chunk(time=100).chunks
        xr.testing.assert_identical(lazy.compute(), expected)

    def test_data_set(self, ecg):
        data = xr.Dataset({"ecg": ecg, "age": 30, "note": ("time", ["a"] * 1003)})
        result = denoise_recording(SMOOTHER, data, window=50)
        single = denoise_recording(SMOOTHER, ecg, window=50)
        xr.testing.assert_identical(result, data.assign(ecg=single))

    def test_standard_deviations(self, ecg):
        array, std = denoise_recording(Uncertain(), ecg, window=50, return_std=True)
        assert array.dims == std.dims == ecg.dims
        assert (std >= 0).all()

    def test_name_of_time(self, ecg):
        renamed = ecg.rename(time="t")
        with pytest.raises(ValueError, match="no dimension 'time' among"):
            denoise_recording(SMOOTHER, renamed, window=50)
        result = denoise_recording(SMOOTHER, renamed, window=50, time_dim="t")
        assert result.rename(t="time").equals(denoise_recording(SMOOTHER, ecg, window=50))

    def test_of_times_that_do_not_rise(self, ecg):
        unsorted = ecg.isel(time=[1, 0, *range(2, 1003)])
        unknown = ecg.assign_coords(time=[*range(1002), np.nan])
        for array, complaint in ((unsorted, "must rise"), (unknown, "missing")):
            for either in (array, array.chunk(time=100)):
                with pytest.raises(ValueError, match=complaint):
                    denoise_recording(SMOOTHER, either, window=50)

    def test_trees(self, ecg):
        tree = xr.DataTree.from_dict({"/": xr.Dataset({"ecg": ecg}), "/b": xr.Dataset()})
        with pytest.raises(ValueError, match="tree of data sets"):
            denoise(tree)

    def test_universal_model(self, ecg):
        expected = ecg.copy(data=denoise(ecg.values))
        xr.testing.assert_identical(denoise(ecg), expected)
        xr.testing.assert_identical(denoise(ecg.rename(time="t")), expected.rename(time="t"))
        xr.testing.assert_identical(denoise(ecg.chunk(time=300)).compute(), expected)


class TestWindows:
    @pytest.mark.parametrize("chunks", [40, 303, 2000])
    @pytest.mark.parametrize("step", [None, 7, 100])
    def test_are_those_of_arrays(self, recording, chunks, step):
        channels = np.stack([recording, recording**2], axis=1)
        for samples in (recording, channels):
            lazy = windows(da.from_array(samples, chunks=(chunks, -1)[: samples.ndim]), 64, step)
            assert_same(lazy, windows(samples, 64, step))

    def test_errors(self, recording):
        with pytest.raises(ValueError, match=r"length=2000, but the recording has 1003"):
            windows(da.from_array(recording), 2000)

    def test_are_in_chunks_of_one_size(self, recording):
        lazy = da.from_array(recording[:303], chunks=((0, 3, 200, 100),))
        assert windows(lazy, 50).chunks[0] == (8, 3)

    def test_have_few_tasks(self):
        lazy = da.zeros(100_000, chunks=100)
        graph = windows(lazy, 40).__dask_graph__()
        assert len(graph.layers) == 2
        assert len(graph) <= 5 * lazy.npartitions

    def test_of_few_samples_of_many_channels(self, recording):
        channels = recording[:300].reshape(50, 6)
        assert_same(windows(da.from_array(channels, chunks=4), 5), windows(channels, 5))

    def test_of_masked_samples(self, recording):
        masked = np.ma.masked_greater(recording[:303], 1)
        cut = windows(masked, 50)
        assert np.isnan(cut).any()
        assert_same(windows(da.from_array(masked, chunks=100, asarray=False), 50), cut)


@pytest.mark.slow
class TestTraining:
    @pytest.fixture
    def lazy(self, parabolas):
        return [da.from_array(array, chunks=(13, 100)) for array in parabolas]

    def test_learns_from_all_signals_once_an_epoch(self, lazy, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 30 * 150)
        seen = []
        noisy = lazy[0].map_blocks(
            lambda block: seen.append(len(block)) or block, meta=np.empty((0, 0))
        )
        denoiser = small_denoiser(epochs=2).fit(noisy.rechunk((13, 150)), lazy[1])
        assert denoiser.n_epochs_ == len(denoiser.history_["loss"]) == 2
        assert denoiser.supervision_ == "paired"
        assert sum(seen) == 2 * 2 * 60  # of two columns of chunks
        assert denoiser.get_params()["batch_size"] == 16
        again = small_denoiser(epochs=2).fit(*lazy)
        noisy, _ = dask.compute(*lazy)
        np.testing.assert_array_equal(denoiser.transform(noisy), again.transform(noisy))
        again.set_params(random_state=1).fit(*lazy)  # forgets what it learned before
        assert (again.transform(noisy) != denoiser.transform(noisy)).any()

    def test_passes_over_chunks_of_no_signals(self, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        lazy = (da.from_array(array, chunks=((0, 30, 0, 30), 150)) for array in parabolas)
        assert small_denoiser().fit(*lazy).n_epochs_ == 1

    def test_forgets_names_of_timesteps(self, parabolas):
        table = pd.DataFrame(parabolas[0]).rename(columns=str)
        denoiser = small_denoiser().fit(table, parabolas[1])
        assert not hasattr(denoiser.fit(*map(da.from_array, parabolas)), "feature_names_in_")

    @pytest.mark.parametrize("value", [np.nan, 1])
    def test_passes_over_chunks_with_nothing_to_learn(self, parabolas, monkeypatch, value):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = parabolas[0].copy()
        noisy[:30] = value
        with pytest.warns(UserWarning, match="30 of 60 signals were left out"):
            denoiser = small_denoiser().fit(da.from_array(noisy, chunks=(30, 150)))
        assert len(denoiser.history_["loss"]) == 1
        noisy[:] = value
        with pytest.raises(ValueError, match=r"No signal has|every signal is flat"):
            denoiser.fit(da.from_array(noisy, chunks=(30, 150)))

    def test_tells_what_came_of_it(self, parabolas, monkeypatch, capfd):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 30 * 150)
        noisy, clean = (da.from_array(array, chunks=(30, 150)) for array in parabolas)
        denoiser = small_denoiser(epochs=2, verbose=1, validation_split=0.2)
        with pytest.warns(DenoisingWarning, match="made 8 training steps"):
            denoiser.fit(noisy, clean)
        assert denoiser.diagnostics_["snr_improvement_db"] is not None
        said = capfd.readouterr().err
        assert "120/120" in said
        assert "loss=" in said
        stops_early = [EarlyStopping(monitor="loss")]
        denoiser.set_params(epochs=1, verbose=2, validation_split=0.3, callbacks=stops_early)
        with (
            pytest.warns(UserWarning, match=r"validation_split=0\.3 is for arrays in memory"),
            pytest.warns(UserWarning, match="compare epochs, as EarlyStopping does"),
        ):
            denoiser.fit(noisy, clean)
        assert "Epoch 1/1 - loss: " in capfd.readouterr().out

    def test_warns_once(self, lazy, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = parabolas[0].copy()
        noisy[::6] = np.nan
        with pytest.warns(UserWarning, match="left out") as said:
            small_denoiser(epochs=2).fit(da.from_array(noisy, chunks=(13, 150)), lazy[1])
        texts = [str(warning.message) for warning in said if "left out" in str(warning.message)]
        assert len(texts) == 1
        assert re.match(r"Of \d+ signals read together: \d of \d+ signals are left out", texts[0])

    def test_tells_rows(self, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = np.concatenate([np.full((30, 150), np.nan), parabolas[0]])
        noisy[37, 70] += 30
        lazy = da.from_array(noisy, chunks=(30, 150))[:60]
        denoiser = small_denoiser(loss="mean_squared_error")
        with pytest.warns(UserWarning, match="30 of 60 signals were left out"):
            denoiser.fit(lazy)
        assert denoiser.diagnostics_["largest_outlier_signal"] == 37
        for name in "Xy":
            arrays = {"X": parabolas[0].copy(), "y": parabolas[1].copy()}
            arrays[name][47, 3] = np.inf
            lazies = (da.from_array(array, chunks=(30, 150)) for array in arrays.values())
            with pytest.raises(ValueError, match=f"{name} contains infinity.*in row 47"):
                small_denoiser().fit(*lazies)

    @pytest.mark.skipif(
        not hasattr(ConvDenoiser, "set_callbacks"), reason="scikit-learn 1.9 brings callbacks"
    )
    def test_tells_callbacks_of_epochs(self, lazy):
        from sklearn.callback import ScoringMonitor

        name = "neg_mean_squared_error"
        monitor = ScoringMonitor(scoring=name)
        denoiser = small_denoiser(epochs=2).set_callbacks(monitor).fit(*lazy)
        rows = monitor.get_logs().data
        scores = [row[name] for row in rows if row["task_name"] == "epoch"]
        noisy, clean = dask.compute(*lazy)
        assert scores[1] == pytest.approx(
            -np.mean((denoiser.predict(noisy) - clean) ** 2), rel=1e-4
        )
        assert scores[0] != scores[1]

    def test_learns_as_in_memory(self, lazy, parabolas):
        options = {"epochs": 10, "learning_rate": 0.01, "filters": (8,)}
        scores = [
            small_denoiser(**options).fit(*data).score(*parabolas) for data in (lazy, parabolas)
        ]
        assert abs(scores[0] - scores[1]) < 1  # dB, after few epochs

    @pytest.mark.slow
    def test_pace_is_that_of_memory(self, parabolas):
        one_chunk = [da.from_array(array, chunks=-1) for array in parabolas]
        fits = [
            ConvDenoiser("unet-small", batch_size=4, validation_split=0, random_state=0).fit(*data)
            for data in (one_chunk, parabolas)
        ]
        lazy, in_memory = (fit.transform(parabolas[0]) for fit in fits)
        np.testing.assert_array_equal(lazy, in_memory)

    def test_errors(self, lazy):
        with pytest.raises(ValueError, match="early_stopping=True is for arrays in memory"):
            small_denoiser(early_stopping=True).fit(*lazy)
        with pytest.raises(ValueError, match=r"y has shape \(60, 9\)"):
            small_denoiser().fit(lazy[0], lazy[1][:, :9])
        with pytest.raises(ValueError, match="60 signals, but y has 9 labels"):
            small_denoiser().fit(lazy[0], np.arange(9))
        with pytest.raises(ValueError, match=r"0 signal\(s\)"):
            small_denoiser().fit(lazy[0][:0])

    def test_interrupted(self, parabolas):
        blocks_left = iter(range(3))

        def read(block):
            if next(blocks_left, None) is None:
                raise KeyboardInterrupt
            return block

        noisy, clean = (da.from_array(array, chunks=(30, 150)) for array in parabolas)
        denoiser = small_denoiser(epochs=9)
        with (
            pytest.warns(UserWarning, match="interrupted after 1 of 9 epochs"),
            pytest.raises(KeyboardInterrupt),
        ):
            denoiser.fit(noisy.map_blocks(read, dtype=noisy.dtype, meta=noisy._meta), clean)
        assert len(denoiser.history_["loss"]) == denoiser.n_epochs_ == 1
        assert denoiser.transform(parabolas[0]).shape == (60, 150)


class TestModels:
    def test_are_opened_once(self, learned):
        shipped = Shipped.of(learned)
        assert shipped.open() is Shipped.of(learned).open()
        assert shipped.open() is not learned
        with ThreadPool(4) as pool:
            opened = pool.map(Shipped.open, [Shipped.of([4])] * 4)
        assert all(model is opened[0] for model in opened)

    def test_stay_as_they_were(self, parabolas, recording):
        denoiser = small_denoiser().fit(*parabolas)
        before = denoise_recording(denoiser, recording)
        lazy = denoise_recording(denoiser, da.from_array(recording, chunks=300))
        denoiser.partial_fit(*parabolas)
        assert_same(lazy, before)
