// Denoises beside the page, which stays responsive. Messages carry a number that the answers repeat.

import * as ort from "../vendor/ort.js";
import { inputs } from "../denoise/constants.js";
import { Session } from "./session.js";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("../vendor/ort.wasm", import.meta.url).href };

const network = loaded();
network.catch(() => {}); // told to whoever waits for it

async function loaded() {
  const session = await ort.InferenceSession.create(new URL("../universal.onnx", import.meta.url).href, {
    executionProviders: ["wasm"],
  });
  return async (channels) => {
    const shape = [1, channels.length / inputs.N_CHANNELS, inputs.N_CHANNELS];
    const { outputs } = await session.run({ channels: new ort.Tensor("float32", channels, shape) });
    return outputs.data;
  };
}

const newest = { open: 0, denoise: 0 };
let session = null;
let working = Promise.resolve();

self.onmessage = ({ data }) => {
  if (data.kind in newest) newest[data.kind] = data.id;
  working = working.then(() => answer(data));
};

async function answer({ id, kind, ...request }) {
  const tell = (share) => self.postMessage({ id, share });
  const isStale = () => newest.open > id || (kind !== "download" && newest[kind] > id);
  try {
    if (isStale()) return self.postMessage({ id, result: null });
    self.postMessage({ id, result: await work(kind, request, tell, isStale) });
  } catch (error) {
    self.postMessage({ id, error: error.message, columns: error.columns ?? null });
  }
}

async function work(kind, { file, column, strength, format }, tell, isStale) {
  if (kind === "open") {
    session = new Session(await network);
    return session.open(file, column);
  }
  if (kind === "denoise") return session.shown(strength, tell, isStale);
  return session.download(format, strength, tell);
}
