"""ONNX files say the same as the denoiser, without TensorFlow, and wrong ones are refused."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import onnx
import pytest
from conftest import quick_one_first, small_denoiser, small_unet
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from conv_denoiser import (
    MinMaxPerSample,
    StandardizePerSample,
    StreamingDenoiser,
    __version__,
    denoise_recording,
)
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.metrics import snr_improvement_scorer
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.plotting import DenoisingDisplay
from conv_denoiser.preprocessing import PerSampleScaler


def fewer_timesteps(n_channels, filters, kernel_size):
    """Build a network that needs an even number of timesteps."""
    inputs = keras.Input((None, n_channels))
    x = keras.layers.AveragePooling1D(2)(inputs)
    x = keras.layers.Conv1D(4, 3, padding="same", activation="tanh")(x)
    return keras.Model(inputs, keras.layers.Conv1DTranspose(n_channels, 2, 2)(x))


LINEAR = {"loss": "mean_squared_error"}
DENOISERS = {
    "small": small_denoiser,
    "recipe": lambda: small_denoiser(filters=(128, 32)),
    "standardized": lambda: small_denoiser(**LINEAR, scaler=StandardizePerSample()),
    "other range": lambda: small_denoiser(**LINEAR, scaler=MinMaxPerSample((-3, 1))),
    "unscaled": lambda: small_denoiser(**LINEAR, scaler=None),
    "unet": small_unet,
    "three levels": lambda: small_unet(filters=(4, 8, 8)),
    "of one's own": lambda: small_denoiser(architecture=fewer_timesteps),
}


@pytest.fixture(scope="module")
def signals():
    """Random walks, (40, 51)."""
    return np.random.default_rng(0).normal(size=(40, 51)).cumsum(axis=1)


@pytest.fixture(scope="module", params=quick_one_first(DENOISERS))
def pair(request, signals, tmp_path_factory):
    """A denoiser, and the ONNX file of it."""
    denoiser = DENOISERS[request.param]().fit(signals, 0.9 * signals)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    to_onnx(denoiser, path)
    return denoiser, OnnxDenoiser(path)


@pytest.fixture(scope="module")
def fitted(signals):
    """A small denoiser that tests do not change."""
    return small_denoiser().fit(signals, signals)


@pytest.fixture(scope="module")
def path(signals, tmp_path_factory):
    """ONNX file of a small denoiser."""
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    denoiser = small_denoiser(noise=GaussianNoise(snr_db=(0, 12)))
    to_onnx(denoiser.fit(signals), path, sampling_rate=360)
    return path


def assert_agree(result, expected, X):
    """Agree to 1e-5 of each signal's range, or to what the type can hold."""
    tolerance = 1e-5 * np.ptp(X, axis=1, keepdims=True) + 2 * np.spacing(np.abs(X).max())
    assert (np.abs(result - expected) <= tolerance).all()
    assert result.dtype == expected.dtype


class TestAgreement:
    def test_with_transform(self, pair, signals):
        denoiser, deployed = pair
        for X in (signals, signals.astype("float32"), signals[:1], signals[:, :, np.newaxis]):
            result = deployed.transform(X)
            assert_agree(result, denoiser.transform(X), X)
            np.testing.assert_array_equal(deployed.predict(X), result)

    def test_large_offsets_and_odd_units(self, pair, signals):
        denoiser, deployed = pair
        if denoiser.scaler_ is None:
            pytest.skip("without a scaler, signals must have the size of those fitted on")
        for X in (1e-25 * signals, 1e25 * signals, signals + 1e9, signals.astype("f4") + 1e4):
            assert_agree(deployed.transform(X), denoiser.transform(X), X)
        flat = np.full((3, 51), 7.5)
        np.testing.assert_array_equal(deployed.transform(flat), denoiser.transform(flat))

    def test_bits_do_not_depend_on_company_or_threads(self, pair, signals):
        _, deployed = pair
        together = deployed.transform(signals)
        alone = np.concatenate([deployed.transform(row[np.newaxis]) for row in signals])
        np.testing.assert_array_equal(together, alone)
        single = OnnxDenoiser(deployed.path, n_threads=1)
        np.testing.assert_array_equal(together, single.transform(signals))

    def test_artefacts_of_others_change_no_bits(self, pair, signals):
        denoiser, deployed = pair
        X = signals[:6].copy()
        X[1, 20:] += 500
        X[2, 30] = -900
        X[3] += np.linspace(0, 300, 51)
        X[4] = np.repeat(X[4, ::3], 3)  # steps that add up to a spike, each too small for a jump
        together = deployed.transform(X)
        alone = np.concatenate([deployed.transform(row[np.newaxis]) for row in X])
        np.testing.assert_array_equal(together, alone)
        assert_agree(together, denoiser.transform(X), X)

    def test_many_signals(self, path, signals):
        deployed = OnnxDenoiser(path)
        many = np.tile(signals, (20, 1))
        expected = np.tile(deployed.transform(signals), (20, 1))
        np.testing.assert_array_equal(deployed.transform(many), expected)

    @pytest.mark.parametrize("n_timesteps", [1, 2, 7, 50, 52, 500])
    def test_any_length(self, pair, n_timesteps):
        _, deployed = pair
        X = np.random.default_rng(0).normal(size=(3, n_timesteps))
        result = deployed.transform(X)
        assert result.shape == X.shape
        assert np.isfinite(result).all()

    @pytest.mark.slow
    def test_longer_signals_are_denoised_as_by_a_denoiser_of_that_length(self, path, signals):
        long = np.concatenate([signals, signals], axis=1)
        trained = small_denoiser(noise=GaussianNoise(snr_db=(0, 12))).fit(signals)
        other = small_denoiser(warm_start=True).fit(long, long)
        other.model_.set_weights(trained.model_.get_weights())
        other._network.scaling = trained._network.scaling  # what was rare in training
        assert_agree(OnnxDenoiser(path).transform(long), other.transform(long), long)

    @pytest.mark.slow
    def test_channels(self, two_channels, tmp_path):
        X, y = two_channels
        for name, denoiser in (("a", small_denoiser()), ("u", small_unet())):
            to_onnx(denoiser.fit(X, y), tmp_path / name)
            deployed = OnnxDenoiser(tmp_path / name)
            assert_agree(deployed.transform(X), denoiser.transform(X), X)
            with pytest.raises(ValueError, match=r"X has 1 channel.*fitted on 2\."):
                deployed.transform(X[:, :, 0])

    @pytest.mark.slow
    def test_denoiser_is_not_changed(self, signals, tmp_path):
        denoiser = small_denoiser(warm_start=True).fit(signals, signals)
        before = denoiser.transform(signals)
        layers = [layer.name for layer in denoiser.model_.layers]
        to_onnx(denoiser, tmp_path / "model.onnx")
        np.testing.assert_array_equal(denoiser.transform(signals), before)
        assert [layer.name for layer in denoiser.model_.layers] == layers
        denoiser.fit(signals, signals)


class TestGraph:
    def test_is_valid_and_its_axes_are_free(self, pair):
        _, deployed = pair
        model = onnx.load(deployed.path)
        onnx.checker.check_model(model, full_check=True)
        assert [entry.version for entry in model.opset_import if entry.domain == ""] == [17]
        for value, name in ((model.graph.input, "noisy"), (model.graph.output, "denoised")):
            (tensor,) = value
            assert tensor.name == name
            shape = tensor.type.tensor_type.shape.dim
            assert [axis.dim_param or axis.dim_value for axis in shape][:2] == [
                "n_signals",
                "n_timesteps",
            ]

    def test_card(self, path):
        card = OnnxDenoiser(path).card
        assert card["library_version"] == __version__
        assert (card["n_timesteps"], card["n_channels"]) == (51, 1)
        assert card["sampling_rate"] == 360.0
        assert card["supervision"] == "synthetic"
        assert card["noise"] == "GaussianNoise(snr_db=(0, 12))"
        (entry,) = onnx.load(path).metadata_props
        assert json.loads(entry.value) == card

    def test_file_holds_little_but_the_weights(self, pair):
        denoiser, deployed = pair
        n_bytes = os.stat(deployed.path).st_size
        assert n_bytes < 4 * denoiser.model_.count_params() + 70_000


class TestWithoutTensorFlow:
    def test_numpy_and_onnxruntime_are_enough(self, path):
        code = f"""
import sys
wanted_not = ["tensorflow", "keras", "scikeras", "sklearn", "scipy", "matplotlib", "onnx", "tqdm"]
sys.modules.update(dict.fromkeys(wanted_not))  # an import of any of them fails
import numpy as np
from conv_denoiser import StreamingDenoiser, denoise_recording
from conv_denoiser.export import OnnxDenoiser
denoiser = OnnxDenoiser({str(path)!r}, n_threads=1)
recording = np.sin(np.arange(1000.0))
a = denoise_recording(denoiser, recording)
b = np.concatenate(list(StreamingDenoiser(denoiser).iterate(np.split(recording, 20))))
print((a == b).all(), a.shape)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "True (1000,)\n", done.stderr


class TestCompany:
    """An OnnxDenoiser stands wherever a denoiser does."""

    def test_pipeline(self, path, signals):
        labels = signals.mean(axis=1) > np.median(signals.mean(axis=1))
        pipeline = make_pipeline(OnnxDenoiser(path), LogisticRegression(max_iter=10_000))
        assert clone(pipeline).fit(signals, labels).score(signals, labels) > 0.7
        assert pipeline.set_params(onnxdenoiser__n_threads=1)[0].n_threads == 1
        assert make_pipeline(OnnxDenoiser(path)).fit_transform(signals).shape == signals.shape

    def test_scorer_and_display(self, path, signals):
        noisy = signals + np.random.default_rng(0).normal(size=signals.shape)
        deployed = OnnxDenoiser(path)
        gain = snr_improvement_scorer(deployed, noisy, signals)
        assert np.isfinite(gain)
        DenoisingDisplay.from_estimator(deployed, noisy, signals, n_signals=2)

    def test_pickles_survive_the_file(self, path, signals, tmp_path):
        copy = tmp_path / "copy.onnx"
        copy.write_bytes(path.read_bytes())
        deployed = OnnxDenoiser(copy, n_threads=1)
        data = pickle.dumps(deployed)
        copy.unlink()
        restored = pickle.loads(data)
        np.testing.assert_array_equal(restored.transform(signals), deployed.transform(signals))
        assert restored.n_threads == 1
        assert restored.set_params(n_threads=2).n_threads == 2
        with pytest.raises(ValueError, match="has the parameters path and n_threads"):
            restored.set_params(threads=2)

    def test_threads_share_one(self, path):
        deployed = OnnxDenoiser(path)
        batches = [np.random.default_rng(seed).normal(size=(9, 51)) for seed in range(40)]
        expected = [deployed.transform(batch) for batch in batches]
        with ThreadPoolExecutor(8) as pool:
            for result, wanted in zip(pool.map(deployed.transform, batches), expected, strict=True):
                np.testing.assert_array_equal(result, wanted)

    def test_recordings_and_streams(self, pair):
        _, deployed = pair
        noisy = np.random.default_rng(0).normal(size=3000).cumsum()
        expected = denoise_recording(deployed, noisy)
        stream = StreamingDenoiser(deployed)
        pieces = [stream.push(noisy[:1]), stream.push(noisy[1:1700])]
        pieces += [stream.push(sample) for sample in noisy[1700:]]
        np.testing.assert_array_equal(np.concatenate([*pieces, stream.flush()]), expected)
        # Batches of another size give the same bits, too.
        np.testing.assert_array_equal(denoise_recording(deployed, noisy, batch_size=3), expected)

    def test_other_windows(self, path):
        noisy = np.random.default_rng(0).normal(size=3000).cumsum()
        assert denoise_recording(OnnxDenoiser(path), noisy, window=200).shape == (3000,)

    def test_repr(self, path):
        assert repr(OnnxDenoiser(path)) == f"OnnxDenoiser({str(path)!r}, n_threads=None)"


class OwnScaler(PerSampleScaler):
    origin = 0.0

    def offset_and_scale(self, X):
        return X[:, :1], np.abs(X).max(axis=1, keepdims=True)


class TestErrors:
    @pytest.mark.slow
    def test_what_cannot_be_exported(self, fitted, signals, tmp_path):
        target = tmp_path / "model.onnx"
        with pytest.raises(TypeError, match="takes a ConvDenoiser, alone. Got Pipeline"):
            to_onnx(make_pipeline(small_denoiser()), target)
        with pytest.raises(ValueError, match="not fitted"):
            to_onnx(small_denoiser(), target)
        own = small_denoiser(**LINEAR, scaler=OwnScaler()).fit(signals, signals)
        with pytest.raises(ValueError, match=r"OwnScaler\(\), cannot be exported"):
            to_onnx(own, target)
        for rate in (0, -1.0, np.nan, np.inf):
            with pytest.raises(ValueError, match="sampling_rate must be a positive number of Hz"):
                to_onnx(fitted, target, sampling_rate=rate)
        with pytest.raises(IsADirectoryError, match="it is a folder"):
            to_onnx(fitted, tmp_path)
        with pytest.raises(FileNotFoundError, match="there is no such folder"):
            to_onnx(fitted, tmp_path / "missing" / "model.onnx")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_links_and_permissions_stay(self, fitted, tmp_path):
        target, link = tmp_path / "model.onnx", tmp_path / "link.onnx"
        target.write_text("the old one")
        target.chmod(0o600)
        link.symlink_to(target)
        to_onnx(fitted, link)
        assert link.is_symlink()
        assert target.stat().st_mode & 0o777 == 0o600
        OnnxDenoiser(target)

    @pytest.mark.slow
    def test_nothing_half_written(self, fitted, tmp_path, monkeypatch):
        target = tmp_path / "model.onnx"
        target.write_text("the old one")

        def fail(*_):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            to_onnx(fitted, target)
        assert target.read_text() == "the old one"
        assert list(tmp_path.iterdir()) == [target]

    def test_signals(self, path):
        deployed = OnnxDenoiser(path)
        with pytest.raises(ValueError, match="contains infinity"):
            deployed.transform([[1.0, np.inf]])
        with pytest.raises(ValueError, match="Reshape your data"):
            deployed.transform([1.0, 2.0])
        with pytest.raises(ValueError, match=r"0 timestep\(s\)"):
            deployed.transform(np.zeros((3, 0)))
        with pytest.raises(ValueError, match="holds text"):
            deployed.transform([["a", "b"]])
        with pytest.raises(TypeError, match=r"sparse .* Pass X.toarray\(\)"):
            deployed.transform(csr_matrix(np.eye(3)))
        for huge in (np.array([[-3e38, 3e38]], np.float32), np.array([[-1.5e308, 1.5e308]])):
            with pytest.raises(ValueError, match="range of a signal is too large"):
                deployed.transform(huge)

    @pytest.mark.slow
    def test_length_that_a_network_does_not_keep(self, signals, tmp_path):
        even = signals[:, :50]
        own = small_denoiser(architecture=fewer_timesteps).fit(even, even)
        to_onnx(own, tmp_path / "model.onnx")
        with pytest.raises(ValueError, match="turns 51 timesteps into 50. Pass signals of 50"):
            OnnxDenoiser(tmp_path / "model.onnx").transform(signals)

    @pytest.mark.slow
    def test_numbers_too_large(self, signals, tmp_path):
        fitted = small_denoiser(**LINEAR, scaler=None).fit(signals, signals)
        to_onnx(fitted, tmp_path / "model.onnx")
        with pytest.raises(ValueError, match=r"the largest magnitude is 1e\+300"):
            OnnxDenoiser(tmp_path / "model.onnx").transform([[1e300, 0.0]])

    def test_threads(self, path):
        for n_threads in (0, -1, 1.5, "2"):
            with pytest.raises(ValueError, match="n_threads must be a positive integer"):
                OnnxDenoiser(path, n_threads=n_threads)

    def test_missing_packages(self, path, fitted, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(ImportError, match=r"pip install 'conv-denoiser\[onnx\]'"):
            OnnxDenoiser(path)
        monkeypatch.setitem(sys.modules, "onnx", None)
        monkeypatch.delitem(sys.modules, "conv_denoiser.export.graph")
        with pytest.raises(ImportError, match=r"pip install 'conv-denoiser\[onnx\]'"):
            to_onnx(fitted, tmp_path / "model.onnx")
