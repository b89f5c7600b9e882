// What the lines and columns of a text file hold: conv_denoiser.readers.csv_layout.

import { columns as columnsKnown, layouts as known } from "../denoise/constants.js";
import { asDate, isTime } from "./times.js";
import { isNumber, quoted, toNumber } from "./words.js";

const DECIMAL_COMMA = new RegExp(`^(?:${known.DECIMAL_COMMA})$`);
const UNIT = new RegExp(`^(?:${known.UNIT})$`);
const MISSING = new Set(known.MISSING);

export const isComment = (line) => known.COMMENTS.some((mark) => line.trimStart().startsWith(mark));
export const isMissing = (cell) => MISSING.has(cell.trim().toLowerCase());

/** The cells of a line; null where a quote goes on in the next line. */
export function split(line, delimiter) {
  if (delimiter === null) return line.trim() ? line.trim().split(/\s+/) : [];
  if (!line.includes('"')) return line.split(delimiter);
  const cells = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const found = line.indexOf(delimiter, at);
      const end = found < 0 ? line.length : found;
      cells.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let cell = "";
    for (at++; ; at += 2) {
      const close = line.indexOf('"', at);
      if (close < 0) return null;
      cell += line.slice(at, close);
      at = close;
      if (line[at + 1] !== '"') break;
      cell += '"';
    }
    const rest = line.indexOf(delimiter, at + 1);
    const end = rest < 0 ? line.length : rest;
    cells.push(cell + line.slice(at + 1, end));
    at = end + 1;
  }
  return cells;
}

export class Layout {
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** A cell as a number, or null. */
  number(cell) {
    return toNumber(this.decimal === "." ? cell : cell.replaceAll(",", "."));
  }

  isNumber(cell) {
    return this.number(cell) !== null;
  }
}

/** Tell the layout of a file by its first lines, with their numbers; none is blank. */
export function layoutOf(head, channel, fileName) {
  const delimiter = delimiterOf(head.map(([, line]) => line));
  const cut = ([, line]) => split(line, delimiter) ?? line.split(delimiter);
  const nColumns = mostCommon(head.map((entry) => nFilled(cut(entry))));
  const rows = head.map(cut).map((cells) => {
    return [...cells, ...Array(Math.max(nColumns - cells.length, 0)).fill("")];
  });
  const decimal = delimiter !== "," && hasDecimalCommas(rows) ? "," : ".";
  const everywhere = Array.from({ length: nColumns }, (_, place) => place);
  const layout = new Layout({ delimiter, nColumns, decimal, places: everywhere });
  const fits = rows.map((cells) => nFilled(cells) <= nColumns && cells.length >= nColumns);
  let start = rows.findIndex((cells) => nFilled(cells) === nColumns);
  const areSamples = (cells, i) => {
    const raw = cut(head[i]);
    return holdsSamples(cells, layout) || (raw.length === nColumns && holdsSamples(raw, layout, true));
  };
  if (rows.slice(0, start).some(areSamples)) start = 0; // rows of other lengths are no words
  let chosen = numericColumns(rows.slice(rows.length >> 1), layout);
  if (channel !== null) chosen = [placeOf(rows.slice(start), channel, fileName)];
  layout.places = chosen;
  let data = start;
  while (data < rows.length && fits[data] && isHeader(rows.slice(data, data + 2), layout)) data++;
  const header = rows.slice(start, data);
  const last = header[header.length - 1] ?? [];
  const nUnits = Number(header.length > 1 && last.every((cell) => UNIT.test(cell)));
  const nNames = Number(header.length > 0);
  const first = header.length ? data - nNames - nUnits : start;
  layout.names = header.length ? rows[first].slice(0, nColumns).map((cell) => cell.trim()) : [];
  layout.units = nUnits ? last.slice(0, nColumns).map((cell) => cell.replace(/^[ [\]()]+|[ [\]()]+$/g, "")) : [];
  refuseDecimalCommas(rows.slice(data), layout, header.length > 0, fileName);
  layout.firstLine = head[Math.min(first, head.length - 1)][0];
  layout.nHeaderRows = nNames + nUnits;
  layout.clock = clockIn(layout.names, rows[data] ?? [], chosen);
  return layout;
}

function mostCommon(numbers) {
  const counts = new Map();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** The column of times: dates, or numbers under a name that says so. */
function clockIn(names, cells, chosen) {
  const date = cells.findIndex((cell) => asDate(cell) !== null);
  const place = date >= 0 ? date : names.findIndex(isTime);
  return place < 0 || (chosen.length === 1 && chosen[0] === place) ? null : place;
}

function holdsSamples(cells, layout, orMissing = false) {
  const told = cells.filter((cell) => !(orMissing && isMissing(cell)));
  return told.length > 0 && told.every((cell) => layout.isNumber(cell));
}

function placeOf(rows, channel, fileName) {
  const named = rows.map((row) => row.map((cell) => cell.trim()));
  const names = named.find((row) => row.includes(channel)) ?? named[0];
  if (names.includes(channel) && !isNumber(channel)) return names.indexOf(channel);
  if (/^\d+$/.test(channel) && channel >= 1 && channel <= names.length) return channel - 1;
  throw new Error(`${fileName} does not have the channel ${quoted(channel)}.`);
}

const nFilled = (cells) => cells.findLastIndex((cell) => cell.trim() !== "") + 1;

function hasDecimalCommas(rows) {
  const cells = rows.slice(rows.length >> 1).flat();
  const hasPoints = cells.some((cell) => isNumber(cell) && cell.includes("."));
  return !hasPoints && cells.some((cell) => DECIMAL_COMMA.test(cell));
}

/** Refuse files where one number with a decimal comma looks like two columns. */
function refuseDecimalCommas(rows, layout, hasHeader, fileName) {
  const isSafe = hasHeader || layout.delimiter !== "," || layout.nColumns !== 2;
  if (isSafe || rows.length < columnsKnown.MIN_RISING) return;
  const cells = rows.map((row) => [row[0].trim().replace(/^[+-]+/, ""), row[1].trim()]);
  if (!cells.flat().every((cell) => /^\d+$/.test(cell))) return;
  const parts = cells.map(([, part]) => part);
  if (parts.every((part) => part.length === 1) || parts.some((part) => /^0\d/.test(part))) {
    throw new Error(
      `${fileName} has two whole numbers in each line, such as ${quoted(rows[0].join(","))}. If ` +
        "each line is one number with a decimal comma, write decimal points; if there are two " +
        "columns, write their names in a first line.",
    );
  }
}

/** The columns that hold numbers in most rows, or all where none does. */
function numericColumns(rows, layout) {
  const share = (place) => rows.filter((row) => layout.isNumber(row[place])).length / rows.length;
  const numeric = layout.places.filter((place) => share(place) >= 0.5);
  return numeric.length ? numeric : layout.places;
}

/** Tell whether the first of two rows holds names or units. */
function isHeader(rows, layout) {
  const [first, second] = [rows[0], rows[rows.length - 1]];
  const cells = layout.places.map((place) => first[place]);
  const chosen = cells.filter((cell) => !isMissing(cell)).map((cell) => layout.isNumber(cell));
  if (!chosen.every(Boolean)) return !chosen.some(Boolean);
  const others = Array.from({ length: Math.min(first.length, second.length) }, (_, place) => place);
  return others.some((place) => {
    return !layout.places.includes(place) && !isNumber(first[place]) && isNumber(second[place]);
  });
}

/** What separates cells; null for white space. Semicolons and tabs win over commas. */
function delimiterOf(lines) {
  const lastLines = lines.slice(-2);
  for (const mark of [";", "\t", ","]) if (lastLines[0].includes(mark)) return mark;
  const fields = lastLines.map((line) => line.trim().split(/\s+/));
  const several = fields.every((cells) => cells.length > 1);
  const numbers = fields[0].length > 1 && fields[0].every(isNumber);
  return several || numbers ? null : ","; // a name may have spaces, too
}
