// What NumPy and conv_denoiser._checks.arrays do with one signal.

export const sum = (x) => {
  let total = 0;
  for (const value of x) total += value;
  return total;
};
export const mean = (x) => sum(x) / x.length;
export const clip = (value, low, high) => Math.min(Math.max(value, low), high);

export function largestMagnitude(x) {
  let largest = 0;
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Sorted copy; NaN last. */
export const sorted = (x) => Float64Array.from(x).sort();

export function medianOfSorted(x) {
  const half = x.length >> 1;
  return x.length % 2 ? x[half] : (x[half - 1] + x[half]) / 2;
}
export const median = (x) => medianOfSorted(sorted(x));

/** Round to the nearest whole number, halves to even ones, as NumPy does. */
export function rint(value) {
  const down = Math.floor(value);
  const over = value - down;
  if (over !== 0.5) return over < 0.5 ? down : down + 1;
  return down % 2 ? down + 1 : down;
}

export function diff(x) {
  const steps = new Float64Array(Math.max(x.length - 1, 0));
  for (let i = 0; i < steps.length; i++) steps[i] = x[i + 1] - x[i];
  return steps;
}

export const not = (marked) => marked.map((mark) => 1 - mark);
export const isThere = (x) => Uint8Array.from(x, (value) => (Number.isNaN(value) ? 0 : 1));
export const all = (marked) => !marked.includes(0);
export const count = (marked) => sum(marked);

/** Bridge gaps with straight lines; beyond the first and the last sample, repeat it. */
export function bridged(x, there) {
  const filled = Float64Array.from(x);
  let last = -1;
  for (let i = 0; i <= x.length; i++) {
    if (i < x.length && !there[i]) continue;
    const from = last < 0 ? i : last; // the gap lies between two known places, or beyond one
    const to = i === x.length ? last : i;
    for (let k = last + 1; k < i; k++) {
      if (from === x.length || to < 0) filled[k] = 0;
      else if (from === to) filled[k] = x[from];
      else filled[k] = x[from] + ((x[to] - x[from]) / (to - from)) * (k - from);
    }
    last = i;
  }
  return filled;
}

/** Keep the marks that stand in a row with so many others at least, themselves counted. */
export function inLongRuns(marked, length) {
  const kept = new Uint8Array(marked.length);
  for (let start = 0; start < marked.length; start++) {
    if (!marked[start]) continue;
    let end = start;
    while (end < marked.length && marked[end]) end++;
    if (end - start >= length) kept.fill(1, start, end);
    start = end;
  }
  return kept;
}

/** Extend a signal at both ends by its mirror images, of whatever type it is. */
export function reflected(x, before, after) {
  const extended = new x.constructor(before + x.length + after);
  extended.set(x, before);
  const period = Math.max(2 * (x.length - 1), 1);
  const mirrored = (place) => {
    const inside = ((place % period) + period) % period;
    return x[inside < x.length ? inside : period - inside];
  };
  for (let i = 1; i <= before; i++) extended[before - i] = mirrored(-i);
  for (let i = 0; i < after; i++) extended[before + x.length + i] = mirrored(x.length + i);
  return extended;
}

/** Median of the numbers in a short array, which is sorted by that. */
export function middleOf(window) {
  for (let i = 1; i < window.length; i++) {
    const value = window[i];
    let k = i - 1;
    for (; k >= 0 && window[k] > value; k--) window[k + 1] = window[k];
    window[k + 1] = value;
  }
  return window[window.length >> 1];
}
