//! The settings of a site that limit work. Each is a row, so that a build keeps those that it does not know.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sync::{Refusal, RowKey};
use uuid::Uuid;

use crate::authority::Role;
use crate::quantity::Quantity;

/// The table of a site's settings.
pub const SITE_SETTINGS: &str = "site_settings";
/// Characters in a setting's value.
pub const MAX_SETTING_CHARS: usize = 200;
/// Minutes until a shared device locks itself, if the site sets none.
const LOCK_MINUTES: u32 = 10;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSetting {
    /// Its name: see [`SettingName::code`].
    pub code: String,
    /// Its value as text.
    pub value: String,
}

/// The settings that this build knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingName {
    /// Minutes without a touch or a scan until a device locks itself; 0 for never.
    LockMinutes,
    /// The largest correction of stock that a worker books alone, in units; empty for any.
    AdjustLimit,
    /// The least role that sells below the product's price alone.
    BelowPrice,
    /// The least role that takes goods of a lot that is not available alone.
    BlockedLot,
    /// The sites that goods are sent to, separated by commas.
    SendTo,
    /// The key of badges. Made by the server, and never typed.
    BadgeKey,
}

impl SettingName {
    /// Every setting.
    pub const ALL: [Self; 6] = [
        Self::LockMinutes,
        Self::AdjustLimit,
        Self::BelowPrice,
        Self::BlockedLot,
        Self::SendTo,
        Self::BadgeKey,
    ];

    /// As stored, sent and typed.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LockMinutes => "lock_minutes",
            Self::AdjustLimit => "adjust_limit",
            Self::BelowPrice => "below_price",
            Self::BlockedLot => "blocked_lot",
            Self::SendTo => "send_to",
            Self::BadgeKey => "badge_key",
        }
    }

    /// The setting with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.code() == code)
    }
}

/// The rules of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRules {
    /// See [`SettingName::LockMinutes`].
    pub lock_minutes: u32,
    /// See [`SettingName::AdjustLimit`].
    pub adjust_limit: Option<Quantity>,
    /// See [`SettingName::BelowPrice`].
    pub below_price: Role,
    /// See [`SettingName::BlockedLot`].
    pub blocked_lot: Role,
    /// See [`SettingName::SendTo`].
    pub send_to: Vec<String>,
    /// See [`SettingName::BadgeKey`].
    pub badge_key: Option<Uuid>,
}

impl Default for SiteRules {
    fn default() -> Self {
        Self {
            lock_minutes: LOCK_MINUTES,
            adjust_limit: None,
            below_price: Role::Worker,
            blocked_lot: Role::Worker,
            send_to: Vec::new(),
            badge_key: None,
        }
    }
}

impl SiteRules {
    /// The rules in some settings. Those that are unknown, or that this build cannot read, are left at their defaults.
    pub fn of<'s>(settings: impl IntoIterator<Item = &'s SiteSetting>) -> Self {
        let mut rules = Self::default();
        for setting in settings {
            // A value of a later build.
            drop(rules.set(setting));
        }
        rules
    }

    /// Takes in one setting.
    ///
    /// # Errors
    /// A [`Refusal`] for an unknown name, or a value that is not of its kind.
    pub fn set(&mut self, setting: &SiteSetting) -> Result<(), Refusal> {
        let SiteSetting { code, value } = setting;
        let value = value.trim();
        match SettingName::from_code(code).ok_or_else(|| unknown(code))? {
            SettingName::LockMinutes => {
                self.lock_minutes = parsed(code, value, "a number of minutes, such as 10")?
            }
            SettingName::AdjustLimit if value.is_empty() => self.adjust_limit = None,
            SettingName::AdjustLimit => {
                let limit = Quantity::parse(value).ok().filter(|limit| *limit >= Quantity::ZERO);
                self.adjust_limit =
                    Some(limit.ok_or_else(|| bad_value(code, value, "a quantity, such as 5"))?);
            }
            SettingName::BelowPrice => self.below_price = role(code, value)?,
            SettingName::BlockedLot => self.blocked_lot = role(code, value)?,
            SettingName::SendTo => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.send_to = names.map(str::to_owned).collect();
            }
            SettingName::BadgeKey => self.badge_key = Some(parsed(code, value, "an id")?),
        }
        Ok(())
    }
}

fn role(code: &str, value: &str) -> Result<Role, Refusal> {
    Role::from_code(value).ok_or_else(|| bad_value(code, value, "worker, lead, supervisor or admin"))
}

fn parsed<T: FromStr>(code: &str, value: &str, kind: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| bad_value(code, value, kind))
}

fn bad_value(code: &str, value: &str, kind: &str) -> Refusal {
    Refusal::new("bad_setting", format!("{code} has to be {kind}; \"{value}\" is not. Correct it."))
}

fn unknown(code: &str) -> Refusal {
    let known: Vec<&str> = SettingName::ALL.into_iter().map(SettingName::code).collect();
    Refusal::new(
        "unknown_setting",
        format!("There is no setting \"{code}\". Choose one of {}.", known.join(", ")),
    )
}

/// The key of a setting's row.
pub fn setting_key(code: &str) -> RowKey {
    RowKey::new(SITE_SETTINGS, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(code: &str, value: &str) -> SiteSetting {
        SiteSetting { code: code.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn settings_are_read_and_those_of_later_builds_change_nothing() {
        let stored = [
            setting("adjust_limit", "2.5"),
            setting("below_price", "supervisor"),
            setting("lock_minutes", "3"),
            setting("blocked_lot", "emperor"),
            setting("dreams", "7"),
        ];
        let rules = SiteRules::of(&stored);
        let expected = SiteRules {
            lock_minutes: 3,
            adjust_limit: Some(Quantity(2_500)),
            below_price: Role::Supervisor,
            ..SiteRules::default()
        };
        assert_eq!(rules, expected);
    }

    #[test]
    fn a_value_that_is_not_of_its_kind_is_refused_in_words() {
        let mut rules = SiteRules::default();
        let refused = |rules: &mut SiteRules, code, value| {
            rules.set(&setting(code, value)).expect_err("refused").message
        };
        let message = refused(&mut rules, "lock_minutes", "-1");
        assert_eq!(
            message,
            "lock_minutes has to be a number of minutes, such as 10; \"-1\" is not. Correct it."
        );
        assert!(refused(&mut rules, "adjust_limit", "-5").contains("a quantity"));
        assert!(refused(&mut rules, "below_price", "boss").contains("worker, lead, supervisor or admin"));
        assert!(
            refused(&mut rules, "lock", "1")
                .starts_with("There is no setting \"lock\". Choose one of lock_minutes, ")
        );
        assert_eq!(rules, SiteRules::default());
        assert_eq!(rules.set(&setting("adjust_limit", "")), Ok(()));
    }
}
