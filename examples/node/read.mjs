// Reads a room, all its members and its log, with nothing but fetch. Node 18 or newer.
//
//   node read.mjs http://127.0.0.1:3000 1400000001 rid-123
//
// A deployed stack asks who reads: docs/reading.md says how to sign (IAM), or which header to send (JWT).

const [base, app, roomId] = process.argv.slice(2);

/** One answer of the API. URLSearchParams encodes whatever an id holds. */
async function get(route, parameters) {
  const query = new URLSearchParams({ sdk_app_id: app, room_id: roomId, ...parameters });
  const answer = await fetch(`${base}/v1/${route}?${query}`);
  const body = await answer.json();
  if (!answer.ok) {
    const { code, message } = body.error ?? body; // API Gateway itself says { message }
    throw new Error(`${answer.status} ${code ?? ""}: ${message}`);
  }
  return body;
}

/** All elements of a list. Only `next: null` is its end: a page may be short, or empty, before. */
async function all(route, name, parameters) {
  const found = [];
  let next = null;
  do {
    const page = await get(route, next === null ? parameters : { ...parameters, next });
    found.push(...page[name]);
    next = page.next;
  } while (next !== null);
  return found;
}

try {
  const room = await get("room");
  const members = await all("members", "members", { limit: 100 });
  const log = await all("log", "records", { limit: 50 });
  console.log(JSON.stringify({ room, members, log }, null, 2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
