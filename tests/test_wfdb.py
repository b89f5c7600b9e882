"""WFDB records: other channels, gains, comments and annotations stay as they were."""

import datetime
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import fails, run

from conv_denoiser import read_recording, write_recording
from conv_denoiser.readers import Recording
from conv_denoiser.readers.recording import ChannelError, SamplingRateError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of pandas
    import wfdb

pytestmark = [
    pytest.mark.usefixtures("in_a_folder"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),  # wfdb on pandas
]

RNG = np.random.default_rng(0)
START = datetime.datetime(2024, 2, 29, 23, 30)


@pytest.fixture(params=["212", "16", "24", "516"])
def ecg(request):
    """Integers of a record of two channels, with annotations."""
    integers = RNG.integers(-900, 900, (600, 2))
    integers[7, 0] = -(2 ** {"212": 11, "16": 15, "24": 23, "516": 15}[request.param])  # missing
    what = {"units": ["mV", "V"], "sig_name": ["MLII", "V5"], "comments": ["age 69"]}
    what |= {"adc_gain": [200.0, 150.5], "baseline": [10, 0], "fmt": [request.param] * 2}
    when = {"base_time": START.time(), "base_date": START.date()}
    wfdb.wrsamp("ecg", fs=360, d_signal=integers, **what, **when)
    wfdb.wrann("ecg", "atr", np.array([5, 90]), ["N", "V"], fs=360)
    return integers


def test_what_is_known(ecg):
    recording = read_recording("ecg.hea")
    np.testing.assert_array_equal(recording.samples, wfdb.rdrecord("ecg").p_signal)
    assert np.isnan(recording.samples[7, 0])
    assert (recording.channel_names, recording.units) == (("MLII", "V5"), ("mV", "V"))
    assert (recording.sampling_rate, recording.start_time) == (360, START)
    v5 = read_recording("ecg.hea", "V5")
    np.testing.assert_array_equal(v5.samples, recording.samples[:, 1])
    with pytest.raises(ChannelError, match="does not have the channel 'V1'"):
        read_recording("ecg.hea", "V1")


def test_all_else_is_kept(ecg):
    os.mkdir("clean")
    write_recording("clean/ecg.hea", read_recording("ecg.hea"))
    for name in ("ecg.hea", "ecg.dat", "ecg.atr"):
        assert Path("clean", name).read_bytes() == Path(name).read_bytes()
    assert sorted(os.listdir("clean")) == ["ecg.atr", "ecg.dat", "ecg.hea"]
    v5 = read_recording("ecg.hea", "V5")
    samples = v5.samples / 2
    samples[:3] = 1e6
    with pytest.warns(UserWarning, match=r"3 denoised sample\(s\) were clipped"):
        write_recording("other.hea", replace(v5, samples=samples))
    old, new = (wfdb.rdrecord(name, physical=False) for name in ("ecg", "other"))
    np.testing.assert_array_equal(new.d_signal[:, 0], ecg[:, 0])
    np.testing.assert_allclose(new.d_signal[3:, 1], ecg[3:, 1] / 2, atol=0.5001)
    for fact in ("fs", "units", "sig_name", "comments", "adc_gain", "baseline", "fmt"):
        assert getattr(new, fact) == getattr(old, fact)
    np.testing.assert_array_equal(wfdb.rdann("other", "atr").sample, [5, 90])
    with pytest.raises(ValueError, match=r"holds 600 samples. Got 9"):
        write_recording("ecg.hea", replace(v5, samples=np.zeros(9)))


def test_several_rates():
    integers = [RNG.integers(-900, 900, 400), RNG.integers(-900, 900, 100)]
    record = wfdb.Record(
        record_name="mixed",
        n_sig=2,
        fs=90,
        samps_per_frame=[4, 1],
        sig_len=100,
        e_d_signal=integers,
        sig_name=["ECG", "RESP"],
        fmt=["16", "16"],
        units=["mV", "mV"],
        adc_gain=[200.0, 200.0],
        baseline=[0, 0],
        file_name=["m.dat", "m.dat"],
    )
    record.set_d_features(expanded=True)
    record.set_defaults()
    record.wrsamp(expanded=True)
    with pytest.raises(ChannelError, match="several sampling rates: ECG 360 Hz, RESP 90 Hz"):
        read_recording("mixed.hea")
    recording = read_recording("mixed.hea", "ECG")
    assert (recording.sampling_rate, recording.samples.shape) == (360, (400,))
    write_recording("new.hea", replace(recording, samples=np.zeros(400)))
    new = wfdb.rdrecord("new", physical=False, smooth_frames=False)
    np.testing.assert_array_equal(new.e_d_signal[1], integers[1])
    assert not new.e_d_signal[0].any()


def test_from_another_format():
    samples = RNG.normal(size=(300, 2))
    known = {"channel_names": ("a", "b"), "units": ("mV", "uV"), "start_time": START}
    write_recording("new.hea", Recording(samples, 250.0, **known))
    again = read_recording("new.hea")
    np.testing.assert_allclose(again.samples, samples, atol=np.ptp(samples) / 2**16)
    assert {name: getattr(again, name) for name in known} == known
    write_recording("plain.hea", Recording(samples[:, 0], 250.0))
    assert read_recording("plain.hea").units == ("NU",)
    with pytest.raises(SamplingRateError, match="which is not known"):
        write_recording("new.hea", Recording(samples))


def test_command(capsys, onnx_file):
    wfdb.wrsamp("a", 360, ["mV"], ["II"], RNG.normal(size=(300, 1)), fmt=["16"])
    model = ["--model", onnx_file]
    code, _, err = run(capsys, "denoise", "a.hea", *model, "--output", "b.hea")
    assert (code, err) == (0, "")
    assert wfdb.rdrecord("b").p_signal.shape == (300, 1)
    before = sorted(os.listdir())
    fails(capsys, "letters, digits, hyphens", "denoise", "a.hea", *model, "--output", "b c.hea")
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../ecg.dat 16 200/mV 16 0 0 0 0 II", "invalid syntax|in other folders"),
        ("https://example.org/a.dat 16 200/mV 16 0 0 0 0 II", "invalid syntax|in other folders"),
        ("ecg.dat 999 200/mV 16 0 0 0 0 II", "format 999 is not known"),
        ("", "cannot read"),
    ],
)
def test_headers_that_lie(line, message):
    Path("ecg.dat").write_bytes(bytes(200))
    Path("a.hea").write_text(f"a 1 360 100\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_recording("a.hea")
    Path("a.hea").write_text("a 1 360 99999999999\necg.dat 16 200/mV 16 0 0 0 0 II\n")
    with pytest.raises(ValueError, match="more than fit"):
        read_recording("a.hea")


def test_samples_of_other_records_stay(ecg):
    recording = read_recording("ecg.hea")
    Path("new.dat").write_bytes(b"samples of a record without a header")
    with pytest.raises(FileExistsError, match="'new.dat' holds samples of another record"):
        write_recording("new.hea", recording)
    header = Path("ecg.hea").read_text().replace("ecg.dat", "other.dat")
    Path("ecg.dat").rename("other.dat")
    Path("ecg.hea").write_text(header)
    before = Path("other.dat").read_bytes()
    with pytest.raises(FileExistsError, match="'other.dat'"):
        write_recording("other.hea", read_recording("ecg.hea"))
    assert Path("other.dat").read_bytes() == before
    assert not Path("other.hea").exists()
