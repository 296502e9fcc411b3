//! Where to go after a new product was saved: back to the page on which its code was unknown. Pure.

use uuid::Uuid;
use yew_router::Routable;

use crate::route::{LotWork, Route};

/// The label of the unknown goods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) barcode: String,
    pub(crate) lot_code: Option<String>,
    /// `2027-05-31`.
    pub(crate) expires_on: Option<String>,
}

/// The address to go to with the new product `id` chosen; `then` is the page on which its code was unknown.
pub(crate) fn after_new(then: Option<&str>, id: Uuid, label: &Label) -> String {
    after_with(then, id, label, |value| String::from(js_sys::encode_uri_component(value)))
}

fn after_with(then: Option<&str>, id: Uuid, label: &Label, encode: impl Fn(&str) -> String) -> String {
    let product = || Route::Product { id }.to_path();
    let Some(then) = then else { return product() };
    let (path, query) = then.split_once('?').unwrap_or((then, ""));
    let work = |operation: LotWork, delivery: Option<&str>| {
        let label = [
            ("delivery", delivery),
            ("code", label.lot_code.as_deref()),
            ("expires", label.expires_on.as_deref()),
        ];
        let label = label.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", encode(value?))));
        format!("/product/{id}/work/{operation}?then={}&n=1{}", encode(then), label.collect::<String>())
    };
    match *path.trim_matches('/').split('/').collect::<Vec<_>>() {
        ["work", operation] => {
            operation.parse().map_or_else(|_| product(), |operation| work(operation, None))
        }
        ["delivery", delivery] => work(LotWork::Receive, Some(delivery)),
        // The unfinished entry of the other goods is a draft meanwhile.
        ["product", _, "work", operation] => {
            let delivery = query.split('&').find_map(|part| part.strip_prefix("delivery="));
            operation.parse().map_or_else(|_| product(), |operation| work(operation, delivery))
        }
        ["checkout"] => format!("/checkout?add={id}"),
        ["transfer" | "inbox"] | ["bin", _] => then.to_owned(),
        _ => product(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn after(then: &str, label: &Label) -> String {
        let encode = |value: &str| value.replace('/', "_").replace('&', "+").replace('?', "!");
        after_with(Some(then), ID, label, encode).replace(&ID.to_string(), "ID")
    }

    #[test]
    fn a_receipt_goes_on_with_the_new_product() {
        let bare = Label { barcode: "4000".into(), ..Label::default() };
        let label =
            Label { lot_code: Some("L1".into()), expires_on: Some("2027-05-31".into()), ..bare.clone() };
        assert_eq!(after("/work/receive", &bare), "/product/ID/work/receive?then=_work_receive&n=1");
        assert_eq!(
            after("/work/receive", &label),
            "/product/ID/work/receive?then=_work_receive&n=1&code=L1&expires=2027-05-31"
        );
        assert_eq!(after("/delivery/D", &bare), "/product/ID/work/receive?then=_delivery_D&n=1&delivery=D");
        assert_eq!(
            after("/product/OTHER/work/receive?n=1&delivery=D", &bare),
            "/product/ID/work/receive?then=_product_OTHER_work_receive!n=1+delivery=D&n=1&delivery=D"
        );
    }

    #[test]
    fn other_pages_are_returned_to_and_a_page_without_goods_leads_to_the_product() {
        let bare = Label::default();
        assert_eq!(after("/checkout", &bare), "/checkout?add=ID");
        assert_eq!(after("/bin/A-1?work=count", &bare), "/bin/A-1?work=count");
        assert_eq!(after("/transfer", &bare), "/transfer");
        for other in ["/stock", "/", "/work/eat", "/product/OTHER"] {
            assert_eq!(after(other, &bare), "/product/ID", "{other}");
        }
        assert_eq!(after_with(None, ID, &bare, str::to_owned), format!("/product/{ID}"));
    }
}
