//! The app's routes, and the operations on a lot that are part of some routes.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::words::language::key;

/// Maximum number of lots of one transfer. A link hands them over in less than 8 KB, which servers accept as an address.
pub(crate) const MAX_TRANSFER_LOTS: usize = 100;

/// Every page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    /// The start page: all tasks, and the latest changes.
    Home,
    /// The start of an operation: scan or choose the goods.
    Start { operation: LotWork },
    /// One expected delivery.
    Delivery { id: Uuid },
    /// One bin with its lots; `?work=` is the operation to choose a lot for.
    Bin { location: String },
    /// A transfer of several lots to another bin; `?lots=` are the first ones.
    Transfer,
    /// The stock list.
    Stock,
    /// The form for a new product; `?barcode=` prefills that field.
    NewProduct,
    /// One product with its lots; `?lot=` is the one that is open.
    Product { id: Uuid },
    /// The form to edit a product.
    EditProduct { id: Uuid },
    /// The changes to a product; `?lot=` limits it to one lot.
    History { id: Uuid },
    /// An operation on one of its lots; `?lot=` is the lot, `?then=` the address to go to afterwards.
    Work { id: Uuid, operation: LotWork },
    /// An order.
    Checkout,
    /// Every lot, with filters; `?open=` is the product in the pane.
    Lots,
    /// Report on the value and the expiry of the stock.
    Report,
    /// Exceptions, refused changes and unknown codes.
    Inbox,
    /// The queue and the sync status.
    Sync,
    /// The settings of this device.
    Settings,
    /// Shows the input of the scanner.
    ScannerTest,
    /// The commands as barcodes, for printing.
    Commands,
    /// The first-run guide.
    Welcome,
    /// Enrols this device.
    Enrol,
    /// Enrols this device with the given one-time code: letters, digits and dashes, so nothing is escaped.
    EnrolWith { code: String },
    /// Anything else.
    NotFound,
}

/// Pages without parameters in their address.
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

// The derived implementation includes a general pattern matcher, which is larger than all these addresses.
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

fn with_lot(path: String, lot: Option<Uuid>) -> String {
    match lot {
        Some(lot) => format!("{path}?lot={lot}"),
        None => path,
    }
}

fn decoded(segment: &str) -> Option<String> {
    js_sys::decode_uri_component(segment).ok().map(String::from).filter(|text| !text.trim().is_empty())
}

impl Route {
    /// The page of a product that the segments after its id stand for.
    fn about(id: Uuid, segments: &[&str]) -> Option<Self> {
        match *segments {
            [] => Some(Self::Product { id }),
            ["edit"] => Some(Self::EditProduct { id }),
            ["history"] => Some(Self::History { id }),
            ["work", operation] => operation.parse().ok().map(|operation| Self::Work { id, operation }),
            _ => None,
        }
    }

    /// The address of an operation on a lot; without a lot the page asks for one.
    pub(crate) fn work_on(id: Uuid, operation: LotWork, lot: Option<Uuid>) -> String {
        with_lot(Self::Work { id, operation }.to_path(), lot)
    }

    /// The address of a product with one of its lots open.
    pub(crate) fn at_lot(id: Uuid, lot: Option<Uuid>) -> String {
        with_lot(Self::Product { id }.to_path(), lot)
    }

    /// The address of the lots page with a lot's product in its pane.
    pub(crate) fn lots_with(product: Uuid, lot: Uuid) -> String {
        format!("{}?open={product}&lot={lot}", Self::Lots.to_path())
    }

    /// The address of a transfer of these lots, each a product's id and a lot's; at most [`MAX_TRANSFER_LOTS`].
    pub(crate) fn transfer_of(lots: impl Iterator<Item = (Uuid, Uuid)>) -> String {
        let lots: Vec<String> = lots
            .take(MAX_TRANSFER_LOTS)
            .map(|(product, lot)| format!("{}.{}", product.simple(), lot.simple()))
            .collect();
        format!("{}?lots={}", Self::Transfer.to_path(), lots.join("~"))
    }

    /// The lots in the `lots` query of such an address; malformed ones are skipped.
    pub(crate) fn lots_of_transfer(query: &str) -> Vec<(Uuid, Uuid)> {
        let lot = |text: &str| {
            let (product, lot) = text.split_once('.')?;
            Some((product.parse().ok()?, lot.parse().ok()?))
        };
        query.split('~').take(MAX_TRANSFER_LOTS).filter_map(lot).collect()
    }

    /// Whether the stock list is shown beside it on wide screens.
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

    /// The product that the page shows.
    pub(crate) const fn product(&self) -> Option<Uuid> {
        match self {
            Self::Product { id }
            | Self::EditProduct { id }
            | Self::History { id }
            | Self::Work { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether it is a single task, which gets the whole of a small screen.
    pub(crate) const fn is_task(&self) -> bool {
        self.is_beside_list() && !matches!(self, Self::Stock)
    }

    /// Whether its page is for work, so that it has to be known who works.
    pub(crate) const fn needs_person(&self) -> bool {
        matches!(
            self,
            Self::Home
                | Self::Start { .. }
                | Self::Delivery { .. }
                | Self::Transfer
                | Self::NewProduct
                | Self::EditProduct { .. }
                | Self::Work { .. }
                | Self::Checkout
                | Self::Inbox
        )
    }

    /// Whether its page sets the device up, whoever does it.
    pub(crate) const fn sets_up(&self) -> bool {
        matches!(self, Self::Enrol | Self::EnrolWith { .. } | Self::Welcome)
    }

    /// Whether its page handles scans itself, once it is rendered.
    pub(crate) const fn hears_scans(&self) -> bool {
        self.keeps_awake() || matches!(self, Self::Product { .. } | Self::ScannerTest)
    }

    /// Whether the screen should stay on, because people have their hands full.
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

/// A parameter of the address's query, such as `lot`.
#[hook]
pub(crate) fn use_query(name: &'static str) -> Option<String> {
    let query = use_location()?.query_str().to_owned();
    UrlSearchParams::new_with_str(&query).ok()?.get(name)
}

/// The address to go to afterwards, from the query's `then`: only one of this app.
#[hook]
pub(crate) fn use_then() -> Option<String> {
    use_query("then").filter(|path| path.starts_with('/') && !path.starts_with("//"))
}

/// An operation on a lot; in addresses `put-away`.
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
    /// All operations, the most frequent first.
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

    /// The label of buttons, in English: a translation key.
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

/// The address contains an unknown operation.
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
    fn every_operation_has_an_address_of_its_own() {
        for work in LotWork::ALL {
            assert_eq!(work.to_string().parse(), Ok(work));
            let route = Route::Work { id: Uuid::nil(), operation: work };
            assert_eq!(Route::recognize(&route.to_path()), Some(route));
        }
        assert_eq!("eat".parse::<LotWork>(), Err(UnknownWork));
    }

    #[test]
    fn the_address_of_a_transfer_has_its_lots() {
        let ids = |n| (Uuid::from_u128(n), Uuid::from_u128(n + 1_000));
        let address = Route::transfer_of((0..120).map(ids));
        assert!(address.len() < 8_000, "{} bytes", address.len());
        let (path, query) = address.split_once("?lots=").expect("a query");
        assert_eq!(Route::recognize(path), Some(Route::Transfer));
        assert_eq!(Route::lots_of_transfer(query), (0..100).map(ids).collect::<Vec<_>>());
        assert_eq!(Route::lots_of_transfer("x~1.2~"), []);
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
