// The time slider: the room as it was, webhook by webhook of those that are shown, and on the right as it is now.
//
// Its steps are webhooks, not minutes: a room may rest for days, and then change ten times in a second.

import { make } from "./dom.js";
import { full } from "./time.js";

const REST_MS = 120; // a slider that is dragged asks only where it rests

export function makeSlider(actions) {
  const range = make("input", { type: "range", min: "0", step: "1", "aria-label": "The room as of", class: "range" });
  const label = make("output", { class: "as-of" });
  const folded = make("span", { class: "muted" });
  const jump = make("input", { type: "datetime-local", step: "0.001", "aria-label": "Go to this moment (UTC)" });
  const go = make("form", {}, jump, make("button", { type: "submit", class: "quiet" }, "Go"));
  const jumping = make("details", { class: "jump" }, make("summary", {}, "Go to a moment (UTC)"), go);
  const now = make("button", { type: "button", class: "quiet" }, "Back to now");
  const element = make("div", { class: "past", hidden: true }, range, make("div", { class: "past-told" }, label, folded, now, jumping));
  let moments = [];
  let rest = 0;

  range.addEventListener("input", () => {
    const chosen = moments[Number(range.value)] ?? null;
    tell(chosen);
    clearTimeout(rest);
    rest = setTimeout(() => (chosen === null ? actions.goOn() : actions.lookAt(chosen)), REST_MS);
  });
  now.addEventListener("click", () => actions.goOn());
  go.addEventListener("submit", (event) => {
    event.preventDefault();
    const at = Date.parse(`${jump.value}Z`);
    if (at >= 0) actions.jump(at);
  });

  function tell(at) {
    label.textContent = at === null ? "Now" : `As of ${full(at)}`;
    range.setAttribute("aria-valuetext", label.textContent);
    element.classList.toggle("in-past", at !== null);
    now.hidden = at === null;
    if (at === null) folded.textContent = "";
  }

  return {
    element,
    /** Shows the moment that is looked at, null is now, among those of some records. */
    show(records, at) {
      clearTimeout(rest);
      moments = [...new Set(records.map((record) => record.occurred_at))].sort((one, other) => one - other);
      element.hidden = records.length === 0 && at === null;
      range.max = moments.length;
      const before = moments.findLastIndex((moment) => moment <= at);
      range.value = at === null ? moments.length : Math.max(before, 0);
      tell(at);
    },
    /** Shows from how much the room was put together. */
    showFolded(told) {
      const { records, since } = told ?? {};
      folded.textContent = told ? `from ${records} ${records === 1 ? "webhook" : "webhooks"} of its log` : "";
      folded.title = told ? `What came before ${full(since)} was dropped by the log's retention.` : "";
    },
  };
}
