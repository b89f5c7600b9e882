// Denoising at several rates: conv_denoiser.pretrained.rates.

import { clip } from "./arrays.js";
import { rates as known } from "./constants.js";

// The half-band filter: of its taps at even distances, the one in the middle alone is not zero.
const TAPS = Float32Array.from(known.TAPS);
const CENTRE = TAPS[known.REACH];
const ODD = TAPS.filter((_, i) => i % 2 === 0);
const SIDE = ODD.length / 2;
const GAIN = Math.sqrt(TAPS.reduce((total, tap) => total + tap * tap, 0));

/** Filter places from -before on of a signal that `at` extends by reflection. */
function filtered(length, before, at) {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    let total = 0;
    for (let k = 0; k < ODD.length; k++) total += ODD[k] * at(i + k - before);
    out[i] = total;
  }
  return out;
}

export function halfRate(x) {
  const n = x.length / 2;
  const odd = (place) => x[2 * (place < 0 ? -place - 1 : place < n ? place : 2 * n - 2 - place) + 1];
  const out = filtered(n, SIDE, odd);
  return out.map((value, i) => value + CENTRE * x[2 * i]);
}

export function twiceRate(x) {
  const n = x.length;
  const at = (place) => x[place < 0 ? -place : place < n ? place : 2 * n - 1 - place];
  const between = filtered(n, SIDE - 1, at);
  const out = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    out[2 * i] = 2 * CENTRE * x[i];
    out[2 * i + 1] = 2 * between[i];
  }
  return out;
}

/** Estimate noise at the full rate, and its slow part again at half of it, and so on. */
export async function atSeveralRates(u, there, estimate, nHalvings) {
  const { noise, variance } = await estimate(u, there);
  if (nHalvings === 0) return { noise, variance };
  const slow = await atSeveralRates(
    halfRate(u).map((value) => value / GAIN),
    there.filter((_, i) => i % 2 === 0),
    estimate,
    nHalvings - 1,
  );
  const first = halfRate(noise).map((value) => value / GAIN);
  const weight = halfRate(variance).map((value, i) => {
    const own = Math.max(value, 1e-6);
    return own / (own + slow.variance[i]);
  });
  const change = twiceRate(weight.map((share, i) => share * (slow.noise[i] - first[i])));
  const kept = twiceRate(weight); // half of the error is taken to be slow, as if it were white
  return {
    noise: noise.map((value, i) => value + change[i] * GAIN),
    variance: variance.map((value, i) => value * clip(1 - 0.5 * kept[i], 0.3, 1)),
  };
}
