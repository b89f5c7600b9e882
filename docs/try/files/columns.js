// Columns of tables, and which of them hold signals: conv_denoiser.readers.columns.

import { diff, median } from "../denoise/arrays.js";
import { columns as known } from "../denoise/constants.js";
import { quoted } from "./words.js";

/** Leave out columns that hold no signals, and warn of them. */
export function onlySignals(recording, names, clock, warn) {
  const reasons = recording.channels.map((x, i) => {
    return whyNoSignal(x) ?? (recording.places[i] === clock ? whyTimes(x) : null);
  });
  const isKept = (_, i) => reasons[i] === null;
  const nKept = reasons.filter((reason) => reason === null).length;
  if (nKept === 0 || nKept === reasons.length) return recording;
  const found = reasons.flatMap((reason, i) => {
    return reason === null ? [] : [`${quoted(names[recording.places[i]])} ${reason}`];
  });
  const more = found.length > 3 ? ` (and ${found.length - 3} others)` : "";
  warn(
    `${recording.name}: ${found.slice(0, 3).join(", ")}${more}, and is left as it is. To take it ` +
      "for a signal, choose it with --column.",
  );
  const kept = {};
  for (const part of ["channels", "places", "names", "units"]) {
    kept[part] = recording[part].filter(isKept);
  }
  return { ...recording, ...kept };
}

/** Say why a column that is called as times are holds times; null where it falls. */
function whyTimes(x) {
  const rises = x.length > 2 && !diff(x).some((step) => step < 0);
  return rises ? "is called as times are, and never falls" : null;
}

/** Say why a column is not a signal: it rises evenly, or has two values. */
function whyNoSignal(column) {
  const x = column.filter((value) => !Number.isNaN(value));
  if (x.length < known.MIN_RISING) return null;
  const steps = diff(x);
  const usual = median(steps);
  if (usual && steps.every((step) => step * usual > 0)) {
    const near = steps.filter((step) => Math.abs(step - usual) <= Math.abs(usual));
    if (near.length / steps.length > 0.9) return "rises or falls evenly, as times and counters do";
  }
  const hasTwo = new Set(x.subarray(0, 1000)).size === 2 && new Set(x).size === 2;
  return hasTwo ? "has two values, as triggers do" : null;
}
