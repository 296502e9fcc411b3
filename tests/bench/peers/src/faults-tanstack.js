// TanStack's offline transactions as their documentation sets them up: outbox in IndexedDB, leader election by Web Locks,
// built-in retries, the generated idempotency key as the mutation's id, every 4xx answer thrown as `NonRetriableError`, and
// a wait for the start. A write counts as saved when it is in the outbox or sent. A tab that is not the leader has no
// outbox, so its writes count as saved when they are sent. Refused writes are not stored, so none waits for a person.

import { createCollection, localOnlyCollectionOptions } from "@tanstack/db";
import { NonRetriableError, startOfflineExecutor } from "@tanstack/offline-transactions";
import { markerOf, reasonOf, wasBooked, writeRequest } from "./faults-shared.js";

const LOOK_AGAIN_MILLIS = 20;

const writes = createCollection(localOnlyCollectionOptions({ id: "writes", getKey: ({ id }) => id }));

async function book({ transaction, idempotencyKey }) {
  const { action } = transaction.mutations[0].modified;
  const response = await fetch("/api/sync", writeRequest(idempotencyKey, action));
  if (response.status >= 400 && response.status < 500) {
    throw new NonRetriableError(`Client error: ${response.status}`);
  }
  if (!response.ok) throw new Error("Server error");
  const answer = await response.json();
  if (!wasBooked(answer)) throw new NonRetriableError(reasonOf(answer));
}

const executor = startOfflineExecutor({ collections: { writes }, mutationFns: { book } });

async function isInOutbox(id) {
  return (await executor.peekOutbox()).some((transaction) => transaction.id === id);
}

async function save(action) {
  const transaction = executor.createOfflineTransaction({ mutationFnName: "book", autoCommit: false });
  transaction.mutate(() => writes.insert({ id: crypto.randomUUID(), action }));
  let sent;
  transaction.commit().then(() => (sent = true), () => (sent = false));
  while (sent === undefined) {
    if (executor.isOfflineEnabled && (await isInOutbox(transaction.id))) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MILLIS));
  }
  return sent;
}

globalThis.subject = {
  ready: false,
  save,
  async held() {
    const outbox = await executor.peekOutbox();
    const pending = outbox.map(({ mutations }) => markerOf(mutations[0].modified.action));
    return { pending, attention: [] };
  },
  signedIn: () => executor.getOnlineDetector().notifyOnline(),
};

await executor.waitForInit();
subject.ready = true;
