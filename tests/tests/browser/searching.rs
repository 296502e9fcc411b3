//! Search: parts of names, one typing mistake, lots and papers by their numbers, by keys alone.

use anyhow::{Context, Result, ensure};
use thirtyfour::prelude::*;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::scan;
use crate::server::Server;

/// Shortest word that a mistake is forgiven in, with some letters to spare.
const LONG_WORD_CHARS: usize = 6;

async fn begun() -> Result<(Server, Device, Goods)> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    Ok((server, device, goods))
}

async fn press(device: &Device, keys: impl AsRef<str>) -> Result<()> {
    Ok(device.driver().action_chain().send_keys(keys.as_ref()).perform().await?)
}

async fn press_control_k(device: &Device) -> Result<()> {
    let chain = device.driver().action_chain().key_down(Key::Control).send_keys("k").key_up(Key::Control);
    Ok(chain.perform().await?)
}

async fn has_focus(device: &Device, test: &str) -> Result<()> {
    let body = format!("return document.activeElement?.dataset.test === '{test}'");
    device.wait_for_script(&format!("the focus in {test}"), &body).await
}

/// A word of a product's name, and the same with two letters exchanged.
fn mistyped(server: &Server) -> Result<(String, String)> {
    let names = server.query("SELECT name FROM products ORDER BY sku")?;
    let words = names.iter().flat_map(|name| name.split(' '));
    let mut long = words
        .filter(|word| word.len() >= LONG_WORD_CHARS && word.chars().all(|char| char.is_ascii_alphabetic()));
    let word = long.find(|word| word[3..4] != word[4..5]).context("no long word in a name")?;
    let wrong = [&word[..3], &word[4..5], &word[3..4], &word[5..]].concat();
    Ok((word.to_owned(), wrong))
}

#[tokio::test]
async fn parts_of_names_and_mistyped_ones_are_found_on_every_page_that_searches() -> Result<()> {
    let (server, device, goods) = begun().await?;
    let (word, wrong) = mistyped(&server)?;
    device.open("/").await?;
    device.fill("[data-test=home-scan]", &word[..4]).await?;
    device.find("match").await?;
    device.fill("[data-test=home-scan]", &goods.name).await?;
    device.click_css(&format!("[data-test=match][data-id='{}']", goods.id)).await?;
    device.find("product-page").await?;

    device.open("/stock").await?;
    device.fill("[data-test=search]", &wrong).await?;
    device.wait_for_text("stock-count", "No exact match").await?;
    device.wait_for_text("product-row", &word).await?;
    device.fill("[data-test=search]", &word).await?;
    let is_exact = "return !document.querySelector('[data-test=stock-count]').innerText.includes('exact')";
    device.wait_for_script("an exact match", is_exact).await?;

    device.open("/work/pick").await?;
    device.fill("[data-test=start-search]", &wrong).await?;
    device.find("matches-similar").await?;
    device.wait_for_text("match", &word).await?;
    // What is only similar is not taken without a choice.
    press(&device, Key::Down.value().to_string()).await?;
    device.find_css("[role=option][aria-selected=true]").await?;
    press(&device, Key::Enter.value().to_string()).await?;
    device.find("work-form").await.map(drop)
}

#[tokio::test]
async fn lots_deliveries_and_orders_are_found_by_their_numbers() -> Result<()> {
    let (server, device, goods) = begun().await?;
    goods.sell_one(&device).await?;
    wait_until_sent(&device).await?;
    let one = |sql: &str| -> Result<String> {
        server.query(sql)?.into_iter().next().with_context(|| format!("nothing from {sql}"))
    };
    let lot = one("SELECT lot_code FROM inventory_lots WHERE status = 'available' AND quantity > 0
        AND lot_code GLOB '*[0-9]*' AND length(lot_code) > 3 ORDER BY lot_code LIMIT 1")?;
    let order = one("SELECT number FROM orders")?;
    let delivery = one("SELECT number FROM deliveries ORDER BY number LIMIT 1")?;
    device.open("/").await?;
    device.fill("[data-test=home-scan]", &lot).await?;
    device.wait_for_text("match-lot", &lot).await?;
    device.fill("[data-test=home-scan]", &order).await?;
    device.wait_for_text("match-paper", &order).await?;
    device.fill("[data-test=home-scan]", &delivery[..delivery.len() - 1]).await?;
    device.wait_for_text("match-paper", &delivery).await?;
    device.click("match-paper").await?;
    device.find("delivery-page").await?;
    device.open("/stock").await?;
    device.fill("[data-test=search]", &lot).await?;
    device.wait_for_text("match-lot", &lot).await?;
    // The lot that was chosen is the lot of the work.
    device.open("/work/move").await?;
    device.fill("[data-test=start-search]", &lot).await?;
    device.click("match-lot").await?;
    device.wait_for_text("lot-banner-code", &lot).await
}

#[tokio::test]
async fn keys_lead_to_the_search_and_through_its_results() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    device.open("/work/count").await?;
    device.find("start-search").await?;
    press(&device, "/").await?;
    has_focus(&device, "start-search").await?;
    // In a field it is a letter.
    press(&device, "/").await?;
    let typed = "return document.querySelector('[data-test=start-search]').value === '/'";
    device.wait_for_script("a slash", typed).await?;
    // Keys are not lost that come faster than the focus moves.
    device.open("/work/count").await?;
    device.find("start-search").await?;
    press(&device, "/7").await?;
    let typed = "return document.querySelector('[data-test=start-search]').value === '7'";
    device.wait_for_script("the key after the slash", typed).await?;
    device.fill("[data-test=start-search]", "a").await?;
    device.find("match").await?;
    for (key, chosen) in [(Key::Down, "0"), (Key::Down, "1"), (Key::Up, "0")] {
        press(&device, key.value().to_string()).await?;
        let is_chosen = format!(
            "const field = document.querySelector('[data-test=start-search]');
             const entry = document.querySelector('[role=option][aria-selected=true]');
             return entry?.id === 'start-search-list-{chosen}' && field.getAttribute('aria-activedescendant') === entry.id
                 && document.activeElement === field"
        );
        device.wait_for_script(&format!("entry {chosen}"), &is_chosen).await?;
    }
    press(&device, Key::Escape.value().to_string()).await?;
    let is_closed = "return document.querySelector('[role=listbox]') === null
        && document.querySelector('[data-test=start-search]').value === ''";
    device.wait_for_script("no results", is_closed).await?;

    // A page without a search opens that of the stock list.
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.find("work-form").await?;
    press_control_k(&device).await?;
    device.find("product-row").await?;
    has_focus(&device, "search").await?;
    device.fill("[data-test=search]", &goods.sku).await?;
    device.wait_for_text("stock-count", "1 of").await?;
    press(&device, Key::Down.value().to_string()).await?;
    press(&device, Key::Enter.value().to_string()).await?;
    device.find_css(&format!("[data-test=product-page][data-id='{}']", goods.id)).await.map(drop)
}

#[tokio::test]
async fn a_mistyped_command_is_no_product() -> Result<()> {
    let (_server, device, _goods) = begun().await?;
    device.open("/work/receive").await?;
    device.find("start-search").await?;
    scan(&device, "LBCMD-SVAE").await?;
    device.wait_for_text("toast", "Unknown command").await?;
    ensure!(device.count("toast-offer").await? == 0, "it cannot be added as a product");
    device.open("/inbox").await?;
    device.find("inbox-empty").await.map(drop)
}
