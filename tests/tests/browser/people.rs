//! People on shared devices: who did it, who may, and what waits for somebody else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use uuid::Uuid;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::scan;
use crate::server::Server;

/// Longer than the tail of a scan may be behind its head.
const AFTER_DRIVEN_KEYS: Duration = Duration::from_millis(2_500);

/// Ada is a worker and Bea another one, Sue is a supervisor.
fn employ(server: &Server) -> Result<()> {
    server.people("add", &["--name", "Ada", "--badge", "BADGE-A", "--pin", "1234"])?;
    server.people("add", &["--name", "Bea", "--badge", "BADGE-B"])?;
    server.people("add", &["--name", "Sue", "--role", "supervisor", "--badge", "BADGE-S", "--pin", "4321"])
}

/// A server with people, a device that knows them, and goods.
async fn begun() -> Result<(Server, Device, Goods)> {
    network::up()?;
    let server = Server::with_demo()?;
    employ(&server)?;
    let device = Device::enrolled_where_people_are(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    Ok((server, device, goods))
}

/// Signs in by badge.
async fn sign_in(device: &Device, badge: &str, initials: &str) -> Result<()> {
    device.find_css("#main h1").await?;
    scan_badge(device, badge).await?;
    device.wait_for_text("switch-person", initials).await
}

/// Scans a badge. What the driver has typed just before is as fast as a scanner, so it may count as the head of a torn scan.
async fn scan_badge(device: &Device, badge: &str) -> Result<()> {
    tokio::time::sleep(AFTER_DRIVEN_KEYS).await;
    scan(device, badge).await
}

/// Saves the price, and waits for what comes of it.
async fn change_price(device: &Device, goods: &Goods, price: &str, then: &str) -> Result<()> {
    device.open(&format!("/product/{}/edit", goods.id)).await?;
    device.fill("[data-test=price]", price).await?;
    device.click("save").await?;
    device.find(then).await.map(drop)
}

fn id_of(server: &Server, name: &str) -> Result<Uuid> {
    let id = server.query(&format!("SELECT hex(person_id) FROM people WHERE name = '{name}'"))?.concat();
    Ok(id.parse()?)
}

fn price_of(server: &Server, goods: &Goods) -> Result<i64> {
    server.number(&format!("SELECT price_minor FROM products WHERE sku = '{}'", goods.sku))
}

#[tokio::test]
async fn two_people_on_one_handheld_offline_each_entry_is_theirs_and_a_retired_one_is_told_of() -> Result<()>
{
    let (mut server, device, goods) = begun().await?;
    server.kill()?;
    device.open("/").await?;
    device.find("who-page").await?;
    sign_in(&device, "BADGE-A", "A").await?;
    goods.pick_one(&device).await?;
    sign_in(&device, "BADGE-B", "B").await?;
    goods.pick_one(&device).await?;
    device.open("/sync").await?;
    for name in ["Ada", "Bea"] {
        device.wait_for_text("queue-row", name).await?;
    }
    // Bea may not undo what Ada did.
    let of_ada = "[data-test=queue-row]:first-child [data-test=queue-undo]";
    device.click_css(of_ada).await?;
    device.wait_for_text("toast", "Only Ada or a supervisor may undo it").await?;
    ensure!(device.count("queue-row").await? == 2, "the work of Ada is gone");
    server.people("change", &["--name", "Ada", "--retired"])?;
    server.start()?;
    wait_until_sent(&device).await?;

    let authors = server.query("SELECT author FROM stock_ledger WHERE movement = 'pick' ORDER BY rev")?;
    let (ada, bea) = (id_of(&server, "Ada")?.to_string(), id_of(&server, "Bea")?.to_string());
    let is_theirs = authors.len() == 2 && authors[0].contains(&ada) && authors[1].contains(&bea);
    ensure!(is_theirs, "the picks of Ada, {ada}, and Bea, {bea}, are of {authors:?}");
    device.open(&format!("/product/{}/history", goods.id)).await?;
    for name in ["Ada", "Bea"] {
        device.wait_for_text("timeline-row", name).await?;
    }
    sign_in(&device, "BADGE-S", "S").await?;
    device.open("/inbox").await?;
    device.wait_for_text("conflict-reason", "Ada").await?;
    device.wait_for_text("conflict-verdict", "Booked").await?;
    device.click("conflict-settle").await?;
    device.click("settle-confirm").await?;
    // The card goes as the settlement is saved.
    let is_gone = "return !document.querySelector('[data-test=conflict-settle]')";
    device.wait_for_script("an inbox without the card", is_gone).await?;
    wait_until_sent(&device).await?;
    ensure!(server.number("SELECT count(*) FROM conflicts WHERE deleted_at IS NULL")? == 0, "it is settled");
    // The badge of somebody who has left signs nobody in.
    scan_badge(&device, "BADGE-A").await?;
    device.wait_for_text("toast", "Ada doesn't work here any more").await
}

#[tokio::test]
async fn a_worker_s_price_change_is_refused_here_and_forged_on_the_server() -> Result<()> {
    let (server, device, goods) = begun().await?;
    let before = price_of(&server, &goods)?;
    device.open("/").await?;
    sign_in(&device, "BADGE-A", "A").await?;
    change_price(&device, &goods, "99.99", "approval-sheet").await?;
    device.click("approval-cancel").await?;
    device.wait_for_text("save-failure", "Supervisor").await?;
    wait_until_sent(&device).await?;
    ensure!(price_of(&server, &goods)? == before, "it was booked");

    let ada = id_of(&server, "Ada")?;
    let action = json!({ "update_product": { "id": goods.id, "patch": { "price_minor": 9_999 } } });
    let forged = format!(
        "const answer = await fetch('/api/sync', {{ method: 'POST', 
             headers: {{ 'content-type': 'application/json', 'x-lotbook': '1' }},
             body: JSON.stringify({{ protocol: {protocol}, client: crypto.randomUUID(), scope: 'available', max_rows: 1,
                 mutations: [{{ seq: 1, id: crypto.randomUUID(), action: {action}, base: 1000000, author: 'x',
                     signed_by: {{ person: '{ada}', seen_rev: 1000000 }}, captured_at: Date.now(), schema: {schema} }}] }}) }});
         return await answer.text()",
        protocol = sync::PROTOCOL_VERSION,
        schema = <domain::Warehouse as sync::Records>::SCHEMA,
    );
    let answer = device.script(&forged).await?;
    let answer = answer.as_str().context("no answer")?;
    ensure!(answer.contains("approval_needed"), "the forged change was answered with {answer}");
    ensure!(price_of(&server, &goods)? == before, "the forged change was booked");
    Ok(())
}

#[tokio::test]
async fn a_supervisor_approves_offline_by_badge_and_a_request_waits_in_the_inbox() -> Result<()> {
    let (mut server, device, goods) = begun().await?;
    server.kill()?;
    device.open("/").await?;
    sign_in(&device, "BADGE-A", "A").await?;
    change_price(&device, &goods, "12.34", "approval-sheet").await?;
    scan_badge(&device, "BADGE-B").await?;
    device.wait_for_text("toast", "Bea can't approve this").await?;
    scan_badge(&device, "BADGE-S").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    device.wait_for_text("switch-person", "A").await?;
    server.start()?;
    wait_until_sent(&device).await?;
    ensure!(price_of(&server, &goods)? == 1_234, "the approved price is booked");
    device.open(&format!("/product/{}/history", goods.id)).await?;
    device.wait_for_text("timeline-row", "Ada").await?;
    device.wait_for_text("timeline-row", "approved by Sue").await?;

    change_price(&device, &goods, "56.78", "approval-sheet").await?;
    device.click("approval-inbox").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    wait_until_sent(&device).await?;
    ensure!(price_of(&server, &goods)? == 1_234, "it waits for an approval");
    let other = Device::enrolled_where_people_are(&server).await?;
    other.open("/").await?;
    sign_in(&other, "BADGE-S", "S").await?;
    other.open("/inbox").await?;
    other.wait_for_text("conflict-verdict", "Waits for approval").await?;
    other.click("conflict-approve").await?;
    other.wait_for_text("toast", "Approved").await?;
    wait_until_sent(&other).await?;
    ensure!(price_of(&server, &goods)? == 5_678, "it is booked");
    wait_until_sent(&device).await?;
    device.click("sync-now").await?;
    let settled = "return document.querySelector('[data-test=attention-link]') === null";
    device.wait_for_script("an inbox without the request", settled).await
}

#[tokio::test]
async fn a_device_locks_itself_wrong_pins_slow_down_and_drafts_are_of_their_person() -> Result<()> {
    let (server, device, goods) = begun().await?;
    server.set("lock_minutes", "1")?;
    device.open("/sync").await?;
    let receipt = format!("/product/{}/work/receive", goods.id);
    device.open("/").await?;
    sign_in(&device, "BADGE-A", "A").await?;
    wait_until_sent(&device).await?;
    device.click("sync-now").await?;
    let is_known = "return localStorage.getItem('lotbook.signed_in').split(' ')[2] === '1'";
    device.wait_for_script("the site's setting", is_known).await?;
    device.open(&receipt).await?;
    device.fill("#lot-code", "OF-ADA").await?;
    let is_kept = "return (localStorage.getItem('lotbook.drafts') ?? '').includes('OF-ADA')";
    device.wait_for_script("the draft", is_kept).await?;
    sign_in(&device, "BADGE-B", "B").await?;
    device.find("work-form").await?;
    ensure!(device.count("draft").await? == 0, "Bea is shown what Ada typed");
    sign_in(&device, "BADGE-A", "A").await?;
    device.find("draft").await?;

    // A minute and a half passes.
    device.script("const now = Date.now; Date.now = () => now.call(Date) + 90_000").await?;
    device.find("who-page").await?;
    device.open(&receipt).await?;
    device.find("who-page").await?;
    let ada = id_of(&server, "Ada")?;
    let try_pin = async |pin: &str| -> Result<()> {
        for digit in pin.chars() {
            device.click(&format!("key-{digit}")).await?;
        }
        device.click("pin-confirm").await
    };
    device.click_css(&format!("[data-test=person][data-id='{ada}']")).await?;
    for times in 1..=3 {
        try_pin("9999").await?;
        let noted = format!(
            "return (localStorage.getItem('lotbook.wrong_pins') ?? '').includes('\"times\":{times}')"
        );
        device.wait_for_script("the wrong PIN is noted", &noted).await?;
    }
    device.wait_for_text("pin-fault", "Too many wrong PINs").await?;
    // A reload does not clear them.
    device.open(&receipt).await?;
    device.click_css(&format!("[data-test=person][data-id='{ada}']")).await?;
    device.wait_for_text("pin-fault", "Too many wrong PINs").await?;
    let is_over = "return document.querySelector('[data-test=pin-confirm]')?.disabled === false";
    device.wait_for_script("the end of the pause", is_over).await?;
    try_pin("1234").await?;
    device.wait_for_text("toast", "3 wrong PINs were tried for you here").await?;
    device.find("draft").await.map(drop)
}

#[tokio::test]
#[ignore = "it measures"]
async fn measures_one_check_of_a_pin() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::new(&server.origin()).await?;
    device.open("/manifest.json").await?;
    let check = format!(
        "const encode = (text) => new TextEncoder().encode(text);
         const key = await crypto.subtle.importKey('raw', encode('1234'), 'PBKDF2', false, ['deriveBits']);
         const times = [];
         for (let at = 0; at < 5; at += 1) {{
             const begun = performance.now();
             await crypto.subtle.deriveBits({{ name: 'PBKDF2', hash: 'SHA-256', salt: encode('0123456789abcdef'), iterations: {} }}, key, 256);
             times.push(performance.now() - begun);
         }}
         return times.map(Math.round).sort((a, b) => a - b)",
        domain::PIN_ROUNDS
    );
    println!("milliseconds of five checks: {}", device.script(&check).await?);
    Ok(())
}
