// RxDB on its Dexie storage, filled by its replication. As its documentation advises for speed: bulk writes of all rows
// that arrived, no dev-mode and no schema validation in production (rxdb.info/nosql-performance-tips.html,
// rxdb.info/dev-mode.html), one tab only (`multiInstance: false`, rxdb.info/rx-database.html), pull without push so that
// the replication keeps no copy of each row, and a conflict handler that compares a number
// (rxdb.info/transactions-conflicts-revisions.html).

import { createRxDatabase } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { START, pullAll, rowsOf } from "./shared.js";
import { deleteDatabases } from "./idb.js";

const NAME = "bench-rxdb";
// The server decides how many rows an answer has. RxDB takes an answer with fewer rows than a batch for the last one.
const PULL_BATCH_ROWS = 1;
const MAX_KEY_CHARS = 150;

const key = { type: "string", maxLength: MAX_KEY_CHARS };
const text = { type: "string" };
const integer = { type: "integer" };

function schema(properties, indexes) {
  const all = { id: key, rev: integer, ...properties };
  return { version: 0, type: "object", primaryKey: "id", properties: all, required: ["id", ...indexes], indexes };
}

const PRODUCT = schema(
  { sku: key, barcode: key, name: text, unit: text, price_minor: integer, currency: text, family: text, variant: text },
  ["sku", "barcode"],
);
const LOT = schema(
  {
    product_id: key, lot_code: text, location: key, quantity: integer, status: key, expires_on: text, received_on: text,
  },
  ["product_id", "location", "status"],
);
const META = schema({ client: text, cursor: {} }, []);

let database;
let feeds;
let meta;

async function open() {
  // RxDB's storage passes this option on to Dexie (rxdb.info/rx-storage-dexie.html).
  const storage = getRxStorageDexie({ chromeTransactionDurability: "relaxed" });
  database = await createRxDatabase({ name: NAME, storage, multiInstance: false, eventReduce: true });
  const conflictHandler = { isEqual: (a, b) => a.rev === b.rev, resolve: ({ realMasterState }) => realMasterState };
  await database.addCollections({
    products: { schema: PRODUCT, conflictHandler },
    lots: { schema: LOT, conflictHandler },
    meta: { schema: META },
  });
  feeds = { products: await feed("products"), lots: await feed("lots") };
  const stored = await database.meta.findOne("sync").exec();
  meta = stored?.toMutableJSON() ?? { id: "sync", client: crypto.randomUUID(), cursor: START };
}

// A pull replication of one collection; `give(rows, cursor)` resolves when RxDB has stored them. (`awaitInSync` would also
// wait until the browser is idle.)
async function feed(name) {
  let waiting;
  const handler = async (checkpoint) => {
    const { documents, cursor, taken } = waiting ?? { documents: [], cursor: checkpoint };
    waiting = undefined;
    taken?.();
    return { documents, checkpoint: { cursor } };
  };
  const replication = replicateRxCollection({
    collection: database[name],
    replicationIdentifier: `bench-${name}`,
    live: true,
    waitForLeadership: false,
    toggleOnDocumentVisible: false,
    pull: { handler, batchSize: PULL_BATCH_ROWS },
  });
  let failed;
  replication.error$.subscribe((error) => (failed = error));
  await replication.awaitInitialReplication();
  const give = async (documents, cursor) => {
    if (documents.length === 0) return;
    await new Promise((taken) => {
      waiting = { documents, cursor, taken };
      replication.reSync();
    });
    await replication.internalReplicationState.streamQueue.down;
    if (failed) throw failed;
  };
  return { give };
}

async function store(answer) {
  const { products, lots } = rowsOf(answer);
  // Indexed fields are required in this storage (rxdb.info/rx-storage-dexie.html).
  for (const product of products) product.barcode ??= "";
  await Promise.all([feeds.products.give(products, answer.cursor), feeds.lots.give(lots, answer.cursor)]);
  meta = { ...meta, cursor: answer.cursor };
  await database.meta.upsert(meta);
}

async function product(selector) {
  const found = await database.products.findOne({ selector }).exec();
  return found ? { sku: found.sku, name: found.name } : null;
}

globalThis.subject = {
  name: "rxdb",
  open,
  async destroy() {
    await database?.close();
    await deleteDatabases((name) => name.includes(NAME));
  },
  pull: (options) => pullAll({ ...meta, ...options }, store),
  count: async () => ({
    products: await database.products.count().exec(),
    lots: await database.lots.count().exec(),
  }),
  byBarcode: (barcode) => product({ barcode }),
  bySku: (sku) => product({ sku }),
  byLocation: (location) => database.lots.count({ selector: { location } }).exec(),
  lotsOf: (id) => database.lots.count({ selector: { product_id: id } }).exec(),
};
