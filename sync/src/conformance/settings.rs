//! Settings and counters.

use super::{Backend, Checked};
use crate::store::Store;

/// Settings are stored and removed.
pub async fn keeps_settings(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    store.put_setting("theme", Some("dark")).await?;
    assert_eq!(store.setting("theme").await?.as_deref(), Some("dark"));
    store.put_setting("theme", None).await?;
    assert_eq!(store.setting("theme").await?, None);
    Ok(())
}

/// Counters are independent, and no number is given twice.
pub async fn counts_up(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let given = [store.next_number("a").await?, store.next_number("b").await?, store.next_number("a").await?];
    assert_eq!(given, [1, 1, 2]);
    Ok(())
}
