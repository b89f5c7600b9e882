// Signals of any length, in blocks that are cross-faded: conv_denoiser.pretrained.blocks.

import { bridged, inLongRuns, isThere, not } from "./arrays.js";
import { denoisedBlock, studied } from "./block.js";
import { blocks as known } from "./constants.js";

const { BLOCK, SHARED } = known;

export function blocksOf(length) {
  const nBlocks = Math.max(1, Math.ceil((length - SHARED) / (BLOCK - SHARED)));
  return Array.from({ length: nBlocks }, (_, number) => {
    const start = number * (BLOCK - SHARED);
    return [start, Math.min(start + BLOCK, length)];
  });
}

/** How much of what blocks share is the later one's. */
const fadingIn = (i) => Math.sin((Math.PI / 2) * ((i + 0.5) / SHARED)) ** 2;

/**
 * Denoises one signal at any strength; what is found of its blocks is kept for the next strength.
 * NaN is missing.
 */
export class Signal {
  constructor(x, run) {
    this.there = isThere(x);
    this.whole = bridged(x.map((value) => (Number.isNaN(value) ? 0 : value)), this.there);
    this.run = run;
    this.states = [];
  }

  /** Return denoised samples and their standard deviations; null if `isStale` says so on the way. */
  async denoise(strength, tell = () => {}, isStale = () => false) {
    const { length } = this.whole;
    const [denoised, std] = [new Float64Array(length), new Float64Array(length)];
    const parts = blocksOf(length);
    for (const [number, [start, end]] of parts.entries()) {
      this.states[number] ??= await studied(
        this.whole.subarray(start, end),
        this.there.subarray(start, end),
        this.run,
      );
      const block = await denoisedBlock(this.states[number], strength, this.run);
      fadeIn(denoised, block.denoised, start);
      fadeIn(std, block.std, start);
      tell((number + 1) / parts.length);
      await rest(); // in which messages arrive
      if (isStale()) return null;
    }
    const long = inLongRuns(not(this.there), known.LONG_GAP);
    return { denoised: bridged(denoised, not(long)), std };
  }
}

function fadeIn(out, block, start) {
  const shared = start ? Math.min(SHARED, block.length) : 0;
  for (let i = 0; i < shared; i++) {
    const share = fadingIn(i);
    block[i] = block[i] * share + (1 - share) * out[start + i];
  }
  out.set(block, start);
}

const rest = () => new Promise((resolve) => setTimeout(resolve));
