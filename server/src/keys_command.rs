//! The commands `keys create`, `keys list` and `keys revoke`: their options and what they print.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::CalendarDate;
use server::api_keys::{KeyScope, names, new_key};
use server::store::ApiKey;
use sync::UnixMillis;

use crate::terminal::printable;
use crate::{SiteArgs, counted};

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key and print its secret, which is shown only once
    ///
    /// The secret alone goes to the standard output. Other systems send it with each request, as "Authorization: Bearer SECRET".
    /// Scopes: products:read, products:write, lots:read, lots:write, movements:read, deliveries:read, deliveries:write,
    /// orders:read, orders:write. docs/api.md describes what they open.
    Create(CreateArgs),
    /// List the keys of a site, with their scopes and their last use
    List(SiteArgs),
    /// Revoke a key: its next request is refused
    Revoke(RevokeKeyArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The other system's name, such as ERP: the author of what it books
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What the key may do; several are separated by commas
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
    scopes: Vec<KeyScope>,
}

#[derive(Debug, Args)]
struct RevokeKeyArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The key's name in the list of `keys list`
    #[arg(long, value_name = "NAME")]
    name: String,
}

pub(crate) async fn run(args: KeysArgs, now: UnixMillis) -> Result<()> {
    match args.command {
        KeysCommand::Create(args) => create(args, now).await,
        KeysCommand::List(args) => list(&args).await,
        KeysCommand::Revoke(args) => revoke(args, now).await,
    }
}

async fn create(args: CreateArgs, now: UnixMillis) -> Result<()> {
    let CreateArgs { site, name, scopes } = args;
    let store = site.database.database()?.open_current().await?;
    let (key, secret) =
        new_key(store.as_ref(), &site.site, &name, &scopes, now).await.context("No key could be made")?;
    eprintln!(
        "The key \"{}\" of site \"{}\" may do {}. Keep its secret now: it is not shown again.",
        printable(&key.name),
        printable(&key.site),
        names(&key.scopes, ", ")
    );
    println!("{secret}");
    Ok(())
}

async fn list(args: &SiteArgs) -> Result<()> {
    let store = args.database.database()?.open_to_read().await?;
    let keys = store.api_keys(&args.site).await?;
    for ApiKey { name, scopes, created_at, last_used_at, .. } in &keys {
        let day = |time: UnixMillis| CalendarDate::of(time, 0);
        let used =
            last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", day(at)));
        println!("{}  {}  made {}  {used}", printable(name), names(scopes, " "), day(*created_at));
    }
    println!("{}.", counted(keys.len(), "key", "keys"));
    Ok(())
}

async fn revoke(args: RevokeKeyArgs, now: UnixMillis) -> Result<()> {
    let RevokeKeyArgs { site, name } = args;
    let store = site.database.database()?.open_existing().await?;
    let keys = store.api_keys(&site.site).await?;
    let Some(key) = keys.into_iter().find(|key| key.name == name) else {
        bail!(
            "Site \"{}\" has no key \"{}\". `lotbook-server keys list` lists its keys.",
            printable(&site.site),
            printable(&name)
        );
    };
    store.revoke_key(&site.site, key.key, now).await?;
    println!("The key \"{}\" is revoked: its requests are refused from now on.", printable(&key.name));
    Ok(())
}
