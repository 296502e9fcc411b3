//! A batch of mutations, and the records needed to decide it.

use std::collections::BTreeSet;

use domain::{Action, Warehouse, claims, conflict_key};
use sync::{Model, Mutation, RowKey, UnixMillis};
use uuid::Uuid;

use super::barcode::{barcode_key, relabelled};
use super::decode::DecodedAction;
use super::late_facts;
use super::scope::Scope;

/// The mutations of one request, and their sender.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Their site.
    pub site: String,
    /// The device that sent them.
    pub device: Uuid,
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
}

impl Batch {
    /// The records that have to be loaded before it can be decided.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for mutation in &self.mutations {
            needs.seqs.insert(mutation.seq);
            needs.ids.insert(mutation.id);
            needs.ids.extend(mutation.depends_on.into_iter().chain(mutation.replaces));
            // The conflicts that it may settle.
            let withdrawn = mutation.withdrawn.then_some(mutation.id);
            needs.rows.extend(mutation.replaces.into_iter().chain(withdrawn).map(conflict_key));
            if let Ok(action) = &mutation.action {
                needs.extend(action);
            }
        }
        needs
    }
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
            Action::PlaceOrder(order) => _ = self.orders.insert(order.id),
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
