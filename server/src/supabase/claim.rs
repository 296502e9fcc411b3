//! Where a token names the sites of a person.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// The claim that is read if no other one is named.
pub const DEFAULT_CLAIM: &str = "app_metadata.sites";
/// Names in a path, and the characters of each.
const MAX_NAMES: usize = 6;
const MAX_NAME_CHARS: usize = 63;
/// Sites of one person.
const MAX_SITES: usize = 1_000;
/// The claim that people can change themselves.
const OWN_METADATA: &str = "user_metadata";

/// The path of a claim, such as `app_metadata.sites`: names that are separated by dots. The claim is a site's name or a list of
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

impl FromStr for ClaimPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_name =
            |name: &String| (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(is_plain);
        if names.len() > MAX_NAMES || !names.iter().all(is_name) {
            return Err(format!("Write names that are separated by dots, such as {DEFAULT_CLAIM}."));
        }
        if names.first().is_some_and(|name| name == OWN_METADATA) {
            return Err(format!("People can change {OWN_METADATA} themselves. Use {DEFAULT_CLAIM}."));
        }
        Ok(Self(names))
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl ClaimPath {
    /// The path as the text of an array of PostgreSQL.
    pub(crate) fn as_array(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }

    /// The sites that the claims name.
    pub(super) fn sites(&self, claims: &Map<String, Value>) -> Vec<String> {
        let mut names = self.0.iter();
        let first = names.next().and_then(|name| claims.get(name));
        let found = names.fold(first, |value, name| value?.get(name));
        let named: Vec<&Value> = match found {
            Some(Value::Array(sites)) => sites.iter().collect(),
            Some(site) => vec![site],
            None => Vec::new(),
        };
        let sites = named.into_iter().filter_map(Value::as_str).filter(|site| !site.is_empty());
        sites.take(MAX_SITES).map(str::to_owned).collect()
    }
}
