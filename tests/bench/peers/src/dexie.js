// Dexie, used in the way its documentation calls fastest: `bulkPut` of all rows that arrived, which listens only to the
// last request (dexie.org/docs/Table/Table.bulkPut()), in one transaction with the cursor.

import Dexie from "dexie";
import { START, drainBatches, pullAll, rowsOf } from "./shared.js";
import { CATALOGUE, catalogue } from "./dexie-tables.js";

const QUEUE = "bench-dexie-queue";

let tables;
let queue;
let meta;

async function open() {
  tables = catalogue();
  // Durability is an option of the database, not of a transaction, so the strict queue has its own database.
  queue = new Dexie(QUEUE, { chromeTransactionDurability: "strict", cache: "disabled" });
  queue.version(1).stores({ records: "++seq" });
  await Promise.all([tables.open(), queue.open()]);
  meta = (await tables.meta.get("sync")) ?? { client: crypto.randomUUID(), cursor: START };
}

async function store(answer) {
  const { products, lots } = rowsOf(answer);
  meta = { ...meta, cursor: answer.cursor };
  await tables.transaction("rw", tables.products, tables.lots, tables.meta, () => {
    if (products.length > 0) tables.products.bulkPut(products);
    if (lots.length > 0) tables.lots.bulkPut(lots);
    tables.meta.put(meta, "sync");
  });
}

async function product(field, value) {
  const found = await tables.products.get({ [field]: value });
  return found ? { sku: found.sku, name: found.name } : null;
}

globalThis.subject = {
  name: "dexie",
  open,
  async destroy() {
    tables?.close();
    queue?.close();
    await Promise.all([Dexie.delete(CATALOGUE), Dexie.delete(QUEUE)]);
  },
  pull: (options) => pullAll({ ...meta, ...options }, store),
  count: async () => ({ products: await tables.products.count(), lots: await tables.lots.count() }),
  byBarcode: (code) => product("barcode", code),
  bySku: (sku) => product("sku", sku),
  byLocation: (location) => tables.lots.where({ location }).count(),
  lotsOf: (id) => tables.lots.where({ product_id: id }).count(),
  record: (action) => queue.records.add({ id: crypto.randomUUID(), action, captured_at: Date.now() }).then(() => {}),
  queued: () => queue.records.count(),
  drain: () =>
    drainBatches(
      meta,
      (count) => queue.records.orderBy("seq").limit(count).toArray(),
      (seqs) => queue.records.bulkDelete(seqs),
    ),
};
