//! A transport for programs outside the browser: bearer token, compressed bodies both ways.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use domain::{Action, Row, Warehouse};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Client, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::{AuditRequest, AuditResponse, ErrorBody, SyncRequest, SyncResponse, Transport, TransportError};

const TIMEOUT_MILLIS: u64 = 60_000;
/// Smaller bodies are sent uncompressed, because compression gains nothing.
const MIN_COMPRESSED_BYTES: usize = 1_024;

/// Sends requests to a server under a base URL such as `http://127.0.0.1:8080`.
#[derive(Clone, Debug)]
pub struct NativeTransport {
    client: Client,
    api_url: String,
    token: String,
}

impl NativeTransport {
    /// Creates a transport for the device with this token.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(base_url: &str, token: &str) -> Result<Self> {
        let client = Client::builder().timeout(Duration::from_millis(TIMEOUT_MILLIS)).build()?;
        Ok(Self { client, api_url: format!("{base_url}/api"), token: token.to_owned() })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
    ) -> Result<T, TransportError> {
        let response = self.send(path, request).await?;
        match response.status() {
            StatusCode::OK => {
                let body = response.bytes().await.map_err(|error| unreached(&error))?;
                serde_json::from_slice(&body).map_err(|_| TransportError::Garbled)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(TransportError::SignInNeeded),
            StatusCode::UPGRADE_REQUIRED => Err(TransportError::UpgradeNeeded),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(busy(&response))
            }
            status if status.is_server_error() => Err(busy(&response)),
            status => {
                let body = response.bytes().await.map_err(|error| unreached(&error))?;
                let ErrorBody { message, sites, .. } =
                    serde_json::from_slice(&body).map_err(|_| TransportError::Garbled)?;
                let refused = TransportError::Refused { status: status.as_u16(), message };
                Err(sites.map_or(refused, TransportError::OtherSite))
            }
        }
    }

    async fn send(&self, path: &str, request: &impl Serialize) -> Result<Response, TransportError> {
        let json = serde_json::to_vec(request).map_err(|_| TransportError::Garbled)?;
        let post = self
            .client
            .post(format!("{}{path}", self.api_url))
            .bearer_auth(&self.token)
            .header("x-lotbook", "1")
            .header(header::CONTENT_TYPE, "application/json");
        let post = if json.len() < MIN_COMPRESSED_BYTES {
            post.body(json)
        } else {
            post.header(header::CONTENT_ENCODING, "gzip")
                .body(compressed(&json).map_err(|_| TransportError::Garbled)?)
        };
        post.send().await.map_err(|error| unreached(&error))
    }
}

fn compressed(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json)?;
    encoder.finish()
}

fn unreached(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() { TransportError::TimedOut } else { TransportError::Unreachable }
}

impl Transport<Warehouse> for NativeTransport {
    async fn exchange(&self, request: &SyncRequest<Action>) -> Result<SyncResponse<Row>, TransportError> {
        self.ask("/sync", request).await
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<Row>, TransportError> {
        self.ask("/audit", request).await
    }
}

fn busy(response: &Response) -> TransportError {
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    TransportError::Busy { retry_after_millis: seconds.map(|seconds| seconds.saturating_mul(1_000)) }
}
