// The catalogue's Dexie database, declared as a Dexie app with this specification would.

import Dexie from "dexie";

export const CATALOGUE = "bench-dexie";

// Relaxed durability, because the rows can be fetched again; no cache, because nothing here uses live queries
// (dexie.org/docs/Dexie/Dexie, options `chromeTransactionDurability` and `cache`).
export function catalogue() {
  const database = new Dexie(CATALOGUE, { chromeTransactionDurability: "relaxed", cache: "disabled" });
  database.version(1).stores({ products: "id, sku, barcode", lots: "id, product_id, location, status", meta: "" });
  return database;
}
