"""The page on which a file is denoised in the browser, in real Chromium, beside the command."""

import functools
import importlib.util
import os
import re
import shutil
import threading
import warnings
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import edfio
import numpy as np
import pytest
from kinds import N, pulse, quake, spectrum, steps, t
from scipy.io import wavfile

from conv_denoiser import denoise, read_recording
from conv_denoiser.cli import main

DOCS = Path(__file__).resolve().parents[1] / "docs" / "try"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LACKING = [
    name for name, path in (("chromium", CHROMIUM), ("npm", shutil.which("npm"))) if not path
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(LACKING),
        reason=f"not installed: {LACKING} (Debian, Ubuntu: apt-get install chromium npm)",
    ),
]
RNG = np.random.default_rng(0)
NOISY = pulse() + 0.2 * RNG.standard_normal(N)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    spec = importlib.util.spec_from_file_location("build", DOCS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = {"args": ["--no-sandbox"]} if os.geteuid() == 0 else {}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, **options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser, address):
    """The page, which loads nothing from elsewhere and meets no error, whatever is done with it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    requests, errors = [], []
    page.context.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.set_default_timeout(120_000)  # machines may be busy
    page.goto(f"{address}/try.html")
    yield page
    elsewhere = [url for url in requests if not url.startswith((address, f"blob:{address}"))]
    page.close()
    assert any(url.endswith("universal.onnx") for url in requests)
    assert elsewhere == []
    assert errors == []


def shown(page, strength="1"):
    page.wait_for_selector(f"#results[data-strength='{strength}']")


def choose(page, path, column=None):
    page.set_input_files("#file", path)
    if column is not None:
        shown(page)
        page.select_option("#column", column)
    shown(page)


def download(page, name, folder):
    with page.expect_download() as waiting:
        page.click(f"#downloads [data-format={name}]")
    path = folder / f"page_{waiting.value.suggested_filename}"
    waiting.value.save_as(path)
    return path


def doubts(page):
    return page.locator("#doubts li").all_inner_texts()


def by_command(path, folder, capsys, *options):
    """Return the file that the command writes, and its warnings or errors."""
    target = folder / f"command_{path.name}"
    main(["denoise", str(path), "--output", str(target), "--quiet", *options])
    told = capsys.readouterr().err.splitlines()
    return target, [line.split(": ", 2)[2] for line in told]


def numbers_and_words(path):
    text = path.read_text()
    number = re.compile(rf"[-+]?\d+({'[.,]' if ';' in text else '[.]'}\d+)?(e[-+]?\d+)?")
    numbers = [float(match[0].replace(",", ".")) for match in number.finditer(text)]
    return np.array(numbers), number.sub("#", text)


def assert_same_files(ours, theirs, span):
    """Samples to 1e-4 of their range, everything else to the letter."""
    if ours.suffix in (".csv", ".txt"):
        (a, words), (b, expected) = numbers_and_words(ours), numbers_and_words(theirs)
        assert words == expected
    else:
        a, b = (np.asarray(read_recording(path).samples, float) for path in (ours, theirs))
        assert ours.stat().st_size == theirs.stat().st_size
    rounding = ours.suffix == ".wav"  # halves may fall to either side
    np.testing.assert_allclose(a, b, rtol=0, atol=max(1e-4 * span, rounding))


def span_of(path, column=None):
    with warnings.catch_warnings(action="ignore"):  # of times, which are told elsewhere
        samples = np.asarray(read_recording(path, column).samples, float)
    return np.nanmax(samples) - np.nanmin(samples)


@pytest.mark.parametrize("name", ["ecg", "spectrum", "vibration"])
def test_examples_are_what_the_command_makes_of_them(page, site, tmp_path, capsys, name):
    page.click(f"[data-example='{name}.csv']")
    shown(page)
    source = site / "try" / "examples" / f"{name}.csv"
    theirs, told = by_command(source, tmp_path, capsys)
    assert doubts(page) == told
    assert_same_files(download(page, "csv", tmp_path), theirs, span_of(source))
    assert page.inner_text("#command").startswith(f"conv-denoiser denoise {name}.csv --output ")


def table(path, *columns, header="", delimiter=",", missing=""):
    rows = zip(*columns, strict=True)
    lines = [delimiter.join(missing if x != x else str(x) for x in row) for row in rows]
    path.write_text("\n".join([*([header] if header else []), *lines, ""]))


def with_semicolons(path):
    table(path, t / 100, np.round(NOISY, 4), header="Zeit;Druck", delimiter=";")
    path.write_text(path.read_text().replace(".", ","))


def with_gaps(path):
    gaps = NOISY.copy()
    gaps[[0, 1, 500, 900]] = gaps[1000:1400] = gaps[600:610] = np.nan
    words = np.where(t % 2, '"a, b"', "c")
    table(path, words, gaps, header="# of a pump\nstate,flow\n,[l/s]", missing="NA")


def with_uneven_times(path):
    kept = np.sort(RNG.choice(N, N - 300, replace=False))
    table(path, kept / 100, NOISY[kept], header="time,x")


def with_dates(path):
    dates = np.datetime64("2024-02-28T23:59:50.000") + (t * 40).astype("timedelta64[ms]")
    table(path, dates, np.round(20 * NOISY), header="when,x")


def with_channels(path):
    table(path, NOISY, NOISY[::-1], header="left,right")


def with_events(path):
    hits = 30 * (t % 400 == 200)
    table(path, 5 * pulse() + RNG.normal(size=N) + hits / 3)


def with_rows(path):
    np.savetxt(path, NOISY.reshape(8, -1), fmt="%.6g")


def as_sound(path):
    wavfile.write(path, 8000, (3000 * np.stack([NOISY, NOISY[::-1]], axis=1)).astype(np.int16))


def as_edf(path):
    signals = [edfio.EdfSignal(x[:2000], 200, label=f"EEG {x[0]:.2f}") for x in (NOISY, -NOISY)]
    edfio.Edf(signals, annotations=[edfio.EdfAnnotation(1, None, "blink")]).write(path)


@pytest.mark.parametrize(
    ("write", "suffix", "column", "options"),
    [
        (with_semicolons, ".csv", None, ()),
        (with_gaps, ".csv", None, ()),
        (with_uneven_times, ".csv", None, ()),
        (with_dates, ".csv", None, ()),
        (with_channels, ".csv", None, ("--channelwise",)),
        (with_channels, ".csv", "2", ("--column", "2")),
        (with_events, ".txt", None, ()),
        (with_rows, ".txt", None, ()),
        (as_sound, ".wav", None, ("--channelwise",)),
        (as_edf, ".edf", "2", ("--column", "2")),
    ],
)
def test_files_are_what_the_command_makes_of_them(
    page, tmp_path, capsys, write, suffix, column, options
):
    source = tmp_path / f"file{suffix}"
    write(source)
    choose(page, source, column)
    ours = download(page, {".txt": "csv"}.get(suffix, suffix[1:]), tmp_path)
    theirs, told = by_command(source, tmp_path, capsys, *options)
    assert doubts(page) == told
    assert_same_files(ours, theirs, span_of(source, column))
    assert page.inner_text("#command").endswith(" ".join(["", *options]) if options else suffix)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("words.csv", "Dear all,\nthis is a letter.\n", None),
        ("empty.csv", "", None),
        ("late.csv", "1.5\n" * 300 + "x\n", None),
        ("ragged.csv", "a,b\n" + "1,2\n" * 300 + "1\n", None),
        ("infinite.csv", "1\n2\ninf\n" * 9, None),
        ("one.csv", "1\n", "1 timestep; noise shows from 2 on"),
        ("latin.csv", b"\xff\xfe1\n2\n", "not a text file in UTF-8"),
        ("cut.wav", b"RIFF1234WAVEfmt ", "not a whole wav file"),
        ("letter.docx", b"PK", "reads .csv, .tsv"),
        ("huge.csv", 2**31, "has 2.1 GB, and this page takes up to 200 MB"),
    ],
)
def test_bad_files_are_refused_in_words(page, tmp_path, capsys, name, content, message):
    path = tmp_path / name
    if isinstance(content, int):
        with open(path, "wb") as file:
            file.truncate(content)  # it takes no place on the disk
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    page.set_input_files("#file", path)
    page.wait_for_selector("#error:visible")
    told = page.inner_text("#error")
    if message is None:
        _, (message,) = by_command(path, tmp_path, capsys)
        message = message.replace(repr(str(path)), repr(name))
        assert told == message
    assert message in told
    assert not page.is_visible("#results")


def test_what_is_all_missing_stays_so(page, tmp_path):
    path = tmp_path / "missing.csv"
    path.write_text("x\n" + "NaN\n" * 100)
    choose(page, path)
    assert doubts(page) == ["1 of 1 signals have no sample at all, and stay NaN."]
    assert download(page, "csv", tmp_path).read_text() == path.read_text()


def test_pasted_numbers_and_another_strength(page, tmp_path):
    page.evaluate("document.getElementById('paste').open = true")
    page.fill("#numbers", "0\n1\n")
    page.evaluate(
        "text => document.getElementById('numbers').value = text", "\n".join(map(str, NOISY))
    )
    page.click("#use-numbers")
    shown(page)
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.press("#strength", key)
    strength = page.inner_text("#strength-value")
    shown(page, strength)
    assert f"strength={strength}" in page.inner_text("#python")
    assert page.inner_text("#command").endswith(f"--strength {strength}")
    ours = np.loadtxt(download(page, "csv", tmp_path))
    expected = denoise(NOISY, strength=float(strength))
    assert np.abs(expected - denoise(NOISY)).max() > 0.01
    np.testing.assert_allclose(ours, expected, atol=1e-4 * np.ptp(NOISY))


# Signals of every kind, in the page's own modules: denoised, and the deviations of their errors.
SIGNALS = """async signals => {
  const base = new URL("try/", location.href).href;
  const { Signal } = await import(`${base}denoise/blocks.js`);
  const ort = await import(`${base}vendor/ort.js`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: `${base}vendor/ort.wasm` };
  const network = await ort.InferenceSession.create(`${base}universal.onnx`);
  const run = async x => {
    const channels = new ort.Tensor("float32", x, [1, x.length / 6, 6]);
    return (await network.run({ channels })).outputs.data;
  };
  const results = [];
  for (const { x, strengths } of signals) {
    const signal = new Signal(Float64Array.from(x, value => value ?? NaN), run);
    for (const strength of strengths) {
      const { denoised, std } = await signal.denoise(strength);
      results.push([Array.from(denoised), Array.from(std)]);
    }
  }
  return results;
}"""


def signals_of_every_kind():
    tones = sum(np.sin(0.0213 * k * t + k) / k for k in (1, 2, 3, 6))
    riddled = np.where(RNG.random(N) < 0.3, np.nan, NOISY)
    spiky = np.where(t % 300 == 77, 90, NOISY)
    long = np.concatenate([np.sin(np.arange(20_000) / 9), 0.1 * np.cumsum(RNG.normal(size=10_000))])
    return {
        **{f.__name__: f() + RNG.normal(size=N) / 3 for f in (spectrum, steps, quake)},
        "tones": tones + RNG.normal(size=N) / 2,
        "other tones": (np.sin(3 * t) + np.sin(0.77 * t))[:1999] + RNG.normal(size=1999) / 2,
        "tones with gaps": np.where(t % 90 < 6, np.nan, tones + RNG.normal(size=N) / 2),
        "riddled": riddled,
        "spiky": spiky,
        "flat": np.ones(300),
        "clean": np.sin(t / 50),
        "two": np.array([1.0, 2.0]),
        "short": NOISY[:40],
        "quantised": np.round(3 * NOISY),
        "long": long + RNG.normal(size=long.size) / 3,
    }


def test_signals_of_every_kind_are_what_python_makes_of_them(page):
    signals = signals_of_every_kind()
    strengths = {name: (1,) if name == "long" else (1, 0.5) for name in signals}
    asked = [
        {"x": [None if v != v else v for v in x.tolist()], "strengths": strengths[name]}
        for name, x in signals.items()
    ]
    results = iter(page.evaluate(SIGNALS, asked))
    for name, x in signals.items():
        span = np.nanmax(x) - np.nanmin(x)
        for strength in strengths[name]:
            with warnings.catch_warnings(action="ignore"):  # that two samples are too few
                known = denoise(x, strength=strength, return_std=True)
            for ours, theirs in zip(next(results), known, strict=True):
                there = ~np.isnan(theirs)
                off = np.abs(np.array(ours)[there] - theirs[there]).max(initial=0)
                assert off <= 1e-4 * span, (name, strength)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_is_for_everyone(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.click("[data-example='ecg.csv']")
    shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate((DOCS / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate("axe.run()")["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


def test_by_keyboard_alone(page):
    page.focus("[data-example='vibration.csv']")
    page.keyboard.press("Enter")
    shown(page)
    page.focus("#signals")
    told = [page.get_attribute("#signals", "aria-label")]
    for key in ("+", "ArrowRight", "-", "0"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        told.append(page.get_attribute("#signals", "aria-label"))
    assert told[0] == told[4] == "Noisy and denoised signal, time (s) from 0 to 2"
    assert len(set(told)) == 4
