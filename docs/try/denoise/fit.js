// Tones fitted to a signal, their frequencies included, by the method of Gauss and Newton.
// Products of columns that last as long as the signal are known without adding them up.

import { clip, largestMagnitude } from "./arrays.js";
import { tones as known } from "./constants.js";

const ALIKE = 1 + 1e-9; // columns that are almost alike share their weight

/** Tones at multiples (rows) of frequencies in periods a sample, as they are in u. */
export function fitted(u, there, frequencies, multiples) {
  const n = u.length;
  const missing = [];
  for (let i = 0; i < n; i++) if (!there[i]) missing.push(i);
  let step = null;
  for (let round = 0; ; round++) {
    if (step) frequencies = frequencies.map((f, i) => f + clip(step[i] / (2 * Math.PI), -0.5, 0.5) / n);
    const angles = multiples.map((row) => 2 * Math.PI * dot(row, frequencies));
    const waves = wavesOf(angles, n);
    const gram = gramOf(angles, n);
    takeOff(gram, waves, missing);
    const products = waves.map((wave) => dotThere(wave, u, there));
    const weights = solved(gram, products);
    if (round === known.ROUNDS - 1) return tonesOf(waves, weights);
    step = stepOf(u, there, waves, weights, multiples, gram, products);
  }
}

/** Cosines, sines and a constant; times are counted from the middle. */
function wavesOf(angles, n) {
  const cosines = angles.map(() => new Float64Array(n));
  const sines = angles.map(() => new Float64Array(n));
  angles.forEach((angle, tone) => {
    for (let i = 0; 2 * i < n; i++) {
      const phase = angle * (i - (n - 1) / 2);
      const [c, s] = [Math.cos(phase), Math.sin(phase)];
      cosines[tone][i] = cosines[tone][n - 1 - i] = c;
      sines[tone][i] = s;
      sines[tone][n - 1 - i] = -s;
    }
  });
  return [...cosines, ...sines, new Float64Array(n).fill(1)];
}

/** The sum of cosines of an angle times the times. */
function sumOfCosines(angle, n) {
  const below = Math.sin(angle / 2);
  if (Math.abs(below) < 1e-9) return (n * Math.cos((angle * n) / 2)) / Math.cos(angle / 2);
  return Math.sin((angle * n) / 2) / below;
}

/** Products of the waves with each other, over all times. */
function gramOf(angles, n) {
  const m = angles.length;
  const gram = Array.from({ length: 2 * m + 1 }, () => new Float64Array(2 * m + 1));
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < m; k++) {
      const [apart, together] = [angles[i] - angles[k], angles[i] + angles[k]];
      const [D, S] = [sumOfCosines(apart, n), sumOfCosines(together, n)];
      gram[i][k] = 0.5 * (D + S);
      gram[m + i][m + k] = 0.5 * (D - S);
    }
    gram[i][2 * m] = gram[2 * m][i] = sumOfCosines(angles[i], n);
  }
  gram[2 * m][2 * m] = n;
  return gram;
}

/** Take what is missing off products of columns. */
function takeOff(gram, columns, missing) {
  for (const place of missing) {
    const row = columns.map((column) => column[place]);
    gram.forEach((products, i) => {
      for (let k = 0; k < products.length; k++) products[k] -= row[i] * row[k];
    });
  }
}

/** How much to change the phases at the end of the signal. */
function stepOf(u, there, waves, weights, multiples, gram, products) {
  const slopes = slopesOf(waves, weights, multiples);
  const scales = slopes.map((slope) => Math.max(largestMagnitude(slope), 1e-9));
  slopes.forEach((slope, f) => slope.forEach((value, i) => (slope[i] = value / scales[f])));
  const nWaves = waves.length;
  const both = [...waves, ...slopes];
  const whole = both.map((column, i) => {
    if (i < nWaves) return Float64Array.from(both, (other, k) => (k < nWaves ? gram[i][k] : 0));
    return new Float64Array(both.length);
  });
  for (let i = nWaves; i < both.length; i++) {
    for (let k = 0; k <= i; k++) whole[i][k] = whole[k][i] = dotThere(both[i], both[k], there);
  }
  const targets = [...products, ...slopes.map((slope) => dotThere(slope, u, there))];
  return Array.from(solved(whole, targets).slice(nWaves), (value, f) => value / scales[f]);
}

function slopesOf(waves, weights, multiples) {
  const [m, n] = [multiples.length, waves[0].length];
  const slopes = multiples[0].map(() => new Float64Array(n));
  multiples.forEach((row, tone) => {
    const [cosine, sine] = [waves[tone], waves[m + tone]];
    const [a, b] = [weights[tone], weights[m + tone]];
    row.forEach((multiple, f) => {
      if (multiple === 0) return;
      const slope = slopes[f];
      for (let i = 0; i < n; i++) {
        slope[i] += (multiple * (i - (n - 1) / 2) * (b * cosine[i] - a * sine[i])) / n;
      }
    });
  });
  return slopes;
}

function tonesOf(waves, weights) {
  const tones = new Float64Array(waves[0].length);
  waves.slice(0, -1).forEach((wave, k) => {
    for (let i = 0; i < tones.length; i++) tones[i] += weights[k] * wave[i];
  });
  return tones;
}

const dot = (a, b) => a.reduce((total, value, i) => total + value * b[i], 0);

function dotThere(a, b, there) {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += there[i] * a[i] * b[i];
  return total;
}

/** Solve normal equations by Gauss' elimination. */
function solved(gram, products) {
  const rows = gram.map((row, i) => {
    const whole = new Float64Array(row.length + 1);
    whole.set(row);
    whole[i] *= ALIKE;
    whole[row.length] = products[i];
    return whole;
  });
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[pivot][i])) pivot = k;
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let k = i + 1; k < n; k++) {
      const factor = rows[k][i] / rows[i][i];
      if (factor !== 0) for (let j = i; j <= n; j++) rows[k][j] -= factor * rows[i][j];
    }
  }
  const solution = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let rest = rows[i][n];
    for (let j = i + 1; j < n; j++) rest -= rows[i][j] * solution[j];
    solution[i] = rest / rows[i][i];
  }
  return solution;
}
