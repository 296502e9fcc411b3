// Lotbook's engine behind the same interface as its peers.

const ready = wasm_bindgen({ module_or_path: "engine_bg.wasm" });
const engine = wasm_bindgen;

function deleted(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

ready.then(() => {
  globalThis.subject = {
    name: "lotbook",
    open: () => engine.open(),
    destroy: () => deleted(engine.close()),
    pull: ({ stopAfterRows } = {}) => engine.pull(stopAfterRows),
    count: () => engine.count(),
    byBarcode: (code) => engine.byBarcode(code),
    bySku: (sku) => engine.bySku(sku),
    byLocation: (location) => engine.byLocation(location),
    lotsOf: (id) => engine.lotsOf(id),
    record: (action) => engine.record(JSON.stringify(action)),
    queued: () => engine.queued(),
    drain: () => engine.drain(),
    wasmBytes: async () => engine.wasmBytes(),
  };
});
