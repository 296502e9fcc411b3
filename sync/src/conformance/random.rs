//! Random commits, the same in every run, sent both to a store and to the memory store.

use uuid::Uuid;

use super::{Backend, Checked, CounterRow, Counters, commit, counter, label};
use crate::memory::MemoryStore;
use crate::model::{Records, RowKey};
use crate::protocol::{Cursor, Removal, ReplacedRange, Versioned};
use crate::store::{Commit, Store};

/// After any commits in any order, the store returns the same rows as the memory store.
pub async fn shows_what_the_memory_store_shows(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let model = MemoryStore::<Counters>::new(Uuid::from_u128(1), "all");
    let mut dice = Dice(0x1075_b00c);
    let mut from = Cursor::Start;
    for rev in 1..=30 {
        let next = match dice.roll(8) {
            0 => some_snapshot(&mut dice, from, rev),
            size => some_changes(&mut dice, from, rev, size * 200),
        };
        from = next.cursor.clone();
        assert_eq!(store.commit(next.clone()).await?, model.commit(next).await?);
        for _ in 0..5 {
            let key = RowKey::new("counters", dice.key());
            assert_eq!(store.get(&key).await?, model.get(&key).await?, "{key:?}");
            let (prefix, after) = (dice.key()[..1].to_owned(), dice.key());
            let rows = store.scan("counters", &prefix, &after, 700).await?;
            assert!(rows == model.scan("counters", &prefix, &after, 700).await?, "{prefix} after {after}");
            let colour = format!("colour:{}", dice.roll(2_000));
            assert_eq!(
                store.find("labels", &colour).await?,
                model.find("labels", &colour).await?,
                "{colour}"
            );
        }
    }
    for table in Counters::TABLES {
        let all = store.scan(table, "", "", usize::MAX).await?;
        assert!(all.len() > 1_000 && all == model.scan(table, "", "", usize::MAX).await?, "{table}");
    }
    Ok(())
}

/// A pseudo-random sequence (xorshift): the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn key(&mut self) -> String {
        format!("{:05}", self.roll(30_000))
    }

    fn row(&mut self, rev: u64) -> Versioned<CounterRow> {
        let rev = rev.saturating_sub(self.roll(3));
        match self.roll(3) {
            0 => label(&self.key(), &self.roll(2_000).to_string(), rev),
            _ => counter(&self.key(), i64::from(self.roll(9) == 1), rev),
        }
    }
}

fn some_changes(dice: &mut Dice, from: Cursor, rev: u64, size: u64) -> Commit<CounterRow> {
    let rows = (0..size).map(|_| dice.row(rev)).collect();
    let removed = (0..size / 10).map(|n| {
        let table = Counters::TABLES[usize::from(n % 2 == 0)];
        // Older than any later row: the removal of a row that is not stored need not be remembered.
        Removal { table: table.into(), key: dice.key(), rev: rev.saturating_sub(3 + dice.roll(3)) }
    });
    Commit { rows, removed: removed.collect(), ..commit(from, rev) }
}

/// A part of a snapshot, with rows whose revisions may be lower than the stored ones.
fn some_snapshot(dice: &mut Dice, from: Cursor, rev: u64) -> Commit<CounterRow> {
    let (one, other) = (dice.key(), dice.key());
    let (after, through) = if one < other { (one, other) } else { (other, one) };
    let mut keys: Vec<String> = (0..3_000).map(|_| dice.key()).collect();
    keys.retain(|key| *key > after && *key <= through);
    keys.sort_unstable();
    keys.dedup();
    let rows = keys.iter().map(|key| label(key, &dice.roll(2_000).to_string(), rev / 2));
    let range = ReplacedRange { table: "labels".to_owned(), after, through: Some(through) };
    Commit { rows: rows.collect(), replaced: Some(range), ..commit(from, rev) }
}
