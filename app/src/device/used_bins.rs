//! The bins that were used on this device, so that an empty bin is not asked about as a new one. Stored by the browser.

use domain::location_key;

use crate::words::local_storage;

const KEY: &str = "lotbook.bins";
/// The least recently used ones are dropped beyond this number.
const MAX_USED_BINS: usize = 2_000;

/// The stored spelling of a bin that was used before.
pub(crate) fn find(code: &str) -> Option<String> {
    let wanted = location_key(code);
    load().into_iter().find(|bin| location_key(bin) == wanted)
}

/// Remembers a used bin.
pub(crate) fn remember(bin: &str) {
    let bins = with(load(), bin.trim());
    local_storage::keep(KEY, &bins);
}

/// All of them, the last used one last.
pub(crate) fn load() -> Vec<String> {
    local_storage::read(KEY).unwrap_or_default()
}

/// `bins` with `bin` as the last one.
fn with(mut bins: Vec<String>, bin: &str) -> Vec<String> {
    let key = location_key(bin);
    bins.retain(|known| location_key(known) != key);
    if !bin.is_empty() {
        bins.push(bin.to_owned());
    }
    let too_many = bins.len().saturating_sub(MAX_USED_BINS);
    bins.drain(..too_many);
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_used_bins_are_kept_once_each() {
        let bins = ["A-1", "B-2", "a-1", ""].into_iter().fold(Vec::new(), with);
        assert_eq!(bins, ["B-2", "a-1"]);
        let many = (0..=MAX_USED_BINS).fold(Vec::new(), |bins, at| with(bins, &format!("R-{at}")));
        assert_eq!((many.len(), many[0].as_str()), (MAX_USED_BINS, "R-1"));
    }
}
