//! The common parts of requests that write: their name, their checks, and their answer.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::LotRef;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sync::UnixMillis;
use utoipa::ToSchema;

use crate::csv::{BadLine, Item, Source};
use crate::http::body::BodyBytes;
use crate::http::errors::{ApiError, BadItem};
use crate::http::state::AppState;
use crate::import::{ImportOptions, ids_of, prepare};
use crate::store::{
    Answered, ApiKey, Consent, KeyedRequest, NamedKeys, OrderRefusal, RequestOutcome, StockChange, StoreFault,
};

/// Rows of one request: products, lots, or lines of deliveries and orders. They are written in one transaction.
pub(super) const MAX_REQUEST_ROWS: usize = 1_000;
/// Characters of an `Idempotency-Key`.
const MAX_REQUEST_NAME_CHARS: usize = 100;
/// Parts that a refusal lists; the others are only counted.
const MAX_LISTED_ITEMS: usize = 50;
/// How often rows are prepared again because the stock book changed before they were written.
const MAX_ATTEMPTS: u32 = 3;
/// Ids of a new product that are looked up. All are taken only if products with its SKU were renamed that often.
const MAX_IDS_LOOKED_UP: usize = 4;
const HEADER: &str = "idempotency-key";
const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const BAD_ROWS: &str = "bad_rows";

/// The name of a request: the header `Idempotency-Key`.
#[derive(Clone, Debug)]
pub(super) struct RequestName(Option<String>);

impl<S: Sync> FromRequestParts<S> for RequestName {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let is_name = |text: &&str| {
            (1..=MAX_REQUEST_NAME_CHARS).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let name = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        Ok(Self(name.filter(is_name).map(str::to_owned)))
    }
}

impl RequestName {
    /// The request of a key, with its body, to `path`.
    ///
    /// # Errors
    /// 400 without a name.
    pub(super) fn of(
        self,
        key: &ApiKey,
        path: &str,
        body: &BodyBytes,
        now: UnixMillis,
    ) -> Result<KeyedRequest, ApiError> {
        let request = self.0.ok_or_else(|| {
            let message = format!(
                "The request needs the header Idempotency-Key: a text of 1 to {MAX_REQUEST_NAME_CHARS} letters, digits and \
                 signs that is different for each request, and the same when one is sent again."
            );
            ApiError::bad_request("idempotency_key_missing", message)
        })?;
        let mut hash = Sha256::new();
        hash.update(path.as_bytes());
        hash.update(b"\n");
        hash.update(body.bytes());
        Ok(KeyedRequest {
            site: key.site.clone(),
            key: key.key,
            author: key.name.clone(),
            request,
            body_hash: hash.finalize().into(),
            now,
        })
    }
}

/// The numbers of rows that a request has written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    /// New rows.
    added: u64,
    /// Rows with other content than before.
    changed: u64,
    /// Rows with the same content.
    unchanged: u64,
    /// Remarks that are worth a look.
    warnings: Vec<String>,
    /// Whether this is the answer of a request that was booked before under the same `Idempotency-Key`.
    repeated: bool,
}

/// Rows to be written as `import` writes files.
#[derive(Debug)]
pub(super) enum Rows {
    Products(Vec<Item>),
    Lots(Vec<Item>),
    Deliveries(Vec<Item>),
}

impl Rows {
    fn items(&self) -> &[Item] {
        match self {
            Self::Products(items) | Self::Lots(items) | Self::Deliveries(items) => items,
        }
    }

    /// The keys to look up for these rows.
    fn named(&self, site: &str) -> NamedKeys {
        let skus: Vec<String> =
            self.items().iter().filter_map(|item| item.get("sku")).map(|sku| sku.trim().to_owned()).collect();
        let ids: BTreeSet<_> = match self {
            Self::Products(_) => {
                skus.iter().flat_map(|sku| ids_of(site, sku).take(MAX_IDS_LOOKED_UP)).collect()
            }
            Self::Lots(_) | Self::Deliveries(_) => BTreeSet::new(),
        };
        NamedKeys {
            skus,
            ids,
            id_attempts: MAX_IDS_LOOKED_UP,
            has_deliveries: matches!(self, Self::Deliveries(_)),
        }
    }

    fn options(&self, site: &str) -> ImportOptions {
        let source = |items: &Vec<Item>| Some(Source::items("the request", items.clone()));
        let nothing = ImportOptions {
            site: site.to_owned(),
            products: None,
            lots: None,
            deliveries: None,
            skip_bad: true,
        };
        match self {
            Self::Products(items) => ImportOptions { products: source(items), ..nothing },
            Self::Lots(items) => ImportOptions { lots: source(items), ..nothing },
            Self::Deliveries(items) => ImportOptions { deliveries: source(items), ..nothing },
        }
    }
}

/// Checks the number of rows of a request.
///
/// # Errors
/// 400 for none or too many.
pub(super) fn check_rows(rows: usize, what: &str) -> Result<(), ApiError> {
    if (1..=MAX_REQUEST_ROWS).contains(&rows) {
        return Ok(());
    }
    let message = format!("The request has {rows} {what}. Send 1 to {MAX_REQUEST_ROWS} at once.");
    Err(ApiError::bad_request("bad_count", message))
}

/// Checks the lines of the documents of a request.
///
/// # Errors
/// 400 for none or too many, and 422 for a document without any.
pub(super) fn check_lines(what: &str, lines: impl Iterator<Item = usize> + Clone) -> Result<(), ApiError> {
    check_rows(lines.clone().sum(), &format!("lines of {what}"))?;
    let empty = lines.enumerate().filter(|(_, lines)| *lines == 0);
    let item = |(at, _)| BadItem { at: format!("{what}[{at}]"), reason: "it has no lines".to_owned() };
    let items: Vec<BadItem> = empty.map(item).collect();
    if items.is_empty() { Ok(()) } else { Err(listed(items)) }
}

/// Writes rows as `import` does, all or none. `place` is the place in the body of a row, counted from 0.
pub(super) async fn import(
    state: &AppState,
    request: KeyedRequest,
    rows: Rows,
    consent: Consent,
    place: impl Fn(usize) -> String + Send + Sync,
) -> Result<Written, ApiError> {
    if let Some(before) = state.store.answered(&request).await? {
        return written(state, &request.site, before, &place);
    }
    for _ in 0..MAX_ATTEMPTS {
        match attempt(state, &request, &rows, &consent, &place).await {
            // The stock book has changed since the keys of the rows were looked up.
            Err(StoreFault::Invalid { code: "sku_taken" | "unknown_product", .. }) => {}
            Err(fault) => return Err(fault.into()),
            Ok(answer) => return answer,
        }
    }
    Err(StoreFault::Busy.into())
}

async fn attempt(
    state: &AppState,
    request: &KeyedRequest,
    rows: &Rows,
    consent: &Consent,
    place: &(impl Fn(usize) -> String + Sync),
) -> Result<Result<Written, ApiError>, StoreFault> {
    let known = state.store.known_keys_of(&request.site, rows.named(&request.site)).await?;
    let prepared = match prepare(&known, rows.options(&request.site), request.now) {
        Ok(prepared) => prepared,
        Err(error) => return Ok(Err(refused(UNPROCESSABLE, BAD_ROWS, error.to_string(), Vec::new()))),
    };
    let (import, bad, warnings) = prepared.into_parts();
    if !bad.is_empty() {
        return Ok(Err(bad_rows(&bad, place)));
    }
    let lots: Vec<LotRef> = import.lots.iter().map(|record| record.lot.clone()).collect();
    let answer = state.store.import_once(request.clone(), import, warnings, consent.clone()).await?;
    let Answered::Stock(changes) = &answer else { return Ok(written(state, &request.site, answer, place)) };
    let is_of = |change: &StockChange, lot: &LotRef| {
        lot.product_id == change.lot.product_id && lot.id() == change.lot.id()
    };
    let at = |change: &StockChange| lots.iter().position(|lot| is_of(change, lot)).map(place);
    Ok(Err(stock_changes(changes, |change| at(change).unwrap_or_default())))
}

fn written(
    state: &AppState,
    site: &str,
    answer: Answered,
    place: &impl Fn(usize) -> String,
) -> Result<Written, ApiError> {
    let (outcome, repeated) = booked(state, site, answer, place)?;
    match outcome {
        RequestOutcome::Imported { added, changed, unchanged, warnings } => {
            Ok(Written { added, changed, unchanged, warnings, repeated })
        }
        RequestOutcome::Ordered(_) => Err(other_body()),
    }
}

/// The outcome, and whether the request had been booked before. Tells the site's devices.
///
/// # Errors
/// The reason why nothing was.
pub(super) fn booked(
    state: &AppState,
    site: &str,
    answer: Answered,
    place: &impl Fn(usize) -> String,
) -> Result<(RequestOutcome, bool), ApiError> {
    match answer {
        Answered::Booked { outcome, rev, is_repeat } => {
            state.revisions.announce(site, rev);
            Ok((outcome, is_repeat))
        }
        Answered::OtherBody => Err(other_body()),
        Answered::Stock(changes) => Err(stock_changes(&changes, |_| String::new())),
        Answered::Orders(orders) => {
            let item = |OrderRefusal { at, message }| BadItem { at: place(at), reason: message };
            let items = orders.into_iter().map(item).collect();
            Err(listed(items))
        }
    }
}

fn other_body() -> ApiError {
    let message = "Another request was booked under this Idempotency-Key. Send this one under a key of its own; the one that \
                   was booked stays.";
    ApiError::new(StatusCode::CONFLICT, "idempotency_key_reused", message)
}

fn bad_rows(bad: &[BadLine], place: &impl Fn(usize) -> String) -> ApiError {
    let item = |bad: &BadLine| {
        let index = usize::try_from(bad.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let field = if bad.column.is_empty() { String::new() } else { format!(".{}", bad.column) };
        BadItem { at: place(index) + &field, reason: bad.reason.clone() }
    };
    listed(bad.iter().map(item).collect())
}

fn stock_changes(changes: &[StockChange], at: impl Fn(&StockChange) -> String) -> ApiError {
    let item = |change: &StockChange| BadItem {
        at: at(change),
        reason: format!("{} in the book, {} in the request", change.before.grouped(), change.after.grouped()),
    };
    let message = format!(
        "Nothing was booked: the request would change the stock of {} known lots. If that is meant, send it with \
         \"change_stock\": true under another Idempotency-Key.",
        changes.len()
    );
    refused(StatusCode::CONFLICT, "stock_changes", message, changes.iter().map(item).collect())
}

/// The refusal of a request some parts of which cannot be booked.
pub(super) fn listed(items: Vec<BadItem>) -> ApiError {
    let first = items.first().map(|item| format!("{}: {}", item.at, item.reason)).unwrap_or_default();
    let others = match items.len().saturating_sub(1) {
        0 => String::new(),
        others => format!(" ({others} more are in items)"),
    };
    refused(
        UNPROCESSABLE,
        BAD_ROWS,
        format!("Nothing was booked. {}{others}.", first.trim_end_matches('.')),
        items,
    )
}

fn refused(status: StatusCode, code: &'static str, message: String, mut items: Vec<BadItem>) -> ApiError {
    items.truncate(MAX_LISTED_ITEMS);
    ApiError::new(status, code, message).of_items(items)
}
