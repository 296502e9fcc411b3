// Precaches the Dexie app's files for offline starts, as a Workbox build generates it (developer.chrome.com/docs/workbox,
// precaching with a manifest).

import { clientsClaim } from "workbox-core";
import { precacheAndRoute } from "workbox-precaching";

self.skipWaiting();
clientsClaim();
precacheAndRoute(self.__WB_MANIFEST);
