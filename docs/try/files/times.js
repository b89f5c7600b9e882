// Columns of times, and the sampling rate that they tell: conv_denoiser.readers.times.

import { diff, largestMagnitude, mean } from "../denoise/arrays.js";
import { clocks as known } from "../denoise/constants.js";
import { evenGrid } from "./grid.js";

const TIME = new RegExp(`^(?:${known.TIME})$`);
const DATE = /^(\d{4})-(\d\d)-(\d\d).(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d:?\d\d)?$/;

export const isTime = (name) => unitIn(name) !== null;

/** The unit of times, in seconds, if the name of their column or a text tells it. */
export function secondsOf(name, unit) {
  const word = unit.replace(/^[ [\]()]+|[ [\]()]+$/g, "").toLowerCase() || unitIn(name) || "";
  return known.SECONDS[known.WORDS[word] ?? word] ?? null;
}

function unitIn(name) {
  const text = name.trim().toLowerCase();
  if (text in known.WORDS) return text;
  const match = TIME.exec(text);
  return match && (match[1] ?? "");
}

/** A date with a time as ISO 8601 writes it, in seconds as a whole and a part; or null. */
export function asDate(text) {
  const match = DATE.exec(text.trim());
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isReal = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60;
  if (!isReal || second > 59) return null;
  const part = Number(`0.${(match[7] ?? "0").slice(0, 6)}`);
  return { seconds: at.getTime() / 1000 - offsetOf(match[8]), part, hasZone: match[8] !== undefined };
}

function offsetOf(zone) {
  if (zone === undefined || zone === "Z") return 0;
  const digits = zone.replace(":", "");
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith("-") ? -60 : 60) * minutes;
}

/** The sampling rate that times tell, and the times in seconds if they are not evenly spaced. */
export function clockOf(t, unit, fileName, warn) {
  const unknown = t.reduce((n, value) => n + (Number.isFinite(value) ? 0 : 1), 0);
  if (unknown) {
    const first = t.findIndex((value) => !Number.isFinite(value)) + 1;
    warn(
      `${fileName}: ${unknown} of ${t.length} times are missing, the first in row ` +
        `${first}, so that samples are taken for evenly spaced.`,
    );
    return { rate: null, time: null };
  }
  const rate = rateOf(t, unit);
  if (rate !== null || isEven(t)) return { rate, time: null };
  if (!diff(t).every((step) => step > 0)) {
    warn(
      `${fileName}: times do not rise from sample to sample, which are taken for evenly spaced.`,
    );
    return { rate: null, time: null };
  }
  const seconds = t.map((value) => (value - t[0]) * (unit || 1));
  let step;
  try {
    ({ step } = evenGrid(seconds, () => {}));
  } catch {
    return { rate: null, time: seconds }; // which is told where the grid is needed
  }
  const isUnknown = unit === null && t.every(Number.isInteger);
  return { rate: isUnknown ? null : Number((1 / step).toPrecision(6)), time: seconds };
}

/** Tell whether times are evenly spaced to within half a step, or a tick of their clock. */
function isEven(t) {
  const steps = diff(t);
  const rising = steps.filter((step) => step > 0);
  if (rising.length === 0) return true; // they tell nothing
  if (hasHoles(steps)) return false;
  const rise = (t[t.length - 1] - t[0]) / steps.length;
  const off = largestMagnitude(t.map((value, i) => value - t[0] - rise * i));
  const tick = steps.includes(0) ? rising.reduce((a, b) => Math.min(a, b)) : 0;
  return off <= Math.max(tick, 0.5 * mean(steps));
}

function hasHoles(steps) {
  const usual = mean(steps);
  const nLong = steps.filter((step) => step > 1.5 * usual).length;
  return 0 < nLong && nLong <= known.FEW_HOLES && steps.every((step) => step > 0);
}

/** The rate of evenly spaced times, which may be rounded; null where it is not known. */
function rateOf(t, unit) {
  const nSteps = t.length - 1;
  if (nSteps < 1 || t[nSteps] <= t[0]) return null;
  let step = (t[nSteps] - t[0]) / nSteps;
  const off = largestMagnitude(t.map((value, i) => value - t[0] - step * i));
  if (off > 0.5 * step || hasHoles(diff(t))) return null;
  if (unit === null && t.every(Number.isInteger)) return null;
  step *= unit || 1;
  const allowed = Math.max((off * (unit || 1)) / nSteps, 1e-9 * step);
  for (let digits = 0; digits < known.DIGITS; digits++) {
    const rate = Number((1 / step).toFixed(digits));
    if (rate && Math.abs(1 / rate - step) <= allowed) return rate;
  }
  return 1 / step;
}
