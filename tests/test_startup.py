"""TensorFlow and ONNX Runtime start without a word, and hide nothing that is not about starting."""

import os
import subprocess
import sys

import pytest

from conv_denoiser.networks.backend import startup_lines_held_back

NEWS = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795581814.674661    4245 port.cc:153] oneDNN custom operations are on. You may\n"
    "2026-11-25 04:42:51.000001: I tensorflow/port.cc:153] oneDNN custom operations are on.\n"
)
NO_CARD = "E0000 00:00:1795581819.649261    4245 cuda_platform.cc:52] failed call to cuInit: no\n"
OTHER = "E0000 00:00:1795581819.649261    4245 memory.cc:52] out of memory\n"


# What may be set where tests run.
LOUD = ("TF_CPP_MIN_LOG_LEVEL", "ORT_DISABLE_TELEMETRY")


def run(code, **options):
    """Run Python as a newcomer does; return its output and errors."""
    environment = {key: os.environ[key] for key in os.environ if key not in LOUD}
    environment |= options.pop("environment", {})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=environment, **options)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def level(monkeypatch):
    """Set TF_CPP_MIN_LOG_LEVEL, or take it away."""

    def change(value):
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        if value is not None:
            monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", value)

    change(None)
    return change


def test_all_but_the_news_is_passed_on(level, capfd, monkeypatch):
    monkeypatch.setattr("os.path.exists", lambda path: False)  # no graphics card
    with startup_lines_held_back():
        os.write(2, (NEWS + OTHER + NO_CARD + "no end of line").encode())
    assert capfd.readouterr().err == OTHER + "no end of line"


def test_a_card_that_does_not_work_is_reported(level, capfd, monkeypatch):
    monkeypatch.setattr("os.path.exists", lambda path: True)
    with startup_lines_held_back():
        os.write(2, (NEWS + NO_CARD).encode())
    assert capfd.readouterr().err == NO_CARD


@pytest.mark.parametrize(
    ("asked", "shown"), [("0", NEWS + NO_CARD), ("1", NO_CARD), ("2", NO_CARD), ("3", "")]
)
def test_what_the_user_asks_for_is_shown(level, capfd, monkeypatch, asked, shown):
    monkeypatch.setattr("os.path.exists", lambda path: False)
    level(asked)
    with startup_lines_held_back():
        os.write(2, (NEWS + NO_CARD).encode())
    assert capfd.readouterr().err == shown


def test_an_error_hides_nothing(level, capfd):
    def start():
        with startup_lines_held_back():
            os.write(2, (NEWS + OTHER).encode())
            raise ImportError("libtensorflow.so is damaged")

    with pytest.raises(ImportError):
        start()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == OTHER + "later\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_meanwhile_speaks(level, capfd):
    with startup_lines_held_back():
        child = os.fork()
        if child == 0:
            os.write(2, b"from the child\n")
            os._exit(0)
        os.waitpid(child, 0)
        assert capfd.readouterr().err == "from the child\n"


FIRST_USE = """
import warnings
from conv_denoiser import ConvDenoiser, DenoisingWarning, SignalGenerator
from conv_denoiser.export import OnnxDenoiser, to_onnx
X = SignalGenerator().sample(5).noisy
warnings.simplefilter("ignore", DenoisingWarning)  # of a fit that is this short
denoiser = ConvDenoiser(filters=(2,), epochs=1, validation_split=0).fit(X)
to_onnx(denoiser, "model.onnx")
print(OnnxDenoiser("model.onnx").transform(denoiser.transform(X)).shape)
"""
WITHOUT_A_FIT = """
from conv_denoiser import ConvDenoiser, SignalGenerator
print(ConvDenoiser.from_pretrained().transform(SignalGenerator().sample(5).noisy).shape)
"""
LATER_USE = """
from conv_denoiser.export import OnnxDenoiser
print(OnnxDenoiser("model.onnx").n_features_in_)
"""


@pytest.mark.slow
def test_first_use_prints_nothing_and_writes_what_was_asked_for(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    places = {"HOME": str(home), "TMPDIR": str(folder), "XDG_CACHE_HOME": str(home)}
    assert run(FIRST_USE, cwd=folder, environment=places) == ("(5, 150)\n", "")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]
    assert not list(home.rglob("*onnxruntime*"))  # Keras and Matplotlib keep their settings there
    # Where there is no home to write to, nothing complains of it.
    places |= {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull}
    assert run(LATER_USE, cwd=folder, environment=places) == ("150\n", "")


@pytest.mark.slow
def test_the_universal_model_starts_without_a_word():
    hide = "import sys; sys.modules['onnxruntime'] = None; "
    code = "from conv_denoiser import denoise; print(denoise([0.0, 1] * 50).shape)"
    # Settings of threads look for graphics cards as well.
    limited = run(hide + code, environment={"OMP_NUM_THREADS": "1"})
    assert run(code) == run(hide + code) == limited == ("(100,)\n", "")


@pytest.mark.slow
def test_closed_standard_error(tmp_path):
    """Another file may then have its number, so nothing is held back."""
    (tmp_path / "first.py").write_text(WITHOUT_A_FIT)
    command = f"{sys.executable} first.py 2>&-"
    done = subprocess.run(command, shell=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, "(5, 150)\n")
