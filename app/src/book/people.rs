//! The people of the site and its rules, as this device holds them, and what somebody may do. Pure.

use domain::{Action, Authority, Person, Role, Row, SiteRules, authority, badge_hash};
use sync::{Mutation, Refusal, Rows, SignedBy, sort_by};
use uuid::Uuid;

use crate::words::language::{t, tf};
use crate::words::role_words::role_word;

/// The code of a refusal that somebody else's approval lifts.
pub(crate) const APPROVAL_NEEDED: &str = "approval_needed";

/// All people, by name, and the rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct People {
    list: Vec<Person>,
    rules: SiteRules,
}

impl People {
    /// Those in the rows of the store.
    pub(super) fn of(rows: Vec<Row>) -> Self {
        let (mut list, mut settings) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Row::Person(person) => list.push(person),
                Row::Setting(setting) => settings.push(setting),
                _ => {}
            }
        }
        sort_by(&mut list, |a: &Person, b: &Person| {
            (a.name.to_lowercase(), a.id).cmp(&(b.name.to_lowercase(), b.id))
        });
        Self { list, rules: SiteRules::of(&settings) }
    }

    /// Those who work here now.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Person> {
        self.list.iter().filter(|person| person.active)
    }

    /// Whether the site has people. Without, every device may do everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.active().next().is_none()
    }

    /// A person who works here now.
    pub(crate) fn find(&self, id: Uuid) -> Option<&Person> {
        self.active().find(|person| person.id == id)
    }

    /// The name of a person, also of one who has left.
    pub(crate) fn name(&self, id: Uuid) -> Option<&str> {
        self.list.iter().find(|person| person.id == id).map(|person| person.name.as_str())
    }

    /// The person with this badge, who may have left.
    pub(crate) fn with_badge(&self, code: &str) -> Option<&Person> {
        let hash = badge_hash(self.rules.badge_key?, code)?;
        let holder = |person: &&Person| person.badge == Some(hash);
        self.active().find(holder).or_else(|| self.list.iter().find(holder))
    }

    /// The rules.
    pub(crate) const fn rules(&self) -> &SiteRules {
        &self.rules
    }

    /// Whether a person may do it, if they work here. `rows` are the rows that it touches.
    pub(super) fn authority(&self, person: Uuid, action: &Action, rows: &Rows<Row>) -> Option<Authority> {
        self.find(person).map(|person| authority(person.role, action, &self.rules, rows))
    }

    /// Whether a mutation may be saved as it is signed.
    ///
    /// # Errors
    /// A [`Refusal`] in the language of the screens.
    pub(super) fn permit(&self, mutation: &Mutation<Action>, rows: &Rows<Row>) -> Result<(), Refusal> {
        if self.is_empty() {
            return Ok(());
        }
        // A scan is noted, whoever it was.
        let is_sighting = matches!(mutation.action, Action::ReportCode(_));
        let Some(signed) = mutation.signed_by else {
            return if is_sighting { Ok(()) } else { Err(not_signed_in()) };
        };
        let approver = signed.approved_by.and_then(|approver| self.find(approver));
        match self.authority(signed.person, &mutation.action, rows).ok_or_else(not_signed_in)? {
            Authority::Alone => Ok(()),
            Authority::Never => Err(not_allowed()),
            Authority::WithApproval(needed) if approver.is_some_and(|person| person.role >= needed) => Ok(()),
            Authority::WithApproval(needed) => Err(approval_needed(needed)),
        }
    }

    /// Whether `who` may undo or drop pending work that `signed` answer for: their own, or as a supervisor.
    ///
    /// # Errors
    /// A [`Refusal`] in the language of the screens.
    pub(super) fn may_drop(&self, who: Option<Uuid>, signed: Option<SignedBy>) -> Result<(), Refusal> {
        if self.is_empty() {
            return Ok(());
        }
        let who = who.and_then(|who| self.find(who)).ok_or_else(not_signed_in)?;
        let owner = signed.map(|signed| signed.person).filter(|owner| *owner != who.id);
        let Some(owner) = owner.filter(|_| who.role < Role::Supervisor) else { return Ok(()) };
        let name = self.name(owner).unwrap_or(t("someone else"));
        let message =
            tf("This is the work of {name}. Only {name} or a supervisor may undo it.", &[("name", &name)]);
        Err(Refusal::new("not_yours", message))
    }
}

pub(super) fn not_signed_in() -> Refusal {
    Refusal::new("not_signed_in", t("Nobody is signed in. Scan your badge, then save again."))
}

pub(super) fn not_allowed() -> Refusal {
    Refusal::new("not_allowed", t("You may look but not save. Ask someone who works with the stock."))
}

pub(super) fn approval_needed(needed: Role) -> Refusal {
    let message = tf("This needs approval. Minimum role: {role}.", &[("role", &role_word(needed))]);
    Refusal::new(APPROVAL_NEEDED, message)
}

#[cfg(test)]
mod tests {
    use domain::{LotRef, ProductPatch, Quantity, SettingName, SiteSetting};
    use sync::UnixMillis;

    use super::*;

    const KEY: Uuid = Uuid::from_u128(99);

    fn person(id: u128, role: Role, active: bool) -> Person {
        let badge = badge_hash(KEY, &format!("B-{id}"));
        let (name, initials) = (format!("Person {id}"), "P".to_owned());
        Person {
            id: Uuid::from_u128(id),
            name,
            initials,
            badge,
            pin: None,
            language: String::new(),
            role,
            active,
        }
    }

    /// 1 is a worker, 2 a lead, 3 a supervisor, 4 a viewer, 5 a supervisor who has left.
    fn people() -> People {
        let roles = [Role::Worker, Role::Lead, Role::Supervisor, Role::Viewer];
        let mut rows: Vec<Row> =
            roles.into_iter().zip(1..).map(|(role, id)| Row::Person(person(id, role, true))).collect();
        rows.push(Row::Person(person(5, Role::Supervisor, false)));
        let code = SettingName::BadgeKey.code().to_owned();
        rows.push(Row::Setting(SiteSetting { code, value: KEY.to_string() }));
        People::of(rows)
    }

    fn mutation(action: Action, people: Option<(u128, Option<u128>)>) -> Mutation<Action> {
        let signed = people.map(|(person, approver)| SignedBy {
            person: Uuid::from_u128(person),
            approved_by: approver.map(Uuid::from_u128),
            seen_rev: 0,
        });
        Mutation {
            seq: 1,
            id: Uuid::nil(),
            action,
            base: 0,
            author: String::new(),
            signed_by: signed,
            captured_at: UnixMillis(0),
            schema: 1,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        }
    }

    fn pick() -> Action {
        let lot = LotRef::new(Uuid::nil(), "L1", "A-1");
        Action::PickLot { lot, quantity: Quantity::units(1), reason: String::new() }
    }

    fn price() -> Action {
        let patch = ProductPatch { price_minor: Some(5), ..ProductPatch::default() };
        Action::UpdateProduct { id: Uuid::nil(), patch }
    }

    fn code(action: Action, signed: Option<(u128, Option<u128>)>) -> &'static str {
        people().permit(&mutation(action, signed), &Rows::new()).map_or_else(|refusal| refusal.code, |()| "")
    }

    #[test]
    fn work_is_saved_by_those_who_may_and_with_the_approval_of_those_who_may() {
        assert_eq!(code(pick(), Some((1, None))), "");
        assert_eq!(code(pick(), Some((4, None))), "not_allowed");
        assert_eq!(code(pick(), None), "not_signed_in");
        assert_eq!(code(pick(), Some((5, None))), "not_signed_in", "who has left");
        assert_eq!(code(price(), Some((1, None))), APPROVAL_NEEDED);
        assert_eq!(code(price(), Some((1, Some(2)))), APPROVAL_NEEDED);
        assert_eq!(code(price(), Some((1, Some(5)))), APPROVAL_NEEDED);
        assert_eq!(code(price(), Some((1, Some(3)))), "");
        assert_eq!(code(price(), Some((3, None))), "");
    }

    #[test]
    fn a_site_without_people_works_without_signatures() {
        let nobody = People::of(vec![Row::Person(person(1, Role::Admin, false))]);
        assert!(nobody.is_empty());
        assert_eq!(nobody.permit(&mutation(price(), None), &Rows::new()), Ok(()));
        assert_eq!(nobody.may_drop(None, None), Ok(()));
    }

    #[test]
    fn pending_work_is_dropped_by_its_person_or_a_supervisor() {
        let of = |owner: u128| mutation(pick(), Some((owner, None))).signed_by;
        let drops = |who: u128, owner: u128| {
            let dropped = people().may_drop(Some(Uuid::from_u128(who)), of(owner));
            dropped.map_or_else(|refusal| refusal.code, |()| "")
        };
        assert_eq!([drops(1, 1), drops(3, 1), drops(2, 1), drops(1, 3)], ["", "", "not_yours", "not_yours"]);
        assert_eq!(people().may_drop(None, of(1)).map_err(|refusal| refusal.code), Err("not_signed_in"));
        assert_eq!(people().may_drop(Some(Uuid::from_u128(1)), None), Ok(()), "nobody's");
    }

    #[test]
    fn a_badge_is_found_by_its_code_also_of_somebody_who_has_left() {
        let people = people();
        let holder = |code: &str| people.with_badge(code).map(|person| (person.id.as_u128(), person.active));
        assert_eq!(
            [holder("b-1"), holder("B-5"), holder("B-6"), holder("")],
            [Some((1, true)), Some((5, false)), None, None]
        );
    }
}
