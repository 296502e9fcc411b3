//! A backup taken while devices work is consistent, and after it is restored devices send what it lacks.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::books::Books;
use crate::crew::{Crew, Outcomes};
use crate::dice::Dice;
use crate::server::Server;

const DEVICES: usize = 5;
const BACKUPS: usize = 5;
const MAX_PAUSE_MILLIS: u64 = 60;

#[tokio::test]
async fn a_backup_under_load_is_consistent_and_devices_resend_missing_mutations() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xBAC);
    let crew = Crew::start(&server, DEVICES, 4).await?;
    let saving = async {
        let mut outcomes_before = Vec::new();
        for number in 0..BACKUPS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS))).await;
            outcomes_before.push(crew.outcomes().await?);
            back_up(&server, number).await?;
        }
        crew.wait_for_new_outcomes().await?;
        crew.stop();
        anyhow::Ok(outcomes_before)
    };
    let ((), outcomes_before) = futures::try_join!(crew.work(), saving)?;
    let all = crew.outcomes().await?.len();
    for (number, outcomes) in outcomes_before.iter().enumerate().rev() {
        restore(&server, number)?;
        // No device sends before `agree`, so this checks the backup alone.
        let books = Books::open(&server.database())?;
        books.assert_whole(&crew.recorded(), outcomes)?;
        assert!(books.receipts()?.len() < all, "backup {number} lacks nothing");
        // The reader returns after the revisions it has seen were used again for other changes.
        crew.agree().await?;
        crew.reader_agrees().await?;
        books.assert_whole(&crew.recorded(), &crew.booked_outcomes().await?)?;
    }
    Ok(())
}

fn file(number: usize) -> String {
    format!("backup-{number}.db")
}

async fn back_up(server: &Server, number: usize) -> Result<()> {
    let mut command = Command::from(server.command("backup")?);
    let done = command.arg("--to").arg(server.path(&file(number))).output().await?;
    ensure!(done.status.success(), "backup: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Restores a backup over the database, as an operator would.
fn restore(server: &Server, number: usize) -> Result<()> {
    server.kill()?;
    fs::remove_file(server.log())?;
    fs::remove_file(server.log_index())?;
    fs::copy(server.path(&file(number)), server.database())?;
    server.start()
}

#[tokio::test]
async fn a_backup_made_while_the_server_is_killed_is_complete() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xBAD);
    let crew = Crew::start(&server, DEVICES, 5).await?;
    let saving = async {
        for number in 0..BACKUPS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS))).await;
            let outcomes: Outcomes = crew.outcomes().await?;
            let killing = async {
                tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS / 2))).await;
                server.kill()?;
                server.start()
            };
            let (saved, killed) = futures::join!(back_up(&server, number), killing);
            killed?;
            saved?;
            Books::open(&server.path(&file(number)))?.assert_whole(&crew.recorded(), &outcomes)?;
        }
        crew.stop();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), saving)?;
    crew.agree().await?;
    crew.reader_agrees().await
}
