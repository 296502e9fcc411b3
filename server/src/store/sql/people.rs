//! People and settings of a site, and the people behind the authors of bookings.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::{MAX_PEOPLE, Person, Row, SettingName, SiteRules, SiteSetting, key_text};
use sync::Mutation;
use uuid::Uuid;

use super::super::people::{People, SiteChange, SitePeople};
use super::super::{Site, StoreFault};
use super::convert::{json, stored_json};
use super::engine::{Engine, Lane};
use super::session::{Keyed, Session, params};
use super::shape::{PERSON, SETTING, Shape};
use super::store::SqlStore;
use super::{save, sites};
use crate::booking::{Authors, KnownPerson, RoleSince, StoredRow};
use crate::random;

/// Changes of a person's role that are kept; work that was recorded before them is judged by the oldest.
const MAX_ROLE_CHANGES: usize = 50;
/// The author of work that a person signed, in tables that are never changed: a person's name may have to be forgotten.
const SIGNED: &str = "person:";
const KNOWN: Keyed<'_> = Keyed {
    select: "SELECT person_id, name, roles FROM people WHERE site = ?1",
    key: &["person_id"],
    tail: "",
};

/// The author of a booking as stored: the people who answer for it, else the name that it is of.
pub(super) fn author_of<A>(mutation: &Mutation<A>) -> Cow<'_, str> {
    match mutation.signed_by {
        None => Cow::Borrowed(&mutation.author),
        Some(signed) => Cow::Owned(match signed.approved_by {
            None => format!("{SIGNED}{}", signed.person),
            Some(approver) => format!("{SIGNED}{}+{approver}", signed.person),
        }),
    }
}

/// The people of an author as stored.
fn people_of(author: &str) -> Option<(Uuid, Option<Uuid>)> {
    let ids = author.strip_prefix(SIGNED)?;
    let (person, approver) =
        ids.split_once('+').map_or((ids, None), |(person, approver)| (person, Some(approver)));
    Some((person.parse().ok()?, approver.and_then(|approver| approver.parse().ok())))
}

/// A stored author to be shown: replaced by the person's name; `approved_by` gets the approver's.
pub(super) struct ShownAuthor<'a> {
    pub(super) author: &'a mut String,
    pub(super) approved_by: Option<&'a mut String>,
}

/// Puts names in the place of people in stored authors.
pub(super) fn show_names<'a>(
    session: &dyn Session,
    site: &str,
    authors: impl Iterator<Item = ShownAuthor<'a>>,
) -> Result<(), StoreFault> {
    let signed: Vec<_> = authors.filter_map(|shown| people_of(shown.author).map(|of| (shown, of))).collect();
    let ids: BTreeSet<Uuid> =
        signed.iter().flat_map(|(_, (person, approver))| [Some(*person), *approver]).flatten().collect();
    let known = known(session, site, &ids)?;
    let name = |id: &Uuid| known.get(id).map_or_else(|| id.to_string(), |person| person.name.clone());
    for (shown, (person, approver)) in signed {
        *shown.author = name(&person);
        if let (Some(text), Some(approver)) = (shown.approved_by, approver) {
            *text = name(&approver);
        }
    }
    Ok(())
}

fn known(
    session: &dyn Session,
    site: &str,
    ids: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, KnownPerson>, StoreFault> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let keys: Vec<_> = ids.iter().map(|id| params![*id].to_vec()).collect();
    session.query_keys(KNOWN, site, &keys, &mut |row| {
        found.insert(
            row.id(0)?,
            KnownPerson { name: row.text(1)?.to_owned(), roles: stored_json(row.text(2)?)? },
        );
        Ok(())
    })?;
    Ok(found)
}

/// The people that a batch names, and the site's rules, if there are people.
pub(super) fn authors(
    session: &dyn Session,
    site: &Site,
    named: &BTreeSet<Uuid>,
) -> Result<Authors, StoreFault> {
    let people = known(session, &site.site, named)?;
    let rules =
        if site.has_people { SiteRules::of(&settings(session, &site.site)?) } else { SiteRules::default() };
    Ok(Authors { has_people: site.has_people, people, rules })
}

fn rows(session: &dyn Session, site: &str, shape: &Shape, order: &str) -> Result<Vec<Row>, StoreFault> {
    let Shape { table, columns, .. } = shape;
    let sql =
        format!("SELECT {columns} FROM {table} WHERE site = ?1 AND deleted_at IS NULL ORDER BY {order}");
    session.all(&sql, &params![site], |columns| shape.row(columns))
}

fn settings(session: &dyn Session, site: &str) -> Result<Vec<SiteSetting>, StoreFault> {
    let setting = |row| if let Row::Setting(setting) = row { Some(setting) } else { None };
    Ok(rows(session, site, &SETTING, "code")?.into_iter().filter_map(setting).collect())
}

fn site_people(session: &dyn Session, site: &str) -> Result<SitePeople, StoreFault> {
    let person = |row| if let Row::Person(person) = row { Some(person) } else { None };
    let people = rows(session, site, &PERSON, "name, person_id")?.into_iter().filter_map(person).collect();
    let settings = settings(session, site)?;
    Ok(SitePeople { people, rules: SiteRules::of(&settings), settings })
}

pub(super) fn change(session: &dyn Session, change: &SiteChange) -> Result<u64, StoreFault> {
    change.check()?;
    let SiteChange { site, people, settings, now } = change;
    let locked = sites::lock(session, site)?;
    let rev = locked.rev + 1;
    let before = site_people(session, site)?;
    let after = people_after(&before.people, people)?;
    let mut changed: Vec<Row> = people.iter().cloned().map(Row::Person).collect();
    changed.extend(settings.iter().cloned().map(Row::Setting));
    if before.rules.badge_key.is_none() {
        let (code, value) = (SettingName::BadgeKey.code().to_owned(), random::uuid()?.to_string());
        changed.push(Row::Setting(SiteSetting { code, value }));
    }
    let stored = |row| StoredRow { rev, row, deleted: false, fields: BTreeMap::new() };
    let changed: Vec<StoredRow> = changed.into_iter().map(stored).collect();
    save::rows(session, site, &changed, *now)?;
    write_roles(session, (site, rev), people)?;
    let has_people = after.values().any(|person| person.active);
    session.execute("UPDATE sites SET has_people = ?2 WHERE site = ?1", &params![site, has_people])?;
    sites::set_rev(session, site, rev)?;
    Ok(rev)
}

/// Everybody after a change.
fn people_after<'p>(
    before: &'p [Person],
    changed: &'p [Person],
) -> Result<BTreeMap<Uuid, &'p Person>, StoreFault> {
    let after: BTreeMap<Uuid, &Person> =
        before.iter().chain(changed).map(|person| (person.id, person)).collect();
    if after.len() > MAX_PEOPLE {
        let message = format!("A site has at most {MAX_PEOPLE} people; this would be {}.", after.len());
        return Err(StoreFault::invalid("too_many_people", message));
    }
    let (mut names, mut badges) = (BTreeSet::new(), BTreeMap::<Uuid, &str>::new());
    for person in after.values().filter(|person| person.active) {
        if !names.insert(key_text(&person.name)) {
            let message =
                format!("There are two people called {}. Add something that tells them apart.", person.name);
            return Err(StoreFault::invalid("name_taken", message));
        }
        let Some(badge) = person.badge else { continue };
        if let Some(other) = badges.insert(badge, &person.name) {
            let message =
                format!("{} and {other} have the same badge. Give one of them another.", person.name);
            return Err(StoreFault::invalid("badge_taken", message));
        }
    }
    Ok(after)
}

/// Appends the roles of people to those that they had.
fn write_roles(session: &dyn Session, (site, rev): (&str, u64), people: &[Person]) -> Result<(), StoreFault> {
    let ids = people.iter().map(|person| person.id).collect();
    let mut known = known(session, site, &ids)?;
    for person in people {
        let mut roles = known.remove(&person.id).unwrap_or_default().roles;
        let role = person.active.then_some(person.role);
        if roles.last().is_some_and(|last| last.role == role) {
            continue;
        }
        roles.push(RoleSince { rev, role });
        roles.drain(..roles.len().saturating_sub(MAX_ROLE_CHANGES));
        let sql = "UPDATE people SET roles = ?3 WHERE site = ?1 AND person_id = ?2";
        session.execute(sql, &params![site, person.id, json(&roles)?])?;
    }
    Ok(())
}

#[async_trait]
impl<E: Engine> People for SqlStore<E> {
    async fn site_people(&self, site: &str) -> Result<SitePeople, StoreFault> {
        let site = site.to_owned();
        self.engine()
            .read(move |session| {
                sites::site(session, &site)?;
                site_people(session, &site)
            })
            .await
    }

    async fn change_site(&self, change: SiteChange) -> Result<u64, StoreFault> {
        let lane = Lane::of(&change.site);
        self.write(lane, move |session| self::change(session, &change)).await
    }
}
