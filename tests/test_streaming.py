"""Streams give what recordings give, to the bit, and as soon as they say."""

import numpy as np
import pytest
from conftest import quick_one_first, small_denoiser, small_unet
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import SignalGenerator, StreamingDenoiser, denoise_recording

NOTHING = FunctionTransformer()


def chopped(recording, rng, longest):
    """Cut a recording into pieces of random length, some of them empty."""
    begin = 0
    while begin < len(recording):
        length = rng.integers(0, longest)
        yield recording[begin : begin + length]
        begin += length


@pytest.fixture(scope="module")
def recording():
    return SignalGenerator("ecg", n_timesteps=3000, random_state=0).sample(1).noisy[0]


@pytest.fixture(scope="module", params=quick_one_first(["autoencoder", "unet"]))
def denoiser(request):
    """Denoisers of 64 timesteps: TensorFlow's rounding depends on the size of a batch."""
    X, y = SignalGenerator("sine", n_timesteps=64, random_state=0).sample(40, return_X_y=True)
    return (small_denoiser() if request.param == "autoencoder" else small_unet()).fit(X, y)


class TestEquality:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("longest", [2, 40, 700])
    def test_any_pieces(self, denoiser, recording, longest, dtype):
        noisy = recording[: 30 * longest].astype(dtype)
        expected = denoise_recording(denoiser, noisy, batch_size=40)
        stream = StreamingDenoiser(denoiser, batch_size=40)
        pieces = list(stream.iterate(chopped(noisy, np.random.default_rng(0), longest)))
        result = np.concatenate(pieces)
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, expected)

    @pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.8])
    @pytest.mark.parametrize("n_samples", [1, 9, 10, 11, 14, 15, 16, 100, 257])
    def test_any_length(self, n_samples, overlap):
        slope = FunctionTransformer(lambda X: X - np.linspace(0, 1, 10) * X.mean(axis=1)[:, None])
        noisy = np.random.default_rng(0).normal(size=n_samples)
        slope.n_features_in_ = 10  # so that short recordings are padded
        expected = denoise_recording(slope, noisy, overlap=overlap, batch_size=4)
        stream = StreamingDenoiser(slope, overlap=overlap, batch_size=4)
        pieces = [stream.push(sample) for sample in noisy]
        np.testing.assert_array_equal(np.concatenate([*pieces, stream.flush()]), expected)

    def test_rounding_that_depends_on_the_place_in_a_call(self, recording):
        """As that of TensorFlow does, now and then."""
        rounding = FunctionTransformer(lambda X: X + len(X) + np.arange(len(X))[:, np.newaxis])
        for batch_size in (1, 7, 64):
            options = {"window": 20, "batch_size": batch_size}
            expected = denoise_recording(rounding, recording, **options)
            stream = StreamingDenoiser(rounding, **options)
            pieces = stream.iterate(chopped(recording, np.random.default_rng(0), 90))
            np.testing.assert_array_equal(np.concatenate(list(pieces)), expected)

    def test_channels(self, recording):
        noisy = recording[:900].reshape(-1, 3)
        for channelwise in (False, True):
            options = {"window": 20, "channelwise": channelwise}
            expected = denoise_recording(NOTHING, noisy, **options)
            stream = StreamingDenoiser(NOTHING, 3, **options)
            pieces = stream.iterate(chopped(noisy, np.random.default_rng(0), 30))
            np.testing.assert_array_equal(np.concatenate(list(pieces)), expected)


class TestLatency:
    @pytest.mark.parametrize("overlap", [0, 0.3, 0.5, 0.9])
    def test_is_kept(self, overlap):
        stream = StreamingDenoiser(NOTHING, overlap=overlap, window=20, batch_size=1)
        n_returned, held_back = 0, []
        for n_pushed in range(1, 500):
            n_returned += stream.push(0.0).size
            held_back.append(n_pushed - n_returned)
        # Sample i is there once sample i + latency was pushed; and no sooner than it must be.
        assert max(held_back) == stream.latency == 19

    def test_empty(self):
        stream = StreamingDenoiser(NOTHING, window=20)
        assert stream.push([]).shape == (0,)
        assert stream.flush().shape == (0,)
        assert StreamingDenoiser(NOTHING, 2, window=20).flush().shape == (0, 2)
        assert StreamingDenoiser(NOTHING, 2, window=20).push([]).shape == (0, 2)

    def test_type_is_that_of_the_first_samples(self):
        stream = StreamingDenoiser(NOTHING, window=20)
        stream.push([])
        with pytest.raises(ValueError, match="inf"):
            stream.push([np.inf])
        assert stream.push(np.zeros(30, np.float32)).dtype == np.float32
        with pytest.raises(ValueError, match="samples holds inf at sample 30 "):
            stream.push([1e300])
        assert stream.push(np.zeros(30)).dtype == np.float32

    def test_failing_denoiser_takes_no_sample(self, recording):
        def fail_once(X):
            calls.append(len(X))
            if len(calls) == 2:
                raise OSError("gone for a moment")
            return X

        calls = []
        stream = StreamingDenoiser(FunctionTransformer(fail_once), window=20)
        pieces = [stream.push(recording[:100])]
        with pytest.raises(OSError, match="for a moment"):
            stream.push(recording[100:200])
        pieces += [stream.push(recording[100:]), stream.flush()]
        np.testing.assert_allclose(np.concatenate(pieces), recording, atol=1e-6)

    def test_denoiser_that_reuses_its_memory(self, recording):
        memory = np.empty((8, 20))

        def into_memory(X):
            memory[:] = X
            return memory

        options = {"window": 20, "batch_size": 8}
        stream = StreamingDenoiser(FunctionTransformer(into_memory), **options)
        noisy = recording.astype(float)
        pieces = [stream.push(noisy[:333]), stream.push(noisy[333:]), stream.flush()]
        np.testing.assert_allclose(np.concatenate(pieces), noisy, rtol=1e-12)


class TestLife:
    def test_ends_and_begins_anew(self, recording):
        stream = StreamingDenoiser(NOTHING, window=20)
        first = np.concatenate([stream.push(recording[:500]), stream.flush()])
        with pytest.raises(RuntimeError, match=r"has ended. Call reset\(\)"):
            stream.push(recording)
        with pytest.raises(RuntimeError, match="has ended already"):
            stream.flush()
        stream.reset()
        second = np.concatenate([stream.push(recording[:500]), stream.flush()])
        np.testing.assert_array_equal(first, second)

    def test_context(self):
        with StreamingDenoiser(NOTHING, window=20) as stream:
            stream.push(np.zeros(30))
        with pytest.raises(RuntimeError, match="has ended"):
            stream.push(0.0)

    def test_memory_does_not_grow(self):
        stream = StreamingDenoiser(NOTHING, window=20)
        for _ in range(100):
            stream.push(np.zeros(1000))
        held = [stream._kept, stream._fade._outputs, stream._fade._counts]
        assert all(array.size < 60 and array.base is None for array in held)

    def test_an_error_takes_no_sample(self, recording):
        stream = StreamingDenoiser(NOTHING, window=20)
        pieces = [stream.push(recording[:100])]
        with pytest.raises(ValueError, match="samples holds inf at sample 102 "):
            stream.push([0.0, 0.0, np.inf])
        with pytest.raises(ValueError, match=r"must have shape \(n,\) or \(n, 1\). Got \(2, 2\)"):
            stream.push(np.zeros((2, 2)))
        pieces += [stream.push(recording[100:]), stream.flush()]
        np.testing.assert_allclose(np.concatenate(pieces), recording, atol=1e-6)

    def test_wrong_samples(self):
        stream = StreamingDenoiser(NOTHING, 2, window=20)
        for wrong in (np.zeros(2), np.zeros((5, 3)), 0.0, np.zeros((1, 1, 2))):
            with pytest.raises(ValueError, match=r"2 channel.* must have shape \(n, 2\)"):
                stream.push(wrong)
        with pytest.raises(ValueError, match="real numbers"):
            stream.push(["a"])
        with pytest.raises(ValueError, match="n_channels must be a positive integer"):
            StreamingDenoiser(NOTHING, 0, window=20)
        with pytest.raises(ValueError, match="overlap"):
            StreamingDenoiser(NOTHING, overlap=1, window=20)

    def test_unfitted(self):
        with pytest.raises(ValueError, match="ConvDenoiser does not say .* Fit it"):
            StreamingDenoiser(small_denoiser())

    def test_columns_stay_columns(self):
        stream = StreamingDenoiser(NOTHING, window=4)
        assert stream.push(np.zeros((9, 1))).shape == (6, 1)
        assert stream.flush().shape == (3, 1)
