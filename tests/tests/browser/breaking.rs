//! Ways to break a page, or to hold it in a passing state.

use anyhow::{Result, bail};

/// Reads of the stock list's tables never end.
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
/// Reads of the stock list's tables fail.
const READS_FAIL: &str = "
    for (const method of ['get', 'getAll', 'openCursor']) {
        const real = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...rest) {
            if (['products', 'inventory_lots'].includes(this.name)) throw new DOMException('broken', 'UnknownError');
            return real.apply(this, rest);
        };
    }";
/// Opening the database never ends.
const OPEN_HANGS: &str = "
    const real = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function () {
        const request = real.call(this, 'other');
        for (const name of ['onsuccess', 'onerror', 'onupgradeneeded', 'onblocked'])
            Object.defineProperty(request, name, { set() {} });
        request.addEventListener = () => {};
        return request;
    };";
/// Opening the database fails.
const OPEN_FAILS: &str =
    "IDBFactory.prototype.open = () => { throw new DOMException('broken', 'UnknownError'); };";
/// Writes to the queue find no space.
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

/// Loading the second half of the app never ends.
const REST_HANGS: &str = "
    const real = window.fetch;
    window.fetch = (request, options) =>
        String(request.url ?? request).includes('split_rest') ? new Promise(() => {}) : real(request, options);";
/// Loading the second half of the app fails.
const REST_FAILS: &str = "
    const real = window.fetch;
    window.fetch = (request, options) =>
        String(request.url ?? request).includes('split_rest') ? Promise.reject(new TypeError('broken')) : real(request, options);";

/// The answer to a scan stays on the screen.
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
/// A camera that sees nothing but grey.
const CAMERA: &str = "
    MediaDevices.prototype.enumerateDevices = async () => [{ kind: 'videoinput' }];
    MediaDevices.prototype.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
        const drawn = canvas.getContext('2d');
        setInterval(() => { drawn.fillStyle = '#777'; drawn.fillRect(0, 0, 640, 480); }, 50);
        return canvas.captureStream(20);
    };";
/// A camera that the browser refuses to the app.
const CAMERA_REFUSED: &str = "
    MediaDevices.prototype.enumerateDevices = async () => [{ kind: 'videoinput' }];
    MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };";

/// The script that breaks a page in a way of this name; it has to run before the page's own.
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
