//! A machine with the program, and a server with some rice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use domain::{Action, LotRef, Product, Quantity};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use server::DEFAULT_SITE;
use server::enrolment;
use tempfile::TempDir;
use tests::{TestDevice, TestServer};
use uuid::Uuid;

/// The boxes of each lot.
pub(crate) const STOCK: i64 = 1_000;

/// The folder of a device.
pub(crate) struct Machine {
    home: PathBuf,
    _dir: Option<TempDir>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    /// The last line of the output that is JSON; null if there is none.
    pub(crate) said: Value,
    pub(crate) error: String,
}

impl Machine {
    pub(crate) fn new() -> Result<Self> {
        let dir = TempDir::new()?;
        Ok(Self { home: dir.path().join("device"), _dir: Some(dir) })
    }

    /// A machine whose folder is in `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { home: folder.join("device"), _dir: None }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-device"));
        command.args(arguments).arg("--json").arg("--home").arg(&self.home);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ended> {
        Ended::of(&self.command(arguments).output()?)
    }

    /// Runs a command that must succeed.
    pub(crate) fn done(&self, arguments: &[&str]) -> Result<Value> {
        let ended = self.run(arguments)?;
        ensure!(ended.code == 0, "{arguments:?}: {ended:?}");
        Ok(ended.said)
    }

    /// Connects with a new link to the server at `url`, and fetches its stock.
    pub(crate) async fn connect(&self, server: &TestServer, url: &str) -> Result<()> {
        self.done(&["connect", &link(server, url).await?])?;
        let synced = self.done(&["sync"])?;
        ensure!(synced["synced"]["complete"] == true, "{synced}");
        Ok(())
    }

    /// The ids in the queue.
    pub(crate) fn queue(&self) -> Result<Vec<Uuid>> {
        let said = self.done(&["queue"])?;
        let entries = said["queue"].as_array().context("a queue")?.clone();
        entries.into_iter().map(|entry| Ok(serde_json::from_value(entry["id"].clone())?)).collect()
    }

    /// The quantities of the rice's lots, in boxes, by lot and bin.
    pub(crate) fn rice(&self) -> Result<BTreeMap<(String, String), i64>> {
        let said = self.done(&["stock", "RICE"])?;
        let lots = said["lots"].as_array().context("lots")?.clone();
        let lot = |lot: Value| {
            let text = |name: &str| lot[name].as_str().map(str::to_owned).context("a text");
            let boxes = lot["quantity"].as_i64().context("a quantity")? / 1_000;
            Ok(((text("lot_code")?, text("location")?), boxes))
        };
        lots.into_iter().map(lot).collect()
    }
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Result<Self> {
        let said = String::from_utf8(output.stdout.clone())?;
        let said = said.lines().filter_map(|line| serde_json::from_str(line).ok()).next_back();
        Ok(Self {
            // A killed process has none.
            code: output.status.code().unwrap_or(-1),
            said: said.unwrap_or(Value::Null),
            error: String::from_utf8(output.stderr.clone())?,
        })
    }

    /// The sentence of the error: one line of JSON, and nothing else on standard error.
    pub(crate) fn sentence(&self) -> Result<String> {
        ensure!(self.error.lines().count() == 1, "{self:?}");
        let error: Value = serde_json::from_str(&self.error)?;
        error["error"].as_str().map(str::to_owned).context("a sentence")
    }
}

/// A new one-time link to the server at `url`.
pub(crate) async fn link(server: &TestServer, url: &str) -> Result<String> {
    let now = server.clock().now();
    let code = enrolment::new_code(server.store()?, DEFAULT_SITE, "Dock 1", now).await?;
    Ok(enrolment::link(url, &code, "Dock 1"))
}

fn rice() -> Product {
    Product {
        id: Uuid::from_u128(0x41CE),
        sku: "RICE".to_owned(),
        barcode: "4006381333931".to_owned(),
        name: "Rice".to_owned(),
        unit: "box".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

/// A server with two lots of rice: `L1` expires before `L2`. Returns the device that recorded them as well.
pub(crate) async fn stocked() -> Result<(TestServer, TestDevice)> {
    let server = TestServer::start().await?;
    let office = server.device("office", "all").await?;
    office.record(Action::CreateProduct(rice())).await?;
    for (lot, bin, expires_on) in [("L1", "A-1", "2099-01-31"), ("L2", "A-2", "2099-02-28")] {
        let (lot, quantity) = (LotRef::new(rice().id, lot, bin), Quantity::units(STOCK));
        let expires_on = Some(expires_on.parse().map_err(|error| anyhow::anyhow!("{error:?}"))?);
        let receive = Action::ReceiveLot { lot, quantity, expires_on, received_on: None, delivery: None };
        office.record(receive).await?;
    }
    office.sync(&server).await?;
    Ok((server, office))
}

/// The numbers of ledger entries by mutation, on the server.
pub(crate) fn ledger(server: &TestServer) -> Result<BTreeMap<Uuid, usize>> {
    let file = server.file().context("these tests read the server's SQLite file")?;
    let books = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = books.prepare("SELECT mutation_id FROM stock_ledger")?;
    let mut counts = BTreeMap::new();
    for id in statement.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
        *counts.entry(Uuid::from_slice(&id?)?).or_default() += 1;
    }
    Ok(counts)
}
