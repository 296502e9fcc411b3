//! The engine's `Transport` port over reqwest: a bearer token, and compressed bodies both ways.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Client, RequestBuilder, Response, header, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::{
    Answer, AppNames, AuditRequest, AuditResponse, Records, SyncRequest, SyncResponse, Transport,
    TransportError,
};
use tokio::task::JoinHandle;

/// Timeout of one exchange, body included.
const MAX_EXCHANGE_MILLIS: u64 = 60_000;
const MAX_CONNECT_MILLIS: u64 = 10_000;
/// The longest silence of an open connection. The server sends a comment on an idle event stream every 15 s.
const MAX_SILENCE_MILLIS: u64 = 45_000;
/// Shorter bodies are not worth compressing.
const MIN_COMPRESSED_BYTES: usize = 1_024;
const MILLIS_A_SECOND: u64 = 1_000;

/// Sends requests to the server at a base URL such as `https://stock.example`. Clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client,
    base_url: String,
    token: Option<String>,
    names: &'static AppNames,
}

impl HttpTransport {
    /// A transport for the device with this token; without one, for its enrolment.
    ///
    /// # Errors
    /// The sentence of the HTTP client, if it cannot be set up.
    pub fn new(base_url: &str, token: Option<&str>, names: &'static AppNames) -> Result<Self, String> {
        #[cfg(feature = "https")]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails if another thread was faster.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let millis = Duration::from_millis;
        let client = Client::builder()
            .connect_timeout(millis(MAX_CONNECT_MILLIS))
            .read_timeout(millis(MAX_SILENCE_MILLIS))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        let (base_url, token) = (base_url.trim_end_matches('/').to_owned(), token.map(str::to_owned));
        Ok(Self { client, base_url, token, names })
    }

    /// `POST`s a JSON document, and parses the JSON answer.
    ///
    /// # Errors
    /// [`TransportError`].
    pub(crate) async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        let json = serde_json::to_vec(body).map_err(|_| TransportError::Garbled)?;
        let post = self
            .authorized(self.client.post(format!("{}{path}", self.base_url)))
            .timeout(Duration::from_millis(MAX_EXCHANGE_MILLIS))
            .header(self.names.header, "1")
            .header(header::CONTENT_TYPE, "application/json");
        let post = if json.len() < MIN_COMPRESSED_BYTES {
            post.body(json)
        } else {
            let compressed = compressed(&json).map_err(|_| TransportError::Garbled)?;
            post.header(header::CONTENT_ENCODING, "gzip").body(compressed)
        };
        // In a task of its own, the answer is received and parsed while this thread stores the one before.
        let asking = Asking(tokio::spawn(async move { parsed(post.send().await).await }));
        asking.answer().await
    }

    /// Opens the event stream.
    pub(crate) async fn events(&self) -> Result<Response, TransportError> {
        let url = format!("{}{}", self.base_url, self.names.events_path);
        let get = self.authorized(self.client.get(url)).header(header::ACCEPT, "text/event-stream");
        let response = get.send().await.map_err(|error| unreached(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// A request that ends with its future.
struct Asking<T>(JoinHandle<Result<T, TransportError>>);

impl<T> Asking<T> {
    async fn answer(mut self) -> Result<T, TransportError> {
        // It is not cancelled while this waits; a panic is no answer.
        (&mut self.0).await.unwrap_or(Err(TransportError::Garbled))
    }
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        self.0.abort();
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

async fn parsed<T: DeserializeOwned>(sent: reqwest::Result<Response>) -> Result<T, TransportError> {
    let response = sent.map_err(|error| unreached(&error))?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let content_type = text_of(&response, header::CONTENT_TYPE);
    let body = response.bytes().await.map_err(|error| unreached(&error))?;
    let body = std::str::from_utf8(&body).map_err(|_| TransportError::Garbled)?;
    let answer = Answer {
        is_redirect: false,
        status: 200,
        content_type: &content_type,
        retry_after_millis: None,
        body,
    };
    match answer.failure() {
        Some(failure) => Err(failure),
        None => serde_json::from_str(body).map_err(|_| TransportError::Garbled),
    }
}

/// The failure that an answer other than a success stands for. A server in trouble is told by its status and its
/// delay, also if its answer breaks off.
async fn refusal(response: Response) -> TransportError {
    let (status, content_type) = (response.status(), text_of(&response, header::CONTENT_TYPE));
    let seconds = text_of(&response, header::RETRY_AFTER).parse::<u64>().ok();
    let body = response.bytes().await;
    if let (Err(error), false) = (&body, status.is_server_error()) {
        return unreached(error);
    }
    let body = body.unwrap_or_default();
    let answer = Answer {
        is_redirect: status.is_redirection(),
        status: status.as_u16(),
        content_type: &content_type,
        retry_after_millis: seconds.map(|seconds| seconds.saturating_mul(MILLIS_A_SECOND)),
        body: std::str::from_utf8(&body).unwrap_or_default(),
    };
    answer.failure().unwrap_or(TransportError::Garbled)
}

fn text_of(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

impl<M: Records> Transport<M> for HttpTransport
where
    M::Row: Send,
{
    async fn exchange(
        &self,
        request: &SyncRequest<M::Action>,
    ) -> Result<SyncResponse<M::Row>, TransportError> {
        self.post(self.names.sync_path, request).await
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<M::Row>, TransportError> {
        self.post(self.names.audit_path, request).await
    }
}
