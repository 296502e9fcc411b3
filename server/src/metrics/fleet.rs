//! How far the devices of each site are, as far as this server has seen them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use sync::UnixMillis;
use uuid::Uuid;

/// A device that has not synced for this long is left out.
const MAX_SILENCE_MILLIS: u64 = 60 * 60 * 1_000;
/// Devices that are followed; further ones are left out.
const MAX_DEVICES: usize = 200_000;
/// Sites that are told apart; the others share one name.
const MAX_SITES: usize = 200;
/// The name that they share. No site has it.
const OTHERS: &str = "(others)";

/// A device's exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'e> {
    pub(crate) device: Uuid,
    pub(crate) site: &'e str,
    /// The revision that the device has now; none if there is more to fetch.
    pub(crate) rev: Option<u64>,
    /// How long the oldest of its changes had waited, by its own clock; zero without changes.
    pub(crate) oldest_pending_millis: u64,
    /// The server's clock.
    pub(crate) now: UnixMillis,
}

#[derive(Debug)]
struct Seen {
    site: String,
    at: UnixMillis,
    /// The last revision that it had as a whole, and when.
    rev: u64,
    complete_at: UnixMillis,
    oldest_pending_millis: u64,
}

/// The figures of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SiteFigures {
    pub(super) devices: u64,
    /// Zero if it is not known here.
    pub(super) rev: u64,
    pub(super) lag_millis: u64,
    pub(super) oldest_pending_millis: u64,
}

/// The devices that have synced here.
#[derive(Debug, Default)]
pub(crate) struct Fleet(Mutex<HashMap<Uuid, Seen>>);

impl Fleet {
    /// Takes in an exchange.
    pub(crate) fn exchanged(&self, exchange: Exchange<'_>) {
        let Exchange { device, site, rev, oldest_pending_millis, now } = exchange;
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= MAX_DEVICES && !devices.contains_key(&device) {
            return;
        }
        let seen = devices.entry(device).or_insert_with(|| Seen {
            site: site.to_owned(),
            at: now,
            rev: 0,
            complete_at: now,
            oldest_pending_millis,
        });
        (seen.at, seen.oldest_pending_millis) = (now, oldest_pending_millis);
        if let Some(rev) = rev {
            (seen.rev, seen.complete_at) = (rev, now);
        }
    }

    /// The figures of the sites with these revisions. Forgets devices that have been silent for long.
    pub(super) fn sites(
        &self,
        revisions: &BTreeMap<String, u64>,
        now: UnixMillis,
    ) -> BTreeMap<String, SiteFigures> {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        devices.retain(|_, seen| now.since(seen.at) <= MAX_SILENCE_MILLIS);
        let mut sites: BTreeMap<String, SiteFigures> = BTreeMap::new();
        for (at, (site, rev)) in revisions.iter().enumerate() {
            if at < MAX_SITES {
                sites.insert(site.clone(), SiteFigures { rev: *rev, ..SiteFigures::default() });
            }
        }
        for seen in devices.values() {
            let rev = revisions.get(&seen.site).copied().unwrap_or(0);
            let name = if sites.contains_key(&seen.site) { seen.site.as_str() } else { OTHERS };
            let lag_millis = if seen.rev < rev { now.since(seen.complete_at) } else { 0 };
            let site = sites.entry(name.to_owned()).or_default();
            site.devices += 1;
            site.lag_millis = site.lag_millis.max(lag_millis);
            site.oldest_pending_millis = site.oldest_pending_millis.max(seen.oldest_pending_millis);
        }
        sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1_000;

    fn exchange(device: u128, site: &str, rev: Option<u64>, now: i64) -> Exchange<'_> {
        let device = Uuid::from_u128(device);
        Exchange { device, site, rev, oldest_pending_millis: 7_000, now: UnixMillis(now) }
    }

    fn revisions(sites: &[(&str, u64)]) -> BTreeMap<String, u64> {
        sites.iter().map(|(site, rev)| ((*site).to_owned(), *rev)).collect()
    }

    #[test]
    fn a_device_lags_from_the_time_it_last_had_everything() {
        let fleet = Fleet::default();
        fleet.exchanged(exchange(1, "a", Some(5), 1_000));
        fleet.exchanged(Exchange { oldest_pending_millis: 0, ..exchange(2, "a", Some(9), 2_000) });
        fleet.exchanged(exchange(1, "a", None, 30_000));
        let sites = fleet.sites(&revisions(&[("a", 9), ("b", 1)]), UnixMillis(61_000));
        let a = SiteFigures { devices: 2, rev: 9, lag_millis: 60_000, oldest_pending_millis: 7_000 };
        assert_eq!(sites.get("a"), Some(&a));
        assert_eq!(sites.get("b"), Some(&SiteFigures { rev: 1, ..SiteFigures::default() }));
        fleet.exchanged(Exchange { oldest_pending_millis: 0, ..exchange(1, "a", Some(9), 61_000) });
        let sites = fleet.sites(&revisions(&[("a", 9)]), UnixMillis(61_000));
        assert_eq!(sites["a"], SiteFigures { devices: 2, rev: 9, ..SiteFigures::default() });
    }

    #[test]
    fn silent_devices_are_forgotten() {
        let fleet = Fleet::default();
        fleet.exchanged(exchange(1, "a", None, 0));
        assert_eq!(fleet.sites(&revisions(&[("a", 1)]), UnixMillis(HOUR))["a"].devices, 1);
        assert_eq!(fleet.sites(&revisions(&[("a", 1)]), UnixMillis(HOUR + 1))["a"].devices, 0);
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let names: Vec<String> = (0..MAX_SITES + 50).map(|at| format!("site-{at:04}")).collect();
        let fleet = Fleet::default();
        for (device, name) in (0..).zip(&names) {
            fleet.exchanged(exchange(device, name, Some(1), 0));
        }
        let known = names.iter().map(|name| (name.clone(), 1)).collect();
        let sites = fleet.sites(&known, UnixMillis(0));
        assert_eq!(sites.len(), MAX_SITES + 1);
        assert_eq!(sites[OTHERS].devices, 50);
    }
}
