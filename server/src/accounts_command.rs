//! The commands `init` and `accounts`: their options and what they print.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use office_model::roles::{AccountRole, Grant, Grants};
use server::DEFAULT_SITE;
use server::office::{login_key, new_account, new_link};
use server::store::Store;
use server::store::office::{Account, Actor};
use sync::UnixMillis;

use crate::counted;
use crate::database_args::DatabaseArgs;
use crate::terminal::printable;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    link: LinkArgs,
    /// The login name of the first admin
    #[arg(long, default_value = "admin", value_name = "NAME")]
    login: String,
}

#[derive(Debug, Args)]
struct LinkArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The server's URL for browsers
    #[arg(long, default_value = "http://localhost:8080", value_name = "URL")]
    base_url: String,
}

#[derive(Debug, Args)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    command: AccountsCommand,
}

#[derive(Debug, Subcommand)]
enum AccountsCommand {
    /// List the accounts with their roles
    List(DatabaseArgs),
    /// Add an account and print the link where it gets its password; valid once, for an hour
    ///
    /// Roles: a viewer sees a site, a supervisor connects, renames and revokes its devices as well, an admin does everything there.
    Add(AddArgs),
    /// Print a new link for an account whose password is lost or whose link has expired
    ///
    /// Using it ends the account's sessions.
    Link(LinkForArgs),
    /// Close an account and end its sessions; its name stays taken, because the log has it
    Close(CloseArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    link: LinkArgs,
    /// The login name, such as ada@shop.example
    #[arg(long, value_name = "NAME")]
    login: String,
    /// viewer, supervisor or admin
    #[arg(long, value_name = "ROLE")]
    role: AccountRole,
    /// A site where the account has the role; several are separated by commas. Without one it has the role at every site
    #[arg(long = "site", value_name = "NAME", value_delimiter = ',')]
    sites: Vec<String>,
}

#[derive(Debug, Args)]
struct LinkForArgs {
    #[command(flatten)]
    link: LinkArgs,
    /// The login name in the list of `accounts list`
    #[arg(long, value_name = "NAME")]
    login: String,
}

#[derive(Debug, Args)]
struct CloseArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The login name in the list of `accounts list`
    #[arg(long, value_name = "NAME")]
    login: String,
}

impl LinkArgs {
    fn print(&self, path: &str) {
        println!("{}{path}", self.base_url.trim_end_matches('/'));
        eprintln!("The link sets a password, once, within an hour.");
    }
}

pub(crate) async fn init(args: InitArgs, now: UnixMillis) -> Result<()> {
    let store = args.link.database.database()?.open_current().await?;
    store.ensure_site(DEFAULT_SITE).await?;
    let known = store.accounts().await?;
    if known.iter().any(|account| account.has_password) {
        bail!(
            "There are accounts already: `lotbook-server accounts list` lists them. For a lost password use `lotbook-server accounts link`."
        );
    }
    let key = login_key(&args.login);
    let path = match known.into_iter().find(|account| login_key(&account.login) == key) {
        // Its first link has expired, or was lost.
        Some(account) => new_link(store.as_ref(), account.account, Actor::default(), now)
            .await?
            .context("The account is gone")?,
        None => {
            let grants = Grants(vec![Grant { site: None, role: AccountRole::Admin }]);
            new_account(store.as_ref(), &args.login, grants, Actor::default(), now).await?
        }
    };
    args.link.print(&path);
    Ok(())
}

pub(crate) async fn run(args: AccountsArgs, now: UnixMillis) -> Result<()> {
    match args.command {
        AccountsCommand::List(database) => list(&database).await,
        AccountsCommand::Add(AddArgs { link, login, role, sites }) => {
            let store = link.database.database()?.open_existing().await?;
            let grants = if sites.is_empty() {
                vec![Grant { site: None, role }]
            } else {
                sites.into_iter().map(|site| Grant { site: Some(site), role }).collect()
            };
            let path = new_account(store.as_ref(), &login, Grants(grants), Actor::default(), now)
                .await
                .context("No account could be added")?;
            link.print(&path);
            Ok(())
        }
        AccountsCommand::Link(LinkForArgs { link, login }) => {
            let store = link.database.database()?.open_existing().await?;
            let account = one(store.as_ref(), &login).await?;
            let path = new_link(store.as_ref(), account.account, Actor::default(), now).await?;
            link.print(&path.context("The account is gone")?);
            Ok(())
        }
        AccountsCommand::Close(CloseArgs { database, login }) => {
            let store = database.database()?.open_existing().await?;
            let account = one(store.as_ref(), &login).await?;
            store.close_account(account.account, Actor::default(), now).await?;
            println!("The account \"{}\" is closed, and its sessions have ended.", printable(&account.login));
            Ok(())
        }
    }
}

async fn list(database: &DatabaseArgs) -> Result<()> {
    let store = database.database()?.open_to_read().await?;
    let accounts = store.accounts().await?;
    for Account { login, grants, has_password, .. } in &accounts {
        let roles: Vec<String> = grants.0.iter().map(role_words).collect();
        let waits = if *has_password { "" } else { "  no password yet" };
        println!("{}  {}{waits}", printable(login), printable(&roles.join(", ")));
    }
    println!("{}.", counted(accounts.len(), "account", "accounts"));
    Ok(())
}

fn role_words(Grant { site, role }: &Grant) -> String {
    match site {
        Some(site) => format!("{role} at {site}"),
        None => format!("{role} at every site"),
    }
}

async fn one(store: &dyn Store, login: &str) -> Result<Account> {
    let key = login_key(login);
    let found = store.accounts().await?.into_iter().find(|account| login_key(&account.login) == key);
    found.with_context(|| {
        format!("There is no account \"{}\". `lotbook-server accounts list` lists them.", printable(login))
    })
}
