//! `kill -9` at any moment, the devices at work all the while.

use std::time::Duration;

use anyhow::Result;

use crate::books::Books;
use crate::crew::Crew;
use crate::dice::Dice;
use crate::server::Server;

const DEVICES: usize = 5;
const KILLS: u64 = 40;
/// Every so many kills the server had been told to end, and is killed while it does: its log is being folded in.
const ENDING_EVERY_KILLS: u64 = 4;
const MAX_UP_MILLIS: u64 = 160;
const MAX_ENDING_MILLIS: u64 = 12;

/// What the kills hit.
#[derive(Debug, Default)]
struct Hits {
    /// Kills while at least one device waited for its answer.
    in_flight: u64,
    /// Mutations that were booked, and their device not told.
    answers_lost: usize,
}

#[tokio::test]
async fn killed_again_and_again_it_loses_nothing_it_acknowledged_and_books_nothing_twice() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0x5EED);
    let crew = Crew::start(&server, DEVICES, 1).await?;
    let mut hits = Hits::default();
    let killing = async {
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_UP_MILLIS))).await;
            hits.in_flight += u64::from(crew.sending() > 0);
            if kill % ENDING_EVERY_KILLS == 0 {
                server.kill_while_it_ends(Duration::from_millis(dice.roll(MAX_ENDING_MILLIS)))?;
            } else {
                server.kill()?;
            }
            crew.all_miss().await?;
            let told = crew.told().await?;
            server.start()?;
            let books = Books::open(&server.database())?;
            books.assert_whole(&crew.recorded(), &told)?;
            hits.answers_lost += books.receipts()?.len() - told.len();
        }
        crew.call_it_a_day();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), killing)?;
    crew.agree().await?;
    crew.reader_agrees().await?;
    Books::open(&server.database())?.assert_whole(&crew.recorded(), &crew.told().await?)?;
    println!("{KILLS} kills, {} mutations, {hits:?}", crew.recorded().len());
    assert!(hits.in_flight > KILLS / 2 && hits.answers_lost > 0, "the kills met an idle server: {hits:?}");
    Ok(())
}
