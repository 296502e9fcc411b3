//! A run: people work while faults happen, then the faults end, then all invariants are checked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::{Context as _, Result};
use client::Client;
use domain::{Action, LotRef, Quantity};
use futures::executor::block_on;
use sync::{
    AuditLimits, AuditReport, Connection, Event, RoundLimits, UnixMillis, audit_part, hold_site, run_round,
};

use crate::actor::{Actor, Kind, finish};
use crate::books::{Backup, Engine};
use crate::check::violations;
use crate::clock::VirtualClock;
use crate::device::Device;
use crate::dice::Dice;
use crate::host::WindowHost;
use crate::network::{Air, Link};
use crate::person;
use crate::server::{SITES, SimServer};
use crate::trace::{Detail, Trace};
use crate::variant::Variant;

/// Minimum number of steps with faults.
const MIN_STEPS: u32 = 150;
const MAX_FURTHER_STEPS: u32 = 350;
/// Maximum time for a device with pending mutations and a reachable server without an attempt.
const MAX_IDLE_MILLIS: u64 = 240_000;
/// Maximum time until all invariants hold.
const QUIET_MILLIS: u64 = 15 * 60_000;
/// Additional time for actors that were frozen until then.
const AFTERMATH_MILLIS: u64 = 5 * 60_000;
/// Maximum number of parts in which a desk compares its rows.
const MAX_AUDIT_PARTS: usize = 100;
/// Maximum number of polls without time passing; more means an endless loop.
const MAX_POLLS_AT_ONCE: u32 = 100_000;

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    /// All violated invariants.
    pub violations: Vec<String>,
    /// The trace, if requested.
    pub trace: Vec<String>,
    /// The decisions of the run.
    pub decisions: Vec<u32>,
    /// Number of mutations reported as saved.
    pub saved: usize,
    /// Number of requests that the server answered.
    pub requests: u64,
}

/// The complete simulation.
pub(crate) struct World {
    pub(crate) air: Rc<Air>,
    pub(crate) devices: Vec<Device>,
    keeper: Device,
    desk: Client<WindowHost>,
    pub(crate) backups: Vec<Backup>,
    pub(crate) restores: u32,
}

/// Runs a world with these decisions, with the server's store on this engine.
///
/// # Errors
/// When the simulation itself fails, for example because a file cannot be created.
pub fn run(dice: Dice, variant: Variant, engine: Engine, detail: Detail) -> Result<Report> {
    let mut world = World::new(dice, variant, engine, detail)?;
    world.work()?;
    let mut violations = world.quiet(QUIET_MILLIS)?;
    if violations.is_empty() {
        world.thaw();
        violations = world.quiet(AFTERMATH_MILLIS)?;
    }
    let saved = world.devices.iter().map(|device| device.diary.borrow().saved.len()).sum();
    Ok(Report {
        violations,
        trace: world.air.trace.lines(),
        decisions: world.air.dice.made(),
        saved,
        requests: world.air.server.answered.get(),
    })
}

impl World {
    fn new(dice: Dice, variant: Variant, engine: Engine, detail: Detail) -> Result<Self> {
        let clock = VirtualClock::default();
        let trace = Trace::new(clock.clone(), detail);
        let air = Rc::new(Air {
            server: SimServer::start(clock.clone(), dice.clone(), variant, engine)?,
            clock,
            dice: dice.clone(),
            variant,
            trace,
            has_faults: Cell::new(false),
            late: RefCell::default(),
            alarm: RefCell::default(),
        });
        let (keeper, desk) = stocked(&air)?;
        let mut devices = Vec::new();
        let at_first_site = 2 + u64::from(dice.roll(2));
        let at_second_site = u64::from(dice.once_in(3));
        for number in 0..at_first_site + at_second_site {
            let site = SITES[usize::from(number >= at_first_site)];
            let (enrolled, token) = air.server.enrol(site)?;
            let link = Link::new(&air, &format!("D{number}"), site, &token);
            let scope = if dice.roll(4) == 3 { "all" } else { "available" };
            let mut device = Device::new(number + 1, link, enrolled, scope);
            if dice.roll(2) == 0 {
                // Enrolled by a build that notes the site at once; others note it at their first answer.
                block_on(hold_site(&device.store.kept, site))?;
            }
            device.start(0);
            devices.push(device);
        }
        air.has_faults.set(true);
        Ok(Self { air, devices, keeper, desk, backups: Vec::new(), restores: 0 })
    }

    pub(crate) fn dice(&self) -> &Dice {
        &self.air.dice
    }

    fn work(&mut self) -> Result<()> {
        let steps = MIN_STEPS + self.dice().roll(MAX_FURTHER_STEPS);
        for _ in 0..steps {
            if self.air.alarm.borrow().is_some() {
                break;
            }
            match self.dice().roll(20) {
                0..=6 => self.poll_one(),
                7..=12 => self.act(),
                13..=15 => self.pass_time(),
                16..=18 => self.go_wrong()?,
                _ => self.run_out(),
            }
        }
        Ok(())
    }

    pub(crate) fn some_device(&self) -> usize {
        self.dice().roll(u32::try_from(self.devices.len()).unwrap_or(1)) as usize
    }

    fn poll_one(&mut self) {
        let (at, actor) = (self.some_device(), self.dice().roll(3) as usize);
        if let Some(device) = self.devices.get_mut(at) {
            device.poll(actor);
        }
    }

    fn act(&mut self) {
        let at = self.some_device();
        let dice = self.air.dice.clone();
        let Some(device) = self.devices.get_mut(at) else { return };
        let is_free = |actor: &Actor| actor.work.is_none() && actor.open_page().is_some();
        let free: Vec<usize> =
            (0..device.actors.len()).filter(|at| device.actors.get(*at).is_some_and(is_free)).collect();
        let Some(window) = dice.pick(&free).copied() else { return };
        let Some(page) = device.actors.get(window).and_then(Actor::open_page) else { return };
        if let Some(work) = person::act(device, page.client().clone(), &dice)
            && let Some(actor) = device.actors.get_mut(window)
        {
            actor.work = Some(work);
        }
    }

    /// Polls everything until all tasks wait for time to pass.
    fn run_out(&mut self) {
        for _ in 0..MAX_POLLS_AT_ONCE {
            self.air.clock.take_progress();
            for device in &mut self.devices {
                device.fire();
                (0..device.actors.len()).for_each(|at| device.poll(at));
            }
            if !self.air.clock.take_progress() {
                return;
            }
        }
        self.air.alarm("livelock: tasks keep running without time passing".to_owned());
    }

    /// Advances to the time of the next event. Actors that can run are polled before.
    fn pass_time(&mut self) {
        self.run_out();
        let due = self.devices.iter().filter_map(Device::next_due).chain(self.air.clock.next_wake()).min();
        let soon = self.air.clock.millis() + 60_000;
        self.air.clock.go_to(due.unwrap_or(soon).clamp(self.air.clock.millis() + 1, soon));
        self.devices.iter_mut().for_each(Device::fire);
    }

    /// A person at a desk with a reliable network makes changes meanwhile.
    pub(crate) fn keeper_works(&mut self) {
        let dice = self.air.dice.clone();
        for _ in 0..=dice.roll(6) {
            if let Some(work) = person::act(&self.keeper, self.desk.clone(), &dice)
                && let Some(kept) = finish(work)
            {
                self.keeper.diary.borrow_mut().keep(kept, &self.air.trace, "the desk");
            }
        }
        // The desk has no screen to update.
        self.desk.host().tasks.borrow_mut().clear();
        self.keeper_syncs();
    }

    fn keeper_syncs(&mut self) {
        if self.air.server.is_up.get() {
            let (store, link) = (&self.keeper.store, &*self.keeper.link);
            let limits = RoundLimits::default();
            drop(finish(run_round(store, link, limits, || UnixMillis(0), |_| {})));
            self.keeper_audits();
        }
    }

    /// Compares the desk's rows once, as a page does in time: of a restore that only a device without receipts noticed, the
    /// server's revisions tell nothing.
    fn keeper_audits(&self) {
        let (store, link, mut position) = (&self.keeper.store, &*self.keeper.link, None);
        for _ in 0..MAX_AUDIT_PARTS {
            let audit = audit_part(store, link, position.take(), AuditLimits::default(), || UnixMillis(0));
            match finish(audit) {
                Some(Ok(AuditReport { next: Some(next), .. })) => position = Some(next),
                _ => return,
            }
        }
    }

    /// Ends all faults, and lets time pass. Returns the violated invariants after `millis`.
    fn quiet(&mut self, millis: u64) -> Result<Vec<String>> {
        self.calm();
        self.keeper_syncs();
        let begun = self.air.clock.millis();
        while self.air.clock.millis() < begun + millis && self.air.alarm.borrow().is_none() {
            self.pass_time();
            self.end_late_choices();
            self.sign_in_where_needed()?;
            self.watch_for_idleness(begun);
        }
        if let Some(alarm) = self.air.alarm.borrow_mut().take() {
            return Ok(vec![alarm]);
        }
        self.keeper_syncs();
        let everybody: Vec<&Device> = self.devices.iter().chain([&self.keeper]).collect();
        violations(&self.air, &everybody)
    }

    fn calm(&mut self) {
        self.air.trace.tell(|| "it gets quiet".to_owned());
        self.air.has_faults.set(false);
        self.air.server.is_up.set(true);
        for device in &mut self.devices {
            device.store.has_faults.set(false);
            device.store.is_full.set(false);
            device.link.is_online.set(true);
            if device.actors.iter().any(|actor| actor.kind == Kind::Window && actor.can_run()) {
                device.end_offline();
            } else {
                let closed = |actor: &Actor| actor.kind == Kind::Window && !actor.is_alive;
                device.start(device.actors.iter().position(closed).unwrap_or_default());
            }
        }
    }

    /// A window may have been storing or reading the choice of *work offline* when the faults ended.
    fn end_late_choices(&mut self) {
        let shows_it = |device: &Device| {
            let mut pages = device.actors.iter().filter_map(Actor::open_page);
            pages.any(|page| page.connection() == Connection::WorkingOffline)
        };
        let late = |device: &&mut Device| device.works_offline() || shows_it(device);
        self.devices.iter_mut().filter(late).for_each(Device::end_offline);
    }

    /// A device that was revoked, is missing in the restored backup, or was carried over to another site is signed in
    /// again at its own by its person.
    fn sign_in_where_needed(&mut self) -> Result<()> {
        for device in &mut self.devices {
            let pages = device.actors.iter().filter_map(Actor::open_page);
            let shown: Vec<Connection> = pages.into_iter().map(|page| page.connection()).collect();
            let (asks, is_abroad) = (
                shown.contains(&Connection::SignInNeeded),
                shown.contains(&Connection::OtherSite) && device.link.is_abroad(),
            );
            // A device that was refused by mistake has to detect that by itself.
            if is_abroad || asks && !self.air.server.knows(&device.enrolled)? {
                sign_in(&self.air, device)?;
            }
        }
        Ok(())
    }

    fn watch_for_idleness(&self, begun: u64) {
        let now = self.air.clock.millis();
        for device in &self.devices {
            let idle = now - device.link.tried_at.get().max(begun);
            if device.pending() > 0 && idle > MAX_IDLE_MILLIS {
                self.air.alarm(format!("stuck: {} has not tried for {idle} ms", device.link.name));
            }
        }
    }

    fn thaw(&mut self) {
        self.air.trace.tell(|| "the frozen thaw".to_owned());
        for device in &mut self.devices {
            device.actors.iter_mut().for_each(|actor| actor.is_frozen = false);
        }
        let late: Vec<_> = self.air.late.borrow_mut().drain(..).collect();
        for letter in late {
            drop(self.air.deliver(&letter));
        }
    }
}

/// Enrols a device at its own site.
pub(crate) fn sign_in(air: &Air, device: &mut Device) -> Result<()> {
    let home = device.link.home.clone();
    sign_in_at(air, device, &home)
}

pub(crate) fn sign_in_at(air: &Air, device: &mut Device, site: &str) -> Result<()> {
    let (enrolled, token) = air.server.enrol(site)?;
    device.enrolled = enrolled;
    device.link.token.replace(token);
    device.link.token_site.replace(site.to_owned());
    device.tell_windows(&Event::SignedIn);
    Ok(())
}

/// A device at a desk that has filled the warehouse.
fn stocked(air: &Rc<Air>) -> Result<(Device, Client<WindowHost>)> {
    let (enrolled, token) = air.server.enrol(SITES[0])?;
    let keeper = Device::new(99, Link::calm(air, "desk", SITES[0], &token), enrolled, "all");
    keeper.store.has_faults.set(false);
    let mut actions = Vec::new();
    for number in 0..person::PRODUCTS_POSSIBLE - 1 {
        actions.push(Action::CreateProduct(person::product(number, "desk")));
        let lot = LotRef::new(person::product_id(number), "L1", "A-1");
        let quantity = Quantity::units(i64::from(number) * 2);
        if quantity > Quantity::ZERO {
            actions.push(Action::ReceiveLot {
                lot,
                quantity,
                expires_on: None,
                received_on: None,
                delivery: None,
            });
        }
    }
    let opened = finish(Client::open(keeper.host(0)));
    let desk = opened.and_then(Result::ok).context("the desk's storage does not open")?;
    desk.set_author("desk");
    for action in actions {
        let saved = finish(desk.record(action, 0)).context("the desk saves nothing")??;
        keeper.diary.borrow_mut().saved.insert(saved.id);
    }
    let (store, link) = (&keeper.store, &*keeper.link);
    drop(finish(run_round(store, link, RoundLimits::default(), || UnixMillis(0), |_| {})));
    air.server.expect(person::expected())?;
    Ok((keeper, desk))
}
