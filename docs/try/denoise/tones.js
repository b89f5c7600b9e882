// Steady tones, kept aside from what the network sees: conv_denoiser.pretrained.tones.

import { bridged, count, mean, rint, sum } from "./arrays.js";
import { tones as known } from "./constants.js";
import { fitted } from "./fit.js";
import { hann, powerOf } from "./transforms.js";

/** Estimate noise in what is left of a signal without its steady tones, where that is surer. */
export async function besideSteadyTones(u, there, estimate) {
  const whole = await estimate(u, there);
  const found = steadyTones(u, there);
  if (found === null) return whole;
  const { tones, nUnknowns } = found;
  const left = u.map((value, i) => value - tones[i]);
  const rest = bridged(left, there);
  const ofRest = await estimate(rest, there);
  // As much again for faint overtones that are not found.
  const variance = ofRest.variance.map((value) => value + (2 * nUnknowns) / u.length);
  const noise = ofRest.noise.map((value, i) => left[i] - rest[i] + value);
  const [error, errorOfRest] = [mean(whole.variance), mean(variance)];
  const more = powerIn(noise, there) - powerIn(whole.noise, there);
  const allowed = error - errorOfRest + known.LUCK * Math.sqrt(2 / u.length);
  return errorOfRest < known.SURER * error && more < allowed ? { noise, variance } : whole;
}

function powerIn(noise, there) {
  let total = 0;
  for (let i = 0; i < noise.length; i++) if (there[i]) total += noise[i] ** 2;
  return total / Math.max(count(there), 1);
}

function steadyTones(u, there) {
  const power = spectrumOf(u);
  const lines = linesIn(power);
  if (lines.length === 0) return null;
  const { frequencies, multiples } = withOvertones(lines, power);
  if (count(there) < known.ENOUGH * multiples.length) return null;
  const tones = fitted(u, there, frequencies.map((base) => base / u.length), multiples);
  return { tones, nUnknowns: 2 * multiples.length + frequencies.length };
}

/** The spectrum in units of white noise of variance 1. */
function spectrumOf(u) {
  const { window, power: norm } = hann(u.length);
  const middle = mean(u);
  return powerOf(u.map((value, i) => (value - middle) * window[i])).map((value) => value / norm);
}

/** Places of the strongest lines in a spectrum, in bins. */
function linesIn(power) {
  const [near, far] = known.BESIDE;
  const isDistinct = (k, side) => {
    let beside = 0;
    for (let step = near; step < far; step++) beside += power[k + side * step];
    return power[k] > (known.DISTINCT * beside) / (far - near);
  };
  const found = [];
  for (let k = known.LOWEST; k < power.length - far; k++) {
    const isPeak = power[k] >= power[k - 1] && power[k] > power[k + 1];
    if (power[k] > known.POWERFUL && isPeak && isDistinct(k, 1) && isDistinct(k, -1)) found.push(k);
  }
  const strongest = found.sort((a, b) => power[b] - power[a]).slice(0, known.MOST_TONES);
  // The top of a parabola through three logarithms.
  const tops = strongest.map((k) => {
    const [left, middle, right] = [-1, 0, 1].map((step) => Math.log(power[k + step]));
    return k + (0.5 * (left - right)) / (left - 2 * middle + right);
  });
  return tops.sort((a, b) => a - b);
}

/** Frequencies, and the multiples of them that are tones, one row a tone. */
function withOvertones(lines, power) {
  let most = 0;
  let best = { frequencies: lines, multiples: lines.map((_, i) => lines.map((_, k) => +(i === k))) };
  for (let part = 1; part <= known.LARGEST_PART; part++) {
    let base = lines[0] / part;
    const order = lines.map((line) => rint(line / base));
    const isOff = (line, i) => Math.abs(line - order[i] * base) > (known.OFF * order[i]) / part;
    if (lines.some(isOff)) continue;
    base = sum(lines.map((line, i) => line * order[i])) / sum(order.map((n) => n * n));
    const orders = Array.from({ length: Math.trunc((power.length - 2) / base) }, (_, i) => i + 1);
    const above = orders.map((n) => power[rint(n * base)] - known.AUDIBLE);
    const gain = sum(above.filter((value) => value > 0)) - known.DOUBT * part;
    if (gain <= most) continue;
    const tones = orders.filter((n, i) => above[i] > 0 || order.includes(n));
    most = gain;
    best = { frequencies: [base], multiples: tones.slice(0, known.MOST_OVERTONES).map((n) => [n]) };
  }
  return best;
}
