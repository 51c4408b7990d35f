// What a change says, as before → after. docs/data-model.md has the vocabulary.

import { make, named } from "./dom.js";
import { full } from "./time.js";

const SWITCHES = {
  "seat.locked": ["lock", "open", "locked"],
  "seat.unlocked": ["lock", "open", "locked"],
  "seat.audio_disabled": ["microphone", "on", "off"],
  "seat.audio_enabled": ["microphone", "on", "off"],
  "seat.video_disabled": ["camera", "on", "off"],
  "seat.video_enabled": ["camera", "on", "off"],
};

/** The lines of a change: each `{what, before, after}`, of nodes and texts. */
export function lines(change) {
  const { type, before, after } = change;
  if (type in SWITCHES) {
    const [what, off, on] = SWITCHES[type];
    return [line([`seat ${change.index} ${what}`], before ? on : off, after ? on : off)];
  }
  switch (type) {
    case "seat.occupied":
    case "seat.vacated":
      return [line([`seat ${change.index}`], someone(before, "empty"), someone(after, "empty"))];
    case "admin.added":
    case "admin.removed":
      return [line([named(change.user_id)], role(before), role(after))];
    case "member.online":
    case "member.offline":
      return [line([named(change.user_id)], presence(before), [presence(after), cause(change.cause)])];
    case "room.created":
      return [line(["room begins"], moment(before), moment(after))];
    case "room.ended":
      return [line(["room ends"], moment(before), moment(after))];
    case "room.revived":
      return [line(["room lives after all; end"], moment(before), moment(after))];
    case "room.cleared":
      return [line(["everything is gone up to"], moment(before), moment(after))];
    case "room.owner_changed":
      return [line(["owner"], someone(before, "nobody"), someone(after, "nobody"))];
    case "room.updated":
      return Object.keys({ ...before, ...after }).map((name) => line([name], value(before[name]), value(after[name])));
    case "room.metadata_set":
    case "room.metadata_deleted":
      return [line([named(change.key)], someone(before, "none"), someone(after, "none"))];
    default:
      return [line([type], value(before), value(after))];
  }
}

/** What a fact says, as `{what, said}`; of the room itself each field apart. */
export function claims(fact) {
  switch (fact.kind) {
    case "seat":
      return [{ what: [`seat ${fact.index}`], said: [someone(fact.user_id, "empty"), fact.locked && ", locked"] }];
    case "admin":
      return [{ what: [named(fact.user_id)], said: role(fact.present) }];
    case "member":
      return [{ what: [named(fact.user_id)], said: [presence(fact.online), cause(fact.cause)] }];
    case "metadata":
      return [{ what: [named(fact.key)], said: someone(fact.value, "none") }];
    default:
      return [
        ...(fact.created ? [{ what: ["room"], said: "begins" }] : []),
        ...(fact.ended ? [{ what: ["room"], said: "ends" }] : []),
        ...Object.entries(fact.fields).map(([name, held]) => ({ what: [name], said: value(held) })),
      ];
  }
}

/** A value of a room's info, or of a change that is not known here. */
export function value(shown) {
  if (shown === null || shown === undefined) return faint("none");
  if (typeof shown === "string") return shown === "" ? faint("empty text") : named(shown);
  return named(JSON.stringify(shown));
}

/** How many lines changes have, without making them. */
export function count(changes) {
  const fields = (change) => new Set([...Object.keys(change.before), ...Object.keys(change.after)]).size;
  return changes.reduce((sum, change) => sum + (change.type === "room.updated" ? fields(change) : 1), 0);
}

function line(what, before, after) {
  return { what, before, after };
}

function someone(user, nobody) {
  return user === null ? faint(nobody) : named(user);
}

function moment(ms) {
  return ms === null ? faint("—") : full(ms);
}

const role = (is) => (is ? "administrator" : faint("no administrator"));
const presence = (is) => (is ? "online" : faint("away"));
const cause = (why) => why && make("span", { class: "muted" }, " (", named(why), ")");

function faint(text) {
  return make("span", { class: "muted" }, text);
}
