//! Browser and device features: files, sound, storage, the wake lock, installing, and preferences stored
//! there.

pub(crate) mod csv;
pub(crate) mod download;
pub(crate) mod drafts;
pub(crate) mod feedback;
pub(crate) mod install;
pub(crate) mod preferences;
pub(crate) mod signed_in;
pub(crate) mod storage;
pub(crate) mod used_bins;
pub(crate) mod wake_lock;
pub(crate) mod wrong_pins;
