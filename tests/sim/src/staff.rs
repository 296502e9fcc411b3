//! People of the first site: they sign what they do, their roles change meanwhile, and some clients do not ask what they may.

use std::collections::BTreeMap;

use anyhow::Result;
use client::{Client, Signer};
use domain::{Action, Authority, PEOPLE, Person, Role, SiteRules, authority, initials_of};
use futures::executor::block_on;

use rusqlite::Connection;
use serde::Deserialize;
use sync::{Refusal, SignedBy, Store as _};
use uuid::Uuid;

use crate::data::DeviceData;
use crate::dice::Dice;
use crate::host::WindowHost;
use crate::network::Air;
use crate::person::description;
use crate::server::SITES;

/// The supervisor, whose role does not change.
pub const BOSS: Uuid = Uuid::from_u128(0xB055);
/// A worker and a lead at first.
const OTHERS: [(Uuid, &str, Role); 2] =
    [(Uuid::from_u128(0xADA), "Ada", Role::Worker), (Uuid::from_u128(0xBEA), "Bea", Role::Lead)];
/// Limit of the people of a world; there are three.
const MAX_PEOPLE: usize = 10;

/// Everybody, as they begin.
pub fn everybody() -> Vec<Person> {
    let others = OTHERS.map(|(id, name, role)| person(id, name, role));
    [person(BOSS, "Boss", Role::Supervisor)].into_iter().chain(others).collect()
}

fn person(id: Uuid, name: &str, role: Role) -> Person {
    Person {
        id,
        name: name.to_owned(),
        initials: initials_of(name),
        badge: None,
        pin: None,
        language: String::new(),
        role,
        active: true,
    }
}

/// Somebody with another role, or who has left.
pub fn changed(dice: &Dice) -> Option<Person> {
    let (id, name, _) = *dice.pick(&OTHERS)?;
    let role = *dice.pick(&Role::ALL)?;
    Some(Person { active: !dice.once_in(3), ..person(id, name, role) })
}

/// Lets somebody sign in at a window, or sign out.
pub fn sign(air: &Air, home: &str, client: &Client<WindowHost>) {
    if !air.has_people.get() || home != SITES[0] {
        return;
    }
    let dice = &air.dice;
    let person = match dice.roll(6) {
        0 => None,
        1 => Some(BOSS),
        _ => dice.pick(&OTHERS).map(|(id, _, _)| *id),
    };
    let approved_by = dice.once_in(4).then_some(BOSS);
    client.set_signer(person.map(|person| Signer { person, approved_by }));
}

/// Whether a device lets its person do something: as the rows on it say, unless the client is forged.
pub fn permit(
    air: &Air,
    home: &str,
    kept: &DeviceData,
    action: &Action,
    signed: Option<SignedBy>,
) -> Result<(), Refusal> {
    if !air.has_people.get() || home != SITES[0] || air.dice.once_in(8) {
        return Ok(());
    }
    let Some(signed) = signed else { return Ok(()) };
    let role = |id: Uuid| {
        let held = block_on(kept.scan(PEOPLE, "", "", MAX_PEOPLE)).unwrap_or_default();
        let person = held.iter().filter_map(|held| held.row.person()).find(|person| person.id == id)?;
        person.active.then_some(person.role)
    };
    let allowed =
        role(signed.person).map(|own| authority(own, action, &SiteRules::default(), &BTreeMap::new()));
    match allowed {
        Some(Authority::Alone) => Ok(()),
        Some(Authority::WithApproval(needed)) if signed.approved_by.and_then(role) >= Some(needed) => Ok(()),
        _ => Err(Refusal::new("approval_needed", "Somebody else has to do this.")),
    }
}

/// The least role for an action, by an independent table: under the rules that a site has by default.
fn needed(action: &Action) -> Role {
    let facts = [
        "receive_lot",
        "put_away_lot",
        "move_lot",
        "pick_lot",
        "adjust_lot",
        "count_lot",
        "place_order",
        "report_code",
    ];
    let kind = action.kind();
    match action {
        Action::UpdateProduct { patch, .. } if patch.fields() == ["barcode"] => Role::Lead,
        _ if facts.contains(&kind) => Role::Worker,
        _ if ["update_product", "delete_product", "delete_lot"].contains(&kind) => Role::Supervisor,
        _ => Role::Lead,
    }
}

/// A role from a revision on, as stored.
#[derive(Debug, Deserialize)]
struct Since {
    rev: u64,
    role: Option<Role>,
}

/// The roles of everybody, by person.
type Roles = BTreeMap<Uuid, Vec<Since>>;

fn roles(database: &Connection) -> Result<Roles> {
    let mut statement = database.prepare("SELECT person_id, roles FROM people")?;
    let mut rows = statement.query([])?;
    let mut roles = Roles::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        roles.insert(row.get(0)?, serde_json::from_str(&text)?);
    }
    Ok(roles)
}

fn role_at(roles: &Roles, person: Uuid, rev: u64) -> Option<Role> {
    let of = roles.get(&person)?;
    of.iter().rev().find(|since| since.rev <= rev).or(of.first())?.role
}

fn may(roles: &Roles, signed: SignedBy, needed: Role, rev: u64) -> bool {
    let own = role_at(roles, signed.person, rev);
    let approving = signed.approved_by.and_then(|approver| role_at(roles, approver, rev));
    own >= Some(Role::Worker) && (own >= Some(needed) || approving >= Some(needed))
}

/// What was booked was permitted to its people, then or now, and is told of if it is not any more; what was permitted was not refused
/// for its people.
pub fn authority_off(
    database: &Connection,
    drafted: &BTreeMap<Uuid, &Action>,
    signed: &BTreeMap<Uuid, SignedBy>,
) -> Result<Vec<String>> {
    let roles = roles(database)?;
    let mut found = Vec::new();
    if roles.is_empty() {
        return Ok(found);
    }
    let mut statement = database.prepare("SELECT mutation_id, verdict, code, rev FROM receipts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, verdict, code): (Uuid, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let rev = u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default();
        let Some(action) = drafted.get(&id) else { continue };
        // Nothing was decided about its people.
        if ["withdrawn", "too_late", "malformed", "unknown_kind", "newer_schema"].contains(&code.as_str()) {
            continue;
        }
        let needed = needed(action);
        let before_people = roles.get(&BOSS).and_then(|of| of.first()).is_some_and(|first| rev < first.rev);
        let (could, can) = match signed.get(&id) {
            _ if before_people => (true, true),
            None => (needed <= Role::Worker, needed <= Role::Worker),
            Some(by) => {
                let seen = if by.seen_rev == 0 { rev } else { by.seen_rev.min(rev) };
                (may(&roles, *by, needed, seen), may(&roles, *by, needed, rev))
            }
        };
        let is_booked = ["applied", "merged"].contains(&verdict.as_str());
        let is_told = code == "role_lost";
        let is_refused =
            ["approval_needed", "not_active", "not_allowed", "unknown_person"].contains(&code.as_str());
        let what = || description(action);
        if is_booked && !could && !can {
            found.push(format!("{id} was booked, and its people may not do it: {}", what()));
        }
        if is_refused && (could || can) {
            found.push(format!("{id} was refused ({code}), and its people may do it: {}", what()));
        }
        let changes_nothing = code == "already_deleted";
        if is_booked && !changes_nothing && is_told == can {
            found
                .push(format!("{id} was booked, told of: {is_told}, and still permitted: {can}: {}", what()));
        }
    }
    Ok(found)
}
