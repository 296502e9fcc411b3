//! Lanes: groups, turns, locks and repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::super::super::sql::engine::{Decided, Engine as _, Lane};
use super::super::super::sql::session::{Change, Query, Session, params};
use super::super::super::sql::sites;
use super::super::super::{Store as _, StoreFault};
use super::super::PostgresStore;
use super::{databases, store};

fn broken(reason: impl ToString) -> StoreFault {
    StoreFault::Failed(reason.to_string())
}

/// A sign that a write has begun.
fn begin() -> (Arc<Notify>, Arc<Notify>) {
    let begun = Arc::new(Notify::new());
    (Arc::clone(&begun), begun)
}

#[tokio::test]
async fn a_failing_write_does_not_undo_its_neighbours() {
    for database in databases() {
        let store = store(&database).await;
        store.ensure_site("s").await.expect("a site");
        let add = |number: i64| {
            move |session: &dyn Session| {
                let values = params!["s", number.to_string(), "", number, 0_i64, 0_i64];
                let sql = "INSERT INTO unknown_codes (site, code, devices, times, booked_at, rev) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                session.execute(sql, &values).map(|_| Decided::Keep(number))
            }
        };
        // The first write is alone, and held until the others are in line: they make one group.
        let (go, held) = sync_channel::<()>(1);
        let (begun, has_begun) = begin();
        let first = store.engine().write(Lane::of("s"), move |session| {
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            add(0)(session)
        });
        let others = async {
            begun.notified().await;
            let lane = || Lane::of("s");
            let one = store.engine().write(lane(), add(1));
            let refused = store.engine().write(lane(), move |session| {
                add(2)(session)?;
                Err::<Decided<i64>, _>(StoreFault::invalid("no", "No."))
            });
            let panics = store.engine().write(lane(), move |session| -> Result<Decided<i64>, _> {
                add(3)(session)?;
                panic!("on purpose")
            });
            let twice = store.engine().write(lane(), add(1));
            let undone = store.engine().write(lane(), move |session| {
                add(5)(session)?;
                Ok(Decided::Undo(5))
            });
            let last = store.engine().write(lane(), add(4));
            let release = async { go.send(()).expect("the first write waits") };
            let (one, refused, panics, twice, undone, last, ()) =
                tokio::join!(one, refused, panics, twice, undone, last, release);
            assert_eq!((one.expect("1"), undone.expect("5"), last.expect("4")), (1, 5, 4));
            assert!(matches!(refused, Err(StoreFault::Invalid { code: "no", .. })), "{refused:?}");
            assert!(panics.is_err(), "{panics:?}");
            let twice = twice.expect_err("twice").to_string();
            assert!(twice.contains("unknown_codes_pkey"), "{twice}");
        };
        assert_eq!(tokio::join!(first, others).0.expect("0"), 0);
        let kept =
            "SELECT string_agg(code, ',' ORDER BY code), count(DISTINCT xmin::text) FROM unknown_codes";
        let kept = database.as_superuser(kept).expect("codes");
        // Each savepoint has a number of its own.
        assert_eq!(kept, "0,1,4|3");
    }
}

#[tokio::test]
async fn writes_that_wait_share_a_transaction_and_devices_take_turns() {
    for database in databases() {
        let store = store(&database).await;
        let (go, held) = sync_channel::<()>(1);
        let now = |session: &dyn Session| {
            session.first("SELECT now()::text", &[], |row| row.text(0).map(str::to_owned))
        };
        let (begun, has_begun) = begin();
        let first = store.engine().write(Lane::of("s"), move |session| {
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            now(session).map(Decided::Keep)
        });
        let served = Arc::new(std::sync::Mutex::new(String::new()));
        let write = |device: u128, name: char| {
            let served = Arc::clone(&served);
            let lane = Lane { site: Some("s".to_owned()), device: Some(Uuid::from_u128(device)) };
            store.engine().write(lane, move |session| {
                served.lock().map_err(broken)?.push(name);
                now(session).map(Decided::Keep)
            })
        };
        let others = async {
            begun.notified().await;
            let busy = futures::future::try_join_all((0..5).map(|_| write(1, 'a')));
            let rest = futures::future::try_join(write(2, 'b'), write(3, 'c'));
            let release = async { go.send(()).expect("the first write waits") };
            let (busy, rest, ()) = tokio::join!(busy, rest, release);
            let (busy, rest) = (busy.expect("a"), rest.expect("b and c"));
            assert!(busy.iter().chain([&rest.0, &rest.1]).all(|time| *time == busy[0]), "one transaction");
            busy[0].clone()
        };
        let (first, others) = tokio::join!(first, others);
        assert_ne!(first.expect("alone"), others);
        assert_eq!(*served.lock().expect("turns"), "abcaaaa");
    }
}

/// The site's next revision.
async fn next_rev(store: &PostgresStore, site: &'static str) -> Result<u64, StoreFault> {
    let next = move |session: &dyn Session| {
        let rev = sites::lock(session, site)?.rev + 1;
        sites::set_rev(session, site, rev)?;
        Ok(Decided::Keep(rev))
    };
    store.engine().write(Lane::of(site), next).await
}

#[tokio::test]
async fn sites_are_written_side_by_side_and_one_site_never_is() {
    for database in databases() {
        // Two servers.
        let (one, two) = (store(&database).await, store(&database).await);
        for site in ["s", "t"] {
            one.ensure_site(site).await.expect("a site");
        }
        let (go, held) = sync_channel::<()>(1);
        let (begun, has_begun) = begin();
        let first = one.engine().write(Lane::of("s"), move |session| {
            let rev = sites::lock(session, "s")?.rev;
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            sites::set_rev(session, "s", rev + 1)?;
            Ok(Decided::Keep(rev + 1))
        });
        let others = async {
            begun.notified().await;
            assert_eq!(next_rev(&one, "t").await.expect("another site"), 1);
            let mut same = Box::pin(next_rev(&two, "s"));
            let waited = tokio::time::timeout(Duration::from_millis(300), &mut same).await;
            assert!(waited.is_err(), "the site is locked: {waited:?}");
            assert_eq!(one.sites().await.expect("reads go on")[0].rev, 0);
            go.send(()).expect("the first write waits");
            same.await.expect("after the first")
        };
        let (first, last) = tokio::join!(first, others);
        assert_eq!((first.expect("first"), last), (1, 2));
    }
}

#[tokio::test]
async fn a_transaction_that_was_ended_for_another_one_runs_again() {
    for database in databases() {
        let store = store(&database).await;
        for (state, fault) in [("40001", None), ("40P01", None), ("55P03", None), ("22012", Some("22012"))] {
            let runs = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&runs);
            let done = store.engine().write(Lane::of("s"), move |session| {
                sites::ensure_site(session, "s")?;
                if count.fetch_add(1, Ordering::Relaxed) < 2 {
                    session.execute(&format!("DO $$BEGIN RAISE SQLSTATE '{state}'; END$$"), &[])?;
                }
                Ok(Decided::Keep(()))
            });
            match (done.await, fault) {
                (Ok(()), None) => assert_eq!(runs.load(Ordering::Relaxed), 3),
                (Err(fault), Some(known)) => assert!(fault.to_string().contains(known), "{fault}"),
                other => panic!("{state}: {other:?}"),
            }
        }
        let always = |session: &dyn Session| {
            session.execute("DO $$BEGIN RAISE SQLSTATE '40001'; END$$", &[]).map(Decided::Keep)
        };
        assert!(matches!(store.engine().write(Lane::of("s"), always).await, Err(StoreFault::Busy)));
    }
}

#[tokio::test]
async fn a_write_that_overlooks_a_fault_is_not_called_kept() {
    for database in databases() {
        let store = store(&database).await;
        let overlook = |session: &dyn Session| {
            sites::ensure_site(session, "s")?;
            let _ = session.execute("SELECT 1 / 0", &[]);
            Ok(Decided::Keep(()))
        };
        let fault = store.engine().write(Lane::of("s"), overlook).await.expect_err("not kept").to_string();
        assert!(fault.contains("division by zero"), "{fault}");
        store.ensure_site("t").await.expect("the line goes on");
        let sites = store.sites().await.expect("sites");
        assert_eq!(sites.iter().map(|site| site.site.as_str()).collect::<Vec<_>>(), ["t"]);
    }
}

#[tokio::test]
async fn the_first_change_that_fails_is_told_and_none_is_kept() {
    for database in databases() {
        let store = store(&database).await;
        store.ensure_site("s").await.expect("a site");
        let work = |session: &dyn Session| {
            let rev = |rev: i64| {
                let sql = "UPDATE sites SET rev = ?2 WHERE site = ?1";
                Change::Execute(sql, params!["s", rev].to_vec())
            };
            let fails = Change::Execute("UPDATE sites SET rev = 1 / (rev - 7) WHERE site = 's'", Vec::new());
            session.change(&[rev(1), rev(7), fails, rev(9)]).map(Decided::Keep)
        };
        let fault = store.engine().write(Lane::of("s"), work).await.expect_err("a failed change").to_string();
        assert!(fault.contains("division by zero"), "{fault}");
        assert_eq!(site_rev(&store).await, 0);
        // More than are sent at once.
        let many = |session: &dyn Session| {
            let add = || {
                Change::Execute("UPDATE sites SET rev = rev * 2 + 1 WHERE site = 's' AND rev < 9", Vec::new())
            };
            session.change(&(0..350).map(|_| add()).collect::<Vec<_>>())?;
            let number = |at: i64| Query::Plain("SELECT ?1 + rev FROM sites".into(), params![at].to_vec());
            let mut found = Vec::new();
            session.ask(&(0..350).map(number).collect::<Vec<_>>(), &mut |at, row| {
                found.push((at, row.int(0)?));
                Ok(())
            })?;
            Ok(Decided::Keep(found))
        };
        let found = store.engine().write(Lane::of("s"), many).await.expect("many");
        assert_eq!(found, (0..350).map(|at| (at, i64::try_from(at).unwrap_or(0) + 15)).collect::<Vec<_>>());
        assert_eq!(site_rev(&store).await, 15);
    }
}

async fn site_rev(store: &PostgresStore) -> u64 {
    store.sites().await.expect("sites")[0].rev
}

#[tokio::test]
async fn writes_that_wait_for_each_other_both_succeed() {
    let [database, _] = databases();
    let (one, two) = (store(&database).await, store(&database).await);
    for site in ["s", "t"] {
        one.ensure_site(site).await.expect("a site");
    }
    let crossed = Arc::new(std::sync::Barrier::new(2));
    let write = |sites: [&'static str; 2]| {
        let (crossed, runs) = (Arc::clone(&crossed), AtomicU32::new(0));
        move |session: &dyn Session| {
            for (at, site) in sites.into_iter().enumerate() {
                let rev = sites::lock(session, site)?.rev;
                sites::set_rev(session, site, rev + 1)?;
                if at == 0 && runs.fetch_add(1, Ordering::Relaxed) == 0 {
                    crossed.wait();
                }
            }
            Ok(Decided::Keep(()))
        }
    };
    let lane = Lane::default;
    let both = tokio::join!(
        one.engine().write(lane(), write(["s", "t"])),
        two.engine().write(lane(), write(["t", "s"]))
    );
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_eq!(
        database.as_superuser("SELECT string_agg(rev::text, ',') FROM sites").expect("revisions"),
        "2,2"
    );
}
