// Spectra by Welch's method, as `conv_denoiser.plotting.SpectrumDisplay` draws them.

import { bridged, isThere, mean } from "../denoise/arrays.js";
import { hann, powerOf } from "../denoise/transforms.js";

const LONGEST = 256;

/** Power densities in dB of signals by name, and the frequencies. */
export function spectrum(signals, rate) {
  const powers = Object.entries(signals).map(([name, x]) => [name, densities(x, rate)]);
  const size = Math.min(LONGEST, Object.values(signals)[0].length);
  const frequency = Float64Array.from({ length: (size >> 1) + 1 }, (_, k) => (k * rate) / size);
  return { frequency, ...Object.fromEntries(powers) };
}

function densities(x, rate) {
  const whole = bridged(x, isThere(x));
  const size = Math.min(LONGEST, x.length);
  const { window, power: norm } = hann(size);
  const hop = size - (size >> 1);
  const total = new Float64Array((size >> 1) + 1);
  let nPieces = 0;
  for (let start = 0; start + size <= whole.length; start += hop, nPieces++) {
    const piece = whole.subarray(start, start + size);
    const middle = mean(piece);
    const power = powerOf(piece.map((value, i) => (value - middle) * window[i]));
    power.forEach((value, k) => (total[k] += value));
  }
  return total.map((value, k) => {
    const isSingle = k === 0 || (size % 2 === 0 && k === total.length - 1);
    return 10 * Math.log10((value * (isSingle ? 1 : 2)) / (nPieces * rate * norm));
  });
}
