// The service worker of a React app of this kind: precaching, navigations from the cache, and a queue for requests that
// could not be sent. Used only for its download size.

import { Queue } from "workbox-background-sync";
import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

const queue = new Queue("mutations");

clientsClaim();
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(new NavigationRoute(createHandlerBoundToURL("/bench/react-stack.html")));
registerRoute(
  ({ url }) => url.pathname === "/api/sync",
  async ({ request }) => {
    try {
      return await fetch(request.clone());
    } catch {
      await queue.pushRequest({ request });
      return Response.json({ queued: true }, { status: 202 });
    }
  },
  "POST",
);
self.addEventListener("message", ({ data }) => data?.type === "SKIP_WAITING" && self.skipWaiting());
