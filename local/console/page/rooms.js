// The list of rooms: those that live, and those that ended while somebody was looking.

import { arrowKeys, copyButton, fill, make, named, sync } from "./dom.js";
import { makePager } from "./pager.js";
import { ago, full } from "./time.js";

const MAX_ENDED = 20;
const REST_MS = 200; // whoever types is searched for when he pauses
const element = (id) => document.getElementById(id);

export function makeRooms(actions) {
  const live = element("rooms-list");
  const over = element("ended-list");
  const filter = element("filter");
  const pager = makePager(element("rooms-pager"), ["Newer", "Older"], () => actions.loadRooms());
  let seen = new Map(); // live rooms of the first page, as they were when they were last listed
  let gone = new Map();
  let rest = 0;
  let shown = null;

  for (const list of [live, over]) arrowKeys(list, "button.row");
  filter.addEventListener("input", () => {
    pager.reset();
    clearTimeout(rest);
    rest = setTimeout(actions.loadRooms, REST_MS);
  });
  element("filter-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (filter.value !== "") actions.open(filter.value);
  });

  return {
    get filter() {
      return filter.value;
    },
    get position() {
      return pager.position;
    },
    /** Forgets what it has seen: another app is looked at. */
    reset() {
      pager.reset();
      clearTimeout(rest);
      filter.value = "";
      seen = new Map();
      gone = new Map();
      shown = null;
    },
    show(page, settings, current) {
      pager.told(page.next);
      if (filter.value === "" && pager.position === null) notice(page);
      shown = [page, settings];
      render(page, settings, current);
    },
    /** Marks the room that is looked at. */
    mark(current) {
      if (shown) render(...shown, current);
    },
  };

  function render(page, settings, current) {
    const ended = page.ended ?? [...gone.values()];
    const wanted = ended.filter((room) => room.room_id.toLowerCase().includes(filter.value.toLowerCase()));
    const rows = page.rooms.map((room) => ({ ...room, current: room.room_id === current }));
    const endedRows = wanted.map((room) => ({ ...room, current: room.room_id === current }));
    sync(live, rows, byId, makeRow, updateRow);
    sync(over, endedRows, byId, makeRow, updateRow);
    element("ended-title").hidden = endedRows.length === 0;
    element("rooms-count").textContent = `${page.rooms.length}${page.next || pager.position ? "+" : ""} live`;
    showEmpty(page, settings, rows.length + endedRows.length > 0);
  }

  /** Remembers what was listed: what lives no longer has ended, where the list would show it. */
  function notice(page) {
    const listed = new Map(page.rooms.map((room) => [room.room_id, room]));
    const oldest = page.next === null ? -Infinity : Math.min(...page.rooms.map((room) => room.started_at ?? Infinity));
    for (const [id, room] of seen) {
      if (listed.has(id) || (room.started_at ?? -Infinity) < oldest) continue;
      gone.set(id, { room_id: id, ended_at: null });
    }
    for (const id of listed.keys()) gone.delete(id);
    gone = new Map([...gone].slice(-MAX_ENDED));
    seen = listed;
  }

  function makeRow(room) {
    const button = make("button", { type: "button", class: "row", click: () => actions.open(room.room_id) });
    return make("li", {}, button);
  }

  function showEmpty(page, settings, any) {
    const empty = element("rooms-empty");
    empty.hidden = any;
    if (any) return;
    fill(empty, [filter.value, settings, page.next], () => {
      if (filter.value !== "") {
        return [page.next ? "None of the newest 2,000 rooms matches." : "No room matches.", " Enter opens the room of that very id."];
      }
      if (settings.fill_command === null) {
        return ["No room of this app lives now. To see one that ended, write its id above, and press Enter."];
      }
      return [
        "No webhook has named a room yet. Send the samples:",
        make("span", { class: "command" }, make("code", {}, settings.fill_command), copyButton(settings.fill_command, "Copy the command")),
        "or send one from this page: “Send a webhook”.",
      ];
    });
  }
}

const byId = (room) => room.room_id;

function updateRow(item, room) {
  const button = item.firstElementChild;
  button.setAttribute("aria-current", String(room.current));
  const at = room.ended_at ?? room.started_at;
  fill(button, [room, at && ago(at)], () => [
    make("span", { class: "row-main" }, named(room.room_id), room.name && make("span", { class: "muted room-name" }, named(room.name))),
    make(
      "span",
      { class: "row-side" },
      seats(room),
      make("span", { class: "muted", title: at ? full(at) : null }, at ? ago(at) : room.ended_at === null ? "ended" : "start unknown"),
    ),
  ]);
}

function seats({ seats_taken: taken, seats: most }) {
  if (taken === null || taken === undefined) return null;
  const words = `${taken}${Number.isInteger(most) ? ` of ${most}` : ""} seats taken`;
  return make("span", { class: "seats-taken", title: words }, `${taken}${Number.isInteger(most) ? `/${most}` : ""} seats`);
}
