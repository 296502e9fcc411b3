// PouchDB on its `indexeddb` adapter, which stores a document with one `put` and answers Mango queries from native
// indexes (pouchdb.com/adapters.html, pouchdb-adapter-indexeddb's README). Documents are written by `bulkDocs` with
// `new_edits: false`, as a replication does (pouchdb.com/api.html#batch_create); `revs_limit: 1` keeps no history. Indexes
// are created before the first rows, because each later one reopens the database and costs more.

import PouchDB from "pouchdb-browser";
import indexeddb from "pouchdb-adapter-indexeddb";
import find from "pouchdb-find";
import { START, pullAll, rowsOf } from "./shared.js";
import { deleteDatabases } from "./idb.js";

PouchDB.plugin(indexeddb).plugin(find);

const NAME = "bench-pouchdb";
const META = "_local/sync";
const INDEXES = { products: ["sku", "barcode"], lots: ["product_id", "location", "status"] };
const MAX_FOUND_DOCS = 1_000_000;
const REV_DIGITS = 32;

let databases;
let meta;

async function open() {
  const made = (name) => new PouchDB(`${NAME}-${name}`, { adapter: "indexeddb", revs_limit: 1, auto_compaction: true });
  databases = { products: made("products"), lots: made("lots") };
  meta = await databases.products.get(META).catch((error) => {
    if (error.status !== 404) throw error;
    return { _id: META, client: crypto.randomUUID(), cursor: START };
  });
  await Promise.all(Object.keys(INDEXES).map(index));
}

async function index(name) {
  for (const field of INDEXES[name]) {
    await databases[name].createIndex({ index: { fields: [field] }, name: field, ddoc: field });
  }
}

// Revisions of a first sync are derived from the server's, as a replication would bring them. Later changes are based on
// the stored revision.
async function write(database, rows) {
  if (rows.length === 0) return;
  const docs = rows.map(({ id, ...fields }) => ({ _id: id, ...fields }));
  if (!meta.cursor.live) {
    for (const doc of docs) doc._rev = `1-${doc.rev.toString(16).padStart(REV_DIGITS, "0")}`;
    await database.bulkDocs(docs, { new_edits: false });
    return;
  }
  const stored = await database.allDocs({ keys: docs.map((doc) => doc._id) });
  stored.rows.forEach(({ value }, at) => {
    if (value) docs[at]._rev = value.rev;
  });
  const refused = (await database.bulkDocs(docs)).find((result) => result.error);
  if (refused) throw new Error(`PouchDB refused ${refused.id}: ${refused.message}`);
}

async function store(answer) {
  const { products, lots } = rowsOf(answer);
  await Promise.all([write(databases.products, products), write(databases.lots, lots)]);
  meta.cursor = answer.cursor;
  meta._rev = (await databases.products.put(meta)).rev;
}

const found = (name, field, value, limit) =>
  databases[name].find({ selector: { [field]: value }, use_index: field, limit });

async function product(field, value) {
  const [doc] = (await found("products", field, value, 1)).docs;
  return doc ? { sku: doc.sku, name: doc.name } : null;
}

async function countDocs(name) {
  const { rows } = await databases[name].allDocs();
  return rows.filter(({ id }) => !id.startsWith("_design/")).length;
}

globalThis.subject = {
  name: "pouchdb",
  open,
  async destroy() {
    await Promise.all(Object.values(databases ?? {}).map((database) => database.close()));
    await deleteDatabases((name) => name.includes(NAME));
  },
  pull: (options) => pullAll({ client: meta.client, cursor: meta.cursor, ...options }, store),
  count: async () => ({ products: await countDocs("products"), lots: await countDocs("lots") }),
  byBarcode: (code) => product("barcode", code),
  bySku: (sku) => product("sku", sku),
  byLocation: async (location) => (await found("lots", "location", location, MAX_FOUND_DOCS)).docs.length,
  lotsOf: async (id) => (await found("lots", "product_id", id, MAX_FOUND_DOCS)).docs.length,
};
