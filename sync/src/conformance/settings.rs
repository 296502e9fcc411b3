//! Settings and counters.

use super::{Backend, Checked};
use crate::store::Store;

/// Settings are kept and forgotten.
pub async fn keeps_settings(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    store.put_setting("theme", Some("dark")).await?;
    assert_eq!(store.setting("theme").await?.as_deref(), Some("dark"));
    store.put_setting("theme", None).await?;
    assert_eq!(store.setting("theme").await?, None);
    Ok(())
}

/// Each counter counts by itself and gives no number twice.
pub async fn counts_up(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let given = [store.next_number("a").await?, store.next_number("b").await?, store.next_number("a").await?];
    assert_eq!(given, [1, 1, 2]);
    Ok(())
}
