// The level of white noise in a signal: conv_denoiser.level.estimate.

import { clip, count, diff, inLongRuns, largestMagnitude, mean, not, reflected } from "./arrays.js";
import { level as known } from "./constants.js";
import { complexArray, hann, plan } from "./transforms.js";

const EPSILON = 2 ** -52;
const TINY = 2 ** -1022;
const EULER_GAMMA = 0.5772156649015329;

/** Mark stretches without noise: constant, exactly straight, or not measured at all. */
function deadSamples(x, seen) {
  const straight = not(seen);
  const limit = 4 * EPSILON * largestMagnitude(x);
  for (let i = 1; i < x.length - 1; i++) {
    const second = x[i + 1] - x[i] - (x[i] - x[i - 1]);
    if (Math.abs(second) <= limit) straight[i] = 1;
  }
  const dead = inLongRuns(straight, known.DEAD_RUN);
  return dead.includes(0) ? dead : dead.fill(0);
}

/** Power of live frames in units of white noise, one after the other, without the bins at the edges. */
function livePower(x, dead, size) {
  const hop = size / 2;
  const starts = Array.from({ length: Math.floor((x.length - size) / hop) + 1 }, (_, i) => i * hop);
  const alive = starts.filter((start) => !dead.subarray(start, start + size).includes(1));
  const frames = alive.length ? alive : starts;
  const nBins = hop - 2;
  const power = new Float64Array(frames.length * nBins);
  const { window, power: norm } = hann(size);
  const [frame, spectrum] = [new Float64Array(size), complexArray(size)];
  frames.forEach((start, number) => {
    const middle = mean(x.subarray(start, start + size));
    for (let i = 0; i < size; i++) frame[i] = (x[start + i] - middle) * window[i];
    plan(size).realTransform(spectrum, frame);
    for (let k = 0; k < nBins; k++) {
      power[number * nBins + k] = (spectrum[2 * k + 4] ** 2 + spectrum[2 * k + 5] ** 2) / norm;
    }
  });
  return { power, nBins };
}

function quantiles({ power }) {
  const values = power.slice().sort();
  return known.QUANTILES.map((share) => {
    const place = Math.min(Math.trunc(share * values.length), values.length - 1);
    return 0.5 * (Math.log(values[place]) - Math.log(-Math.log1p(-share)));
  });
}

/** The level in bands of frequency, the mean logarithm. */
function bands({ power, nBins }) {
  const logarithm = new Float64Array(nBins);
  for (let i = 0; i < power.length; i++) logarithm[i % nBins] += Math.log(Math.max(power[i], TINY));
  const [least, larger] = [Math.floor(nBins / known.BANDS), nBins % known.BANDS];
  const levels = [];
  for (let band = 0, start = 0; band < known.BANDS; band++) {
    const end = start + least + (band < larger ? 1 : 0);
    const middle = (mean(logarithm.subarray(start, end)) * nBins) / power.length;
    levels.push(0.5 * (middle + EULER_GAMMA));
    start = end;
  }
  return levels;
}

/** Levels from the medians of differences of several orders. */
function differences(x, dead) {
  let difference = x;
  let choose = 1; // 2n over n
  return known.ORDERS.map((order) => {
    difference = diff(difference);
    choose = (choose * (2 * order) * (2 * order - 1)) / (order * order);
    const magnitudes = livingMagnitudes(difference, dead).sort();
    const middle = magnitudes.length ? magnitudes[magnitudes.length >> 1] : Infinity;
    return Math.log(middle / known.NORMAL_MAD) - 0.5 * Math.log(choose);
  });
}

function livingMagnitudes(x, dead) {
  const magnitudes = new Float64Array(x.length);
  let n = 0;
  for (let i = 0; i < x.length; i++) if (!dead[i]) magnitudes[n++] = Math.abs(x[i]);
  return magnitudes.subarray(0, n);
}

/** Candidates for the logarithm of the level. */
export function features(x, seen) {
  if (x.length < known.SHORTEST) {
    const missing = known.SHORTEST - x.length;
    [x, seen] = [reflected(x, 0, missing), reflected(seen, 0, missing)];
  }
  const dead = deadSamples(x, seen);
  const columns = [];
  for (const size of known.WINDOWS) {
    const power = livePower(x, dead, size);
    columns.push(...quantiles(power));
    if (size === 64) columns.push(...bands(power));
  }
  columns.push(...differences(x, dead));
  return columns.map((value) => (Number.isNaN(value) ? -70 : clip(value, -70, 70)));
}

/** The least of a few candidates, which no kind of signal misleads by far. */
function leastCandidate(candidates) {
  const [at20, at35] = [known.QUANTILES.indexOf(0.2), known.QUANTILES.indexOf(0.35)];
  const n = known.QUANTILES.length;
  const chosen = [at35, n + at20, 2 * n + known.BANDS + at20, 3 * n + known.BANDS + 1];
  return Math.min(...chosen.map((place) => candidates[place]));
}

/** What the network adds to the logarithm of the least candidate. */
function correction(relative) {
  const { mean: centre, scale, layers } = known.weights;
  let hidden = relative.map((value, i) => clip((value - centre[i]) / scale[i], -4, 4));
  layers.forEach(({ kernel, bias }, layer) => {
    hidden = bias.map((offset, out) => {
      const total = hidden.reduce((partial, value, i) => partial + value * kernel[i][out], 0);
      return layer < layers.length - 1 ? Math.max(total + offset, 0) : total + offset;
    });
  });
  return clip(hidden[0], -3, 1.5);
}

function levelOfWhole(x, seen) {
  const candidates = features(x, seen);
  const base = leastCandidate(candidates);
  return Math.exp(base + correction(candidates.map((value) => value - base)));
}

/** The level of the white noise in a signal whose gaps are bridged, in its units. */
export function levelOf(x, seen) {
  const gaps = not(seen);
  const long = inLongRuns(gaps, known.DEAD_RUN);
  const isRiddled = (count(gaps) - count(long)) / gaps.length > known.RIDDLED;
  if (isRiddled && count(seen) >= known.ENOUGH) {
    x = x.filter((_, i) => seen[i]);
    seen = new Uint8Array(x.length).fill(1);
  }
  return levelOfWhole(x, seen);
}
