"""Code blocks of the documents run, in order, each document in one namespace."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import savgol_filter

from conv_denoiser.cli import main
from conv_denoiser.metrics import snr_db

ROOT = Path(__file__).parents[1]
MADE = {"_build", "auto_examples", "generated", "node_modules"}
DOCS = [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if not MADE & set(path.relative_to(ROOT).parts)
]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in DOCS)]


def blocks(page):
    """Return the code of a page, and what it says that each block prints."""
    text = (ROOT / page).read_text()
    return re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", text, flags=re.DOTALL)


# What pages denoise: noisy signals, clean ones and the result, in the page's own names.
DENOISED = {
    "README.md": ["[noisy], [clean], [denoised]"],
    "docs/getting_started.md": ["noisy, clean, denoised", "hum, clean, learned"],
    "docs/guide/deployment.md": ["X, y, denoised"],
    "docs/guide/figures.md": ["X, y, denoiser.transform(X)"],
    "docs/guide/gaps.md": ["noisy, clean, filled"],
    "docs/guide/many_machines.md": ["noisy, clean, [denoised]"],
    "docs/guide/networks.md": [
        f"X[40:], y[40:], {name}.transform(X[40:])" for name in ("universal", "denoiser")
    ],
    "docs/guide/no_training.md": [
        "noisy, clean, denoise(noisy)",
        "X[50:], y[50:], denoiser.transform(X[50:])",
    ],
    "docs/guide/recordings.md": ["noisy, clean, [denoised]"],
    "docs/guide/safety.md": [
        "noisy_hearts, hearts, denoised_hearts",
        "noisy_pulses[40:], pulses[40:], learned.transform(noisy_pulses[40:])",
        "noisy_spectra, spectra, denoise(noisy_spectra)",
        "noisy_steps, steps, denoise(noisy_steps)",
    ],
    "docs/guide/saving.md": ["X, y, restored.transform(X)"],
    "docs/guide/supervision.md": [
        f"X[40:], y[40:], denoisers[{number}].transform(X[40:])" for number in range(3)
    ],
    "docs/guide/uncertainty.md": ["X[800:], y[800:], denoised"],
}
DOMAINS = [page for page in PAGES if Path(page).parent.name == "domains" and blocks(page)]
DENOISED |= {page: ["[noisy], [clean], [results['denoise']]"] for page in DOMAINS}
SAVITZKY_GOLAY = [(9, 2), (15, 2), (31, 3), (61, 3)]


def words_and_numbers(text):
    pieces = re.split(r"(-?\d+(?:\.\d+)?)", text)
    return "".join(pieces[::2]).split(), [float(number) for number in pieces[1::2]]


def assert_prints(said, printed):
    (words, numbers), (words_printed, numbers_printed) = map(words_and_numbers, (said, printed))
    assert words == words_printed, printed
    # The last digits of a fit differ from one kind of processor to another.
    assert numbers == pytest.approx(numbers_printed, rel=0.05, abs=0.5), printed


def other_results(page, namespace):
    """Return what the filter of a field, on its page, makes of the noisy signal."""
    if page not in DOMAINS:
        return []
    (usual,) = namespace["results"].keys() - {"noisy", "denoise"}
    return [[namespace["results"][usual]]]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
def test_code_blocks_run(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block, said in blocks(page):
        exec(compile(block, page, "exec"), namespace)
        assert_prints(said, capsys.readouterr().out)
    for expressions in DENOISED.get(page, []):
        noisy, clean, denoised = eval(expressions, namespace)
        smooth = [savgol_filter(noisy, *setting, axis=1) for setting in SAVITZKY_GOLAY]
        others = [*smooth, *other_results(page, namespace)]
        assert snr_db(clean, denoised) > max(snr_db(clean, estimate) for estimate in others)


@pytest.mark.parametrize("page", PAGES)
def test_what_pages_denoise_is_compared(page):
    code = "".join(block for block, _ in blocks(page))
    denoises = re.search(r"\b(denoise|denoise_recording|transform|score|from_estimator)\(", code)
    assert (denoises is not None) == (page in DENOISED)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/getting_started.md"])
def test_commands_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("noisy.csv", np.random.default_rng(0).normal(size=2000))
    commands = re.findall(r"^(conv-denoiser .*?)(?: +#.*)?$", (ROOT / page).read_text(), re.M)
    assert len(commands) >= 2
    for command in commands:
        options = command.split()[1:]
        if options[0] == "fit":
            options += ["--epochs", "1", "--window", "64", "--architecture", "autoencoder"]
        assert main(options) == 0
    (picture,) = Path().glob("*.png")
    assert len(np.loadtxt(picture.with_suffix(".csv"))) == 2000


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        target = path.parent / link
        if target.parent.name == "auto_examples":  # where the gallery is built
            target = (ROOT / "examples" / target.name).with_suffix(
                ".rst" if target.stem == "index" else ".py"
            )
        assert target.exists(), link


def test_badges_are_true():
    readme = (ROOT / "README.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert f"badge/python-{'_%7C_'.join(versions)}-" in readme
    assert f"badge/licence-{project['license'].replace('-', '--')}-" in readme
    assert "Typing :: Typed" in project["classifiers"]


@pytest.mark.slow
def test_picture_of_the_readme_compares_with_the_best(tmp_path):
    script = runpy.run_path(str(ROOT / "docs" / "figures" / "readme.py"))
    noisy, classical, denoised = script["picture"](tmp_path / "ecg.png")
    assert (tmp_path / "ecg.png").read_bytes().startswith(b"\x89PNG")
    before, best, after = (
        float(title.split(": ")[1].removesuffix(" dB")) for title in (noisy, classical, denoised)
    )
    assert before + 8 < best < after


@pytest.mark.slow
def test_site_builds_without_warnings(tmp_path):
    # Tests of their own run the examples and the pages' code, `make docs` runs both.
    options = ["-D", "plot_gallery=0", "-D", "suppress_warnings=image.not_readable"]
    pages = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    for name in (*pages, "CITATION.cff", "LICENSE", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    built = shutil.ignore_patterns("_build", "auto_examples", "generated", "output")
    for name in ("docs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=built)
    pictures = runpy.run_path(str(tmp_path / "examples" / "run.py"))["OUTPUT"]
    pictures.mkdir()  # as after `make demo`
    figure = tmp_path / "docs" / "figures" / "getting_started.py"
    figure.write_text("import matplotlib.pyplot as plt\n\nplt.figure()\n")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--nitpicky", *options]
    done = subprocess.run([*command, "docs", "site"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Getting started" in (tmp_path / "site" / "index.html").read_text()
