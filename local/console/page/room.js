// One room: who sits where, who runs it, who is in it, and what it is called; now, or as it was.

import { value } from "./changes.js";
import { fill, make, named } from "./dom.js";
import { icon } from "./icons.js";
import { makePager } from "./pager.js";
import { full } from "./time.js";

const MAX_SHOWN = 200; // seats, administrators, fields or metadata keys

export function makeRoom(actions, slider) {
  const panel = document.getElementById("room");
  const title = make("h2", { id: "room-title" }, "Room");
  const status = make("span", { class: "status" });
  const why = make("p", { class: "empty" });
  const seats = make("ul", { class: "seats", "aria-label": "Seats" });
  const facts = make("dl", { class: "facts" });
  const admins = make("ul", { class: "people", "aria-label": "Administrators" });
  const members = make("ul", { class: "people", "aria-label": "Members online" });
  const memberCount = make("span", { class: "muted" });
  const memberPager = make("div", { class: "pager" });
  const info = make("dl", { class: "facts" });
  const metadata = make("dl", { class: "facts" });
  const pager = makePager(memberPager, ["Back", "More"], () => actions.loadMembers());
  const part = (name, ...children) => make("section", { class: "part" }, make("h3", {}, name), ...children);
  const parts = { admins: part("Administrators", admins), metadata: part("Metadata", metadata), info: part("Info", info) };
  const body = make(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "room-title" },
    facts,
    part("Seats", seats),
    parts.admins,
    make("section", { class: "part" }, make("h3", {}, "Members ", memberCount), members, memberPager),
    parts.metadata,
    parts.info,
  );
  panel.append(make("div", { class: "panel-head" }, title, status), slider, why, body);
  let marked = null; // what was shown last, by part and key, to mark what changes

  return {
    get memberPosition() {
      return pager.position;
    },
    /** Another room, or another moment: what differs from what was shown before is no change of the room. */
    reset() {
      pager.reset();
      marked = null;
      members.replaceChildren();
      fill(members, null, () => []);
      memberCount.textContent = "";
    },
    showNone(text) {
      fill(title, text, () => ["Room"]);
      status.textContent = "";
      status.className = "status";
      why.textContent = text;
      why.hidden = false;
      body.hidden = true;
    },
    show(room) {
      why.hidden = true;
      body.hidden = false;
      fill(title, room.room_id, () => [named(room.room_id)]);
      status.className = `status ${room.status}`;
      status.textContent = room.status;
      for (const [name, element] of Object.entries(parts)) element.hidden = Object.keys(room[name]).length === 0;
      const changed = changes(room);
      showPairs(facts, summary(room), changed, "room");
      showSeats(room.seats, changed);
      showPeople(admins, room.admins, "admin", changed);
      showPairs(metadata, Object.entries(room.metadata).map(([key, text]) => [named(key), text, key]), changed, "metadata");
      showPairs(info, Object.entries(room.info).map(([key, held]) => [key, held, key]), changed, "info");
    },
    showMembers(page) {
      pager.told(page.next);
      showPeople(members, page.members, "member", () => false);
    },
    showCount(count) {
      memberCount.textContent = count === null ? "" : `${count.toLocaleString("en")} online`;
    },
  };

  /** Tells what changed since the room was shown last. */
  function changes(room) {
    const now = new Map([
      ["room/owner", room.owner],
      ["room/status", room.status],
      ...room.seats.map(({ updated_at: _, ...seat }) => [`seat/${seat.index}`, seat]),
      ...room.admins.map((admin) => [`admin/${admin.user_id}`, true]),
      ...Object.entries(room.metadata).map(([key, text]) => [`metadata/${key}`, text]),
      ...Object.entries(room.info).map(([key, held]) => [`info/${key}`, held]),
    ].map(([key, held]) => [key, JSON.stringify(held)]));
    const before = marked;
    marked = now;
    return (key) => before !== null && before.get(key) !== now.get(key);
  }

  function showSeats(held, changed) {
    const shown = held.slice(0, MAX_SHOWN);
    fill(seats, held, () => [
      ...shown.map((seat) => mark(makeSeat(seat), changed(`seat/${seat.index}`))),
      more(held.length),
      held.length === 0 && make("li", { class: "muted none" }, "No webhook has named a seat."),
    ]);
  }

  function showPeople(list, people, kind, changed) {
    fill(list, people, () => [
      ...people.slice(0, kind === "admin" ? MAX_SHOWN : undefined).map((person) =>
        mark(
          make("li", { title: `${person.cause ? `${person.cause}, ` : ""}since ${full(person.updated_at)}` }, named(person.user_id)),
          changed(`${kind}/${person.user_id}`),
        ),
      ),
      kind === "admin" && more(people.length),
      people.length === 0 && make("li", { class: "muted none" }, kind === "admin" ? "None." : "Nobody."),
    ]);
  }
}

function showPairs(list, pairs, changed, kind) {
  fill(list, pairs.map(([, held, key]) => [key, held]), () => [
    ...pairs.slice(0, MAX_SHOWN).flatMap(([label, held, key]) => [
      make("dt", {}, label),
      mark(make("dd", {}, held instanceof Node ? held : value(held)), changed(`${kind}/${key}`)),
    ]),
    pairs.length === 0 && make("dd", { class: "muted none" }, "None."),
  ]);
}

function summary(room) {
  const told = [["Owner", room.owner, "owner"]];
  told.push(["Began", room.started_at === null ? "unknown: its CreateRoom did not arrive" : full(room.started_at), "began"]);
  if (room.ended_at !== null) told.push(["Ended", full(room.ended_at), "status"]);
  return told;
}

function makeSeat(seat) {
  const taken = seat.user_id !== null;
  return make(
    "li",
    { class: `seat ${taken ? "taken" : ""} ${seat.locked ? "locked" : ""}`, title: `since ${full(seat.updated_at)}` },
    make("span", { class: "seat-index" }, make("span", { class: "for-readers" }, "Seat "), String(seat.index)),
    make("span", { class: "seat-user" }, taken ? named(seat.user_id) : make("span", { class: "muted" }, "empty")),
    make(
      "span",
      { class: "seat-flags" },
      seat.locked && flag("lock", false, "locked"),
      (taken || seat.audio_disabled) && flag("mic", seat.audio_disabled, seat.audio_disabled ? "mic off" : "mic on"),
      (taken || seat.video_disabled) && flag("camera", seat.video_disabled, seat.video_disabled ? "camera off" : "camera on"),
    ),
  );
}

function flag(name, off, words) {
  return make("span", { class: `flag ${off ? "is-off" : ""}`, title: words }, icon(name, off), make("span", { class: "for-readers" }, words));
}

function mark(element, isNew) {
  if (isNew) element.classList.add("changed");
  return element;
}

function more(count) {
  return count > MAX_SHOWN && make("li", { class: "muted none" }, `and ${count - MAX_SHOWN} more`);
}
