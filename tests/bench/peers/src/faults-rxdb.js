// RxDB with its replication, as rxdb.info/replication.html sets it up, with default options: several tabs, of which the
// elected leader replicates, and a retry every five seconds. Writes are pushed documents. The handler sends each in its
// own request and returns refused ones as the server's state: refused, with the reason. RxDB has no list of documents still
// to be pushed, so the handler records pushed ones in localStorage, only for the driver. Rows are pulled with the server's
// cursor as checkpoint, again on each event of the server's stream. A write counts as saved when RxDB says that the
// document is inserted; its storage is set to strict durability.

import { createRxDatabase } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { Subject } from "rxjs";
import { START, request } from "./shared.js";
import { markerOf, reasonOf, wasBooked, writeRequest } from "./faults-shared.js";

const SCOPE = "available";
const PULL_ROWS = 1_000;
const MAX_KEY_CHARS = 150;
const SHA1_ID_BYTES = 16;

const key = { type: "string", maxLength: MAX_KEY_CHARS };
const schema = (properties) => ({ version: 0, type: "object", primaryKey: "id", properties: { id: key, ...properties } });
const WRITE = schema({ action: { type: "object" }, captured_at: { type: "number" }, state: key, reason: { type: "string" } });
const ROW = schema({ rev: { type: "number" } });

const storage = getRxStorageDexie({ chromeTransactionDurability: "strict" });
const database = await createRxDatabase({ name: "faults-rxdb", storage });
await database.addCollections({ writes: { schema: WRITE }, rows: { schema: ROW } });

async function exchange(init) {
  const response = await fetch("/api/sync", init);
  if (!response.ok) throw new Error(`POST /api/sync answered ${response.status}`);
  return response.json();
}

async function push(rows) {
  const refused = [];
  for (const { newDocumentState: document } of rows) {
    const answer = await exchange(writeRequest(document.id, document.action, document.captured_at));
    if (!wasBooked(answer)) refused.push({ ...document, state: "refused", reason: reasonOf(answer) });
    localStorage.setItem(document.id, "pushed");
  }
  return refused;
}

// A lot's id is a UUIDv5 in its product's namespace.
async function lotId({ product_id, lot_code, location }) {
  const namespace = product_id.replaceAll("-", "").match(/../g).map((byte) => parseInt(byte, 16));
  const name = new TextEncoder().encode(`${lot_code.toUpperCase()}\u001f${location.toUpperCase()}`);
  const digest = await crypto.subtle.digest("SHA-1", new Uint8Array([...namespace, ...name]));
  const bytes = new Uint8Array(digest).slice(0, SHA1_ID_BYTES);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const keyOf = async ({ p, l }) => (p ? p.id : `${l.product_id}.${await lotId(l)}`);

async function pull(checkpoint) {
  let cursor = checkpoint?.cursor ?? START;
  const documents = [];
  // RxDB takes fewer documents than a batch for the last ones, so collect a full batch.
  for (let more = true; more && documents.length < PULL_ROWS; ) {
    const init = request({ client: crypto.randomUUID(), cursor, maxRows: PULL_ROWS, mutations: [] });
    const answer = await exchange({ ...init, body: JSON.stringify({ ...JSON.parse(init.body), scope: SCOPE }) });
    for (const [rev, row] of answer.rows) documents.push({ id: await keyOf(row), rev, _deleted: false });
    for (const { key: id, rev } of answer.removed) documents.push({ id, rev, _deleted: true });
    ({ cursor, more } = answer);
  }
  return { documents, checkpoint: { cursor } };
}

const news = new Subject();
const writes = replicateRxCollection({
  collection: database.writes, replicationIdentifier: "writes", push: { handler: push },
});
const rows = replicateRxCollection({
  collection: database.rows,
  replicationIdentifier: "rows",
  pull: { handler: pull, batchSize: PULL_ROWS, stream$: news.asObservable() },
});
const events = new EventSource("/api/events");
events.onopen = events.onmessage = () => news.next("RESYNC");

async function held() {
  const documents = await database.writes.find().exec();
  const pending = documents.filter(({ id }) => localStorage.getItem(id) === null);
  const refused = documents.filter(({ state }) => state === "refused");
  const markers = (some) => some.map(({ action }) => markerOf(action));
  return { pending: markers(pending), attention: markers(refused) };
}

globalThis.subject = {
  ready: true,
  async save(action) {
    const document = { id: crypto.randomUUID(), action, captured_at: Date.now(), state: "queued", reason: "" };
    await database.writes.insert(document);
    return true;
  },
  held,
  rows: async () => Object.fromEntries((await database.rows.find().exec()).map(({ id, rev }) => [id, rev])),
  async signedIn() {
    for (const replication of [writes, rows]) replication.reSync();
  },
};
