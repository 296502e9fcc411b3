//! The app's addresses, and the work on a lot that some of them name.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::icon::Glyph;

/// Every page.
#[derive(Clone, Debug, PartialEq, Routable)]
pub(crate) enum Route {
    /// The stock list.
    #[at("/")]
    Stock,
    /// The form for a new product; `?barcode=` fills that field in.
    #[at("/product/new")]
    NewProduct,
    /// One product with its lots.
    #[at("/product/:id")]
    Product { id: Uuid },
    /// The form for its fields.
    #[at("/product/:id/edit")]
    EditProduct { id: Uuid },
    /// Work on one of its lots; `?lot=` chooses which.
    #[at("/product/:id/work/:operation")]
    Work { id: Uuid, operation: LotWork },
    /// An order.
    #[at("/checkout")]
    Checkout,
    /// The queue, what needs attention, and the synchronisation itself.
    #[at("/sync")]
    Sync,
    /// Makes this device known to the server.
    #[at("/enrol")]
    Enrol,
    /// The same with the one-time code filled in.
    #[at("/enrol/:code")]
    EnrolWith { code: String },
    /// Anything else.
    #[not_found]
    #[at("/404")]
    NotFound,
}

impl Route {
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
    }
}
