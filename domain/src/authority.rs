//! Who may do which work. The screen asks before it offers something, and the server decides by the same function.

use serde::{Deserialize, Serialize};
use sync::Rows;

use crate::action::Action;
use crate::lot::{LotRef, LotStatus};
use crate::order::OrderLine;
use crate::product::ProductPatch;
use crate::quantity::Quantity;
use crate::row::{Row, lot_key, product_key};
use crate::site_rules::SiteRules;

/// A role at a site. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks, and books nothing.
    Viewer,
    /// Moves, counts and sells goods.
    Worker,
    /// Looks after products' lots, the inbox and deliveries as well.
    Lead,
    /// Changes and deletes products as well.
    Supervisor,
    /// Administers the site as well.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Worker, Self::Lead, Self::Supervisor, Self::Admin];

    /// As stored and sent: `supervisor`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Worker => "worker",
            Self::Lead => "lead",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }

    /// The role with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// Whether somebody may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Alone.
    Alone,
    /// With the approval of somebody of this role or a higher one.
    WithApproval(Role),
    /// Not at all.
    Never,
}

/// Whether somebody of this role may do `action`. `rows` are the rows that it touches; a row that is missing raises no need.
pub fn authority(role: Role, action: &Action, rules: &SiteRules, rows: &Rows<Row>) -> Authority {
    let needed = needed_role(action, rules, rows);
    if role >= needed {
        Authority::Alone
    } else if role == Role::Viewer {
        Authority::Never
    } else {
        Authority::WithApproval(needed)
    }
}

/// The least role that may do `action` alone.
pub fn needed_role(action: &Action, rules: &SiteRules, rows: &Rows<Row>) -> Role {
    match action {
        Action::ReceiveLot { .. } | Action::CountLot { .. } | Action::ReportCode(_) => Role::Worker,
        Action::PutAwayLot { .. } | Action::MoveLot { .. } => Role::Worker,
        Action::PickLot { lot, .. } => taking(lot, rules, rows),
        Action::AdjustLot { delta, .. } => {
            let size = if *delta < Quantity::ZERO { -*delta } else { *delta };
            if rules.adjust_limit.is_some_and(|limit| size > limit) { Role::Lead } else { Role::Worker }
        }
        Action::PlaceOrder(order) => {
            let is_sold = order.to_site.is_none();
            let price = |line: &OrderLine| price(line, &order.currency, rules, rows);
            let of_line = |line: &OrderLine| {
                let sold = if is_sold { price(line) } else { Role::Worker };
                taking(&line.lot, rules, rows).max(sold)
            };
            order.lines.iter().map(of_line).max().unwrap_or(Role::Worker)
        }
        Action::CreateProduct(_)
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::ResolveException { .. }
        | Action::CloseDelivery { .. }
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => Role::Lead,
        Action::UpdateProduct { patch, .. } if adds_barcode_only(patch) => Role::Lead,
        Action::UpdateProduct { .. } | Action::DeleteProduct { .. } | Action::DeleteLot { .. } => {
            Role::Supervisor
        }
    }
}

/// A label that the book does not know is given to its product.
fn adds_barcode_only(patch: &ProductPatch) -> bool {
    patch.fields() == ProductPatch { barcode: Some(String::new()), ..ProductPatch::default() }.fields()
}

fn taking(lot: &LotRef, rules: &SiteRules, rows: &Rows<Row>) -> Role {
    let status = rows.get(&lot_key(lot)).and_then(Row::lot).map(|held| held.status);
    match status {
        Some(LotStatus::Reserved | LotStatus::Quarantined | LotStatus::Expired) => {
            rules.blocked_lot.max(Role::Worker)
        }
        Some(LotStatus::Available) | None => Role::Worker,
    }
}

fn price(line: &OrderLine, currency: &str, rules: &SiteRules, rows: &Rows<Row>) -> Role {
    let product = rows.get(&product_key(line.lot.product_id)).and_then(Row::product);
    let is_below =
        |(price, in_currency): (i64, &str)| in_currency == currency && line.unit_price_minor < price;
    if product.is_some_and(|product| is_below((product.price_minor, &product.currency))) {
        rules.below_price.max(Role::Worker)
    } else {
        Role::Worker
    }
}
