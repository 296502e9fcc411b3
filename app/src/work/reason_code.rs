//! A reason in a stored form, by its code: for serde's `with`.

use domain::ReasonCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(
    reason: &Option<ReasonCode>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    reason.map(ReasonCode::code).serialize(serializer)
}

/// A code of another build is no reason.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ReasonCode>, D::Error> {
    let code = Option::<String>::deserialize(deserializer)?;
    Ok(code.as_deref().and_then(ReasonCode::from_code))
}
