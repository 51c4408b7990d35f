// The log of a room, the newest webhook first: what each did, and what each stale one lost to.

import { claims, count, lines } from "./changes.js";
import { arrowKeys, code, copyButton, fill, make, named, sync } from "./dom.js";
import { words } from "./lost.js";
import { makePager } from "./pager.js";
import { ago, clock, day, full } from "./time.js";

const MAX_LINES = 6;
const MAX_CLAIMS = 3;
const element = (id) => document.getElementById(id);

export const idOf = (record) => `${record.event_id}/${record.part}`;

export function makeTimeline(actions) {
  const list = element("timeline-list");
  const pager = makePager(element("timeline-pager"), ["Newer", "Older"], (position) => actions.turnLog(position));
  arrowKeys(list, "button.row");
  let shown = { records: [], at: null, open: null, form: "utc", winners: () => null };

  function render() {
    const { records, form } = shown;
    const rows = [];
    for (const record of records) {
      const today = day(record.occurred_at, form);
      if (form !== "relative" && today !== rows.findLast((row) => row.day)?.day) rows.push({ id: `day/${today}/${rows.length}`, day: today });
      rows.push({ id: idOf(record), record });
    }
    sync(list, rows, (row) => row.id, makeRow, updateRow);
    element("timeline-empty").hidden = records.length > 0;
  }

  function makeRow(row) {
    if (row.day) return make("li", { class: "day" }, row.day);
    const head = make("button", { type: "button", class: "row", click: () => actions.select(idOf(row.record)) });
    return make("li", { class: "webhook" }, head, make("div", { class: "did" }), make("div", { class: "detail" }));
  }

  function updateRow(item, { record, day: isDay }) {
    if (isDay) return;
    const { at, open, form } = shown;
    const isOpen = open === idOf(record);
    item.classList.toggle("later", at !== null && record.occurred_at > at);
    item.classList.toggle("open", isOpen);
    const [head, did, detail] = item.children;
    head.setAttribute("aria-expanded", String(isOpen));
    const time = clock(record.occurred_at, form);
    fill(head, time, () => [
      make("time", { datetime: isoOf(record), title: `${full(record.occurred_at)}\n${full(record.occurred_at, "local")}\n${ago(record.occurred_at)}` }, time),
      command(record.command),
      make("span", { class: `badge ${record.outcome}` }, record.outcome),
    ]);
    const lost = record.outcome === "stale" ? shown.winners(record) : null;
    fill(did, lost && [lost.state, lost.winners.map((winner) => idOf(winner.record)), form], () => [...changesOf(record), lost && [claimsOf(record), lostLine(record, lost)]]);
    fill(detail, isOpen, () => (isOpen ? makeDetail(record) : []));
  }

  function lostLine(record, { state, winners, open }) {
    const row = (...children) => make("p", { class: "lost" }, ...children);
    const told = winners.map(({ record: winner, facts }) =>
      row(
        "Lost to ",
        make("button", { type: "button", class: "link", click: () => actions.showRecord(winner) }, command(winner.command), " of ", clock(winner.occurred_at, shown.form)),
        make("span", { class: "muted" }, ` ${difference(record, winner)}`, (winners.length > 1 || open.length > 0) && [": ", factWords(facts)]),
      ),
    );
    if (open.length > 0) {
      const why = {
        searching: "Looking for the newer webhook that it lost to …",
        whole: "lost to a newer webhook that the log holds no longer",
        far: "lost to a newer webhook that is not among the 1,000 that follow in the log",
        failed: "lost to a newer webhook; the log could not be read to find it",
      }[state];
      told.push(row(make("span", { class: "muted" }, state === "searching" ? why : [factWords(open), ": ", why])));
    }
    return told;
  }

  function makeDetail(record) {
    const { payload, ...rest } = record;
    const facts = [
      ["Happened", `${full(record.occurred_at)} · ${full(record.occurred_at, "local")}`],
      ["Received", `${full(record.received_at)}, ${lag(record)}`],
      ["Event", `${record.event_id}, part ${record.part + 1} of ${record.parts}`],
      ["Operator", record.operator],
      ["Platform", record.opt_platform],
      ["Reason", record.reason],
    ];
    return [
      make("dl", { class: "facts" }, facts.filter(([, held]) => held !== null).flatMap(([name, held]) => [make("dt", {}, name), make("dd", {}, named(held))])),
      make("div", { class: "buttons" }, make("button", { type: "button", click: () => actions.lookAt(record.occurred_at) }, "Show the room as of then")),
      ...(payload === null ? [make("p", { class: "muted" }, `No payload: ${record.payload_omitted}.`)] : json("Payload", payload)),
      ...json("Record", rest),
    ];
  }

  return {
    get position() {
      return pager.position;
    },
    reset() {
      pager.reset();
    },
    show(page) {
      pager.told(page.next);
      shown = { ...shown, records: page.records };
      element("timeline-empty").textContent = "The log holds no webhook of this room.";
      render();
    },
    clear(text) {
      pager.reset();
      shown = { ...shown, records: [] };
      render();
      element("timeline-empty").textContent = text;
    },
    /** Shows the same records in another light. */
    set(options) {
      shown = { ...shown, ...options };
      render();
    },
    get records() {
      return shown.records;
    },
    focus(id) {
      const place = shown.records.findIndex((record) => idOf(record) === id);
      const row = list.querySelectorAll("li.webhook")[place];
      row?.querySelector("button.row").focus();
      row?.scrollIntoView({ block: "nearest" });
    },
  };
}

function changesOf(record) {
  const all = count(record.changes);
  const shown = record.changes.slice(0, MAX_LINES).flatMap(lines).slice(0, MAX_LINES);
  if (all === 0) return [];
  return [
    make(
      "ul",
      { class: "changes" },
      shown.map(({ what, before, after }) =>
        make("li", {}, make("span", { class: "what" }, what), " ", make("span", { class: "before" }, before), make("span", { class: "arrow", "aria-label": "becomes" }, "→"), make("span", { class: "after" }, after)),
      ),
      all > shown.length && make("li", { class: "muted" }, `and ${all - shown.length} more`),
    ),
  ];
}

/** What a stale webhook said, and nobody gets to see. */
function claimsOf(record) {
  const all = record.facts.flatMap(claims);
  return make(
    "ul",
    { class: "changes", "aria-label": "What it said in vain" },
    all.slice(0, MAX_CLAIMS).map(({ what, said }) => make("li", {}, make("span", { class: "what" }, what), " ", make("del", {}, said))),
    all.length > MAX_CLAIMS && make("li", { class: "muted" }, `and ${all.length - MAX_CLAIMS} more`),
  );
}

function command(name) {
  if (name === null) return make("span", { class: "command-name muted" }, "no command");
  const [, product, what] = name.match(/^(\w+)\.(?:Callback)?(?:After|Before)?(.+)$/) ?? [null, null, name];
  return make("span", { class: "command-name", title: name }, product && make("span", { class: "muted" }, `${product} `), named(what));
}

function factWords(facts) {
  const parts = facts.slice(0, 3).map((fact) => {
    const [kind, name] = words(fact);
    if (name === undefined) return kind === "ended" ? "the end" : "the beginning";
    return [`${kind === "field" ? "" : `${kind} `}`, named(name)];
  });
  const joined = parts.flatMap((part, place) => (place === 0 ? part : [", ", part].flat()));
  return make("span", {}, joined, facts.length > 3 && ` and ${facts.length - 3} more`);
}

function difference(stale, winner) {
  const ms = winner.occurred_at - stale.occurred_at;
  if (ms < 1_000) return `${ms} ms newer`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s newer`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min newer` : `${Math.round(ms / 3_600_000)} h newer`;
}

function lag({ occurred_at: at, received_at: received }) {
  const s = (received - at) / 1000;
  return Math.abs(s) < 120 ? `${s.toFixed(1)} s later` : Math.abs(s) < 7_200 ? `${Math.round(s / 60)} min later` : `${Math.round(s / 3_600)} h later`;
}

function isoOf({ occurred_at: at }) {
  return at <= 8.64e15 ? new Date(at).toISOString() : null;
}

function json(title, shown) {
  const text = JSON.stringify(shown, null, 2);
  return [
    make("div", { class: "json-head" }, make("h3", {}, title), copyButton(text, `Copy the ${title.toLowerCase()}`)),
    make("pre", { tabindex: "0", role: "region", "aria-label": title }, code(text)),
  ];
}
