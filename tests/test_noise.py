import json

import numpy as np
import pytest

from conv_denoiser.noise import GaussianNoise, NoiseModel, NoiseSum, as_noise_model, noise_from_dict

CLEAN = np.sin(np.linspace(0, 20, 2000)) * np.array([[1.0], [10.0], [0.1]])


def noise_power(noise, clean=CLEAN, rng=0):
    return np.square(noise(clean, rng) - clean).mean(axis=1)


def test_scale_is_the_standard_deviation():
    np.testing.assert_allclose(noise_power(GaussianNoise(0.2)), 0.04, rtol=0.15)


def test_snr_holds_for_every_signal():
    power = np.square(CLEAN).mean(axis=1)
    ratio = 10 * np.log10(power / noise_power(GaussianNoise(snr_db=6)))
    np.testing.assert_allclose(ratio, 6, atol=0.5)


@pytest.mark.parametrize("noise", [GaussianNoise((0.1, 10)), GaussianNoise(snr_db=(-20, 20))])
def test_ranges_are_drawn_per_signal(noise):
    power = noise_power(noise, np.tile(CLEAN[:1], (50, 1)))
    assert power.max() > 10 * power.min()


def test_sum_adds_powers():
    noise = GaussianNoise(0.3) + GaussianNoise(0.4) + GaussianNoise(1.2)
    np.testing.assert_allclose(np.sqrt(noise_power(noise)), 1.3, rtol=0.1)
    assert len(noise.parts) == 3


def test_input_is_unchanged_and_dtype_kept():
    for dtype in (np.float32, np.float64):
        clean = np.ones((2, 5, 3), dtype=dtype)
        noisy = GaussianNoise(0.1)(clean, 0)
        assert noisy.dtype == dtype
        assert noisy.shape == clean.shape
        assert (clean == 1).all()
    assert GaussianNoise(0.1)([[1, 2]], 0).dtype == np.float64


def test_silent_signal_stays_clean_with_snr():
    silent = np.zeros((2, 10))
    np.testing.assert_array_equal(GaussianNoise(snr_db=3)(silent, 0), silent)


def test_same_seed_same_noise():
    np.testing.assert_array_equal(GaussianNoise(1)(CLEAN, 5), GaussianNoise(1)(CLEAN, 5))


@pytest.mark.parametrize(
    "noise",
    [
        GaussianNoise(0.05),
        GaussianNoise(snr_db=(-7, 2)),
        GaussianNoise(0.1) + GaussianNoise(snr_db=3),
    ],
)
def test_survives_json(noise):
    assert noise_from_dict(json.loads(json.dumps(noise.to_dict()))) == noise
    assert eval(repr(noise), {"GaussianNoise": GaussianNoise}) == noise
    assert hash(noise) == hash(noise_from_dict(noise.to_dict()))


def test_numpy_numbers_survive_json():
    noise = GaussianNoise(snr_db=(np.int64(0), np.float32(6)))
    assert repr(noise) == "GaussianNoise(snr_db=(0, 6.0))"
    assert noise_from_dict(json.loads(json.dumps(noise.to_dict()))) == noise


def test_own_models_keep_dtype_and_shape():
    class Double(NoiseModel):
        def sample(self, clean, rng):
            return rng.normal(size=clean.shape)

    class Short(NoiseModel):
        def sample(self, clean, rng):
            return np.zeros((1, 1))

    clean = np.zeros((3, 5), dtype=np.float32)
    assert Double()(clean, 0).dtype == np.float32
    with pytest.raises(ValueError, match=r"noise of shape \(1, 1\) for signals of shape \(3, 5\)"):
        Short()(clean, 0)


def test_short_form():
    assert as_noise_model(0.05) == GaussianNoise(0.05)
    assert as_noise_model(None) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either scale .* or snr_db"),
        ({"scale": 1, "snr_db": 1}, "either scale .* or snr_db"),
        ({"scale": -0.1}, "negative.*-0.1"),
        ({"scale": "loud"}, "scale must be a finite number.*'loud'"),
        ({"scale": np.nan}, "scale must be a finite number.*nan"),
        ({"scale": True}, "scale must be a finite number.*True"),
        ({"scale": (2, 1)}, r"low <= high.*\(2, 1\)"),
        ({"snr_db": (6, 0)}, r"low <= high.*\(6, 0\)"),
        ({"snr_db": (1, 2, 3)}, "pair"),
        ({"snr_db": ()}, "pair"),
    ],
)
def test_bad_strength(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianNoise(**arguments)


@pytest.mark.parametrize("noise", ["loud", True, [0.1], object()])
def test_bad_short_form(noise):
    with pytest.raises(ValueError, match="noise must be a noise model"):
        as_noise_model(noise)


@pytest.mark.parametrize(
    "description",
    [{}, {"type": "Hum"}, {"type": []}, {"type": "GaussianNoise", "hue": 1}, "GaussianNoise"],
)
def test_bad_description(description):
    with pytest.raises(ValueError, match="Unknown noise model|does not take|described by a dict"):
        noise_from_dict(description)


@pytest.mark.parametrize(
    "parts", [(), [], None, 0.1, "ab", GaussianNoise(0.1), (GaussianNoise(0.1), 0.2), ("Hum",)]
)
def test_bad_parts(parts):
    with pytest.raises(ValueError, match="one or more noise models.*Got ") as error:
        NoiseSum(parts)
    assert repr(parts) in str(error.value)


def test_list_of_parts_becomes_a_tuple():
    parts = [GaussianNoise(0.1), GaussianNoise(snr_db=3)]
    assert NoiseSum(parts) == parts[0] + parts[1]
    assert hash(NoiseSum(parts)) == hash(parts[0] + parts[1])


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({}, "'parts': \\[...\\].*Got {'type': 'NoiseSum'}"),
        ({"parts": None}, "'parts': \\[...\\].*Got .*None"),
        ({"parts": GaussianNoise(0.1).to_dict()}, "'parts': \\[...\\].*Got .*GaussianNoise"),
        ({"parts": [GaussianNoise(0.1).to_dict()], "hue": 1}, "'parts': \\[...\\].*Got .*hue"),
        ({"parts": []}, "one or more noise models"),
        ({"parts": [0.1]}, "described by a dict. Got 0.1"),
        ({"parts": [{"type": "Hum"}]}, "Unknown noise model 'Hum'"),
    ],
)
def test_bad_description_of_a_sum(description, message):
    with pytest.raises(ValueError, match=message):
        noise_from_dict({"type": "NoiseSum", **description})


def test_adding_something_else():
    with pytest.raises(TypeError):
        GaussianNoise(0.1) + 0.1


def test_one_dimensional_signal():
    with pytest.raises(ValueError, match=r"reshape\(1, -1\)"):
        GaussianNoise(0.1)(np.zeros(10))
