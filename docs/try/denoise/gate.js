// Is what was removed noise? conv_denoiser.pretrained.gate.

import { bridged, count } from "./arrays.js";
import { gate as known } from "./constants.js";
import { levelOf } from "./level.js";

/** Lower a level until what it removes is as strong in its quiet parts as it says. */
export async function honestLevel(level, seen, estimate) {
  const first = level;
  let removed = await estimate(level);
  for (let round = 0; round < known.MAX_ROUNDS; round++) {
    const lowered = believable(removed, level, seen);
    if (!(lowered < level)) break;
    level = lowered;
    if (level <= known.ROUNDING) {
      removed = { noise: removed.noise.fill(0), std: removed.std.fill(0) };
      break;
    }
    removed = await estimate(level);
  }
  // What may be noise by the first level, and is not by the last, is uncertain.
  const doubt = Math.sqrt(first ** 2 - level ** 2);
  return { level, noise: removed.noise, std: removed.std.map((std) => Math.hypot(std, doubt)) };
}

/** The level that what was removed tells of, at most the one that it was removed by. */
function believable({ noise, std }, level, there) {
  const nSamples = count(there);
  const share = (x) => {
    let total = 0;
    for (let i = 0; i < x.length; i++) if (there[i]) total += x[i] ** 2;
    return total / (Math.max(nSamples, 1) * level ** 2);
  };
  const [removed, error] = [share(noise), share(std)];
  const isSure = error < known.SURE && nSamples >= known.ENOUGH;
  if (isSure && removed + error > known.MOST) return level;
  // What fills gaps is not noise, and would be quiet.
  const quiet = levelOf(bridged(noise, there), there);
  const told = isSure ? Math.max(quiet, Math.sqrt(removed + error) * level) : quiet;
  return quiet < known.HONEST * level ? Math.min(told, level) : level;
}
