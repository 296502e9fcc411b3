//! Randomness from the operating system: ids, tokens and codes.

use crate::store::StoreFault;
use uuid::Uuid;

/// Cryptographically secure random bytes.
///
/// # Errors
/// [`StoreFault::Failed`] if the system provides none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], StoreFault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreFault::Failed(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// A random UUID.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn uuid() -> Result<Uuid, StoreFault> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid())
}

/// A random number.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn number() -> Result<u64, StoreFault> {
    Ok(u64::from_ne_bytes(bytes()?))
}
