//! The app's addresses, and the work on a lot that some of them name.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::icon::Glyph;

/// Every page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    /// The stock list.
    Stock,
    /// The form for a new product; `?barcode=` fills that field in.
    NewProduct,
    /// One product with its lots.
    Product { id: Uuid },
    /// The form for its fields.
    EditProduct { id: Uuid },
    /// Work on one of its lots; `?lot=` chooses which.
    Work { id: Uuid, operation: LotWork },
    /// An order.
    Checkout,
    /// The queue, what needs attention, and the synchronisation itself.
    Sync,
    /// Makes this device known to the server.
    Enrol,
    /// The same with the one-time code filled in: letters, digits and dashes, so nothing is escaped.
    EnrolWith { code: String },
    /// Anything else.
    NotFound,
}

// The derived form brings a matcher for any pattern, which weighs more than all these addresses.
impl Routable for Route {
    fn from_path(path: &str, _: &HashMap<&str, &str>) -> Option<Self> {
        Self::recognize(path)
    }

    fn to_path(&self) -> String {
        match self {
            Self::Stock => "/".to_owned(),
            Self::NewProduct => "/product/new".to_owned(),
            Self::Product { id } => format!("/product/{id}"),
            Self::EditProduct { id } => format!("/product/{id}/edit"),
            Self::Work { id, operation } => format!("/product/{id}/work/{operation}"),
            Self::Checkout => "/checkout".to_owned(),
            Self::Sync => "/sync".to_owned(),
            Self::Enrol => "/enrol".to_owned(),
            Self::EnrolWith { code } => format!("/enrol/{code}"),
            Self::NotFound => "/404".to_owned(),
        }
    }

    fn routes() -> Vec<&'static str> {
        vec![
            "/",
            "/product/new",
            "/product/:id",
            "/product/:id/edit",
            "/product/:id/work/:operation",
            "/checkout",
            "/sync",
            "/enrol",
            "/enrol/:code",
            "/404",
        ]
    }

    fn not_found_route() -> Option<Self> {
        Some(Self::NotFound)
    }

    fn recognize(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let route = match segments[..] {
            [""] => Some(Self::Stock),
            ["product", "new"] => Some(Self::NewProduct),
            ["product", id, ref rest @ ..] => id.parse().ok().and_then(|id| Self::about(id, rest)),
            ["checkout"] => Some(Self::Checkout),
            ["sync"] => Some(Self::Sync),
            ["enrol"] => Some(Self::Enrol),
            ["enrol", code] => Some(Self::EnrolWith { code: code.to_owned() }),
            _ => None,
        };
        route.or_else(Self::not_found_route)
    }
}

impl Route {
    /// The page about a product that the segments after its id name.
    fn about(id: Uuid, segments: &[&str]) -> Option<Self> {
        match *segments {
            [] => Some(Self::Product { id }),
            ["edit"] => Some(Self::EditProduct { id }),
            ["work", operation] => operation.parse().ok().map(|operation| Self::Work { id, operation }),
            _ => None,
        }
    }

    /// The address of work on a lot; without a lot the page chooses one.
    pub(crate) fn work_on(id: Uuid, operation: LotWork, lot: Option<Uuid>) -> String {
        let path = Self::Work { id, operation }.to_path();
        lot.map_or_else(|| path.clone(), |lot| format!("{path}?lot={lot}"))
    }

    /// Whether it shows the stock list beside it where there is room.
    pub(crate) const fn is_beside_list(&self) -> bool {
        matches!(
            self,
            Self::Stock
                | Self::NewProduct
                | Self::Product { .. }
                | Self::EditProduct { .. }
                | Self::Work { .. }
        )
    }

    /// Whether one thing is being done, so that a small screen gives it all its room.
    pub(crate) const fn is_task(&self) -> bool {
        self.is_beside_list() && !matches!(self, Self::Stock)
    }
}

/// A value of the address's query, such as `lot`.
#[hook]
pub(crate) fn use_query(name: &'static str) -> Option<String> {
    let query = use_location()?.query_str().to_owned();
    UrlSearchParams::new_with_str(&query).ok()?.get(name)
}

/// What is done to a lot; in addresses `put-away`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LotWork {
    Receive,
    Pick,
    Move,
    PutAway,
    Adjust,
    Count,
}

impl LotWork {
    /// All of them, the most frequent first.
    pub(crate) const ALL: [Self; 6] =
        [Self::Pick, Self::Receive, Self::Move, Self::Count, Self::Adjust, Self::PutAway];

    /// As in addresses and test hooks.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Pick => "pick",
            Self::Move => "move",
            Self::PutAway => "put-away",
            Self::Adjust => "adjust",
            Self::Count => "count",
        }
    }

    /// As on buttons.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Receive => "Receive",
            Self::Pick => "Pick",
            Self::Move => "Move",
            Self::PutAway => "Put away",
            Self::Adjust => "Adjust",
            Self::Count => "Count",
        }
    }

    /// Its icon.
    pub(crate) const fn glyph(self) -> Glyph {
        match self {
            Self::Receive => Glyph::Receive,
            Self::Pick => Glyph::Pick,
            Self::Move => Glyph::Move,
            Self::PutAway => Glyph::PutAway,
            Self::Adjust => Glyph::Adjust,
            Self::Count => Glyph::Count,
        }
    }
}

impl fmt::Display for LotWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The address names no work that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownWork;

impl FromStr for LotWork {
    type Err = UnknownWork;

    fn from_str(code: &str) -> Result<Self, UnknownWork> {
        Self::ALL.into_iter().find(|work| work.code() == code).ok_or(UnknownWork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_has_an_address_of_its_own() {
        for work in LotWork::ALL {
            assert_eq!(work.to_string().parse(), Ok(work));
            let route = Route::Work { id: Uuid::nil(), operation: work };
            assert_eq!(Route::recognize(&route.to_path()), Some(route));
        }
        assert_eq!("eat".parse::<LotWork>(), Err(UnknownWork));
    }

    #[test]
    fn a_new_product_is_not_a_product_called_new() {
        assert_eq!(Route::recognize("/product/new"), Some(Route::NewProduct));
        assert_eq!(Route::recognize("/product/none"), Some(Route::NotFound));
        assert_eq!(Route::recognize("/enrol/AB-12"), Some(Route::EnrolWith { code: "AB-12".into() }));
        assert_eq!(Route::recognize("/"), Some(Route::Stock));
        assert_eq!(Route::recognize("/sync/"), Some(Route::Sync));
        assert_eq!(Route::recognize("/sync/now"), Some(Route::NotFound));
    }
}
