//! Every kind of work by keyboard alone and by touch alone, offline, and the server's ledger afterwards.

use anyhow::{Context, Result, bail, ensure};

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;
use crate::{keyboard, touch};

/// A line is a piece of work from the start page on: how much waits to be sent after it, and its steps. Elements go by their
/// `data-test`; `!` uses one, `=` fills one in, a bare name waits for it. `{sku}` is in hand; `@2` is the second of its kind,
/// `~{name}` the one that reads so. What is typed ends with `⏎` where only a key looks it up.
const WORKS: &str = "
1  !tile-receive | start-search={sku} | !match | !no-lot-code | quantity=5 | !save
2  !tile-receive | !delivery | !delivery-line | !no-lot-code | quantity=3 | !save
3  !tile-put-away | !bin-lot~{name} | !to-choice | quantity=2 | !save
4  !tile-pick | start-search={sku} | !match | !change-lot | !choose-lot@2 | fefo-advice | quantity=1 | !save | reason-fault | !common-reason | !save
5  !tile-adjust | start-search={sku} | !match | quantity=3 | !common-reason@2 | !save
6  !tile-count | start-search={sku} | !match | quantity=9 | !save | quantity=9 | !save
7  !tile-move | start-search={sku} | !match | !to-choice | quantity=2 | !save
8  !tile-transfer | transfer-search={sku} | !match | !line-more | to=Y-1 | !transfer-save
9  !tile-sell | order-search={sku} | !match | !cart-quantity | quantity=3 | !quantity-done | !place-order
9  !tile-pick | start-search={sku} | !match | quantity=4 | !save | toast-offer | !toast-offer@last
8  recent-undo | !recent-undo
10 home-scan=NOBODY-1⏎ | toast | !nav-inbox | !unknown-assign | assign-search={other} | !assign-match | !assign-confirm
11 !nav-stock | product-row | !new-product | name=Made by hand | sku=HAND-1 | price=2.50 | !save
";
/// The ledger after all works, by movement: the sum of all changes and of their sizes. The sale was undone.
const LEDGER: &str = "SELECT movement, sum(delta) / 1000, sum(abs(delta)) / 1000 FROM stock_ledger
    WHERE mutation_id IS NOT NULL GROUP BY movement ORDER BY movement";

/// The only means of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hands {
    /// Real keys alone: Tab, arrows, Enter and what is typed.
    Keyboard,
    /// Fingers alone; numbers by the app's keypad, other texts by the system's own.
    Touch,
}

/// One of the elements with a `data-test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) test: String,
    /// Which of them, from 1; the last is 0.
    nth: usize,
    /// Text of the element; empty for any.
    reads: String,
}

impl Target {
    fn read(text: &str) -> Result<Self> {
        let (text, reads) = text.split_once('~').unwrap_or((text, ""));
        let (test, nth) = text.split_once('@').unwrap_or((text, "1"));
        let nth =
            if nth == "last" { 0 } else { nth.parse().with_context(|| format!("no number: {nth:?}"))? };
        Ok(Self { test: test.to_owned(), nth, reads: reads.to_owned() })
    }

    /// The first with this `data-test`.
    pub(crate) fn named(test: &str) -> Self {
        Self { test: test.to_owned(), nth: 1, reads: String::new() }
    }

    /// A script's expression for it.
    pub(crate) fn script(&self) -> String {
        let Self { test, nth, reads } = self;
        let reads = serde_json::json!(reads);
        format!(
            "[...document.querySelectorAll('[data-test={test}]')].filter((it) => it.innerText.includes({reads}) || !{reads}).at({nth} - 1)"
        )
    }
}

impl Hands {
    async fn activate(self, device: &Device, target: &Target) -> Result<()> {
        wait_for(device, target).await?;
        match self {
            Self::Keyboard => keyboard::activate(device, target).await,
            Self::Touch => touch::tap(device, target).await,
        }
    }

    async fn fill(self, device: &Device, target: &Target, text: &str) -> Result<()> {
        wait_for(device, target).await?;
        match self {
            Self::Keyboard => keyboard::fill(device, target, text).await,
            Self::Touch => touch::fill(device, target, text).await,
        }
    }

    async fn step(self, device: &Device, step: &str) -> Result<()> {
        match (step.strip_prefix('!'), step.split_once('=')) {
            (Some(target), _) => self.activate(device, &Target::read(target)?).await,
            (None, Some((target, text))) => self.fill(device, &Target::read(target)?, text).await,
            (None, None) => wait_for(device, &Target::read(step)?).await,
        }
    }
}

async fn wait_for(device: &Device, target: &Target) -> Result<()> {
    let is_there = format!("const it = {}; return it !== undefined && !it.disabled", target.script());
    device.wait_for_script(&format!("{target:?}"), &is_there).await
}

async fn pending(device: &Device, count: &str) -> Result<()> {
    let body =
        format!("return document.querySelector('[data-test=pending-count]')?.dataset.pending === '{count}'");
    device.wait_for_script(&format!("{count} saved"), &body).await
}

/// Goods whose first lot to expire has plenty, and lies elsewhere than the second.
fn roomy(server: &Server) -> Result<(Goods, i64)> {
    let sql = "WITH lots AS (
            SELECT l.product_id, l.location, l.quantity, row_number() OVER (PARTITION BY l.product_id ORDER BY l.expires_on) AS place
            FROM inventory_lots l WHERE l.expires_on > date('now', '+1 day') AND l.status = 'available')
        SELECT p.sku, one.quantity / 1000 FROM products p JOIN lots one USING (product_id) JOIN lots two USING (product_id)
        WHERE one.place = 1 AND two.place = 2 AND one.location <> two.location AND one.quantity >= 20000
          AND p.unit NOT IN ('kg', 'g', 'l', 'm') AND p.product_id NOT IN
              (SELECT product_id FROM inventory_lots WHERE expires_on IS NULL OR expires_on <= date('now', '+1 day'))
        ORDER BY p.sku LIMIT 1";
    let row = server.query(sql)?.pop().context("no goods with enough in their first lot")?;
    let (sku, units) = row.split_once(' ').context("a SKU and a quantity")?;
    Ok((Goods::with_sku(server, sku)?, units.parse()?))
}

async fn works_with(hands: Hands) -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    if hands == Hands::Touch {
        touch::begin(&device).await?;
    }
    let (goods, units) = roomy(&server)?;
    let other = Goods::stocked(&server, 3)?;
    server.kill()?;
    network::down()?;
    for work in WORKS.trim().lines() {
        let (count, steps) = work.split_once(' ').context("a number and steps")?;
        device.open("/").await?;
        device.wait_for_text("connection", "Offline").await?;
        for step in steps.split(" | ").map(str::trim) {
            let step = step
                .replace("{sku}", &goods.sku)
                .replace("{name}", &goods.name)
                .replace("{other}", &other.sku);
            hands.step(&device, &step).await.with_context(|| format!("{step:?} of {work:?}"))?;
        }
        pending(&device, count).await.with_context(|| format!("{work:?} by {hands:?}"))?;
    }
    server.start()?;
    network::up()?;
    device.open("/").await?;
    wait_until_sent(&device).await?;
    // Sent work is reversed: not the new product, which cannot be, but the transfer.
    device.open("/").await?;
    hands.activate(&device, &Target::read("recent-reverse")?).await?;
    device.find("reversed").await?;
    wait_until_sent(&device).await?;
    check(&server, &device, &goods, units).await?;
    let code = format!("SELECT count(*) FROM products WHERE sku = '{}' AND barcode = 'NOBODY-1'", other.sku);
    ensure!(server.number(&code)? == 1, "the code is not the product's");
    Ok(())
}

async fn check(server: &Server, device: &Device, goods: &Goods, units: i64) -> Result<()> {
    let counted = 9 - (units - 3);
    let expected = [
        "adjust -3 3".to_owned(),
        format!("count {counted} {}", counted.abs()),
        "move 0 12".to_owned(),
        "pick -1 1".to_owned(),
        "put_away 0 4".to_owned(),
        "receive 8 8".to_owned(),
    ];
    let ledger = server.query(LEDGER)?;
    if ledger != expected {
        bail!("the ledger has {ledger:?} instead of {expected:?}");
    }
    let (there, shown) = (goods.units_on_server(server)?, goods.units_shown(device).await?);
    ensure!(there == shown, "the server has {there}, the device shows {shown}");
    Ok(())
}

#[tokio::test]
async fn every_work_is_done_by_keyboard_alone() -> Result<()> {
    works_with(Hands::Keyboard).await
}

#[tokio::test]
async fn every_work_is_done_by_touch_alone() -> Result<()> {
    works_with(Hands::Touch).await
}
