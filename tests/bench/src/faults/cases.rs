//! The faults, each a short play on a [`Scene`]. Set-up and counting are the same for all.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use domain::{Action, LotPatch, LotStatus};
use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;

use super::plan::{Hurt, Plan};
use super::scene::Scene;
use super::subject::Subject;
use super::verdict::Counts;
use crate::edits::Editor;
use crate::settings::{Settings, Size};

/// A small catalogue, as rows do not matter except that the app shows some.
const SMALL: Size = Size { products: 40, lots: 120 };
/// A catalogue that takes several exchanges to pull.
const PAGED: Size = Size { products: 3_000, lots: 9_000 };

/// Mutations per run.
pub(crate) const MUTATIONS: usize = 10;
const HALF: usize = MUTATIONS / 2;
/// Requests affected by the hostile network.
const HOSTILE_POSTS: u32 = 12;
const HOSTILE_SECONDS: u64 = 15;
/// Latency of a request whose sender is killed, stopped or frozen.
const UNDER_WAY: Duration = Duration::from_millis(1_500);
/// Time for which the device is signed out.
const SIGNED_OUT: Duration = Duration::from_secs(4);
/// Idle time of a page before it is frozen.
const BEFORE_FREEZE: Duration = Duration::from_secs(3);
/// Picks saved in another tab while one is frozen.
const FROZEN_SAVES: usize = 2;
/// Quota of the origin when it counts as used up.
const NO_QUOTA_BYTES: u64 = 1;
/// Picks that are attempted without space.
const SAVES_WITHOUT_SPACE: usize = 4;
/// Time for which the browser caches an origin's quota.
const QUOTA_REMEMBERED: Duration = Duration::from_secs(31);
/// Batches of changes by another device during the pull, rows per batch, and the longest pause between
/// batches.
const FOREIGN_BATCHES: usize = 40;
const FOREIGN_ROWS: usize = 7;
const FOREIGN_PAUSE_MILLIS: u64 = 120;
const DAY_MILLIS: i64 = 86_400_000;
/// Script: shifts the page's clock by the offset in `localStorage`. A worker's clock cannot be changed this
/// way.
const WRONG_CLOCK: &str = "(() => {
    const offset = Number(localStorage.getItem('fault-clock') ?? 0);
    const Right = Date, now = Date.now.bind(Date);
    globalThis.Date = class extends Right {
        constructor(...given) { given.length ? super(...given) : super(now() + offset); }
        static now() { return now() + offset; }
    };
})();";

/// The faults. Help texts are their names in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// hostile network
    #[value(name = "F0")]
    HostileNetwork,
    /// response dropped after commit
    #[value(name = "F1")]
    AnswerDropped,
    /// renderer killed mid-drain
    #[value(name = "F2")]
    RendererKilled,
    /// service worker stopped mid-sync
    #[value(name = "F2b")]
    WorkerStopped,
    /// two tabs and the worker drain at once
    #[value(name = "F3")]
    AllAtOnce,
    /// 401 for a whole drain, then sign-in
    #[value(name = "F4")]
    SignedOut,
    /// poison mutation at the head
    #[value(name = "F5")]
    Poison,
    /// commits of another device while pulling
    #[value(name = "F6")]
    CommitsWhilePulling,
    /// row leaves the filter with work pending
    #[value(name = "F7")]
    RowLeaves,
    /// server restored to an earlier backup
    #[value(name = "F8")]
    ServerRestored,
    /// quota used up
    #[value(name = "F9")]
    QuotaUsedUp,
    /// app and worker upgraded with work pending
    #[value(name = "F10")]
    Upgraded,
    /// draining tab frozen
    #[value(name = "F11")]
    LeaderFrozen,
    /// clock off by a day
    #[value(name = "F12")]
    ClockOff,
}

impl Fault {
    /// The id, such as `F1`.
    pub(crate) fn id(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The name in tables.
    pub(crate) fn about(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    fn size(self) -> Size {
        if self == Self::CommitsWhilePulling { PAGED } else { SMALL }
    }
}

/// Plays a fault with a subject and counts lost, duplicated, reordered and stuck mutations.
///
/// # Errors
/// When the play cannot be completed.
pub(crate) async fn play(fault: Fault, subject: Subject, settings: &Settings, rng: Rng) -> Result<Counts> {
    let mut scene = Scene::set(settings, subject, fault.size(), rng).await?;
    let it = &mut scene;
    if fault == Fault::CommitsWhilePulling {
        commits_while_pulling(it).await?;
    } else {
        it.install().await?;
    }
    match fault {
        Fault::CommitsWhilePulling => Ok(()),
        Fault::HostileNetwork => hostile_network(it).await,
        Fault::AnswerDropped => answer_dropped(it).await,
        Fault::RendererKilled => renderer_killed(it).await,
        Fault::WorkerStopped => worker_stopped(it).await,
        Fault::AllAtOnce => all_at_once(it).await,
        Fault::SignedOut => signed_out(it).await,
        Fault::Poison => poison(it).await,
        Fault::RowLeaves => row_leaves(it).await,
        Fault::ServerRestored => server_restored(it).await,
        Fault::QuotaUsedUp => quota_used_up(it).await,
        Fault::Upgraded => upgraded(it).await,
        Fault::LeaderFrozen => leader_frozen(it).await,
        Fault::ClockOff => clock_off(it).await,
    }?;
    let counts = scene.settle().await?;
    scene.browser.quit().await;
    Ok(counts)
}

/// Saves and sends work while random things happen to the requests.
async fn hostile_network(scene: &mut Scene) -> Result<()> {
    let last_post = scene.proxy.posts() + HOSTILE_POSTS as usize;
    scene.proxy.set(Plan::Mixed(HOSTILE_POSTS, scene.rng.fork()));
    scene.save(MUTATIONS).await?;
    scene.network_is_back().await?;
    for _ in 0..HOSTILE_SECONDS {
        if scene.proxy.posts() >= last_post {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn answer_dropped(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    let dropped = scene.rng.u32(1..=3);
    drain_under(scene, Plan::Next(dropped, Hurt::DropAfterCommit)).await
}

/// Starts a drain and returns when the first request is under way.
async fn drain_under(scene: &mut Scene, plan: Plan) -> Result<()> {
    scene.proxy.set(plan);
    let before = scene.proxy.posts();
    scene.network_is_back().await?;
    scene.posts_after(before, 1).await
}

/// Keeps a request under way, before or after the server has processed it.
fn under_way(rng: &mut Rng) -> Hurt {
    if rng.bool() { Hurt::HoldAnswer(UNDER_WAY) } else { Hurt::Delay(UNDER_WAY) }
}

async fn renderer_killed(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    let hurt = under_way(&mut scene.rng);
    drain_under(scene, Plan::Always(hurt)).await?;
    sleep(UNDER_WAY.mul_f64(scene.rng.f64())).await;
    scene.browser.crash_tab().await?;
    scene.proxy.set(Plan::Calm);
    scene.subject.open(&scene.browser, &scene.origin()).await
}

/// Lets the worker drain with no page open, and stops it in the middle.
async fn worker_stopped(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    scene.browser.open(&format!("{}/manifest.json", scene.origin())).await?;
    let hurt = under_way(&mut scene.rng);
    scene.proxy.set(Plan::Always(hurt));
    let before = scene.proxy.posts();
    scene.wake_worker().await?;
    scene.posts_after(before, 1).await?;
    scene.browser.cdp("ServiceWorker.stopAllWorkers", json!({})).await?;
    scene.proxy.set(Plan::Calm);
    scene.subject.open(&scene.browser, &scene.origin()).await
}

async fn all_at_once(scene: &mut Scene) -> Result<()> {
    let first = scene.browser.tab().await?;
    let second = scene.browser.new_tab().await?;
    scene.subject.open(&scene.browser, &scene.origin()).await?;
    scene.cut_off();
    for _ in 0..HALF {
        for tab in [&first, &second] {
            scene.browser.switch_to(tab).await?;
            scene.save(1).await?;
        }
    }
    scene.proxy.set(Plan::Late(scene.rng.fork()));
    let before = scene.proxy.posts();
    for tab in [&first, &second] {
        scene.browser.switch_to(tab).await?;
        scene.tell_page().await?;
    }
    scene.wake_worker().await?;
    scene.posts_after(before, 1).await?;
    sleep(UNDER_WAY * 2).await;
    Ok(())
}

async fn signed_out(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    drain_under(scene, Plan::Always(Hurt::SignedOut)).await?;
    sleep(SIGNED_OUT).await;
    scene.proxy.set(Plan::Calm);
    let link = scene.server.enrolment_link(&scene.origin())?;
    scene.subject.sign_in(&scene.browser, &link).await
}

/// Puts a mutation that the server always refuses at the head of the queue.
async fn poison(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save_poison().await?;
    scene.save(MUTATIONS - 1).await?;
    drain_under(scene, Plan::Calm).await
}

/// Installs slowly while another device keeps changing rows, then saves each pick between two of its commits.
async fn commits_while_pulling(scene: &mut Scene) -> Result<()> {
    scene.compares_rows = true;
    scene.proxy.set(Plan::Late(scene.rng.fork()));
    let mut editor = Editor::new(&scene.server).await?;
    let mut rng = scene.rng.fork();
    let foreign = async {
        for _ in 0..FOREIGN_BATCHES {
            editor.change(&scene.server, FOREIGN_ROWS).await?;
            sleep(Duration::from_millis(rng.u64(..FOREIGN_PAUSE_MILLIS))).await;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(foreign, scene.install())?;
    for _ in 0..MUTATIONS {
        editor.change(&scene.server, FOREIGN_ROWS).await?;
        scene.save(1).await?;
    }
    Ok(())
}

async fn row_leaves(scene: &mut Scene) -> Result<()> {
    scene.compares_rows = true;
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    let patch = LotPatch { status: Some(LotStatus::Reserved), ..LotPatch::default() };
    let leave = Action::UpdateLot { lot: scene.lot.at.clone(), patch };
    Editor::new(&scene.server).await?.act(&scene.server, leave).await?;
    drain_under(scene, Plan::Calm).await
}

/// Restores a backup, so that later acknowledged mutations are known to the device alone.
async fn server_restored(scene: &mut Scene) -> Result<()> {
    scene.save(HALF).await?;
    scene.all_booked().await?;
    let backup = scene.server.backup()?;
    scene.save(MUTATIONS - HALF).await?;
    scene.all_booked().await?;
    scene.restore_server(&backup)
}

/// Saves without space: mutations must arrive if the screen says that they are saved, and must not otherwise.
async fn quota_used_up(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS - SAVES_WITHOUT_SPACE).await?;
    let before = scene.seen.saved.len();
    let quota = json!({ "origin": scene.origin(), "quotaSize": NO_QUOTA_BYTES });
    scene.browser.cdp("Storage.overrideQuotaForOrigin", quota).await?;
    sleep(QUOTA_REMEMBERED).await;
    scene.save(SAVES_WITHOUT_SPACE).await?;
    let saved = scene.seen.saved.len() - before;
    ensure!(
        saved < SAVES_WITHOUT_SPACE,
        "the browser stored all {saved} picks although the quota was used up"
    );
    let all = json!({ "origin": scene.origin() });
    scene.browser.cdp("Storage.overrideQuotaForOrigin", all).await?;
    drain_under(scene, Plan::Calm).await
}

async fn upgraded(scene: &mut Scene) -> Result<()> {
    scene.cut_off();
    scene.save(MUTATIONS).await?;
    scene.server.stop()?;
    scene.server.release_another_build()?;
    scene.server.start()?;
    scene.subject.upgrade(&scene.browser, &scene.origin()).await?;
    drain_under(scene, Plan::Calm).await
}

/// Freezes the draining tab in the middle of a request, and saves more in another tab.
async fn leader_frozen(scene: &mut Scene) -> Result<()> {
    let first = scene.browser.tab().await?;
    let second = scene.browser.new_tab().await?;
    scene.subject.open(&scene.browser, &scene.origin()).await?;
    scene.browser.switch_to(&first).await?;
    scene.cut_off();
    scene.save(MUTATIONS - FROZEN_SAVES).await?;
    // Browsers freeze only pages that have been idle for long, so let the page become idle.
    sleep(BEFORE_FREEZE).await;
    scene.proxy.set(Plan::Always(Hurt::HoldAnswer(UNDER_WAY)));
    let before = scene.proxy.posts();
    scene.tell_page().await?;
    scene.posts_after(before, 1).await?;
    scene.browser.cdp("Page.setWebLifecycleState", json!({ "state": "frozen" })).await?;
    scene.browser.switch_to(&second).await?;
    scene.proxy.set(Plan::Calm);
    scene.save(FROZEN_SAVES).await
}

async fn clock_off(scene: &mut Scene) -> Result<()> {
    scene.browser.inject(WRONG_CLOCK).await?;
    scene.cut_off();
    for offset in [DAY_MILLIS, -DAY_MILLIS] {
        scene.browser.script(&format!("localStorage.setItem('fault-clock', {offset})")).await?;
        scene.subject.open(&scene.browser, &scene.origin()).await?;
        let off =
            scene.browser.script("return Date.now() - performance.timeOrigin - performance.now()").await?;
        let is_off = off.as_f64().is_some_and(|off| (off / offset as f64 - 1.0).abs() < 0.01);
        ensure!(is_off, "the page's clock is off by {off} ms and not by {offset} ms");
        scene.save(HALF).await?;
    }
    drain_under(scene, Plan::Calm).await
}
