"""The U-Net: it sees far, keeps lengths and units, and learns in every way."""

import pickle

import numpy as np
import pytest
from conftest import small_denoiser, small_unet

from conv_denoiser import BlindSpot, ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.noise import ColoredNoise, GaussianNoise


@pytest.fixture(scope="module")
def sines():
    generator = SignalGenerator("sine", noise=0.5, n_timesteps=150, random_state=0)
    return generator.sample(350, return_X_y=True)


@pytest.fixture(scope="module")
def fitted(sines):
    X, y = sines
    return small_unet(epochs=4, optimizer="adam").fit(X[:250], y[:250])


@pytest.mark.slow
def test_default_network():
    X, y = SignalGenerator(random_state=0).sample(5, return_X_y=True)
    denoiser = ConvDenoiser("unet", init="random", epochs=1, validation_split=0, optimizer="sgd")
    denoiser.fit(X, y)
    assert denoiser.model_.count_params() == 1_106_177
    assert denoiser.loss_floor_ is None
    assert repr(denoiser.scaler_) == "StandardizePerSample()"
    assert denoiser.receptive_field_ == 1537


@pytest.mark.slow
def test_noise_is_removed_far_better_than_by_the_recipes_network(sines, fitted):
    X, y = sines
    recipe = small_denoiser(filters=(16,), loss="mean_squared_error", epochs=3, optimizer="adam")
    recipe.fit(X[:250], y[:250])
    assert fitted.score(X[250:], y[250:]) > recipe.score(X[250:], y[250:]) + 2


def test_units_are_kept(sines, fitted):
    X = sines[0][250:].astype(np.float64)
    np.testing.assert_allclose(
        fitted.transform(1000 * X + 5000), 1000 * fitted.transform(X) + 5000, rtol=1e-3
    )


@pytest.mark.parametrize(("n_timesteps", "n_channels"), [(1, 1), (2, 3), (16, 1), (63, 2)])
def test_any_length_and_number_of_channels(n_timesteps, n_channels):
    X = np.random.default_rng(0).normal(size=(6, n_timesteps, n_channels))
    denoised = small_unet(filters=(2, 2, 2)).fit(X, X).transform(X)
    assert denoised.shape == X.shape
    assert np.isfinite(denoised).all()


def build(filters):
    return NetworkSpec("unet", 2, filters, 3, None, "linear", predicts_noise=True).build()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_depth_is_the_number_of_filters(depth):
    layers = build((4,) * depth).layers
    strided = [layer for layer in layers if getattr(layer, "strides", None) == (4,)]
    assert len(strided) == 2 * (depth - 1)


@pytest.mark.parametrize("n_timesteps", [1, 5, 16, 63])
def test_the_network_itself_takes_any_length(n_timesteps):
    X = np.ones((2, n_timesteps, 2), np.float32)
    assert build((4, 4, 4))(X).shape == X.shape


def test_an_untrained_network_passes_signals_on():
    model = build((4, 4))
    X = np.random.default_rng(0).normal(size=(3, 32, 2)).astype(np.float32)
    np.testing.assert_array_equal(model(X), X)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "n_timesteps"),
    [
        ({"architecture": "autoencoder", "filters": (4,)}, 7),
        # With positive weights, its sigmoid saturates.
        ({"architecture": "autoencoder", "filters": (4, 64)}, 11),
        ({"architecture": "autoencoder", "filters": (8, 8), "kernel_size": 5}, 21),
        ({"architecture": "autoencoder", "filters": (4,), "kernel_size": 1}, 1),
    ],
)
def test_receptive_field(parabolas, params, n_timesteps):
    denoiser = small_denoiser(**params).fit(*parabolas)
    assert denoiser.receptive_field_ == n_timesteps


@pytest.mark.slow
def test_receptive_field_is_what_a_point_depends_on(sines, fitted):
    model, field = fitted.model_, fitted.receptive_field_
    x = np.random.default_rng(0).normal(size=(1, 2048, 1)).astype(np.float32)
    changed = x.copy()
    changed[:, 1024] += 10
    affected = np.flatnonzero((model(x).numpy() != model(changed).numpy())[0, :, 0])
    assert field == 97
    assert field - 16 < affected[-1] - affected[0] + 1 <= field + 4


def test_receptive_field_of_a_network_that_sees_everything(parabolas):
    import keras

    def architecture(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        x = keras.layers.Conv1D(n_channels, 1)(inputs)
        mean = keras.layers.GlobalAveragePooling1D(keepdims=True)(x)
        return keras.Model(inputs, keras.layers.Add()([x, mean]))

    denoiser = small_denoiser(architecture=architecture).fit(*parabolas)
    assert denoiser.receptive_field_ is None


def test_pickled_network_gives_the_same_bytes(sines, fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(sines[0]), fitted.transform(sines[0]))


@pytest.mark.slow
def test_cross_entropy_ends_in_a_sigmoid(parabolas):
    X, y = parabolas
    denoiser = small_unet(loss="binary_crossentropy", scaler=small_denoiser().fit(X, y).scaler_)
    denoiser.fit(X, y)
    assert denoiser.model_.layers[-2].activation.__name__ == "sigmoid"
    assert denoiser.loss_floor_ > 0


@pytest.mark.slow
@pytest.mark.parametrize("supervision", ["paired", "noise2noise", "synthetic", "blind_spot"])
def test_every_supervision_removes_noise(supervision):
    noise = GaussianNoise(0.5)
    clean = SignalGenerator("sine", noise=None, n_timesteps=150, random_state=0).sample(400).clean
    X, second_take = noise(clean, 0), noise(clean, 1)
    train, test = slice(None, 320), slice(320, None)
    denoiser = small_unet(epochs=6, optimizer="adam")
    fit = {
        "paired": lambda: denoiser.fit(X[train], clean[train]),
        "noise2noise": lambda: denoiser.fit(X[train], second_take[train]),
        "synthetic": lambda: denoiser.set_params(noise=noise).fit(clean[train]),
        "blind_spot": lambda: denoiser.fit(X[train]),
    }
    fit[supervision]()
    assert denoiser.supervision_ == supervision.replace("noise2noise", "paired")
    gain = snr_improvement_db(clean[test], denoiser.transform(X[test]), X[test])
    assert gain > 5


@pytest.mark.slow
def test_wider_blind_spot_removes_correlated_noise():
    clean = SignalGenerator("sine", noise=None, n_timesteps=150, random_state=0).sample(500).clean
    white = np.random.default_rng(0).normal(size=(500, 151)) * 0.7
    X = clean + (white[:, 1:] + white[:, :-1]) / 2
    gains = {}
    for width in (1, 3):
        denoiser = small_unet(epochs=6, supervision=BlindSpot(width=width), optimizer="adam")
        if width == 1:
            with pytest.warns(UserWarning, match=r"points 1 timestep\(s\) apart.*width=3"):
                denoiser.fit(X[:400])
        else:
            denoiser.fit(X[:400])
        gains[width] = denoiser.score(X[400:], clean[400:])
    assert gains[3] > gains[1] + 1


@pytest.mark.slow
def test_score_without_clean_signals_hides_the_same_width_but_always_the_same_share(sines):
    X, _ = sines
    narrow = small_unet(supervision="blind_spot").fit(X[:60])
    wide = pickle.loads(pickle.dumps(narrow)).set_params(supervision=BlindSpot(width=5))
    assert wide.score(X) != narrow.score(X)
    score = narrow.score(X)
    assert narrow.set_params(supervision=BlindSpot(share=0.3)).score(X) == score


def test_score_of_signals_shorter_than_the_blind_spot():
    X = np.random.default_rng(0).normal(size=(8, 3))
    denoiser = small_denoiser().fit(X).set_params(supervision=BlindSpot(width=5))
    with pytest.raises(ValueError, match="hides 5 timesteps at once.*n_features=3"):
        denoiser.score(X)


@pytest.mark.slow
def test_correlated_noise_is_warned_of():
    clean = SignalGenerator("sine", noise=None, n_timesteps=150, random_state=0).sample(100).clean
    X = ColoredNoise(2, scale=1.0)(clean, 0)
    with pytest.warns(UserWarning, match="independent from point to point.*BlindSpot") as record:
        small_unet(filters=(2,)).fit(X)
    assert record[0].filename == __file__
    small_unet(filters=(2,), noise=0.1).fit(X)  # other supervisions do not care


@pytest.mark.parametrize(
    ("X", "supervision", "message"),
    [
        (np.ones((5, 40)), "blind_spot", r"every signal is flat \(n_samples=5\)"),
        (np.arange(5.0)[:, None] * np.ones(40), "auto", "every signal is flat"),
        (np.arange(5.0)[:, None], "blind_spot", "n_features=1: .*hides 1 timestep"),
        (np.random.default_rng(0).normal(size=(5, 3)), BlindSpot(width=3), "hides 3 timestep"),
    ],
)
def test_signals_that_blind_spots_cannot_learn_from(X, supervision, message):
    with pytest.raises(ValueError, match=message):
        small_denoiser(supervision=supervision).fit(X)


@pytest.mark.parametrize("kind", ["square", "rounded"])
def test_signals_in_steps_are_learned_without_a_word_on_their_noise(kind):
    clean = SignalGenerator("square", noise=None, random_state=0).sample(100).clean
    if kind == "rounded":
        noise = np.random.default_rng(0).normal(size=(20, 1500))
        clean = np.round(50 * np.sin(np.arange(1500) / 200) + 0.2 * noise)
    assert np.isfinite(small_unet(filters=(2,)).fit(clean).transform(clean)).all()


@pytest.mark.slow
def test_a_width_too_small_for_the_noise_is_warned_of():
    white = np.random.default_rng(0).normal(size=(200, 154))
    X = sum(white[:, i : 150 + i] for i in range(5))
    for width in (1, 3):
        with pytest.warns(UserWarning, match="that no smooth signal explains"):
            small_unet(filters=(2,), supervision=BlindSpot(width=width)).fit(X)
    small_unet(filters=(2,), supervision=BlindSpot(width=9)).fit(X)


def test_warm_start_says_why_supervision_cannot_change(sines):
    X, y = sines
    denoiser = small_unet(filters=(2,), warm_start=True).fit(X[:30], y[:30])
    with pytest.raises(ValueError, match="predicts_noise from True to False.*'blind_spot'"):
        denoiser.fit(X[:30])


@pytest.mark.slow
def test_padding_takes_no_part_in_the_loss(sines):
    X, y = (array[:40].astype(np.float64) for array in sines)
    denoiser = small_unet(
        learning_rate=1e-12, scaler=None, batch_size=40, validation_split=0, random_state=0
    ).fit(X, y)
    error = np.square(denoiser.transform(X) - y).mean()
    assert denoiser.history_["loss"][0] == pytest.approx(error, rel=1e-5)


@pytest.mark.slow
def test_half_of_the_signals_may_be_flat():
    X = np.random.default_rng(0).normal(size=(400, 64))
    X[::2] = 1
    assert np.isfinite(small_unet(filters=(2,)).fit(X).transform(X)).all()
