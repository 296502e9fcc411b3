//! People of a site: how they are made and changed, one by one or from a file.

use std::num::NonZeroU32;

use anyhow::{Result, bail, ensure};
use data_encoding::HEXLOWER;
use domain::{
    MAX_PEOPLE, PIN_ROUNDS, Person, PinCheck, Role, badge_hash, check_pin, clean_line, initials_of, same_key,
};
use sync::UnixMillis;
use uuid::Uuid;

use crate::random;
use crate::store::people::{SiteChange, SitePeople};
use crate::store::{Store, StoreFault};

/// Bytes of a file of people.
pub const MAX_PEOPLE_FILE_BYTES: u64 = 4 * 1024 * 1024;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// The fields of a change of a person; missing ones keep their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFields {
    /// The name.
    pub name: Option<String>,
    /// The initials; by default those of the name.
    pub initials: Option<String>,
    /// The badge's code; empty for none.
    pub badge: Option<String>,
    /// The PIN; empty for none.
    pub pin: Option<String>,
    /// The language; empty for the device's.
    pub language: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// Whether they work here.
    pub active: Option<bool>,
}

impl PersonFields {
    /// The person with these fields. `badge_key` is the site's.
    ///
    /// # Errors
    /// A sentence that names the wrong field.
    pub fn applied_to(self, person: Person, badge_key: Uuid) -> Result<Person> {
        let Self { name, initials, badge, pin, language, role, active } = self;
        let name = name.map_or(person.name.clone(), |name| clean_line(name.trim(), usize::MAX));
        let own =
            if person.initials == initials_of(&person.name) { initials_of(&name) } else { person.initials };
        let initials =
            initials.filter(|initials| !initials.trim().is_empty()).map_or(own, |own| own.trim().to_owned());
        let pin = match pin.as_deref().map(str::trim) {
            None => person.pin,
            Some("") => None,
            Some(pin) => Some(pin_check(pin)?),
        };
        let badge = badge.map_or(person.badge, |code| badge_hash(badge_key, &code));
        let changed = Person {
            id: person.id,
            name,
            initials,
            badge,
            pin,
            language: language.unwrap_or(person.language).trim().to_owned(),
            role: role.unwrap_or(person.role),
            active: active.unwrap_or(person.active),
        };
        changed.validate()?;
        Ok(changed)
    }
}

/// A person who is not at any site yet.
///
/// # Errors
/// The system gives no random numbers.
fn nobody() -> Result<Person, StoreFault> {
    Ok(Person {
        id: random::uuid()?,
        name: String::new(),
        initials: String::new(),
        badge: None,
        pin: None,
        language: String::new(),
        role: Role::Worker,
        active: true,
    })
}

/// The check of a PIN, under a new salt.
///
/// # Errors
/// It is no PIN, or the system gives no random numbers.
pub fn pin_check(pin: &str) -> Result<PinCheck> {
    check_pin(pin)?;
    let salt = random::bytes::<SALT_BYTES>()?;
    let mut hash = [0; HASH_BYTES];
    let rounds = NonZeroU32::new(PIN_ROUNDS).unwrap_or(NonZeroU32::MIN);
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, pin.as_bytes(), &mut hash);
    Ok(PinCheck { salt: HEXLOWER.encode(&salt), hash: HEXLOWER.encode(&hash), rounds: rounds.get() })
}

/// The people of a site, and its key of badges, which is made if need be.
///
/// # Errors
/// [`StoreFault`].
pub async fn people_and_key(store: &dyn Store, site: &str, now: UnixMillis) -> Result<(SitePeople, Uuid)> {
    let found = store.site_people(site).await?;
    if let Some(key) = found.badge_key() {
        return Ok((found, key));
    }
    let nothing = SiteChange { site: site.to_owned(), people: Vec::new(), settings: Vec::new(), now };
    store.change_site(nothing).await?;
    let found = store.site_people(site).await?;
    let Some(key) = found.badge_key() else { bail!("Site \"{site}\" has no key of badges.") };
    Ok((found, key))
}

/// A person to be added.
///
/// # Errors
/// A field is wrong, or [`StoreFault`].
pub async fn prepared(
    store: &dyn Store,
    site: &str,
    fields: PersonFields,
    now: UnixMillis,
) -> Result<Person> {
    let (_, key) = people_and_key(store, site, now).await?;
    fields.applied_to(nobody()?, key)
}

/// Adds a person.
///
/// # Errors
/// Somebody has the name or the badge, or as [`prepared`].
pub async fn add(store: &dyn Store, site: &str, fields: PersonFields, now: UnixMillis) -> Result<Person> {
    let person = prepared(store, site, fields, now).await?;
    save(store, site, vec![person.clone()], now).await?;
    Ok(person)
}

/// The person with this id as they are after a change; none if the site does not know them.
///
/// # Errors
/// A field is wrong, or [`StoreFault`].
pub async fn prepared_change(
    store: &dyn Store,
    (site, id): (&str, Uuid),
    fields: PersonFields,
    now: UnixMillis,
) -> Result<Option<Person>> {
    let (found, key) = people_and_key(store, site, now).await?;
    let person = found.people.into_iter().find(|person| person.id == id);
    person.map(|person| fields.applied_to(person, key)).transpose()
}

/// Changes the person of this name.
///
/// # Errors
/// There is none, or as [`add`].
pub async fn change(
    store: &dyn Store,
    site: &str,
    name: &str,
    fields: PersonFields,
    now: UnixMillis,
) -> Result<Person> {
    let (found, key) = people_and_key(store, site, now).await?;
    let Some(person) = named(&found.people, name) else {
        bail!("Site \"{site}\" has nobody called \"{name}\". `lotbook-server people list` lists everybody.")
    };
    let changed = fields.applied_to(person.clone(), key)?;
    save(store, site, vec![changed.clone()], now).await?;
    Ok(changed)
}

/// Puts a number in the place of the name of somebody who has left. Their work stays.
///
/// # Errors
/// There is nobody of this name, they have not left, or [`StoreFault`].
pub async fn forget(store: &dyn Store, site: &str, name: &str, now: UnixMillis) -> Result<String> {
    let found = store.site_people(site).await?;
    let Some(person) = named(&found.people, name) else {
        bail!("Site \"{site}\" has nobody called \"{name}\".")
    };
    ensure!(!person.active, "{name} still works here. Retire them first.");
    let number = (1..=MAX_PEOPLE)
        .map(|number| format!("Person {number}"))
        .find(|number| named(&found.people, number).is_none());
    let number = number.unwrap_or_else(|| person.id.to_string());
    let forgotten = Person {
        name: number.clone(),
        initials: initials_of(&number),
        badge: None,
        pin: None,
        language: String::new(),
        ..person.clone()
    };
    save(store, site, vec![forgotten], now).await?;
    Ok(number)
}

async fn save(store: &dyn Store, site: &str, people: Vec<Person>, now: UnixMillis) -> Result<()> {
    store.change_site(SiteChange { site: site.to_owned(), people, settings: Vec::new(), now }).await?;
    Ok(())
}

fn named<'p>(people: &'p [Person], name: &str) -> Option<&'p Person> {
    people.iter().find(|person| same_key(&person.name, name))
}

/// The numbers of people of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleImported {
    /// New ones.
    pub added: usize,
    /// Those of a known name.
    pub changed: usize,
}

/// Adds and changes the people of a CSV file with a header line, all or none. Its columns are name, and any of initials, badge, pin,
/// role, language and active (yes or no). Somebody of a known name is changed; columns that are missing change nothing.
///
/// # Errors
/// The first wrong line, with its number; nothing was changed.
pub async fn import(store: &dyn Store, site: &str, csv: &str, now: UnixMillis) -> Result<PeopleImported> {
    let (people, imported) = prepared_import(store, site, csv, now).await?;
    save(store, site, people, now).await?;
    Ok(imported)
}

/// The people of a CSV file as they are after its import.
///
/// # Errors
/// As [`import`].
pub async fn prepared_import(
    store: &dyn Store,
    site: &str,
    csv: &str,
    now: UnixMillis,
) -> Result<(Vec<Person>, PeopleImported)> {
    let (found, key) = people_and_key(store, site, now).await?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(false).from_reader(csv.as_bytes());
    let header = Columns::of(reader.headers()?)?;
    let (mut imported, mut people) = (PeopleImported::default(), Vec::new());
    for (number, line) in (2_usize..).zip(reader.records()) {
        let line = line?;
        let fields = header.fields(&line).map_err(|error| error.context(format!("Line {number}")))?;
        let known = fields.name.as_deref().and_then(|name| named(&found.people, name));
        let person = if let Some(known) = known {
            imported.changed += 1;
            known.clone()
        } else {
            imported.added += 1;
            nobody()?
        };
        let person =
            fields.applied_to(person, key).map_err(|error| error.context(format!("Line {number}")))?;
        people.push(person);
    }
    Ok((people, imported))
}

/// The positions of a file's columns.
struct Columns(Vec<Column>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Initials,
    Badge,
    Pin,
    Role,
    Language,
    Active,
}

const COLUMNS: [(&str, Column); 7] = [
    ("name", Column::Name),
    ("initials", Column::Initials),
    ("badge", Column::Badge),
    ("pin", Column::Pin),
    ("role", Column::Role),
    ("language", Column::Language),
    ("active", Column::Active),
];

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self> {
        let known = |title: &str| {
            let title = title.trim_start_matches('\u{feff}').trim().to_lowercase();
            COLUMNS.into_iter().find(|(name, _)| *name == title).map(|(_, column)| column)
        };
        let mut columns = Vec::new();
        for title in header {
            let Some(column) = known(title) else {
                let names: Vec<&str> = COLUMNS.into_iter().map(|(name, _)| name).collect();
                bail!("There is no column \"{title}\" of people. The columns are {}.", names.join(", "))
            };
            ensure!(!columns.contains(&column), "The column \"{title}\" is there twice.");
            columns.push(column);
        }
        ensure!(columns.contains(&Column::Name), "The file has no column \"name\".");
        Ok(Self(columns))
    }

    fn fields(&self, line: &csv::StringRecord) -> Result<PersonFields> {
        let mut fields = PersonFields::default();
        for (column, text) in self.0.iter().zip(line) {
            let text = text.to_owned();
            match column {
                Column::Name => fields.name = Some(text),
                Column::Initials => fields.initials = Some(text),
                Column::Badge => fields.badge = Some(text),
                Column::Pin => fields.pin = Some(text),
                Column::Language => fields.language = Some(text),
                Column::Role if text.is_empty() => {}
                Column::Role => fields.role = Some(role(&text)?),
                Column::Active => fields.active = Some(yes_or_no(&text)?),
            }
        }
        Ok(fields)
    }
}

/// A role as people type it.
///
/// # Errors
/// A sentence with the roles there are.
pub fn role(text: &str) -> Result<Role> {
    Role::from_code(&text.to_lowercase()).ok_or_else(|| {
        let roles: Vec<&str> = Role::ALL.into_iter().map(Role::code).collect();
        anyhow::anyhow!("There is no role \"{text}\". The roles are {}.", roles.join(", "))
    })
}

fn yes_or_no(text: &str) -> Result<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => bail!("\"{text}\" is neither yes nor no."),
    }
}
