//! Who a mutation is of, and whether the site lets them do it.

use domain::{Role, SiteRules};
use sync::SignedBy;

use super::super::authors::ROLE_LOST;
use super::super::{Authors, KnownPerson, RoleSince};
use super::*;

const ADA: Uuid = Uuid::from_u128(0xADA);
const BEA: Uuid = Uuid::from_u128(0xBEA);

fn since(rev: u64, role: impl Into<Option<Role>>) -> RoleSince {
    RoleSince { rev, role: role.into() }
}

/// Ada and Bea with these roles.
fn site(ada: &[RoleSince], bea: &[RoleSince]) -> Known {
    let person = |name: &str, roles: &[RoleSince]| KnownPerson { name: name.into(), roles: roles.to_vec() };
    let people = BTreeMap::from([(ADA, person("Ada", ada)), (BEA, person("Bea", bea))]);
    Known { authors: Authors { has_people: true, people, rules: SiteRules::default() }, ..known() }
}

/// The outcome of one action that Ada signed at a revision.
fn outcome(
    known: Known,
    action: Action,
    approved_by: Option<Uuid>,
    seen_rev: u64,
) -> (Verdict, String, Booked) {
    let mut sent = Batch { device_name: Some("Dock 1".into()), ..batch(5, [action]) };
    sent.mutations[0].signed_by = Some(SignedBy { person: ADA, approved_by, seen_rev });
    let booked = book(&sent.named(&known.authors.clone()), known);
    let receipt = booked.answers[0].clone();
    (receipt.outcome.verdict, receipt.outcome.code, booked)
}

fn decided(known: Known, action: Action, approved_by: Option<Uuid>, seen_rev: u64) -> (Verdict, String) {
    let (verdict, code, _) = outcome(known, action, approved_by, seen_rev);
    (verdict, code)
}

fn refused(code: &str) -> (Verdict, String) {
    (Verdict::Rejected, code.to_owned())
}

fn applied(code: &str) -> (Verdict, String) {
    (Verdict::Applied, code.to_owned())
}

#[test]
fn the_server_decides_by_the_table_that_devices_have() {
    for role in Role::ALL {
        for (action, needed) in [(pick(1), Role::Worker), (price(310), Role::Supervisor)] {
            let expected = match role {
                Role::Viewer => refused("not_allowed"),
                _ if role >= needed => applied(""),
                Role::Worker | Role::Lead | Role::Supervisor | Role::Admin => refused("approval_needed"),
            };
            assert_eq!(
                decided(site(&[since(1, role)], &[]), action.clone(), None, 5),
                expected,
                "{role:?} {action:?}"
            );
            for approver in Role::ALL {
                let bea = [since(1, approver)];
                let helps = role != Role::Viewer && approver >= needed;
                let expected = if helps { applied("") } else { expected.clone() };
                let got = decided(site(&[since(1, role)], &bea), action.clone(), Some(BEA), 5);
                assert_eq!(got, expected, "{role:?} with {approver:?}: {action:?}");
            }
        }
    }
}

#[test]
fn a_role_that_was_lost_meanwhile_is_told_of_and_a_forged_one_refused() {
    let demoted = [since(2, Role::Supervisor), since(7, Role::Worker)];
    assert_eq!(decided(site(&demoted, &[]), price(310), None, 5), applied(ROLE_LOST));
    assert_eq!(
        decided(site(&demoted, &[]), price(310), None, 7),
        refused("approval_needed"),
        "the device knew"
    );
    assert_eq!(
        decided(site(&demoted, &[]), price(310), None, 0),
        refused("approval_needed"),
        "it did not say"
    );
    let never = [since(2, Role::Worker)];
    for seen_rev in [0, 1, 5, 9, u64::MAX] {
        assert_eq!(decided(site(&never, &[]), price(310), None, seen_rev), refused("approval_needed"));
    }
    let retired = [since(2, Role::Worker), since(7, None)];
    let (verdict, code, booked) = outcome(site(&retired, &[]), pick(1), None, 5);
    assert_eq!((verdict, code.as_str()), (Verdict::Applied, ROLE_LOST));
    let told: Vec<_> = booked.changed.values().filter_map(|stored| stored.row.conflict()).collect();
    assert_eq!(told.len(), 1, "every device hears of it");
    assert_eq!(
        (told[0].verdict, told[0].code.as_str(), told[0].author.as_str()),
        (Verdict::Applied, ROLE_LOST, "Ada")
    );
    assert_eq!(decided(site(&retired, &[]), pick(1), None, 7), refused("not_active"));
    let promoted = [since(2, Role::Worker), since(7, Role::Supervisor)];
    assert_eq!(decided(site(&promoted, &[]), price(310), None, 5), applied(""));
    let approver = [since(2, Role::Supervisor), since(7, None)];
    assert_eq!(decided(site(&never, &approver), price(310), Some(BEA), 5), applied(ROLE_LOST));
    assert_eq!(decided(site(&never, &approver), price(310), Some(BEA), 8), refused("approval_needed"));
}

#[test]
fn unsigned_work_is_a_worker_s_where_there_are_people() {
    let unsigned = |known: Known, action| {
        let sent = Batch { device_name: Some("Dock 1".into()), ..batch(5, [action]) };
        verdicts_of(&book(&sent, known))
    };
    assert_eq!(unsigned(site(&[], &[]), pick(1)), [applied("")]);
    assert_eq!(unsigned(site(&[], &[]), price(310)), [refused("approval_needed")]);
    assert_eq!(unsigned(known(), price(310)), [applied("")], "a site without people");
    let by_key = book(&batch(5, [price(310)]), site(&[], &[]));
    assert_eq!(verdicts_of(&by_key), [applied("")], "another system");
}

fn verdicts_of(booked: &Booked) -> Vec<(Verdict, String)> {
    booked.answers.iter().map(|receipt| (receipt.outcome.verdict, receipt.outcome.code.clone())).collect()
}

#[test]
fn somebody_unknown_is_refused_and_their_work_kept() {
    let mut sent = Batch { device_name: Some("Dock 1".into()), ..batch(5, [pick(1)]) };
    sent.mutations[0].signed_by = Some(SignedBy { person: OTHER, approved_by: None, seen_rev: 5 });
    let booked = book(&sent, site(&[], &[]));
    assert_eq!(verdicts_of(&booked), [refused("unknown_person")]);
    assert!(booked.changed.values().any(|stored| stored.row.conflict().is_some()));
}

#[test]
fn names_come_from_the_site_and_claims_stand_beside_the_device() {
    let authors = site(&[since(1, Role::Worker)], &[]).authors;
    let name = |author: &str, person: Option<Uuid>, device: Option<&str>| {
        let mut mutation = batch(0, [pick(1)]).mutations.remove(0);
        mutation.author = author.into();
        mutation.signed_by = person.map(|person| SignedBy { person, approved_by: None, seen_rev: 0 });
        authors.name_of(&mutation, device)
    };
    assert_eq!(name("The Managing Director", Some(ADA), Some("Dock 1")), "Ada");
    assert_eq!(name("The Managing Director", None, Some("Dock 1")), "The Managing Director (Dock 1)");
    assert_eq!(name("Dock 1", None, Some("Dock 1")), "Dock 1");
    assert_eq!(name("", None, Some("Dock 1")), "Dock 1");
    assert_eq!(name("ERP", None, None), "ERP");
    assert_eq!(name("Cy", Some(OTHER), Some("Dock 1")), "Cy (Dock 1)", "a person of no site");
}
