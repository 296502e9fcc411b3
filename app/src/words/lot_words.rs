//! Why a lot must not be taken, in words.

use domain::{CalendarDate, InventoryLot, LotStatus};

use super::language::{t, tf};

/// A title and the sentence for a lot that is not for use on `today`.
pub(crate) fn not_for_use(lot: &InventoryLot, today: CalendarDate) -> Option<(&'static str, String)> {
    let values: [(&str, &dyn std::fmt::Display); 1] = [("lot", &lot.lot.lot_code)];
    match lot.status {
        LotStatus::Quarantined => Some((t("Blocked"), tf("Lot {lot} is blocked: do not take it.", &values))),
        LotStatus::Reserved => {
            Some((t("Reserved"), tf("Lot {lot} is reserved: ask before you take it.", &values)))
        }
        LotStatus::Available | LotStatus::Expired => {
            let words = || (t("Expired"), tf("Lot {lot} is expired: do not take it.", &values));
            lot.is_expired(today).then(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::LotRef;

    use super::*;

    #[test]
    fn every_lot_that_is_not_for_use_has_its_sentence() {
        let today = "2026-11-21".parse().expect("a date");
        let lot = |status, expires_on: &str| InventoryLot {
            status,
            expires_on: expires_on.parse().ok(),
            ..InventoryLot::empty(LotRef::new(uuid::Uuid::nil(), "L1", "A-1"))
        };
        let said = |status, expires_on| not_for_use(&lot(status, expires_on), today).map(|(_, said)| said);
        let expired = Some("Lot L1 is expired: do not take it.".to_owned());
        assert_eq!(said(LotStatus::Available, "2026-11-21"), None);
        assert_eq!(said(LotStatus::Available, ""), None);
        assert_eq!(said(LotStatus::Available, "2026-11-20"), expired);
        assert_eq!(said(LotStatus::Expired, ""), expired);
        let blocked = said(LotStatus::Quarantined, "2026-11-20");
        assert_eq!(blocked.as_deref(), Some("Lot L1 is blocked: do not take it."));
        let reserved = said(LotStatus::Reserved, "");
        assert_eq!(reserved.as_deref(), Some("Lot L1 is reserved: ask before you take it."));
    }
}
