//! A backup taken while devices work is one state of the books, and devices send what it lacks.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::books::Books;
use crate::crew::{Crew, Told};
use crate::dice::Dice;
use crate::server::Server;

const DEVICES: usize = 5;
const BACKUPS: usize = 5;
const MAX_PAUSE_MILLIS: u64 = 60;

#[tokio::test]
async fn a_backup_under_load_is_one_state_and_devices_send_what_it_lacks() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xBAC);
    let crew = Crew::start(&server, DEVICES, 4).await?;
    let saving = async {
        let mut told_before = Vec::new();
        for number in 0..BACKUPS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS))).await;
            told_before.push(crew.told().await?);
            back_up(&server, number).await?;
        }
        crew.all_are_told_more().await?;
        crew.call_it_a_day();
        anyhow::Ok(told_before)
    };
    let ((), told_before) = futures::try_join!(crew.work(), saving)?;
    let all = crew.told().await?.len();
    for (number, told) in told_before.iter().enumerate().rev() {
        put_back(&server, number)?;
        // While it is looked at, nobody sends: what is there came from the backup.
        let books = Books::open(&server.database())?;
        books.assert_whole(&crew.recorded(), told)?;
        assert!(books.receipts()?.len() < all, "backup {number} lacks nothing");
        // Who only reads comes back when the revisions that it has seen stand for something else.
        crew.agree().await?;
        crew.reader_agrees().await?;
        books.assert_whole(&crew.recorded(), &crew.told_of_booked().await?)?;
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

/// As somebody would who has only the backup.
fn put_back(server: &Server, number: usize) -> Result<()> {
    server.kill()?;
    fs::remove_file(server.log())?;
    fs::remove_file(server.log_index())?;
    fs::copy(server.path(&file(number)), server.database())?;
    server.start()
}

#[tokio::test]
async fn a_backup_made_while_the_server_is_killed_is_whole_or_says_that_it_failed() -> Result<()> {
    let server = Server::stopped()?;
    let dice = Dice::new(0xBAD);
    let crew = Crew::start(&server, DEVICES, 5).await?;
    let saving = async {
        for number in 0..BACKUPS {
            tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS))).await;
            let told: Told = crew.told().await?;
            let killing = async {
                tokio::time::sleep(Duration::from_millis(dice.roll(MAX_PAUSE_MILLIS / 2))).await;
                server.kill()?;
                server.start()
            };
            let (saved, killed) = futures::join!(back_up(&server, number), killing);
            killed?;
            saved?;
            Books::open(&server.path(&file(number)))?.assert_whole(&crew.recorded(), &told)?;
        }
        crew.call_it_a_day();
        anyhow::Ok(())
    };
    futures::try_join!(crew.work(), saving)?;
    crew.agree().await?;
    crew.reader_agrees().await
}
