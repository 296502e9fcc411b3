//! The faults of a world: browsers, networks, clocks, storages, servers and users' mistakes.

use anyhow::Result;
use domain::{LOTS, Warehouse};
use futures::executor::block_on;
use sync::{Commit, Event, Records as _, Removal, RowKey, Store as _, UnixMillis, Versioned, held_site};

use crate::actor::{Actor, Kind};
use crate::server::SITES;
use crate::world::{World, sign_in, sign_in_at};

/// Limit of the rows of a world; far fewer are created.
const MAX_ROWS: usize = 10_000;
const MAX_RESTORES: u32 = 2;
/// Maximum number of steps before a kill; more than a usual round has.
const MAX_STEPS_BEFORE_DEATH: u32 = 24;

impl World {
    /// Causes one fault.
    ///
    /// # Errors
    /// When the simulation itself fails.
    pub(crate) fn go_wrong(&mut self) -> Result<()> {
        let at = self.some_device();
        match self.dice().roll(27) {
            0..=2 => self.kill_or_start(at),
            3 | 4 => self.kill_in_a_round(at),
            5 => self.freeze_or_thaw(at),
            6..=7 => self.network(at),
            8 => {
                let is_up = !self.air.server.is_up.get();
                self.air.trace.tell(|| format!("the server is {}", if is_up { "up" } else { "down" }));
                self.air.server.is_up.set(is_up);
            }
            9..=11 => self.late_letter(),
            12 => self.back_up()?,
            13 => self.restore()?,
            14 => {
                self.air.trace.tell(|| "tombstones are purged".to_owned());
                self.air.server.purge()?;
            }
            15 | 16 => self.clock(at),
            17 => self.sign_in_trouble(at)?,
            18 | 19 => self.storage(at),
            20 => self.works_offline(at),
            21 => self.upgrade(at),
            22 => self.scope(at),
            23 => self.rot(at)?,
            24 => self.carry_over(at)?,
            _ => self.keeper_works(),
        }
        Ok(())
    }

    fn kill_or_start(&mut self, at: usize) {
        let which = self.dice().roll(3) as usize;
        let Some(device) = self.devices.get_mut(at) else { return };
        let is_alive = device.actors.get(which).is_some_and(|actor| actor.is_alive);
        let verb = if is_alive { "is killed" } else { "starts" };
        self.air.trace.tell(|| format!("{} {which} {verb}", device.link.name));
        match device.actors.get_mut(which) {
            Some(actor) if is_alive => actor.kill(),
            Some(actor) if actor.kind == Kind::Window => device.start(which),
            _ => {}
        }
    }

    /// Kills a syncing actor after some steps, at any point, and starts another.
    fn kill_in_a_round(&mut self, at: usize) {
        let steps = self.dice().roll(MAX_STEPS_BEFORE_DEATH);
        let Some(device) = self.devices.get_mut(at) else { return };
        device.tell_windows(&Event::Manual);
        let Some(which) = device
            .actors
            .iter()
            .position(|actor| actor.open_page().is_some_and(|page| page.state().is_syncing))
        else {
            return;
        };
        (0..steps).for_each(|_| device.poll(which));
        self.air.trace.tell(|| format!("{} {which} is killed after {steps} steps", device.link.name));
        if let Some(actor) = device.actors.get_mut(which) {
            actor.kill();
        }
        device.start(0);
    }

    fn freeze_or_thaw(&mut self, at: usize) {
        let which = self.dice().roll(3) as usize;
        let Some(device) = self.devices.get_mut(at) else { return };
        let Some(actor) = device.actors.get_mut(which).filter(|actor| actor.is_alive) else { return };
        actor.is_frozen = !actor.is_frozen;
        let is_frozen = actor.is_frozen;
        self.air.trace.tell(|| format!("{} {which} frozen: {is_frozen}", device.link.name));
        if !is_frozen && self.air.dice.roll(2) == 0 {
            device.tell(which, Event::Visible);
        }
    }

    fn network(&mut self, at: usize) {
        let Some(device) = self.devices.get_mut(at) else { return };
        let is_online = !device.link.is_online.get();
        self.air.trace.tell(|| format!("{} online: {is_online}", device.link.name));
        device.link.is_online.set(is_online);
        // The browser's event may be late, wrong or missing.
        match self.air.dice.roll(5) {
            0 => {}
            1 => device.tell_windows(&Event::Offline),
            _ => device.tell_windows(if is_online { &Event::Online } else { &Event::Offline }),
        }
    }

    fn late_letter(&mut self) {
        let waiting = u32::try_from(self.air.late.borrow().len()).unwrap_or_default();
        if waiting > 0 {
            let letter = self.air.late.borrow_mut().remove(self.air.dice.roll(waiting) as usize);
            self.air.trace.tell(|| "a request arrives after its timeout".to_owned());
            drop(self.air.deliver(&letter));
        }
    }

    fn back_up(&mut self) -> Result<()> {
        let copies_files = self.dice().roll(2) == 1 && self.air.variant.rots();
        self.air.trace.tell(|| format!("the server is backed up, by copying: {copies_files}"));
        self.backups.push(self.air.server.back_up(copies_files)?);
        Ok(())
    }

    fn restore(&mut self) -> Result<()> {
        let count = u32::try_from(self.backups.len()).unwrap_or_default();
        if count > 0 && self.restores < MAX_RESTORES {
            // Later backups belong to the replaced history; restoring those is not supported.
            self.backups.truncate(self.dice().roll(count) as usize + 1);
            let Some(backup) = self.backups.last() else { return Ok(()) };
            self.air.trace.tell(|| format!("the server is put back to {backup}"));
            // Requests in flight are lost with the connections of the replaced server.
            self.air.late.borrow_mut().clear();
            self.air.server.restore(backup)?;
            self.restores += 1;
            self.keeper_works();
        }
        Ok(())
    }

    fn clock(&mut self, at: usize) {
        let days = i64::from(self.dice().roll(7)) - 3;
        let minutes = i64::from(self.dice().roll(60));
        if let Some(device) = self.devices.get_mut(at) {
            self.air.trace.tell(|| format!("{}'s clock is {days} days off", device.link.name));
            device.clock_ahead.set(days * 86_400_000 + minutes * 60_000);
        }
    }

    fn sign_in_trouble(&mut self, at: usize) -> Result<()> {
        let Some(device) = self.devices.get_mut(at) else { return Ok(()) };
        self.air.trace.tell(|| format!("{} is shut out, or signs in", device.link.name));
        if self.air.dice.roll(2) == 0 {
            sign_in(&self.air, device)
        } else {
            self.air.server.revoke(&device.enrolled)
        }
    }

    /// A device gets a token of the other site, as by a link that an earlier build opened; or of its own again. Only one
    /// that has noted its site can tell.
    fn carry_over(&mut self, at: usize) -> Result<()> {
        let Some(device) = self.devices.get_mut(at) else { return Ok(()) };
        if block_on(held_site(&device.store.kept))?.is_none() {
            return Ok(());
        }
        let site = SITES.into_iter().find(|site| *device.link.token_site.borrow() != *site);
        let Some(site) = site else { return Ok(()) };
        self.air.trace.tell(|| format!("{} is carried over to {site}", device.link.name));
        sign_in_at(&self.air, device, site)
    }

    fn storage(&mut self, at: usize) {
        if let Some(device) = self.devices.get_mut(at) {
            let is_full = !device.store.is_full.get();
            self.air.trace.tell(|| format!("{}'s storage is full: {is_full}", device.link.name));
            device.store.is_full.set(is_full);
        }
    }

    fn works_offline(&mut self, at: usize) {
        if let Some(device) = self.devices.get_mut(at) {
            let chosen = !device.works_offline();
            let Some(page) = device.actors.iter().find_map(Actor::open_page) else { return };
            self.air.trace.tell(|| format!("{} works offline: {chosen}", device.link.name));
            page.work_offline(chosen);
        }
    }

    /// Another build, older or newer, takes over the queue.
    fn upgrade(&mut self, at: usize) {
        let Some(device) = self.devices.get_mut(at) else { return };
        let is_old = !device.link.is_old_build.get();
        self.air.trace.tell(|| format!("{} runs the old build: {is_old}", device.link.name));
        device.link.is_old_build.set(is_old);
        device.actors.iter_mut().for_each(Actor::kill);
        device.start(0);
    }

    fn scope(&mut self, at: usize) {
        let scope = if self.dice().roll(2) == 0 { "available" } else { "all" };
        if let Some(device) = self.devices.get_mut(at) {
            self.air.trace.tell(|| format!("{} chooses {scope}", device.link.name));
            device.choose_scope(scope);
        }
    }

    /// A row is lost from a device's storage, as by an unknown bug.
    fn rot(&mut self, at: usize) -> Result<()> {
        let Some(device) = self.devices.get(at).filter(|_| self.air.variant.rots()) else { return Ok(()) };
        let kept = &device.store.kept;
        let outbox = block_on(kept.outbox(0))?;
        let rows = block_on(kept.scan(LOTS, "", "", MAX_ROWS))?;
        let Some(Versioned { rev, row }) = self.dice().pick(&rows) else { return Ok(()) };
        let RowKey { table, key } = Warehouse::key(row);
        self.air.trace.tell(|| format!("{} loses {key} by itself", device.link.name));
        let loss = Commit {
            from: outbox.cursor.clone(),
            cursor: outbox.cursor,
            receipts: Vec::new(),
            rows: Vec::new(),
            removed: vec![Removal { table, key, rev: *rev }],
            replaced: None,
            epoch: outbox.epoch.unwrap_or_default(),
            known_seq: 0,
            last_outcome_seq: 0,
            at: UnixMillis(0),
        };
        block_on(kept.commit(loss))?;
        Ok(())
    }
}
