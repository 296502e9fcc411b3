//! A model's rows and actions as text. Code that only stores or forwards rows never parses them: a snapshot
//! of hundreds of thousands of rows goes from the wire into the store unparsed.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::model::{Identity, Records, RowKey};

/// The records of `M`, unparsed.
pub struct Relay<M>(PhantomData<M>);

/// JSON as received.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// A value's JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        to_raw_value(value).map(Self)
    }

    /// The JSON's text, without a copy.
    pub fn into_text(self) -> Box<str> {
        self.0.into()
    }

    /// The JSON's text.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// A row as received, with its key and index keys.
pub struct RelayedRow<M> {
    identity: Identity,
    json: Json,
    model: PhantomData<M>,
}

impl<M: Records> RelayedRow<M> {
    /// A parsed row, to be forwarded.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of(row: &M::Row) -> Result<Self, serde_json::Error> {
        Ok(Self { identity: M::identify(row), json: Json::of(row)?, model: PhantomData })
    }
}

impl<M> Clone for RelayedRow<M> {
    fn clone(&self) -> Self {
        Self { identity: self.identity.clone(), json: self.json.clone(), model: PhantomData }
    }
}

impl<M> fmt::Debug for RelayedRow<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

impl<M> PartialEq for RelayedRow<M> {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl<M> Serialize for RelayedRow<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de, M: Records> Deserialize<'de> for RelayedRow<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let identity = M::identify_json(json.0.get()).map_err(D::Error::custom)?;
        Ok(Self { identity, json, model: PhantomData })
    }
}

impl<M: Records> Records for Relay<M> {
    type Action = Json;
    type Row = RelayedRow<M>;
    const TABLES: &'static [&'static str] = M::TABLES;
    const TABLES_VERSION: u32 = M::TABLES_VERSION;
    const SCHEMA: u32 = M::SCHEMA;
    const INDEX_VERSION: u8 = M::INDEX_VERSION;

    fn indexed_since(index_key: &str) -> u8 {
        M::indexed_since(index_key)
    }

    fn identify(row: &Self::Row) -> Identity {
        row.identity.clone()
    }

    fn key(row: &Self::Row) -> RowKey {
        row.identity.key.clone()
    }

    fn into_json(row: Self::Row) -> Result<(Identity, Box<str>), serde_json::Error> {
        Ok((row.identity, row.json.into_text()))
    }
}

impl<M> fmt::Debug for Relay<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Counters, label};

    #[test]
    fn a_relayed_row_is_stored_without_a_copy_of_its_text() {
        let sent = r#"{ "label": {"key":"a", "colour":"red"} }"#;
        let row: RelayedRow<Counters> = serde_json::from_str(sent).expect("a row");
        assert_eq!(Relay::<Counters>::key(&row), RowKey::new("labels", "a"));
        let text = row.json.text().as_ptr();
        let (identity, json) = Relay::<Counters>::into_json(row).expect("JSON");
        assert_eq!((&*json, json.as_ptr()), (sent, text));
        let (typed, written) = Counters::into_json(label("a", "red", 1).row).expect("JSON");
        assert_eq!((identity, Counters::identify_json(&written).expect("a row")), (typed.clone(), typed));
    }
}
