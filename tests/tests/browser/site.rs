//! Server and device of a walk over pages, and the worlds it goes through.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::breaking::{WATCH_TOASTS, breaking};
use crate::device::{Device, PHONE};
use crate::every_page::{State, Step};
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::scan;
use crate::server::Server;
use crate::words;

/// Circumstances of a page. A walk brings them about in this order, each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// A device that is not enrolled.
    New,
    /// Enrolled, and the stock list does not arrive.
    Downloading,
    /// Enrolled, with the stock list, network and server.
    Online,
    /// A person chose to work offline, and has done something.
    WorkingOffline,
    /// The device's changes conflict with another device's.
    Conflict,
    /// The network is there, the server is not.
    NoServer,
    /// No network.
    Offline,
    /// The server has another build of the app.
    UpdateReady,
    /// The site has people.
    People,
    /// The server no longer knows the device.
    SignedOut,
}

/// All of them.
pub(crate) const WORLDS: [World; 10] = [
    World::New,
    World::Downloading,
    World::Online,
    World::WorkingOffline,
    World::Conflict,
    World::NoServer,
    World::Offline,
    World::UpdateReady,
    World::People,
    World::SignedOut,
];

impl World {
    /// As in the table of states.
    pub(crate) fn read(name: &str) -> Result<Self> {
        Ok(match name {
            "new" => Self::New,
            "downloading" => Self::Downloading,
            "online" => Self::Online,
            "working-offline" => Self::WorkingOffline,
            "conflict" => Self::Conflict,
            "no-server" => Self::NoServer,
            "offline" => Self::Offline,
            "update-ready" => Self::UpdateReady,
            "people" => Self::People,
            "signed-out" => Self::SignedOut,
            _ => bail!("there is no world called {name:?}"),
        })
    }
}

/// A server and a device, and what is in both.
pub(crate) struct Site {
    server: Server,
    pub(crate) device: Device,
    language: &'static str,
    with_lots: Goods,
    /// Goods with a wrong count.
    counted: Goods,
    /// Their barcodes: of those with lots, and of others.
    codes: [String; 2],
    bare: Goods,
    long: Goods,
    /// A bin with goods.
    bin: String,
}

/// `choose-lot` by its `data-test`, `exception-card[data-kind=below_zero]` by more.
fn selector(test: &str) -> String {
    let (name, more) = test.split_at(test.find(['[', ':']).unwrap_or(test.len()));
    format!("[data-test='{name}']{more}")
}

/// A product without lots, one with a name that no list has room for, and enough others to scroll.
fn further_goods() -> (String, String) {
    let long = "Stainless steel hexagon socket countersunk head screw with full thread and Donaudampfschifffahrtsgesellschaftskapitän";
    let mut products = String::from("sku,barcode,name,unit,price_minor,currency\n");
    products += "BARE-1,,Product without lots,each,100,EUR\n";
    products += &format!("LONG-1,,{long},kg,99999,EUR\n");
    for number in 0..300 {
        products += &format!("MANY-{number},,Washer {number},each,5,EUR\n");
    }
    let lots = "sku,lot_code,location,quantity,status,expires_on\n\
        LONG-1,LOT-0123456789ABCDEFGHIJ,WAREHOUSE-7-AISLE-B-SHELF-3,123456.125,available,2031-12-31\n";
    (products, lots.to_owned())
}

impl Site {
    /// Starts both, with the app in a language.
    pub(crate) async fn start(language: &'static str) -> Result<Self> {
        network::up()?;
        let (products, lots) = further_goods();
        let add_language = |app: &Path| if language == words::CODE { words::add_to(app) } else { Ok(()) };
        let server = Server::with_demo_and(&products, &lots, add_language)?;
        let device = Device::new(&server.origin()).await?;
        device.resize(PHONE).await?;
        let calm = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        device.cdp("Emulation.setEmulatedMedia", calm).await?;
        let (with_lots, counted) = (Goods::stocked(&server, 2)?, Goods::stocked(&server, 3)?);
        let code = |goods: &Goods| -> Result<String> {
            Ok(server.query(&format!("SELECT barcode FROM products WHERE sku = '{}'", goods.sku))?.concat())
        };
        let codes = [code(&with_lots)?, code(&counted)?];
        let (bare, long) = (Goods::with_sku(&server, "BARE-1")?, Goods::with_sku(&server, "LONG-1")?);
        let bin = server
            .query("SELECT location FROM inventory_lots WHERE quantity > 0 ORDER BY location LIMIT 1")?;
        let bin = bin.into_iter().next().context("no lot lies anywhere")?;
        let site = Self { server, device, language, with_lots, counted, codes, bare, long, bin };
        site.inject(WATCH_TOASTS).await?;
        site.device.open("/manifest.json").await?;
        site.speak(language).await?;
        Ok(site)
    }

    /// The language from the next page on.
    async fn speak(&self, language: &str) -> Result<()> {
        let script = format!("localStorage.setItem('lotbook.language', {})", json!(language));
        self.device.script(&script).await.map(drop)
    }

    /// Brings a world about.
    pub(crate) async fn enter(&mut self, world: World) -> Result<()> {
        match world {
            World::New => Ok(()),
            World::Downloading => self.enrol_without_list().await,
            World::Online => self.take_list().await,
            World::WorkingOffline => self.work_offline().await,
            World::Conflict => self.conflict().await,
            World::NoServer => self.server.kill(),
            World::Offline => network::down(),
            World::UpdateReady => self.release_update().await,
            World::People => self.employ().await,
            World::SignedOut => self.forget_device().await,
        }
    }

    async fn enrol_without_list(&self) -> Result<()> {
        let id = self.inject(breaking("sync-hangs")?).await?;
        self.device.driver().goto(self.server.enrolment_link()?).await?;
        self.device.click("enrol-submit").await?;
        self.device.find("toast").await?;
        self.remove(&id).await
    }

    /// Waits for the first sync, so that the device works without a network.
    async fn take_list(&self) -> Result<()> {
        self.device.open("/stock").await?;
        self.device.find("product-row").await?;
        self.device.wait_for_worker().await?;
        // Languages that are no part of the build are fetched as they are chosen; here the server will be away.
        let keep = format!(
            "for (const name of await caches.keys()) await (await caches.open(name)).add('/languages/{}.json').catch(() => {{}});
             return document.querySelector('[data-test=pending-count]').dataset.syncing === 'false'",
            self.language
        );
        self.device.wait_for_script("the end of the first sync", &keep).await
    }

    async fn work_offline(&self) -> Result<()> {
        self.device.open("/sync").await?;
        self.forget_drafts().await?;
        self.device.click("work-offline").await?;
        self.device.find("working-offline-notice").await?;
        self.with_lots.edit(&self.device, &[("price", "7.77")]).await?;
        self.bare.edit(&self.device, &[("price", "7.77"), ("unit", "crate"), ("variant", "red")]).await?;
        self.device.open(&format!("/product/{}/work/count", self.counted.id)).await?;
        for _ in 0..2 {
            self.device.fill("[data-test=quantity]", "7").await?;
            self.device.click("save").await?;
        }
        self.device.find("on-hand").await?;
        self.device.open(&format!("/product/{}/work/pick", self.with_lots.id)).await?;
        self.device.fill("[data-test=quantity]", "1").await?;
        self.device.click("save").await?;
        self.device.find("on-hand").await.map(drop)
    }

    async fn conflict(&self) -> Result<()> {
        let other = Device::enrolled(&self.server).await?;
        self.with_lots.set_price(&other, "5.55").await?;
        self.bare.edit(&other, &[("price", "5.55"), ("unit", "tray")]).await?;
        // The count began before this.
        self.counted.pick_one(&other).await?;
        wait_until_sent(&other).await?;
        drop(other);
        self.device.open("/sync").await?;
        self.device.click("work-offline").await?;
        self.device.find("attention-link").await.map(drop)
    }

    async fn release_update(&mut self) -> Result<()> {
        network::up()?;
        self.server.release_another_build()?;
        self.server.start()?;
        self.device.open("/stock").await?;
        self.device.script("(await navigator.serviceWorker.ready).update()").await?;
        self.device.find("update-notice").await.map(drop)
    }

    /// A worker with PIN and badge, a supervisor with a PIN, and enough others for a search.
    async fn employ(&self) -> Result<()> {
        self.server.people("add", &["--name", "Ada Worker", "--badge", "WORKER-1", "--pin", "1111"])?;
        self.server.people("add", &["--name", "Bea Supervisor", "--role", "supervisor", "--pin", "2222"])?;
        for number in 1..=10 {
            let name = format!("Person with a rather long name, number {number}");
            self.server.people("add", &["--name", &name, "--badge", &format!("OTHER-{number}")])?;
        }
        self.device.open("/sync").await?;
        self.device.find("who-page").await.map(drop)
    }

    async fn forget_device(&self) -> Result<()> {
        self.device.cdp("Network.clearBrowserCookies", json!({})).await?;
        self.device.open("/sync").await?;
        self.device.click("sync-now").await?;
        self.device.find("sign-in-notice").await.map(drop)
    }

    async fn inject(&self, script: &str) -> Result<Value> {
        let added =
            self.device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        added.get("identifier").cloned().context("an injected script has an identifier")
    }

    async fn remove(&self, id: &Value) -> Result<()> {
        let parameters = json!({ "identifier": id });
        self.device.cdp("Page.removeScriptToEvaluateOnNewDocument", parameters).await.map(drop)
    }

    /// Brings a state about.
    pub(crate) async fn show(&self, state: &State<'_>) -> Result<()> {
        let address = |goods: &Goods| format!("/product/{}", goods.id);
        let path = state.path.replace("{product}", &address(&self.with_lots));
        let path = path
            .replace("{counted}", &address(&self.counted))
            .replace("{bin}", &self.bin)
            .replace("{bare}", &address(&self.bare))
            .replace("{long}", &address(&self.long));
        let injected = match state.broken {
            Some(name) => Some(self.inject(breaking(name)?).await?),
            None => None,
        };
        self.forget_drafts().await?;
        // Each state of a site with people begins with a locked device.
        let lock = "const key = 'lotbook.signed_in';
            try { if (localStorage.getItem(key)) localStorage.setItem(key, `- ${Date.now()} 10 `); } catch { /* nothing is stored */ }";
        self.device.script(lock).await?;
        self.device.open(&path).await?;
        if let Some(id) = injected {
            self.remove(&id).await?;
        }
        for step in &state.steps {
            self.take(step).await?;
        }
        self.settle(state).await
    }

    /// Drops what an earlier state has typed. The page before the first one has no storage.
    async fn forget_drafts(&self) -> Result<()> {
        let forget = "try { localStorage.removeItem('lotbook.drafts'); } catch { /* nothing is stored */ }";
        self.device.script(forget).await.map(drop)
    }

    async fn take(&self, step: &Step<'_>) -> Result<()> {
        let filled = |text: &str| {
            let text = text.replace("{sku}", &self.with_lots.sku);
            text.replace("{code}", &self.codes[0]).replace("{other}", &self.codes[1])
        };
        match *step {
            Step::Click(test) => self.device.click_css(&selector(test)).await,
            Step::Fill(test, text) => self.device.fill(&selector(test), &filled(text)).await,
            Step::Scan(code) => {
                // Scans are heard from the first page on; the screen that opens the database is none.
                self.device.find_css("#main h1").await?;
                scan(&self.device, &filled(code)).await
            }
            Step::Wait(test) => self.device.find_css(&selector(test)).await.map(drop),
        }
    }

    /// Waits for the end of reads and animations.
    async fn settle(&self, state: &State<'_>) -> Result<()> {
        let is_read = "const running = document.getAnimations().filter((it) => it.playState === 'running');
            const rows = [...document.querySelectorAll('[data-test=product-row]')];
            return running.length === 0 && document.querySelector('[data-test=loading]') === null
                && rows.every((row) => row.querySelector('[data-test=row-on-hand]') !== null)";
        let comes_to_rest = !matches!(
            state.broken,
            Some("open-hangs" | "reads-hang" | "reads-fail" | "rest-hangs" | "rest-fails")
        );
        if comes_to_rest {
            self.device.wait_for_script("a page at rest", is_read).await?;
        }
        // Checks take longer than a toast stays, and each of them is to see it.
        let script = "await new Promise((done) => setTimeout(done, 150)); toastTimers.forEach(clearTimeout)";
        self.device.script(script).await.map(drop)
    }
}
