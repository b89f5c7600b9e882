// Recordings in wav files, whose samples stay integers if they are: conv_denoiser.readers.wav.

import { rint } from "../denoise/arrays.js";

const [INTEGERS, FLOATS, EXTENSIBLE] = [1, 3, 0xfffe];

export function readWav(buffer, name, channel) {
  const view = new DataView(buffer);
  const word = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 12 || word(0) !== "RIFF" || word(8) !== "WAVE") {
    throw new Error(`${name} is not a wav file.`);
  }
  let [format, data] = [null, null];
  for (let at = 12; at + 8 <= buffer.byteLength && data === null; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === "fmt ") format = formatAt(view, at + 8);
    if (word(at) === "data") data = [at + 8, Math.min(size, buffer.byteLength - at - 8)];
    at += 8 + size + (size % 2);
  }
  if (format === null || data === null) throw new Error(`${name} is not a whole wav file.`);
  const read = readerOf(view, format, name);
  const { nChannels, bytes } = format;
  const n = Math.floor(data[1] / (bytes * nChannels));
  if (n === 0) throw new Error(`${name} holds no samples.`);
  const all = Array.from({ length: nChannels }, (_, k) => {
    return Float64Array.from({ length: n }, (_, i) => read(data[0] + (i * nChannels + k) * bytes));
  });
  const places = channel === null ? [...all.keys()] : [channel - 1];
  return {
    name, places, format, rate: format.rate, time: null, names: [], units: [],
    channels: places.map((place) => all[place]), nColumns: nChannels,
  };
}

function formatAt(view, at) {
  const told = view.getUint16(at, true);
  return {
    kind: told === EXTENSIBLE ? view.getUint16(at + 24, true) : told,
    nChannels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bytes: view.getUint16(at + 14, true) / 8,
  };
}

function readerOf(view, { kind, bytes, nChannels }, name) {
  const readers = {
    [INTEGERS]: {
      1: (at) => view.getUint8(at),
      2: (at) => view.getInt16(at, true),
      3: (at) => (view.getUint16(at, true) << 8) | (view.getInt8(at + 2) << 24),
      4: (at) => view.getInt32(at, true),
    },
    [FLOATS]: { 4: (at) => view.getFloat32(at, true), 8: (at) => view.getFloat64(at, true) },
  };
  const read = readers[kind]?.[bytes];
  if (!read || nChannels < 1) {
    throw new Error(`${name} holds samples of a kind that is not read: ${8 * bytes} bits, kind ${kind}.`);
  }
  return read;
}

/** Write samples of the type that the file had, or of float32; `warn` is told of clipped ones. */
export function writtenWav(recording, channels, warn) {
  const { rate } = recording;
  if (rate === null) throw new Error("A wav file needs a sampling rate, which is not known.");
  if (rate !== Math.round(rate) || rate < 1 || rate >= 2 ** 31) {
    throw new Error(`A wav file has a whole number of samples a second. Got ${rate}.`);
  }
  const { kind, bytes: had } = recording.format ?? { kind: FLOATS, bytes: 4 };
  const bytes = had === 3 ? 4 : had; // samples of three bytes are read as the upper ones of four
  const size = channels[0].length * channels.length * bytes;
  const view = headOf(kind, bytes, channels.length, rate, size);
  const put = kind === FLOATS ? floatsInto(view, bytes) : integersInto(view, bytes);
  let [at, nClipped] = [view.byteLength - size, 0];
  for (let i = 0; i < channels[0].length; i++) {
    for (const x of channels) {
      nClipped += put(at, x[i]);
      at += bytes;
    }
  }
  if (nClipped) {
    warn(`${nClipped} denoised sample(s) were clipped to the range of values that the file can hold.`);
  }
  return view.buffer;
}

function headOf(kind, bytes, nChannels, rate, size) {
  const view = new DataView(new ArrayBuffer(44 + size));
  const word = (at, text) => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + size, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, kind, true);
  view.setUint16(22, nChannels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * nChannels * bytes, true);
  view.setUint16(32, nChannels * bytes, true);
  view.setUint16(34, 8 * bytes, true);
  word(36, "data");
  view.setUint32(40, size, true);
  return view;
}

function floatsInto(view, bytes) {
  return (at, value) => {
    if (bytes === 4) view.setFloat32(at, value, true);
    else view.setFloat64(at, value, true);
    return 0;
  };
}

/** A function that puts rounded samples, and returns 1 where one did not fit. */
function integersInto(view, bytes) {
  const [low, high] = bytes === 1 ? [0, 255] : [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1) - 1];
  return (at, value) => {
    const exact = rint(value);
    const whole = Math.min(Math.max(exact, low), high);
    if (bytes === 1) view.setUint8(at, whole);
    else if (bytes === 2) view.setInt16(at, whole, true);
    else view.setInt32(at, whole, true);
    return exact === whole ? 0 : 1;
  };
}
