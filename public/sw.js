// The service worker's loader. Browsers accept listeners only while this script is first evaluated, before wasm has started,
// so they are registered here and pass every event to the Rust worker (sw/). The only policy here: requests that are not
// for the app's own files do not start the wasm.
const BUILD = { id: "dev", glue: "/worker.js", wasm: "/worker_bg.wasm", files: [] }; // Replaced after the build.

importScripts(BUILD.glue);

// Boots from this build's cache, because newer wasm does not work with older glue. A failed boot is cleared, so that the next
// event retries.
let booting;
const boot = () => (booting ??= caches.match(BUILD.wasm)
  .then((kept) => wasm_bindgen({ module_or_path: kept ?? fetch(BUILD.wasm) }))
  .then(() => wasm_bindgen)
  .catch((error) => { booting = undefined; throw error; }));

// A trap leaves the promise in which it happened unsettled, so every call races against this one, which rejects on a trap.
let trap, trapped;
const arm = () => { (trapped = new Promise((_, reject) => { trap = reject; })).catch(() => {}); };
const onTrap = ({ error, reason }) => { if ((error ?? reason) instanceof WebAssembly.RuntimeError) { trap(error ?? reason); arm(); } };
arm();
self.addEventListener("error", onTrap);
self.addEventListener("unhandledrejection", onTrap);

const call = (work) => boot().then((worker) => Promise.race([work(worker), trapped]));
const extend = (type, work) => self.addEventListener(type, (event) => event.waitUntil(call((worker) => work(worker, event))));
extend("install", (worker, event) => worker.on_install(BUILD, event));
extend("activate", (worker) => worker.on_activate(BUILD));
extend("message", (worker, event) => worker.on_message(event.data));
extend("sync", (worker, event) => worker.on_sync(event.lastChance));
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin || pathname.startsWith("/api/")) return;
  event.respondWith(call((worker) => worker.on_fetch(event.request, BUILD.id)).catch(() => fetch(event.request)));
});
