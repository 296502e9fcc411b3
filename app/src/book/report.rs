//! Totals of a survey: the stock's value, by expiry, aisle and product. Pure.

use std::collections::BTreeMap;

use domain::{CalendarDate, LotStatus, Quantity, key_text};
use sync::sort_by;
use uuid::Uuid;

use super::lot_filter::{Expiry, Horizon};
use super::survey::{Survey, SurveyedLot};
use super::worth::NameId;
use super::worth::Worth;

/// Months ahead that are listed one by one.
pub(crate) const MONTHS: usize = 12;
/// Maximum products, bins and lots listed.
const MAX_NAMED: usize = 10;

/// A number of lots and their value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Share {
    pub(crate) lots: usize,
    pub(crate) worth: Worth,
}

/// A lot's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// None of the others.
    Good,
    /// Expires within [`SOON_DAYS`](super::lot_filter::SOON_DAYS).
    Soon,
    /// Expires within [`PRESSING_DAYS`](super::lot_filter::PRESSING_DAYS).
    Pressing,
    /// Kept for a customer or a purpose.
    Reserved,
    /// Waits for a decision.
    Quarantined,
    /// Past its date, or marked as such.
    Expired,
    /// More was taken than was booked in.
    BelowZero,
}

impl Part {
    /// All states, from best to worst.
    pub(crate) const ALL: [Self; 7] = [
        Self::Good,
        Self::Soon,
        Self::Pressing,
        Self::Reserved,
        Self::Quarantined,
        Self::Expired,
        Self::BelowZero,
    ];

    fn of(lot: &SurveyedLot, horizon: Horizon) -> Self {
        if lot.quantity < Quantity::ZERO {
            return Self::BelowZero;
        }
        if lot.is_expired(horizon.today) {
            return Self::Expired;
        }
        match (lot.status, lot.expires_on) {
            (LotStatus::Reserved, _) => Self::Reserved,
            (LotStatus::Quarantined, _) => Self::Quarantined,
            (_, Some(date)) if date <= horizon.pressing => Self::Pressing,
            (_, Some(date)) if date <= horizon.soon => Self::Soon,
            (_, Some(_) | None) => Self::Good,
        }
    }
}

/// Period of expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Expired,
    /// In the month of this date.
    Month(CalendarDate),
    Later,
    Undated,
}

/// All totals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) total: Share,
    /// The part of it that is not available.
    pub(crate) not_available: Share,
    /// The currency of most lots, in which aisles and products are ranked.
    pub(crate) currency: Option<NameId>,
    pub(crate) parts: Vec<(Part, Share)>,
    pub(crate) months: Vec<(Due, Share)>,
    /// By the first part of the bin, by descending value.
    pub(crate) aisles: Vec<(String, Share)>,
    /// Number of further aisles.
    pub(crate) other_aisles: usize,
    /// By descending value.
    pub(crate) products: Vec<(Uuid, Share)>,
    /// Lots that expire next, as indices into the survey.
    pub(crate) next: Vec<u32>,
}

impl Survey {
    /// The report as of `today`.
    pub(crate) fn report(&self, today: CalendarDate) -> Report {
        let horizon = Horizon::of(today);
        let mut parts = Part::ALL.map(|part| (part, Share::default()));
        let mut months = vec![Share::default(); MONTHS + 3];
        let mut places = vec![Share::default(); self.places().count()];
        let currency = self.main_currency();
        let mut products = vec![(0_usize, 0_i128); self.products().len()];
        let mut not_available = Share::default();
        for lot in self.lots() {
            let worth = self.exact_worth(lot);
            let is_expired = lot.expires_on.is_some_and(|date| date < today);
            let is_blocked = lot.status != LotStatus::Available || is_expired;
            let shares = [
                is_blocked.then_some(&mut not_available),
                parts.get_mut(Part::of(lot, horizon) as usize).map(|(_, share)| share),
                months.get_mut(month_at(lot, today)),
                places.get_mut(lot.place as usize),
            ];
            for share in shares.into_iter().flatten() {
                share.lots += 1;
                worth.iter().for_each(|(currency, exact)| share.worth.add_exact(*currency, *exact));
            }
            if let Some((lots, sum)) = products.get_mut(lot.product as usize) {
                *lots += 1;
                let compared = worth.filter(|(of, _)| Some(*of) == currency);
                *sum = sum.saturating_add(compared.map_or(0, |(_, exact)| exact));
            }
        }
        let (aisles, other_aisles) =
            self.aisles(&places, |share| currency.map_or(0, |currency| share.worth.minor(currency)));
        let mut total = Share::default();
        for (_, share) in &parts {
            total.lots += share.lots;
            total.worth.add_all(&share.worth);
        }
        let names = (0..).zip(months);
        Report {
            total,
            not_available,
            currency,
            parts: parts.into(),
            months: names.map(|(at, share)| (due(at, today), share)).collect(),
            aisles,
            other_aisles,
            products: self.dearest(&products, currency),
            next: self.next_to_expire(horizon),
        }
    }

    /// The products with the highest values, each with its lots.
    fn dearest(&self, sums: &[(usize, i128)], currency: Option<NameId>) -> Vec<(Uuid, Share)> {
        let Some(currency) = currency else { return Vec::new() };
        let valuable = (0..sums.len()).filter(|at| sums[*at].1 > 0);
        let rank = |at: &usize| (std::cmp::Reverse(sums[*at].1), self.products()[*at].id);
        let ranked = first_named(valuable, |a, b| rank(a) < rank(b));
        let share = |at: usize| {
            let (lots, exact) = sums[at];
            let mut worth = Worth::default();
            worth.add_exact(currency, exact);
            (self.products()[at].id, Share { lots, worth })
        };
        ranked.into_iter().map(share).collect()
    }

    fn main_currency(&self) -> Option<NameId> {
        let mut of_product = vec![0_usize; self.products().len()];
        for lot in self.lots() {
            if let Some(lots) = of_product.get_mut(lot.product as usize) {
                *lots += 1;
            }
        }
        let mut lots: BTreeMap<NameId, usize> = BTreeMap::new();
        for (product, count) in self.products().iter().zip(of_product).filter(|(_, count)| *count > 0) {
            *lots.entry(product.currency).or_default() += count;
        }
        let named = lots.into_iter().filter(|(currency, _)| !self.name(*currency).is_empty());
        named
            .max_by_key(|(currency, lots)| (*lots, std::cmp::Reverse(*currency)))
            .map(|(currency, _)| currency)
    }

    fn aisles(&self, places: &[Share], minor: impl Fn(&Share) -> i64) -> (Vec<(String, Share)>, usize) {
        let mut aisles: BTreeMap<String, Share> = BTreeMap::new();
        for (place, share) in self.places().zip(places).filter(|(_, share)| share.lots > 0) {
            let aisle = aisles.entry(aisle_of(place)).or_default();
            aisle.lots += share.lots;
            aisle.worth.add_all(&share.worth);
        }
        let mut aisles: Vec<(String, Share)> = aisles.into_iter().collect();
        sort_by(&mut aisles, |a, b| minor(&b.1).cmp(&minor(&a.1)).then_with(|| a.0.cmp(&b.0)));
        let others = aisles.len().saturating_sub(MAX_NAMED);
        aisles.truncate(MAX_NAMED);
        (aisles, others)
    }

    fn next_to_expire(&self, horizon: Horizon) -> Vec<u32> {
        let dated = (0_u32..)
            .zip(self.lots())
            .filter(|(_, lot)| lot.quantity > Quantity::ZERO && Expiry::Soon.holds(lot, horizon));
        let first = first_named(dated, |(_, a), (_, b)| a.expires_on < b.expires_on);
        first.into_iter().map(|(at, _)| at).collect()
    }
}

/// The first [`MAX_NAMED`]; equal ones keep their order.
fn first_named<T>(all: impl Iterator<Item = T>, is_before: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut first = Vec::with_capacity(MAX_NAMED + 1);
    for one in all {
        if first.len() < MAX_NAMED || first.last().is_some_and(|last| is_before(&one, last)) {
            first.insert(first.partition_point(|held| !is_before(&one, held)), one);
            first.truncate(MAX_NAMED);
        }
    }
    first
}

/// The first part of a bin's name: `B` of `b-07-3`.
fn aisle_of(place: &str) -> String {
    let first = place.split(['-', '.', '/', ' ', '_']).find(|part| !part.is_empty());
    key_text(first.unwrap_or(place)).to_uppercase()
}

fn month_number(date: CalendarDate) -> usize {
    let (year, month, _) = date.parts();
    usize::from(year) * 12 + usize::from(month) - 1
}

/// The index of a lot's period: expired, the months, later, undated.
fn month_at(lot: &SurveyedLot, today: CalendarDate) -> usize {
    match lot.expires_on {
        _ if lot.is_expired(today) => 0,
        None => MONTHS + 2,
        Some(date) => 1 + (month_number(date) - month_number(today)).min(MONTHS),
    }
}

fn due(at: usize, today: CalendarDate) -> Due {
    match at {
        0 => Due::Expired,
        at if at == MONTHS + 1 => Due::Later,
        at if at > MONTHS => Due::Undated,
        at => {
            let number = month_number(today) + at - 1;
            let narrow = |number: usize| u16::try_from(number).unwrap_or(1);
            let month = u8::try_from(number % 12 + 1).unwrap_or(1);
            CalendarDate::new(narrow(number / 12), month, 1).map_or(Due::Later, Due::Month)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{InventoryLot, Product};

    use super::super::survey::tests::{lot, product};
    use super::*;

    fn today() -> CalendarDate {
        "2026-11-21".parse().expect("a date")
    }

    /// Products 1 to 4 cost as many cents; the last one's price is in dollars.
    fn survey(rows: &[(InventoryLot, &str)]) -> Survey {
        let mut survey = Survey::default();
        (1..=3).for_each(|n| survey.put_product(&product(n)));
        survey.put_product(&Product { currency: "USD".into(), ..product(4) });
        for (row, date) in rows {
            survey.push_lot(&InventoryLot { expires_on: date.parse().ok(), ..row.clone() }, false);
        }
        survey
    }

    fn stocked() -> Survey {
        survey(&[
            (lot(1, "past", "A-1", 100), "2026-11-20"),
            (lot(1, "now", "a-2", 10), "2026-11-30"),
            (lot(2, "soon", "B.1", 10), "2027-01-20"),
            (lot(2, "last", "B.2", 10), "2027-10-31"),
            (lot(3, "later", "C", 10), "2027-11-01"),
            (lot(3, "undated", "C", 10), ""),
            (lot(3, "below", "C", -5), "2026-11-22"),
            (lot(4, "dollars", "D-1", 1_000), ""),
        ])
    }

    #[test]
    fn every_lot_is_in_one_part_and_one_month() {
        let survey = stocked();
        let report = survey.report(today());
        assert_eq!(report.total.lots, 8);
        let lots: Vec<usize> = report.parts.iter().map(|(_, share)| share.lots).collect();
        assert_eq!(lots, [4, 1, 1, 0, 0, 1, 1]);
        let lots: Vec<usize> = report.months.iter().map(|(_, share)| share.lots).collect();
        assert_eq!(lots, [1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2]);
        let euro = report.currency.expect("a currency");
        assert_eq!(survey.name(euro), "EUR");
        for shares in [
            report.parts.iter().map(|(_, share)| share).collect::<Vec<_>>(),
            report.months.iter().map(|(_, share)| share).collect(),
        ] {
            let sum: i64 = shares.iter().map(|share| share.worth.minor(euro)).sum();
            assert_eq!(sum, report.total.worth.minor(euro));
        }
        assert_eq!(report.total.worth.minor(euro), 100 + 10 + 20 + 20 + 30 + 30 - 15);
    }

    #[test]
    fn months_begin_with_the_current_one() {
        let months = stocked().report(today()).months;
        let date = |text: &str| Due::Month(text.parse().expect("a date"));
        assert_eq!(months.first().map(|(due, _)| *due), Some(Due::Expired));
        assert_eq!(months[1].0, date("2026-11-01"));
        assert_eq!(months[2].0, date("2026-12-01"));
        assert_eq!(months[MONTHS].0, date("2027-10-01"));
        assert_eq!((months[MONTHS + 1].0, months[MONTHS + 2].0), (Due::Later, Due::Undated));
    }

    #[test]
    fn aisles_and_products_are_sorted_by_value() {
        let report = stocked().report(today());
        let aisles: Vec<&str> = report.aisles.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(aisles, ["A", "C", "B", "D"], "ranked in one currency");
        let products: Vec<u128> = report.products.iter().map(|(id, _)| id.as_u128()).collect();
        assert_eq!(products, [1, 3, 2]);
        assert_eq!(report.other_aisles, 0);
    }

    #[test]
    fn lots_that_expire_next_are_sorted_by_date() {
        let survey = stocked();
        let next = survey.report(today()).next;
        let codes: Vec<&str> = next.iter().map(|at| survey.code(&survey.lots()[*at as usize])).collect();
        assert_eq!(codes, ["now", "soon"]);
    }

    #[test]
    fn lots_that_only_the_server_has_are_in_every_figure() {
        let mut survey = stocked();
        let marked = |status, n, place: &str| InventoryLot { status, ..lot(n, "aside", place, 10) };
        survey.set_remote(&[
            marked(LotStatus::Reserved, 1, "A-9"),
            marked(LotStatus::Quarantined, 2, "Q-1"),
            marked(LotStatus::Expired, 3, "Q-1"),
        ]);
        let report = survey.report(today());
        let lots: Vec<usize> = report.parts.iter().map(|(_, share)| share.lots).collect();
        assert_eq!((report.total.lots, lots), (11, vec![4, 1, 1, 1, 1, 2, 1]));
        let euro = report.currency.expect("a currency");
        let before = stocked().report(today()).total.worth.minor(euro);
        assert_eq!(report.total.worth.minor(euro), before + 10 + 20 + 30);
        assert_eq!((report.not_available.lots, report.not_available.worth.minor(euro)), (4, 160));
        assert_eq!(report.months.first().map(|(_, share)| share.lots), Some(2), "an expired one as well");
        assert!(report.aisles.iter().any(|(name, share)| name == "Q" && share.lots == 2));
    }

    #[test]
    fn an_empty_survey_has_an_empty_report() {
        let report = Survey::default().report(today());
        assert_eq!((report.total.lots, report.currency), (0, None));
        assert_eq!(report.months.len(), MONTHS + 3);
    }
}
