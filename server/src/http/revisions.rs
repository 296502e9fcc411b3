//! The current revisions of the sites, for event streams.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The newest revision of each site, with the streams that wait for changes.
#[derive(Debug, Default)]
pub struct Revisions {
    sites: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Revisions {
    /// Notifies the streams of `site` of the revision `rev`, unless it is already known.
    pub fn announce(&self, site: &str, rev: u64) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sites.get(site) else {
            sites.insert(site.to_owned(), watch::Sender::new(rev));
            return;
        };
        // The revision of a restored database may be lower; that is sent as well.
        sender.send_if_modified(|known| std::mem::replace(known, rev) != rev);
    }

    /// Like [`Self::announce`], unless a later revision is known: messages of other servers may come late.
    pub fn raise(&self, site: &str, rev: u64) {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        // A site that nobody listens to is announced at the next poll.
        if let Some(sender) = sites.get(site) {
            sender.send_if_modified(|known| {
                let is_later = rev > *known;
                *known = rev.max(*known);
                is_later
            });
        }
    }

    /// The newest revision of every site.
    pub(crate) fn known(&self) -> BTreeMap<String, u64> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.iter().map(|(site, sender)| (site.clone(), *sender.borrow())).collect()
    }

    /// The newest revision of `site`, starting with the current one.
    pub(super) fn listen(&self, site: &str) -> watch::Receiver<u64> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.entry(site.to_owned()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }
}
