//! `watch`: an engine that syncs by itself, and a line at every change of its state.

use std::cell::RefCell;
use std::rc::Rc;

use device::{Device, follow};
use serde_json::json;
use sync::{Connection, Event};

use super::print::Printer;

/// How often the state is looked at.
const LOOK_MILLIS: u64 = 200;

/// Runs until interrupted. An error of a round is printed and tried again, as in the app.
pub(super) async fn watch(device: &Device, printer: Printer) {
    let engine = device.engine();
    let last = Rc::new(RefCell::new(String::new()));
    let print = {
        let engine = engine.clone();
        move |sentence: &dyn Fn(client::SyncError) -> String| {
            let state = engine.state();
            if state.is_syncing {
                return;
            }
            let error = state.status.error.map(sentence);
            let is_online = state.is_online == Connection::Online;
            let line = if printer.json {
                json!({ "online": is_online, "pending": state.pending, "attention": state.attention,
                        "error": error })
                .to_string()
            } else {
                let connection = if is_online { "Online" } else { "Offline" };
                let error = error.map(|error| format!(" {error}")).unwrap_or_default();
                format!(
                    "{connection}. {} wait to be sent, {} for a person.{error}",
                    state.pending, state.attention
                )
            };
            if *last.borrow() != line {
                printer.text(&line);
                last.replace(line);
            }
        }
    };
    engine.read_choices().await;
    let starting = async {
        engine.handle(Event::Started);
        std::future::pending::<()>().await;
    };
    let printing = async {
        // The engine's callbacks must not outlive the device, so that this looks by itself.
        loop {
            print(&|error| device.sentence(error));
            tokio::time::sleep(std::time::Duration::from_millis(LOOK_MILLIS)).await;
        }
    };
    tokio::select! {
        // In this order: what is saved before the first round is sent by it.
        biased;
        () = device.follow_others() => {}
        () = starting => {}
        () = follow(&engine) => {}
        () = printing => {}
        // Fails where there are no signals; then the other branches run on.
        Ok(()) = tokio::signal::ctrl_c() => {}
    }
    engine.stop();
}
