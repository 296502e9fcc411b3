//! Answers requests from the build's cache as [`policy`] decides, and caches files that are fetched on
//! demand.

use crate::policy::{self, RequestFacts, Strategy};
use crate::precache;
use crate::scope::{self, WorkerError};
use crate::shell::Shell;
use wasm_bindgen::JsCast;
use web_sys::{CacheQueryOptions, Request, RequestMode, Response, Url};

/// Answers one request for a worker of build `build_id` on `origin`.
///
/// # Errors
/// [`WorkerError::Browser`] when neither the cache nor the network has an answer.
pub async fn respond(
    shell: &Shell,
    request: &Request,
    origin: &str,
    build_id: &str,
) -> Result<Response, WorkerError> {
    let url = Url::new(&request.url()).map_err(WorkerError::browser("read a request's address"))?;
    let strategy = policy::classify(
        shell,
        &RequestFacts {
            method: &request.method(),
            same_origin: url.origin() == origin,
            path: &url.pathname(),
            is_navigation: request.mode() == RequestMode::Navigate,
        },
    );
    let kept = match strategy {
        Strategy::Network => None,
        Strategy::SignIn => return sign_in(request).await,
        Strategy::Shell => cached(shell, policy::SHELL_PATH, build_id).await?,
        Strategy::CacheFirst => cached(shell, &url.pathname(), build_id).await?,
    };
    match (kept, policy::on_demand_digits(shell, &url.pathname())) {
        (Some(response), _) => Ok(response),
        (None, Some(digits)) if strategy == Strategy::CacheFirst => {
            precache::fetch_on_demand(shell, &url.pathname(), digits, build_id).await
        }
        (None, _) => scope::fetch(request).await,
    }
}

/// The answer of the proxy in front of the server, or of the server. The browser follows its redirect. Without a network it
/// is a redirect to the app.
async fn sign_in(request: &Request) -> Result<Response, WorkerError> {
    match scope::fetch(request).await {
        Ok(response) => Ok(response),
        Err(_) => Response::redirect(policy::ROOT_PATH).map_err(WorkerError::browser("lead back to the app")),
    }
}

/// Ignores headers such as `Vary: Accept-Encoding`: they describe the transfer, and the cache holds the
/// decompressed body.
async fn cached(shell: &Shell, path: &str, build_id: &str) -> Result<Option<Response>, WorkerError> {
    let options = CacheQueryOptions::new();
    options.set_ignore_vary(true);
    let cache = precache::open(&policy::cache_name(shell, build_id)).await?;
    let found = scope::settle(cache.match_with_str_and_options(path, &options), "look in the cache").await?;
    Ok(found.dyn_into().ok())
}
