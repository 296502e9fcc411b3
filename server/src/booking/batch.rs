//! A batch of mutations, and the records needed to decide it.

use std::collections::BTreeSet;

use domain::{Action, Warehouse, claims, clean_line, conflict_key};
use sync::{Model, Mutation, RowKey, UnixMillis};
use uuid::Uuid;

use super::authors::Authors;
use super::barcode::{barcode_key, relabelled};
use super::decode::DecodedAction;
use super::late_facts;
use super::scope::Scope;

/// Lines booked in one write, where an action other than an order counts as one line. The rows of a line are loaded one
/// by one, and other devices wait meanwhile.
const MAX_PART_LINES: usize = 1_000;
/// The start of 2020: earlier than any device that has a clock at all.
const MIN_CAPTURED_AT: UnixMillis = UnixMillis(1_577_836_800_000);
/// How far a device's clock may be ahead before its times are replaced: a wrong day, or a wrong time zone.
const MAX_CAPTURED_AHEAD_MILLIS: u64 = 2 * 24 * 60 * 60 * 1_000;

/// The mutations of one request, and their sender.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Their site.
    pub site: String,
    /// The device that sent them.
    pub device: Uuid,
    /// The device's name. None for work that is let in by other means than a device's token, which may do everything.
    pub device_name: Option<String>,
    /// The id of one life of that device's database.
    pub client: Uuid,
    /// By ascending `seq`.
    pub mutations: Vec<Mutation<DecodedAction>>,
    /// The rows on the device.
    pub scope: Scope,
    /// The highest `seq` with an outcome on the device.
    pub last_outcome_seq: u64,
    /// The server's clock.
    pub now: UnixMillis,
}

/// The records that have to be loaded before a batch can be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Receipts of the batch's client by these `seq`s.
    pub seqs: BTreeSet<u64>,
    /// Receipts of any client by these mutation ids.
    pub ids: BTreeSet<Uuid>,
    /// Rows, with those the receipts touched.
    pub rows: BTreeSet<RowKey>,
    /// Products whose lots are all needed.
    pub lots_of: BTreeSet<Uuid>,
    /// Claims whose holders' rows are needed.
    pub claims: BTreeSet<String>,
    /// Barcodes, as normalized by [`barcode_key`], whose holders' rows are needed.
    pub barcodes: BTreeSet<String>,
    /// Products whose change may add or clear exceptions on other products.
    pub named: BTreeSet<Uuid>,
    /// Orders whose existence has to be checked.
    pub orders: BTreeSet<Uuid>,
    /// Order numbers whose existence has to be checked.
    pub numbers: BTreeSet<String>,
    /// The people who answer for mutations.
    pub people: BTreeSet<Uuid>,
    /// Sites that goods are sent to.
    pub sites: BTreeSet<String>,
}

impl Batch {
    /// The batch with claims that can be true. A time of recording before 2020, or well after the server's, is replaced by
    /// the server's: a device with a wrong date loses no work. An author is one line. A revision that the site does not
    /// have stays: after a restore, devices have seen more than the server, and it is compared with existing ones only.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let latest = self.now.plus(MAX_CAPTURED_AHEAD_MILLIS);
        for mutation in &mut self.mutations {
            if mutation.captured_at < MIN_CAPTURED_AT || mutation.captured_at > latest {
                mutation.captured_at = self.now;
            }
            // Too long a name is refused, and not cut.
            mutation.author = clean_line(&mutation.author, usize::MAX);
        }
        self
    }

    /// The batch with the names that the site knows in the place of those that the device claims.
    #[must_use]
    pub fn named(mut self, authors: &Authors) -> Self {
        let device = self.device_name.as_deref();
        for mutation in &mut self.mutations {
            mutation.author = authors.name_of(mutation, device);
        }
        self
    }

    /// The records that have to be loaded before it can be decided.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for mutation in &self.mutations {
            needs.seqs.insert(mutation.seq);
            needs.ids.insert(mutation.id);
            needs.ids.extend(mutation.depends_on.into_iter().chain(mutation.replaces));
            let signed = mutation.signed_by.map(|signed| [Some(signed.person), signed.approved_by]);
            needs.people.extend(signed.into_iter().flatten().flatten());
            // The conflicts that it may settle.
            let withdrawn = mutation.withdrawn.then_some(mutation.id);
            needs.rows.extend(mutation.replaces.into_iter().chain(withdrawn).map(conflict_key));
            if let Ok(action) = &mutation.action {
                needs.extend(action);
            }
        }
        needs
    }

    /// The batch in parts of at most [`MAX_PART_LINES`] lines, to be booked one after the other. A replay finds the
    /// receipts of the parts that were booked.
    pub(crate) fn into_parts(self) -> Vec<Self> {
        let Self { site, device, device_name, client, mutations, scope, last_outcome_seq, now } = self;
        let (mut parts, mut part, mut room) = (Vec::new(), Vec::new(), MAX_PART_LINES);
        for mutation in mutations {
            let lines = mutation.action.as_ref().map_or(1, lines);
            if lines > room {
                parts.push(std::mem::take(&mut part));
                room = MAX_PART_LINES;
            }
            room = room.saturating_sub(lines);
            part.push(mutation);
        }
        parts.push(part);
        let part = |mutations| Self {
            site: site.clone(),
            device,
            device_name: device_name.clone(),
            client,
            mutations,
            scope,
            last_outcome_seq,
            now,
        };
        parts.into_iter().map(part).collect()
    }
}

fn lines(action: &Action) -> usize {
    if let Action::PlaceOrder(order) = action { order.lines.len() } else { 1 }
}

impl Needs {
    fn extend(&mut self, action: &Action) {
        let touched = Warehouse::touches(action);
        self.rows.extend(late_facts::exceptions_of(&touched));
        self.rows.extend(touched);
        self.claims.extend(claims(action));
        self.named.extend(relabelled(action));
        match action {
            Action::DeleteProduct { id } => _ = self.lots_of.insert(*id),
            Action::PlaceOrder(order) => {
                self.orders.insert(order.id);
                self.numbers.insert(order.number.clone());
                self.sites.extend(order.to_site.clone());
            }
            Action::ReportCode(sighting) => self.barcodes.extend(barcode_key(&sighting.code)),
            Action::CreateProduct(product) => self.barcodes.extend(barcode_key(&product.barcode)),
            Action::UpdateProduct { patch, .. } => {
                self.barcodes.extend(patch.barcode.as_deref().and_then(barcode_key));
            }
            Action::CreateLot { .. }
            | Action::UpdateLot { .. }
            | Action::DeleteLot { .. }
            | Action::ReceiveLot { .. }
            | Action::PutAwayLot { .. }
            | Action::MoveLot { .. }
            | Action::PickLot { .. }
            | Action::AdjustLot { .. }
            | Action::CountLot { .. }
            | Action::ResolveException { .. }
            | Action::CloseDelivery { .. }
            | Action::SettleCode { .. }
            | Action::CloseConflict { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{LotRef, Order, OrderLine, Quantity};
    use sync::Records as _;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn batch(actions: Vec<Action>) -> Batch {
        let mutation = |(seq, action)| Mutation {
            seq,
            id: Uuid::from_u128(u128::from(seq)),
            action: Ok(action),
            base: 0,
            author: "Ada".into(),
            signed_by: None,
            captured_at: UnixMillis(0),
            schema: Warehouse::SCHEMA,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        };
        Batch {
            site: "s".into(),
            device: Uuid::nil(),
            device_name: None,
            client: Uuid::nil(),
            mutations: (1..).zip(actions).map(mutation).collect(),
            scope: Scope::AVAILABLE,
            last_outcome_seq: 0,
            now: NOW,
        }
    }

    #[test]
    fn a_batch_of_long_orders_is_booked_in_parts_and_any_other_at_once() {
        let lot = LotRef::new(Uuid::from_u128(1), "L", "B");
        let line = OrderLine { lot, quantity: Quantity::units(1), unit_price_minor: 5 };
        let order = |id| {
            let lines = vec![line.clone(); 200];
            Action::PlaceOrder(Order {
                id: Uuid::from_u128(id),
                number: "N".into(),
                currency: "EUR".into(),
                lines,
                to_site: None,
            })
        };
        let seqs = |batch: Batch| -> Vec<Vec<u64>> {
            let seqs = |part: Batch| part.mutations.iter().map(|mutation| mutation.seq).collect();
            batch.into_parts().into_iter().map(seqs).collect()
        };
        let parts = seqs(batch((0..12).map(order).collect()));
        assert_eq!(parts, [vec![1, 2, 3, 4, 5], vec![6, 7, 8, 9, 10], vec![11, 12]]);
        let deletions = (0..100).map(|id| Action::DeleteProduct { id: Uuid::from_u128(id) }).collect();
        assert_eq!(seqs(batch(deletions)), [(1..=100).collect::<Vec<u64>>()]);
    }

    #[test]
    fn claims_that_cannot_be_true_are_replaced() {
        const DAY: i64 = 86_400_000;
        let claim = |captured_at, author: &str| {
            let mut sent = batch(vec![Action::DeleteProduct { id: Uuid::nil() }]);
            let mutation = &mut sent.mutations[0];
            mutation.captured_at = UnixMillis(captured_at);
            author.clone_into(&mut mutation.author);
            let Mutation { captured_at, author, .. } = sent.bounded().mutations.remove(0);
            (captured_at.0, author)
        };
        let kept = |at, author: &str| (at, author.to_owned());
        assert_eq!(claim(NOW.0 + DAY, "Zoë"), kept(NOW.0 + DAY, "Zoë"));
        assert_eq!(claim(MIN_CAPTURED_AT.0, ""), kept(MIN_CAPTURED_AT.0, ""));
        assert_eq!(claim(i64::MIN, "A\u{1b}[2J\n"), kept(NOW.0, "A[2J"));
        assert_eq!(claim(NOW.0 + 2 * DAY + 1, "A"), kept(NOW.0, "A"));
    }
}
