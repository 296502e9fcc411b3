// A queue for requests that could not be sent, as the documentation of workbox-background-sync has it under "Advanced
// usage": whatever `fetch` rejects is queued, and the queue replays itself on sync events. Sync events fire at once where
// there is a network, and five minutes after one that failed.

import { Queue } from "workbox-background-sync";
import { clientsClaim } from "workbox-core";

const queue = new Queue("faults");

async function sendOrQueue(request) {
  try {
    return await fetch(request.clone());
  } catch {
    await queue.pushRequest({ request });
    return Response.json({ queued: true }, { status: 202 });
  }
}

clientsClaim();
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "POST" && new URL(url).pathname === "/api/sync") event.respondWith(sendOrQueue(event.request));
});
