// Recordings in text files: conv_denoiser.readers.csv.

import { layouts, tables as known } from "../denoise/constants.js";
import { onlySignals } from "./columns.js";
import { isComment, isMissing, layoutOf, split } from "./csv_layout.js";
import { asDate, clockOf, secondsOf } from "./times.js";
import { general, isNumber, quoted } from "./words.js";

/** Read one column, by name or number, or all that hold signals; `warn` is told of doubts. */
export function readCsv(text, name, channel, warn) {
  text = withoutReturns(text);
  const layout = layoutIn(text, name, channel);
  const recording = { name, layout, ...samplesIn(text, name, layout, warn) };
  if (channel !== null || recording.channels.length === 1) return recording;
  const numbered = Array.from({ length: layout.nColumns }, (_, place) => `column ${place + 1}`);
  return onlySignals(recording, layout.names.length ? layout.names : numbered, layout.clock, warn);
}

const withoutReturns = (text) => (text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text);

function* linesOf(text) {
  for (let start = 0, number = 1; start < text.length; number++) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    yield [number, text.slice(start, end)];
    start = end + 1;
  }
}

function layoutIn(text, name, channel) {
  const head = [];
  for (const [number, line] of linesOf(text)) {
    if (line.trim() && !isComment(line)) head.push([number, line]);
    if (head.length === layouts.HEAD) break;
  }
  if (head.length === 0) throw new Error(`${quoted(name)} holds no samples.`);
  return layoutOf(head, channel, name);
}

/** The rows of the table that are not blank; other lines are passed to a function. */
function* rowsOf(text, name, layout, passOver = () => {}) {
  let open = "";
  let last = 0;
  for (const [number, line] of linesOf(text)) {
    last = number;
    if (number < layout.firstLine || isComment(line)) {
      passOver(line);
      continue;
    }
    if (!open && line === "") continue;
    const cells = split(open + line, layout.delimiter);
    open = cells === null ? `${open}${line}\n` : "";
    if (cells !== null && cells.length) yield [number, cells];
  }
  if (open) throw new Error(`${quoted(name)}, line ${last}: unexpected end of data.`);
}

function samplesIn(text, name, layout, warn) {
  const values = layout.places.map(() => []);
  const times = [];
  let toPass = layout.nHeaderRows;
  for (const [line, cells] of rowsOf(text, name, layout)) {
    if (toPass-- > 0) continue;
    if (cells.length < layout.nColumns || cells.slice(layout.nColumns).some((cell) => cell.trim())) {
      throw new Error(
        `${name}, line ${line}: ${cells.length} cell(s), where other lines have ` +
          `${layout.nColumns}. Fill in what is missing.`,
      );
    }
    layout.places.forEach((place, i) => {
      values[i].push(sampleIn(cells[place], layout, `${name}, line ${line}, column ${place + 1}`));
    });
    if (layout.clock !== null) times.push(cells[layout.clock]);
  }
  if (values[0].length === 0) throw new Error(`${quoted(name)} holds no samples.`);
  return {
    channels: values.map((column) => Float64Array.from(column)),
    places: layout.places,
    names: layout.names.length ? layout.places.map((place) => layout.names[place]) : [],
    units: layout.units.length ? layout.places.map((place) => layout.units[place]) : [],
    ...clockFrom(times, layout, name, warn),
  };
}

function sampleIn(cell, layout, where) {
  const number = layout.number(cell);
  if (number === null || Number.isNaN(number)) {
    if (isMissing(cell)) return NaN;
    throw new Error(
      `${where}: ${quoted(cell)} is not a number. Every sample must be a number, or missing: an ` +
        "empty cell, NaN or NA.",
    );
  }
  if (!Number.isFinite(number)) {
    throw new Error(
      `${where}: ${quoted(cell.trim())} is not finite. Leave the cell empty where it is missing.`,
    );
  }
  return number;
}

/** What a column of times tells: sampling rate, and times if they are uneven. */
function clockFrom(times, layout, name, warn) {
  const nothing = { rate: null, time: null };
  if (times.length === 0) return nothing;
  const start = asDate(times[0]);
  if (start !== null) {
    const dates = times.map((text) => (isMissing(text) ? NaN : asDate(text)));
    if (dates.some((date) => date === null || (date.hasZone ?? start.hasZone) !== start.hasZone)) {
      return nothing;
    }
    const passed = dates.map((at) => at.seconds - start.seconds + (at.part - start.part));
    return clockOf(Float64Array.from(passed), 1, name, warn);
  }
  const numbers = times.map((text) => (isMissing(text) ? NaN : layout.number(text)));
  if (numbers.includes(null)) return nothing;
  const [called, unit] = [layout.names[layout.clock], layout.units[layout.clock] ?? ""];
  return clockOf(Float64Array.from(numbers), secondsOf(called, unit), name, warn);
}

/** Copy a file, with the samples of some columns replaced; yields pieces of text. */
export function* rewritten(text, { name, layout, places }, channels) {
  const digits = channels.map(digitsFor);
  const passed = [];
  const rows = rowsOf(withoutReturns(text), name, layout, (line) => passed.push(`${line}\n`));
  let [number, piece] = [-layout.nHeaderRows, []];
  for (const [, cells] of rows) {
    if (number >= 0) {
      places.forEach((place, i) => {
        const value = channels[i][number];
        if (!Number.isNaN(value)) cells[place] = general(value, digits[i]).replace(".", layout.decimal);
      });
    }
    number++;
    piece.push(...passed.splice(0), `${joined(cells, layout.delimiter ?? " ")}\n`);
    if (piece.length > 10_000) yield piece.splice(0).join("");
  }
  yield [...piece, ...passed].join("");
}

/** A new table with one column a channel; numbers have as few digits as tell them. */
export function* written(recording, channels) {
  for (const row of headerOf(recording)) yield `${joined(row, ",")}\n`;
  const piece = [];
  for (let i = 0; i < channels[0].length; i++) {
    piece.push(`${channels.map((x) => (Number.isNaN(x[i]) ? "nan" : String(x[i]))).join(",")}\n`);
    if (piece.length > 10_000) yield piece.splice(0).join("");
  }
  yield piece.join("");
}

/** A row of names and one of units, as far as they are known and none is a number. */
function headerOf({ names, units }) {
  if (!names.length || names.some((name) => !name.trim() || isNumber(name))) return [];
  const areKnown = units.length > 0 && units.every(Boolean);
  return [names, ...(areKnown ? [units.map((unit) => `[${unit}]`)] : [])];
}

function joined(cells, delimiter) {
  const isSpecial = (cell) => cell.includes(delimiter) || /["\n\r]/.test(cell);
  return cells
    .map((cell) => (isSpecial(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(delimiter);
}

/** Enough digits for the changes of a channel beside its level. */
function digitsFor(x) {
  let [largest, low, high] = [0, Infinity, -Infinity];
  for (const value of x) {
    if (Number.isNaN(value)) continue;
    largest = Math.max(largest, Math.abs(value));
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const level = Math.log10(largest / (high - low));
  const digits = Number.isFinite(level) ? level : high === low ? 17 : 0;
  return known.DIGITS + Math.min(Math.max(Math.ceil(digits), 0), 17 - known.DIGITS);
}
