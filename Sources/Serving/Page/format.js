// How numbers are written.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const tokensWord = (count) => (count === 1 ? "token" : "tokens");

export const count = (number) => whole.format(number);
export const tokens = (number) => `${count(number)} ${tokensWord(number)}`;
export const rate = (number) => `${number >= 100 ? count(number) : tenths.format(number)} tokens/s`;

export function seconds(milliseconds) {
  if (milliseconds < 1) return "under 1 ms";
  if (milliseconds < 995) return `${count(milliseconds)} ms`;
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(2) : tenths.format(value)} s`;
}

export const percent = (part, all) => (all > 0 ? `${Math.round(part / all * 100)} %` : "–");

export function bytes(number) {
  if (number < 1000) return `${number} B`;
  return number < 1e6 ? `${count(number / 1000)} kB` : `${tenths.format(number / 1e6)} MB`;
}

/** `20%` as `20 %`, `640` as `640 tokens`. */
export function budgetName(budget) {
  if (budget === "full") return "All tokens";
  if (budget === "auto") return "Automatic";
  return String(budget).endsWith("%") ? `${String(budget).slice(0, -1)} %` : tokens(Number(budget));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function when(time) {
  const date = new Date(time);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}
