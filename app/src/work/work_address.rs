//! Addresses of operations' pages, with the content of a scan before the page opens. Pure.

use domain::Amount;
use uuid::Uuid;

use crate::desk::scan::Scanned;
use crate::route::{LotWork, Route};

/// An operation that a scan starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkAddress<'a> {
    pub(crate) work: LotWork,
    pub(crate) product: Uuid,
    pub(crate) lot: Option<Uuid>,
    /// The content of the label, if there was one.
    pub(crate) scanned: Option<&'a Scanned>,
    /// The bin in which goods are found or put.
    pub(crate) bin: Option<&'a str>,
    pub(crate) delivery: Option<Uuid>,
    /// The address to go to afterwards.
    pub(crate) then: &'a str,
}

impl WorkAddress<'_> {
    /// Its path and query; `encode` escapes a value for the address.
    pub(crate) fn with(&self, encode: impl Fn(&str) -> String) -> String {
        let mut query = vec![format!("then={}", encode(self.then))];
        query.extend(self.lot.map(|lot| format!("lot={lot}")));
        query.extend(self.bin.map(|bin| format!("bin={}", encode(bin))));
        query.extend(self.delivery.map(|delivery| format!("delivery={delivery}")));
        if let Some(scanned) = self.scanned {
            query.extend(scanned.lot_code.as_ref().map(|code| format!("code={}", encode(code))));
            query.extend(scanned.expires_on.map(|date| format!("expires={date}")));
            let is_unread = matches!(scanned.amount, Some(Amount::Other(_)));
            let quantity = if is_unread { String::new() } else { scanned.quantity().to_string() };
            query.push(format!("n={}", encode(&quantity)));
        }
        format!("/product/{}/work/{}?{}", self.product, self.work, query.join("&"))
    }

    /// Its path and query, escaped by the browser.
    pub(crate) fn path(&self) -> String {
        self.with(|value| String::from(js_sys::encode_uri_component(value)))
    }
}

impl Route {
    /// The address for a scan of goods on the start page of an operation.
    pub(crate) fn begun_by(work: LotWork, product: Uuid, scanned: Option<&Scanned>, then: &str) -> String {
        WorkAddress { work, product, lot: None, scanned, bin: None, delivery: None, then }.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_the_label_is_in_the_address() {
        let scanned = Scanned {
            lot_code: Some("A 1".into()),
            expires_on: "2027-05-31".parse().ok(),
            ..Scanned::plain("4000000000000")
        };
        let address = WorkAddress {
            work: LotWork::Receive,
            product: Uuid::nil(),
            lot: None,
            scanned: Some(&scanned),
            bin: None,
            delivery: None,
            then: "/work/receive",
        };
        let path = address.with(|value| value.replace(' ', "%20"));
        let expected = "?then=/work/receive&code=A%201&expires=2027-05-31&n=1";
        assert!(path.ends_with(expected), "{path}");
    }
}
