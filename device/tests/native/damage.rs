//! Files that are damaged, empty or gone: one sentence with the file's name, and nothing is changed.

use std::fs;

use anyhow::Result;

use crate::machine::{Machine, link, stocked};

const COMMANDS: [&[&str]; 3] = [&["queue"], &["sync"], &["pick", "RICE", "--quantity", "1"]];

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_stock_book_is_told_and_kept() -> Result<()> {
    let (server, _) = stocked().await?;
    let machine = Machine::new()?;
    machine.connect(&server, &server.url()?).await?;
    let book = machine.file("lotbook.db");
    let whole = fs::read(&book)?;
    let half = whole.len() / 2;
    let mut first_page = whole.clone();
    first_page[..512].fill(0x5a);
    let garbage = "not a database\n".repeat(1_000).into_bytes();
    for (name, content) in [
        ("garbage", garbage),
        ("empty", Vec::new()),
        ("a torn first page", first_page),
        ("cut off", whole[..half].to_vec()),
    ] {
        fs::write(&book, &content)?;
        for command in COMMANDS {
            let ended = machine.run(command)?;
            assert_eq!(ended.code, 5, "{name}, {command:?}: {ended:?}");
            let sentence = ended.sentence()?;
            assert!(
                sentence.contains("lotbook.db is damaged") && sentence.contains("copy"),
                "{name}: {sentence}"
            );
        }
        assert_eq!(fs::read(&book)?, content, "{name}");
    }
    fs::remove_file(&book)?;
    for command in COMMANDS {
        let ended = machine.run(command)?;
        assert_eq!((ended.code, ended.sentence()?.contains("lotbook.db")), (5, true), "{ended:?}");
    }
    assert!(!book.exists(), "no empty stock book takes the place of the lost one");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_identity_is_told_and_replaced_by_a_new_link() -> Result<()> {
    let (server, _) = stocked().await?;
    let machine = Machine::new()?;
    machine.connect(&server, &server.url()?).await?;
    machine.done(&["pick", "RICE", "--quantity", "1"])?;
    fs::write(machine.file("device.json"), "{\"server\": \"http")?;
    let ended = machine.run(&["sync"])?;
    assert!(ended.code == 5 && ended.sentence()?.contains("connect again"), "{ended:?}");
    machine.done(&["connect", &link(&server, &server.url()?).await?])?;
    assert_eq!(machine.done(&["sync"])?["synced"]["booked"], 1);
    Ok(())
}
