//! Notifications between servers.

use std::time::Duration;

use test_postgres::Database;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::super::sql::engine::{Decided, Engine as _, Lane};
use super::super::super::sql::session::Session;
use super::super::super::sql::sites;
use super::super::super::{Store as _, StoreFault};
use super::super::PostgresStore;
use super::{databases, store};

const PATIENCE: Duration = Duration::from_secs(20);
const LISTENERS: &str = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";

type Heard = UnboundedReceiver<(String, u64)>;

/// What a server hears.
fn hear(store: &PostgresStore, direct: Option<&str>) -> (Heard, JoinHandle<()>) {
    let (told, heard) = unbounded_channel();
    let listener = store.listener(direct).expect("a listener");
    let running = tokio::spawn(listener.run(move |site, rev| drop(told.send((site.to_owned(), rev)))));
    (heard, running)
}

/// The process that listens, once it is another one than `before`.
async fn listening(database: &Database, before: &str) -> String {
    for _ in 0..200 {
        let process = database.as_superuser(&format!("SELECT pid {LISTENERS}")).expect("processes");
        if !process.is_empty() && process != before {
            return process;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens");
}

/// The next revision of a site that is booked at `store`.
async fn book(store: &PostgresStore, site: &'static str) {
    let next = move |session: &dyn Session| {
        let rev = sites::lock(session, site)?.rev + 1;
        sites::set_rev(session, site, rev).map(Decided::Keep)
    };
    store.engine().write(Lane::of(site), next).await.expect("a revision");
}

async fn next(heard: &mut Heard) -> (String, u64) {
    timeout(PATIENCE, heard.recv()).await.expect("in time").expect("a listener")
}

#[tokio::test]
async fn revisions_that_are_kept_are_heard_by_other_servers() {
    for database in databases() {
        let (one, two) = (store(&database).await, store(&database).await);
        let direct = database.direct_url();
        let (mut heard, running) =
            hear(&two, Some(&direct).filter(|url| *url != database.url()).map(|url| &**url));
        let process = listening(&database, "").await;
        for site in ["s", "t \u{e4}'"] {
            one.ensure_site(site).await.expect("a site");
        }
        let undone = |session: &dyn Session| sites::set_rev(session, "s", 70).map(Decided::Undo);
        one.engine().write(Lane::of("s"), undone).await.expect("an undone write");
        let failed = |session: &dyn Session| -> Result<Decided<()>, StoreFault> {
            sites::set_rev(session, "s", 80)?;
            Err(StoreFault::invalid("no", "No."))
        };
        assert!(one.engine().write(Lane::of("s"), failed).await.is_err());
        let several = |session: &dyn Session| {
            sites::set_rev(session, "s", 1)?;
            sites::set_rev(session, "t \u{e4}'", 5).map(Decided::Keep)
        };
        one.engine().write(Lane::default(), several).await.expect("revisions");
        let mut both = [next(&mut heard).await, next(&mut heard).await];
        both.sort();
        assert_eq!(both, [("s".to_owned(), 1), ("t \u{e4}'".to_owned(), 5)]);

        let end = format!("SELECT count(pg_terminate_backend(pid)) {LISTENERS}");
        assert_eq!(database.as_superuser(&end).expect("ended"), "1");
        listening(&database, &process).await;
        book(&one, "s").await;
        assert_eq!(next(&mut heard).await, ("s".to_owned(), 2));
        running.abort();
    }
}

#[tokio::test]
async fn a_name_that_fits_into_no_notification_does_no_harm() {
    let [database, _] = databases();
    let store = store(&database).await;
    let (mut heard, running) = hear(&store, None);
    listening(&database, "").await;
    let long: &'static str = Box::leak("n".repeat(2_000).into_boxed_str());
    for site in [long, "s"] {
        store.ensure_site(site).await.expect("a site");
        book(&store, site).await;
    }
    assert_eq!(next(&mut heard).await, ("s".to_owned(), 1));
    running.abort();
}

#[tokio::test]
async fn nobody_listens_through_a_pooler() {
    let [_, database] = databases();
    let store = store(&database).await;
    let (mut heard, running) = hear(&store, None);
    timeout(PATIENCE, running).await.expect("it ends").expect("by itself");
    assert_eq!(heard.recv().await, None);
    let count = database.as_superuser(&format!("SELECT count(*) {LISTENERS}")).expect("a count");
    assert_eq!(count, "0");
}
