// A file as a recording, and a recording as a file of the same format.

import { recordings as known } from "../denoise/constants.js";
import { readCsv, rewritten, written } from "./csv.js";
import { readEdf, rewrittenEdf } from "./edf.js";
import { readWav, writtenWav } from "./wav.js";

// Larger files are for the command, which does not hold them in memory.
export const MOST_BYTES = 200e6;

const READERS = {
  csv: asText, tsv: asText, txt: asText,
  wav: asBytes(readWav), edf: asBytes(readEdf), bdf: asBytes(readEdf),
};

const suffixOf = (name) => name.split(".").pop().toLowerCase();

/** Read a file, or one channel of it; `warn` is told of doubts. */
export async function readFile(file, channel, warn) {
  if (file.size > MOST_BYTES) {
    throw new Error(
      `${file.name} has ${(file.size / 1e9).toFixed(1)} GB, and this page takes up to ` +
        `${MOST_BYTES / 1e6} MB. For files of any size, install the package: the command below ` +
        "is ready to copy.",
    );
  }
  const read = READERS[suffixOf(file.name)];
  if (!read) {
    throw new Error(
      `This page reads .csv, .tsv, .txt, .wav, .edf and .bdf. Got ${file.name}. The package reads ` +
        "more: .npy, .mat, HDF5, Parquet, FLAC, WFDB.",
    );
  }
  return read(file, channel, warn);
}

async function asText(file, channel, warn) {
  return readCsv(await textOf(file), file.name, channel, warn);
}

async function textOf(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Error(`'${file.name}' is not a text file in UTF-8.`);
  }
}

function asBytes(read) {
  return async (file, channel, warn) => {
    try {
      return read(await file.arrayBuffer(), file.name, channel, warn);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Error(`${file.name} is cut short or damaged.`);
    }
  };
}

/** Tell whether a table holds signals, one in each row, and not the channels of a recording. */
export function holdsSignals({ channels, rate, layout }) {
  return layout !== undefined && rate === null && channels.length > known.MAX_CHANNELS;
}

/** Return a Blob in the format of the file with samples replaced. */
export async function asFile(file, recording, channels, warn) {
  if (recording.layout) return new Blob([...rewritten(await textOf(file), recording, channels)], { type: "text/csv" });
  if (recording.file) return new Blob([rewrittenEdf(await file.arrayBuffer(), recording, channels, warn)]);
  return asWav(recording, channels, warn);
}

export const asWav = (recording, channels, warn) =>
  new Blob([writtenWav(recording, channels, warn)], { type: "audio/wav" });

export const asCsv = (recording, channels) =>
  new Blob([...written(recording, channels)], { type: "text/csv" });
