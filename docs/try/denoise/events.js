// Events of one or two samples in what was removed: conv_denoiser.pretrained.events.

import { count, inLongRuns, median, reflected } from "./arrays.js";
import { events as known, level } from "./constants.js";

/** Find events in what was removed from a signal, or null. */
export function briefEvents(x, removed) {
  const centre = median(removed);
  const size = removed.map((value) => Math.abs(value - centre));
  const deviation = median(size) / level.NORMAL_MAD;
  if (!(deviation > 0)) return null;
  const beyond = Uint8Array.from(size, (value) => value > known.BEYOND_NOISE * deviation);
  let far = beyond.map((mark, i) => mark & (size[i] > known.FAR * deviation));
  if (count(far) < known.FEW) return null;
  const long = inLongRuns(beyond, known.LONGEST + 1);
  const quiet = amongQuiet(x, size, far);
  far = far.map((mark, i) => mark & (1 - long[i]) & quiet[i]);
  const nSamples = count(far);
  if (nSamples < known.FEW || 2 * nSamples < count(beyond)) return null;
  let timestep = -1;
  far.forEach((mark, i) => {
    if (mark && (timestep < 0 || size[i] > size[timestep])) timestep = i;
  });
  return { nSamples, largest: removed[timestep], timestep, limit: known.FAR * deviation };
}

/** Tell where samples vary less around a place than what was removed there. */
function amongQuiet(x, size, places) {
  const width = 2 * known.SIDE + 1;
  const extended = reflected(x, known.SIDE, known.SIDE);
  return places.map((mark, i) => {
    if (!mark) return 0;
    const window = extended.slice(i, i + width).sort();
    // An event makes up to two extremes at one end.
    const rise = window[width - 1 - known.LONGEST] - window[0];
    const fall = window[width - 1] - window[known.LONGEST];
    return 2 * Math.min(rise, fall) < size[i] ? 1 : 0;
  });
}
