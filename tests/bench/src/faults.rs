//! Lotbook and its peers under faults of browser, network and server: is saved work lost, duplicated,
//! reordered or stuck?
//!
//! A run plays one fault with one subject on its own server, browser profile and proxy ([`scene`]). It saves
//! some picks of one lot, each with another quantity, so that they can be told apart in the server's ledger.
//! *Saved* means that the subject said so. Then the fault ends, the server can be reached, and a page that
//! the fault closed is opened again. From then on the subject has `bound_seconds` to settle everything
//! without any user action; the run ends sooner once it has. Counted over the saved mutations:
//!
//! - **lost**: not booked by the server, and neither in the subject's queue nor kept with a reason for a
//!   person to settle. A rejected write that vanished is lost. With subjects that pull rows, each row that is
//!   missing, outdated or should have been removed counts as well.
//! - **duplicated**: bookings beyond one per saved mutation, including bookings of mutations that the subject
//!   reported as not saved. Mutations about which the subject said nothing may be booked or not.
//! - **reordered**: bookings on the lot that come directly after one that was saved later.
//! - **stuck**: still in the queue after the bound, and not waiting for a person with a reason.
//!
//! The results also hold the number of saved mutations and the time of the slowest save, including the way to
//! its form.
//!
//! Differences from the field: the return of the network is signalled by an `online` event in the page and a
//! sync event in the worker, dispatched over DevTools. A browser repeats a failed sync event after five
//! minutes. Workbox has no other trigger, so for Workbox the browser is set to repeat it after 15 seconds,
//! within the bound. A page is frozen over DevTools although it holds a Web Lock, in which case Chromium
//! itself would not freeze it. Only the page's clock is off, because a worker's cannot be changed.

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

/// Plays mostly wait and share nothing, so several run at once.
const PLAYS_AT_ONCE: usize = 2;

/// Plays the chosen faults with the chosen subjects.
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
    // The last faults take longest, so they are started first.
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
    // The same random choices for every subject.
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
