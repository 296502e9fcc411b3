//! Scans of a lot's own code: on work, on the stock page and on a form, also of lots that must not be taken.

use anyhow::{Context, Result, ensure};

use crate::device::Device;
use crate::network;
use crate::scanner::scan;
use crate::server::Server;

/// Codes of lots of the demo warehouse.
struct Codes {
    /// For use.
    own: String,
    /// Of the same product, expired: only the server has it.
    gone: String,
    /// Of another product, blocked.
    blocked: String,
    /// Of another product, for use.
    other: String,
}

impl Codes {
    fn read(server: &Server) -> Result<Self> {
        let for_use =
            "lot.status = 'available' AND lot.quantity >= 20000 AND lot.expires_on > date('now', '+9 days')";
        let row = server.query(&format!(
            "SELECT lot.lot_code, gone.lot_code, blocked.lot_code, other.lot_code FROM inventory_lots lot
             JOIN inventory_lots gone ON gone.product_id = lot.product_id AND gone.status = 'expired'
             JOIN inventory_lots blocked ON blocked.product_id <> lot.product_id AND blocked.status = 'quarantined'
             JOIN inventory_lots other ON other.product_id <> lot.product_id AND other.status = 'available'
             WHERE {for_use} AND (other.expires_on IS NULL OR other.expires_on > date('now', '+9 days')) ORDER BY 1, 2, 3, 4 LIMIT 1"
        ))?;
        let codes: Vec<String> = row.first().context("such lots")?.split(' ').map(str::to_owned).collect();
        let Ok([own, gone, blocked, other]) = <[String; 4]>::try_from(codes) else {
            anyhow::bail!("four codes, not {row:?}");
        };
        Ok(Self { own, gone, blocked, other })
    }
}

async fn says(device: &Device, sentence: &str) -> Result<()> {
    device.wait_for_text("toast", sentence).await
}

/// Waits for the product's page with this lot open.
async fn is_open_at(device: &Device, lot: &str) -> Result<()> {
    device.find("product-page").await?;
    device.find_css(&format!(".lot.is-chosen[data-lot='{lot}']")).await.map(drop)
}

#[tokio::test]
async fn a_lots_code_selects_it_on_a_form_and_one_that_is_not_for_use_is_refused() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let codes = Codes::read(&server)?;
    let device = Device::enrolled(&server).await?;
    let Codes { own, gone, blocked, other } = &codes;
    // Work: the lot's code begins the operation on it, unless it must not be taken.
    device.open("/work/pick").await?;
    device.find("start-search").await?;
    scan(&device, blocked).await?;
    says(&device, &format!("Lot {blocked} is blocked: do not take it.")).await?;
    ensure!(device.count("work-form").await? == 0, "nothing begins with a blocked lot");
    scan(&device, own).await?;
    device.find("work-form").await?;
    device.wait_for_text("lot-banner-code", own).await?;
    // The form: the own lot counts, the others change nothing.
    scan(&device, &own.to_lowercase()).await?;
    let is_two = "return document.querySelector('[data-test=quantity]').value === '2'";
    device.wait_for_script("two of the lot", is_two).await?;
    scan(&device, gone).await?;
    says(&device, &format!("Lot {gone} is expired: do not take it.")).await?;
    scan(&device, other).await?;
    says(&device, "Different item").await?;
    device.wait_for_text("lot-banner-code", own).await?;
    device.wait_for_script("two of the lot", is_two).await
}

#[tokio::test]
async fn a_lots_code_opens_its_product_on_the_stock_page() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let codes = Codes::read(&server)?;
    let device = Device::enrolled(&server).await?;
    let (own, blocked) = (&codes.own, &codes.blocked);
    device.open("/stock").await?;
    device.find("stock-count").await?;
    scan(&device, own).await?;
    is_open_at(&device, own).await?;
    // Another lot of the same product, which only the server has.
    scan(&device, &codes.gone).await?;
    says(&device, &format!("Lot {} is expired: do not take it.", codes.gone)).await?;
    device.open("/stock").await?;
    device.find("stock-count").await?;
    scan(&device, blocked).await?;
    says(&device, &format!("Lot {blocked} is blocked: do not take it.")).await?;
    device.find_css(&format!("[data-test=lots-elsewhere] [data-lot='{blocked}']")).await?;
    // Without the server, the lots of the device are found, and the others are unknown.
    server.kill()?;
    device.open("/stock").await?;
    device.find("stock-count").await?;
    scan(&device, &own.to_lowercase()).await?;
    is_open_at(&device, own).await?;
    device.open("/stock").await?;
    device.find("stock-count").await?;
    scan(&device, blocked).await?;
    says(&device, "Unknown code").await
}
