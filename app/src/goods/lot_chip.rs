//! Chips for a lot's status and for the time to its expiry.

use domain::{CalendarDate, InventoryLot, LotStatus};
use yew::prelude::*;

use crate::book::lot_filter::{PRESSING_DAYS, SOON_DAYS};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::words::format;
use crate::words::language::t;

/// The label of a lot's status.
pub(crate) fn status_word(status: LotStatus) -> &'static str {
    match status {
        LotStatus::Available => t("Available"),
        LotStatus::Reserved => t("Reserved"),
        LotStatus::Quarantined => t("Quarantined"),
        LotStatus::Expired => t("Expired"),
    }
}

/// A chip for a lot's status or expiry: days left, `Expired`, `Quarantined`.
pub(crate) fn lot_chip(lot: &InventoryLot, today: CalendarDate) -> Html {
    let (tone, glyph, text) = match lot.status {
        LotStatus::Quarantined => {
            (Tone::Attention, Some(Glyph::Attention), status_word(lot.status).to_owned())
        }
        LotStatus::Reserved => (Tone::Info, Some(Glyph::Key), status_word(lot.status).to_owned()),
        LotStatus::Expired => (Tone::Quiet, None, status_word(lot.status).to_owned()),
        LotStatus::Available => match lot.expires_on {
            None => return Html::default(),
            Some(date) => {
                let (tone, glyph) = expiry_tone(today, date);
                (tone, glyph, format::days_left(today, date))
            }
        },
    };
    chip(tone, glyph, text, "lot-chip")
}

/// The tone and icon for the time to a date.
pub(crate) fn expiry_tone(today: CalendarDate, date: CalendarDate) -> (Tone, Option<Glyph>) {
    match today.days_until(date) {
        ..0 => (Tone::Quiet, None),
        days if days <= PRESSING_DAYS => (Tone::Attention, Some(Glyph::Attention)),
        days if days <= SOON_DAYS => (Tone::Waiting, Some(Glyph::Triangle)),
        _ => (Tone::Good, None),
    }
}
