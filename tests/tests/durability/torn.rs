//! After a power cut the log is intact up to the last acknowledged transaction and arbitrary after it.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail};
use rusqlite::Connection;

use crate::books::Books;
use crate::crew::{Crew, Outcomes};
use crate::dice::Dice;
use crate::log::{Image, Tear};
use crate::server::Server;

const DEVICES: usize = 5;
const CUTS_OF_EACH_KIND: usize = 3;
const MIN_UP_MILLIS: u64 = 20;
const MAX_MORE_UP_MILLIS: u64 = 60;
/// Copies of the running server's files, restored one after another.
const COPIES: usize = 6;
/// Attempts at one copy. A checkpoint, which spoils one, comes after hundreds of transactions.
const MAX_COPY_ATTEMPTS: usize = 50;

/// Length of the log, in bytes, up to the last transaction that a device was told of or has read. The cut may
/// damage the rest.
fn promised(image: &Image, outcomes: &Outcomes, seen_rev: u64) -> Result<usize> {
    image.promised(|books| {
        // The tables exist even with an empty log, because the log was checkpointed before.
        Ok(books.rev()? >= seen_rev && books.hold(outcomes)?)
    })
}

/// Moves the log into the database file, so that the next cut meets a short log.
fn checkpoint(server: &Server) -> Result<()> {
    let connection = Connection::open(server.database())?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

#[tokio::test]
async fn a_torn_log_loses_nothing_acknowledged() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0x70A7);
    let crew = Crew::start(&server, DEVICES, 2).await?;
    let (mut cuts_with_a_tail, mut tail_bytes) = (0, 0);
    let cutting = async {
        for tear in Tear::ALL.into_iter().cycle().take(Tear::ALL.len() * CUTS_OF_EACH_KIND) {
            checkpoint(&server)?;
            tokio::time::sleep(Duration::from_millis(MIN_UP_MILLIS + dice.roll(MAX_MORE_UP_MILLIS))).await;
            server.kill()?;
            crew.wait_for_failed_attempts().await?;
            let (outcomes, seen_rev) = (crew.outcomes().await?, crew.seen_rev().await?);
            let mut image = Image::read(&server.database(), &server.log())?;
            let promised = promised(&image, &outcomes, seen_rev)?;
            cuts_with_a_tail += usize::from(promised < image.log.len());
            tail_bytes += image.log.len() - promised;
            image.tear(promised, tear, &dice);
            image.write(&server.database(), &server.log())?;
            fs::remove_file(server.log_index())?;
            server.start()?;
            let books = Books::open(&server.database())?;
            books.assert_whole(&crew.recorded(), &outcomes)?;
            assert!(books.rev()? >= seen_rev, "{tear:?} lost a revision that a device has read");
        }
        crew.stop();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), cutting)?;
    crew.agree().await?;
    crew.reader_agrees().await?;
    Books::open(&server.database())?.assert_whole(&crew.recorded(), &crew.outcomes().await?)?;
    let cuts = Tear::ALL.len() * CUTS_OF_EACH_KIND;
    println!("{cuts} cuts, {cuts_with_a_tail} of them in a tail, {tail_bytes} bytes of tails");
    assert!(cuts_with_a_tail > 0, "the cuts hit an idle server");
    Ok(())
}

/// A copy of a running server's files, and the outcomes that devices held when copying began.
struct Copy {
    image: Image,
    outcomes: Outcomes,
}

/// Copies database and log. Starts again if a checkpoint changed the database meanwhile, as the copy would
/// mix two states.
async fn copy(server: &Server, crew: &Crew) -> Result<Copy> {
    for _ in 0..MAX_COPY_ATTEMPTS {
        let outcomes = crew.outcomes().await?;
        let image = Image::read(&server.database(), &server.log())?;
        if fs::read(server.database())? == image.database {
            return Ok(Copy { image, outcomes });
        }
    }
    bail!("the database changed during each of {MAX_COPY_ATTEMPTS} copies")
}

/// Restores a copy over the files, with its log torn.
fn restore(server: &Server, copy: Copy, tear: Tear, dice: &Dice) -> Result<Outcomes> {
    server.kill()?;
    let Copy { mut image, outcomes } = copy;
    let promised = promised(&image, &outcomes, 0)?;
    image.tear(promised, tear, dice);
    image.write(&server.database(), &server.log())?;
    fs::remove_file(server.log_index())?;
    server.start()?;
    Ok(outcomes)
}

/// Copies the files while devices work, then lets each device work until it holds new outcomes.
async fn copies(server: &Server, crew: &Crew, dice: &Dice, count: usize) -> Result<Vec<Copy>> {
    checkpoint(server)?;
    let copying = async {
        let mut copies = Vec::new();
        for _ in 0..count {
            tokio::time::sleep(Duration::from_millis(MIN_UP_MILLIS + dice.roll(MAX_MORE_UP_MILLIS))).await;
            copies.push(copy(server, crew).await?);
        }
        // Each device must hold an outcome that no copy has, so that it notices the restore.
        crew.wait_for_new_outcomes().await?;
        crew.stop();
        anyhow::Ok(copies)
    };
    Ok(futures::try_join!(crew.work(), copying)?.1)
}

#[tokio::test]
async fn devices_resend_mutations_missing_from_a_copy_of_the_running_files() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xC0B7);
    let crew = Crew::start(&server, DEVICES, 3).await?;
    let copies = copies(&server, &crew, &dice, COPIES).await?;
    let all = crew.outcomes().await?.len();
    for (copy, tear) in copies.into_iter().zip(Tear::ALL) {
        let outcomes = restore(&server, copy, tear, &dice)?;
        let books = Books::open(&server.database())?;
        books.assert_whole(&crew.recorded(), &outcomes)?;
        assert!(books.receipts()?.len() < all, "the copy lacks nothing");
        crew.agree().await?;
        books.assert_whole(&crew.recorded(), &crew.booked_outcomes().await?)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_device_that_only_reads_notices_a_restored_copy() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xEAD);
    let crew = Crew::start(&server, DEVICES, 6).await?;
    for copy in copies(&server, &crew, &dice, 1).await? {
        restore(&server, copy, Tear::Nowhere, &dice)?;
    }
    // The workers send lost mutations again, in another order, so the same revisions stand for other changes.
    crew.agree().await?;
    crew.reader_agrees().await
}
