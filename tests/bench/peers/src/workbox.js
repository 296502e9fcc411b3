// The page for Workbox's background sync: every record is a request that the service worker queues. The queue has no
// option for strict durability.

import { MAX_PULL_ROWS, START, exchange, mutation, request } from "./shared.js";

const SCOPE = "/bench/workbox";
const CLIENT = "bench-workbox-client";
const SEQ = "bench-workbox-seq";
const CURSOR = "bench-workbox-cursor";

let worker;

async function open() {
  const registration = await navigator.serviceWorker.register("/bench/workbox-queue-sw.js", { scope: SCOPE });
  worker = registration.active ?? (await activated(registration.installing ?? registration.waiting));
  localStorage[CLIENT] ??= crypto.randomUUID();
  localStorage[SEQ] ??= "0";
  localStorage[CURSOR] ??= JSON.stringify(await endOfPull(localStorage[CLIENT]));
}

// Pulls to the end first, as the app around the queue would have: a request from the start makes the server count all rows.
async function endOfPull(client) {
  let answer = { cursor: START, more: true };
  while (answer.more) answer = await exchange({ client, cursor: answer.cursor, maxRows: MAX_PULL_ROWS });
  return answer.cursor;
}

const activated = (coming) =>
  new Promise((resolve, reject) => {
    coming.onstatechange = () => {
      if (coming.state === "activated") resolve(coming);
      if (coming.state === "redundant") reject(new Error("The service worker could not be installed."));
    };
  });

const ask = (message) =>
  new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data: { answer, error } }) => (error ? reject(new Error(error)) : resolve(answer));
    worker.postMessage(message, [port2]);
  });

function record(action) {
  const seq = Number(localStorage[SEQ]) + 1;
  localStorage[SEQ] = String(seq);
  const entry = mutation(seq, { id: crypto.randomUUID(), action, captured_at: Date.now() });
  const [client, cursor] = [localStorage[CLIENT], JSON.parse(localStorage[CURSOR])];
  const { method, headers, body } = request({ client, cursor, mutations: [entry] });
  return ask({ push: { method, headers, body } });
}

globalThis.subject = {
  name: "workbox",
  open,
  async destroy() {
    if (worker) await ask({ clear: true });
    const registration = await navigator.serviceWorker.getRegistration(SCOPE);
    await registration?.unregister();
    worker = undefined;
    localStorage.removeItem(CLIENT);
    localStorage.removeItem(SEQ);
    localStorage.removeItem(CURSOR);
  },
  record,
  queued: () => ask({ size: true }),
  // Workbox takes every answer for an acknowledgement, so requests that left the queue are counted as acknowledged.
  async drain() {
    const before = await ask({ size: true });
    await ask({ replay: true });
    return before - (await ask({ size: true }));
  },
};
