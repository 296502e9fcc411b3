//! Lotbook and its peers under faults that a browser meets, and what becomes of the work saved on it.
//!
//! A run is one fault with one subject on a server, a browser profile and a proxy of its own ([`scene`]). It saves some
//! picks of one lot, each of another quantity, so that each can be told from the others in the server's ledger. *Saved*
//! means that the subject said so. The fault ends, the server can be reached, and the page is opened again where the fault
//! closed it. Then the subject has `bound_seconds`, and nobody does anything for it; the run ends sooner once all is well.
//! What is counted then, over the mutations that were saved:
//!
//! - **lost**: the server has not booked it, and the subject no longer holds it in its queue, nor keeps it for a person to
//!   settle, with a reason. A rejected write that vanished is lost. Where rows are pulled, each row that the subject lacks,
//!   has in an older form or should no longer have counts here as well.
//! - **duplicated**: bookings beyond one for each saved mutation, those of mutations that were said not to be saved
//!   included. What nobody got a word about may arrive or not.
//! - **reordered**: bookings on the lot that come right after one that was saved later.
//! - **stuck**: still in the queue after the bound, and not waiting for a person with a reason.
//!
//! Beside them stand how many were saved, and how long the slowest of these took with the way to its form.
//!
//! What is not quite as in the field: that the network is back is told by an `online` event in the page and a sync event in
//! the worker, as a browser would. A sync event that failed is fired again after five minutes; for Workbox, which knows no
//! other occasion, the browser is told to do so after 15 seconds, as the bound is so short. A page is frozen over DevTools,
//! in a state in which Chromium itself would leave it running: it holds a Web Lock. The clock is off in the page alone; a
//! worker's cannot be changed.

mod app_screens;
mod cases;
mod matrix;
mod notes;
mod peer_page;
mod plan;
mod proxy;
mod rows;
mod scene;
mod subject;
mod verdict;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;
use futures::{StreamExt as _, stream};

pub(crate) use cases::Fault;
use matrix::{Cell, Matrix, Row};
use subject::{POUCHDB, RXDB, Subject, TANSTACK, WORKBOX};

use crate::settings::Settings;

const SUBJECTS: [Subject; 5] = [
    Subject::Lotbook,
    Subject::Peer(WORKBOX),
    Subject::Peer(TANSTACK),
    Subject::Peer(RXDB),
    Subject::Peer(POUCHDB),
];

/// Most of a play is waiting, and none has anything in common with another.
const PLAYS_AT_ONCE: usize = 2;

/// Plays every fault with every subject that is asked for.
///
/// # Errors
/// When the results cannot be written.
pub(crate) async fn run(settings: &Settings) -> Result<Matrix> {
    let names = settings.chosen(&SUBJECTS.map(Subject::name));
    let subjects: Vec<Subject> =
        SUBJECTS.into_iter().filter(|subject| names.contains(&subject.name())).collect();
    let faults = settings.faults();
    let mut rows: Vec<Row> = faults
        .iter()
        .map(|fault| Row { id: fault.id(), name: fault.about(), results: BTreeMap::new() })
        .collect();
    // Those that take long are the last ones; they are begun first.
    let cells = (0..faults.len()).rev().flat_map(|at| subjects.iter().map(move |&subject| (at, subject)));
    let plays = cells.map(|(at, subject)| {
        let fault = faults[at];
        async move { (at, subject, timed_cell(fault, subject, settings).await) }
    });
    let mut plays = stream::iter(plays).buffer_unordered(PLAYS_AT_ONCE);
    while let Some((at, subject, cell)) = plays.next().await {
        if let Some(row) = rows.get_mut(at) {
            row.results.insert(subject.name(), cell);
        }
    }
    let (seed, mutations) = (settings.seed, cases::MUTATIONS);
    Ok(Matrix {
        name: "faults",
        seed,
        mutations,
        bound_seconds: scene::BOUND_SECONDS,
        subjects: names,
        faults: rows,
    })
}

async fn timed_cell(fault: Fault, subject: Subject, settings: &Settings) -> Cell {
    let begun = Instant::now();
    let cell = cell(fault, subject, settings).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("  {:<4} {:<10} {:>12}  {seconds:>6.1} s", fault.id(), subject.name(), cell.shown());
    cell
}

async fn cell(fault: Fault, subject: Subject, settings: &Settings) -> Cell {
    if let Some(not_applicable) = notes::not_applicable(fault, subject) {
        return Cell::NotApplicable { not_applicable };
    }
    // The same chances for every subject.
    let rng = Rng::with_seed(settings.seed);
    match cases::play(fault, subject, settings, rng).await {
        Ok(counts) => {
            let why = if counts.is_zero() { None } else { notes::why(fault, subject) };
            Cell::Played { counts, why }
        }
        Err(error) => {
            eprintln!("  FAILED {} {}: {error:#}", fault.id(), subject.name());
            Cell::Failed { failed: format!("{error:#}") }
        }
    }
}
