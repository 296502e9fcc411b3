//! The file of deliveries: a line for each product of each delivery.

use std::collections::BTreeMap;

use domain::{CalendarDate, Delivery, DeliveryLine, MAX_DELIVERY_LINES, Quantity, guarded};
use uuid::Uuid;

use super::file::{Fault, Line, Parsed, Source, date, read_file, reason};
use crate::booking::shortened;
use crate::store::KnownProduct;

/// The columns of an exported file of deliveries.
pub const DELIVERY_HEADER: [&str; 6] = ["number", "supplier", "expected_on", "sku", "quantity", "received"];

/// The columns that an imported file must have.
const REQUIRED: &[&str] = &["number", "supplier", "expected_on", "sku", "quantity"];

/// Parses a file of deliveries. `product_of` finds the product of a SKU, `id_of` the delivery of a number.
/// Received quantities are parsed from the column `received`, if the file has one.
pub fn read_deliveries<'p>(
    source: Source,
    product_of: impl Fn(&str) -> Option<&'p KnownProduct>,
    id_of: impl Fn(&str) -> Uuid,
) -> Parsed<Delivery> {
    let mut deliveries: BTreeMap<Uuid, (u64, Delivery)> = BTreeMap::new();
    let read = read_file(source, REQUIRED, |line, fields| {
        let row = read_line(fields, &product_of, &id_of)?;
        match deliveries.get_mut(&row.id) {
            Some((first, delivery)) => add(delivery, row, *first)?,
            None => _ = deliveries.insert(row.id, (line, row)),
        }
        Ok(())
    });
    let lines = deliveries.into_values().map(|(_, delivery)| delivery).collect();
    Parsed { lines, bad: read.bad, warnings: read.warnings }
}

/// A delivery with the one line of `fields`.
fn read_line<'p>(
    fields: &Line<'_>,
    product_of: impl Fn(&str) -> Option<&'p KnownProduct>,
    id_of: impl Fn(&str) -> Uuid,
) -> Result<Delivery, Fault> {
    let text = |column: &str| fields.text(column).unwrap_or_default();
    let sku = text("sku");
    let product = product_of(sku).ok_or_else(|| {
        ("sku", format!("no product has the SKU \"{}\"; import its product first", shortened(sku)))
    })?;
    let has_received = fields.text("received").is_some_and(|text| !text.is_empty());
    let delivery = Delivery {
        id: id_of(text("number")),
        number: text("number").to_owned(),
        supplier: text("supplier").to_owned(),
        expected_on: date("expected_on", text("expected_on"))?,
        lines: vec![DeliveryLine {
            product_id: product.id,
            expected: fields.quantity("quantity", &product.unit)?,
            received: if has_received { fields.quantity("received", &product.unit)? } else { Quantity::ZERO },
        }],
        closed: false,
    };
    delivery.validate().map_err(|refusal| {
        let column = match refusal.message.split(' ').next() {
            Some("Number") => "number",
            Some("Supplier") => "supplier",
            _ => "quantity",
        };
        (column, reason(&refusal))
    })?;
    Ok(delivery)
}

/// Adds the line of `row` to its delivery, which began in line `first`.
fn add(delivery: &mut Delivery, row: Delivery, first: u64) -> Result<(), Fault> {
    let differs = |column: &'static str| {
        (column, format!("line {first} says otherwise of delivery {}", shortened(&row.number)))
    };
    if row.supplier != delivery.supplier {
        return Err(differs("supplier"));
    }
    if row.expected_on != delivery.expected_on {
        return Err(differs("expected_on"));
    }
    let is_known =
        |line: &DeliveryLine| delivery.lines.iter().any(|known| known.product_id == line.product_id);
    if row.lines.iter().any(is_known) {
        return Err(("sku", format!("delivery {} has this product already", shortened(&row.number))));
    }
    if delivery.lines.len() >= MAX_DELIVERY_LINES {
        return Err(("number", format!("a delivery has at most {MAX_DELIVERY_LINES} lines")));
    }
    delivery.lines.extend(row.lines);
    Ok(())
}

/// Writes a delivery's lines below [`DELIVERY_HEADER`]. Lines of products that `sku_of` does not know are
/// left out.
///
/// # Errors
/// When the file cannot be written.
pub fn write_delivery<'s, W: std::io::Write>(
    writer: &mut csv::Writer<W>,
    sku_of: impl Fn(Uuid) -> Option<&'s str>,
    row: &Delivery,
) -> csv::Result<u64> {
    let Delivery { id: _, number, supplier, expected_on, lines, closed: _ } = row;
    let expected_on = expected_on.as_ref().map(CalendarDate::to_string).unwrap_or_default();
    let mut written = 0;
    for DeliveryLine { product_id, expected, received } in lines {
        let Some(sku) = sku_of(*product_id) else { continue };
        writer.write_record([
            &*guarded(number),
            &guarded(supplier),
            &expected_on,
            &guarded(sku),
            &expected.for_files(),
            &received.for_files(),
        ])?;
        written += 1;
    }
    Ok(written)
}
