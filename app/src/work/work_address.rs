//! Addresses of work pages that carry what was scanned before they open. Pure.

use uuid::Uuid;

use crate::desk::scan::Scanned;
use crate::route::{LotWork, Route};

/// Work that a scan begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkAddress<'a> {
    pub(crate) work: LotWork,
    pub(crate) product: Uuid,
    pub(crate) lot: Option<Uuid>,
    /// The label's own words, if there was one.
    pub(crate) scanned: Option<&'a Scanned>,
    /// The bin that goods are found in or come into.
    pub(crate) bin: Option<&'a str>,
    pub(crate) delivery: Option<Uuid>,
    /// Where to go afterwards.
    pub(crate) then: &'a str,
}

impl WorkAddress<'_> {
    /// Its path and query; `encode` writes a value as addresses need it.
    pub(crate) fn with(&self, encode: impl Fn(&str) -> String) -> String {
        let mut query = vec![format!("then={}", encode(self.then))];
        query.extend(self.lot.map(|lot| format!("lot={lot}")));
        query.extend(self.bin.map(|bin| format!("bin={}", encode(bin))));
        query.extend(self.delivery.map(|delivery| format!("delivery={delivery}")));
        if let Some(scanned) = self.scanned {
            query.extend(scanned.lot_code.as_ref().map(|code| format!("code={}", encode(code))));
            query.extend(scanned.expires_on.map(|date| format!("expires={date}")));
            let count = scanned.count.map_or_else(|| "1".to_owned(), |count| count.to_string());
            query.push(format!("n={}", encode(&count)));
        }
        format!("/product/{}/work/{}?{}", self.product, self.work, query.join("&"))
    }

    /// Its path and query, as the browser writes them.
    pub(crate) fn path(&self) -> String {
        self.with(|value| String::from(js_sys::encode_uri_component(value)))
    }
}

impl Route {
    /// What a scan of goods begins on the start page of some work.
    pub(crate) fn begun_by(work: LotWork, product: Uuid, scanned: Option<&Scanned>, then: &str) -> String {
        WorkAddress { work, product, lot: None, scanned, bin: None, delivery: None, then }.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_label_said_is_in_the_address() {
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
