// A Workbox queue that is filled and replayed at the page's request. The browser's sync events are ignored, because they
// could come at any moment.

import { Queue } from "workbox-background-sync";

const queue = new Queue("bench", { onSync: async () => {} });

async function clear() {
  while (await queue.shiftRequest());
}

function handle({ push, size, replay }) {
  if (push) return queue.pushRequest({ request: new Request("/api/sync", push) });
  if (size) return queue.size();
  return replay ? queue.replayRequests() : clear();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("message", (event) => {
  const [port] = event.ports;
  const handled = handle(event.data).then(
    (answer) => port.postMessage({ answer }),
    (error) => port.postMessage({ error: String(error) }),
  );
  event.waitUntil(handled);
});
