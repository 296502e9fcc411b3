//! The rights of Supabase's clients on the tables: its role `authenticated` reads rows of the sites that the token names,
//! its role `anon` nothing. Databases without these roles are not changed.

use deadpool_postgres::Object;

use super::super::StoreFault;
use super::fault::described;
use super::pool::Pool;
use super::schema::unusable;
use crate::supabase::ClaimPath;

/// Takes all privileges from Supabase's clients, if the database has their roles. Part of every migration, because Supabase
/// gives them all privileges on every new table.
pub(super) const CLOSED: &str = include_str!("../../../supabase/closed.sql");
const READABLE: &str = include_str!("../../../supabase/readable.sql");
const HAS_ROLES: &str = "SELECT count(*) = 2 FROM pg_roles WHERE rolname IN ('anon', 'authenticated')";

/// The statements that let people read the sites that a claim names; they can be run again.
pub fn policies(claim: &ClaimPath) -> String {
    format!("BEGIN;\n{CLOSED}\n{}COMMIT;\n", READABLE.replace("{claim}", &claim.as_array()))
}

pub(super) async fn apply(pool: &Pool, claim: &ClaimPath) -> Result<(), StoreFault> {
    let client = pool.connect().await.map_err(|error| unusable(&pool.name, &error))?;
    let applied = async {
        let roles = client.query_typed(HAS_ROLES, &[]).await?;
        if !roles.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
            return Ok(false);
        }
        client.batch_execute(&policies(claim)).await.map(|()| true)
    };
    match applied.await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = format!(
                "The database {} has no roles anon and authenticated, so it is none of Supabase. Nothing was changed.",
                pool.name
            );
            Err(StoreFault::invalid("no_supabase", message))
        }
        Err(error) => {
            // It may be in the failed transaction.
            drop(Object::take(client));
            Err(unusable(&pool.name, &described(&error)))
        }
    }
}
