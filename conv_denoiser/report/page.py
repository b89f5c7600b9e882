"""A report as one page of HTML, with its figures inside."""

import base64
import io
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from conv_denoiser._checks.version import __version__
from conv_denoiser._typing import JSON, Array
from conv_denoiser.plotting.denoising import DenoisingDisplay
from conv_denoiser.plotting.residual import ResidualDisplay
from conv_denoiser.plotting.spectrum import SpectrumDisplay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["page"]

N_DRAWN, LONGEST_DRAWN = 3, 2000
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: 0.3rem 0.9rem; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; }
.doubt { border-left: 0.3rem solid #d55e00; padding: 0.3rem 0.8rem; background: #fff4ec; }
footer { margin-top: 2rem; color: #595959; font-size: 0.9rem; }
"""
REMOVED = {
    "noise_before": "white noise before",
    "noise_after": "white noise after",
    "removed_std": "standard deviation of what was removed",
    "removed_autocorrelation": "correlation of its neighbouring samples (white noise: 0)",
    "removed_output_correlation": "its correlation with the output (noise: 0)",
}
TRUTH = {
    "snr_before_db": "signal-to-noise ratio before (dB)",
    "snr_after_db": "signal-to-noise ratio after (dB)",
    "share_worse": "share of signals that are worse than before",
    "correlation_before": "correlation with the truth before",
    "correlation_after": "correlation with the truth after",
}
NOVELTY = {
    "median": "median score",
    "highest": "highest score",
    "share_over_1": "share over 1 (of signals like those learned from: 0.01)",
}
LEVELS = ("noisy", "denoised", "removed", "error_before", "error_after")


def page(
    numbers: JSON, signals: dict[str, Array], sampling_rate: float | None, unit: str | None
) -> str:
    """Return the page."""
    parts = [*_text(numbers, sampling_rate, unit), *_figures(signals, sampling_rate, unit)]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Did it help?</title><style>{STYLE}</style></head><body>",
            "<main><h1>Did it help?</h1>",
            *parts,
            f"</main><footer>conv_denoiser {escape(__version__)}</footer></body></html>\n",
        ]
    )


def _text(numbers: JSON, sampling_rate: float | None, unit: str | None) -> Iterator[str]:
    n_signals, n_timesteps = numbers["n_signals"], numbers["n_timesteps"]
    rate = "" if sampling_rate is None else f" at {sampling_rate:g} Hz"
    yield f"<p>{n_signals:,} signal{'s' * (n_signals > 1)} of {n_timesteps:,} samples{rate}.</p>"
    for doubt in numbers["doubts"]:
        yield f'<p class="doubt">{escape(doubt)}</p>'
    if numbers["task"]:
        yield "<h2>What the signals are for</h2>"
        names = list(next(iter(numbers["task"].values())))
        rows = numbers["task"].items()
        yield _table(["result", *names], ([key, *map(_number, row.values())] for key, row in rows))
    if numbers["truth"] is not None:
        yield "<h2>Against the truth</h2>"
        yield _named(TRUTH, numbers["truth"])
    yield f"<h2>What was removed{'' if unit is None else f' ({escape(unit)})'}</h2>"
    yield _named(REMOVED, numbers["removed"])
    yield "<h2>By frequency</h2>"
    yield _bands(numbers["bands"], sampling_rate)
    if numbers["novelty"] is not None:
        yield "<h2>How unlike the signals learned from</h2>"
        yield _named(NOVELTY, numbers["novelty"])
    if numbers["widest"]:
        yield "<h2>Where the denoiser is the least sure</h2>"
        heads = ["signal", "timestep", "channel", "std"]
        yield _table(heads, ([_number(row[name]) for name in heads] for row in numbers["widest"]))


def _bands(bands: JSON, sampling_rate: float | None) -> str:
    unit = "cycles a sample" if sampling_rate is None else "Hz"
    known = [name for name in LEVELS if any(band[f"{name}_db"] is not None for band in bands)]
    heads = [f"band ({unit})", *(f"{name.replace('_', ' ')} (dB)" for name in known)]
    rows = (
        [
            f"{band['low']:.3g} to {band['high']:.3g}",
            *(_number(band[f"{name}_db"]) for name in known),
        ]
        for band in bands
    )
    return _table(heads, rows) + "<p>In dB to the power of the noisy signals.</p>"


def _named(names: dict[str, str], values: JSON) -> str:
    rows = ([label, _number(values[name])] for name, label in names.items())
    return _table(["", "value"], rows)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: float | None) -> str:
    """Write counts in full, and else three digits that tell something."""
    if value is None or isinstance(value, int):
        return "" if value is None else f"{value:,}"
    return f"{float(f'{value:.3g}'):,g}"


def _figures(
    signals: dict[str, Array], sampling_rate: float | None, unit: str | None
) -> Iterator[str]:
    few = {name: array[:N_DRAWN, :LONGEST_DRAWN] for name, array in signals.items()}

    def draw_signals(figure: "Figure") -> None:
        n_rows = len(few["noisy"])
        figure.set_size_inches(9, 2.4 * n_rows)
        axes = figure.subplots(n_rows, squeeze=False, sharex=True)
        display = DenoisingDisplay.from_arrays(
            few["noisy"],
            few["denoised"],
            few.get("clean"),
            sampling_rate=sampling_rate,
            unit=unit,
            overlay=True,
            ax=axes,
        )
        display.axes_[0, 0].margins(x=0)

    def draw_spectra(figure: "Figure") -> None:
        figure.set_size_inches(9, 4)
        SpectrumDisplay.from_arrays(
            **signals, sampling_rate=sampling_rate, unit=unit, ax=figure.subplots()
        )

    def draw_removed(figure: "Figure") -> None:
        figure.set_size_inches(10, 3.4)
        axes = figure.subplots(1, 3)
        ResidualDisplay.from_arrays(signals["noisy"], signals["denoised"], unit=unit, ax=axes)

    yield "<h2>Figures</h2>"
    yield _figure(draw_signals, "Signals before and after denoising")
    yield _figure(draw_spectra, "Their spectra, and that of what was removed")
    if (signals["noisy"] - signals["denoised"]).std() > 0:
        yield _figure(draw_removed, "What was removed: its values, correlation, and relation")


def _figure(draw: "Callable[[Figure], None]", caption: str) -> str:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    draw(figure)
    for axes in figure.axes:
        if (legend := axes.get_legend()) is not None:
            legend.set_loc("upper right")  # the best place takes long to find among many points
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    data = base64.b64encode(picture.getvalue()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}.</figcaption></figure>"
    )
