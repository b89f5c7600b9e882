// The plots: noisy and denoised, what was removed, and spectra; zoom and pan by mouse, touch and keys.

import uPlot from "../vendor/uplot.js";

const HEIGHTS = { signals: 300, removed: 170, spectrum: 220 };
const CLOSEST = 8; // samples that are shown at least

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** With null in the place of NaN, which is a gap in a line. */
const withGaps = (x) => (x.some(Number.isNaN) ? Array.from(x, (value) => (Number.isNaN(value) ? null : value)) : x);

export class Plots {
  /** `read` is told of values beneath the pointer. */
  constructor(places, read) {
    this.places = places;
    this.read = read;
    this.plots = {};
    this.visible = { noisy: true, denoised: true, band: true };
    new ResizeObserver(() => this.fit()).observe(places.signals);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    for (const name of ["signals", "removed"]) this.listen(places[name]);
  }

  /** Show a signal; `results` is null before it is denoised. */
  show(x, noisy, labels, results) {
    const isNew = this.x !== x;
    Object.assign(this, { x, noisy, labels, results });
    if (isNew || !results || !this.plots.removed) this.draw();
    else this.update();
  }

  draw() {
    if (!this.x) return;
    const range = this.plots.signals && this.drawn === this.x ? this.range() : null;
    Object.values(this.plots).forEach((plot) => plot.destroy());
    this.plots = {};
    this.drawn = this.x;
    const make = (name, options, data) => {
      const size = { width: this.places[name].clientWidth, height: HEIGHTS[name] };
      this.plots[name] = new uPlot({ ...size, legend: { show: false }, ...options }, data, this.places[name]);
    };
    make("signals", this.signalOptions(), this.signalData());
    if (this.results) {
      make("removed", this.removedOptions(), [this.x, withGaps(this.results.removed)]);
      make("spectrum", this.spectrumOptions(), this.spectrumData());
    }
    if (range) this.plots.signals.setScale("x", range);
  }

  update() {
    const range = this.range();
    this.plots.signals.setData(this.signalData(), false);
    this.plots.removed.setData([this.x, withGaps(this.results.removed)], false);
    this.plots.spectrum.setData(this.spectrumData());
    this.setRange(range.min, range.max);
  }

  signalData() {
    const { noisy, results } = this;
    if (!results) return [this.x, [], [], withGaps(noisy), []];
    const { denoised, std } = results;
    const edge = (sign) => withGaps(denoised.map((value, i) => value + sign * 2 * std[i]));
    return [this.x, edge(1), edge(-1), withGaps(noisy), withGaps(denoised)];
  }

  spectrumData() {
    const { frequency, noisy, denoised, removed } = this.results.spectrum;
    return [frequency, noisy, denoised, removed].map((x) => Array.from(x, (v) => (Number.isFinite(v) ? v : null)));
  }

  signalOptions() {
    const { noisy, denoised, band } = this.visible;
    const edge = { show: band, width: 0, points: { show: false } };
    return this.options(this.labels.x, this.labels.y, {
      series: [{}, edge, edge, line("noisy", 1, noisy), line("denoised", 2, denoised)],
      bands: [{ series: [1, 2], fill: colour("band") }],
      hooks: { setScale: [(plot, key) => this.synchronise(plot, key)], setCursor: [(plot) => this.tell(plot)] },
    });
  }

  removedOptions() {
    return this.options(this.labels.x, "removed", {
      series: [{}, line("removed", 1)],
      hooks: { setScale: [(plot, key) => this.synchronise(plot, key)] },
    });
  }

  spectrumOptions() {
    return this.options(this.labels.frequency, "power (dB)", {
      series: [{}, line("noisy", 1.5), line("denoised", 2), line("removed", 1.5)],
    });
  }

  options(x, y, more) {
    const axis = { stroke: colour("text"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 } };
    const wide = { size: 64, labelSize: 18 };
    return {
      scales: { x: { time: false } },
      axes: [{ ...axis, label: x, labelSize: 20, size: 36 }, { ...axis, ...wide, label: y }],
      cursor: { points: { show: false }, drag: { x: true, y: false } },
      ...more,
    };
  }

  setVisible(name, is) {
    this.visible[name] = is;
    const series = { band: [1, 2], noisy: [3], denoised: [4] }[name];
    series.forEach((number) => this.plots.signals?.setSeries(number, { show: is }));
  }

  tell(plot) {
    const i = plot.cursor.idx;
    if (i == null || !this.results) return this.read("");
    const [short, { denoised, std }] = [(v) => Number(v.toPrecision(4)), this.results];
    const error = Number.isNaN(std[i]) ? "" : ` ± ${short(2 * std[i])}`;
    this.read(`${short(this.x[i])}: noisy ${short(this.noisy[i])}, denoised ${short(denoised[i])}${error}`);
  }

  synchronise(plot, key) {
    if (key !== "x") return;
    this.describe();
    if (this.isSetting) return;
    const { min, max } = plot.scales.x;
    this.setRange(min, max, plot);
  }

  /** Say what is shown, for those who do not see it. */
  describe() {
    const { min, max } = this.range();
    const [from, to] = [min, max].map((value) => Number(value.toPrecision(4)));
    const what = { signals: "Noisy and denoised signal", removed: "What was removed" };
    for (const [name, text] of Object.entries(what)) {
      this.places[name].setAttribute("aria-label", `${text}, ${this.labels.x} from ${from} to ${to}`);
    }
  }

  range() {
    const { min, max } = this.plots.signals.scales.x;
    return { min, max };
  }

  setRange(min, max, except = null) {
    this.isSetting = true;
    for (const name of ["signals", "removed"]) {
      const plot = this.plots[name];
      if (plot && plot !== except) plot.setScale("x", { min, max });
    }
    queueMicrotask(() => (this.isSetting = false)); // uPlot tells of changes after this task
  }

  /** Show a part of what is shown, or more; `at` is the place that stays, from 0 to 1. */
  zoom(factor, at = 0.5) {
    const { min, max } = this.range();
    const [first, last] = [this.x[0], this.x[this.x.length - 1]];
    const least = (CLOSEST * (last - first)) / Math.max(this.x.length, CLOSEST);
    const width = Math.min(Math.max((max - min) * factor, least), last - first);
    this.move(min + (max - min) * at - width * at, width);
  }

  /** Move by a share of what is shown. */
  pan(share) {
    const { min, max } = this.range();
    this.move(min + (max - min) * share, max - min);
  }

  move(begin, width) {
    const [first, last] = [this.x[0], this.x[this.x.length - 1]];
    const start = Math.min(Math.max(begin, first), last - width);
    this.setRange(start, start + width);
  }

  whole() {
    this.setRange(this.x[0], this.x[this.x.length - 1]);
  }

  fit() {
    for (const [name, plot] of Object.entries(this.plots)) {
      plot.setSize({ width: this.places[name].clientWidth, height: HEIGHTS[name] });
    }
  }

  listen(place) {
    const keys = {
      ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.whole(),
    };
    place.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || !this.x) return;
      event.preventDefault();
      keys[event.key]();
    });
    const fingers = new Map();
    place.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") fingers.set(event.pointerId, event.clientX);
    });
    for (const kind of ["pointerup", "pointercancel", "pointerleave"]) {
      place.addEventListener(kind, (event) => fingers.delete(event.pointerId));
    }
    place.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId) || !this.x) return;
      const before = [...fingers.values()];
      fingers.set(event.pointerId, event.clientX);
      const after = [...fingers.values()];
      const { left, width } = place.querySelector(".u-over").getBoundingClientRect();
      if (after.length === 1) return this.pan((before[0] - after[0]) / width);
      const [apart, now] = [before, after].map(([a, b]) => Math.max(Math.abs(a - b), 10));
      this.zoom(apart / now, ((after[0] + after[1]) / 2 - left) / width);
    });
  }
}

const line = (name, width, show = true) => ({
  label: name, show, width, stroke: colour(name), points: { show: false },
});
