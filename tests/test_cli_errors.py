"""Errors of the command are one line, with exit code 2, and leave no file behind."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from command import fails

pytestmark = pytest.mark.usefixtures("in_a_folder")


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1\n2\nx\n", "noisy.csv, line 3, column 1: 'x' is not a number"),
            ("t,v\n1,2\n3\n", "noisy.csv, line 3: 1 cell(s), where other lines have 2"),
            ("t,v\n1,2\n3,-inf\n", "noisy.csv, line 3, column 2: '-inf' is not finite"),
            ("t,v\n\n1,2\n\n3,4,5\n", "noisy.csv, line 5: 3 cell(s)"),
            ("1 2\n3\n", "noisy.csv, line 2: 1 cell(s)"),
            ("1.0,2..0\n3,4\n", "noisy.csv, line 1, column 2: '2..0' is not a number"),
            ("1\n2_000\n", "noisy.csv, line 2, column 1: '2_000' is not a number"),
            ("", "'noisy.csv' holds no samples"),
            ("\n\n", "'noisy.csv' holds no samples"),
            ("only,a,header\n", "'noisy.csv' holds no samples"),
            ("t,v\n1,2\n3,4\n", "noisy.csv has 2 columns (t, v), but the model takes 1 channel"),
            ("1;2\n3;4\n", "noisy.csv has 2 columns, but the model takes 1 channel"),
        ],
    )
    def test_csv(self, capsys, onnx_file, text, message):
        Path("noisy.csv").write_text(text)
        fails(
            capsys, message, "denoise", "noisy.csv", "--model", onnx_file, "--output", "clean.csv"
        )

    def test_names_that_a_terminal_would_obey(self, capsys, onnx_file):
        Path("noisy.csv").write_text("a\x1b[31m,b\n1,2\n3,4\n")
        command = ["denoise", "noisy.csv", "--model", onnx_file, "--output", "clean.csv"]
        fails(capsys, "has 2 columns (a\\x1b[31m, b)", *command)

    def test_quote_that_does_not_end(self, capsys, onnx_file):
        Path("noisy.csv").write_text('v,note\n1,a\n2,"b\n3,c\n')
        command = ["denoise", "noisy.csv", "--model", onnx_file, "--output", "clean.csv"]
        fails(capsys, "line 4: unexpected end of data", *command, "--column", "v")

    def test_csv_that_is_no_text(self, capsys, onnx_file):
        Path("noisy.csv").write_bytes(b"1\n\xff\xfe\n")
        command = ["denoise", "noisy.csv", "--model", onnx_file, "--output", "clean.csv"]
        fails(capsys, "not a text file in UTF-8", *command)

    @pytest.mark.parametrize(
        ("column", "message"),
        [
            (
                "x",
                "the channel 'x'. It has 2, numbered from 1: 't', 'v'. Choose with --column",
            ),
            ("3", "does not have the channel '3'. It has 2, numbered from 1"),
            ("0", "does not have the channel '0'"),
        ],
    )
    def test_column(self, capsys, onnx_file, column, message):
        Path("noisy.csv").write_text("t,v\n1,2\n")
        options = ["--model", onnx_file, "--output", "clean.csv", "--column", column]
        fails(capsys, message, "denoise", "noisy.csv", *options)
        np.save("noisy.npy", np.zeros((9, 2)))
        if column != "x":
            fails(capsys, message, "denoise", "noisy.npy", *options)

    def test_files(self, capsys, onnx_file, ecg):
        np.save("noisy.npy", ecg)
        output = ["--output", "clean.npy"]
        fails(capsys, "No such file or directory: 'no.npy'", "denoise", "no.npy", "--model",
              onnx_file, *output)  # fmt: skip
        fails(capsys, "No such file or directory: 'no.onnx'", "denoise", "noisy.npy", "--model",
              "no.onnx", *output)  # fmt: skip
        fails(
            capsys,
            "must end in .onnx or .safetensors",
            "denoise",
            "noisy.npy",
            "--model",
            "noisy.npy",
            *output,
        )
        for target, option in (("clean.xls", "--output"), ("c.npy --plot c.txt", "--plot")):
            command = ["denoise", "noisy.npy", "--model", onnx_file, "--output", *target.split()]
            fails(capsys, f"{option} must end in", *command)
        fails(capsys, "there is no such folder", "denoise", "noisy.npy", "--model", onnx_file,
              "--output", "no/clean.npy")  # fmt: skip
        fails(capsys, "recording must end in .npy, .csv", "denoise", "noisy.xls", "--model",
              onnx_file, *output)  # fmt: skip
        for name, what in (
            ("bad.npy", "not an npy file"),
            ("bad.wav", "cannot read 'bad.wav' as a wav file"),
        ):
            Path(name).write_text("nothing of the sort")
            fails(capsys, what, "denoise", name, "--model", onnx_file, *output)
        np.save("objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
        fails(capsys, "not an npy file", "denoise", "objects.npy", "--model", onnx_file, *output)

    def test_recordings(self, capsys, onnx_file, ecg):
        ecg = ecg.copy()
        ecg[77] = np.inf
        np.save("gap.npy", ecg)
        command = ["--model", onnx_file, "--output", "clean.npy"]
        fails(capsys, "recording holds inf at sample 77", "denoise", "gap.npy", *command)
        np.save("transposed.npy", np.zeros((2, 500)))
        fails(capsys, "pass recording.T", "denoise", "transposed.npy", *command)
        np.save("good.npy", np.zeros(500))
        fails(capsys, "overlap", "denoise", "good.npy", *command, "--overlap", "1")

    def test_usage(self, capsys):
        fails(
            capsys,
            "required: COMMAND",
        )
        fails(capsys, "--output --output-dir is required", "denoise", "noisy.npy")
        fails(capsys, "invalid choice: 'x'", "x")

    def test_model_of_another_version(self, capsys, onnx_file):
        other = onnx.load(onnx_file)
        other.metadata_props[0].value = '{"format": 7}'
        onnx.save(other, "m.onnx")
        fails(capsys, "is of format 7", "info", "m.onnx")
