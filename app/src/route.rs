//! The app's addresses, and the work on a lot that some of them name.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::words::language::key;

/// Every page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    /// What can be done, and what was done last.
    Home,
    /// Where work begins: the goods are scanned or chosen.
    Start { operation: LotWork },
    /// One expected delivery.
    Delivery { id: Uuid },
    /// One bin with its lots; `?work=` says what they are chosen for.
    Bin { location: String },
    /// Several lots on their way to another bin.
    Transfer,
    /// The stock list.
    Stock,
    /// The form for a new product; `?barcode=` fills that field in.
    NewProduct,
    /// One product with its lots.
    Product { id: Uuid },
    /// The form for its fields.
    EditProduct { id: Uuid },
    /// Who did what to it; `?lot=` narrows it to one lot.
    History { id: Uuid },
    /// Work on one of its lots; `?lot=` chooses which, `?then=` where to go afterwards.
    Work { id: Uuid, operation: LotWork },
    /// An order.
    Checkout,
    /// Every lot, with filters.
    Lots,
    /// What the stock is worth, and how long it keeps.
    Report,
    /// What needs a person.
    Inbox,
    /// The queue and the synchronisation itself.
    Sync,
    /// What this device's user chooses.
    Settings,
    /// Shows what the scanner sends.
    ScannerTest,
    /// The commands as barcodes, to print.
    Commands,
    /// The first steps on a new device.
    Welcome,
    /// Makes this device known to the server.
    Enrol,
    /// The same with the one-time code filled in: letters, digits and dashes, so nothing is escaped.
    EnrolWith { code: String },
    /// Anything else.
    NotFound,
}

/// Pages whose addresses say nothing more.
const PLAIN: [(&str, Route); 13] = [
    ("/", Route::Home),
    ("/transfer", Route::Transfer),
    ("/stock", Route::Stock),
    ("/product/new", Route::NewProduct),
    ("/checkout", Route::Checkout),
    ("/lots", Route::Lots),
    ("/report", Route::Report),
    ("/inbox", Route::Inbox),
    ("/sync", Route::Sync),
    ("/settings", Route::Settings),
    ("/scanner", Route::ScannerTest),
    ("/commands", Route::Commands),
    ("/welcome", Route::Welcome),
];

// The derived form brings a matcher for any pattern, which weighs more than all these addresses.
impl Routable for Route {
    fn from_path(path: &str, _: &HashMap<&str, &str>) -> Option<Self> {
        Self::recognize(path)
    }

    fn to_path(&self) -> String {
        match self {
            Self::Start { operation } => format!("/work/{operation}"),
            Self::Delivery { id } => format!("/delivery/{id}"),
            Self::Bin { location } => format!("/bin/{}", js_sys::encode_uri_component(location)),
            Self::Product { id } => format!("/product/{id}"),
            Self::EditProduct { id } => format!("/product/{id}/edit"),
            Self::History { id } => format!("/product/{id}/history"),
            Self::Work { id, operation } => format!("/product/{id}/work/{operation}"),
            Self::Enrol => "/enrol".to_owned(),
            Self::EnrolWith { code } => format!("/enrol/{code}"),
            plain => {
                PLAIN.iter().find(|(_, route)| route == plain).map_or("/404", |(path, _)| path).to_owned()
            }
        }
    }

    fn routes() -> Vec<&'static str> {
        let plain = PLAIN.map(|(path, _)| path);
        let others = [
            "/work/:operation",
            "/delivery/:id",
            "/bin/:location",
            "/product/:id",
            "/product/:id/edit",
            "/product/:id/history",
            "/product/:id/work/:operation",
            "/enrol",
            "/enrol/:code",
            "/404",
        ];
        plain.into_iter().chain(others).collect()
    }

    fn not_found_route() -> Option<Self> {
        Some(Self::NotFound)
    }

    fn recognize(path: &str) -> Option<Self> {
        let trimmed = format!("/{}", path.trim_matches('/'));
        if let Some((_, route)) = PLAIN.into_iter().find(|(plain, _)| *plain == trimmed) {
            return Some(route);
        }
        let segments: Vec<&str> = trimmed.trim_matches('/').split('/').collect();
        let route = match segments[..] {
            ["work", operation] => operation.parse().ok().map(|operation| Self::Start { operation }),
            ["delivery", id] => id.parse().ok().map(|id| Self::Delivery { id }),
            ["bin", location] => decoded(location).map(|location| Self::Bin { location }),
            ["product", id, ref rest @ ..] => id.parse().ok().and_then(|id| Self::about(id, rest)),
            ["enrol"] => Some(Self::Enrol),
            ["enrol", code] => Some(Self::EnrolWith { code: code.to_owned() }),
            _ => None,
        };
        route.or_else(Self::not_found_route)
    }
}

fn decoded(segment: &str) -> Option<String> {
    js_sys::decode_uri_component(segment).ok().map(String::from).filter(|text| !text.trim().is_empty())
}

impl Route {
    /// The page about a product that the segments after its id name.
    fn about(id: Uuid, segments: &[&str]) -> Option<Self> {
        match *segments {
            [] => Some(Self::Product { id }),
            ["edit"] => Some(Self::EditProduct { id }),
            ["history"] => Some(Self::History { id }),
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
                | Self::History { .. }
                | Self::Work { .. }
        )
    }

    /// The product that its page is about.
    pub(crate) const fn product(&self) -> Option<Uuid> {
        match self {
            Self::Product { id }
            | Self::EditProduct { id }
            | Self::History { id }
            | Self::Work { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether one thing is being done, so that a small screen gives it all its room.
    pub(crate) const fn is_task(&self) -> bool {
        self.is_beside_list() && !matches!(self, Self::Stock)
    }

    /// Whether its page has something of its own to do with scans, once it is drawn.
    pub(crate) const fn hears_scans(&self) -> bool {
        self.keeps_awake() || matches!(self, Self::Product { .. } | Self::ScannerTest)
    }

    /// Whether hands are full while it is shown, so that the screen should not go dark.
    pub(crate) const fn keeps_awake(&self) -> bool {
        matches!(
            self,
            Self::Start { .. }
                | Self::Delivery { .. }
                | Self::Bin { .. }
                | Self::Work { .. }
                | Self::Transfer
                | Self::Checkout
        )
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

    /// As on buttons, in English: a key.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Receive => key("Receive"),
            Self::Pick => key("Pick"),
            Self::Move => key("Move"),
            Self::PutAway => key("Put away"),
            Self::Adjust => key("Adjust"),
            Self::Count => key("Count"),
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
        assert_eq!(Route::recognize("/"), Some(Route::Home));
        for (path, route) in PLAIN {
            assert_eq!((Route::recognize(path), route.to_path()), (Some(route), path.to_owned()));
        }
        assert_eq!(Route::recognize("/sync/"), Some(Route::Sync));
        assert_eq!(Route::recognize("/sync/now"), Some(Route::NotFound));
    }
}
