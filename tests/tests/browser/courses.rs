//! An app with entities of its own (`examples/courses`): its page, worker and server are the crates' own code under other
//! names.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::device::Device;
use crate::network;

const START_SECONDS: u64 = 20;
/// The browser wakes the worker some seconds after the network is back.
const WAKE_SECONDS: u64 = 60;
const KNOTS: &str = "00000000-0000-0000-0000-000000000002";

/// The example's server on a log of its own.
struct Server {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Server {
    fn new() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Self { folder: TempDir::new()?, port, process: None };
        server.start()?;
        Ok(server)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("courses.log")
    }

    fn start(&mut self) -> Result<()> {
        let listen = format!("127.0.0.1:{}", self.port);
        let process = Command::new(from_environment("LOTBOOK_EXAMPLE_SERVER_BIN")?)
            .args(["--listen", &listen, "--log"])
            .arg(self.log())
            .arg("--dist")
            .arg(from_environment("LOTBOOK_EXAMPLE_DIST")?)
            .stdout(Stdio::null())
            .spawn()
            .context("starting the example's server")?;
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS);
        while TcpStream::connect(&listen).is_err() {
            ensure!(Instant::now() < deadline, "the server does not answer after {START_SECONDS} s");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills the server, as a power cut would.
    fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// The log entries of devices: their receipts, and the rows they wrote.
    fn booked(&self) -> Result<(Vec<Value>, Vec<Value>)> {
        let (mut receipts, mut rows) = (Vec::new(), Vec::new());
        for line in std::fs::read_to_string(self.log())?.lines() {
            let entry: Value = serde_json::from_str(line)?;
            let list = |name: &str| entry["booked"][name].as_array().cloned().unwrap_or_default();
            if !list("receipts").is_empty() {
                receipts.extend(list("receipts"));
                rows.extend(list("rows"));
            }
        }
        Ok((receipts, rows))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

fn from_environment(name: &str) -> Result<PathBuf> {
    let path =
        std::env::var_os(name).with_context(|| format!("{name} is not set: use `cargo xtask test`"))?;
    Ok(PathBuf::from(path))
}

const STATUS: &str = "document.querySelector('[role=status]')?.innerText ?? ''";

async fn wait_for_status(device: &Device, part: &str) -> Result<()> {
    device.wait_for_script(part, &format!("return ({STATUS}).includes({part:?})")).await
}

async fn wait_for_title(device: &Device, title: &str) -> Result<()> {
    let body = format!("return document.querySelector(\"[data-id='{KNOTS}']\")?.value === {title:?}");
    device.wait_for_script(title, &body).await
}

/// Types into a field and leaves it, which is when the page takes the text.
async fn enter(device: &Device, selector: &str, text: &str) -> Result<()> {
    device.fill(selector, text).await?;
    device.script("document.activeElement.blur()").await.map(drop)
}

#[tokio::test]
async fn an_app_of_its_own_entities_works_offline_and_sends_once_with_its_page_closed() -> Result<()> {
    network::up()?;
    let mut server = Server::new()?;
    let device = Device::new(&format!("http://localhost:{}", server.port)).await?;
    device.open("/").await?;
    device.wait_for_worker().await?;
    enter(&device, "#download", "00000000-0000-0000-0000-000000000099").await?;
    wait_for_status(&device, "There is no such course.").await?;
    enter(&device, "#download", KNOTS).await?;
    wait_for_status(&device, "Downloaded.").await?;
    wait_for_title(&device, "Knots").await?;
    device.click_css("button").await?;
    device
        .wait_for_script("both courses", "return document.querySelectorAll('[data-id]').length === 2")
        .await?;

    server.kill()?;
    network::down()?;
    device.open("/").await?;
    wait_for_title(&device, "Knots").await?;
    let title = format!("[data-id='{KNOTS}']");
    enter(&device, &title, " ").await?;
    wait_for_status(&device, "A course needs a title.").await?;
    enter(&device, &title, "Knots at sea").await?;
    wait_for_status(&device, "Saved on this device. 1 to sync").await?;
    device.click_css("[type=checkbox]").await?;
    wait_for_status(&device, "2 to sync").await?;
    device.open("/").await?;
    wait_for_title(&device, "Knots at sea").await?;
    wait_for_status(&device, "2 to sync").await?;

    device.close_pages().await?;
    server.start()?;
    network::up()?;
    let deadline = Instant::now() + Duration::from_secs(WAKE_SECONDS);
    while server.booked()?.0.len() < 2 {
        ensure!(Instant::now() < deadline, "the worker sent nothing within {WAKE_SECONDS} s");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    device.open("/").await?;
    wait_for_status(&device, "0 to sync, 0 refused").await?;
    wait_for_title(&device, "Knots at sea").await?;
    let (receipts, rows) = server.booked()?;
    ensure!(receipts.len() == 2 && rows.len() == 2, "each change once: {receipts:?} {rows:?}");
    ensure!(receipts.iter().all(|receipt| receipt["verdict"] == "applied"), "{receipts:?}");
    ensure!(rows.iter().any(|row| row["row"]["Course"]["title"] == "Knots at sea"), "{rows:?}");
    ensure!(rows.iter().any(|row| row["row"]["Lesson"]["done"] == true), "{rows:?}");
    Ok(())
}
