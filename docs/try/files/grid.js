// Times at which samples were taken, and the even grid below them: conv_denoiser._checks.times.

import { diff, mean, median, rint } from "../denoise/arrays.js";
import { grids as known } from "../denoise/constants.js";
import { general, withCommas } from "./words.js";

export class Grid {
  constructor(positions, step) {
    this.positions = positions; // where each sample stands, in steps from the first place
    this.step = step;
    this.places = positions.map(rint);
    this.size = this.places[this.places.length - 1] + 1;
  }

  /** Put samples in their places; others are NaN. Some in one place are averaged. */
  spread(x) {
    const [total, nThere] = [new Float64Array(this.size), new Float64Array(this.size)];
    x.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      total[this.places[i]] += value;
      nThere[this.places[i]] += 1;
    });
    return total.map((value, place) => value / nThere[place]);
  }

  /** What is at the samples' times, by straight lines between places. */
  gather(y) {
    return this.positions.map((position, i) => {
      const before = Math.min(Math.max(Math.floor(position), 0), Math.max(this.size - 2, 0));
      const after = Math.min(before + 1, this.size - 1);
      const share = position - before;
      const between = y[before] * (1 - share) + y[after] * share;
      const isAlone = Number.isNaN(between) || share === 0 || share === 1;
      return isAlone ? y[this.places[i]] : between;
    });
  }
}

/** The even grid for times that rise; `warn` is told where samples have to share places. */
export function evenGrid(time, warn) {
  const t = time.map((value) => value - time[0]);
  checkRising(t);
  if (t.length < 3) return new Grid(Float64Array.from(t.keys()), t[t.length - 1] || 1);
  const steps = diff(t);
  const dense = likelySteps(t, steps)
    .map(([step, first]) => regular(t, step, first))
    .filter((grid) => grid !== null && known.SAMPLED * grid.size <= t.length);
  if (dense.length === 0) return irregular(t, steps, warn);
  return dense.reduce((best, grid) => (grid.size < best.size ? grid : best));
}

function checkRising(t) {
  const late = Array.from(t.keys()).filter((i) => i > 0 && !(t[i] > t[i - 1]));
  if (late.length === 0) return;
  throw new Error(
    `time must rise from sample to sample. It does not at ${late.length} timestep(s), the ` +
      `first of them ${late[0]}. Sort the samples by time, and leave out what is ` +
      "there twice; where the clock is too coarse but samples are evenly spaced, pass them " +
      "without their times.",
  );
}

/** What the step of a grid may be, and how many times it surely holds for. */
function likelySteps(t, steps) {
  const usual = median(steps);
  const means = [known.PAUSE, 1.5].map((most) => mean(steps.filter((step) => step <= most * usual)));
  const some = t.slice(0, known.N_TOLD);
  const [lowest, spacing] = [0.5 / usual, 0.125 / some[some.length - 1]];
  const nFrequencies = Math.ceil(Math.min(2 / (least(steps) * spacing), known.MOST));
  const agree = Array.from({ length: nFrequencies }, (_, k) => {
    const angles = some.map((time) => 2 * Math.PI * (lowest + spacing * k) * time);
    return Math.hypot(mean(angles.map(Math.cos)), mean(angles.map(Math.sin)));
  });
  const first = agree.findIndex((value) => value >= known.ALIKE * greatest(agree));
  const near = agree.slice(first, first + 8);
  const peak = first + near.indexOf(Math.max(...near));
  return [...means.map((step) => [step, known.FIRST]), [1 / (lowest + spacing * peak), known.N_TOLD]];
}

const least = (x) => x.reduce((a, b) => Math.min(a, b), Infinity);
const greatest = (x) => x.reduce((a, b) => Math.max(a, b), -Infinity);

/** A grid that gives each sample a place for itself, or null. */
function regular(t, step, first) {
  let origin = 0;
  for (let n = Math.min(first, t.length); ; n = Math.min(2 * n, t.length)) {
    const some = t.subarray(0, n);
    const places = some.map((time) => rint((time - origin) / step));
    if (places[0] === places[n - 1]) return null;
    [step, origin] = lineThrough(places, some);
    if (step <= 0) return null;
    if (n === t.length) break;
  }
  const places = t.map((time) => rint((time - origin) / step));
  if (diff(places).some((rise) => rise < 1)) return null;
  return new Grid(places.map((place) => place - places[0]), step);
}

/** Slope and start of the line of least squares. */
function lineThrough(x, y) {
  const [middle, level] = [mean(x), mean(y)];
  let [up, across] = [0, 0];
  x.forEach((value, i) => {
    up += (value - middle) * (y[i] - level);
    across += (value - middle) ** 2;
  });
  return [up / across, level - (up / across) * middle];
}

/** A grid of the mean step, in whose places samples meet. */
function irregular(t, steps, warn) {
  const usual = median(steps);
  const step = mean(steps.filter((value) => value <= known.PAUSE * usual));
  const grid = new Grid(t.map((time) => time / step), step);
  checkHoles(grid, steps);
  const nPlaces = new Set(grid.places).size;
  if (nPlaces < known.SPREAD * t.length) {
    throw new Error(
      `time is too uneven: on an even grid of the mean step, ${general(step, 3)}, the ${t.length} ` +
        `samples fall in ${nPlaces} places. Average samples that were taken together first.`,
    );
  }
  warn(
    `time is uneven: samples are denoised on an even grid of ${grid.size} places, ` +
      `${general(step, 4)} apart, of which ${grid.size - nPlaces} hold no sample, and others ` +
      `several, in all ${t.length - nPlaces} more than one. Results are those at the given times, ` +
      "but details as fast as the grid are lost.",
  );
  return grid;
}

function checkHoles(grid, steps) {
  const nSamples = grid.positions.length;
  if (nSamples >= known.SAMPLED * grid.size) return;
  const longest = steps.indexOf(greatest(steps));
  throw new Error(
    `time has holes: of ${withCommas(grid.size)} places, ${general(grid.step, 4)} apart, ` +
      `${withCommas(nSamples)} hold a sample. The longest hole, of ${general(steps[longest], 4)}, ` +
      `follows timestep ${longest}. Cut the signals at long holes, and denoise each part by itself.`,
  );
}
