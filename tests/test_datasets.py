import numpy as np
import pytest

from conv_denoiser import SignalGenerator, load_dataset
from conv_denoiser.datasets.generator import BLOCK_SIZE
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.waveforms import WAVEFORMS
from conv_denoiser.waveforms.rotating import Machines, machines, revolutions, vibration_of


def constant(value):
    """Return a waveform whose every point is `value`."""
    value = np.asarray(value)
    return lambda n_signals, time, rng: np.broadcast_to(value, (n_signals, time.size, *value.shape))


def test_recipe_is_reproduced():
    noisy, clean, time = SignalGenerator(random_state=0).sample(500)
    np.testing.assert_allclose(time, np.linspace(-0.5, 0.99, 150), atol=1e-12)
    np.testing.assert_allclose(clean, np.tile(time**2, (500, 1)), atol=1e-7)
    noise = noisy - clean
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(0.05, rel=0.01)
    assert noisy.dtype == clean.dtype == np.float32


FIXED = {"x_squared", "blocks", "bumps", "heavisine", "doppler"}


@pytest.mark.parametrize("name", sorted(set(WAVEFORMS) - FIXED))
def test_waveforms_vary_and_are_finite(name):
    generator = SignalGenerator(name, noise=None, n_timesteps=256, sampling_rate=128)
    _, clean, time = generator.sample(20)
    assert np.isfinite(clean).all()
    assert clean.std(axis=0).max() > 0
    flat = clean.std(axis=1) == 0
    assert flat.mean() < (0.5 if name == "anything" else 1e-9)  # which draws flat signals, too
    assert time[1] == 1 / 128


@pytest.mark.parametrize("name", sorted(FIXED))
def test_standard_signals_are_all_alike(name):
    clean = SignalGenerator(name, noise=None, n_timesteps=1024).sample(3).clean
    assert (clean == clean[0]).all()
    assert clean.std() > 0


@pytest.mark.parametrize("name", WAVEFORMS)
@pytest.mark.parametrize("n_timesteps", [1, 2])
def test_very_short_waveforms(name, n_timesteps):
    assert SignalGenerator(name, n_timesteps=n_timesteps).sample(5).clean.shape == (5, n_timesteps)


def test_pieces_of_piecewise_waveforms():
    generator = SignalGenerator("piecewise_constant", noise=None, n_timesteps=500, random_state=0)
    levels = [len(np.unique(row)) for row in generator.sample(300).clean]
    assert set(levels) <= set(range(1, 9))
    assert {2, 8} <= set(levels)
    generator = SignalGenerator("piecewise_polynomial", noise=None, n_timesteps=500, random_state=0)
    clean = generator.sample(300).clean
    assert np.abs(clean).max() <= 1
    # Within a piece, third differences of a parabola are zero.
    bends = (np.abs(np.diff(clean.astype(float), 3)) > 1e-3).sum(axis=1)
    assert bends.max() <= 3 * 7


def test_damped_oscillation_dies_away():
    clean = SignalGenerator("damped_oscillation", noise=None, n_timesteps=600).sample(200).clean
    assert np.square(clean[:, 500:]).mean() < 0.3 * np.square(clean[:, :500]).mean()


def test_ecg_beats_at_plausible_rates():
    from scipy.signal import find_peaks

    generator = SignalGenerator(
        "ecg", noise=None, n_timesteps=3600, sampling_rate=360, random_state=0
    )
    clean = np.abs(generator.sample(30).clean)
    # The R wave is the highest in nearly all signals; 10 s hold 7 to 19 beats.
    counts = [
        len(find_peaks(row, height=0.5 * np.quantile(row, 0.999), distance=120)[0]) for row in clean
    ]
    assert 7 <= np.median(counts) <= 19


def test_spectra_are_peaks_of_height_one_on_a_background_above_zero():
    from scipy.signal import find_peaks, peak_widths

    clean = SignalGenerator("spectrum", noise=None, random_state=0).sample(50).clean
    assert clean.shape[1] == 1024
    assert clean.min() >= 0
    highest = []
    for row in clean:
        peaks, found = find_peaks(row, prominence=0.02)
        assert 1 <= len(peaks) <= 20
        highest.append(found["prominences"].max())
        main = np.argmax(found["prominences"])
        assert peak_widths(row, peaks)[0][main] > 2  # not narrower than the sampling shows
    assert 0.8 < np.median(highest) < 1.1


@pytest.mark.parametrize("run_up", [0.0, 0.4])
def test_bearing_rings_at_its_order_of_the_shaft(run_up):
    from scipy.signal import hilbert

    drawn = machines(8, np.random.default_rng(0))
    nothing = {"shaft": 0 * drawn.shaft, "mesh": 0 * drawn.mesh, "load": 0 * drawn.load}
    drawn = drawn._replace(impact=1 + 0 * drawn.impact, run_up=run_up + 0 * drawn.load, **nothing)
    time = np.arange(12_000) / 12_000
    signals = vibration_of(drawn, time, np.random.default_rng(1))
    turns, _ = revolutions(drawn, time, 1 / 12_000)
    for signal, turned, order in zip(signals, turns, drawn.order[:, 0], strict=True):
        envelope = np.interp(np.arange(0, turned[-1], 0.01), turned, np.abs(hilbert(signal)))
        power = np.abs(np.fft.rfft(envelope - envelope.mean()))
        orders = np.fft.rfftfreq(envelope.size, 0.01)
        found = orders[np.argmax(np.where(orders < 1.5 * order, power, 0))]
        assert found == pytest.approx(order, abs=1 / turned[-1])


def test_gear_mesh_has_tones_with_sidebands_of_the_shaft():
    drawn = machines(1, np.random.default_rng(0))
    drawn = Machines(
        **{name: 0 * field for name, field in drawn._asdict().items()}
        | {"speed": np.full((1, 1), 30.0), "teeth": np.full((1, 1), 20.0)}
        | {"mesh": np.array([[1.0, 0, 0]]), "sidebands": np.full((1, 1), 0.4)}
    )
    signal = vibration_of(drawn, np.arange(12_000) / 12_000, np.random.default_rng(0))[0]
    power = np.abs(np.fft.rfft(signal)) ** 2  # bins of 1 Hz
    strongest = {*np.argsort(power)[-3:].tolist()}
    assert strongest == {570, 600, 630}


@pytest.mark.parametrize("n_signals", [1, 10, BLOCK_SIZE, BLOCK_SIZE + 1])
def test_save_writes_what_sample_returns(tmp_path, n_signals):
    generator = SignalGenerator("sine", n_timesteps=8, random_state=3)
    generator.save(tmp_path / "data", n_signals, progress=False)
    loaded = load_dataset(tmp_path / "data")
    for saved, drawn in zip(loaded, generator.sample(n_signals), strict=True):
        np.testing.assert_array_equal(saved, drawn)
        assert saved.dtype == drawn.dtype
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "clean.npy",
        "noisy.npy",
        "time.npy",
    ]


def test_same_random_state_same_bytes_and_no_global_state():
    before = np.random.get_state()[1].copy()
    first, second = (SignalGenerator("ecg", random_state=7).sample(5) for _ in range(2))
    assert first.noisy.tobytes() == second.noisy.tobytes()
    assert SignalGenerator("ecg", random_state=8).sample(5).noisy.tobytes() != first.noisy.tobytes()
    SignalGenerator().sample(5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_random_state_objects_move_on():
    for state in (np.random.RandomState(0), np.random.default_rng(0)):
        generator = SignalGenerator(random_state=state)
        assert (generator.sample(2).noisy != generator.sample(2).noisy).any()


def test_batches():
    generator = SignalGenerator("chirp", n_timesteps=32, random_state=0)
    batches = list(generator.batches(4, n_batches=3))
    assert [noisy.shape for noisy, _ in batches] == [(4, 32)] * 3
    assert (batches[0][1] != batches[1][1]).any()
    endless = generator.batches(2)
    assert sum(1 for _, _ in zip(range(20), endless, strict=False)) == 20


def test_bank_rows_are_drawn():
    bank = np.arange(12.0).reshape(3, 4)
    _, clean, _ = SignalGenerator(bank, noise=None, dtype="float64", random_state=0).sample(50)
    assert {tuple(row) for row in clean} == {tuple(row) for row in bank}


def test_bank_of_several_channels():
    bank = np.random.default_rng(0).normal(size=(3, 20, 2))
    noisy, clean = SignalGenerator(bank, noise=0.1).sample(7, return_X_y=True)
    assert noisy.shape == clean.shape == (7, 20, 2)


def test_callable_waveform():
    def ramp(n_signals, time, rng):
        return rng.uniform(1, 2, (n_signals, 1)) * time

    noisy, clean, time = SignalGenerator(ramp, noise=None, sampling_rate=10).sample(3)
    np.testing.assert_array_equal(noisy, clean)
    np.testing.assert_allclose(clean / clean[:, 1:2], np.tile(time / time[1], (3, 1)), rtol=1e-6)


def test_noise_model_sets_the_snr():
    noisy, clean = SignalGenerator("sine", noise=GaussianNoise(snr_db=6), random_state=0).sample(
        400, return_X_y=True
    )
    ratio = 10 * np.log10((clean**2).mean(axis=1) / ((noisy - clean) ** 2).mean(axis=1))
    assert ratio.mean() == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"waveform": "triangle"}, "Unknown waveform 'triangle'.*sine"),
        ({"waveform": np.zeros(5)}, r"bank.*shape \(5,\)"),
        ({"waveform": np.full((2, 5), np.nan)}, "bank.*NaN"),
        ({"waveform": np.array([[1.0], [np.inf]])}, "bank.*infinity.*first in row 1"),
        ({"waveform": np.array([[0], [-1e39]])}, "bank.*from -1e.39 to 0.*float32 ends"),
        ({"waveform": np.ones((2, 5)) * 1j}, "bank.*complex128"),
        ({"waveform": lambda n, time, rng: time}, "returned an array of shape"),
        ({"waveform": constant(np.empty(0))}, r"returned an array of shape \(2, 150, 0\)"),
        ({"waveform": constant(np.nan)}, "clean.*waveform returned.*NaN.*first in row 0"),
        ({"waveform": constant(-np.inf)}, "clean.*waveform returned.*infinity"),
        ({"waveform": constant(1e39)}, "clean.*1e.39.*float32 ends at 3.4e.38.*dtype='float64'"),
        ({"waveform": constant(1j)}, "waveform returned complex128; expected real numbers"),
        ({"waveform": constant("1.5")}, "waveform returned <U3; expected real numbers"),
        ({"waveform": constant(None)}, "waveform returned object; expected real numbers"),
        ({"noise": -1}, "cannot be negative.*-1"),
        ({"noise": "loud"}, "noise must be.*'loud'"),
        ({"n_timesteps": 0}, "n_timesteps must be a positive integer.*0"),
        ({"sampling_rate": -5}, "sampling_rate.*-5"),
        ({"dtype": "int16"}, "dtype.*'int16'"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        SignalGenerator(**params).sample(2)


def test_wide_values_fit_float64():
    for waveform in (constant(1e39), np.full((1, 150), 1e39)):
        generator = SignalGenerator(waveform, noise=None, dtype="float64")
        assert (generator.sample(2).clean == 1e39).all()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "longdouble"])
def test_callables_may_return_any_real_type(dtype):
    generator = SignalGenerator(constant(np.array(1, dtype=dtype)), noise=None)
    clean = generator.sample(2).clean
    assert clean.dtype == np.float32
    assert (clean == 1).all()


@pytest.mark.parametrize("n_signals", [0, -1, 2.5, True])
def test_bad_n_signals(n_signals, tmp_path):
    with pytest.raises(ValueError, match="n_signals must be a positive integer"):
        SignalGenerator().sample(n_signals)
    with pytest.raises(ValueError, match="n_signals must be a positive integer"):
        SignalGenerator().save(tmp_path / "data", n_signals)
    assert not (tmp_path / "data").exists()


def test_load_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"noisy\.npy.*SignalGenerator\.save"):
        load_dataset(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00garbage"])
def test_load_unreadable_file(tmp_path, content):
    SignalGenerator().save(tmp_path, 3, progress=False)
    (tmp_path / "clean.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"clean\.npy' cannot be read"):
        load_dataset(tmp_path)


def test_load_truncated_file(tmp_path):
    SignalGenerator().save(tmp_path, 3, progress=False)
    content = (tmp_path / "noisy.npy").read_bytes()
    (tmp_path / "noisy.npy").write_bytes(content[:-100])
    for mode in ("r", None):
        with pytest.raises(ValueError, match=r"noisy\.npy' cannot be read"):
            load_dataset(tmp_path, mmap_mode=mode)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("clean", np.zeros((3, 149))),
        ("noisy", np.zeros(150)),
        ("time", np.zeros(3)),
        ("clean", np.zeros((3, 150), dtype=int)),
        ("clean", np.array([{}], dtype=object)),
    ],
)
def test_load_wrong_arrays(tmp_path, name, array):
    SignalGenerator().save(tmp_path, 3, progress=False)
    np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(ValueError, match=r"do not form a data set|holds int64|cannot be read"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("content", ["archive", "zip"])
def test_load_archives(tmp_path, content):
    SignalGenerator().save(tmp_path, 3, progress=False)
    if content == "zip":
        (tmp_path / "noisy.npy").write_bytes(b"PK\x03\x04nothing")
    else:
        with (tmp_path / "noisy.npy").open("wb") as file:
            np.savez(file, noisy=np.zeros(3))
    for mode in (None, "r"):
        with pytest.raises(ValueError, match="cannot be read"):
            load_dataset(tmp_path, mmap_mode=mode)


@pytest.mark.parametrize("mode", ["w+", "x"])
def test_bad_mmap_mode_touches_nothing(tmp_path, mode):
    SignalGenerator(random_state=0).save(tmp_path, 3, progress=False)
    with pytest.raises(ValueError, match="mmap_mode must be"):
        load_dataset(tmp_path, mmap_mode=mode)
    assert load_dataset(tmp_path).noisy.shape == (3, 150)


def test_failed_save_leaves_nothing_half_written(tmp_path):
    def breaks_late(n_signals, time, rng):
        if n_signals < BLOCK_SIZE:
            raise RuntimeError("late")
        return np.zeros((n_signals, time.size))

    with pytest.raises(RuntimeError, match="late"):
        SignalGenerator(breaks_late, n_timesteps=2).save(tmp_path, BLOCK_SIZE + 1, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_save_shows_progress(tmp_path, capsys):
    SignalGenerator().save(tmp_path, 5)
    assert "5/5" in capsys.readouterr().err
    SignalGenerator().save(tmp_path, 5, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", [(0,), (2.5,), (3, -1), (3, "a")])
def test_bad_batches(arguments):
    with pytest.raises(ValueError, match="must be a positive integer"):
        SignalGenerator().batches(*arguments)


def test_ecgs_have_their_own_length_and_rate():
    generator = SignalGenerator("ecg", random_state=0)
    _, clean, time = generator.sample(2)
    assert clean.shape == (2, 1024)
    np.testing.assert_allclose(np.diff(time), 1 / 360)
    assert "n_timesteps=1024" in repr(generator)
    _, clean, time = SignalGenerator("ecg", n_timesteps=50, sampling_rate=100).sample(2)
    assert (clean.shape, time[1]) == ((2, 50), 0.01)


def test_repr():
    assert repr(SignalGenerator("sine")) == "SignalGenerator('sine', noise=0.05, n_timesteps=150)"
    assert "<bank of shape (2, 3)>" in repr(SignalGenerator(np.zeros((2, 3))))


def test_a_data_set_is_shown_in_one_line():
    shown = repr(SignalGenerator(random_state=0).sample(5))
    assert shown == "SignalDataset(noisy and clean: float32 (5, 150), time: (150,))"
