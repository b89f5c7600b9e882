// From a block of a signal to the denoised one: conv_denoiser.pretrained.denoising.

import { bridged, clip, inLongRuns, largestMagnitude, median, not } from "./arrays.js";
import { blocks as cut, block as known, gate } from "./constants.js";
import { honestLevel } from "./gate.js";
import { networkInputs } from "./inputs.js";
import { levelOf } from "./level.js";
import { atSeveralRates } from "./rates.js";
import { findSpikes } from "./spikes.js";
import { besideSteadyTones } from "./tones.js";

/**
 * Estimate the noise in a block whose gaps are bridged, at a strength of 1.
 *
 * `run` is the network: from channels to noise and log variance, alternating.
 * What is returned serves for any strength.
 */
export async function studied(x, there, run) {
  const scale = largestMagnitude(x) || 1;
  x = Float64Array.from(x, (value) => value / scale);
  const centre = median(x);
  x = x.map((value) => value - centre);
  let level = levelOf(x, there);
  const spikes = findSpikes(x, level).map((spike, i) => spike & there[i]);
  const seen = there.map((is, i) => is & (1 - spikes[i]));
  const u = bridged(x, seen);
  const state = { x, centre, scale, spikes, seen, u };
  let removed = { noise: new Float64Array(x.length), std: new Float64Array(x.length).fill(level) };
  if (level > gate.ROUNDING) {
    ({ level, ...removed } = await honestLevel(level, seen, (at) => noiseIn(u, seen, at, run)));
  }
  return { ...state, level, removed };
}

/** Denoise a block that was studied: `denoised`, and the standard deviation of its error. */
export async function denoisedBlock(state, strength, run) {
  const { x, centre, scale, spikes, seen, u, level, removed } = state;
  let { noise, std } = removed;
  if (strength !== 1) ({ noise, std } = await atStrength(state, strength, run));
  const rest = await withoutNoise(u, noise, seen, strength * level, run);
  return {
    denoised: x.map((value, i) => ((spikes[i] ? value : rest[i]) + centre) * scale),
    std: std.map((value, i) => (spikes[i] ? level : value) * scale),
  };
}

/** Remove more or less; how far that is from the best estimate adds to the error. */
async function atStrength({ u, seen, level, removed }, strength, run) {
  const noise =
    level > gate.ROUNDING
      ? (await noiseIn(u, seen, strength * level, run)).noise
      : new Float64Array(u.length);
  const std = removed.std.map((value, i) => Math.hypot(value, noise[i] - removed.noise[i]));
  return { noise, std };
}

/** Take noise off a signal; where it has short gaps, estimate it again with these filled. */
async function withoutNoise(u, noise, seen, level, run) {
  const gaps = not(seen);
  const long = inLongRuns(gaps, cut.LONG_GAP);
  const filled = gaps.map((gap, i) => gap & (1 - long[i]));
  if (level > gate.ROUNDING && filled.includes(1)) {
    u = u.map((value, i) => (filled[i] ? value - noise[i] : value));
    ({ noise } = await noiseIn(u, seen.map((is, i) => is | filled[i]), level, run));
  }
  return u.map((value, i) => value - noise[i]);
}

/** The noise in a signal of this level, and its uncertainty. */
async function noiseIn(x, there, level, run) {
  const { MULTIPLE, MAX_HALVINGS } = known;
  const n = x.length;
  const halvings = Math.trunc(clip(Math.log2(n / (2 * MULTIPLE)), 0, MAX_HALVINGS));
  const unit = MULTIPLE * 2 ** halvings;
  const padded = Math.ceil(n / unit) * unit;

  async function estimate(u, there) {
    const output = await run(networkInputs(u, there, false));
    return {
      noise: u.map((_, i) => output[2 * i]),
      variance: u.map((_, i) => Math.exp(clip(output[2 * i + 1], -12, 16))),
    };
  }

  async function atRates(u, there) {
    const wide = new Float32Array(padded).fill(u[n - 1]);
    wide.set(u);
    const isThere = new Uint8Array(padded);
    isThere.set(there);
    const { noise, variance } = await atSeveralRates(wide, isThere, estimate, halvings);
    return { noise: noise.subarray(0, n), variance: variance.subarray(0, n) };
  }

  const units = x.map((value) => value / level);
  const { noise, variance } = await besideSteadyTones(units, there, atRates);
  return {
    noise: Float64Array.from(noise, (value) => value * level),
    std: Float64Array.from(variance, (value) => Math.sqrt(value) * level),
  };
}
