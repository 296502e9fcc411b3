//! A sign-in proxy between browser and server, as companies put one in front of everything; and a browser without a
//! service worker.

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::device::{Device, PHONE};
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

/// Longest head of a request: more than any browser sends.
const MAX_HEAD_BYTES: usize = 64 * 1_024;
const PAGE: &str = "<!doctype html><title>Company</title><h1 id=gate>Company sign-in</h1>";
/// Whether the page of the proxy is shown.
const AT_THE_GATE: &str = "return document.getElementById('gate') !== null";

/// The treatment of requests by the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// Passes all on.
    Open,
    /// Redirects all to a page on another origin.
    Redirects,
    /// Answers all with its page and status 401.
    Refuses,
    /// Answers all with its page as if it was asked for.
    ShowsPage,
    /// Answers nothing.
    Dead,
    /// Passes all on but the service worker.
    WithoutWorker,
}

struct Proxy {
    port: u16,
    gate: watch::Sender<Gate>,
}

impl Proxy {
    async fn before(server: &Server) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let onward = server.origin().replace("http://localhost", "127.0.0.1");
        let (gate, watched) = watch::channel(Gate::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (onward, mut watched) = (onward.clone(), watched.clone());
                tokio::spawn(async move {
                    let gate = *watched.borrow_and_update();
                    tokio::select! {
                        served = serve(client, &onward, gate, port) => drop(served),
                        // The proxy lets go of open connections, too: of the event stream.
                        _ = watched.changed() => {}
                    }
                });
            }
        });
        Ok(Self { port, gate })
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    fn enrolment_link(&self, server: &Server) -> Result<String> {
        Ok(server.enrolment_link()?.replace(&server.origin(), &self.origin()))
    }
}

/// Serves one request; every answer closes its connection.
async fn serve(mut client: TcpStream, onward: &str, gate: Gate, port: u16) -> Result<()> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(read.len() < MAX_HEAD_BYTES, "the head of a request does not end");
        if client.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let body_bytes = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    while read.len() < end + body_bytes {
        ensure!(client.read_buf(&mut read).await? > 0, "the body of a request does not end");
    }
    if let Some(answer) = answer(gate, &head, port) {
        client.write_all(answer.as_bytes()).await?;
        return Ok(client.shutdown().await?);
    }
    if gate == Gate::Dead {
        return Ok(());
    }
    let mut server = TcpStream::connect(onward).await?;
    server.write_all(head.replace("Connection: keep-alive", "Connection: close").as_bytes()).await?;
    server.write_all(&read[end..]).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// The proxy's own answer to a request, if it has one.
fn answer(gate: Gate, head: &str, port: u16) -> Option<String> {
    let page = |status: &str| {
        let length = PAGE.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncache-control: no-store\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{PAGE}"
        )
    };
    // The page's own origin.
    if head.contains("Host: 127.0.0.1") {
        return Some(page("200 OK"));
    }
    match gate {
        Gate::Redirects => Some(format!(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/login\r\ncache-control: no-store\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        )),
        Gate::Refuses => Some(page("401 Unauthorized")),
        Gate::ShowsPage => Some(page("200 OK")),
        Gate::WithoutWorker if head.starts_with("GET /sw.js ") => Some(page("404 Not Found")),
        Gate::Open | Gate::Dead | Gate::WithoutWorker => None,
    }
}

async fn is_recognised_and_nothing_is_lost(gate: Gate) -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let proxy = Proxy::before(&server).await?;
    let device = Device::new(&proxy.origin()).await?;
    device.resize(PHONE).await?;
    device.enrol_by(&proxy.enrolment_link(&server)?).await?;
    wait_until_sent(&device).await?;
    let goods = Goods::stocked(&server, 0)?;
    let before = goods.units_on_server(&server)?;

    proxy.set(gate);
    goods.pick_one(&device).await?;
    device.wait_for_text("connection", "Sign in").await?;
    device.wait_for_text("sign-in-page-notice", "1 change is saved here and will sync then.").await?;
    device.open("/sync").await?;
    device.wait_for_text("sync-explanation", "A sign-in page is blocking the server.").await?;
    ensure!(device.count("queue-row").await? == 1, "the pick waits");
    ensure!(goods.units_on_server(&server)? == before, "nothing is booked");

    device.wait_for_worker().await?;
    device.click("sign-in-there").await?;
    device.wait_for_script("the sign-in page", AT_THE_GATE).await?;
    let origin = device.script("return location.origin").await?;
    let expected =
        if gate == Gate::Redirects { format!("http://127.0.0.1:{}", proxy.port) } else { proxy.origin() };
    ensure!(origin == expected.as_str(), "the link leads to {origin}");

    proxy.set(Gate::Open);
    // Where a proxy leads to after a sign-in: the address that was asked for.
    device.open("/sign-in").await?;
    device.wait_for_script("the app", "return location.pathname === '/'").await?;
    wait_until_sent(&device).await?;
    device.wait_for_text("connection", "Online").await?;
    ensure!(device.count("sign-in-page-notice").await? == 0, "the notice is gone");
    ensure!(goods.units_on_server(&server)? == before - 1, "the pick is booked once");
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_redirects_to_its_sign_in_page_is_recognised() -> Result<()> {
    is_recognised_and_nothing_is_lost(Gate::Redirects).await
}

#[tokio::test]
async fn a_proxy_that_refuses_with_its_sign_in_page_is_recognised() -> Result<()> {
    is_recognised_and_nothing_is_lost(Gate::Refuses).await
}

#[tokio::test]
async fn a_proxy_that_answers_with_its_sign_in_page_is_recognised() -> Result<()> {
    is_recognised_and_nothing_is_lost(Gate::ShowsPage).await
}

#[tokio::test]
async fn the_way_to_a_sign_in_page_leads_back_to_the_app_without_a_server() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let proxy = Proxy::before(&server).await?;
    let device = Device::new(&proxy.origin()).await?;
    device.enrol_by(&proxy.enrolment_link(&server)?).await?;
    proxy.set(Gate::Dead);
    device.open("/sign-in").await?;
    device.wait_for_script("the app", "return location.pathname === '/'").await?;
    device.wait_for_text("connection", "No server").await
}

#[tokio::test]
async fn without_a_worker_the_app_says_that_it_will_not_open_offline() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let proxy = Proxy::before(&server).await?;
    proxy.set(Gate::WithoutWorker);
    let device = Device::new(&proxy.origin()).await?;
    device.resize(PHONE).await?;
    device.driver().goto(proxy.enrolment_link(&server)?).await?;
    device.click("enrol-submit").await?;
    device.find("welcome-page").await?;
    device.wait_for_text("no-worker", "won't open offline").await?;
    device.open("/sync").await?;
    device.wait_for_text("no-worker", "Changes sync only while it is open.").await?;
    device.wait_for_text("sync-explanation", "Changes sync automatically while the app is open.").await?;
    device.open("/stock").await?;
    device.find("product-row").await?;
    ensure!(device.count("no-worker").await? == 0, "work pages do not repeat it");

    proxy.set(Gate::Open);
    device.open("/sync").await?;
    device.wait_for_worker().await?;
    let is_gone = "return document.querySelector('[data-test=no-worker]') === null";
    device.wait_for_script("no such line with a worker", is_gone).await
}
