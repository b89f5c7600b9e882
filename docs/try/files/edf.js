// Recordings in EDF and BDF files, whose headers and other channels are kept.

import { rint } from "../denoise/arrays.js";
import { general } from "./words.js";

// Widths of what the header says of each signal.
const FIELDS = {
  label: 16, transducer: 80, unit: 8, physicalMin: 8, physicalMax: 8, digitalMin: 8, digitalMax: 8,
  filters: 80, nSamples: 8, reserved: 32,
};

export function readEdf(buffer, name, channel, warn) {
  const file = fileOf(buffer, name);
  const signals = file.signals.filter(({ label }) => !/^(EDF|BDF) Annotations$/.test(label));
  const columns = signals.map(({ label }) => label);
  const places = channel === null ? [...signals.keys()] : [channel - 1];
  const chosen = places.map((place) => signals[place]);
  if (!chosen.length || file.nRecords < 1 || chosen.some(({ nSamples }) => !(nSamples >= 1))) {
    throw new Error(`${name} holds no samples.`);
  }
  if (new Set(chosen.map(({ nSamples }) => nSamples)).size > 1) {
    const rates = signals.map(({ label, nSamples }) => `${label} ${general(nSamples / file.duration, 6)} Hz`);
    const told = `The channels of ${name} have several sampling rates: ${rates.join(", ")}.`;
    throw Object.assign(new Error(told), { columns });
  }
  if (file.isInterrupted) {
    warn(`${name} has gaps in time. What is before and after one is taken as adjacent.`);
  }
  return {
    name, places, columns, file, chosen, time: null,
    rate: chosen[0].nSamples / file.duration,
    names: chosen.map(({ label }) => label),
    units: chosen.map(({ unit }) => unit),
    channels: chosen.map((signal) => samplesOf(new DataView(buffer), file, signal)),
  };
}

function fileOf(buffer, name) {
  const text = (at, width) => String.fromCharCode(...new Uint8Array(buffer, at, width)).trim();
  const nBytes = text(0, 1) === "0" ? 2 : 3;
  const [begin, nSignals] = [Number(text(184, 8)), Number(text(252, 4))];
  const file = { begin, nBytes, duration: Number(text(244, 8)), isInterrupted: /\+D/.test(text(192, 44)) };
  if (!(nSignals >= 1 && begin === 256 * (nSignals + 1) && buffer.byteLength >= begin && file.duration > 0)) {
    throw new Error(`${name} is not an EDF file, or is damaged.`);
  }
  file.signals = Array.from({ length: nSignals }, () => ({}));
  let at = 256;
  for (const [field, width] of Object.entries(FIELDS)) {
    for (const signal of file.signals) {
      signal[field] = text(at, width);
      at += width;
    }
  }
  file.recordLength = 0;
  for (const signal of file.signals) {
    signal.begin = file.recordLength;
    Object.assign(signal, rangeOf(signal));
    file.recordLength += signal.nSamples * nBytes;
  }
  file.nRecords = Math.floor((buffer.byteLength - begin) / file.recordLength);
  const told = Number(text(236, 8));
  if (told >= 0) file.nRecords = Math.min(file.nRecords, told);
  return file;
}

/** What the integers of a signal stand for; without a valid range, for themselves. */
function rangeOf({ physicalMin, physicalMax, digitalMin, digitalMax, nSamples }) {
  const [low, high] = [Number(digitalMin), Number(digitalMax)];
  const span = Number(physicalMax) - Number(physicalMin);
  const gain = span && high !== low ? span / (high - low) : 1;
  const offset = span && high !== low ? Number(physicalMax) / gain - high : 0;
  return { gain, offset, low: Math.min(low, high), high: Math.max(low, high), nSamples: Number(nSamples) };
}

/** Call a function with the place of each sample in the file, and its number. */
function eachSample({ begin, recordLength, nRecords, nBytes }, signal, tell) {
  for (let record = 0, number = 0; record < nRecords; record++) {
    const start = begin + record * recordLength + signal.begin;
    for (let i = 0; i < signal.nSamples; i++) tell(start + i * nBytes, number++);
  }
}

function samplesOf(view, file, signal) {
  const samples = new Float64Array(file.nRecords * signal.nSamples);
  eachSample(file, signal, (at, number) => {
    const integer =
      file.nBytes === 2 ? view.getInt16(at, true) : view.getUint16(at, true) + view.getInt8(at + 2) * 65536;
    samples[number] = (integer + signal.offset) * signal.gain;
  });
  return samples;
}

/** A copy of the file with the samples of the channels that were read replaced. */
export function rewrittenEdf(buffer, { file, chosen }, channels, warn) {
  const view = new DataView(buffer.slice(0));
  let nClipped = 0;
  chosen.forEach((signal, k) => {
    eachSample(file, signal, (at, number) => {
      const exact = rint(channels[k][number] / signal.gain - signal.offset);
      const whole = Math.min(Math.max(exact, signal.low), signal.high);
      nClipped += Number(exact !== whole);
      view.setUint16(at, whole & 0xffff, true);
      if (file.nBytes === 3) view.setInt8(at + 2, whole >> 16);
    });
  });
  if (nClipped) {
    warn(`${nClipped} denoised sample(s) were clipped to the range of values that the file can hold.`);
  }
  return view.buffer;
}
