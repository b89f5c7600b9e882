// Samples that are far too large for noise: conv_denoiser.pretrained.spikes.

import { diff, largestMagnitude, middleOf, reflected } from "./arrays.js";
import { spikes as known } from "./constants.js";

/** Mark spikes in a signal whose noise has this level. */
export function findSpikes(x, level) {
  const spikes = new Uint8Array(x.length);
  const side = known.AROUND >> 1;
  if (x.length < known.AROUND || side * largestMagnitude(diff(x)) <= known.SPIKE * level) {
    return spikes;
  }
  const extended = reflected(x, side, side);
  for (let i = 0; i < x.length; i++) {
    const middle = middleOf(extended.slice(i, i + known.AROUND));
    const distance = extended.slice(i, i + known.AROUND).map((value) => Math.abs(value - middle));
    const own = distance[side];
    if (own > known.SPIKE * Math.max(level, middleOf(distance))) spikes[i] = 1;
  }
  return spikes;
}
