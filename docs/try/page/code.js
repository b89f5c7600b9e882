// The command and the lines of Python that do what the page does.

const asIn = (name) => (/^[\w.\-/]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);
const outputOf = (name) => name.replace(/(\.[^.]*)?$/, "_denoised$1");
const isSeveral = (facts) => facts?.nSignals > 1 && !facts.byRows;
const columnOf = ({ facts }) => (facts?.isOne ? facts.places[0] + 1 : null);

export function commandFor({ name, strength, facts }) {
  const column = columnOf({ facts });
  const options = [
    column === null ? "" : ` --column ${column}`,
    isSeveral(facts) ? " --channelwise" : "",
    strength === 1 ? "" : ` --strength ${strength}`,
  ];
  return `conv-denoiser denoise ${asIn(name)} --output ${asIn(outputOf(name))}${options.join("")}`;
}

export function pythonFor({ name, strength, facts }) {
  const column = columnOf({ facts });
  const read = column === null ? JSON.stringify(name) : `${JSON.stringify(name)}, "${column}"`;
  const samples = isSeveral(facts) ? "recording.samples.T" : "recording.samples";
  const time = facts?.time && !facts.byRows ? ", time=recording.time" : "";
  const more = strength === 1 ? "" : `, strength=${strength}`;
  return [
    "from conv_denoiser import denoise, read_recording",
    "",
    `recording = read_recording(${read})`,
    `denoised, std = denoise(${samples}${time}${more}, return_std=True)`,
  ].join("\n");
}
