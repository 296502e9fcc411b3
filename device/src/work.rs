//! Stock work: what a person or a script asks for, as an action that `domain` judges. What is saved is on the disk.

use domain::{
    Action, CalendarDate, DELIVERIES, InventoryLot, LotRef, Occasion, Quantity, ReasonCode,
    delivery_number_key, first_to_take, same_key,
};
use sync::{Mutation, Store as _};
use uuid::Uuid;

use crate::device::Device;
use crate::error::DeviceError;
use crate::quantity::{read_date, read_moved, read_quantity};
use crate::stock::ProductStock;

/// A saved change.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The change.
    pub mutation: Mutation<Action>,
    /// The product's name.
    pub product: String,
    /// The lot that it was about, as the device shows it afterwards.
    pub shown: Option<InventoryLot>,
    /// Number of changes that wait to be sent, this one included.
    pub pending: usize,
}

/// Goods were received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receive {
    /// The product's code.
    pub code: String,
    /// The lot code on the goods.
    pub lot: String,
    /// The bin.
    pub bin: String,
    /// The quantity, such as `12` or `0.5`.
    pub quantity: String,
    /// The last day they may be used. A lot that is known keeps its own.
    pub expires_on: Option<String>,
    /// The number of the delivery that they are of.
    pub delivery: Option<String>,
}

/// Goods were picked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// The product's code.
    pub code: String,
    /// The quantity.
    pub quantity: String,
    /// The lot code; without it, the lot that expires first.
    pub lot: Option<String>,
    /// The bin; needed if the lot is in several.
    pub bin: Option<String>,
    /// Why another lot than the first to expire: a code such as `damaged`, with or without `: a note`.
    pub reason: Option<String>,
}

/// Goods were moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// The product's code.
    pub code: String,
    /// The lot code.
    pub lot: String,
    /// The bin they were in; needed if the lot is in several.
    pub from: Option<String>,
    /// The bin they are in now.
    pub to: String,
    /// The quantity.
    pub quantity: String,
}

/// A lot was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The product's code.
    pub code: String,
    /// The lot code.
    pub lot: String,
    /// The bin.
    pub bin: String,
    /// The quantity that is there.
    pub counted: String,
}

fn refused<T>(message: String) -> Result<T, DeviceError> {
    Err(DeviceError::Refused(message))
}

impl ProductStock {
    /// The lot at a bin, by any spelling.
    fn lot_at(&self, lot: &str, bin: &str) -> Option<&InventoryLot> {
        self.lots.iter().find(|held| same_key(&held.lot.lot_code, lot) && same_key(&held.lot.location, bin))
    }

    /// The one lot that is meant.
    fn chosen(&self, lot: Option<&str>, bin: Option<&str>) -> Result<&InventoryLot, DeviceError> {
        let is_meant = |held: &&InventoryLot| {
            lot.is_none_or(|lot| same_key(&held.lot.lot_code, lot))
                && bin.is_none_or(|bin| same_key(&held.lot.location, bin))
        };
        let meant: Vec<&InventoryLot> = self.lots.iter().filter(is_meant).collect();
        let name = &self.product.name;
        match meant.as_slice() {
            [one] => Ok(one),
            [] => refused(format!("No such lot of {name} is on this device. Look at lotbook-device stock.")),
            several => {
                let several: Vec<String> = several.iter().map(|held| held.lot.to_string()).collect();
                refused(format!(
                    "Several lots of {name} are meant: {}. Name lot and bin.",
                    several.join(", ")
                ))
            }
        }
    }

    /// The lot to pick and the recorded reason: one is needed for a lot that is not for use, or that another one expires
    /// before.
    fn to_pick(&self, request: &Pick, today: CalendarDate) -> Result<(&InventoryLot, String), DeviceError> {
        let first = first_to_take(&self.lots, today);
        let (lot, bin) = (request.lot.as_deref(), request.bin.as_deref());
        let chosen = match first.filter(|_| lot.is_none() && bin.is_none()) {
            Some(first) => first,
            None if lot.is_none() && bin.is_none() => {
                let name = &self.product.name;
                return refused(format!("No lot of {name} is for use. Name lot and bin, and give a reason."));
            }
            None => self.chosen(lot, bin)?,
        };
        let reason = request.reason.as_deref().unwrap_or_default().trim().to_owned();
        let is_first = first.is_some_and(|first| first.expires_on == chosen.expires_on);
        if reason.is_empty() && !(is_first && chosen.is_usable(today)) {
            let codes: Vec<&str> =
                ReasonCode::of(Occasion::Override).iter().map(|code| code.code()).collect();
            let codes = codes.join(", ");
            return refused(match first {
                Some(first) => {
                    format!(
                        "{first} expires first. To pick {chosen}, give a reason: {codes}.",
                        first = first.lot,
                        chosen = chosen.lot
                    )
                }
                None => format!("The {} is not for use. To pick it, give a reason: {codes}.", chosen.lot),
            });
        }
        Ok((chosen, reason))
    }
}

impl Device {
    /// Saves a receipt.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved.
    pub async fn receive(&self, request: &Receive) -> Result<Saved, DeviceError> {
        let stock = self.product_of(&request.code).await?;
        let quantity = read_moved(&request.quantity, &stock.product.unit)?;
        let known = stock.lot_at(&request.lot, &request.bin);
        let typed = request.expires_on.as_deref().map(read_date).transpose()?;
        let delivery = match &request.delivery {
            Some(number) => Some(self.delivery(number).await?),
            None => None,
        };
        let action = Action::ReceiveLot {
            lot: named(&stock, known, &request.lot, &request.bin),
            quantity,
            expires_on: known.and_then(|known| known.expires_on).or(typed),
            received_on: Some(self.today()),
            delivery,
        };
        self.save(action, &stock).await
    }

    /// Saves a pick.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved.
    pub async fn pick(&self, request: &Pick) -> Result<Saved, DeviceError> {
        let stock = self.product_of(&request.code).await?;
        let quantity = read_moved(&request.quantity, &stock.product.unit)?;
        let (chosen, reason) = stock.to_pick(request, self.today())?;
        let action = Action::PickLot { lot: chosen.lot.clone(), quantity, reason };
        self.save(action, &stock).await
    }

    /// Saves a move from one bin to another.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved.
    pub async fn move_lot(&self, request: &Move) -> Result<Saved, DeviceError> {
        let stock = self.product_of(&request.code).await?;
        let quantity = read_moved(&request.quantity, &stock.product.unit)?;
        let chosen = stock.chosen(Some(&request.lot), request.from.as_deref())?;
        let lot = chosen.lot.clone();
        if lot.at(&request.to).id() == lot.id() {
            return refused(format!("The goods are already in {}. Choose another bin.", lot.location));
        }
        let action = Action::MoveLot { lot, to: request.to.trim().to_owned(), quantity };
        self.save(action, &stock).await
    }

    /// Saves a count, against what this device shows.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved.
    pub async fn count(&self, request: &Count) -> Result<Saved, DeviceError> {
        let stock = self.product_of(&request.code).await?;
        let counted = read_quantity(&request.counted, &stock.product.unit)?;
        let known = stock.lot_at(&request.lot, &request.bin);
        let basis = known.map_or(Quantity::ZERO, |known| known.quantity);
        let lot = named(&stock, known, &request.lot, &request.bin);
        self.save(Action::CountLot { lot, counted, basis }, &stock).await
    }

    /// The open delivery with this number.
    async fn delivery(&self, number: &str) -> Result<Uuid, DeviceError> {
        let found = self.client.store().find(DELIVERIES, &delivery_number_key(number)).await;
        let found = found.map_err(|error| self.store_fault(error))?;
        match found.iter().filter_map(|held| held.row.delivery()).find(|delivery| delivery.is_open()) {
            Some(delivery) => Ok(delivery.id),
            None => refused(format!("No open delivery {number} is on this device. Sync, or leave it out.")),
        }
    }

    async fn save(&self, action: Action, stock: &ProductStock) -> Result<Saved, DeviceError> {
        let saved = self.client.record(action, 0).await;
        let mutation = saved.map_err(|error| self.record_fault(error))?;
        // The change is saved, whether it can be shown or not.
        let shown = self.product_of(&stock.product.sku).await.ok();
        let lot = lot_of(&mutation.action);
        let shown = shown
            .zip(lot)
            .and_then(|(stock, lot)| stock.lots.into_iter().find(|held| held.lot.id() == lot.id()));
        Ok(Saved { mutation, product: stock.product.name.clone(), shown, pending: self.pending() })
    }
}

/// The known lot, or a new one.
fn named(stock: &ProductStock, known: Option<&InventoryLot>, lot: &str, bin: &str) -> LotRef {
    known.map_or_else(|| LotRef::new(stock.product.id, lot, bin), |known| known.lot.clone())
}

/// The lot that a stock operation is about.
fn lot_of(action: &Action) -> Option<&LotRef> {
    match action {
        Action::ReceiveLot { lot, .. }
        | Action::PickLot { lot, .. }
        | Action::MoveLot { lot, .. }
        | Action::CountLot { lot, .. } => Some(lot),
        _ => None,
    }
}
