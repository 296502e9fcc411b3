// The catalogue's Dexie database: what a Dexie app of this specification declares.

import Dexie from "dexie";

export const CATALOGUE = "bench-dexie";

// Relaxed durability is for data that can be fetched again, and nothing here reads through live queries' cache
// (dexie.org/docs/Dexie/Dexie, options `chromeTransactionDurability` and `cache`).
export function catalogue() {
  const database = new Dexie(CATALOGUE, { chromeTransactionDurability: "relaxed", cache: "disabled" });
  database.version(1).stores({ products: "id, sku, barcode", lots: "id, product_id, location, status", meta: "" });
  return database;
}
