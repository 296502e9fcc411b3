//! A power cut leaves the log as far as it was promised, and anything whatever behind that.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use rusqlite::Connection;

use crate::books::Books;
use crate::crew::{Crew, Told};
use crate::dice::Dice;
use crate::log::{Image, Tear};
use crate::server::Server;

const DEVICES: usize = 5;
const CUTS_OF_EACH_KIND: usize = 3;
const MIN_UP_MILLIS: u64 = 20;
const MAX_MORE_UP_MILLIS: u64 = 60;
/// Copies of running files that are put back in turn.
const COPIES: usize = 6;

/// Bytes that the cut may take: the log behind the last transaction that some device was told of or has read.
fn promised(image: &Image, told: &Told, seen_rev: u64) -> Result<usize> {
    image.promised(|books| {
        // An empty log behind an empty database has no tables yet; those of this test have been folded in before.
        Ok(books.rev()? >= seen_rev && books.hold(told)?)
    })
}

/// Folds the log into the database, so that the next cut finds a short one.
fn fold(server: &Server) -> Result<()> {
    let connection = Connection::open(server.database())?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

#[tokio::test]
async fn a_torn_log_takes_nothing_with_it_that_was_acknowledged() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0x70A7);
    let crew = Crew::start(&server, DEVICES, 2).await?;
    let (mut cuts_with_a_tail, mut tail_bytes) = (0, 0);
    let cutting = async {
        for tear in Tear::ALL.into_iter().cycle().take(Tear::ALL.len() * CUTS_OF_EACH_KIND) {
            fold(&server)?;
            tokio::time::sleep(Duration::from_millis(MIN_UP_MILLIS + dice.roll(MAX_MORE_UP_MILLIS))).await;
            server.kill()?;
            crew.all_miss().await?;
            let (told, seen_rev) = (crew.told().await?, crew.seen_rev().await?);
            let mut image = Image::read(&server.database(), &server.log())?;
            let promised = promised(&image, &told, seen_rev)?;
            cuts_with_a_tail += usize::from(promised < image.log.len());
            tail_bytes += image.log.len() - promised;
            image.tear(promised, tear, &dice);
            image.write(&server.database(), &server.log())?;
            fs::remove_file(server.log_index())?;
            server.start()?;
            let books = Books::open(&server.database())?;
            books.assert_whole(&crew.recorded(), &told)?;
            assert!(books.rev()? >= seen_rev, "{tear:?} took a revision that a device has read");
        }
        crew.call_it_a_day();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), cutting)?;
    crew.agree().await?;
    crew.reader_agrees().await?;
    Books::open(&server.database())?.assert_whole(&crew.recorded(), &crew.told().await?)?;
    let cuts = Tear::ALL.len() * CUTS_OF_EACH_KIND;
    println!("{cuts} cuts, {cuts_with_a_tail} of them in a tail, {tail_bytes} bytes of tails");
    assert!(cuts_with_a_tail > 0, "the cuts met an idle server");
    Ok(())
}

/// A copy of the files of a running server, and what had been acknowledged when it was begun.
struct Copy {
    image: Image,
    told: Told,
}

/// Copies the files, again if they were folded together meanwhile: no single moment looked like that.
async fn copy(server: &Server, crew: &Crew) -> Result<Copy> {
    loop {
        let told = crew.told().await?;
        let image = Image::read(&server.database(), &server.log())?;
        if fs::read(server.database())? == image.database {
            return Ok(Copy { image, told });
        }
    }
}

/// Puts a copy back in place of the files, its log torn.
fn put_back(server: &Server, copy: Copy, tear: Tear, dice: &Dice) -> Result<Told> {
    server.kill()?;
    let Copy { mut image, told } = copy;
    let promised = promised(&image, &told, 0)?;
    image.tear(promised, tear, dice);
    image.write(&server.database(), &server.log())?;
    fs::remove_file(server.log_index())?;
    server.start()?;
    Ok(told)
}

/// Lets devices work while the files are copied, and a while longer.
async fn copies(server: &Server, crew: &Crew, dice: &Dice, count: usize) -> Result<Vec<Copy>> {
    fold(server)?;
    let copying = async {
        let mut copies = Vec::new();
        for _ in 0..count {
            tokio::time::sleep(Duration::from_millis(MIN_UP_MILLIS + dice.roll(MAX_MORE_UP_MILLIS))).await;
            copies.push(copy(server, crew).await?);
        }
        // So that each of them notices.
        crew.all_are_told_more().await?;
        crew.call_it_a_day();
        anyhow::Ok(copies)
    };
    Ok(futures::try_join!(crew.work(), copying)?.1)
}

#[tokio::test]
async fn devices_send_again_what_a_copy_of_the_running_files_lacks() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xC0B7);
    let crew = Crew::start(&server, DEVICES, 3).await?;
    let copies = copies(&server, &crew, &dice, COPIES).await?;
    let all = crew.told().await?.len();
    for (copy, tear) in copies.into_iter().zip(Tear::ALL) {
        let told = put_back(&server, copy, tear, &dice)?;
        let books = Books::open(&server.database())?;
        books.assert_whole(&crew.recorded(), &told)?;
        assert!(books.receipts()?.len() < all, "the copy lacks nothing");
        crew.agree().await?;
        books.assert_whole(&crew.recorded(), &crew.told_of_booked().await?)?;
    }
    Ok(())
}

#[tokio::test]
async fn who_only_reads_notices_a_copy_that_was_put_back() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xEAD);
    let crew = Crew::start(&server, DEVICES, 6).await?;
    for copy in copies(&server, &crew, &dice, 1).await? {
        put_back(&server, copy, Tear::Nowhere, &dice)?;
    }
    // The workers send again what was lost, in another order: the same revisions stand for something else.
    crew.agree().await?;
    crew.reader_agrees().await
}
