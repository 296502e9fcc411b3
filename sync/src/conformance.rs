//! What every [`Store`] has to do, as one suite over a small model of its own. Each implementation runs every case of
//! [`for_each_store_case`](crate::for_each_store_case) on a fresh, empty store of scope `all`.

mod random;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Identity, Model, Records, Refusal, RowKey, Rows, fold};
use crate::mutation::{Draft, Mutation, QueueState, UnixMillis};
use crate::protocol::{
    ALREADY_BOOKED, Cursor, Outcome, Progress, Receipt, Removal, ReplacedRange, Verdict, Versioned, WITHDRAWN,
};
use crate::store::{Commit, Committed, QueueVersion, Read, Store, StoreError};

/// Counters and labels: the smallest model with two tables, a prefix and an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters;

/// Adds to a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// The counter's key.
    pub key: String,
    /// How much.
    pub amount: i64,
}

/// A row of either table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterRow {
    /// A counter.
    Counter {
        /// Its key.
        key: String,
        /// Its value.
        value: i64,
    },
    /// A label, found by its colour.
    Label {
        /// Its key.
        key: String,
        /// Its colour.
        colour: String,
    },
}

impl Records for Counters {
    type Action = Add;
    type Row = CounterRow;
    const TABLES: &'static [&'static str] = &["counters", "labels"];
    const SCHEMA: u32 = 1;

    fn identify(row: &CounterRow) -> Identity {
        match row {
            CounterRow::Counter { key, .. } => {
                Identity { key: RowKey::new("counters", key), index_keys: Vec::new() }
            }
            CounterRow::Label { key, colour } => {
                Identity { key: RowKey::new("labels", key), index_keys: vec![format!("colour:{colour}")] }
            }
        }
    }
}

impl Model for Counters {
    type Effect = ();

    fn touches(action: &Add) -> Vec<RowKey> {
        vec![RowKey::new("counters", &action.key)]
    }

    fn creates(_: &Add) -> Option<RowKey> {
        None
    }

    fn apply(mutation: &Mutation<Add>, rows: &mut Rows<CounterRow>) -> Result<Vec<()>, Refusal> {
        let Add { key, amount } = mutation.action.clone();
        let row = rows.entry(RowKey::new("counters", &key)).or_insert(CounterRow::Counter { key, value: 0 });
        if let CounterRow::Counter { value, .. } = row {
            *value += amount;
        }
        Ok(Vec::new())
    }
}

/// A counter's row at a revision.
pub fn counter(key: &str, value: i64, rev: u64) -> Versioned<CounterRow> {
    Versioned { rev, row: CounterRow::Counter { key: key.to_owned(), value } }
}

/// A label's row at a revision.
pub fn label(key: &str, colour: &str, rev: u64) -> Versioned<CounterRow> {
    Versioned { rev, row: CounterRow::Label { key: key.to_owned(), colour: colour.to_owned() } }
}

/// A draft that adds `amount` to `key`, with an id made from `n`.
pub fn add(n: u128, key: &str, amount: i64) -> Draft<Add> {
    Draft {
        id: Uuid::from_u128(n),
        action: Add { key: key.to_owned(), amount },
        base: 0,
        author: "suite".to_owned(),
        captured_at: UnixMillis(5),
        depends_on: None,
        replaces: None,
    }
}

/// A commit of nothing that moves the cursor to `rev`.
pub fn commit(from: Cursor, rev: u64) -> Commit<CounterRow> {
    Commit {
        from,
        cursor: Cursor::Live { rev },
        receipts: Vec::new(),
        rows: Vec::new(),
        removed: Vec::new(),
        replaced: None,
        epoch: Uuid::from_u128(99),
        known_seq: 0,
        last_outcome_seq: 0,
        at: UnixMillis(9),
    }
}

/// The receipt of a mutation.
pub fn receipt(
    mutation: &Mutation<Add>,
    verdict: Verdict,
    rows: Vec<Versioned<CounterRow>>,
) -> Receipt<CounterRow> {
    let outcome = Outcome { verdict, code: String::new(), message: String::new(), rows, removed: Vec::new() };
    Receipt { seq: mutation.seq, id: mutation.id, outcome }
}

pub use random::shows_what_the_memory_store_shows;

type Checked = Result<(), StoreError>;

/// Enqueued mutations come back in order, numbered by rising `seq`, a batch at a time.
pub async fn keeps_the_queue_in_order<S: Store<Counters>>(store: &S) -> Checked {
    for n in 0..5 {
        store.enqueue(add(n, "a", 1)).await?;
    }
    let queue = store.queue().await?.records;
    assert!(queue.windows(2).all(|pair| pair[0].mutation.seq < pair[1].mutation.seq));
    assert_eq!(queue.iter().map(|record| record.mutation.id.as_u128()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let outbox = store.outbox(3).await?;
    assert_eq!((outbox.mutations.len(), outbox.pending), (3, 5));
    assert_eq!(outbox.scope, "all");
    Ok(())
}

/// A receipt takes the mutation out of the queue and its row in, in one step; another's receipt does nothing.
pub async fn acknowledges_only_what_the_receipt_names<S: Store<Counters>>(store: &S) -> Checked {
    let mine = store.enqueue(add(1, "a", 3)).await?;
    let mut foreign = receipt(&mine, Verdict::Applied, vec![counter("a", 9, 4)]);
    foreign.id = Uuid::from_u128(77);
    let done = store.commit(Commit { receipts: vec![foreign], ..commit(Cursor::Start, 4) }).await?;
    assert_eq!(done, Committed { advanced: true, ..Committed::default() });
    assert_eq!(store.queue().await?.records.len(), 1);
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, None);

    let right = receipt(&mine, Verdict::Applied, vec![counter("a", 3, 5)]);
    let done = store.commit(Commit { receipts: vec![right], ..commit(Cursor::Live { rev: 4 }, 5) }).await?;
    assert_eq!((done.acknowledged, store.queue().await?.records.len()), (1, 0));
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, Some(counter("a", 3, 5)));
    assert_eq!(store.journal(10).await?[0].mutation, mine);
    assert_eq!(store.outbox(1).await?.last_outcome_seq, mine.seq);
    Ok(())
}

/// A refused mutation stays for a person, is not sent again, and can be replaced or dropped once.
pub async fn keeps_refusals_for_a_person<S: Store<Counters>>(store: &S) -> Checked {
    let first = store.enqueue(add(1, "a", 3)).await?;
    let second = store.enqueue(add(2, "a", 4)).await?;
    let receipts = vec![
        receipt(&first, Verdict::Conflict, vec![counter("a", 8, 6)]),
        receipt(&second, Verdict::Rejected, vec![]),
    ];
    let done = store.commit(Commit { receipts, ..commit(Cursor::Start, 6) }).await?;
    assert_eq!((done.acknowledged, done.attention), (0, 2));
    assert!(
        store.queue().await?.records.iter().all(|record| matches!(record.state, QueueState::Attention(_)))
    );
    assert_eq!(store.outbox(9).await?.pending, 0);
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, Some(counter("a", 8, 6)));

    let again = store.settle(first.seq, Some(add(3, "a", 5))).await?.ok_or(StoreError::Gone)?;
    assert!(again.seq > second.seq);
    store.settle(second.seq, None).await?;
    assert_eq!(store.settle(second.seq, None).await, Err(StoreError::Gone));
    assert_eq!(store.outbox(9).await?.mutations, [again]);
    Ok(())
}

/// Rows and cursor are kept only from an answer to the store's own cursor, receipts from any answer.
pub async fn ignores_rows_of_an_overtaken_answer<S: Store<Counters>>(store: &S) -> Checked {
    let mine = store.enqueue(add(1, "b", 1)).await?;
    store.commit(Commit { rows: vec![counter("a", 2, 7)], ..commit(Cursor::Start, 7) }).await?;
    let late = Commit {
        rows: vec![counter("a", 1, 5), counter("c", 1, 5)],
        receipts: vec![receipt(&mine, Verdict::Applied, vec![counter("b", 1, 6)])],
        ..commit(Cursor::Start, 5)
    };
    let done = store.commit(late).await?;
    assert_eq!((done.advanced, done.acknowledged), (false, 1));
    assert_eq!(store.outbox(1).await?.cursor, Cursor::Live { rev: 7 });
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, Some(counter("a", 2, 7)));
    assert_eq!(store.get(&RowKey::new("counters", "b")).await?, Some(counter("b", 1, 6)));
    assert_eq!(store.get(&RowKey::new("counters", "c")).await?, None);
    Ok(())
}

/// Older revisions never replace or remove newer rows; removals and changes of the same answer both count.
pub async fn never_goes_back_to_an_older_revision<S: Store<Counters>>(store: &S) -> Checked {
    let rows = vec![counter("a", 1, 8), counter("b", 1, 3), counter("c", 1, 3)];
    store.commit(Commit { rows, ..commit(Cursor::Start, 8) }).await?;
    let removed = |key: &'static str, rev| Removal { table: "counters".into(), key: key.to_owned(), rev };
    let next = Commit {
        rows: vec![counter("a", 0, 4), counter("c", 2, 9)],
        removed: vec![removed("b", 9), removed("a", 7), removed("unknown", 9)],
        ..commit(Cursor::Live { rev: 8 }, 9)
    };
    store.commit(next).await?;
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 1, 8), counter("c", 2, 9)]);
    Ok(())
}

/// A snapshot's rows replace what stood in their range, and only that; it can go on from where it stopped.
pub async fn replaces_the_range_of_a_snapshot<S: Store<Counters>>(store: &S) -> Checked {
    let old = ["a", "b", "c", "d", "e"].map(|key| counter(key, 1, 1)).to_vec();
    store.commit(Commit { rows: old, ..commit(Cursor::Start, 1) }).await?;
    store.restart("some").await?;
    let part = |after: &str, through: Option<&str>| ReplacedRange {
        table: "counters".to_owned(),
        after: after.to_owned(),
        through: through.map(str::to_owned),
    };
    let middle = Cursor::Snapshot {
        rev: 5,
        table: "counters".to_owned(),
        after: "c".to_owned(),
        progress: Progress { done_rows: 2, total_rows: 3 },
    };
    let first = Commit {
        cursor: middle.clone(),
        rows: vec![counter("aa", 2, 5), counter("c", 2, 5)],
        replaced: Some(part("", Some("c"))),
        ..commit(Cursor::Start, 0)
    };
    store.commit(first).await?;
    let keys = |rows: Vec<Versioned<CounterRow>>| {
        rows.iter().map(|held| Counters::key(&held.row).key).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(store.scan("counters", "", "", 9).await?), "aa c d e");
    let outbox = store.outbox(1).await?;
    assert_eq!((outbox.cursor, outbox.scope.as_str()), (middle.clone(), "some"));

    let last =
        Commit { rows: vec![counter("dd", 2, 5)], replaced: Some(part("c", None)), ..commit(middle, 5) };
    store.commit(last).await?;
    assert_eq!(keys(store.scan("counters", "", "", 9).await?), "aa c dd");
    Ok(())
}

/// Many rows, in several commits and in no order, are found by key, prefix and index, and scanned in order by parts.
pub async fn finds_rows_by_key_prefix_and_index<S: Store<Counters>>(store: &S) -> Checked {
    let mut from = Cursor::Start;
    for part in 0..4_u64 {
        let ascending = (0..700).map(|n| (n * 37 + part * 113) % 2_800);
        let rows = ascending.flat_map(|n| {
            let colour = ["red", "green", "blue"][(n % 3) as usize];
            [
                counter(&format!("{:02}.{n:04}", n % 40), n as i64, part + 1),
                label(&format!("{n:04}"), colour, part + 1),
            ]
        });
        let next = commit(from, part + 1);
        from = next.cursor.clone();
        store.commit(Commit { rows: rows.collect(), ..next }).await?;
    }
    let all = store.scan("counters", "", "", usize::MAX).await?;
    assert!(all.windows(2).all(|pair| Counters::key(&pair[0].row) < Counters::key(&pair[1].row)));
    let of_prefix = store.scan("counters", "07.", "", usize::MAX).await?;
    let expected = all.iter().filter(|held| Counters::key(&held.row).key.starts_with("07."));
    assert!(of_prefix.iter().eq(expected) && !of_prefix.is_empty());
    let mut by_parts = Vec::new();
    while by_parts.len() < all.len() {
        let after = by_parts
            .last()
            .map_or(String::new(), |held: &Versioned<CounterRow>| Counters::key(&held.row).key);
        let part = store.scan("counters", "", &after, 300).await?;
        assert!(!part.is_empty() && part.len() <= 300);
        by_parts.extend(part);
    }
    assert_eq!(by_parts, all);
    let labels = store.scan("labels", "", "", usize::MAX).await?;
    let red = store.find("labels", "colour:red").await?;
    let expected = labels.iter().filter(|held| Counters::identify(&held.row).index_keys == ["colour:red"]);
    assert!(red.iter().eq(expected) && red.len() > 100);
    let key = Counters::key(&all[all.len() / 2].row);
    assert_eq!(store.get(&key).await?.as_ref(), all.get(all.len() / 2));
    assert_eq!(store.get(&RowKey::new("counters", "99.9999")).await?, None);
    Ok(())
}

/// A changed row is found by its new index key and no longer by its old one.
pub async fn keeps_the_index_in_step<S: Store<Counters>>(store: &S) -> Checked {
    store.commit(Commit { rows: vec![label("x", "red", 1)], ..commit(Cursor::Start, 1) }).await?;
    store.commit(Commit { rows: vec![label("x", "blue", 2)], ..commit(Cursor::Live { rev: 1 }, 2) }).await?;
    assert_eq!(store.find("labels", "colour:red").await?, []);
    assert_eq!(store.find("labels", "colour:blue").await?, [label("x", "blue", 2)]);
    Ok(())
}

/// When the server knows less than the device was told, what it lost goes back into the queue as it was.
pub async fn requeues_what_a_restored_server_lost<S: Store<Counters>>(store: &S) -> Checked {
    let first = store.enqueue(add(1, "a", 1)).await?;
    let second = store.enqueue(add(2, "a", 2)).await?;
    let receipts = [&first, &second].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts, ..commit(Cursor::Start, 9) }).await?;
    let (known_seq, last_outcome_seq) = (first.seq, second.seq);
    let restored = Commit { known_seq, last_outcome_seq, ..commit(Cursor::Live { rev: 9 }, 3) };
    assert_eq!(store.commit(restored).await?.requeued, 1);
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations, outbox.last_outcome_seq), (vec![second.clone()], first.seq));
    // The same told by an answer that was long under way, after more was acknowledged: all of it may be lost.
    let third = store.enqueue(add(3, "a", 3)).await?;
    let receipts = [&second, &third].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts, ..commit(Cursor::Live { rev: 3 }, 4) }).await?;
    let restored = Commit { known_seq, last_outcome_seq, ..commit(Cursor::Start, 3) };
    assert_eq!(store.commit(restored).await?.requeued, 2);
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations, outbox.last_outcome_seq), (vec![second, third], first.seq));
    Ok(())
}

/// Every change of the queue changes its version, and rows are read together with the version they go with.
pub async fn tells_which_queue_the_rows_go_with<S: Store<Counters>>(store: &S) -> Checked {
    let reads = [
        Read::Row(RowKey::new("counters", "b")),
        Read::Prefix { table: "counters", prefix: "a".to_owned(), limit: 2 },
        Read::Row(RowKey::new("counters", "none")),
    ];
    let mut versions = vec![store.queue().await?.version];
    let first = store.enqueue(add(1, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    let second = store.enqueue(add(2, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    assert_eq!(
        versions[2],
        QueueVersion { last_seq: second.seq, ..versions[1] },
        "what is added can be followed"
    );
    let rows = vec![counter("a1", 1, 3), counter("a2", 1, 3), counter("a3", 1, 3), counter("b", 1, 3)];
    let receipts = vec![receipt(&first, Verdict::Applied, vec![])];
    store.commit(Commit { rows, receipts, ..commit(Cursor::Start, 3) }).await?;
    let reading = store.read(&reads).await?;
    assert_eq!(reading.rows, [counter("b", 1, 3), counter("a1", 1, 3), counter("a2", 1, 3)]);
    assert_eq!(reading.queue_version, store.queue().await?.version);
    versions.push(reading.queue_version);
    store.withdraw(second.seq).await?;
    versions.push(store.read(&[]).await?.queue_version);
    let third = store.enqueue(add(3, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    let receipts = vec![receipt(&third, Verdict::Applied, vec![])];
    store.commit(Commit { receipts, ..commit(Cursor::Live { rev: 3 }, 3) }).await?;
    versions.push(store.queue().await?.version);
    let fourth = store.enqueue(add(4, "b", 1)).await?;
    assert_eq!(fourth.seq, third.seq + 1, "numbers go on though the last record has gone");
    versions.push(store.queue().await?.version);
    let is_new = |at: usize| !versions[..at].contains(&versions[at]);
    assert!((0..versions.len()).all(is_new), "{versions:?}");
    store.commit(Commit { rows: vec![counter("b", 5, 4)], ..commit(Cursor::Live { rev: 3 }, 4) }).await?;
    assert_eq!(Some(&store.queue().await?.version), versions.last(), "rows alone leave the queue as it is");
    Ok(())
}

/// An answer that was overtaken by another one knows of fewer receipts, and is no sign of a restored server.
pub async fn takes_no_overtaken_answer_for_a_restored_server<S: Store<Counters>>(store: &S) -> Checked {
    let first = store.enqueue(add(1, "a", 1)).await?;
    let second = store.enqueue(add(2, "a", 2)).await?;
    let both = [&first, &second].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts: both, ..commit(Cursor::Start, 9) }).await?;
    let late =
        Commit { receipts: vec![receipt(&first, Verdict::Applied, vec![])], ..commit(Cursor::Start, 8) };
    assert_eq!(store.commit(late).await?, Committed::default());
    assert_eq!(store.queue().await?.records, []);
    Ok(())
}

/// After a server was restored, a snapshot's rows count although the device holds newer revisions.
pub async fn a_snapshot_takes_newer_rows_back<S: Store<Counters>>(store: &S) -> Checked {
    store
        .commit(Commit {
            rows: vec![counter("a", 9, 150), counter("b", 9, 150)],
            ..commit(Cursor::Start, 150)
        })
        .await?;
    let range = ReplacedRange { table: "counters".to_owned(), after: String::new(), through: None };
    let restored = Commit {
        rows: vec![counter("a", 1, 90)],
        replaced: Some(range),
        ..commit(Cursor::Live { rev: 150 }, 100)
    };
    store.commit(restored).await?;
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 1, 90)]);
    Ok(())
}

/// An undone mutation stays until the server has told what became of it, and is no part of the view meanwhile.
pub async fn withdraws_what_may_have_been_sent<S: Store<Counters>>(store: &S) -> Checked {
    let sent = store.enqueue(add(1, "a", 1)).await?;
    assert_eq!(store.settle(sent.seq, None).await, Err(StoreError::Gone), "it waits for no person");
    store.withdraw(sent.seq).await?;
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.pending, outbox.mutations[0].withdrawn), (1, true));
    let view = fold::<Counters>(Rows::new(), &outbox.mutations, |_| true);
    assert_eq!(view.rows, Rows::new());
    // The answer to what was sent before it was undone says nothing of the undoing.
    let receipts = vec![receipt(&sent, Verdict::Applied, vec![])];
    let overtaken = store.commit(Commit { receipts, ..commit(Cursor::Start, 1) }).await?;
    assert_eq!((overtaken.acknowledged, store.outbox(9).await?.pending), (0, 1));
    for (verdict, code, is_left) in [
        (Verdict::Rejected, ALREADY_BOOKED, true),
        (Verdict::Rejected, "taken", false),
        (Verdict::Applied, WITHDRAWN, false),
    ] {
        let undone = store.enqueue(add(2, "a", 1)).await?;
        store.withdraw(undone.seq).await?;
        let mut told = receipt(&undone, verdict, vec![]);
        told.outcome.code = code.to_owned();
        store.commit(Commit { receipts: vec![told], ..commit(Cursor::Start, 1) }).await?;
        let left = store.queue().await?.records.into_iter().find(|record| record.mutation.seq == undone.seq);
        assert_eq!(left.is_some_and(|record| !record.is_pending()), is_left, "{code}");
        assert_eq!(
            store.withdraw(undone.seq).await,
            Err(StoreError::Gone),
            "that it came too late must be seen"
        );
    }
    // A server that lost the booking is asked anew.
    let last_outcome_seq = store.outbox(9).await?.last_outcome_seq;
    let restored = Commit { known_seq: 1, last_outcome_seq, ..commit(Cursor::Live { rev: 1 }, 1) };
    store.commit(restored).await?;
    let asked = store.outbox(9).await?.mutations;
    assert!(asked.len() > 1 && asked.iter().all(|mutation| mutation.withdrawn), "{asked:?}");
    Ok(())
}

/// Settings are kept and forgotten.
pub async fn keeps_settings<S: Store<Counters>>(store: &S) -> Checked {
    store.put_setting("theme", Some("dark")).await?;
    assert_eq!(store.setting("theme").await?.as_deref(), Some("dark"));
    store.put_setting("theme", None).await?;
    assert_eq!(store.setting("theme").await?, None);
    Ok(())
}

/// Each counter counts by itself and gives no number twice.
pub async fn counts_up<S: Store<Counters>>(store: &S) -> Checked {
    let given = [store.next_number("a").await?, store.next_number("b").await?, store.next_number("a").await?];
    assert_eq!(given, [1, 1, 2]);
    Ok(())
}

/// Calls `$run!(case)` for every case of the suite.
#[macro_export]
macro_rules! for_each_store_case {
    ($run:ident) => {
        $run!(keeps_the_queue_in_order);
        $run!(acknowledges_only_what_the_receipt_names);
        $run!(keeps_refusals_for_a_person);
        $run!(ignores_rows_of_an_overtaken_answer);
        $run!(never_goes_back_to_an_older_revision);
        $run!(replaces_the_range_of_a_snapshot);
        $run!(finds_rows_by_key_prefix_and_index);
        $run!(shows_what_the_memory_store_shows);
        $run!(keeps_the_index_in_step);
        $run!(requeues_what_a_restored_server_lost);
        $run!(tells_which_queue_the_rows_go_with);
        $run!(takes_no_overtaken_answer_for_a_restored_server);
        $run!(a_snapshot_takes_newer_rows_back);
        $run!(withdraws_what_may_have_been_sent);
        $run!(keeps_settings);
        $run!(counts_up);
    };
}
