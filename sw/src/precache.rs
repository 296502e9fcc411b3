//! The build's files: fetched, verified and cached together, or not at all.
//!
//! Every body must have the SHA-256 that the build stamped. A captive portal's page, a truncated answer or a
//! server in the middle of a deploy therefore never reaches the cache; the install fails and the browser
//! retries later.

use crate::policy;
use crate::scope::{self, WorkerError};
use crate::shell::Shell;
use js_sys::{Array, Uint8Array};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Cache, Request, RequestCache, RequestInit, RequestRedirect, Response, Url};

/// Timeout of one file; a file that takes longer fails the install.
const FILE_TIMEOUT_MILLIS: u32 = 60_000;

/// One build of the app, as stamped into `sw.js`.
#[derive(Debug, Deserialize)]
pub struct Build {
    /// Build id: the same content has the same id.
    pub id: String,
    /// Every file the app needs offline.
    pub files: Vec<PrecachedFile>,
    /// Files that are cached once they were fetched, and from then on for every later build.
    #[serde(default)]
    pub on_demand: Vec<PrecachedFile>,
}

/// A file of the build.
#[derive(Debug, Deserialize)]
pub struct PrecachedFile {
    /// The path on the server, from the first slash.
    pub path: String,
    /// The body's SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Build {
    /// Parses the constant of the loader.
    ///
    /// # Errors
    /// [`WorkerError::BuildList`] when it has another shape.
    pub fn from_js(value: &JsValue) -> Result<Self, WorkerError> {
        let json = js_sys::JSON::stringify(value)
            .map_err(|error| WorkerError::BuildList(scope::describe(&error)))?;
        Self::from_json(&String::from(json))
    }

    fn from_json(json: &str) -> Result<Self, WorkerError> {
        serde_json::from_str(json).map_err(|error| WorkerError::BuildList(error.to_string()))
    }
}

/// Fills the build's cache. Unchanged files in an older build's cache are not downloaded again.
///
/// # Errors
/// [`WorkerError::Precache`] names the file that failed verification; no cache of this build is left behind
/// then.
pub async fn fill(shell: &Shell, build: &Build) -> Result<(), WorkerError> {
    let on_demand: &[PrecachedFile] = if holds_on_demand(shell).await? { &build.on_demand } else { &[] };
    let mut responses = Vec::with_capacity(build.files.len() + on_demand.len());
    for PrecachedFile { path, sha256 } in build.files.iter().chain(on_demand) {
        responses.push((path.as_str(), verified(path, sha256).await?));
    }
    let stored = store(&policy::cache_name(shell, &build.id), &responses).await;
    if stored.is_err() {
        delete(&policy::cache_name(shell, &build.id)).await?;
    }
    stored
}

/// Fetches a file whose SHA-256 begins with `digits`, and caches it for this build.
///
/// # Errors
/// [`WorkerError::Precache`] when it failed verification.
pub async fn fetch_on_demand(
    shell: &Shell,
    path: &str,
    digits: &str,
    build_id: &str,
) -> Result<Response, WorkerError> {
    let response = verified(path, digits).await?;
    let copy = response.clone().map_err(WorkerError::browser("copy a file"))?;
    // Without free space, the file still works as long as there is a network.
    drop(store(&policy::cache_name(shell, build_id), &[(path, copy)]).await);
    Ok(response)
}

/// Whether any build has cached one on this device.
async fn holds_on_demand(shell: &Shell) -> Result<bool, WorkerError> {
    let names = Array::from(&scope::settle(scope::caches().keys(), "list the caches").await?);
    for name in
        names.iter().filter_map(|name| name.as_string()).filter(|name| policy::is_own_cache(shell, name))
    {
        let kept = Array::from(&scope::settle(open(&name).await?.keys(), "list a cache").await?);
        let is_on_demand = |request: JsValue| {
            let url = Url::new(&Request::from(request).url()).ok();
            url.is_some_and(|url| policy::on_demand_digits(shell, &url.pathname()).is_some())
        };
        if kept.iter().any(is_on_demand) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes the caches of every other build.
///
/// # Errors
/// [`WorkerError::Browser`] when the browser cannot list or delete caches.
pub async fn sweep(shell: &Shell, build: &Build) -> Result<(), WorkerError> {
    let names = Array::from(&scope::settle(scope::caches().keys(), "list the caches").await?);
    let names: Vec<String> = names.iter().filter_map(|name| name.as_string()).collect();
    for name in policy::stale_caches(shell, &names, &build.id) {
        delete(&name).await?;
    }
    Ok(())
}

/// Opens a cache by name, and creates it if needed.
///
/// # Errors
/// [`WorkerError::Browser`] when storage is full or not allowed.
pub async fn open(name: &str) -> Result<Cache, WorkerError> {
    scope::settle(scope::caches().open(name), "open a cache").await.map(Cache::from)
}

async fn store(name: &str, responses: &[(&str, Response)]) -> Result<(), WorkerError> {
    let cache = open(name).await?;
    for (path, response) in responses {
        if *path == policy::SHELL_PATH {
            let copy = response.clone().map_err(WorkerError::browser("copy the page"))?;
            scope::settle(cache.put_with_str(policy::ROOT_PATH, &copy), "keep the page for offline use")
                .await?;
        }
        scope::settle(cache.put_with_str(path, response), "keep a file for offline use").await?;
    }
    Ok(())
}

async fn delete(name: &str) -> Result<(), WorkerError> {
    scope::settle(scope::caches().delete(name), "delete a cache").await.map(drop)
}

/// The file, verified to have a SHA-256 that begins with `digits`.
async fn verified(path: &str, digits: &str) -> Result<Response, WorkerError> {
    let kept = scope::settle(scope::caches().match_with_str(path), "look in the caches").await?;
    if let Ok(response) = kept.dyn_into::<Response>()
        && checksum(&response).await?.starts_with(digits)
    {
        return Ok(response);
    }
    let failed = |reason: String| WorkerError::Precache { path: path.to_owned(), reason };
    let response = download(path).await.map_err(|error| failed(error.to_string()))?;
    if !response.ok() {
        return Err(failed(format!("status {}", response.status())));
    }
    let found = checksum(&response).await.map_err(|error| failed(error.to_string()))?;
    if found.starts_with(digits) {
        Ok(response)
    } else {
        Err(failed(format!("checksum {found}, expected {digits}")))
    }
}

/// Bypasses the HTTP cache, which may hold an older deploy, and refuses redirects, which lead to login pages.
async fn download(path: &str) -> Result<Response, WorkerError> {
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    options.set_redirect(RequestRedirect::Error);
    options.set_signal(Some(&AbortSignal::timeout_with_u32(FILE_TIMEOUT_MILLIS)));
    let request =
        Request::new_with_str_and_init(path, &options).map_err(WorkerError::browser("make a request"))?;
    scope::fetch(&request).await
}

/// Reads a copy, so that the response itself can still be stored.
async fn checksum(response: &Response) -> Result<String, WorkerError> {
    const DOING: &str = "read a file";
    let copy = response.clone().map_err(WorkerError::browser(DOING))?;
    let body = copy.array_buffer().map_err(WorkerError::browser(DOING))?;
    scope::sha256_hex(&Uint8Array::new(&scope::settle(body, DOING).await?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamped_list_is_parsed_despite_other_fields() {
        let build =
            Build::from_json(r#"{"id":"b1","glue":"/w.js","files":[{"path":"/index.html","sha256":"00"}]}"#);
        let build = build.expect("a build list");
        assert_eq!((build.id.as_str(), build.files[0].path.as_str()), ("b1", "/index.html"));
    }

    #[test]
    fn a_list_without_files_is_refused() {
        assert!(matches!(Build::from_json(r#"{"id":"b1"}"#), Err(WorkerError::BuildList(_))));
    }
}
