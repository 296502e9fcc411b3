//! People and settings of a site: as devices get them, and as they decide about work.

use anyhow::Context as _;
use domain::{
    Action, MAX_PEOPLE, PEOPLE, Person, ProductPatch, Quantity, Role, SITE_SETTINGS, SettingName,
    SiteSetting, badge_hash, initials_of,
};
use sync::{SignedBy, Verdict};
use uuid::Uuid;

use super::super::people::SiteChange;
use super::super::{HistoryQuery, Store, StoreFault};
use super::fixture::{
    Checked, Engine, Holder, NOW, SITE, Sender, create, lot_of, one_store, pick, product, receive, site,
    two_stores, verdicts,
};
use crate::booking::Batch;

fn person(number: u128, name: &str, role: Role) -> Person {
    Person {
        id: Uuid::from_u128(number),
        name: name.into(),
        initials: initials_of(name),
        badge: None,
        pin: None,
        language: String::new(),
        role,
        active: true,
    }
}

fn change(people: &[Person], settings: &[(SettingName, &str)]) -> SiteChange {
    let setting = |(name, value): &(SettingName, &str)| SiteSetting {
        code: name.code().into(),
        value: (*value).into(),
    };
    let settings = settings.iter().map(setting).collect();
    SiteChange { site: SITE.into(), people: people.to_vec(), settings, now: NOW }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, StoreFault>) -> &'static str {
    match result {
        Err(StoreFault::Invalid { code, .. }) => code,
        other => panic!("it is not refused: {other:?}"),
    }
}

/// People and settings are rows under one revision; a change that is refused changes nothing.
pub async fn a_change_of_people_reaches_devices_whole(engine: &dyn Engine) -> Checked {
    let [store, other] = two_stores(engine).await?;
    let mut held = Holder::all_of(store.as_ref(), SITE).await?;
    let before = site(store.as_ref(), SITE).await?;
    assert!(!before.has_people);
    let people = [person(1, "Ada Lovelace", Role::Lead), person(2, "Bea", Role::Worker)];
    let rev = store.change_site(change(&people, &[(SettingName::AdjustLimit, "2.5")])).await?;
    assert_eq!(rev, before.rev + 1);
    assert!(site(other.as_ref(), SITE).await?.has_people);
    held.pull_all(other.as_ref(), 1).await?;
    let names = |held: &Holder| -> Vec<String> {
        let people = held.rows.values().filter_map(|held| held.row.person());
        people.map(|person| person.name.clone()).collect()
    };
    assert_eq!(names(&held), ["Ada Lovelace", "Bea"]);
    let settings = held.rows.keys().filter(|key| key.table == SITE_SETTINGS).count();
    assert_eq!(settings, 2, "the limit and the key of badges");
    let stored = other.site_people(SITE).await?;
    assert_eq!((stored.people.as_slice(), stored.rules.adjust_limit), (&people[..], Some(Quantity(2_500))));
    let key = stored.badge_key().context("a key of badges")?;

    let wrong = change(&[Person { name: " ".into(), ..people[0].clone() }], &[]);
    assert_eq!(refusal(store.change_site(wrong).await), "missing");
    assert_eq!(
        refusal(store.change_site(change(&[], &[(SettingName::LockMinutes, "soon")])).await),
        "bad_setting"
    );
    assert_eq!(site(store.as_ref(), SITE).await?.rev, rev);
    let retired = people.map(|person| Person { active: false, ..person });
    store.change_site(change(&retired, &[])).await?;
    assert!(!site(store.as_ref(), SITE).await?.has_people, "nobody works there");
    assert_eq!(store.site_people(SITE).await?.badge_key(), Some(key), "badges stay as they are");
    held.pull_all(store.as_ref(), 100).await?;
    let active =
        held.rows.iter().filter(|(key, _)| key.table == PEOPLE).filter_map(|(_, held)| held.row.person());
    assert_eq!(active.filter(|person| person.active).count(), 0);
    Ok(())
}

/// No two people who work at a site have one name or one badge; one who has left gives theirs free.
pub async fn badges_and_names_tell_people_apart(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let badge = badge_hash(Uuid::nil(), "7");
    let ada = Person { badge, ..person(1, "Ada", Role::Lead) };
    store.change_site(change(std::slice::from_ref(&ada), &[])).await?;
    let bea = Person { badge, ..person(2, "Bea", Role::Worker) };
    assert_eq!(refusal(store.change_site(change(std::slice::from_ref(&bea), &[])).await), "badge_taken");
    let twin = person(3, "ada", Role::Worker);
    assert_eq!(refusal(store.change_site(change(std::slice::from_ref(&twin), &[])).await), "name_taken");
    let twice = [twin.clone(), twin.clone()];
    assert_eq!(refusal(store.change_site(change(&twice, &[])).await), "named_twice");
    let gone = Person { active: false, ..ada };
    store.change_site(change(&[gone, bea, twin], &[])).await?;
    let many: Vec<Person> =
        (10..).take(MAX_PEOPLE).map(|number| person(number, &format!("P{number}"), Role::Worker)).collect();
    assert_eq!(refusal(store.change_site(change(&many, &[])).await), "too_many_people");
    let elsewhere = SiteChange { site: "nowhere".into(), ..change(&[], &[]) };
    assert_eq!(refusal(store.change_site(elsewhere).await), "unknown_site");
    Ok(())
}

/// A batch of a device, with what one person signed.
fn signed(sender: &mut Sender, actions: Vec<Action>, person: u128, seen_rev: u64) -> Batch {
    let mut batch = Batch { device_name: Some("Dock 1".into()), ..sender.batch(actions) };
    for mutation in &mut batch.mutations {
        mutation.signed_by = Some(SignedBy { person: Uuid::from_u128(person), approved_by: None, seen_rev });
    }
    batch
}

fn price(minor: i64) -> Action {
    let patch = ProductPatch { price_minor: Some(minor), ..ProductPatch::default() };
    Action::UpdateProduct { id: product(1).id, patch }
}

/// Roles are remembered with their revisions, and work is judged by the one that its device had seen.
pub async fn roles_decide_as_of_when_work_was_recorded(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let mut sender = Sender::new(SITE, 1);
    sender.book(store.as_ref(), [create(1)]).await?;
    let (ada, bea) = (person(1, "Ada", Role::Supervisor), person(2, "Bea", Role::Worker));
    let seen = store.change_site(change(&[ada.clone(), bea], &[(SettingName::AdjustLimit, "5")])).await?;
    sender.base = seen;
    let lot = lot_of(&product(1), "A-1");
    let work = vec![price(310), receive(&lot, Quantity::units(9))];
    let pushed = store.push(signed(&mut sender, work, 1, seen)).await?;
    assert_eq!(verdicts(&pushed), [(Verdict::Applied, ""); 2]);
    let adjust = |units| Action::AdjustLot {
        lot: lot.clone(),
        delta: Quantity::units(units),
        reason: "broken".into(),
        delivery: None,
    };
    let work = vec![price(311), adjust(-5), adjust(-6)];
    let pushed = store.push(signed(&mut sender, work, 2, seen)).await?;
    let refused = (Verdict::Rejected, "approval_needed");
    assert_eq!(verdicts(&pushed), [refused, (Verdict::Applied, ""), refused]);

    let demoted = Person { role: Role::Worker, ..ada };
    let known = store.change_site(change(&[demoted], &[])).await?;
    sender.base = known;
    let pushed = store.push(signed(&mut sender, vec![price(312)], 1, seen)).await?;
    assert_eq!(verdicts(&pushed), [(Verdict::Applied, "role_lost")]);
    let pushed = store.push(signed(&mut sender, vec![price(313)], 1, known)).await?;
    assert_eq!(verdicts(&pushed), [refused]);
    let held = Holder::all_of(store.as_ref(), SITE).await?;
    let mut told: Vec<&str> =
        held.rows.values().filter_map(|held| held.row.conflict()).map(|told| told.code.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["approval_needed", "approval_needed", "approval_needed", "role_lost"]);
    Ok(())
}

/// Histories show a person's name as it is now: the ledger has none that could not be forgotten.
pub async fn a_name_can_be_forgotten(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let mut sender = Sender::new(SITE, 1);
    sender.book(store.as_ref(), [create(1)]).await?;
    let (ada, bea) = (person(1, "Ada", Role::Supervisor), person(2, "Bea", Role::Worker));
    let seen = store.change_site(change(&[ada.clone(), bea], &[])).await?;
    sender.base = seen;
    let lot = lot_of(&product(1), "A-1");
    let mut batch = signed(&mut sender, vec![receive(&lot, Quantity::units(9)), price(310)], 2, seen);
    for mutation in &mut batch.mutations {
        mutation.signed_by =
            mutation.signed_by.map(|signed| SignedBy { approved_by: Some(Uuid::from_u128(1)), ..signed });
    }
    store.push(batch).await?;
    store.push(signed(&mut sender, vec![pick(&lot, 1)], 1, seen)).await?;
    let names = async |store: &dyn Store| -> Result<Vec<(String, String)>, StoreFault> {
        let query = HistoryQuery { product: product(1).id, lot: None, before: None };
        let history = store.history(SITE, query).await?;
        let entries = history.entries.into_iter().map(|entry| (entry.author, entry.approved_by));
        Ok(entries.chain(history.edits.into_iter().map(|edit| (edit.author, edit.approved_by))).collect())
    };
    let own = |author: &str, approver: &str| (author.to_owned(), approver.to_owned());
    assert_eq!(names(store.as_ref()).await?, [own("Ada", ""), own("Bea", "Ada"), own("Bea", "Ada")]);
    store.change_site(change(&[Person { name: "Person 1".into(), active: false, ..ada }], &[])).await?;
    let forgotten = [own("Person 1", ""), own("Bea", "Person 1"), own("Bea", "Person 1")];
    assert_eq!(names(store.as_ref()).await?, forgotten);
    let movements = store.movements(SITE, Default::default(), 10).await?;
    let authors: Vec<&str> = movements.page.rows.iter().map(|movement| movement.author.as_str()).collect();
    assert_eq!(authors, ["Bea", "Person 1"]);
    Ok(())
}
