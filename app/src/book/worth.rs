//! Exact sums of money in several currencies. Pure.

use domain::{Money, Quantity};
use sync::sort_by;

/// Index of a text in the survey's pool.
pub(crate) type NameId = u32;

/// Thousandths of a minor unit: quantities have three decimals.
const THOUSANDTHS: i128 = 1_000;

/// The value of some lots. There are few currencies, and hundreds of thousands of lots to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worth(Vec<(NameId, i128)>);

impl Worth {
    /// Adds another sum.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (currency, exact) in &other.0 {
            self.add_exact(*currency, *exact);
        }
    }

    /// Adds a result of [`exact`].
    pub(crate) fn add_exact(&mut self, currency: NameId, exact: i128) {
        match self.0.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, sum)) => *sum = sum.saturating_add(exact),
            None => self.0.push((currency, exact)),
        }
    }

    /// Whole minor units of one currency, half a unit rounded up.
    pub(crate) fn minor(&self, currency: NameId) -> i64 {
        self.0.iter().find(|(known, _)| *known == currency).map_or(0, |(_, exact)| rounded(*exact))
    }

    /// Its currencies.
    pub(crate) fn currencies(&self) -> impl Iterator<Item = NameId> {
        self.0.iter().map(|(currency, _)| *currency)
    }

    /// The sum of each currency, by currency name.
    pub(crate) fn moneys<'a>(&self, name_of: &dyn Fn(NameId) -> &'a str) -> Vec<Money> {
        let money = |(currency, exact): &(NameId, i128)| Money {
            minor: rounded(*exact),
            currency: name_of(*currency).to_owned(),
        };
        let mut all: Vec<Money> = self.0.iter().map(money).collect();
        sort_by(&mut all, |a, b| a.currency.cmp(&b.currency));
        all
    }
}

/// Quantity times price, in thousandths of a minor unit.
pub(crate) fn exact(quantity: Quantity, price_minor: i64) -> i128 {
    i128::from(quantity.0) * i128::from(price_minor)
}

/// The value in whole minor units, half a unit rounded up.
pub(crate) fn worth_minor(quantity: Quantity, price_minor: i64) -> i64 {
    rounded(exact(quantity, price_minor))
}

fn rounded(exact: i128) -> i64 {
    let minor = exact.saturating_add(THOUSANDTHS / 2).div_euclid(THOUSANDTHS);
    i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_rounded_once() {
        let mut worth = Worth::default();
        for _ in 0..3 {
            worth.add_exact(7, exact(Quantity(333), 1));
        }
        worth.add_exact(8, exact(Quantity::units(-2), 150));
        assert_eq!((worth.minor(7), worth.minor(8), worth.minor(9)), (1, -300, 0));
        let mut all = worth.clone();
        all.add_all(&worth);
        assert_eq!((all.minor(7), all.minor(8)), (2, -600));
        let names = all.moneys(&|id| if id == 7 { "USD" } else { "EUR" });
        let currencies: Vec<&str> = names.iter().map(|money| money.currency.as_str()).collect();
        assert_eq!(currencies, ["EUR", "USD"]);
    }

    #[test]
    fn an_overflowing_sum_saturates() {
        let mut worth = Worth::default();
        for _ in 0..10 {
            worth.add_exact(0, exact(Quantity(i64::MAX), i64::MAX));
        }
        assert_eq!(worth.minor(0), i64::MAX);
    }
}
