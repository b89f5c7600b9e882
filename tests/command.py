"""Run the command as users type it, in the current folder."""

import os

from conv_denoiser.cli import main


def run(capsys, *arguments):
    """Run a command; return its exit code, output and errors."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def denoise(capsys, onnx_file, source, target, *options):
    code, out, err = run(
        capsys, "denoise", source, "--model", onnx_file, "--output", target, *options
    )
    assert (code, err) == (0, ""), err
    return out


def fails(capsys, message, *arguments):
    """Check that a command fails with one line, and leaves no file behind."""
    before = sorted(os.listdir())
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("conv-denoiser: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(os.listdir()) == before
