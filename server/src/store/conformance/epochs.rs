//! Sites, their epochs, and the sites that devices belong to.

use std::sync::Arc;

use sync::UnixMillis;
use uuid::Uuid;

use super::super::{EpochRenewal, MIN_EPOCH_GAP_MILLIS, Pull};
use super::fixture::{
    Checked, Engine, Holder, NOW, SITE, Sender, at_once, create, one_store, site, two_stores,
};
use crate::booking::Scope;

/// Requests at once.
const RACERS: usize = 8;

/// A site is created once, also by several servers at once.
pub async fn a_site_is_created_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let epoch = site(&*stores[0], SITE).await?.epoch;
    let names = ["main", "Main", "Lager \u{1f3ed} 'S\u{fc}d'", "north"];
    at_once((0..RACERS * 2).map(|at| {
        let store = Arc::clone(&stores[at % 2]);
        async move { Ok(store.ensure_site(names[at % names.len()]).await?) }
    }))
    .await?;
    let mut found: Vec<String> = stores[1].sites().await?.into_iter().map(|site| site.site).collect();
    found.sort();
    assert_eq!(found, ["Lager \u{1f3ed} 'S\u{fc}d'", "Main", "main", "north"]);
    let kept = site(&*stores[1], SITE).await?;
    assert_eq!((kept.epoch, kept.rev, kept.purged_rev), (epoch, 0, 0));
    assert_eq!((kept.epoch_renewed_at, kept.epoch_is_due), (None, false));
    Ok(())
}

/// Several proofs of one restore begin one epoch.
pub async fn an_epoch_renewed_at_once_begins_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    for round in 0..5 {
        let now = UnixMillis(NOW.0 + round * i64::try_from(MIN_EPOCH_GAP_MILLIS)?);
        let before = site(&*stores[0], SITE).await?;
        let answers = at_once((0..RACERS).map(|at| {
            let store = Arc::clone(&stores[at % 2]);
            async move { Ok(store.renew_epoch(SITE, before.epoch, now).await?) }
        }))
        .await?;
        let count = |what| answers.iter().filter(|answer| **answer == what).count();
        assert_eq!((count(EpochRenewal::Begun), count(EpochRenewal::Unchanged)), (1, RACERS - 1));
        let after = site(&*stores[1], SITE).await?;
        assert!(after.epoch != before.epoch);
        assert_eq!((after.epoch_renewed_at, after.epoch_is_due), (Some(now), false));
    }
    Ok(())
}

/// A proof that comes too soon makes the next epoch due; a clock that was set back defers nothing.
pub async fn an_epoch_that_comes_too_soon_is_deferred(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let renew = async |epoch, now| store.renew_epoch(SITE, epoch, now).await;
    let is_due = async |now| -> anyhow::Result<bool> {
        let (site, scope) = (SITE.to_owned(), Scope::EVERYTHING);
        let pull = Pull { site, epoch: None, cursor: sync::Cursor::Start, scope, max_rows: 1, now };
        Ok(store.pull(pull).await?.is_renewal_due)
    };
    let first = site(store, SITE).await?.epoch;
    assert_eq!(renew(first, NOW).await?, EpochRenewal::Begun);
    let second = site(store, SITE).await?.epoch;
    let soon = NOW.plus(MIN_EPOCH_GAP_MILLIS - 1);
    assert!(!is_due(NOW.plus(MIN_EPOCH_GAP_MILLIS)).await?);
    assert_eq!(renew(first, soon).await?, EpochRenewal::Unchanged);
    assert_eq!(renew(second, soon).await?, EpochRenewal::Deferred);
    assert_eq!(renew(second, soon).await?, EpochRenewal::Unchanged, "it is due already");
    let state = site(store, SITE).await?;
    assert_eq!((state.epoch, state.epoch_is_due), (second, true));
    assert!(!is_due(soon).await?);
    assert!(is_due(NOW.plus(MIN_EPOCH_GAP_MILLIS)).await?);
    assert!(is_due(UnixMillis(NOW.0 - 1)).await?);
    assert_eq!(renew(second, NOW.plus(MIN_EPOCH_GAP_MILLIS)).await?, EpochRenewal::Begun);
    let third = site(store, SITE).await?;
    assert!(third.epoch != second && !third.epoch_is_due);
    assert_eq!(renew(third.epoch, UnixMillis(0)).await?, EpochRenewal::Begun, "the clock was set back");
    Ok(())
}

/// A client, or the epoch of its rows, tells which other site it belongs to.
pub async fn finds_the_site_that_a_device_belongs_to(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("north").await?;
    let (mut ada, mut ben) = (Sender::new(SITE, 1), Sender::new("north", 2));
    ada.book(store, [create(1)]).await?;
    ben.book(store, [create(1)]).await?;
    let north = site(store, "north").await?.epoch;
    let other = async |client, epoch| store.other_site_of(SITE, client, epoch).await;
    assert_eq!(other(ada.client, Some(north)).await?, None, "the site knows the client");
    assert_eq!(other(ben.client, None).await?.as_deref(), Some("north"));
    let unknown = Uuid::from_u128(9);
    assert_eq!(other(unknown, None).await?, None);
    assert_eq!(other(unknown, Some(north)).await?.as_deref(), Some("north"));
    assert_eq!(other(unknown, site(store, SITE).await.map(|site| Some(site.epoch))?).await?, None);
    assert_eq!(Holder::all_of(store, SITE).await?.rows.len(), 1);
    Ok(())
}

/// A store that works says that it can write, and changes nothing by it.
pub async fn says_that_it_can_write(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let before = store.sites().await?;
    store.check_writable().await?;
    assert_eq!(store.sites().await?, before);
    Ok(())
}
