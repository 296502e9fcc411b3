// A Dexie app that starts offline: its files come from a Workbox precache, its first screen and its scans from Dexie's
// indexes. No framework: it loads only what this screen needs, and the sync that fills the tables.

import "./dexie.js";
import { catalogue } from "./dexie-tables.js";

const LISTED_PRODUCTS = 50;
const MAX_GAP_MILLIS = 100;
const MIN_SCAN_CHARS = 4;
// Quantities on the wire are in thousandths of a unit.
const THOUSANDTHS = 1000;

const root = document.getElementById("root");
const tables = catalogue();

function element(name, test, text, children = []) {
  const made = document.createElement(name);
  if (test) made.dataset.test = test;
  made.append(text, ...children);
  return made;
}

async function list() {
  const products = await tables.products.orderBy("sku").limit(LISTED_PRODUCTS).toArray();
  root.replaceChildren(
    ...products.map(({ id, sku, name }) => {
      const row = element("a", "product-row", `${sku} ${name}`);
      row.href = `#${id}`;
      return row;
    }),
  );
}

async function show(barcode) {
  const product = await tables.products.get({ barcode });
  if (!product) {
    root.replaceChildren(element("p", "not-found", `No product has the barcode ${barcode}.`));
    return;
  }
  const lots = await tables.lots.where({ product_id: product.id }).toArray();
  const items = lots.map(({ lot_code, location, quantity, status }) =>
    element("li", "lot", `${lot_code} ${location} ${quantity / THOUSANDTHS} ${status}`),
  );
  const about = [element("h1", "", product.name), element("p", "", product.sku), element("ul", "", "", items)];
  root.replaceChildren(element("section", "product-page", "", about));
}

let code = "";
let last = 0;
addEventListener("keydown", ({ key, timeStamp }) => {
  if (timeStamp - last > MAX_GAP_MILLIS) code = "";
  last = timeStamp;
  if (key.length === 1) code += key;
  if (key !== "Enter") return;
  if (code.length >= MIN_SCAN_CHARS) show(code);
  code = "";
});

list();
navigator.serviceWorker.register("/bench/dexie-start-sw.js", { scope: "/bench/dexie-start" });
