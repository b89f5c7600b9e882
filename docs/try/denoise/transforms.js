// Fourier transforms of real signals: fft.js for powers of two, Bluestein's way for other lengths.

import FFT from "../vendor/fft.js";

const plans = new Map();

export function plan(size) {
  if (!plans.has(size)) plans.set(size, new FFT(size));
  return plans.get(size);
}

/** Room for complex numbers, real and imaginary parts in turns. */
export const complexArray = (size) => new Float64Array(2 * size);

const windows = new Map();

/** The periodic Hann window, and the sum of its squares. */
export function hann(size) {
  if (!windows.has(size)) {
    const window = new Float64Array(size);
    for (let i = 0; i < size; i++) window[i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
    windows.set(size, { window, power: window.reduce((total, w) => total + w * w, 0) });
  }
  return windows.get(size);
}

/** Squared magnitudes of the transform of a real signal, from frequency 0 to half the rate. */
export function powerOf(x) {
  const n = x.length;
  const isPowerOfTwo = n > 1 && (n & (n - 1)) === 0;
  const spectrum = isPowerOfTwo ? realTransform(x) : byBluestein(x);
  const power = new Float64Array((n >> 1) + 1);
  for (let k = 0; k < power.length; k++) {
    power[k] = spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2;
  }
  return power;
}

function realTransform(x) {
  const fft = plan(x.length);
  const spectrum = complexArray(x.length);
  fft.realTransform(spectrum, x);
  return spectrum;
}

/** A transform of any length n as a convolution with a chirp, of a length that is a power of two. */
function byBluestein(x) {
  const n = x.length;
  let size = 4;
  while (size < 2 * n) size *= 2;
  const fft = plan(size);
  const [a, chirp, A, B, product] = Array.from({ length: 5 }, () => complexArray(size));
  for (let i = 0; i < n; i++) {
    const angle = (Math.PI * ((i * i) % (2 * n))) / n; // modulo 2n, so that it stays exact
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    a[2 * i] = x[i] * c;
    a[2 * i + 1] = -x[i] * s;
    for (const place of i ? [i, size - i] : [0]) {
      chirp[2 * place] = c;
      chirp[2 * place + 1] = s;
    }
  }
  fft.transform(A, a);
  fft.transform(B, chirp);
  for (let k = 0; k < 2 * size; k += 2) {
    product[k] = A[k] * B[k] - A[k + 1] * B[k + 1];
    product[k + 1] = A[k] * B[k + 1] + A[k + 1] * B[k];
  }
  fft.inverseTransform(a, product);
  return a; // but for the chirp's phase, which powers do not have
}
