"""In a shell: streams that are closed or nobody reads, and signals amid the work."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conv_denoiser import SignalGenerator, denoise_recording, load
from conv_denoiser._atomic import replacing
from conv_denoiser.cli import main
from conv_denoiser.export import OnnxDenoiser

COMMAND = [sys.executable, "-m", "conv_denoiser"]
SMALL = ["--architecture", "autoencoder", "--window", "64", "--quiet"]
# A process that is killed while it writes a file.
KILLED = """
import os, signal, sys
from conv_denoiser._atomic import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(bytes(1000))
    os.kill(os.getpid(), signal.SIGKILL)
"""
# A file that is opened must not get the number of standard error, and what is printed there.
CLOSED = """
import sys
from conv_denoiser.cli import main
sys.exit(main() or open("other.txt", "w").fileno() < 3)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX shells")


@pytest.fixture(autouse=True)
def noisy(tmp_path, monkeypatch):
    """Samples of the file noisy.npy in the current folder."""
    monkeypatch.chdir(tmp_path)
    samples = SignalGenerator("ecg", n_timesteps=300, random_state=0).sample(1).noisy[0]
    np.save("noisy.npy", samples)
    return samples


def files():
    return sorted(os.listdir())


class TestStreams:
    def test_closed(self, onnx_file, noisy):
        command = [sys.executable, "-c", CLOSED, "denoise", "noisy.npy", "--model", onnx_file]
        command += ["--output", "c.npy"]
        done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *command])
        assert done.returncode == 0
        expected = denoise_recording(OnnxDenoiser(onnx_file), noisy)
        np.testing.assert_array_equal(np.load("c.npy"), expected)

    def test_nobody_reads(self, onnx_file):
        command = [*COMMAND, "denoise", "noisy.npy", "--model", onnx_file, "--output", "c.npy"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 0
        assert files() == ["c.npy", "noisy.npy"]
        with subprocess.Popen([*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=-1) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 0

    @pytest.mark.slow
    def test_training_goes_on_without_a_voice(self, monkeypatch):
        read, write = os.pipe()
        os.close(read)
        with open(write, "w", buffering=1) as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            monkeypatch.setattr(sys, "stderr", None)
            loud = [*SMALL[:-1], "--epochs", "2", "--output", "m.safetensors"]
            assert main(["fit", "noisy.npy", *loud]) == 0
            os.dup2(os.open(os.devnull, os.O_WRONLY), write)
        assert load("m.safetensors").n_epochs_ == 2

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
    def test_full_disk_behind_standard_output(self, onnx_file, capsys, monkeypatch):
        """Messages are not worth the work; what `info` prints is its work."""
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            command = ["denoise", "noisy.npy", "--model", str(onnx_file), "--output", "c.npy"]
            assert main(command) == 0
            assert main(["info", str(onnx_file)]) == 2
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
        assert "No space left" in capsys.readouterr().err

    def test_name_that_cannot_be_printed(self, onnx_file, monkeypatch):
        name = os.fsdecode(b"c\xe9.npy")
        with open("out.txt", "w", encoding="ascii") as out:
            monkeypatch.setattr(sys, "stdout", out)
            assert main(["denoise", "noisy.npy", "--model", str(onnx_file), "--output", name]) == 0
        assert Path("out.txt").read_text().startswith("c\\udce9.npy: 300 samples denoised")


class SignalOn(io.StringIO):
    """A terminal that sends a signal to its process, once, when it is told of the second epoch."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def isatty(self):
        return True

    def write(self, text):
        if "epoch=2" in text and self.number is not None:
            number, self.number = self.number, None
            os.kill(os.getpid(), number)
        return super().write(text)


class TestSignals:
    @pytest.fixture(autouse=True)
    def _not_ignored(self):
        """As in a shell, though the tests may run under nohup or in the background."""
        handlers = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)

    @pytest.mark.slow
    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_training_leaves_what_was_learned(self, monkeypatch, number, code):
        terminal = SignalOn(number)
        monkeypatch.setattr(sys, "stderr", terminal)
        loud = [*SMALL[:-1], "--epochs", "300", "--output", "m.safetensors"]
        assert main(["fit", "noisy.npy", *loud]) == code
        assert terminal.getvalue().endswith(
            "conv-denoiser: interrupted: m.safetensors holds what was learned until then, in 2 "
            "epochs\n"
        )
        assert load("m.safetensors").n_epochs_ == 2

    @pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
    def test_nothing_is_left_of_a_write(self, onnx_file, capsys, monkeypatch, name, code):
        number = getattr(signal, name)

        def send(self, X):
            assert len(files()) == 2  # the temporary file is there
            os.kill(os.getpid(), number)
            return X

        monkeypatch.setattr(OnnxDenoiser, "transform", send)
        command = ["denoise", "noisy.npy", "--model", str(onnx_file), "--output", "c.npy"]
        assert main(command) == code
        assert capsys.readouterr().err == "conv-denoiser: interrupted: nothing was written\n"
        assert files() == ["noisy.npy"]
        assert signal.getsignal(number) == signal.SIG_DFL

    def test_what_was_written_before_is_counted(self, onnx_file, noisy, capsys, monkeypatch):
        np.save("second.npy", noisy[:100])
        old = OnnxDenoiser.transform

        def send(self, X):
            if Path("out/noisy.npy").exists():
                os.kill(os.getpid(), signal.SIGTERM)
            return old(self, X)

        monkeypatch.setattr(OnnxDenoiser, "transform", send)
        command = ["denoise", "noisy.npy", "second.npy", "--model", str(onnx_file)]
        assert main([*command, "--output-dir", "out", "--quiet"]) == 143
        assert "interrupted: 1 of 2 recordings were written" in capsys.readouterr().err
        assert os.listdir("out") == ["noisy.npy"]

    def test_ignored_signals_stay_ignored(self, onnx_file, monkeypatch):
        """As nohup wants it."""
        monkeypatch.setattr(
            OnnxDenoiser, "transform", lambda self, X: os.kill(os.getpid(), signal.SIGHUP) or X
        )
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            command = ["denoise", "noisy.npy", "--model", str(onnx_file), "--output", "c.npy"]
            assert main([*command, "--quiet"]) == 0
        finally:
            signal.signal(signal.SIGHUP, before)


class TestWrites:
    def test_leftovers_of_killed_processes_are_removed(self):
        done = subprocess.run([sys.executable, "-c", KILLED, "c.npy"])
        assert done.returncode == -signal.SIGKILL
        (leftover,) = set(files()) - {"noisy.npy"}
        with replacing("c.npy.gz") as temporary, replacing("other.npy"):
            assert leftover in files()
            temporary.write_text("something else")
        with replacing("c.npy") as temporary:
            assert leftover not in files()
            temporary.write_text("samples")
        assert files() == ["c.npy", "c.npy.gz", "noisy.npy", "other.npy"]

    def test_what_others_write_is_left_alone(self):
        with replacing("c.npy") as slow:
            slow.write_text("slow")
            with replacing("c.npy") as fast:
                fast.write_text("fast")
            assert Path("c.npy").read_text() == "fast"
        assert Path("c.npy").read_text() == "slow"
        assert files() == ["c.npy", "noisy.npy"]

    def test_errors_name_the_file_that_was_asked_for(self):
        with pytest.raises(FileNotFoundError) as caught, replacing("c.npy") as temporary:
            temporary.unlink()
        assert str(caught.value) == "[Errno 2] No such file or directory: 'c.npy'"
        with pytest.raises(OSError, match="No space left on device: 'c.npy'"), replacing("c.npy"):
            raise OSError(28, "No space left on device")
        with pytest.raises(FileNotFoundError, match="'no'"), replacing("c.npy"):
            Path("no").read_text()
        long = "é" * 120  # of 240 bytes, to which not much can be added
        with replacing(long):
            pass
        with pytest.raises(OSError, match="File name too long: '[^.]*'"), replacing(2 * long):
            pass
        assert files() == ["noisy.npy", long]
