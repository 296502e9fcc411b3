// The page for Workbox's background sync: it posts, and the worker queues requests that cannot be sent. A write counts as
// saved when the server has booked it or the worker says that it is queued.

import { done } from "./idb.js";
import { markerOf, wasBooked, writeRequest } from "./faults-shared.js";

const DATABASE = "workbox-background-sync";
const STORE = "requests";

async function save(action) {
  const response = await fetch("/api/sync", writeRequest(crypto.randomUUID(), action));
  if (response.status === 202) return true;
  if (!response.ok) return false;
  return wasBooked(await response.json());
}

// Reads the queue from Workbox's database. Opens it only if it exists, because Workbox must create it.
async function queued() {
  const known = await indexedDB.databases();
  if (!known.some(({ name }) => name === DATABASE)) return [];
  const database = await done(indexedDB.open(DATABASE));
  const entries = await done(database.transaction(STORE).objectStore(STORE).getAll());
  database.close();
  const text = (body) => new TextDecoder().decode(body);
  return entries.map(({ requestData }) => JSON.parse(text(requestData.body)).mutations[0].action);
}

globalThis.subject = {
  ready: false,
  save,
  held: async () => ({ pending: (await queued()).map(markerOf), attention: [] }),
};

await navigator.serviceWorker.register("/bench/faults-workbox-sw.js");
while (!navigator.serviceWorker.controller) {
  await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}
subject.ready = true;
