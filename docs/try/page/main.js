// The page: what is chosen, shown, downloaded and copied. The work is done by worker.js.

import { commandFor, pythonFor } from "./code.js";
import { Plots } from "./plots.js";
import { Work } from "./work.js";

const at = (id) => document.getElementById(id);
const work = new Work();
const plots = new Plots(
  { signals: at("signals"), removed: at("removed"), spectrum: at("spectrum") },
  (text) => (at("reading").textContent = text || at("reading").dataset.hint),
);
at("reading").dataset.hint = at("reading").textContent;

let file = null;
let facts = null;

const strength = () => Number((10 ** (at("strength").value / 20)).toPrecision(2));
const chosenColumn = () => (at("column").value === "all" ? null : Number(at("column").value));

function say(text) {
  at("status").textContent = text;
}

function busy(share) {
  at("progress").hidden = share === null;
  at("progress").value = share ?? 0;
}

function fail(error) {
  busy(null);
  say("");
  at("error").textContent = error.message;
  at("error").hidden = false;
}

/** Say that something new is on its way, so that what is shown is no longer it. */
function begin(name) {
  at("error").hidden = true;
  delete at("results").dataset.strength;
  say(`Reading ${name} …`);
  busy(0);
}

/** Read a file, or one column of it, and denoise that. */
async function open(chosen, column = null) {
  file = chosen;
  begin(file.name);
  if (column === null) at("strength").value = 0;
  tellStrength();
  try {
    const told = await work.ask("open", { file, column });
    if (told === null) return;
    facts = told;
    listColumns(column);
    at("results").hidden = false;
    showButtons();
    plots.show(timesOf(facts), facts.noisy, labelsOf(facts), null);
    await denoise();
  } catch (error) {
    if (chosen !== file) return;
    at("results").hidden = !error.columns;
    facts = error.columns ? { columns: error.columns, places: [], isOne: false, nSignals: 0 } : null;
    if (facts) listColumns(null);
    tellCode();
    fail(error);
  }
}

async function denoise() {
  const [asked, start] = [strength(), performance.now()];
  tellCode();
  at("results").setAttribute("aria-busy", "true");
  const results = await work.ask("denoise", { strength: asked }, busy);
  if (results === null) return;
  busy(null);
  at("results").setAttribute("aria-busy", "false");
  plots.show(plots.x, facts.noisy, labelsOf(facts), results);
  showDoubts(results.doubts);
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  say(`${facts.nSamples.toLocaleString("en-US")} samples denoised in ${seconds} s. ${amountOf(results.removed)}`);
  at("results").dataset.strength = asked; // of what is shown
}

/** How much was removed, in words. */
function amountOf(removed) {
  const there = removed.filter((value) => !Number.isNaN(value));
  const size = Math.sqrt(there.reduce((total, value) => total + value ** 2, 0) / there.length);
  const unit = facts.unit ? ` ${facts.unit}` : "";
  if (!there.length) return "";
  return size ? `Removed: ${Number(size.toPrecision(3))}${unit} on average (root mean square).` : "Nothing was removed.";
}

function timesOf({ time, rate, nSamples, byRows }) {
  if (time && !byRows) return time;
  return Float64Array.from({ length: nSamples }, (_, i) => i / (rate ?? 1));
}

function labelsOf({ rate, time, label, unit, byRows }) {
  const isTimed = (rate || time) && !byRows;
  const y = byRows ? "row 1" : label || "signal";
  return {
    x: isTimed ? "time (s)" : "sample",
    y: unit && !byRows ? `${y} (${unit})` : y,
    frequency: rate ? "frequency (Hz)" : "frequency (cycles a sample)",
  };
}

function listColumns(column) {
  const { columns, places, nSignals, byRows } = facts;
  const several = byRows ? `all ${nSignals} rows (the first is shown)` : `all ${nSignals} (the first is shown)`;
  if (column === null) {
    const options = columns.map((name, place) => new Option(name, place + 1));
    if (nSignals !== 1) options.unshift(new Option(nSignals ? several : "choose one", "all"));
    at("column").replaceChildren(...options);
    at("column").value = nSignals === 1 ? places[0] + 1 : "all";
  }
  at("column-label").hidden = columns.length < 2;
}

function showButtons() {
  const suffix = file.name.split(".").pop().toLowerCase();
  const text = ["csv", "tsv", "txt"].includes(suffix);
  const isWhole = Number.isInteger(facts.rate) && facts.rate > 0;
  for (const button of at("downloads").children) {
    const { format } = button.dataset;
    button.hidden = { csv: false, wav: !isWhole || facts.byRows }[format] ?? format !== suffix;
    if (format === "csv") button.dataset.as = text ? suffix : "csv";
  }
}

function showDoubts(doubts) {
  at("doubts").hidden = doubts.length === 0;
  at("doubts").replaceChildren(
    ...doubts.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

function tellStrength() {
  at("strength-value").textContent = strength();
  at("strength").setAttribute("aria-valuetext", `${strength()} times the estimated level`);
}

/** Lines that do the same, for the file that is chosen. */
function tellCode() {
  const request = { name: file.name, strength: strength(), facts };
  at("code").hidden = false;
  at("command").textContent = commandFor(request);
  at("python").textContent = pythonFor(request);
}

async function download(button) {
  const format = button.dataset.as ?? button.dataset.format;
  button.disabled = true;
  try {
    const { blob, doubts } = await work.ask("download", { format, strength: strength() }, busy);
    showDoubts(doubts);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = file.name.replace(/\.[^.]*$/, "") + `_denoised.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    fail(error);
  }
  busy(null);
  button.disabled = false;
}

at("file").addEventListener("change", ({ target }) => {
  if (target.files.length) open(target.files[0]);
  target.value = ""; // so that the same file can be chosen again
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => {
  const [pasted] = event.clipboardData.files;
  const text = event.clipboardData.getData("text");
  if (!pasted && !text.trim().includes("\n")) return; // words, or a single number
  event.preventDefault();
  open(pasted ?? new File([text], "pasted.csv"));
});
at("use-numbers").addEventListener("click", () => open(new File([at("numbers").value], "pasted.csv")));
at("examples").addEventListener("click", async ({ target }) => {
  const name = target.dataset.example;
  if (!name) return;
  begin(name);
  try {
    const answer = await fetch(`try/examples/${name}`);
    if (!answer.ok) throw new Error(`The example could not be loaded: ${answer.status}.`);
    await open(new File([await answer.blob()], name));
  } catch (error) {
    fail(error);
  }
});
at("column").addEventListener("change", () => open(file, chosenColumn()));
at("strength").addEventListener("input", () => {
  tellStrength();
  if (facts?.noisy) denoise().catch(fail);
});
for (const box of document.querySelectorAll("[data-series]")) {
  box.addEventListener("change", () => plots.setVisible(box.dataset.series, box.checked));
}
at("zoom").addEventListener("click", ({ target }) => {
  const moves = { in: () => plots.zoom(0.5), out: () => plots.zoom(2), left: () => plots.pan(-0.2), right: () => plots.pan(0.2), whole: () => plots.whole() };
  moves[target.dataset.do]?.();
});
at("downloads").addEventListener("click", ({ target }) => {
  if (target.dataset.format) download(target);
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(at(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}
