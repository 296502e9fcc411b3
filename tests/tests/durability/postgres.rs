//! The server, PostgreSQL's processes and PostgreSQL itself are killed while devices work.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use test_postgres::{Database, Postgres};

use crate::books::Books;
use crate::crew::Crew;
use crate::dice::Dice;
use crate::server::Server;

const DEVICES: usize = 5;
const KILLS: usize = 20;
const MAX_UP_MILLIS: u64 = 300;

/// The process that is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    /// The server, while PostgreSQL runs on.
    Server,
    /// A process of PostgreSQL within a transaction; PostgreSQL recovers by itself, and the server runs on.
    Connection,
    /// All of PostgreSQL, while the server runs on.
    Postgres,
    /// Both, as when their machine fails.
    Both,
}

const VICTIMS: [Victim; 4] = [Victim::Server, Victim::Connection, Victim::Postgres, Victim::Both];

/// Kills, and starts what does not start by itself. All answers of before have been read when it returns.
async fn kill(
    victim: Victim,
    server: &Server,
    postgres: &Postgres,
    database: &Database,
    crew: &Crew,
) -> Result<()> {
    match victim {
        Victim::Server => {
            server.kill()?;
            crew.wait_for_failed_attempts().await?;
            server.start()
        }
        Victim::Connection => postgres.kill_connection(database),
        Victim::Postgres => {
            postgres.crash();
            crew.wait_for_failed_attempts().await?;
            postgres.recover()
        }
        Victim::Both => {
            postgres.crash();
            server.kill()?;
            crew.wait_for_failed_attempts().await?;
            postgres.recover()?;
            server.start()
        }
    }
}

#[tokio::test]
async fn kills_of_server_and_postgresql_lose_nothing_acknowledged_and_book_nothing_twice() -> Result<()> {
    let postgres = Postgres::start_durable()?;
    let database = Arc::new(postgres.database()?);
    let server = Server::stopped_on(Arc::clone(&database))?;
    let dice = Dice::new(0x5EED);
    let crew = Crew::start(&server, DEVICES, 1).await?;
    let (mut in_flight, mut answers_lost) = (0, 0);
    let killing = async {
        for victim in VICTIMS.into_iter().cycle().take(KILLS) {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_UP_MILLIS))).await;
            in_flight += usize::from(crew.sending() > 0);
            kill(victim, &server, &postgres, &database, &crew).await?;
            // What a device holds now was committed before it was acknowledged.
            let outcomes = crew.outcomes().await?;
            let books = Books::copied(&database)?;
            books.assert_whole(&crew.recorded(), &outcomes)?;
            answers_lost += books.receipts()?.len() - outcomes.len();
            crew.wait_for_new_outcomes().await?;
        }
        crew.stop();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), killing)?;
    crew.agree().await?;
    crew.reader_agrees().await?;
    Books::copied(&database)?.assert_whole(&crew.recorded(), &crew.outcomes().await?)?;
    println!(
        "{KILLS} kills, {} mutations, {in_flight} in flight, {answers_lost} answers lost",
        crew.recorded().len()
    );
    assert!(
        in_flight > KILLS / 2 && answers_lost > 0,
        "the kills hit idle servers: {in_flight}, {answers_lost}"
    );
    Ok(())
}
