// Pages of a list that only knows where its next page begins: the way back is remembered.

import { make } from "./dom.js";

/** Buttons for the pages of a list. `turned` is called with the position of the page to show; null is the first. */
export function makePager(parent, [back, onward], turned) {
  let way = [null];
  let next = null;
  const turn = (change) => {
    change();
    turned(way.at(-1));
  };
  const earlier = make("button", { type: "button", class: "quiet", click: () => turn(() => way.pop()) }, back);
  const later = make("button", { type: "button", class: "quiet", click: () => turn(() => way.push(next)) }, onward);
  const place = make("span", { class: "muted" });
  parent.append(earlier, place, later);

  function show() {
    parent.hidden = way.length === 1 && next === null;
    earlier.disabled = way.length === 1;
    later.disabled = next === null;
    place.textContent = `Page ${way.length}`;
  }
  show();

  return {
    /** Where the page that is shown begins. */
    get position() {
      return way.at(-1);
    },
    /** Takes `next` of the page that is shown. */
    told(following) {
      next = following;
      show();
    },
    /** Goes back to the first page. */
    reset() {
      way = [null];
      next = null;
      show();
    },
  };
}
