//! Who a mutation is of, and whether they may do it. A device is known by its token, a person by the device's word: whoever holds the
//! device can say so. The roles are the server's.

use std::collections::BTreeMap;

use domain::{Action, Authority, MAX_NAME_CHARS, Role, Row, SiteRules, authority, clean_line, needed_role};
use sync::{Mutation, Rows, SignedBy};
use uuid::Uuid;

use super::decode::DecodedAction;
use super::rules::Ruling;

/// The code of a booked mutation whose person had lost the role for it by the time it arrived.
pub(super) const ROLE_LOST: &str = "role_lost";
/// The code of a mutation that its person may not do without somebody's approval.
const APPROVAL_NEEDED: &str = "approval_needed";
/// The role of unsigned work on a device of a site with people.
const ROLE_OF_NOBODY: Role = Role::Worker;

/// A person as the site has known them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    /// Their name now.
    pub name: String,
    /// Their roles, the oldest first.
    pub roles: Vec<RoleSince>,
}

/// A role from a revision on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoleSince {
    /// The revision.
    pub rev: u64,
    /// The role; none for somebody who does not work at the site.
    pub role: Option<Role>,
}

impl KnownPerson {
    fn role_now(&self) -> Option<Role> {
        self.roles.last().and_then(|since| since.role)
    }

    /// The role at a revision: the first one for earlier revisions, and the one now where the revision is not known.
    fn role_at(&self, rev: u64) -> Option<Role> {
        if rev == 0 {
            return self.role_now();
        }
        let then = self.roles.iter().rev().find(|since| since.rev <= rev);
        then.or(self.roles.first()).and_then(|since| since.role)
    }
}

/// The people of a site that a batch names.
#[derive(Clone, Debug, Default)]
pub struct Authors {
    /// Whether anybody works at the site whom it knows. Without people, every device may do everything.
    pub has_people: bool,
    /// Those that the batch names.
    pub people: BTreeMap<Uuid, KnownPerson>,
    /// The site's rules.
    pub rules: SiteRules,
}

/// A sentence for a mutation that is booked, and that a supervisor has to hear of.
pub(super) type Remark = Option<String>;

impl Authors {
    /// Whether `mutation` may be booked.
    pub(super) fn permit(
        &self,
        mutation: &Mutation<DecodedAction>,
        action: &Action,
        rows: &Rows<Row>,
    ) -> Result<Remark, Ruling> {
        if !self.has_people {
            return Ok(None);
        }
        let needed = needed_role(action, &self.rules, rows);
        let Some(signed) = mutation.signed_by else {
            return if ROLE_OF_NOBODY >= needed { Ok(None) } else { Err(unsigned(needed)) };
        };
        let person = self.known(signed.person)?;
        let approver = signed.approved_by.map(|id| self.known(id)).transpose()?;
        let may = |role_of: &dyn Fn(&KnownPerson) -> Option<Role>| {
            let Some(own) = role_of(person) else { return false };
            match authority(own, action, &self.rules, rows) {
                Authority::Alone => true,
                Authority::WithApproval(needed) => {
                    approver.and_then(role_of).is_some_and(|approving| approving >= needed)
                }
                Authority::Never => false,
            }
        };
        let (could, can) = (may(&|person| person.role_at(signed.seen_rev)), may(&KnownPerson::role_now));
        match (could, can) {
            (_, true) => Ok(None),
            (true, false) => Ok(Some(lost(person, approver))),
            (false, false) => Err(refused(person, signed, needed)),
        }
    }

    fn known(&self, id: Uuid) -> Result<&KnownPerson, Ruling> {
        self.people.get(&id).ok_or_else(|| {
            let message = "The site does not know the person who saved this. Sign in, then save it again.";
            Ruling::rejected("unknown_person", message)
        })
    }

    /// The name that a mutation is shown under: the person's, or the device's with what it claims.
    pub fn name_of<A>(&self, mutation: &Mutation<A>, device: Option<&str>) -> String {
        let person = mutation.signed_by.and_then(|signed| self.people.get(&signed.person));
        let claim = mutation.author.as_str();
        match (person, device) {
            (Some(person), _) => person.name.clone(),
            // Too long a claim is refused later.
            (None, Some(device)) if claim != device && claim.chars().count() <= MAX_NAME_CHARS => {
                let both = if claim.is_empty() { device.to_owned() } else { format!("{claim} ({device})") };
                clean_line(&both, MAX_NAME_CHARS)
            }
            (None, _) => claim.to_owned(),
        }
    }
}

fn unsigned(needed: Role) -> Ruling {
    let message = format!("Only a {} may do this. Sign in, then save it again.", needed.code());
    Ruling::rejected(APPROVAL_NEEDED, message)
}

fn lost(person: &KnownPerson, approver: Option<&KnownPerson>) -> String {
    let has_lost = |one: &&KnownPerson| one.role_now().is_none();
    let name = approver.filter(has_lost).unwrap_or(person).name.as_str();
    format!(
        "It was booked. {name} was permitted to do this when it was recorded, and is not any more. Check it."
    )
}

fn refused(person: &KnownPerson, signed: SignedBy, needed: Role) -> Ruling {
    let (name, needed) = (&person.name, needed.code());
    match person.role_now() {
        None => {
            let message = format!("{name} does not work here any more. Somebody else has to save it.");
            Ruling::rejected("not_active", message)
        }
        Some(Role::Viewer) => Ruling::rejected(
            "not_allowed",
            format!("{name} may look and save nothing. Somebody else has to save it."),
        ),
        Some(_) if signed.approved_by.is_some() => Ruling::rejected(
            APPROVAL_NEEDED,
            format!("This needs the approval of a {needed}, and had another's."),
        ),
        Some(_) => {
            let message =
                format!("{name} needs the approval of a {needed} for this. A {needed} can save it again.");
            Ruling::rejected(APPROVAL_NEEDED, message)
        }
    }
}
