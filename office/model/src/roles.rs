//! Roles of accounts, and the one table that decides what a role may do where. The page asks it what to show, the server what to do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of an account at a site, or at all of them. Each has the rights of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Sees the site.
    Viewer,
    /// Connects, renames and revokes devices, and sees people and settings.
    Supervisor,
    /// Does everything, with people, settings, keys and webhooks as well, and reads the log; in the company, accounts and sites as well.
    Admin,
}

impl AccountRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Supervisor, Self::Admin];

    /// As typed and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for AccountRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AccountRole {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| {
            format!("there is no role {name:?}; there are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// A role at a site, or in the whole company.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// The site; none for all sites.
    pub site: Option<String>,
    /// The role there.
    pub role: AccountRole,
}

/// The roles of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(pub Vec<Grant>);

impl Grants {
    /// The role in the whole company.
    pub fn in_company(&self) -> Option<AccountRole> {
        self.0.iter().filter(|grant| grant.site.is_none()).map(|grant| grant.role).max()
    }

    /// The role at a site: the higher one of that site's and the company's.
    pub fn at(&self, site: &str) -> Option<AccountRole> {
        let is_there = |grant: &&Grant| grant.site.as_deref().is_none_or(|own| own == site);
        self.0.iter().filter(is_there).map(|grant| grant.role).max()
    }
}

/// The subject of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'s> {
    /// The account's own affairs.
    Own,
    /// One site.
    Site(&'s str),
    /// The whole company.
    Company,
}

/// The routes of the office that need an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named by what it does")]
pub enum OfficeRoute {
    Me,
    SignOut,
    ListSessions,
    EndSession,
    ListSites,
    ListDevices,
    ConnectDevice,
    RenameDevice,
    RevokeDevice,
    ListKeys,
    AddKey,
    RevokeKey,
    ListWebhooks,
    AddWebhook,
    RetryWebhook,
    RemoveWebhook,
    ReadLog,
    ListAccounts,
    AddAccount,
    LinkAccount,
    CloseAccount,
    ListTransfers,
    ListPeople,
    AddPerson,
    ChangePerson,
    ImportPeople,
    ListSettings,
    ChangeSetting,
    AddSite,
}

impl OfficeRoute {
    /// Every route.
    pub const ALL: [Self; 29] = [
        Self::Me,
        Self::SignOut,
        Self::ListSessions,
        Self::EndSession,
        Self::ListSites,
        Self::ListDevices,
        Self::ConnectDevice,
        Self::RenameDevice,
        Self::RevokeDevice,
        Self::ListKeys,
        Self::AddKey,
        Self::RevokeKey,
        Self::ListWebhooks,
        Self::AddWebhook,
        Self::RetryWebhook,
        Self::RemoveWebhook,
        Self::ReadLog,
        Self::ListAccounts,
        Self::AddAccount,
        Self::LinkAccount,
        Self::CloseAccount,
        Self::ListTransfers,
        Self::ListPeople,
        Self::AddPerson,
        Self::ChangePerson,
        Self::ImportPeople,
        Self::ListSettings,
        Self::ChangeSetting,
        Self::AddSite,
    ];

    /// The least role that it takes; none for what every account may do.
    pub const fn least_role(self) -> Option<AccountRole> {
        match self {
            Self::Me | Self::SignOut | Self::ListSessions | Self::EndSession | Self::ListSites => None,
            Self::ListDevices | Self::ListTransfers => Some(AccountRole::Viewer),
            Self::ConnectDevice
            | Self::RenameDevice
            | Self::RevokeDevice
            | Self::ListPeople
            | Self::ListSettings => Some(AccountRole::Supervisor),
            Self::ListKeys
            | Self::AddKey
            | Self::RevokeKey
            | Self::ListWebhooks
            | Self::AddWebhook
            | Self::RetryWebhook
            | Self::RemoveWebhook
            | Self::ReadLog
            | Self::ListAccounts
            | Self::AddAccount
            | Self::LinkAccount
            | Self::CloseAccount
            | Self::AddPerson
            | Self::ChangePerson
            | Self::ImportPeople
            | Self::ChangeSetting
            | Self::AddSite => Some(AccountRole::Admin),
        }
    }
}

/// Whether an account with these roles may use a route at a place.
pub fn allows(route: OfficeRoute, grants: &Grants, place: Place<'_>) -> bool {
    let Some(least) = route.least_role() else { return true };
    let role = match place {
        Place::Own => None,
        Place::Site(site) => grants.at(site),
        Place::Company => grants.in_company(),
    };
    role.is_some_and(|role| role >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_of_its_site_alone_and_one_of_the_company_is_of_all() {
        for role in AccountRole::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            let of_a = Grants(vec![Grant { site: Some("a".to_owned()), role }]);
            assert_eq!((of_a.at("a"), of_a.at("b"), of_a.in_company()), (Some(role), None, None));
            let of_all = Grants(vec![Grant { site: None, role }]);
            assert_eq!((of_all.at("a"), of_all.in_company()), (Some(role), Some(role)));
        }
        let both = Grants(vec![
            Grant { site: None, role: AccountRole::Supervisor },
            Grant { site: Some("a".to_owned()), role: AccountRole::Viewer },
        ]);
        assert_eq!(both.at("a"), Some(AccountRole::Supervisor), "the higher one counts");
        assert_eq!(Grants::default().at(""), None);
    }

    #[test]
    fn each_role_may_do_what_the_one_before_it_may() {
        let allowed = |role| {
            let grants = Grants(vec![Grant { site: Some("a".to_owned()), role }]);
            let at_a = OfficeRoute::ALL.into_iter().filter(|route| allows(*route, &grants, Place::Site("a")));
            let elsewhere = [Place::Site("b"), Place::Company];
            for route in OfficeRoute::ALL.into_iter().filter(|route| route.least_role().is_some()) {
                assert!(elsewhere.iter().all(|place| !allows(route, &grants, *place)), "{route:?}");
            }
            at_a.count()
        };
        assert_eq!(AccountRole::ALL.map(allowed), [7, 12, 29]);
    }
}
