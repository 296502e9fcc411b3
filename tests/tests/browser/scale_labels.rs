//! Labels of scales: the pattern in the settings, its example, and the weight in work.

use anyhow::{Result, ensure};

use crate::device::Device;
use crate::goods::Goods;
use crate::network;
use crate::scanner::scan;
use crate::server::Server;

const PRODUCTS: &str = "sku,barcode,name,unit,price_minor,currency\n12345,,Mountain cheese,kg,1690,EUR\n";
const LOTS: &str = "sku,lot_code,location,quantity,status,expires_on\n\
    12345,CHEESE-1,COLD-1,20,available,2031-12-31\n";
/// Labels of the item: 1.250 kg and 2.000 kg.
const LABELS: [&str; 2] = ["2012345012509", "2012345020009"];

#[tokio::test]
async fn a_scales_label_is_read_by_the_pattern_in_the_settings() -> Result<()> {
    network::up()?;
    let server = Server::with_demo_and(PRODUCTS, LOTS, |_| Ok(()))?;
    let device = Device::enrolled(&server).await?;
    let cheese = Goods::with_sku(&server, "12345")?;

    device.open("/settings").await?;
    ensure!(device.count("scale-pattern").await? == 0, "no pattern at first");
    device.click_css("[data-test=scale-kind][data-code=weight]").await?;
    device.wait_for_text("scale-reading", "Item 12345, 1.250 kg").await?;
    device.click_css("[data-test=scale-example]").await?;
    scan(&device, LABELS[1]).await?;
    device.wait_for_text("scale-reading", "Item 12345, 2.000 kg").await?;
    device.fill("[data-test=scale-pattern]", "20IIIIIWWWWW").await?;
    device.wait_for_text("scale-pattern-fault", "start with 2 and end with C").await?;
    device.fill("[data-test=scale-pattern]", "20IIIIIWWW.WWC").await?;
    device.wait_for_text("scale-reading", "Item 12345, 20.000 kg").await?;
    device.fill("[data-test=scale-pattern]", "20IIIIIWW.WWWC").await?;
    device.wait_for_text("scale-reading", "Item 12345, 2.000 kg").await?;

    device.open("/scanner").await?;
    device.find("scanner-test-page").await?;
    scan(&device, LABELS[0]).await?;
    device.wait_for_text("scan-facts", "Item 12345, 1.250 kg").await?;

    device.open("/").await?;
    device.find("home").await?;
    scan(&device, LABELS[0]).await?;
    device.find("product-page").await?;
    device.open(&format!("/product/{}/work/pick", cheese.id)).await?;
    device.find("quantity").await?;
    for label in LABELS {
        scan(&device, label).await?;
    }
    let quantity = "return document.querySelector('[data-test=quantity]')?.value === '3.25'";
    device.wait_for_script("the sum of two labels", quantity).await
}
