// The floor: the least work that a sync in JavaScript can do. One `put` per 500 rows, no index; a map in memory from
// products to pages. Pages are only added; the later one wins if two hold the same row. `record` is a plain strict `put`.

import { START, drainBatches, pullAll, rowsOf } from "./shared.js";
import { committed, done, openDatabase } from "./idb.js";

const NAME = "bench-floor";
const PAGE_ROWS = 500;

let database;
let meta;
let pageOfBarcode;
let pageOfSku;

async function open() {
  database = await openDatabase(NAME, (created) => {
    created.createObjectStore("products", { autoIncrement: true });
    created.createObjectStore("lots", { autoIncrement: true });
    created.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
    created.createObjectStore("meta");
  });
  meta = (await read("meta", (store) => store.get("sync"))) ?? { client: crypto.randomUUID(), cursor: START, pages: 0 };
  pageOfBarcode = new Map();
  pageOfSku = new Map();
  for (let key = 1; key <= meta.pages; key += 1) remember(key, await read("products", (store) => store.get(key)));
}

const read = (store, ask) => done(ask(database.transaction(store).objectStore(store)));

function remember(key, page) {
  for (const { barcode, sku } of page) {
    if (barcode) pageOfBarcode.set(barcode, key);
    pageOfSku.set(sku, key);
  }
}

async function store(answer) {
  const { products, lots } = rowsOf(answer);
  const transaction = database.transaction(["products", "lots", "meta"], "readwrite", { durability: "relaxed" });
  meta = { ...meta, cursor: answer.cursor };
  for (let from = 0; from < products.length; from += PAGE_ROWS) {
    const page = products.slice(from, from + PAGE_ROWS);
    meta.pages += 1;
    transaction.objectStore("products").put(page, meta.pages);
    remember(meta.pages, page);
  }
  for (let from = 0; from < lots.length; from += PAGE_ROWS) {
    transaction.objectStore("lots").put(lots.slice(from, from + PAGE_ROWS));
  }
  transaction.objectStore("meta").put(meta, "sync");
  transaction.commit();
  await committed(transaction);
}

async function find(pageOf, field, value) {
  const key = pageOf.get(value);
  if (key === undefined) return null;
  const page = await read("products", (products) => products.get(key));
  const { sku, name } = page.find((row) => row[field] === value);
  return { sku, name };
}

async function countRows(store) {
  const ids = new Set();
  const keys = await read(store, (pages) => pages.getAllKeys());
  for (const key of keys) for (const { id } of await read(store, (pages) => pages.get(key))) ids.add(id);
  return ids.size;
}

function inQueue(change) {
  const transaction = database.transaction("queue", "readwrite", { durability: "strict" });
  change(transaction.objectStore("queue"));
  transaction.commit();
  return committed(transaction);
}

globalThis.subject = {
  name: "floor",
  open,
  async destroy() {
    database?.close();
    await done(indexedDB.deleteDatabase(NAME));
  },
  pull: (options) => pullAll({ ...meta, ...options }, store),
  count: async () => ({ products: await countRows("products"), lots: await countRows("lots") }),
  byBarcode: (code) => find(pageOfBarcode, "barcode", code),
  bySku: (sku) => find(pageOfSku, "sku", sku),
  record: (action) =>
    inQueue((queue) => queue.put({ id: crypto.randomUUID(), action, captured_at: Date.now() })),
  queued: () => read("queue", (queue) => queue.count()),
  drain: () =>
    drainBatches(
      meta,
      (count) => read("queue", (queue) => queue.getAll(null, count)),
      (seqs) => inQueue((queue) => seqs.forEach((seq) => queue.delete(seq))),
    ),
};
