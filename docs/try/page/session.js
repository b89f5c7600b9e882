// What the page does with one file at a time: the command `conv-denoiser denoise`, in memory.

import { briefEvents } from "../denoise/events.js";
import { bridged, isThere } from "../denoise/arrays.js";
import { Signal } from "../denoise/blocks.js";
import { denoising as known } from "../denoise/constants.js";
import { evenGrid } from "../files/grid.js";
import { asCsv, asFile, asWav, holdsSignals, readFile } from "../files/recording.js";
import { general } from "../files/words.js";
import { spectrum } from "./spectrum.js";

export class Session {
  /** `run` is the network. */
  constructor(run) {
    this.run = run;
  }

  /** Read a file, or one column of it, counted from 1; return what is known of it. */
  async open(file, column) {
    this.signals = [];
    this.doubts = [];
    const warn = (text) => this.doubts.push(text);
    const channel = column === null ? null : String(column);
    const recording = await readFile(file, channel, warn);
    Object.assign(this, { file, recording, grid: null, byRows: channel === null && holdsSignals(recording) });
    const { channels, time, rate } = recording;
    this.rows = this.byRows ? transposed(channels) : channels;
    this.checkShape();
    if (time !== null && !this.byRows) this.grid = evenGrid(time, warn);
    this.signals = this.rows.map((x) => new Signal(this.grid ? this.grid.spread(x) : x, this.run));
    return {
      ...factsOf(recording), rate, time, byRows: this.byRows, isOne: column !== null,
      nSignals: this.rows.length, nSamples: this.rows[0].length, noisy: this.rows[0],
      name: file.name,
    };
  }

  /** Refuse what has too few samples; doubt what has hardly enough. */
  checkShape() {
    const [n, nSamples] = [this.rows.length, this.rows[0].length];
    if (this.rows.every((x) => x.every(Number.isNaN))) {
      this.doubts.push(`${n} of ${n} signals have no sample at all, and stay NaN.`);
    }
    if (nSamples < 2) {
      throw new Error(
        `${this.recording.name} has signals of ${nSamples} timestep; noise shows from 2 on.`,
      );
    }
    if (nSamples < known.SHORT && n <= nSamples) {
      this.doubts.push(
        `Signals of ${nSamples} timesteps are too short to show the level of their noise, and stay ` +
          `as they are. Give that level (noise_std), or ${known.SHORT} timesteps and more.`,
      );
    }
  }

  /** Denoise the first signal, or all; null where `isStale` says that it is no longer wanted. */
  async denoise(strength, all, tell, isStale) {
    const results = [];
    const chosen = this.signals.slice(0, all ? undefined : 1);
    for (const [number, signal] of chosen.entries()) {
      const part = (share) => tell((number + share) / chosen.length);
      const result = await signal.denoise(strength, part, isStale);
      if (result === null) return null;
      results.push(this.finished(result, this.rows[number]));
    }
    return results;
  }

  /** Results at the times of the samples, NaN where nothing is known. */
  finished(result, noisy) {
    const { grid } = this;
    let { denoised, std } = result;
    if (grid) [denoised, std] = [grid.gather(denoised), grid.gather(std)];
    const isSilent = noisy.every(Number.isNaN);
    if (isSilent) denoised = denoised.map(() => NaN);
    if (isSilent || noisy.length < known.SHORT) std = std.map(() => NaN);
    return { denoised, std };
  }

  /** What the page shows of the first signal. */
  async shown(strength, tell, isStale) {
    const results = await this.denoise(strength, false, tell, isStale);
    if (results === null) return null;
    const [{ denoised, std }] = results;
    const noisy = this.rows[0];
    const removed = noisy.map((value, i) => value - denoised[i]);
    return {
      denoised, std, removed,
      doubts: [...this.doubts, ...this.doubtsOf(results)],
      spectrum: spectrum({ noisy, denoised, removed }, this.recording.rate ?? 1),
    };
  }

  /** Doubts about brief events among what was removed. */
  doubtsOf(results) {
    const found = results.flatMap(({ denoised }, signal) => {
      const x = this.rows[signal];
      const there = isThere(x);
      const removed = x.map((value, i) => (there[i] ? value - denoised[i] : 0));
      const events = briefEvents(bridged(x, there), removed);
      return events === null ? [] : [{ ...events, signal }];
    });
    if (found.length === 0) return [];
    const largest = found.reduce((a, b) => (Math.abs(b.largest) > Math.abs(a.largest) ? b : a));
    const nSamples = found.reduce((total, events) => total + events.nSamples, 0);
    const place = this.rows.length > 1 ? `[${largest.signal}]` : "";
    return [
      `Of what is removed, ${nSamples} samples lie far beyond all others, the largest, ` +
        `${general(largest.largest, 3)}, at timestep ${largest.timestep} of x${place}. Where these ` +
        "are events of one or two samples that matter, such as clicks or strikes, lower " +
        "--strength, to 0.3 or so, keeps more of them.",
    ];
  }

  /** All signals denoised as a file: in the format that they came in, or another. */
  async download(format, strength, tell) {
    const results = await this.denoise(strength, true, tell, () => false);
    const doubts = [...this.doubts, ...this.doubtsOf(results)];
    const warn = (text) => doubts.push(text);
    const rows = results.map(({ denoised }) => denoised);
    const channels = this.byRows ? transposed(rows) : rows;
    const { file, recording } = this;
    const isSame = format === suffixOf(file.name);
    if (recording.time !== null && !isSame) {
      doubts.push(
        `${file.name}: samples are not evenly spaced, and the file will not tell when they were ` +
          "taken. To keep their times, write a file of the same format.",
      );
    }
    if (isSame) return { blob: await asFile(file, recording, channels, warn), doubts };
    const blob = format === "wav" ? asWav(recording, channels, warn) : asCsv(recording, channels);
    return { blob, doubts };
  }
}

export const suffixOf = (name) => name.split(".").pop().toLowerCase();

const transposed = (channels) =>
  Array.from({ length: channels[0].length }, (_, i) => Float64Array.from(channels, (x) => x[i]));

/** Columns to choose from, and what the chosen one is called. */
function factsOf({ layout, columns, nColumns, names, units, places }) {
  const count = layout?.nColumns ?? nColumns ?? columns.length;
  const called = layout?.names.length ? layout.names : columns;
  return {
    columns: Array.from({ length: count }, (_, place) => called?.[place] || `column ${place + 1}`),
    places, label: names[0] ?? "", unit: units[0] ?? "",
  };
}
