//! The server's rows: replacement and look-up.

use super::{Backend, Checked, CounterRow, Counters, add, commit, counter, label, receipt};
use crate::model::{Records, RowKey};
use crate::protocol::{Cursor, Progress, Removal, ReplacedRange, Verdict, Versioned};
use crate::store::{Commit, Store};

/// Rows and cursor are kept only from an answer to the store's own cursor; receipts are kept from any answer.
pub async fn ignores_rows_of_an_overtaken_answer(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
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

/// Older revisions never replace or remove newer rows; removals and changes of the same answer are both
/// applied.
pub async fn never_goes_back_to_an_older_revision(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
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

/// A snapshot's rows replace only the rows in their range; an interrupted snapshot can continue.
pub async fn replaces_the_range_of_a_snapshot(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
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

/// Many rows, from several commits in random order, are found by key, prefix and index, and scanned in key
/// order in parts.
pub async fn finds_rows_by_key_prefix_and_index(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
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
pub async fn keeps_the_index_in_step(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    store.commit(Commit { rows: vec![label("x", "red", 1)], ..commit(Cursor::Start, 1) }).await?;
    store.commit(Commit { rows: vec![label("x", "blue", 2)], ..commit(Cursor::Live { rev: 1 }, 2) }).await?;
    assert_eq!(store.find("labels", "colour:red").await?, []);
    assert_eq!(store.find("labels", "colour:blue").await?, [label("x", "blue", 2)]);
    Ok(())
}

/// After a restore of the server, a snapshot's rows replace rows with newer revisions on the device.
pub async fn a_snapshot_takes_newer_rows_back(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
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

/// `drop_rows` removes rows and cursor; queue, journal, settings and counters stay, and rows can be stored
/// again.
pub async fn drops_rows_and_nothing_else(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let booked = store.enqueue(add(1, "a", 1)).await?;
    let receipts = vec![receipt(&booked, Verdict::Applied, vec![counter("a", 1, 2)])];
    let rows = vec![counter("b", 1, 2), label("x", "red", 2)];
    store.commit(Commit { receipts, rows, ..commit(Cursor::Start, 2) }).await?;
    let waits = store.enqueue(add(2, "a", 1)).await?;
    store.put_setting("theme", Some("dark")).await?;
    store.next_number("n").await?;
    let journal = store.journal(9).await?;
    assert_eq!(journal.len(), 1);

    store.drop_rows("other").await?;
    for table in Counters::TABLES {
        assert_eq!(store.scan(table, "", "", 9).await?, [], "{table}");
    }
    assert_eq!(store.find("labels", "colour:red").await?, []);
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.cursor, outbox.scope.as_str()), (Cursor::Start, "other"));
    assert_eq!((outbox.mutations, outbox.last_outcome_seq), (vec![waits], booked.seq));
    assert_eq!(store.journal(9).await?, journal);
    assert_eq!(store.setting("theme").await?.as_deref(), Some("dark"));
    assert_eq!(store.next_number("n").await?, 2);
    store.commit(Commit { rows: vec![label("x", "red", 1)], ..commit(Cursor::Start, 3) }).await?;
    assert_eq!(store.find("labels", "colour:red").await?, [label("x", "red", 1)]);
    Ok(())
}
