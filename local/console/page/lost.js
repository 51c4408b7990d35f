// Which newer webhook a stale one lost to, by what the log tells of both.
//
// Of each fact the greatest version wins: `occurred_at`, then `event_id`. A webhook is stale when all that it
// asserts lost. So what it lost to is, of each of its facts, the record with the greatest version among those
// that were received before it; or the end or the next beginning of the room, which voids what is older.

const MARGIN_MS = 10_000; // a CreateRoom spares what came up to 10 s before it

/** The facts of a record by name. */
export function factsOf(record) {
  return record.facts.flatMap((fact) => {
    switch (fact.kind) {
      case "seat":
        return [key("seat", fact.index)];
      case "metadata":
        return [key("metadata", fact.key)];
      case "room":
        return [
          ...(fact.created ? [key("created")] : []),
          ...(fact.ended ? [key("ended")] : []),
          ...Object.keys(fact.fields).map((name) => key("field", name)),
        ];
      default:
        return [key(fact.kind, fact.user_id)];
    }
  });
}

/** Whether a record is of a newer webhook than another. */
export function isNewer(record, other) {
  if (record.occurred_at !== other.occurred_at) return record.occurred_at > other.occurred_at;
  return record.event_id > other.event_id;
}

/**
 * What a stale record lost to, among some records: the winners, the newest first, each with the facts that it
 * has won; and the facts whose winner is not among them.
 */
export function lostTo(stale, records) {
  const others = records.filter((other) => other.event_id !== stale.event_id);
  const there = others.filter((other) => other.received_at <= stale.received_at);
  const won = new Map();
  const open = [];
  for (const fact of factsOf(stale)) {
    // Clocks of two functions differ, and a parked webhook is stored later than it was received.
    const winner = greatest(there, stale, fact) ?? greatest(others, stale, fact);
    if (winner) won.set(winner, [...(won.get(winner) ?? []), fact]);
    else open.push(fact);
  }
  const winners = [...won].map(([record, facts]) => ({ record, facts }));
  return { winners: winners.sort((one, other) => (isNewer(one.record, other.record) ? -1 : 1)), open };
}

/** A fact's name in words, for people: `["seat", "1"]`. */
export function words(fact) {
  return JSON.parse(fact);
}

function greatest(records, stale, fact) {
  const winning = records.filter(
    (other) => (isNewer(other, stale) && factsOf(other).includes(fact)) || voids(other, stale, fact),
  );
  return winning.reduce((best, other) => (best === null || isNewer(other, best) ? other : best), null);
}

/** Whether a record's end or beginning of the room voids what a stale one says. */
function voids(record, stale, fact) {
  const room = record.facts.find((one) => one.kind === "room");
  if (!room || fact === key("created") || fact === key("ended")) return false;
  if (room.ended && record.occurred_at >= stale.occurred_at) return true;
  return room.created && record.occurred_at - MARGIN_MS - 1 >= stale.occurred_at;
}

function key(...parts) {
  return JSON.stringify(parts.map(String));
}
