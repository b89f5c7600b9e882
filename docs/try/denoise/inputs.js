// What the network is given: conv_denoiser.pretrained.inputs.

import { clip, reflected } from "./arrays.js";
import { inputs as known } from "./constants.js";
import { complexArray, hann, plan } from "./transforms.js";

/** What hard thresholding of short spectra takes off a signal in units of the noise. */
function takenOffByThresholding(u, size) {
  const hop = size / 4;
  const nFrames = Math.ceil(u.length / hop) + 3;
  const extended = reflected(u, 3 * hop, nFrames * hop - u.length);
  const { window, power } = hann(size);
  const fft = plan(size);
  const [frame, spectrum, back] = [0, 1, 2].map(() => complexArray(size));
  const total = new Float64Array((nFrames + 3) * hop);
  // Two frames at once: one real, one imaginary.
  for (let number = 0; number < nFrames; number += 2) {
    const [first, second] = [number * hop, (number + 1) * hop];
    const isPair = number + 1 < nFrames;
    for (let i = 0; i < size; i++) {
      frame[2 * i] = extended[first + i] * window[i];
      frame[2 * i + 1] = isPair ? extended[second + i] * window[i] : 0;
    }
    fft.transform(spectrum, frame);
    keepNoise(spectrum, size, known.THRESHOLD * power);
    fft.inverseTransform(back, spectrum);
    for (let i = 0; i < size; i++) {
      total[first + i] += back[2 * i] * window[i];
      if (isPair) total[second + i] += back[2 * i + 1] * window[i];
    }
  }
  // Squared Hann windows a quarter apart add up to 3/2.
  return total.subarray(3 * hop, 3 * hop + u.length).map((value) => value / 1.5);
}

/** Set bins of two real frames, transformed as one complex one, to 0 where they are strong. */
function keepNoise(spectrum, size, limit) {
  for (let k = 0; k <= size / 2; k++) {
    const [i, j] = [2 * k, 2 * ((size - k) % size)];
    const [re, im, mirroredRe, mirroredIm] = [spectrum[i], spectrum[i + 1], spectrum[j], spectrum[j + 1]];
    let [aRe, aIm] = [(re + mirroredRe) / 2, (im - mirroredIm) / 2];
    let [bRe, bIm] = [(im + mirroredIm) / 2, (mirroredRe - re) / 2];
    if (!(aRe * aRe + aIm * aIm < limit)) aRe = aIm = 0;
    if (!(bRe * bRe + bIm * bIm < limit)) bRe = bIm = 0;
    spectrum[i] = aRe - bIm;
    spectrum[i + 1] = aIm + bRe;
    spectrum[j] = aRe + bIm;
    spectrum[j + 1] = bRe - aIm;
  }
}

/** The network's channels, of all timesteps one after the other. */
export function networkInputs(u, there, given) {
  const n = known.N_CHANNELS;
  const channels = new Float32Array(u.length * n);
  const limit = known.LARGEST_DIFFERENCE;
  for (let i = 0; i < u.length; i++) {
    channels[i * n] = Math.asinh(u[i] / 2);
    channels[i * n + 1] = clip(u[i] - u[Math.max(i - 1, 0)], -limit, limit) / 4;
    channels[i * n + 2] = there[i];
    channels[i * n + 3] = given ? 1 : 0;
  }
  known.WINDOWS.forEach((size, number) => {
    const taken = takenOffByThresholding(u, size);
    for (let i = 0; i < u.length; i++) channels[i * n + 4 + number] = clip(taken[i], -8, 8);
  });
  return channels;
}
