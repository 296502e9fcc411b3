//! Filter, order and total value of the lots in a survey. Pure.

use std::cmp::Ordering;

use domain::{CalendarDate, LotStatus, Quantity, fold_for_search};
use sync::{UnixMillis, sort_by};

use super::survey::{Survey, SurveyedLot};
use super::worth::Worth;
use crate::words::language::key;

/// Days before expiry within which a lot is urgent.
pub(crate) const PRESSING_DAYS: i64 = 14;
/// Days before expiry within which a lot expires soon.
pub(crate) const SOON_DAYS: i64 = 60;
const MILLIS_A_DAY: i64 = 86_400_000;

/// The last dates within both limits, so that each lot needs a comparison of dates only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    pub(crate) today: CalendarDate,
    pub(crate) pressing: CalendarDate,
    pub(crate) soon: CalendarDate,
}

impl Horizon {
    /// As of `today`.
    pub(crate) fn of(today: CalendarDate) -> Self {
        let epoch = CalendarDate::of(UnixMillis(0), 0);
        let after = |days: i64| {
            let millis = (epoch.days_until(today) + days).saturating_mul(MILLIS_A_DAY);
            CalendarDate::of(UnixMillis(millis), 0)
        };
        Self { today, pressing: after(PRESSING_DAYS), soon: after(SOON_DAYS) }
    }
}

/// Filter by expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expiry {
    #[default]
    Any,
    Expired,
    Pressing,
    Soon,
}

impl Expiry {
    /// All choices, in the order of the list.
    pub(crate) const ALL: [Self; 4] = [Self::Any, Self::Expired, Self::Pressing, Self::Soon];

    /// The code in addresses.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Expired => "expired",
            Self::Pressing => "14",
            Self::Soon => "60",
        }
    }

    /// The choice with this code; `Any` for other codes.
    pub(crate) fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|expiry| expiry.code() == code).unwrap_or_default()
    }

    /// The choice's label.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Any => key("Any date"),
            Self::Expired => key("Expired"),
            Self::Pressing => key("Within 14 days"),
            Self::Soon => key("Within 60 days"),
        }
    }

    /// Whether a lot passes the filter.
    pub(crate) fn holds(self, lot: &SurveyedLot, horizon: Horizon) -> bool {
        let by = |last| !lot.is_expired(horizon.today) && lot.expires_on.is_some_and(|date| date <= last);
        match self {
            Self::Any => true,
            Self::Expired => lot.is_expired(horizon.today),
            Self::Pressing => by(horizon.pressing),
            Self::Soon => by(horizon.soon),
        }
    }
}

/// The sort order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LotOrder {
    /// By expiry date; undated lots last in both directions.
    #[default]
    Expiry,
    /// By bin, in walking order.
    Place,
    /// By quantity.
    Quantity,
    /// By product, in the order of the stock list.
    Product,
    /// By the value at the product's price.
    Worth,
}

impl LotOrder {
    /// The choices in the filters, each with its direction: whether it is reversed.
    pub(crate) const CHOICES: [(Self, bool); 4] =
        [(Self::Expiry, false), (Self::Place, false), (Self::Quantity, false), (Self::Quantity, true)];

    /// The choice's label.
    pub(crate) const fn words(self, is_reversed: bool) -> &'static str {
        match (self, is_reversed) {
            (Self::Expiry, _) => key("By expiry"),
            (Self::Place, _) => key("By bin"),
            (Self::Quantity, false) => key("Lowest quantity"),
            (Self::Quantity, true) => key("Highest quantity"),
            (Self::Product, _) => key("By product"),
            (Self::Worth, _) => key("By value"),
        }
    }
}

/// A filter of lots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LotFilter {
    /// Search words; each has to be in the product's label, the lot's code or its bin.
    pub(crate) text: String,
    pub(crate) expiry: Expiry,
    pub(crate) status: Option<LotStatus>,
    pub(crate) only_below_zero: bool,
    /// Prefix of the bin.
    pub(crate) bin: String,
    pub(crate) order: LotOrder,
    /// Whether the order is descending.
    pub(crate) is_reversed: bool,
}

impl LotFilter {
    /// Whether it excludes anything.
    pub(crate) fn is_narrow(&self) -> bool {
        *self != Self { order: self.order, is_reversed: self.is_reversed, ..Self::default() }
    }
}

/// A search word, and for each product in the survey whether its label contains the word.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) folded: String,
    pub(crate) is_in_label: Vec<bool>,
}

/// The lots found, as indices into the survey.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    pub(crate) rows: Vec<u32>,
    pub(crate) worth: Worth,
}

impl Survey {
    /// The lots that pass a filter, in the order of `order`. `words` are those of the filter's text.
    pub(crate) fn select(
        &self,
        filter: &LotFilter,
        words: &[Word],
        order: &[u32],
        today: CalendarDate,
    ) -> Selection {
        let bin = fold_for_search(filter.bin.trim());
        let is_bin_meant: Vec<bool> = self.folded_places().map(|place| place.starts_with(&bin)).collect();
        // The bins and codes of each word are looked up once, because this runs over all lots at every key
        // press.
        let found_by: Vec<(Vec<bool>, Vec<bool>)> = words
            .iter()
            .map(|word| {
                let places = self.folded_places().map(|place| place.contains(&word.folded)).collect();
                (places, self.with_code(&word.folded))
            })
            .collect();
        let is_found = |at: usize, lot: &SurveyedLot| {
            words.iter().zip(&found_by).all(|(word, (in_place, in_code))| {
                word.is_in_label.get(lot.product as usize) == Some(&true)
                    || in_place.get(lot.place as usize) == Some(&true)
                    || in_code.get(at) == Some(&true)
            })
        };
        let horizon = Horizon::of(today);
        let mut selection = Selection::default();
        for (at, lot) in order.iter().filter_map(|at| Some((*at, self.lots().get(*at as usize)?))) {
            let is_wanted = filter.expiry.holds(lot, horizon)
                && filter.status.is_none_or(|status| lot.status == status)
                && (!filter.only_below_zero || lot.quantity < Quantity::ZERO)
                && is_bin_meant.get(lot.place as usize) == Some(&true)
                && is_found(at as usize, lot);
            if is_wanted {
                self.add_worth(&mut selection.worth, lot);
                selection.rows.push(at);
            }
        }
        selection
    }

    /// All lots in an order, as indices into the survey. Each sort key is computed once. `product_ranks` are the
    /// products' positions in the stock list.
    pub(crate) fn in_order(&self, order: LotOrder, is_reversed: bool, product_ranks: &[u32]) -> Vec<u32> {
        let ranks = self.place_ranks();
        let rank = |lot: &SurveyedLot| ranks.get(lot.place as usize).copied().unwrap_or(u32::MAX);
        let product_rank =
            |lot: &SurveyedLot| product_ranks.get(lot.product as usize).copied().unwrap_or(u32::MAX);
        let days = |lot: &SurveyedLot| lot.expires_on.map(day_number);
        let value = |lot: &SurveyedLot| match order {
            LotOrder::Expiry => days(lot).map(i128::from),
            LotOrder::Place => Some(rank(lot).into()),
            LotOrder::Quantity => Some(lot.quantity.0.into()),
            LotOrder::Product => Some(product_rank(lot).into()),
            LotOrder::Worth => self.exact_worth(lot).map(|(_, exact)| exact),
        };
        let second = |lot: &SurveyedLot| match order {
            LotOrder::Place | LotOrder::Product => days(lot).unwrap_or(i64::MAX),
            LotOrder::Expiry | LotOrder::Quantity | LotOrder::Worth => rank(lot).into(),
        };
        let key = |lot: &SurveyedLot| {
            let value = value(lot).map(|value| if is_reversed { -value } else { value });
            (value.is_none(), value, second(lot))
        };
        let mut keyed: Vec<_> = self.lots().iter().map(key).zip(0_u32..).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    /// Each bin's rank in walking order.
    fn place_ranks(&self) -> Vec<u32> {
        let mut order: Vec<(u32, &str)> = (0..).zip(self.places()).collect();
        sort_by(&mut order, |(_, a), (_, b)| walking_order(a, b));
        let mut ranks = vec![0; order.len()];
        for (rank, (place, _)) in (0..).zip(order) {
            ranks[place as usize] = rank;
        }
        ranks
    }
}

/// Ascending by date; not a count of days.
pub(crate) fn day_number(date: CalendarDate) -> i64 {
    let (year, month, day) = date.parts();
    (i64::from(year) * 12 + i64::from(month)) * 31 + i64::from(day)
}

/// Compares bins part by part, numbers by value: `A-2` before `A-10`.
pub(crate) fn walking_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.bytes().peekable(), b.bytes().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let order = number(&mut left).cmp(&number(&mut right));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(x), Some(y)) => {
                let order = x.to_ascii_uppercase().cmp(&y.to_ascii_uppercase());
                if order.is_ne() {
                    return order;
                }
                left.next();
                right.next();
            }
            (x, y) => return x.is_some().cmp(&y.is_some()),
        }
    }
}

fn number(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> u64 {
    let mut value = 0_u64;
    while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
        value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    value
}

#[cfg(test)]
mod tests {
    use domain::InventoryLot;

    use super::super::survey::tests::{lot, product};
    use super::*;

    fn today() -> CalendarDate {
        "2026-11-21".parse().expect("a date")
    }

    fn dated(row: InventoryLot, date: &str) -> InventoryLot {
        InventoryLot { expires_on: date.parse().ok(), ..row }
    }

    fn survey() -> Survey {
        let mut survey = Survey::default();
        (1..=3).for_each(|n| survey.put_product(&product(n)));
        let rows = [
            dated(lot(1, "L-past", "B-10-1", 5), "2026-11-20"),
            dated(lot(1, "L-today", "B-2-1", 7), "2026-11-21"),
            dated(lot(2, "L-fortnight", "a-1", 3), "2026-12-05"),
            dated(lot(2, "L-soon", "A-1", -4), "2027-01-20"),
            dated(lot(3, "L-late", "C-1", 9), "2027-01-21"),
            lot(3, "K-undated", "A-3", 2),
            InventoryLot { status: LotStatus::Expired, ..lot(3, "K-marked", "A-4", 1) },
        ];
        rows.iter().for_each(|row| survey.push_lot(row, false));
        survey
    }

    fn found(filter: &LotFilter, words: &[Word]) -> Vec<String> {
        let survey = survey();
        let selection = survey.select(
            filter,
            words,
            &survey.in_order(filter.order, filter.is_reversed, &[2, 1, 0]),
            today(),
        );
        let code = |at: &u32| survey.code(&survey.lots()[*at as usize]).to_owned();
        selection.rows.iter().map(code).collect()
    }

    #[test]
    fn lots_are_filtered_by_expiry() {
        let of = |expiry| found(&LotFilter { expiry, ..LotFilter::default() }, &[]);
        assert_eq!(of(Expiry::Expired), ["L-past", "K-marked"]);
        assert_eq!(of(Expiry::Pressing), ["L-today", "L-fortnight"]);
        assert_eq!(of(Expiry::Soon), ["L-today", "L-fortnight", "L-soon"]);
        assert_eq!(of(Expiry::Any).len(), 7);
        for expiry in Expiry::ALL {
            assert_eq!(Expiry::from_code(expiry.code()), expiry);
        }
        assert_eq!(Expiry::from_code("yesterday"), Expiry::Any);
    }

    #[test]
    fn lots_are_sorted_in_each_order() {
        let of = |order| found(&LotFilter { order, ..LotFilter::default() }, &[]);
        let back = |order| found(&LotFilter { order, is_reversed: true, ..LotFilter::default() }, &[]);
        let undated_last = ["L-past", "L-today", "L-fortnight", "L-soon", "L-late", "K-undated", "K-marked"];
        assert_eq!(of(LotOrder::Expiry), undated_last);
        let walk = ["L-fortnight", "L-soon", "K-undated", "K-marked", "L-today", "L-past", "L-late"];
        assert_eq!(of(LotOrder::Place), walk);
        assert_eq!(of(LotOrder::Quantity)[..2], ["L-soon", "K-marked"]);
        assert_eq!(back(LotOrder::Quantity)[..2], ["L-late", "L-today"]);
        let latest = back(LotOrder::Expiry);
        assert_eq!(
            (latest[0].as_str(), &latest[5..]),
            ("L-late", &["K-undated", "K-marked"].map(str::to_owned)[..])
        );
        assert_eq!(back(LotOrder::Place)[0], "L-late");
        let by_product = ["L-late", "K-undated", "K-marked", "L-fortnight", "L-soon", "L-past", "L-today"];
        assert_eq!(of(LotOrder::Product), by_product);
        assert_eq!(back(LotOrder::Product)[..2], ["L-past", "L-today"]);
        assert_eq!(back(LotOrder::Worth)[0], "L-late");
    }

    #[test]
    fn every_word_matches_the_label_the_code_or_the_bin() {
        let word =
            |folded: &str, products: [bool; 3]| Word { folded: folded.into(), is_in_label: products.into() };
        let none = [false; 3];
        assert_eq!(found(&LotFilter::default(), &[word("soon", none)]), ["L-soon"]);
        assert_eq!(
            found(&LotFilter::default(), &[word("milk", [false, true, false])]),
            ["L-fortnight", "L-soon"]
        );
        let both = [word("milk", [false, true, false]), word("soon", none)];
        assert_eq!(found(&LotFilter::default(), &both), ["L-soon"]);
        assert_eq!(found(&LotFilter::default(), &[word("a-1", none)]), ["L-fortnight", "L-soon"]);
        assert!(found(&LotFilter::default(), &[word("nowhere", none)]).is_empty());
    }

    #[test]
    fn bins_and_codes_are_found_without_accents() {
        let mut survey = survey();
        survey.push_lot(&lot(1, "Größe-7", "KÜHL-1", 5), false);
        let found = |filter: &LotFilter, words: &[&str]| {
            let words: Vec<Word> = words
                .iter()
                .map(|word| Word { folded: fold_for_search(word), is_in_label: Vec::new() })
                .collect();
            survey
                .select(
                    filter,
                    &words,
                    &survey.in_order(filter.order, filter.is_reversed, &[2, 1, 0]),
                    today(),
                )
                .rows
        };
        for words in [&["kühl"][..], &["KUHL"], &["größe"], &["grosse-7", "kuhl-1"]] {
            assert_eq!(found(&LotFilter::default(), words), [7], "{words:?}");
        }
        for bin in ["kühl", "KUHL-", "Kühl-1"] {
            assert_eq!(found(&LotFilter { bin: bin.into(), ..LotFilter::default() }, &[]), [7], "{bin}");
        }
    }

    #[test]
    fn lots_are_filtered_by_bin_status_and_sign() {
        let bin = LotFilter { bin: " b-".into(), ..LotFilter::default() };
        assert_eq!(found(&bin, &[]), ["L-past", "L-today"]);
        let below = LotFilter { only_below_zero: true, ..LotFilter::default() };
        assert_eq!(found(&below, &[]), ["L-soon"]);
        let of = |status| LotFilter { status: Some(status), ..LotFilter::default() };
        let available = of(LotStatus::Available);
        assert_eq!(found(&available, &[]).len(), 6);
        assert_eq!(found(&of(LotStatus::Expired), &[]), ["K-marked"]);
        assert_eq!(found(&of(LotStatus::Reserved), &[]), Vec::<String>::new());
        assert!(bin.is_narrow() && below.is_narrow() && available.is_narrow());
        assert!(
            !LotFilter { order: LotOrder::Quantity, is_reversed: true, ..LotFilter::default() }.is_narrow()
        );
    }

    #[test]
    fn the_values_of_found_lots_are_added_up() {
        let survey = survey();
        let filter = LotFilter { expiry: Expiry::Soon, ..LotFilter::default() };
        let worth = survey
            .select(&filter, &[], &survey.in_order(filter.order, filter.is_reversed, &[2, 1, 0]), today())
            .worth;
        let euros = worth.moneys(&|id| survey.name(id));
        assert_eq!(euros.iter().map(|money| money.minor).collect::<Vec<_>>(), [7 + 2 * 3 - 2 * 4]);
    }

    #[test]
    fn bins_are_in_walking_order() {
        let mut bins = ["B-10", "b-9", "B", "A-02-1", "A-2-1x", "A-2", ""];
        bins.sort_by(|a, b| walking_order(a, b));
        assert_eq!(bins, ["", "A-2", "A-02-1", "A-2-1x", "B", "b-9", "B-10"]);
    }
}
