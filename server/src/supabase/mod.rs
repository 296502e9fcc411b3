//! People whose tokens Supabase Auth has issued, and the sites that their tokens name.

mod claim;
mod crypto;
mod keys;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, bail};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use sync::UnixMillis;
use uuid::Uuid;

pub use claim::{ClaimPath, DEFAULT_CLAIM};
use keys::Keys;

/// A longer token is not looked at.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// A shorter secret could be guessed.
const MIN_SECRET_BYTES: usize = 32;
/// Difference between the clocks of Supabase and this server that is overlooked.
const LEEWAY_SECONDS: i64 = 60;
/// The audience and the role of people who have signed in. Supabase's own keys for programs are tokens without them.
const SIGNED_IN: &str = "authenticated";

/// The project whose tokens are accepted.
#[derive(Clone)]
pub struct SupabaseOptions {
    /// `https://PROJECT.supabase.co`.
    pub url: String,
    /// The secret of tokens that are signed with HS256; none if they are signed with keys that the project publishes.
    pub secret: Option<String>,
    /// Where tokens name sites.
    pub claim: ClaimPath,
}

/// Without the secret.
impl std::fmt::Debug for SupabaseOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SupabaseOptions").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The id in Supabase.
    pub(crate) id: Uuid,
    /// The sites that the token names; at least one.
    pub(crate) sites: Vec<String>,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenFault {
    /// The cause, as the end of a sentence.
    #[error("{0}")]
    Refused(String),
    /// The keys that it may be signed with cannot be fetched.
    #[error("the keys of Supabase cannot be fetched: {0}")]
    NoKeys(String),
}

impl TokenFault {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

/// Verifies tokens.
pub(crate) struct Tokens {
    issuer: String,
    secret: Option<DecodingKey>,
    keys: Keys,
    claim: ClaimPath,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(options: SupabaseOptions) -> Result<Self> {
        crypto::install();
        let SupabaseOptions { url, secret, claim } = options;
        let issuer = format!("{}/auth/v1", url.trim_end_matches('/'));
        let keys = Keys::new(&format!("{issuer}/.well-known/jwks.json"))?;
        if secret.as_ref().is_some_and(|secret| secret.len() < MIN_SECRET_BYTES) {
            bail!(
                "The JWT secret of Supabase is too short. Copy it from the project's settings, under JWT keys."
            );
        }
        let secret = secret.map(|secret| DecodingKey::from_secret(secret.as_bytes())).transpose();
        Ok(Self {
            issuer,
            secret: secret.context("The JWT secret of Supabase cannot be used.")?,
            keys,
            claim,
        })
    }

    /// The person whose token this is.
    pub(crate) async fn person(&self, token: &str, now: UnixMillis) -> Result<Person, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::refused("it is too long"));
        }
        let header = decode_header(token).map_err(|_| TokenFault::refused("it cannot be read"))?;
        let claims = match &self.secret {
            Some(secret) if header.alg == Algorithm::HS256 => self.claims(token, secret, Algorithm::HS256)?,
            _ if header.alg == Algorithm::HS256 => {
                return Err(TokenFault::refused("it is signed with a secret, and this server has none"));
            }
            _ => {
                let kid = header.kid.ok_or_else(|| TokenFault::refused("it does not name its key"))?;
                let (key, algorithm) = self.keys.key(&kid, now).await?;
                self.claims(token, &key, algorithm)?
            }
        };
        check_times(&claims, now)?;
        if claims.get("role").and_then(Value::as_str) != Some(SIGNED_IN) {
            return Err(TokenFault::refused("it is not of somebody who has signed in"));
        }
        let id = claims.get("sub").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok());
        let id = id.ok_or_else(|| TokenFault::refused("it does not name a person"))?;
        let sites = self.claim.sites(&claims);
        if sites.is_empty() {
            let why = format!("it names no site: {} of the user is not set", self.claim);
            return Err(TokenFault::refused(why));
        }
        Ok(Person { id, sites })
    }

    /// The claims of a token with a right signature.
    fn claims(
        &self,
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Map<String, Value>, TokenFault> {
        let mut validation = Validation::new(algorithm);
        // By this server's clock, which is a parameter.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.set_audience(&[SIGNED_IN]);
        validation.set_issuer(&[&self.issuer]);
        let decoded = decode(token, key, &validation);
        decoded.map(|decoded| decoded.claims).map_err(|error| TokenFault::refused(format!("{error}")))
    }
}

fn check_times(claims: &Map<String, Value>, now: UnixMillis) -> Result<(), TokenFault> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = now.0.div_euclid(1_000);
    let is_over = seconds("exp").is_none_or(|end| end.saturating_add(LEEWAY_SECONDS) <= now);
    let is_early = seconds("nbf").is_some_and(|begin| begin.saturating_sub(LEEWAY_SECONDS) > now);
    if is_over || is_early {
        return Err(TokenFault::refused("it has expired"));
    }
    Ok(())
}

/// Whether a bearer token has the form of a token of Supabase: those of devices have no dots.
pub(crate) fn is_token(text: &str) -> bool {
    text.split('.').count() == 3
}
