"""Spectra in JCAMP-DX files, read by jcamp."""

from dataclasses import replace
from pathlib import Path

import jcamp
import numpy as np
import pytest
from command import fails, run

from conv_denoiser import read_recording, write_recording

pytestmark = pytest.mark.usefixtures("in_a_folder")

HEAD = """##TITLE=Ethanol, gas
##JCAMP-DX=4.24 $$ by hand
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS=ABSORBANCE
##FIRSTX=4000.0
##LASTX=3804.0
##NPOINTS=50
##FIRSTY=0.5
##MAXY=1.9
##XFACTOR=1.0
##YFACTOR=0.001
"""
Y = np.random.default_rng(0).integers(0, 2000, 50)
X = np.linspace(4000, 3804, 50)


def write(name, form="(X++(Y..Y))"):
    if form.startswith("(X++"):
        rows = [f"{X[n]:g} {' '.join(map(str, Y[n : n + 5]))}" for n in range(0, 50, 5)]
        label = "XYDATA"
    else:
        rows = [f"{x}, {y}" for x, y in zip(X**8 / 4000**7, Y, strict=True)]
        label = "XYPOINTS"
    Path(name).write_text(HEAD + f"##{label}={form}\n" + "\n".join(rows) + "\n##END=\n")


def test_what_is_known():
    write("a.jdx")
    recording = read_recording("a.jdx")
    np.testing.assert_allclose(recording.samples, Y / 1000)
    assert (recording.channel_names, recording.units) == (("Ethanol, gas",), ("ABSORBANCE",))
    assert (recording.sampling_rate, recording.time) == (None, None)


@pytest.mark.parametrize("form", ["(X++(Y..Y))", "(XY..XY)"])
def test_identity(form):
    write("a.jdx", form)
    write_recording("b.jdx", read_recording("a.jdx"))
    old, new = jcamp.readfile("a.jdx"), jcamp.readfile("b.jdx")
    for name in ("x", "y"):
        np.testing.assert_allclose(new.pop(name), old.pop(name), rtol=1e-12)
    for content in (old, new):
        del content["filename"], content["firsty"], content["maxy"]
    assert new == old
    lines = [Path(name).read_text().splitlines() for name in ("a.jdx", "b.jdx")]
    same = [line for line in lines[0] if not line.startswith(("##FIRSTY", "##MAXY"))]
    if form == "(X++(Y..Y))":
        assert set(same) <= set(lines[1]) | {""}
    assert f"##FIRSTY={Y[0] / 1000:g}" in lines[1]


def test_uneven_places_are_kept():
    write("a.jdx", "(XY..XY)")
    recording = read_recording("a.jdx")
    np.testing.assert_allclose(recording.time, 4000 - X**8 / 4000**7)
    write_recording("b.jdx", replace(recording, samples=recording.samples * 2))
    assert jcamp.readfile("b.jdx")["maxy"] == pytest.approx(2 * Y.max() / 1000)


def test_command(capsys):
    write("a.jdx")
    assert run(capsys, "denoise", "a.jdx", "--quiet", "--output", "b.jdx")[0] == 0
    assert not np.array_equal(read_recording("b.jdx").samples, read_recording("a.jdx").samples)
    np.save("a.npy", Y / 1)
    fails(capsys, "can only be written from another one", "convert", "a.npy", "b.jdx")
    Path("c.jdx").write_text(HEAD.replace("=50", "=5e12") + "##XYDATA=(X++(Y..Y))\n1 2\n##END=\n")
    fails(capsys, "claims to hold 5e+12 samples", "convert", "c.jdx", "b.npy")
    Path("c.jdx").write_text(HEAD + "##PEAK TABLE=(XY..XY)\n1, 2\n##END=\n")
    fails(capsys, "it holds no spectrum", "convert", "c.jdx", "b.npy")
