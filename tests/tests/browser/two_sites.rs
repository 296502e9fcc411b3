//! A browser with the stock of one site opens another site's link.

use anyhow::{Result, ensure};

use crate::device::{Device, PHONE};
use crate::goods::{Goods, wait_until_sent};
use crate::server::Server;

const REFUSAL: &str =
    "This browser holds the stock of site main. To work at site north, use another browser or profile.";

#[tokio::test]
async fn another_sites_link_is_refused_unused_and_work_stays_at_its_site() -> Result<()> {
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    server.add_demo_site("north")?;
    server.kill()?;
    goods.pick_one(&device).await?;
    server.start()?;

    let link = server.enrolment_link_at("north")?;
    device.driver().goto(&link).await?;
    device.click("enrol-submit").await?;
    device.wait_for_text("save-failure", REFUSAL).await?;
    ensure!(server.number("SELECT count(*) FROM devices WHERE site = 'north'")? == 0, "the code was used");

    device.open("/stock").await?;
    wait_until_sent(&device).await?;
    let picks = |site: &str| {
        server
            .number(&format!("SELECT count(*) FROM stock_ledger WHERE site = '{site}' AND movement = 'pick'"))
    };
    ensure!(picks("main")? == 1 && picks("north")? == 0, "the pick is booked at its site");

    let fresh = Device::new(&server.origin()).await?;
    fresh.resize(PHONE).await?;
    fresh.enrol_by(&link).await
}
