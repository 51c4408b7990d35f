// Asks the server. What it has said before is not sent again: it answers 304, and what was said is kept here.

import { setServerTime } from "./time.js";

const MAX_KEPT = 40;
const PATIENCE_MS = 35_000; // a room of long ago is put together in up to 29 s
const kept = new Map();

/** An answer that is no success. `code` is one of docs/reading.md; "offline" where nobody answers. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Asks for a path. Gives what was answered, and whether it differs from the answer before. */
export async function get(path, parameters = {}, signal = undefined) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  const url = query ? `${path}?${query}` : path;
  const known = kept.get(url);
  const answer = await ask(url, { headers: known ? { "if-none-match": known.tag } : {}, signal });
  if (answer.status === 304 && known) return { body: known.body, changed: false };
  const body = await read(answer);
  const tag = answer.headers.get("etag");
  kept.delete(url);
  if (tag) kept.set(url, { tag, body });
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
  return { body, changed: true };
}

/** Asks for a path once, and keeps nothing. */
export async function getOnce(path, parameters) {
  return read(await ask(`${path}?${new URLSearchParams(parameters)}`, {}));
}

/** Sends JSON. Gives what was answered. */
export async function post(path, told) {
  const headers = { "content-type": "application/json" };
  return read(await ask(path, { method: "POST", headers, body: JSON.stringify(told) }));
}

async function ask(url, options) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, patience]) : patience;
  try {
    const answer = await fetch(url, { cache: "no-store", ...options, signal });
    setServerTime(answer.headers.get("date"));
    return answer;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refusal(0, "offline", "The server does not answer.");
  }
}

async function read(answer) {
  let text;
  try {
    text = await answer.text();
  } catch {
    throw new Refusal(0, "offline", "The server broke off.");
  }
  let body = null;
  try {
    body = JSON.parse(text, exactly);
  } catch {
    // Not JSON: whatever is in between has answered.
  }
  if (answer.ok && body !== null) return body;
  const { code, message } = body?.error ?? body ?? {};
  throw new Refusal(answer.status, code ?? "unknown", message ?? `The server answered ${answer.status}.`);
}

/** Keeps the digits of a whole number that JavaScript would round, such as an account of 18 digits. */
function exactly(_, value, context) {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context?.source && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}
