//! The options for people who sign in with Supabase.

use anyhow::{Result, bail};
use clap::Args;
use server::supabase::{ClaimPath, DEFAULT_CLAIM, SupabaseOptions};

#[derive(Debug, Args)]
pub(crate) struct SupabaseArgs {
    /// The address of a Supabase project, https://PROJECT.supabase.co: people who have signed in there may read the sites that
    /// their token names, and connect devices to them
    #[arg(long, env = "LOTBOOK_SUPABASE_URL", value_name = "URL")]
    supabase_url: Option<String>,
    /// The project's JWT secret, if its tokens are signed with one (HS256) and not with keys that it publishes. The environment
    /// variable LOTBOOK_SUPABASE_JWT_SECRET keeps it out of the list of processes
    #[arg(long, env = "LOTBOOK_SUPABASE_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    supabase_jwt_secret: Option<String>,
    /// The claim of a token that names the person's sites: one name or a list
    #[arg(long, env = "LOTBOOK_SUPABASE_CLAIM", default_value = DEFAULT_CLAIM, value_name = "PATH")]
    supabase_claim: ClaimPath,
}

impl SupabaseArgs {
    pub(crate) fn options(&self) -> Result<Option<SupabaseOptions>> {
        match (self.supabase_url.clone(), self.supabase_jwt_secret.clone()) {
            (Some(url), secret) => {
                Ok(Some(SupabaseOptions { url, secret, claim: self.supabase_claim.clone() }))
            }
            (None, Some(_)) => {
                bail!("--supabase-jwt-secret needs --supabase-url, the address of the project it is of.")
            }
            (None, None) => Ok(None),
        }
    }
}
