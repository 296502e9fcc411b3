//! `kill -9` at random moments while devices work.

use std::time::Duration;

use anyhow::Result;

use crate::books::Books;
use crate::crew::Crew;
use crate::dice::Dice;
use crate::server::Server;

const DEVICES: usize = 5;
const KILLS: u64 = 40;
/// One in so many kills comes during an orderly shutdown, when the server checkpoints its log.
const SHUTDOWN_EVERY_KILLS: u64 = 4;
const MAX_UP_MILLIS: u64 = 160;
const MAX_SHUTDOWN_MILLIS: u64 = 12;

/// State of devices and server at the kills, to show that the kills did not hit an idle server.
#[derive(Debug, Default)]
struct Hits {
    /// Kills while at least one device waited for an answer.
    in_flight: u64,
    /// Mutations that were booked while the device did not get the answer.
    answers_lost: usize,
}

#[tokio::test]
async fn repeated_kills_lose_nothing_acknowledged_and_book_nothing_twice() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0x5EED);
    let crew = Crew::start(&server, DEVICES, 1).await?;
    let mut hits = Hits::default();
    let killing = async {
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_UP_MILLIS))).await;
            hits.in_flight += u64::from(crew.sending() > 0);
            if kill % SHUTDOWN_EVERY_KILLS == 0 {
                server.kill_during_shutdown(Duration::from_millis(dice.roll(MAX_SHUTDOWN_MILLIS)))?;
            } else {
                server.kill()?;
            }
            crew.wait_for_failed_attempts().await?;
            let outcomes = crew.outcomes().await?;
            server.start()?;
            let books = Books::open(&server.database())?;
            books.assert_whole(&crew.recorded(), &outcomes)?;
            hits.answers_lost += books.receipts()?.len() - outcomes.len();
        }
        crew.stop();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), killing)?;
    crew.agree().await?;
    crew.reader_agrees().await?;
    Books::open(&server.database())?.assert_whole(&crew.recorded(), &crew.outcomes().await?)?;
    println!("{KILLS} kills, {} mutations, {hits:?}", crew.recorded().len());
    assert!(hits.in_flight > KILLS / 2 && hits.answers_lost > 0, "the kills hit an idle server: {hits:?}");
    Ok(())
}
