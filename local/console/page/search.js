// Finds what stale webhooks lost to: among the records that are loaded, and else further on in the log.

import { getOnce } from "./api.js";
import { lostTo } from "./lost.js";

const PAGE = 200;
const MAX_PAGES = 5;

/**
 * @param ids names the room.
 * @param loaded gives the records at hand.
 * @param found is called when more is known.
 */
export function makeSearch(ids, loaded, found) {
  const known = new Map();
  let waiting = Promise.resolve();
  let isOver = false;

  async function look(stale) {
    const records = [];
    let next = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const asked = { ...ids, start: stale.occurred_at, order: "asc", limit: PAGE, ...(next && { next }) };
      const answer = await getOnce("/v1/log", asked);
      records.push(...answer.records);
      next = answer.next;
      const result = lostTo(stale, records);
      if (result.open.length === 0 || next === null) return { ...result, state: "whole" };
    }
    return { ...lostTo(stale, records), state: "far" };
  }

  return {
    /** What a stale record lost to, as far as it is known by now. */
    winners(stale) {
      const id = `${stale.event_id}/${stale.part}`;
      if (known.has(id)) return known.get(id);
      const result = { ...lostTo(stale, loaded()), state: "searching" };
      known.set(id, result);
      if (result.open.length > 0) {
        waiting = waiting.then(async () => {
          if (isOver) return;
          known.set(id, await look(stale).catch(() => ({ ...result, state: "failed" })));
          if (!isOver) found();
        });
      }
      return result;
    },
    /** Ends it: another room is looked at. */
    end() {
      isOver = true;
    },
  };
}
