//! The keys that a project publishes: fetched when a token names one that is not known, and now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::Value;
use sync::UnixMillis;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout;

use super::TokenFault;

/// Age from which known keys are fetched again: a key that was withdrawn is accepted for no longer, if the project answers.
const MAX_AGE_MILLIS: u64 = 10 * 60 * 1_000;
/// Age to which they are used if it does not answer.
const MAX_STALE_MILLIS: u64 = 24 * 60 * 60 * 1_000;
/// Minimum time between two requests, whatever keys tokens name.
const MIN_REQUEST_GAP_MILLIS: u64 = 30_000;
const FETCH_MILLIS: u64 = 5_000;
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const MAX_KEYS: usize = 32;

/// A key, and the one algorithm that it is used with.
type Key = (DecodingKey, Algorithm);

/// The keys at an address.
pub(super) struct Keys {
    address: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    known: Mutex<Known>,
    /// Held by the one that fetches.
    turn: AsyncMutex<()>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    fetched_at: Option<UnixMillis>,
    asked_at: Option<UnixMillis>,
    fault: String,
}

/// Whether `at` was less than a time ago. A clock that was put back makes everything old.
fn is_within(at: Option<UnixMillis>, now: UnixMillis, millis: u64) -> bool {
    at.is_some_and(|at| at <= now && now.since(at) < millis)
}

impl Keys {
    pub(super) fn new(address: &str) -> Result<Self> {
        let uri: Uri = address.parse().with_context(|| format!("{address} is no address"))?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.host().is_none() {
            bail!("{address} is no address. Write --supabase-url https://PROJECT.supabase.co.");
        }
        let mut roots = RootCertStore::empty();
        // A system has some that no library reads.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A project on this machine has no certificate.
        let https =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Ok(Self { address: uri, client, known: Mutex::default(), turn: AsyncMutex::new(()) })
    }

    /// The key of this id.
    pub(super) async fn key(&self, kid: &str, now: UnixMillis) -> Result<Key, TokenFault> {
        if let Some(key) = self.known_key(kid, now, MAX_AGE_MILLIS) {
            return Ok(key);
        }
        let stale = self.known_key(kid, now, MAX_STALE_MILLIS);
        let turn = match &stale {
            // Somebody fetches them already.
            Some(_) => self.turn.try_lock().ok(),
            None => Some(self.turn.lock().await),
        };
        if turn.is_some() && self.may_ask(now) {
            self.refresh(now).await;
        }
        drop(turn);
        if let Some(key) = self.known_key(kid, now, MAX_STALE_MILLIS) {
            return Ok(key);
        }
        let known = self.known();
        if !is_within(known.fetched_at, now, MAX_STALE_MILLIS) {
            return Err(TokenFault::NoKeys(known.fault.clone()));
        }
        Err(TokenFault::refused("its key is none of the project's"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_key(&self, kid: &str, now: UnixMillis, max_age_millis: u64) -> Option<Key> {
        let known = self.known();
        known.keys.get(kid).filter(|_| is_within(known.fetched_at, now, max_age_millis)).cloned()
    }

    fn may_ask(&self, now: UnixMillis) -> bool {
        let mut known = self.known();
        let may_ask = !is_within(known.asked_at, now, MIN_REQUEST_GAP_MILLIS);
        if may_ask {
            known.asked_at = Some(now);
        }
        may_ask
    }

    async fn refresh(&self, now: UnixMillis) {
        let fetched = timeout(Duration::from_millis(FETCH_MILLIS), self.fetch()).await;
        let mut known = self.known();
        match fetched.unwrap_or_else(|_| Err(anyhow::anyhow!("{} does not answer", self.address))) {
            Ok(keys) => {
                known.fetched_at = Some(now);
                known.keys = keys;
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the keys of Supabase could not be fetched");
                known.fault = format!("{error:#}");
            }
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>> {
        #[derive(Deserialize)]
        struct Answer {
            keys: Vec<Value>,
        }
        let answer = self.client.get(self.address.clone()).await?;
        if answer.status() != StatusCode::OK {
            bail!("{} answers {}", self.address, answer.status());
        }
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
        let Answer { keys } = serde_json::from_slice(&body).context("the answer is no list of keys")?;
        Ok(keys.into_iter().take(MAX_KEYS).filter_map(read).collect())
    }
}

/// A key with its id; none of a kind that is not used.
fn read(value: Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = if let AlgorithmParameters::EllipticCurve(parameters) = &jwk.algorithm
        && parameters.curve == EllipticCurve::P256
    {
        Algorithm::ES256
    } else if let AlgorithmParameters::RSA(_) = &jwk.algorithm {
        Algorithm::RS256
    } else {
        return None;
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, (key, algorithm)))
}
