// The page as a whole: what is looked at, what is asked when, and what follows from a click.
//
// While it follows, it asks for one thing a second: in turn the newest of the room's log, the list of rooms,
// and, less often, the room itself. Where nothing changed each is answered 304. What changed leads to the rest.

import { Refusal, get } from "./api.js";
import { showFollowing, showNotice, showOutcomes, showSettings } from "./head.js";
import { makeSlider } from "./past.js";
import { makeRoom } from "./room.js";
import { makeRooms } from "./rooms.js";
import { makeSearch } from "./search.js";
import { makeSend } from "./send.js";
import { idOf, makeTimeline } from "./timeline.js";
import { makeWhere } from "./where.js";

const POLL_MS = 1_000;
const MAX_WAIT_MS = 8_000; // between tries, where the server does not answer
const COUNT_MS = 5_000; // members are counted at most so often: it reads all of them
const SLOW_MS = 3_000;
const SEARCH_MS = 15_000; // a search for rooms is repeated at most so often: it reads up to 2,000 of them
const LOG_PAGE = 50;
const MEMBER_PAGE = 50;

let settings = null;
let app = null;
let room = null;
let at = null; // the moment that is looked at, ms since the epoch; null is now
let selected = null;
let paused = false;
let until = null; // the log is shown up to this moment; null is now
let search = null;
let turn = 0;
let timer = 0;
let failures = 0;
let looking = null; // aborts what asks for a moment
let searched = 0; // when rooms were searched last, by the browser's clock
let counted = { at: 0, wanted: true };

const actions = {
  app: () => app,
  chooseApp,
  open: (id) => openRoom(id),
  loadRooms: () => attempt(loadRooms),
  loadMembers: () => attempt(loadMembers),
  toggle: () => (paused ? goOn() : pause()),
  goOn,
  select,
  showRecord: (record) => attempt(() => showRecord(record)),
  lookAt: (ms) => attempt(() => lookAt(ms)),
  jump: (ms) => attempt(() => jump(ms)),
  turnLog: (position) => attempt(() => turnLog(position)),
  sent: () => attempt(refresh),
};
const slider = makeSlider(actions);
const rooms = makeRooms(actions);
const roomPanel = makeRoom(actions, slider.element);
const timeline = makeTimeline(actions);
const times = document.getElementById("times");
times.addEventListener("change", () => timeline.set({ form: times.value }));
makeWhere(actions);

const ids = () => ({ sdk_app_id: app, room_id: room });

/** What is asked for a room or a moment is not shown of another. */
function guard() {
  const [theApp, theRoom, theMoment] = [app, room, at];
  return () => app === theApp && room === theRoom && at === theMoment;
}

async function loadRooms() {
  const [theApp, filter, next] = [app, rooms.filter, rooms.position];
  searched = Date.now();
  const { body, changed } = await get("/console/rooms", { sdk_app_id: app, filter: filter || null, next });
  if (theApp !== app || filter !== rooms.filter || next !== rooms.position) return false;
  rooms.show(body, settings, room);
  if (body.outcomes) showOutcomes(body.outcomes, "All webhooks that were stored");
  return changed;
}

async function loadLog() {
  const isCurrent = guard();
  const position = timeline.position;
  const end = until === null ? null : until + 1;
  const { body, changed } = await get("/v1/log", { ...ids(), end, order: "desc", limit: LOG_PAGE, next: position });
  if (!isCurrent() || position !== timeline.position) return false;
  if (!changed && timeline.records === body.records) {
    if (times.value === "relative") timeline.set({});
    return false;
  }
  timeline.show(body);
  slider.show(body.records, at);
  if (settings.table !== null) showOutcomes(countOutcomes(body.records), "Of the webhooks that are shown");
  return changed;
}

async function loadRoom() {
  const isCurrent = guard();
  looking?.abort();
  const mine = (looking = new AbortController());
  const isPast = at !== null;
  try {
    const { body, changed } = await get("/v1/room", { ...ids(), at, count: isPast ? "members" : null }, mine.signal);
    if (!isCurrent()) return false;
    roomPanel.show(body);
    if (isPast) {
      slider.showFolded(body.folded);
      roomPanel.showCount(body.member_count);
    }
    return changed;
  } catch (error) {
    if (mine.signal.aborted || !isCurrent()) return false;
    if (!(error instanceof Refusal) || error.code === "offline" || error.status === 503) throw error;
    slider.showFolded(null);
    roomPanel.showNone(error.message);
    return false;
  }
}

async function loadMembers() {
  const isCurrent = guard();
  const next = roomPanel.memberPosition;
  try {
    const { body } = await get("/v1/members", { ...ids(), at, limit: MEMBER_PAGE, next });
    if (isCurrent() && next === roomPanel.memberPosition) roomPanel.showMembers(body);
  } catch (error) {
    // Of a room that is not there, or that cannot be put together, the room itself says so.
    if (!(error instanceof Refusal) || ![404, 422].includes(error.status)) throw error;
  }
}

async function loadCount() {
  if (at !== null || !counted.wanted || Date.now() - counted.at < COUNT_MS) return;
  const isCurrent = guard();
  counted = { at: Date.now(), wanted: false };
  try {
    const { body } = await get("/v1/room", { ...ids(), count: "members" });
    if (isCurrent()) roomPanel.showCount(body.member_count);
  } catch (error) {
    if (!(error instanceof Refusal) || ![404, 422].includes(error.status)) throw error;
    if (isCurrent()) roomPanel.showCount(null);
  }
}

/** Everything that is looked at. */
async function refresh() {
  const lists = rooms.filter === "" || Date.now() - searched >= SEARCH_MS ? [loadRooms()] : [];
  await Promise.all([...lists, ...(room === null || paused ? [] : [loadLog(), loadRoom(), loadMembers()])]);
  counted.wanted = true;
  if (room !== null && !paused) await loadCount();
}

/** One thing in its turn, and what follows from it. */
async function poll() {
  const isFollowing = room !== null && !paused;
  let what = isFollowing ? [loadLog, loadRooms, loadLog, loadRoom][turn++ % 4] : loadRooms;
  if (what === loadRooms && rooms.filter !== "" && Date.now() - searched < SEARCH_MS) {
    if (!isFollowing) return;
    what = loadLog;
  }
  const changed = await what();
  if (changed && isFollowing && !paused) await refresh();
  else if (isFollowing) await loadCount();
}

/** Does something that asks the server, and shows where it does not answer. */
async function attempt(what) {
  const slow = setTimeout(() => showNotice("The server takes its time to answer …"), SLOW_MS);
  try {
    await what();
    failures = 0;
    showNotice("");
  } catch (error) {
    if (error.name === "AbortError") return;
    failures += 1;
    showNotice(noticeOf(error));
    if (!(error instanceof Refusal)) throw error;
  } finally {
    clearTimeout(slow);
  }
}

function noticeOf(error) {
  if (error.code === "offline") {
    const command = settings?.table ? "make console" : "make run";
    return `The server does not answer. Does ${command} still run? Trying again …`;
  }
  return error.status >= 500 ? `${error.message} Trying again …` : error.message;
}

function schedule() {
  clearTimeout(timer);
  const wait = Math.min(POLL_MS * 2 ** Math.min(failures, 5), MAX_WAIT_MS);
  timer = setTimeout(tick, wait);
}

async function tick() {
  if (document.hidden) return; // it is called again when the page is seen again
  await attempt(failures > 0 ? begin : poll);
  schedule();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) tick();
});

function openRoom(id) {
  room = id;
  rememberPlace();
  rooms.mark(room);
  search?.end();
  const theSearch = (search = id === null ? null : makeSearch(ids(), () => timeline.records, () => search === theSearch && timeline.set({})));
  at = until = null;
  selected = null;
  paused = false;
  counted = { at: 0, wanted: true };
  roomPanel.reset();
  slider.show([], null);
  timeline.clear("");
  timeline.set({ at: null, open: null, winners: (record) => search?.winners(record) ?? null });
  showFollowing(paused);
  if (id === null) showNothing();
  return attempt(refresh);
}

function showNothing() {
  roomPanel.showNone("Choose a room: who sits where, who is in it, and what each webhook changed.");
  timeline.clear("The webhooks of a room are shown here.");
}

function chooseApp(id) {
  app = id;
  rooms.reset();
  openRoom(null);
}

function pause() {
  paused = true;
  showFollowing(paused);
}

function goOn() {
  paused = false;
  at = until = null;
  selected = null;
  showFollowing(paused);
  if (room === null) return attempt(refresh);
  timeline.reset();
  timeline.set({ at, open: null });
  slider.show(timeline.records, at);
  roomPanel.reset();
  counted = { at: 0, wanted: true };
  return attempt(refresh);
}

function select(id) {
  selected = selected === id ? null : id;
  pause();
  timeline.set({ open: selected });
}

/** Shows a record, wherever in the log it is. */
async function showRecord(record) {
  pause();
  selected = idOf(record);
  timeline.set({ open: selected });
  if (!timeline.records.some((one) => idOf(one) === selected)) {
    timeline.reset();
    until = record.occurred_at;
    await loadLog();
  }
  timeline.focus(selected);
}

async function turnLog(position) {
  if (position !== null) pause();
  await loadLog();
}

async function lookAt(ms) {
  pause();
  if (at === null) roomPanel.reset();
  at = ms;
  slider.show(timeline.records, at);
  timeline.set({ at });
  await Promise.all([loadRoom(), loadMembers()]);
}

/** Looks at a moment that no webhook that is shown is of: the log is shown up to it. */
async function jump(ms) {
  pause();
  until = at = ms;
  roomPanel.reset();
  timeline.reset();
  timeline.set({ at, open: null });
  await Promise.all([loadLog(), loadRoom(), loadMembers()]);
}

function countOutcomes(records) {
  const counts = {};
  for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Keeps what is looked at in the address, so that it is there again after a reload. */
function rememberPlace() {
  const place = new URLSearchParams(room === null ? { app } : { app, room });
  history.replaceState(null, "", `#${place}`);
}

/** Asks what there is: at the start, and again when the server was away, since it may be another one. */
async function begin() {
  const { body, changed } = await get("/console/settings");
  if (settings === null) {
    const place = new URLSearchParams(location.hash.slice(1));
    await makeSend(body, actions);
    settings = body;
    app = body.apps.includes(place.get("app")) ? place.get("app") : body.apps[0];
    showSettings(settings, app, actions);
    showFollowing(paused);
    await openRoom(place.get("room"));
    return;
  }
  if (changed) {
    settings = body;
    if (!settings.apps.includes(app)) chooseApp(settings.apps[0]);
    showSettings(settings, app, actions);
  }
  await refresh();
}

await attempt(begin);
schedule();
