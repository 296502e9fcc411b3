//! Ways to break a page, or to hold it in a state that passes by.

use anyhow::{Result, bail};

/// The stock list's own tables are never read.
const READS_HANG: &str = "
    const mute = (request) => {
        for (const name of ['onsuccess', 'onerror']) Object.defineProperty(request, name, { set() {} });
        request.addEventListener = () => {};
        return request;
    };
    for (const method of ['get', 'getAll', 'openCursor']) {
        const real = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...rest) {
            const request = real.apply(this, rest);
            return ['products', 'inventory_lots'].includes(this.name) ? mute(request) : request;
        };
    }";
/// They cannot be read.
const READS_FAIL: &str = "
    for (const method of ['get', 'getAll', 'openCursor']) {
        const real = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...rest) {
            if (['products', 'inventory_lots'].includes(this.name)) throw new DOMException('broken', 'UnknownError');
            return real.apply(this, rest);
        };
    }";
/// The database does not open.
const OPEN_HANGS: &str = "
    const real = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function () {
        const request = real.call(this, 'other');
        for (const name of ['onsuccess', 'onerror', 'onupgradeneeded', 'onblocked'])
            Object.defineProperty(request, name, { set() {} });
        request.addEventListener = () => {};
        return request;
    };";
/// It says that it cannot.
const OPEN_FAILS: &str =
    "IDBFactory.prototype.open = () => { throw new DOMException('broken', 'UnknownError'); };";
/// Nothing more fits on the device.
const WRITES_FIND_NO_SPACE: &str = "
    for (const method of ['add', 'put']) {
        const real = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...rest) {
            if (this.name === 'mutation_queue') throw new DOMException('full', 'QuotaExceededError');
            return real.apply(this, rest);
        };
    }";
/// The browser says that the device is nearly full.
const NEARLY_FULL: &str = "navigator.storage.estimate = async () => ({ usage: 970e6, quota: 1e9 });";
/// The server never answers a round.
const SYNC_HANGS: &str = "
    const real = window.fetch;
    window.fetch = (request, options) =>
        String(request.url ?? request).includes('/api/sync') ? new Promise(() => {}) : real(request, options);";

/// The part of the app that is loaded behind the first screen never comes.
const REST_HANGS: &str = "
    const real = window.fetch;
    window.fetch = (request, options) =>
        String(request.url ?? request).includes('split_rest') ? new Promise(() => {}) : real(request, options);";
/// It cannot be loaded.
const REST_FAILS: &str = "
    const real = window.fetch;
    window.fetch = (request, options) =>
        String(request.url ?? request).includes('split_rest') ? Promise.reject(new TypeError('broken')) : real(request, options);";

/// The answer to a scan does not go away.
const FLASH_STAYS: &str = "
    const real = window.setTimeout;
    window.setTimeout = (call, millis, ...rest) => (millis === 900 ? 0 : real(call, millis, ...rest));";
/// Keeps the timers that take toasts away in `toastTimers`.
pub(crate) const WATCH_TOASTS: &str = "
    const timer = window.setTimeout;
    window.toastTimers = [];
    window.setTimeout = (call, millis, ...rest) => {
        const id = timer(call, millis, ...rest);
        if (millis === 6000 || millis === 12000) window.toastTimers.push(id);
        return id;
    };";
/// There is a camera, which sees nothing but grey.
const CAMERA: &str = "
    MediaDevices.prototype.enumerateDevices = async () => [{ kind: 'videoinput' }];
    MediaDevices.prototype.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
        const drawn = canvas.getContext('2d');
        setInterval(() => { drawn.fillStyle = '#777'; drawn.fillRect(0, 0, 640, 480); }, 50);
        return canvas.captureStream(20);
    };";
/// There is one, and nobody may use it.
const CAMERA_REFUSED: &str = "
    MediaDevices.prototype.enumerateDevices = async () => [{ kind: 'videoinput' }];
    MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };";

/// What a page runs before its own scripts so that it is broken like this.
pub(crate) fn breaking(name: &str) -> Result<&'static str> {
    Ok(match name {
        "reads-hang" => READS_HANG,
        "reads-fail" => READS_FAIL,
        "open-hangs" => OPEN_HANGS,
        "open-fails" => OPEN_FAILS,
        "device-full" => WRITES_FIND_NO_SPACE,
        "nearly-full" => NEARLY_FULL,
        "sync-hangs" => SYNC_HANGS,
        "rest-hangs" => REST_HANGS,
        "rest-fails" => REST_FAILS,
        "flash-stays" => FLASH_STAYS,
        "camera" => CAMERA,
        "camera-refused" => CAMERA_REFUSED,
        _ => bail!("there is no way to break a page called {name:?}"),
    })
}
