// The sync protocol for all peers: the same requests, bytes and batches. Subjects differ only in how they store.

const PROTOCOL = 1;
const SCOPE = "all";
const ACTION_SCHEMA = 1;
const MAX_BATCH_MUTATIONS = 100;
export const MAX_PULL_ROWS = 10_000;
// A drain needs only receipts; the rows come with the next pull. The server sends at least one row.
const MIN_PULL_ROWS = 1;

export const START = "start";

export async function exchange({ client, cursor, maxRows = MIN_PULL_ROWS, mutations = [] }, signal) {
  const response = await fetch("/api/sync", request({ client, cursor, maxRows, mutations }, signal));
  if (!response.ok) throw new Error(`POST /api/sync answered ${response.status}: ${await response.text()}`);
  return response.json();
}

export function request({ client, cursor, maxRows = MIN_PULL_ROWS, mutations }, signal) {
  const body = { protocol: PROTOCOL, client, mutations, cursor, scope: SCOPE, max_rows: maxRows };
  const headers = { "content-type": "application/json", "x-lotbook": "1" };
  return { method: "POST", headers, body: JSON.stringify(body), signal };
}

export function mutation(seq, { id, action, captured_at }) {
  return { seq, id, action, author: "bench", captured_at, schema: ACTION_SCHEMA };
}

// The rows of one answer by table, with revision and primary key. Lots have no key on the wire; it is made of product, code
// and bin, ignoring case. `replaced` needs no work, because the first sync fills an empty storage.
export function rowsOf({ rows, removed }) {
  if (removed.length > 0) throw new Error("Rows were removed on the server; the bench only adds and changes rows.");
  const products = [];
  const lots = [];
  for (const [rev, { p, l }] of rows) {
    if (p) {
      p.rev = rev;
      products.push(p);
    } else {
      l.id = `${l.product_id}.${l.lot_code}.${l.location}`.toUpperCase();
      l.rev = rev;
      lots.push(l);
    }
  }
  return { products, lots };
}

// Pulls until the server has no more, or at least `stopAfterRows` rows are stored. The next request is under way while
// `store(answer)` makes this answer durable.
export async function pullAll({ client, cursor, maxRows, stopAfterRows = Infinity }, store) {
  const begun = performance.now();
  const ahead = new AbortController();
  let result = { rows: 0, exchanges: 0, firstRowsMillis: 0 };
  let coming = exchange({ client, cursor, maxRows }, ahead.signal);
  for (let more = true; more && result.rows < stopAfterRows; ) {
    const answer = await coming;
    more = answer.more;
    if (more) {
      coming = exchange({ client, cursor: answer.cursor, maxRows }, ahead.signal);
      coming.catch(() => {}); // Avoids an unhandled rejection; the error is reported where `coming` is awaited.
    }
    await store(answer);
    const firstRowsMillis = result.firstRowsMillis || performance.now() - begun;
    result = { rows: result.rows + answer.rows.length, exchanges: result.exchanges + 1, firstRowsMillis };
  }
  ahead.abort();
  return result;
}

// Sends a queue in batches. `next(count)` reads the oldest records, each with its `seq`; `remove(seqs)` deletes them.
export async function drainBatches({ client, cursor }, next, remove) {
  let acknowledged = 0;
  for (;;) {
    const records = await next(MAX_BATCH_MUTATIONS);
    if (records.length === 0) return acknowledged;
    const mutations = records.map((record) => mutation(record.seq, record));
    const { receipts } = await exchange({ client, cursor, mutations });
    if (receipts.length === 0) throw new Error("The server acknowledged none of a batch.");
    await remove(receipts.map(({ seq }) => seq));
    acknowledged += receipts.length;
  }
}
