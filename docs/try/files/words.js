// Numbers and names as Python writes and reads them.

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SPECIAL = /^[+-]?(inf(inity)?|nan)$/i;

/** The number in a text, or null where Python's float would raise an error. */
export function toNumber(text) {
  const cell = text.trim();
  if (DECIMAL.test(cell)) return Number(cell);
  if (!SPECIAL.test(cell)) return null;
  if (/nan/i.test(cell)) return NaN;
  return cell.startsWith("-") ? -Infinity : Infinity;
}

export const isNumber = (text) => toNumber(text) !== null;

/** Write a number with so many significant digits, as Python's format "g" does. */
export function general(value, digits) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? "-" : "+";
    return `${trimmed(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return trimmed(value.toFixed(Math.max(digits - 1 - exponent, 0)));
}

const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A text in quotes, as Python's repr. */
export function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}

export const withCommas = (number) => number.toLocaleString("en-US");
