//! People and settings of a site, as the administration changes them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{Person, SettingName, SiteRules, SiteSetting};
use sync::UnixMillis;
use uuid::Uuid;

use super::StoreFault;

/// A change of a site's people and settings, all or nothing.
#[derive(Clone, Debug)]
pub struct SiteChange {
    /// The site.
    pub site: String,
    /// People to add or to change, each as they are afterwards.
    pub people: Vec<Person>,
    /// Settings to change.
    pub settings: Vec<SiteSetting>,
    /// The server's clock.
    pub now: UnixMillis,
}

impl SiteChange {
    /// Checks people and settings by themselves.
    ///
    /// # Errors
    /// [`StoreFault::Invalid`] that names the first wrong one.
    pub fn check(&self) -> Result<(), StoreFault> {
        let refused = |refusal: sync::Refusal| StoreFault::invalid(refusal.code, refusal.message);
        let mut ids = BTreeSet::new();
        for person in &self.people {
            person.validate().map_err(refused)?;
            if !ids.insert(person.id) {
                let message = format!("{} is named twice. Name everybody once.", person.name);
                return Err(StoreFault::invalid("named_twice", message));
            }
        }
        let mut rules = SiteRules::default();
        self.settings.iter().try_for_each(|setting| rules.set(setting)).map_err(refused)
    }
}

/// The people and the settings of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SitePeople {
    /// Everybody, those who have left included, by name.
    pub people: Vec<Person>,
    /// The rules in the site's settings.
    pub rules: SiteRules,
    /// The settings as stored.
    pub settings: Vec<SiteSetting>,
}

impl SitePeople {
    /// The key of badges.
    pub fn badge_key(&self) -> Option<Uuid> {
        self.rules.badge_key
    }

    /// A setting's value; empty if the site has none.
    pub fn setting(&self, name: SettingName) -> &str {
        let stored = self.settings.iter().find(|setting| setting.code == name.code());
        stored.map_or("", |setting| setting.value.as_str())
    }
}

/// Keeps the people and the settings of sites.
#[async_trait]
pub trait People: Send + Sync {
    /// The people and the settings of a site. The site must exist.
    async fn site_people(&self, site: &str) -> Result<SitePeople, StoreFault>;

    /// Changes people and settings, and gives devices the changed rows. The first change makes the site's key of badges. Returns
    /// the site's revision.
    ///
    /// Refused are two active people with one badge, and more people than devices can hold.
    async fn change_site(&self, change: SiteChange) -> Result<u64, StoreFault>;
}
