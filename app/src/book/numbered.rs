//! Lots, deliveries and orders by a part of their number.

use std::rc::Rc;

use domain::{Action, InventoryLot, ascii_digits, fold_for_search, lot_code_key};
use sync::StoreError;
use uuid::Uuid;

use super::Book;
use super::lots_found::LotFound;
use super::survey::{Survey, SurveyedLot};

/// Fewer characters are in too many numbers.
const MIN_NUMBER_CHARS: usize = 3;
/// Maximum lots shown, and maximum deliveries and orders.
const MAX_LOTS: usize = 4;
const MAX_PAPERS: usize = 3;

/// Whether a search may be for a number: one word with a digit.
pub(crate) fn is_like_a_number(query: &str) -> bool {
    let query = query.trim();
    query.chars().count() >= MIN_NUMBER_CHARS
        && ascii_digits(query).bytes().any(|byte| byte.is_ascii_digit())
        && !query.contains(char::is_whitespace)
}

/// A lot, and the bin that it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberedLot {
    pub(crate) lot: Rc<LotFound>,
    pub(crate) place: String,
}

/// A delivery or an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) number: String,
    pub(crate) lines: usize,
    pub(crate) subject: Subject,
}

/// Where a paper leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An open delivery.
    Delivery(Uuid),
    /// The first product of an order that this device placed.
    Order(Uuid),
}

impl Survey {
    /// The first lots whose code contains a folded word; those that begin with it come first.
    fn lots_numbered(&self, word: &str) -> Vec<(LotFound, String)> {
        let (mut begun, mut others) = (Vec::new(), Vec::new());
        let has_word = self.with_code(word);
        for (lot, _) in self.lots().iter().zip(has_word).filter(|(_, has_word)| *has_word) {
            let code = self.code(lot);
            let is_begun = fold_for_search(code).starts_with(word);
            let list = if is_begun { &mut begun } else { &mut others };
            if list.len() < MAX_LOTS {
                list.push(lot);
            }
            if begun.len() >= MAX_LOTS {
                break;
            }
        }
        begun.extend(others);
        begun.truncate(MAX_LOTS);
        let found = |lot| Some((self.lot_found(lot)?, self.place(lot.place).to_owned()));
        begun.into_iter().filter_map(found).collect()
    }

    /// A lot in all its bins, its own first, without the name of its product.
    fn lot_found(&self, lot: &SurveyedLot) -> Option<LotFound> {
        let product = self.product_of(lot)?;
        let (own, key) = (self.row(lot)?, lot_code_key(self.code(lot)));
        let is_it = |one: &&SurveyedLot| one.product == lot.product && lot_code_key(self.code(one)) == key;
        let all: Vec<&SurveyedLot> = self.lots().iter().filter(is_it).collect();
        let is_here = all.iter().any(|one| !one.is_remote);
        let others = all.into_iter().filter(|one| *one != lot).filter_map(|one| self.row(one));
        let rows: Vec<InventoryLot> = std::iter::once(own).chain(others).collect();
        let unit = self.name(product.unit).to_owned();
        Some(LotFound { product: product.id, name: String::new(), unit, rows, is_here })
    }
}

impl Book {
    /// Lots whose code contains `query`, once the survey is read.
    pub(crate) fn lots_numbered(&self, query: &str) -> Vec<NumberedLot> {
        let found = self.survey().lots_numbered(&fold_for_search(query.trim()));
        let named = found.into_iter().map(|(lot, place)| {
            let name = self.label(lot.product).map(|label| label.name).unwrap_or_default();
            NumberedLot { lot: Rc::new(LotFound { name, ..lot }), place }
        });
        named.collect()
    }

    /// Open deliveries, and orders of this device, whose number contains `query`; the latest orders first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn papers_with(&self, query: &str) -> Result<Vec<Paper>, StoreError> {
        let word = fold_for_search(query.trim());
        let is_it = |number: &str| fold_for_search(number).contains(&word);
        let deliveries = self.deliveries().await?;
        let deliveries = deliveries.into_iter().filter(|delivery| is_it(&delivery.number)).map(|delivery| {
            let subject = Subject::Delivery(delivery.id);
            Paper { number: delivery.number, lines: delivery.lines.len(), subject }
        });
        let mut papers: Vec<Paper> = deliveries.take(MAX_PAPERS).collect();
        let (queue, journal) = (self.client().queue(), self.client().journal().await?);
        let waiting = queue.iter().rev().map(|record| &record.mutation);
        let placed = waiting.chain(journal.iter().map(|record| &record.mutation));
        let orders =
            placed.filter(|mutation| !mutation.withdrawn).filter_map(|mutation| paper(&mutation.action));
        papers.extend(orders.filter(|order| is_it(&order.number)).take(MAX_PAPERS));
        Ok(papers)
    }
}

fn paper(action: &Action) -> Option<Paper> {
    let Action::PlaceOrder(order) = action else { return None };
    let subject = Subject::Order(order.lines.first()?.lot.product_id);
    Some(Paper { number: order.number.clone(), lines: order.lines.len(), subject })
}

#[cfg(test)]
mod tests {
    use super::super::survey::tests::{lot, product};
    use super::*;

    #[test]
    fn lots_are_found_by_a_part_of_their_code() {
        let mut survey = Survey::default();
        (1..=2).for_each(|n| survey.put_product(&product(n)));
        let lots = [lot(1, "X-24A", "A-1", 5), lot(1, "24A-1", "A-2", 5), lot(2, "25B", "A-3", 5)];
        lots.iter().for_each(|lot| survey.push_lot(lot, false));
        let found = |word: &str| -> Vec<(u128, String, String)> {
            let found = survey.lots_numbered(word).into_iter();
            found.map(|(lot, place)| (lot.product.as_u128(), lot.lot_code().to_owned(), place)).collect()
        };
        let of = |n: u128, code: &str, place: &str| (n, code.to_owned(), place.to_owned());
        assert_eq!(found("24a"), [of(1, "24A-1", "A-2"), of(1, "X-24A", "A-1")]);
        assert_eq!(found("25b"), [of(2, "25B", "A-3")]);
        assert!(found("99z").is_empty());
    }

    #[test]
    fn a_lot_is_found_with_all_its_bins() {
        let mut survey = Survey::default();
        (1..=2).for_each(|n| survey.put_product(&product(n)));
        let lots = [lot(1, "24A", "A-1", 5), lot(1, "24a", "A-2", 6), lot(2, "24A", "A-3", 7)];
        lots.iter().for_each(|lot| survey.push_lot(lot, false));
        survey.set_remote(&[lot(2, "99Z", "Q-1", 8)]);
        let bins = |word: &str| -> Vec<(Vec<String>, bool)> {
            let of =
                |lot: LotFound| (lot.rows.into_iter().map(|row| row.lot.location).collect(), lot.is_here);
            survey.lots_numbered(word).into_iter().map(|(lot, _)| of(lot)).collect()
        };
        let of = |bins: &[&str], is_here| (bins.iter().map(ToString::to_string).collect(), is_here);
        assert_eq!(
            bins("24a"),
            [of(&["A-1", "A-2"], true), of(&["A-2", "A-1"], true), of(&["A-3"], true)],
            "the bin it was found in comes first"
        );
        assert_eq!(bins("99z"), [of(&["Q-1"], false)], "only the server has it");
    }

    #[test]
    fn a_number_is_one_word_with_a_digit() {
        assert!(is_like_a_number("L24") && is_like_a_number(" 0401 "));
        for other in ["glove", "L2", "size 8", ""] {
            assert!(!is_like_a_number(other), "{other}");
        }
    }
}
