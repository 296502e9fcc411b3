//! One device, honest or not, does not keep the others waiting: rates, requests at once, bytes, rows.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::Action;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join_all;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use server::connections::ConnectionLimits;
use server::http::{DeviceLimits, KindLimits};
use sync::{AuditLimits, Commit, Store as _, UnixMillis, audit_part};
use tests::TestServer;
use tests::processes::peak_memory_bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{empty_commit, lot, mutation, pick, post, receive, soap, stocked, sync_body, vinegar};

const PATIENCE: Duration = Duration::from_secs(20);
/// A device waits no longer while another one attacks, on a machine on which a request usually takes milliseconds.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Further wait on a slow machine, in requests.
const MAX_WAIT_REQUESTS: u32 = 50;

fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

async fn post_packed(server: &TestServer, token: &str, path: &str, packed: &[u8]) -> Result<Response> {
    let post = Client::new().post(format!("{}{path}", server.url()?)).header("x-lotbook", "1");
    Ok(post.bearer_auth(token).header("content-encoding", "gzip").body(packed.to_vec()).send().await?)
}

/// Checks an answer to a device that asks for too much, and returns its code.
async fn too_many(response: Response) -> Result<String> {
    ensure!(response.status() == 429, "{}", response.status());
    let seconds =
        response.headers().get("retry-after").context("no retry-after")?.to_str()?.parse::<u32>()?;
    ensure!((1..=5).contains(&seconds), "{seconds} s");
    let body: Value = serde_json::from_slice(&response.bytes().await?)?;
    ensure!(body["message"].as_str().is_some_and(|message| message.ends_with('.')), "{body}");
    Ok(body["code"].as_str().context("no code")?.to_owned())
}

/// The body of an order of 28,000 lines.
fn endless_order(client: Uuid) -> Result<Vec<u8>> {
    let line = |at: u128| {
        let lot = json!({ "product_id": Uuid::from_u128(at), "lot_code": "L", "location": "B" });
        json!({ "lot": lot, "quantity": 1000, "unit_price_minor": 5 })
    };
    let lines: Vec<Value> = (0..28_000).map(line).collect();
    let order =
        json!({ "id": Uuid::from_u128(7), "number": "D01-000001", "currency": "EUR", "lines": lines });
    let body = sync_body(client, &json!([mutation(1, &json!({ "place_order": order }))]));
    packed(body.to_string().as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_orders_of_one_device_do_not_delay_a_pick_of_another() -> Result<()> {
    let (server, device) = stocked().await?;
    let began = Instant::now();
    device.sync(&server).await?;
    let usual = began.elapsed();
    let attacker = server.enrol().await?;
    let order = endless_order(Uuid::from_u128(0xBAD))?;
    let attack = join_all((0..32).map(|_| post_packed(&server, &attacker, "/api/sync", &order)));
    let picks = async {
        let mut longest = Duration::ZERO;
        for _ in 0..3 {
            device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
            let began = Instant::now();
            device.sync(&server).await?;
            longest = longest.max(began.elapsed());
        }
        anyhow::Ok(longest)
    };
    let (answers, longest) = tokio::join!(attack, picks);
    let mut refused = 0;
    for answer in answers {
        let answer = answer?;
        if answer.status() == 200 {
            let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
            let outcome = &body["receipts"][0]["outcome"];
            assert_eq!(outcome["message"], "An order has 1 to 200 lines; this one has 28000.");
            refused += 1;
        } else {
            too_many(answer).await?;
        }
    }
    assert!(refused > 0, "no order was decided");
    let longest = longest?;
    assert!(longest < MAX_WAIT + usual * MAX_WAIT_REQUESTS, "{longest:?}, usually {usual:?}");
    Ok(())
}

/// Adds products without work on any device.
fn add_products(server: &TestServer, count: u32) -> Result<()> {
    let id = server.books().random_id();
    server.books().run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO products (site, product_id, sku, sku_key, barcode, barcode_key, name, unit, price_minor, currency, family, variant, rev, field_revs)
         SELECT site, {id}, 'X' || i, 'x' || i, '', '', 'N', 'each', 1, 'EUR', '', '', rev, '{{}}'
         FROM products, n WHERE sku = 'VIN-1'"
    ))
}

fn audit_body(epoch: Option<Uuid>, ranges: &[Value]) -> Vec<u8> {
    let body = json!({ "protocol": 1, "epoch": epoch, "rev": 1_000, "scope": "available", "ranges": ranges });
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn audits_of_whole_tables_do_not_delay_another_device() -> Result<()> {
    let (server, device) = stocked().await?;
    add_products(&server, 60_000)?;
    let attacker = server.enrol().await?;
    let epoch = server.store()?.sites().await?.first().map(|site| site.epoch);
    // A revision that the site has reached, so that the rows are compared.
    server.books().run("UPDATE sites SET rev = 1000")?;
    let whole = json!({ "range": { "table": "products", "after": "", "through": null }, "digest": 0 });
    let twice = post(&server, &attacker, "/api/audit", audit_body(epoch, &vec![whole.clone(); 40])).await?;
    assert_eq!(twice.status(), 400);
    let twice: Value = serde_json::from_slice(&twice.bytes().await?)?;
    assert_eq!(twice["code"], "range_order");

    let body = audit_body(epoch, &[whole]);
    let attack = join_all((0..32).map(|_| post(&server, &attacker, "/api/audit", body.clone())));
    let ask = async || {
        let began = Instant::now();
        let ask = Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(device.token());
        ensure!(ask.send().await?.status() == 200);
        Ok(began.elapsed())
    };
    let usual = ask().await?;
    let (answers, waited) = tokio::join!(attack, ask());
    for answer in answers {
        let answer = answer?;
        if answer.status() != 200 {
            assert_eq!(too_many(answer).await?, "too_many_at_once");
        }
    }
    let waited = waited?;
    assert!(waited < MAX_WAIT + usual * MAX_WAIT_REQUESTS, "{waited:?}, usually {usual:?}");
    Ok(())
}

#[tokio::test]
async fn an_audit_with_too_many_rows_for_one_request_goes_on_where_it_ended() -> Result<()> {
    let (server, device) = stocked().await?;
    device.record(Action::CreateProduct(soap())).await?;
    device.record(receive(&lot(&soap(), "Z-9"), 5)).await?;
    device.sync(&server).await?;
    add_products(&server, 30_000)?;
    let other = server.device("Ben", "available").await?;
    other.sync(&server).await?;
    let truth = other.rows().await?;
    // The last rows to be compared.
    let lots = other.store().scan("inventory_lots", "", "", 10).await?;
    let mut damaged = lots.into_iter().next_back().context("a lot")?;
    if let domain::Row::Lot(lot) = &mut damaged.row {
        lot.quantity = domain::Quantity::units(99);
    }
    other.store().commit(Commit { rows: vec![damaged], ..empty_commit(&other).await? }).await?;
    assert_ne!(other.rows().await?, truth);
    let transport = server.transport(other.token())?;
    let limits = AuditLimits { range_rows: 2_000, max_ranges: 40 };
    let (mut position, mut parts) = (None, Vec::new());
    loop {
        let report = audit_part(other.store(), &transport, position, limits, || UnixMillis(0)).await?;
        parts.push((report.checked_rows, report.repaired_ranges));
        position = report.next;
        if position.is_none() {
            break;
        }
        ensure!(parts.len() < 10, "the audit does not end: {parts:?}");
    }
    assert_eq!(parts, [(20_000, 0), (truth.len() - 20_000, 1)]);
    assert_eq!(other.rows().await?, truth);
    Ok(())
}

/// Sends the head of a packed request and its body, except for the last byte.
async fn held_back(server: &TestServer, token: &str, packed: &[u8]) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()?).await?;
    let head = format!(
        "POST /api/sync HTTP/1.1\r\nhost: a\r\nx-lotbook: 1\r\nauthorization: Bearer {token}\r\n\
         content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    stream.write_all(head.as_bytes()).await?;
    // The server may have refused it already.
    let _ = stream.write_all(packed.get(..packed.len() - 1).unwrap_or_default()).await;
    Ok(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_bodies_that_are_held_back_stay_within_their_memory() -> Result<()> {
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    // About 1 to 20 packed: within the limit of one body.
    let text: String =
        (0_u32..250_000).map(|number| format!("{:016x}", number % 977 * (number / 977))).collect();
    let body = packed(text.get(..4_000_000).context("the text is shorter")?.as_bytes())?;
    assert!(body.len() > 50_000, "{} bytes", body.len());
    let before = peak_memory_bytes(std::process::id());
    let mut streams = Vec::new();
    for _ in 0..150 {
        streams.push(held_back(&server, &token, &body).await?);
    }
    let is_refused = async |stream: &mut TcpStream| {
        let mut status = [0; 12];
        let answered = timeout(Duration::from_secs(3), stream.read_exact(&mut status)).await;
        answered.is_ok_and(|read| read.is_ok()) && status.ends_with(b"429")
    };
    let refused = join_all(streams.iter_mut().map(is_refused)).await;
    let refused = refused.into_iter().filter(|is_refused| *is_refused).count();
    assert!(refused >= 140, "{refused} of 150 were refused");
    let grown = before.zip(peak_memory_bytes(std::process::id())).map(|(before, after)| after - before);
    assert!(grown.is_none_or(|grown| grown < 150e6), "{grown:?} bytes");
    Ok(())
}

#[tokio::test]
async fn a_body_that_expands_too_far_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 4_000_000])?;
    let bomb = encoder.finish()?;
    let answer = post_packed(&server, &token, "/api/sync", &bomb).await?;
    assert_eq!(answer.status(), 413);
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    assert_eq!(body["code"], "body_too_large");
    assert!(body["message"].as_str().is_some_and(|message| message.contains("100 times")), "{body}");
    Ok(())
}

fn few(max_at_once: usize, max_burst: u32) -> Result<KindLimits> {
    let positive = |number| NonZeroU32::new(number).context("zero");
    Ok(KindLimits { max_at_once, max_burst: positive(max_burst)?, max_per_second: positive(1)? })
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_to_wait_and_others_are_not() -> Result<()> {
    let limits = DeviceLimits { sync: few(64, 20)?, ..DeviceLimits::default() };
    let server = TestServer::start_within(limits, ConnectionLimits::default()).await?;
    let (eager, other) = (server.device("Ada", "available").await?, server.device("Ben", "available").await?);
    let body = sync_body(eager.client(), &json!([])).to_string().into_bytes();
    let asked = join_all((0..40).map(|_| post(&server, eager.token(), "/api/sync", body.clone()))).await;
    let mut refused = 0;
    for answer in asked {
        let answer = answer?;
        if answer.status() != 200 {
            assert_eq!(too_many(answer).await?, "too_many_requests");
            refused += 1;
        }
    }
    assert!((1..=20).contains(&refused), "{refused} of 40 were refused");
    other.sync(&server).await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(post(&server, eager.token(), "/api/sync", body).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_device_has_a_limited_number_of_event_streams() -> Result<()> {
    let limits = DeviceLimits { stream: few(2, 10)?, ..DeviceLimits::default() };
    let server = TestServer::start_within(limits, ConnectionLimits::default()).await?;
    let (token, other) = (server.enrol().await?, server.enrol().await?);
    let url = format!("{}/api/events", server.url()?);
    let open = |token: &str| Client::new().get(&url).bearer_auth(token).send();
    let first = open(&token).await?;
    let second = open(&token).await?;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    assert_eq!(too_many(open(&token).await?).await?, "too_many_at_once");
    assert_eq!(open(&other).await?.status(), 200);
    drop(first);
    let freed = async {
        while open(&token).await?.status() != 200 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, freed).await.context("the place of a closed stream is not freed")??;
    Ok(())
}

#[tokio::test]
async fn a_first_sync_and_a_long_queue_are_within_the_limits() -> Result<()> {
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    let client = Client::new();
    for _ in 0..250 {
        let body = sync_body(Uuid::from_u128(5), &json!([])).to_string();
        let post = client.post(format!("{}/api/sync", server.url()?)).header("x-lotbook", "1");
        assert_eq!(post.bearer_auth(&token).body(body).send().await?.status(), 200);
    }
    Ok(())
}
