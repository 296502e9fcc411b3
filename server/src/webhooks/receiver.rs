//! Sends requests to receivers over HTTP and HTTPS.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use axum::http::{self, Method, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Response;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

/// Timeout of a connection.
const CONNECT_MILLIS: u64 = 5_000;
/// Timeout of a whole request; the lease of a webhook is longer.
pub(super) const REQUEST_MILLIS: u64 = 15_000;
/// The part of an answer's body that is read, and thrown away, so that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const MILLIS_A_SECOND: u64 = 1_000;
const AGENT: &str = concat!("lotbook-server/", env!("CARGO_PKG_VERSION"));

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) headers: [(&'static str, String); 3],
    /// JSON.
    pub(crate) body: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The receiver has it (2xx).
    Delivered,
    /// It wants no more (410).
    Gone,
    /// Any other answer.
    Refused {
        status: u16,
        /// The wait that it asks for.
        retry_after_millis: Option<u64>,
    },
    /// No answer, and why.
    Unreachable(String),
}

/// Why a request failed, for people.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("it was delivered"),
            Self::Gone => f.write_str("it answered 410: it wants no more events"),
            Self::Refused { status: status @ 300..400, .. } => {
                write!(f, "it answered {status}; redirects are not followed")
            }
            Self::Refused { status, .. } => write!(f, "it answered {status}"),
            Self::Unreachable(reason) => f.write_str(reason),
        }
    }
}

/// Where requests are sent.
#[async_trait]
pub(crate) trait Receiver: Send + Sync + 'static {
    /// Sends a request.
    async fn post(&self, request: Request) -> Answer;
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Receivers on the network. Redirects are not followed and no proxy is used.
#[derive(Debug)]
pub(crate) struct HttpReceiver {
    /// Beside those of the system.
    authorities: Vec<CertificateDer<'static>>,
    /// Made at the first use: most servers have no webhooks.
    client: OnceLock<Result<HttpClient, String>>,
}

impl HttpReceiver {
    /// Receivers whose certificates are of these authorities or of the system's.
    pub(crate) fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self { authorities, client: OnceLock::new() }
    }
}

/// The certificates of authorities in a PEM file.
///
/// # Errors
/// If it cannot be read, or one of them cannot be trusted.
pub(crate) fn authorities(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = file.display();
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).and_then(|certificates| certificates.collect());
    let found = found.with_context(|| format!("The authorities {shown} of --webhook-ca cannot be read"))?;
    if found.is_empty() {
        bail!(
            "The file {shown} of --webhook-ca has no certificate in it. Put those of the authorities there, as PEM."
        );
    }
    for certificate in &found {
        let usable = RootCertStore::empty().add(certificate.clone());
        usable.with_context(|| format!("A certificate in {shown} of --webhook-ca cannot be used"))?;
    }
    Ok(found)
}

#[async_trait]
impl Receiver for HttpReceiver {
    async fn post(&self, request: Request) -> Answer {
        let client = match self.client.get_or_init(|| client(&self.authorities)) {
            Ok(client) => client,
            Err(reason) => return Answer::Unreachable(reason.clone()),
        };
        let request = match http_request(request) {
            Ok(request) => request,
            Err(error) => return Answer::Unreachable(format!("the request cannot be made: {error}")),
        };
        let exchange = async {
            match client.request(request).await {
                Ok(response) => answer(response).await,
                Err(error) => Answer::Unreachable(reason(&error)),
            }
        };
        let too_late =
            || Answer::Unreachable(format!("no answer within {} seconds", REQUEST_MILLIS / MILLIS_A_SECOND));
        timeout(Duration::from_millis(REQUEST_MILLIS), exchange).await.unwrap_or_else(|_| too_late())
    }
}

fn http_request(request: Request) -> http::Result<http::Request<Full<Bytes>>> {
    let Request { url, headers, body } = request;
    let mut post = http::Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        post = post.header(name, value);
    }
    post.body(Full::new(Bytes::from(body)))
}

fn client(authorities: &[CertificateDer<'static>]) -> Result<HttpClient, String> {
    let mut roots = RootCertStore::empty();
    // Without any, receivers with TLS are refused, and others still work.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(authorities.iter().cloned());
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_millis(CONNECT_MILLIS)));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

async fn answer(response: Response<Incoming>) -> Answer {
    let status = response.status();
    let asked =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // The status has arrived, and says all; an error here only ends the connection.
    let _ = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    match status {
        status if status.is_success() => Answer::Delivered,
        StatusCode::GONE => Answer::Gone,
        status => Answer::Refused {
            status: status.as_u16(),
            retry_after_millis: asked.map(|seconds| seconds.saturating_mul(MILLIS_A_SECOND)),
        },
    }
}

fn reason(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if let Some(rustls::Error::InvalidCertificate(fault)) = tls_error(error) {
        return format!(
            "no connection: its certificate is not trusted ({fault}); --webhook-ca names further authorities"
        );
    }
    if error.is_connect() {
        format!("no connection: {cause}")
    } else {
        format!("the request failed: {cause}")
    }
}

/// The cause in TLS. An [`io::Error`] does not name the error that it wraps as its source.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = error;
    loop {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => wrapped,
            None => cause.source()?,
        };
    }
}
