//! `supabase-policies`: who signs in with Supabase reads the tables of the sites that the token names.

use anyhow::{Result, bail};
use clap::Args;
use server::database::Database;
use server::store::postgres::{PostgresStore, policies};
use server::supabase::{ClaimPath, DEFAULT_CLAIM};

use super::database_args::DatabaseArgs;

#[derive(Debug, Args)]
pub(crate) struct PoliciesArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The claim of a token that names the person's sites: one name or a list
    #[arg(long, env = "LOTBOOK_SUPABASE_CLAIM", default_value = DEFAULT_CLAIM, value_name = "PATH")]
    supabase_claim: ClaimPath,
    /// Print the SQL and change nothing
    #[arg(long)]
    print: bool,
}

pub(crate) async fn run(args: &PoliciesArgs) -> Result<()> {
    if args.print {
        print!("{}", policies(&args.supabase_claim));
        return Ok(());
    }
    let Database::Postgres(url) = args.database.database()? else {
        bail!("Policies are for PostgreSQL. Set --database to the URL of the project's database.");
    };
    let store = PostgresStore::open_current(url).await?;
    store.apply_policies(&args.supabase_claim).await?;
    println!("People who sign in read the sites that {} of their token names.", args.supabase_claim);
    Ok(())
}
