//! Results as sentences for people, or as JSON lines for scripts.

use std::io::{Write as _, stderr, stdout};
use std::path::Path;

use client::Completeness;
use device::{Device, DeviceError, Entry, Found, Identity, NamedLot, ProductStock, Remedy, Saved, Synced};
use domain::{Action, InventoryLot, is_harmful};
use serde_json::{Value, json};
use sync::Notice;

/// Prints in one of the two forms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    pub(crate) json: bool,
}

/// The text with what a terminal would obey as escapes; line breaks stay.
fn printable(text: &str) -> String {
    let is_kept = |char: char| char == '\n' || !is_harmful(char);
    text.chars()
        .map(|char| if is_kept(char) { char.to_string() } else { char.escape_unicode().to_string() })
        .collect()
}

impl Printer {
    fn print(self, value: impl FnOnce() -> Value, sentence: impl FnOnce() -> String) {
        self.text(&if self.json { value().to_string() } else { printable(&sentence()) });
    }

    /// Prints a line. A reader that has gone is no error of the command.
    pub(crate) fn text(self, text: &str) {
        let mut out = stdout().lock();
        drop(writeln!(out, "{text}").and_then(|()| out.flush()));
    }

    pub(crate) fn error(self, error: &DeviceError) {
        let remedy = match error.remedy() {
            Remedy::Correct => "correct",
            Remedy::Wait => "wait",
            Remedy::Administrator => "administrator",
            Remedy::Machine => "machine",
        };
        let line = if self.json {
            json!({ "error": error.to_string(), "remedy": remedy }).to_string()
        } else {
            printable(&error.to_string())
        };
        drop(writeln!(stderr(), "{line}"));
    }

    pub(crate) fn connected(self, identity: &Identity) {
        let Identity { server, name, site, .. } = identity;
        self.print(
            || json!({ "connected": { "server": server, "name": name, "site": site } }),
            || format!("Connected to {server} as {name}, site {site}. Next: lotbook-device sync."),
        );
    }

    /// Progress of a download, on standard error; not for scripts.
    pub(crate) fn progress(self, notice: &Notice) {
        if let (false, Notice::RoundProgress { snapshot: Some(progress), .. }) = (self.json, notice) {
            let (done, total) = (progress.done_rows, progress.total_rows);
            drop(writeln!(stderr(), "{done} of {total} rows"));
        }
    }

    pub(crate) fn synced(self, synced: &Synced, device: &Device) {
        let Synced { booked, attention, received, rev } = *synced;
        let (pending, is_complete) = (device.pending(), device.completeness() == Completeness::Complete);
        self.print(
            || {
                json!({ "synced": { "booked": booked, "attention": attention, "received": received, "rev": rev,
                                    "pending": pending, "complete": is_complete } })
            },
            || {
                let rest = if attention > 0 {
                    format!(" {attention} changes were not booked: see lotbook-device queue.")
                } else {
                    String::new()
                };
                format!("Synced: {booked} changes booked, {received} rows received, {pending} wait.{rest}")
            },
        );
    }

    pub(crate) fn saved(self, saved: &Saved) {
        let Saved { mutation, product, shown, pending } = saved;
        self.print(
            || {
                json!({ "saved": { "id": mutation.id, "seq": mutation.seq, "action": mutation.action,
                                   "shown": shown, "pending": pending } })
            },
            || {
                let shown = shown.as_ref().map(|lot| format!(" Now {}.", lot_text(lot))).unwrap_or_default();
                let what = action_text(&mutation.action);
                format!("Saved on this device: {what} ({product}).{shown} {pending} wait to be sent.")
            },
        );
    }

    pub(crate) fn stock(self, found: &Found) {
        self.print(|| stock_json(found), || stock_text(found));
    }

    pub(crate) fn queue(self, entries: &[Entry], unreadable: usize) {
        if self.json {
            let entry = |entry: &Entry| {
                let refused =
                    entry.refused.as_ref().map(|(code, message)| json!({ "code": code, "message": message }));
                json!({ "seq": entry.seq, "id": entry.id, "action": entry.action,
                        "captured_at": entry.captured_at, "refused": refused })
            };
            let entries: Vec<Value> = entries.iter().map(entry).collect();
            return self.text(&json!({ "queue": entries, "unreadable": unreadable }).to_string());
        }
        for entry in entries {
            let state = match &entry.refused {
                None => "waits to be sent".to_owned(),
                Some((code, message)) => format!("not booked: {message} ({code})"),
            };
            self.text(&printable(&format!("{} {}: {state}", entry.id, action_text(&entry.action))));
        }
        if unreadable > 0 {
            self.text(&format!("{unreadable} of another version of lotbook-device wait to be sent."));
        }
        if entries.len() + unreadable == 0 {
            self.text("Nothing waits.");
        }
    }

    pub(crate) fn exported(self, entries: usize, file: &Path) {
        self.print(
            || json!({ "exported": { "entries": entries, "file": file } }),
            || format!("{entries} changes that were not sent are in {}.", file.display()),
        );
    }
}

fn action_text(action: &Action) -> String {
    match action {
        Action::ReceiveLot { lot, quantity, .. } => format!("receive {quantity}, {lot}"),
        Action::PickLot { lot, quantity, .. } => format!("pick {quantity}, {lot}"),
        Action::MoveLot { lot, to, quantity } => format!("move {quantity}, {lot}, to {to}"),
        Action::CountLot { lot, counted, .. } => format!("count {counted}, {lot}"),
        other => other.kind().replace('_', " "),
    }
}

fn lot_text(lot: &InventoryLot) -> String {
    let expires = lot.expires_on.map(|date| format!(", use by {date}")).unwrap_or_default();
    format!("{} of {}{expires}, {}", lot.quantity, lot.lot, lot.status.code())
}

fn stock_json(found: &Found) -> Value {
    let named = |named: &NamedLot| json!({ "product": named.product, "lot": named.lot });
    match found {
        Found::Product(ProductStock { product, lots, has_pending }) => {
            json!({ "product": product, "lots": lots, "pending": has_pending })
        }
        Found::Bin(lots) => json!({ "bin": lots.iter().map(named).collect::<Vec<_>>() }),
        Found::Lots(lots) => json!({ "lots": lots.iter().map(named).collect::<Vec<_>>() }),
    }
}

fn stock_text(found: &Found) -> String {
    let mut lines = Vec::new();
    match found {
        Found::Product(ProductStock { product, lots, has_pending }) => {
            let pending = if *has_pending { ", with work that was not sent yet" } else { "" };
            lines.push(format!("{} ({}), in {}{pending}:", product.name, product.sku, product.unit));
            lines.extend(lots.iter().map(|lot| format!("  {}", lot_text(lot))));
            if lots.is_empty() {
                lines.push("  no lots".to_owned());
            }
        }
        Found::Bin(lots) | Found::Lots(lots) => lines.extend(lots.iter().map(|named| {
            let name = named.product.as_ref().map_or("unknown product", |product| &product.name);
            format!("{name}: {}", lot_text(&named.lot))
        })),
    }
    lines.join("\n")
}
