// Times, in ms since the epoch, as people read them. "Ago" goes by the server's clock: the browser's may be off.

const MAX_MS = 8.64e15;
let ahead = 0;

/** Takes the header `Date` of an answer. */
export function setServerTime(date) {
  const at = Date.parse(date ?? "");
  // The header is in whole seconds, cut off. What is not a second off is not off.
  if (!Number.isNaN(at)) ahead = Math.abs(at - Date.now()) < 2_000 ? 0 : at - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

/** The time of day: in UTC, local, or how long ago. */
export function clock(ms, form) {
  if (Math.abs(ms) > MAX_MS) return String(ms);
  if (form === "relative") return ago(ms);
  const at = new Date(ms);
  if (form === "utc") return at.toISOString().slice(-13, -1);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** The day. */
export function day(ms, form) {
  if (Math.abs(ms) > MAX_MS) return "";
  const options = { day: "numeric", month: "long", year: "numeric" };
  return new Intl.DateTimeFormat("en-GB", form === "local" ? options : { ...options, timeZone: "UTC" }).format(ms);
}

/** The whole of it, as it stands in a log: 2023-12-26 11:26:14.123 UTC. */
export function full(ms, form = "utc") {
  if (Math.abs(ms) > MAX_MS) return String(ms);
  if (form === "utc") return `${new Date(ms).toISOString().slice(0, -1).replace("T", " ")} UTC`;
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms, "local")} local`;
}

/** How long ago, in its largest unit. */
export function ago(ms) {
  const seconds = (now() - ms) / 1000;
  if (Math.abs(seconds) < 1) return "just now";
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  const count = `${Math.floor(Math.abs(seconds) / size)} ${unit}`;
  return seconds < 0 ? `in ${count}` : `${count} ago`;
}
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

function two(number) {
  return String(number).padStart(2, "0");
}
