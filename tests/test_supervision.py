import numpy as np
import pytest

from conv_denoiser import BlindSpot
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.preprocessing import MinMaxPerSample
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.batches import TrainingBatches
from conv_denoiser.supervision.recorrupted import Recorrupted
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Paired, Problem, Synthetic

X = np.random.default_rng(0).normal(size=(40, 100, 2)).astype(np.float32)


def batches(supervision, **changes):
    problem = Problem(supervision, Scaling(None), False, 100)._replace(**changes)
    return TrainingBatches(Signals(X, X), problem, batch_size=15, seed=0)


@pytest.mark.parametrize("n_timesteps", [2, 3, 5, 100])
def test_hidden_points_take_the_value_of_a_near_neighbour(n_timesteps):
    signals = np.tile(np.arange(n_timesteps, dtype=float)[:, None], (200, 1, 2))
    replaced, hidden = BlindSpot().hide(signals, np.random.default_rng(0))
    assert hidden.any(axis=1).all()
    distance = np.abs(replaced - signals).max(axis=2)
    assert distance[hidden].min() >= 1
    assert distance[hidden].max() <= 5
    assert (distance[~hidden] == 0).all()
    assert (replaced[:, :, 0] == replaced[:, :, 1]).all()


def test_share_of_hidden_points():
    _, hidden = BlindSpot().hide(np.zeros((500, 200, 1)), np.random.default_rng(0))
    assert hidden.mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("width", [3, 5])
@pytest.mark.parametrize("n_timesteps", [6, 7, 50])
def test_timesteps_around_a_point_are_hidden_too(width, n_timesteps):
    signals = np.tile(np.arange(n_timesteps, dtype=float)[:, None], (300, 1, 1))
    replaced, predicted = BlindSpot(share=1e-9, width=width).hide(signals, np.random.default_rng(0))
    points = np.arange(n_timesteps)
    for signal, predicted_points in zip(replaced[:, :, 0], predicted, strict=True):
        (point,) = np.flatnonzero(predicted_points)
        around = np.abs(points - point) <= width // 2
        assert (np.abs(signal[around] - point) > width // 2).all()
        assert (signal[~around] == points[~around]).all()


@pytest.mark.parametrize("width", [1, 3, 5])
def test_no_window_holds_what_it_hides(width):
    """Noise that is independent beyond half the width is not to be found around its point."""
    position = np.tile(np.arange(200.0)[:, None], (300, 1, 1))
    replaced, predicted = BlindSpot(share=0.5, width=width).hide(position, np.random.default_rng(0))
    assert predicted.any(axis=1).all()
    rows, points = np.nonzero(predicted)
    for shift in range(-(width // 2), width // 2 + 1):
        inside = (points + shift).clip(0, 199)
        assert (np.abs(replaced[rows, inside, 0] - points) > width // 2).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0}, "share must be a finite number above 0 and at most 0.5. Got 0"),
        ({"share": 0.6}, "Got 0.6"),
        ({"share": "all"}, "Got 'all'"),
        ({"width": 2}, "odd number of timesteps: 1, 3, 5 and so on. Got 2"),
        ({"width": 0}, "Got 0"),
        ({"width": 1.0}, "Got 1.0"),
    ],
)
def test_bad_blind_spot(arguments, message):
    with pytest.raises(ValueError, match=message):
        BlindSpot(**arguments)


def test_weights_count_hidden_points_only_and_average_to_one():
    inputs, targets, weights = batches(BlindSpot())[0]
    changed = (inputs != targets).any(axis=2)
    assert (weights[changed] > 0).all()
    np.testing.assert_allclose(weights.mean(axis=1), 1, rtol=1e-5)
    assert np.count_nonzero(weights) < 0.2 * weights.size


def test_loss_in_training_is_that_of_hidden_points():
    from conftest import small_denoiser

    signals = X[:, :, 0]
    denoiser = small_denoiser(
        loss="mean_squared_error",
        scaler=None,
        batch_size=40,
        validation_split=0,
        learning_rate=1e-9,
    ).fit(signals)
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    problem = Problem(BlindSpot(), Scaling(None), False, 100)
    source = TrainingBatches(Signals(signals[:, :, None]), problem, batch_size=40, seed=seed)
    inputs, targets, weights = source[0]
    hidden = weights > 0
    error = np.square(denoiser.model_(inputs).numpy() - targets)[:, :, 0]
    expected = np.mean([row[mask].mean() for row, mask in zip(error, hidden, strict=True)])
    assert denoiser.history_["loss"][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("supervision", [Paired(), Synthetic(GaussianNoise(0.1)), BlindSpot()])
def test_padding_has_no_weight(supervision):
    inputs, targets, weights = batches(supervision, length=104)[0]
    assert inputs.shape == targets.shape == (15, 104, 2)
    assert (weights[:, 100:] == 0).all()
    np.testing.assert_allclose(weights.mean(axis=1), 1, rtol=1e-5)


def test_epochs_see_every_signal_once_in_new_order():
    source = batches(Paired())
    assert source.n_batches == 3
    epochs = [np.concatenate([source[3 * e + i][0] for i in range(3)]) for e in range(2)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch[:, 0, 0]), np.sort(X[:, 0, 0]))
    assert (epochs[0] != epochs[1]).any()


@pytest.mark.parametrize("supervision", [Synthetic(GaussianNoise(0.1)), BlindSpot()])
def test_every_epoch_draws_anew_and_the_same_again(supervision):
    source = batches(supervision)

    def noise_by_signal(epoch):
        pairs = [source[3 * epoch + i][:2] for i in range(3)]
        return {
            target[0, 0]: x - target for xs, ts in pairs for x, target in zip(xs, ts, strict=True)
        }

    first, second, again = noise_by_signal(0), noise_by_signal(1), noise_by_signal(0)
    assert all((first[key] != second[key]).any() for key in first)
    assert all((first[key] == again[key]).all() for key in first)


def test_targets_share_the_scale_of_noisy_signals():
    inputs, targets, *_ = batches(
        Synthetic(GaussianNoise(0.1)), scaling=Scaling(MinMaxPerSample())
    )[0]
    np.testing.assert_allclose(inputs.min(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.max(axis=1), 1, atol=1e-6)
    spread = np.abs(inputs - targets).std()
    assert 0 < spread < 0.1
    assert targets.max() != 1


def test_recorrupted_noise_is_that_of_the_signals_and_independent():
    rng = np.random.default_rng(0)
    level = rng.uniform(0.1, 0.5, (300, 1, 1))
    clean = np.sin(np.linspace(0, 9, 400))[:, np.newaxis]
    noisy = clean + level * rng.standard_normal((300, 400, 1))
    inputs, targets, weight = Recorrupted().draw(Signals(noisy), rng, Scaling(None))
    assert weight is None
    np.testing.assert_allclose((inputs + targets) / 2, noisy)
    seen, learned = (inputs - clean) / level, (targets - clean) / level
    assert seen.var() == pytest.approx(2, rel=0.1)
    assert np.mean(seen * learned) == pytest.approx(0, abs=0.05)


def test_recorrupting_needs_signals_that_vary():
    with pytest.raises(ValueError, match=r"every signal is flat \(n_samples=3\)"):
        Recorrupted().check(Signals(np.ones((3, 50, 1))))


@pytest.mark.parametrize("width", [1, 4])
def test_recorrupting_needs_white_noise(width):
    white = np.random.default_rng(0).standard_normal((100, 200 + width - 1))
    noise = sum(white[:, i : i + 200] for i in range(width))[:, :, np.newaxis]
    doubts = Recorrupted().check(Signals(noise))
    assert len(doubts) == (width > 1)
    assert all("takes noise to be white" in doubt for doubt in doubts)
