//! Devices, their tokens, and the codes they are enrolled with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sync::UnixMillis;
use tokio::time::timeout;
use uuid::Uuid;

use super::super::{Device, EnrolRefusal, Enrolment, Store};
use super::fixture::{Checked, Engine, NOW, SITE, Sender, at_once, create, one_store, two_stores};

const HOUR_MILLIS: u64 = 3_600_000;
/// Requests at once.
const RACERS: u8 = 8;
/// How long a token is used that is being revoked.
const MAX_USE_MILLIS: u64 = 30_000;

fn enrolment(code: u8, device: u8, name: &str) -> Enrolment {
    Enrolment {
        code_hash: [code; 32],
        device_name: name.into(),
        device: Uuid::from_u128(device.into()),
        token_hash: [device; 32],
        held_site: None,
        now: NOW,
    }
}

async fn enrolled(store: &dyn Store, at: u8, name: &str) -> anyhow::Result<Device> {
    store.add_code(SITE, [at; 32], "", NOW.plus(HOUR_MILLIS)).await?;
    store.enrol(enrolment(at, at, name)).await?.ok().context("a new code was refused")
}

/// A code enrols one device, before it expires, at its own site.
pub async fn a_code_enrols_one_device(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let expires_at = NOW.plus(HOUR_MILLIS);
    store.add_code(SITE, [1; 32], " Dock \u{1f69a} ", expires_at).await?;
    let unknown = store.enrol(enrolment(2, 1, "")).await?;
    assert_eq!(unknown, Err(EnrolRefusal::BadCode));
    let late = store.enrol(Enrolment { now: expires_at, ..enrolment(1, 1, "") }).await?;
    assert_eq!(late, Err(EnrolRefusal::BadCode));
    let held_site = Some("elsewhere".to_owned());
    let of_other = store.enrol(Enrolment { held_site, ..enrolment(1, 1, "") }).await?;
    assert_eq!(of_other, Err(EnrolRefusal::OtherSite(SITE.into())));

    let device = store.enrol(Enrolment { held_site: Some(SITE.into()), ..enrolment(1, 1, "") }).await?;
    let expected = Device {
        device: Uuid::from_u128(1),
        site: SITE.into(),
        name: "Dock \u{1f69a}".into(),
        prefix: "D01".into(),
        last_seen_at: NOW,
        clock_ahead_millis: None,
    };
    assert_eq!(device, Ok(expected.clone()));
    assert_eq!(store.enrol(enrolment(1, 2, "")).await?, Err(EnrolRefusal::BadCode), "it is used");
    assert_eq!(store.device([1; 32]).await?, Some(expected));
    assert_eq!(store.device([2; 32]).await?, None);
    Ok(())
}

/// Devices are listed by the bytes of their names, those of their own site only, without revoked ones.
pub async fn devices_are_listed_by_name(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    store.add_code("other", [90; 32], "Other", NOW.plus(HOUR_MILLIS)).await?;
    store.enrol(enrolment(90, 90, "")).await?.ok().context("enrolled")?;
    for (at, name) in (1..).zip(["b", "B", "a", "", "\u{c4}", "Z", "_"]) {
        enrolled(store, at, name).await?;
    }
    let names = async || -> anyhow::Result<Vec<String>> {
        Ok(store.devices(SITE).await?.into_iter().map(|device| device.name).collect())
    };
    assert_eq!(names().await?, ["B", "Device 4", "Z", "_", "a", "b", "\u{c4}"]);
    assert!(store.revoke(SITE, Uuid::from_u128(1), NOW).await?);
    assert_eq!(names().await?, ["B", "Device 4", "Z", "_", "a", "\u{c4}"]);
    // A number is not given again.
    assert_eq!(enrolled(store, 8, "").await?.prefix, "D08");
    Ok(())
}

/// One code that several devices use at once enrols one of them.
pub async fn one_code_used_at_once_enrols_one_device(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    for round in 0..5_u8 {
        stores[0].add_code(SITE, [round; 32], "", NOW.plus(HOUR_MILLIS)).await?;
        let answers = at_once((0..RACERS).map(|at| {
            let store = Arc::clone(&stores[usize::from(at % 2)]);
            async move { Ok(store.enrol(enrolment(round, 10 + round * RACERS + at, "")).await?) }
        }))
        .await?;
        let refused = answers.iter().filter(|answer| **answer == Err(EnrolRefusal::BadCode)).count();
        assert_eq!(refused, usize::from(RACERS) - 1, "{answers:?}");
        assert_eq!(stores[1].devices(SITE).await?.len(), usize::from(round) + 1);
    }
    Ok(())
}

/// Devices that are enrolled at once get different prefixes.
pub async fn devices_enrolled_at_once_have_different_prefixes(engine: &dyn Engine) -> Checked {
    // One from each server: those of one server come one after the other.
    let [first, second] = two_stores(engine).await?;
    let stores = [first, second, engine.open().await?, engine.open().await?];
    let mut prefixes = BTreeSet::new();
    for round in 0..RACERS {
        let numbers = round * 4..round * 4 + 4;
        for number in numbers.clone() {
            stores[0].add_code(SITE, [number; 32], "", NOW.plus(HOUR_MILLIS)).await?;
        }
        let answers =
            at_once(
                stores.iter().cloned().zip(numbers).map(|(store, number)| async move {
                    Ok(store.enrol(enrolment(number, number, "")).await?)
                }),
            )
            .await?;
        prefixes.extend(answers.into_iter().flatten().map(|device| device.prefix));
    }
    let expected: BTreeSet<String> = (1..=RACERS * 4).map(|number| format!("D{number:02}")).collect();
    assert_eq!(prefixes, expected);
    Ok(())
}

/// A token is refused from the moment on at which its revocation is answered, by every server.
pub async fn a_revoked_token_is_refused_at_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    for at in 0..6_u8 {
        let device = enrolled(&*stores[0], at, "").await?;
        let users = (0..4_usize).map(|user| {
            let store = Arc::clone(&stores[user % 2]);
            tokio::spawn(async move {
                // Uses it until it is refused.
                let until_refused = async {
                    while store.device([at; 32]).await?.is_some() {}
                    anyhow::Ok(())
                };
                timeout(Duration::from_millis(MAX_USE_MILLIS), until_refused).await??;
                anyhow::Ok(store.device([at; 32]).await?)
            })
        });
        let users: Vec<_> = users.collect();
        let revoked = at_once((0..4_usize).map(|admin| {
            let store = Arc::clone(&stores[admin % 2]);
            async move { Ok(store.revoke(SITE, device.device, NOW).await?) }
        }))
        .await?;
        for store in &stores {
            assert_eq!(store.device([at; 32]).await?, None);
            assert!(store.revoked().await?.contains(&Uuid::from_u128(at.into())));
        }
        assert_eq!(revoked.iter().filter(|is_first| **is_first).count(), 1, "{revoked:?}");
        for user in users {
            assert_eq!(user.await??, None);
        }
    }
    let store = &*stores[0];
    assert!(!store.revoke(SITE, Uuid::from_u128(77), NOW).await?, "unknown");
    assert!(!store.revoke("other", Uuid::from_u128(1), NOW).await?);
    Ok(())
}

/// Devices enrolled at a time or later are revoked together.
pub async fn devices_are_revoked_by_the_time_of_their_enrolment(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    for at in 0..4_u8 {
        store.add_code(SITE, [at; 32], "", NOW.plus(HOUR_MILLIS)).await?;
        let now = NOW.plus(u64::from(at));
        store.enrol(Enrolment { now, ..enrolment(at, at, "") }).await?.ok().context("enrolled")?;
    }
    store.revoke(SITE, Uuid::from_u128(3), NOW).await?;
    assert_eq!(store.revoke_enrolled_since("other", NOW, NOW).await?, 0);
    assert_eq!(store.revoke_enrolled_since(SITE, NOW.plus(1), NOW).await?, 2);
    assert_eq!(store.revoke_enrolled_since(SITE, NOW.plus(1), NOW).await?, 0);
    let left: Vec<Uuid> = store.devices(SITE).await?.into_iter().map(|device| device.device).collect();
    assert_eq!(left, [Uuid::from_u128(0)]);
    assert_eq!(store.revoked().await?, (1..4).map(Uuid::from_u128).collect());
    Ok(())
}

/// The last request's time and clock error of a device are kept, whatever its clock says; the lives of its database are counted.
pub async fn keeps_what_devices_tell(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let device = enrolled(store, 1, "Dock").await?;
    for (last_seen_at, clock_ahead_millis) in [
        (UnixMillis(NOW.0 + 5), Some(i64::MIN)),
        (UnixMillis(i64::MAX), Some(i64::MAX)),
        (UnixMillis(0), None),
    ] {
        let seen = Device { last_seen_at, clock_ahead_millis, name: "ignored".into(), ..device.clone() };
        store.saw_device(&seen).await?;
        let expected = Device { name: "Dock".into(), ..seen };
        assert_eq!(store.device([1; 32]).await?, Some(expected.clone()));
        assert_eq!(store.devices(SITE).await?, [expected]);
    }
    let mut life = Sender::new(SITE, 1);
    life.device = device.device;
    life.book(store, [create(1)]).await?;
    life.book(store, [create(2)]).await?;
    assert_eq!(store.lives(SITE, device.device).await?, 1);
    let mut next = Sender::new(SITE, 2);
    next.device = device.device;
    next.book(store, [create(3)]).await?;
    assert_eq!(store.lives(SITE, device.device).await?, 2);
    assert_eq!(store.lives("other", device.device).await?, 0);
    Ok(())
}
