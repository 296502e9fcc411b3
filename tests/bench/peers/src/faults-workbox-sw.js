// A queue for requests that could not be sent, as the documentation of workbox-background-sync shows under "Advanced
// usage": requests for which `fetch` rejects are queued, and the queue is replayed on sync events. Sync events fire at once
// if there is a network, and five minutes after one that failed.

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
