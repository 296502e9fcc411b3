//! Parts of lists: their queries, cursors and answers.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::Quantity;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::booking::shortened;
use crate::http::errors::ApiError;
use crate::store::{Position, Since};

/// Rows in an answer, unless the request says another number.
pub(super) const DEFAULT_PAGE_ROWS: u32 = 200;
/// Products, lots and movements in one answer.
pub(super) const MAX_PAGE_ROWS: u32 = 1_000;
/// Deliveries and orders in one answer; each has many lines.
pub(super) const MAX_PAGE_DOCUMENTS: u32 = 100;
/// The cursor after everything that was booked so far.
const NOW: &str = "now";

/// The parameters of a request's query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query =
            Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| bad_query(&rejection.body_text()))?;
        Ok(Self(query.0))
    }
}

pub(super) fn bad_query(reason: &str) -> ApiError {
    ApiError::bad_request("bad_query", format!("The query cannot be read: {}.", shortened(reason)))
}

/// The number of rows that a request asks for.
///
/// # Errors
/// 400 for none or too many.
pub(super) fn rows(limit: Option<u32>, max_rows: u32) -> Result<usize, ApiError> {
    let wanted = limit.unwrap_or(DEFAULT_PAGE_ROWS.min(max_rows));
    if !(1..=max_rows).contains(&wanted) {
        return Err(bad_query(&format!("limit is {wanted}; it may be 1 to {max_rows}")));
    }
    Ok(usize::try_from(wanted).unwrap_or(usize::MAX))
}

/// The parameters of a list of products or lots.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RowsQuery {
    /// `next` of the part before; none for the first part.
    pub(super) after: Option<String>,
    /// Rows in the answer, 200 if not given.
    #[param(minimum = 1, maximum = 1_000)]
    pub(super) limit: Option<u32>,
    /// Only the product with this SKU, in any spelling.
    pub(super) sku: Option<String>,
}

/// The parameters of a list of deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveriesQuery {
    /// `next` of the part before; none for the first part.
    pub(super) after: Option<String>,
    /// Deliveries in the answer, 100 if not given.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<u32>,
    /// Only deliveries of which something is still to come.
    #[serde(default)]
    #[param(required = false)]
    pub(super) open: bool,
}

/// The parameters of movements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MovementsQuery {
    /// `next` of the answer before, or `now` for a cursor after everything that is booked; none for the beginning.
    pub(super) after: Option<String>,
    /// Movements in the answer, 200 if not given.
    #[param(minimum = 1, maximum = 1_000)]
    pub(super) limit: Option<u32>,
}

/// The parameters of orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrdersQuery {
    /// `next` of the answer before, or `now` for a cursor after everything that is booked; none for the beginning.
    pub(super) after: Option<String>,
    /// Orders in the answer, 100 if not given.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<u32>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed<T> {
    /// In the order of their ids.
    pub(super) items: Vec<T>,
    /// The value of `after` for the next part; null at the end.
    pub(super) next: Option<String>,
}

impl<T> Listed<T> {
    pub(super) fn of(items: Vec<(String, T)>, more: bool) -> Self {
        let next = items.last().filter(|_| more).map(|(key, _)| key.clone());
        Self { items: items.into_iter().map(|(_, item)| item).collect(), next }
    }
}

/// The bookings since a cursor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Booked<T> {
    /// In the order of booking. None is ever added before one of them.
    pub(super) items: Vec<T>,
    /// The value of `after` for what comes next.
    pub(super) next: String,
    /// Whether there is more already.
    pub(super) more: bool,
}

/// A cursor of bookings as requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Beginning,
    Now,
    Cursor { epoch: Uuid, at: Position },
}

impl After {
    /// # Errors
    /// 400 for a text that is no cursor.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ApiError> {
        match text {
            None => Ok(Self::Beginning),
            Some(NOW) => Ok(Self::Now),
            Some(text) => cursor(text).ok_or_else(|| {
                let message = format!(
                    "after is \"{}\", which is no cursor. Use next of the answer before, {NOW}, or leave it out.",
                    shortened(text)
                );
                ApiError::bad_request("bad_cursor", message)
            }),
        }
    }

    /// The position to read from.
    pub(super) fn position(self) -> Position {
        match self {
            Self::Beginning => Position::default(),
            Self::Now => Position { rev: u64::MAX, line: u64::MAX },
            Self::Cursor { at, .. } => at,
        }
    }

    /// The answer with these bookings. `item` makes one, with its position, of a row and the SKUs of the products.
    ///
    /// # Errors
    /// 410 if the cursor belongs to another life of the site's data.
    pub(super) fn answer<R, T>(
        self,
        since: Since<R>,
        item: impl Fn(&R, &HashMap<Uuid, String>) -> (Position, T),
    ) -> Result<Booked<T>, ApiError> {
        let Since { epoch, rev, packed_rev, page } = since;
        let is_gone = match self {
            Self::Beginning | Self::Now => false,
            Self::Cursor { epoch: of, at } => of != epoch || at.rev > rev,
        };
        if is_gone {
            let message = "The site's data was restored from a backup since this cursor was given. Start without a cursor, or \
                           with after=now.";
            return Err(ApiError::new(StatusCode::GONE, "restored", message));
        }
        if let Self::Cursor { at, .. } = self
            && at.rev < packed_rev
        {
            let message = "The cursor is older than the movements that are kept one by one, some 400 days. Read the lots, and go on \
                           with after=now.";
            return Err(ApiError::new(StatusCode::GONE, "too_old", message));
        }
        let items: Vec<(Position, T)> = page.rows.iter().map(|row| item(row, &page.skus)).collect();
        let last = match (items.last(), self) {
            (Some((at, _)), _) => *at,
            (None, Self::Now) => Position { rev, line: i64::MAX.unsigned_abs() },
            (None, before) => before.position(),
        };
        let next = format!("{}.{}.{}", epoch.simple(), last.rev, last.line);
        Ok(Booked { items: items.into_iter().map(|(_, item)| item).collect(), next, more: page.more })
    }
}

fn cursor(text: &str) -> Option<After> {
    let mut parts = text.split('.');
    let epoch = Uuid::try_parse(parts.next()?).ok()?;
    let mut number = || parts.next()?.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    let at = Position { rev: number()?, line: number()? };
    parts.next().is_none().then_some(After::Cursor { epoch, at })
}

/// A quantity as a decimal number in a text: `-2.5`.
pub(super) fn decimal(quantity: Quantity) -> String {
    quantity.to_string().replace('\u{2212}', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let (epoch, at) = (Uuid::from_u128(9), Position { rev: 12, line: 3 });
        let page = crate::store::Page { rows: vec![at], skus: HashMap::new(), more: true };
        let since = Since { epoch, rev: 14, packed_rev: 12, page };
        let answer = After::Beginning.answer(since.clone(), |at, _| (*at, ())).expect("an answer");
        let read = After::read(Some(&answer.next)).expect("a cursor");
        assert_eq!(read, After::Cursor { epoch, at });
        assert!(read.answer(since.clone(), |at, _| (*at, ())).is_ok());
        for lost in [Since { epoch: Uuid::from_u128(8), ..since.clone() }, Since { rev: 11, ..since.clone() }]
        {
            let refusal = read.answer(lost, |at, _| (*at, ())).expect_err("another life");
            assert_eq!(refusal.parts().1, "restored");
        }
        let packed = Since { packed_rev: 13, ..since.clone() };
        let refusal = read.answer(packed.clone(), |at, _| (*at, ())).expect_err("packed since");
        assert_eq!(refusal.parts().1, "too_old");
        assert!(After::Beginning.answer(packed, |at, _| (*at, ())).is_ok());
        for no_cursor in
            ["", "x", "12.3", "00000000000000000000000000000009.1", &format!("{}.1.2.3", answer.next)]
        {
            assert_eq!(After::read(Some(no_cursor)).expect_err(no_cursor).parts().1, "bad_cursor");
        }
    }

    #[test]
    fn quantities_are_plain_decimals() {
        for (thousandths, text) in [(1_125, "1.125"), (-2_500, "-2.5"), (0, "0"), (1_250_000_000, "1250000")]
        {
            assert_eq!(decimal(Quantity(thousandths)), text);
        }
    }
}
