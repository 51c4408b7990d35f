// Pages of a list that only knows where its next page begins: the way back is remembered.

import { make } from "./dom.js";

/**
 * Buttons for the pages of a list. `turned` loads the page at a position, null is the first, and calls `told` when
 * it has come.
 */
export function makePager(parent, [back, onward], turned) {
  let way = [null];
  let next = null;
  let isTurning = false;
  const turn = async (turnedWay) => {
    const before = way;
    way = turnedWay;
    isTurning = true;
    show();
    await turned(way.at(-1));
    if (isTurning) way = before; // the page did not come
    isTurning = false;
    show();
  };
  const earlier = make("button", { type: "button", class: "quiet", click: () => turn(way.slice(0, -1)) }, back);
  const later = make("button", { type: "button", class: "quiet", click: () => turn([...way, next]) }, onward);
  const place = make("span", { class: "muted" });
  parent.append(earlier, place, later);

  function show() {
    parent.hidden = way.length === 1 && next === null;
    earlier.disabled = isTurning || way.length === 1;
    later.disabled = isTurning || next === null;
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
      isTurning = false;
      show();
    },
    /** Goes back to the first page. */
    reset() {
      way = [null];
      next = null;
      isTurning = false;
      show();
    },
  };
}
