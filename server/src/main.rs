//! `lotbook-server`: the commands.

#![warn(clippy::wildcard_enum_match_arm)]

mod accounts_command;
mod database_args;
mod import_command;
mod keys_command;
mod logging;
mod migrate_command;
mod people_command;
mod restore_command;
mod revoke_command;
mod serve_command;
mod settings_file;
mod supabase_args;
mod supabase_command;
mod terminal;
mod webhooks_command;

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use domain::CalendarDate;
use fast_qr::QRBuilder;
use server::clock::Clock;
use server::store::Device;
use server::store::sqlite::backup;
use server::unsent::book_unsent;
use server::{DEFAULT_SITE, demo, enrolment, export};
use sync::{UnixMillis, Unsent};

use database_args::DatabaseArgs;
use terminal::printable;

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
const MILLIS_A_MINUTE: u64 = 60 * 1_000;
/// A device's clock that is off by no more is right enough.
const MAX_CLOCK_ERROR_MILLIS: u64 = 5 * MILLIS_A_MINUTE;

/// The Lotbook sync server: one binary, with one SQLite file or a PostgreSQL database.
#[derive(Debug, Parser)]
#[command(name = "lotbook-server", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    /// A file of settings: the options of `serve` by their names, such as listen = "0.0.0.0:8080". Options and the environment
    /// count before it
    #[arg(long, env = "LOTBOOK_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app and the sync API until Ctrl-C
    Serve(serve_command::ServeArgs),
    /// Check the settings of `serve` and print them, with where each is from; nothing is opened or changed
    CheckConfig(serve_command::ServeArgs),
    /// Import products, lots and expected deliveries from CSV files
    ///
    /// Columns are identified by the names in the header line and separated by commas, semicolons or tabs.
    /// Products: sku, barcode, name, unit, price_minor, currency; optional: family, variant. Lots: sku,
    /// lot_code, location, quantity; optional: status, expires_on, received_on. Deliveries: number, supplier,
    /// expected_on, sku, quantity, with one line per product.
    ///
    /// A product is identified by its SKU, a lot by product, lot code and location, a delivery by its number.
    /// Received quantities of deliveries are kept. A lot gets the quantity in the file, even if goods were
    /// picked or received since the file was written: such changes are listed and have to be confirmed. A file
    /// that matches the stock changes nothing.
    Import(import_command::ImportArgs),
    /// Export products, lots and deliveries to CSV files for `import`
    Export(ExportArgs),
    /// Make the first admin of the office and print the link where the password is set; valid once, for an hour
    Init(accounts_command::InitArgs),
    /// List, add and close accounts of the office, and make links for lost passwords
    Accounts(accounts_command::AccountsArgs),
    /// Print a link that connects one device; valid once, for a day
    Enrol(EnrolArgs),
    /// List the connected devices
    Devices(SiteArgs),
    /// Disconnect a lost or retired device, or all of them
    Revoke(revoke_command::RevokeArgs),
    /// Make, list and revoke keys with which other systems use the API
    Keys(keys_command::KeysArgs),
    /// Add, list, change and import the people of a site
    People(people_command::PeopleArgs),
    /// List the settings that limit work at a site, or change one
    ///
    /// lock_minutes: minutes without a touch until a shared device locks itself, 0 for never. adjust_limit: the largest correction
    /// that a worker books alone. below_price and blocked_lot: the least role that sells below the price, or takes goods of a lot
    /// that is not available, without approval.
    Settings(people_command::SettingsArgs),
    /// List the goods that a site sent to others, and what came of them
    Transfers(SiteArgs),
    /// Book a file of unsent work that a device saved
    ///
    /// Booking it again changes nothing, even if the device sends the same work later.
    ImportUnsent(ImportUnsentArgs),
    /// Fill an empty site with a small demo warehouse
    Demo(SiteArgs),
    /// Purge tombstones of rows deleted long ago; `serve` does this every hour
    Purge(PurgeArgs),
    /// Back up the database to a new file, even while it is in use
    ///
    /// The tables keep their version: back up with the new server before it upgrades the database.
    Backup(BackupArgs),
    /// Tell other systems what is booked: create, list, remove and retry webhooks
    Webhooks(webhooks_command::WebhooksArgs),
    /// Move a SQLite file to an empty PostgreSQL database; the server must be stopped
    ///
    /// Every row is compared afterwards, and if anything differs, nothing is moved. Devices go on where they were.
    MigrateFrom(migrate_command::MigrateArgs),
    /// Let people who sign in with Supabase read their sites' tables; or print the SQL for it
    SupabasePolicies(supabase_command::PoliciesArgs),
    /// Put a backup in the place of the database; the server must be stopped
    ///
    /// The backup is checked first, and the old files are kept under another name. Devices send again what the backup lacks.
    /// Devices and codes that were revoked, enrolled or used since the backup are carried over from the security log, the file
    /// beside the database whose name ends in .security.
    Restore(restore_command::RestoreArgs),
}

#[derive(Debug, Args)]
struct SiteArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The site's short name
    #[arg(long, default_value = DEFAULT_SITE, value_name = "NAME")]
    site: String,
}

#[derive(Debug, Args)]
struct ExportArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file of products to write
    #[arg(long, value_name = "FILE")]
    products: PathBuf,
    /// The file of lots to write
    #[arg(long, value_name = "FILE")]
    lots: PathBuf,
    /// The file of deliveries to write
    #[arg(long, value_name = "FILE")]
    deliveries: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct EnrolArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The server's URL for devices
    #[arg(long, default_value = "http://localhost:8080", value_name = "URL")]
    base_url: String,
    /// The device's name, such as Forklift 2
    #[arg(long, default_value = "", value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
struct ImportUnsentArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file that "Back up unsent work" wrote on the device
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct PurgeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Days for which tombstones of deleted rows are kept
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    retention_days: u32,
}

#[derive(Debug, Args)]
struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match parse_and_run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", printable(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn parse_and_run() -> Result<()> {
    let settings = settings_file::load(&Cli::command(), "serve")?;
    let matches = settings.apply(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Command::CheckConfig(args) = &cli.command {
        return serve_command::check(args, &Cli::command(), &matches, &settings);
    }
    if let Command::Serve(args) = &cli.command {
        logging::begin(&args.log);
    } else {
        logging::begin_by_environment();
    }
    run(cli.command, Clock::default().now()).await
}

async fn run(command: Command, now: UnixMillis) -> Result<()> {
    match command {
        Command::Serve(args) => serve_command::run(&args).await,
        // It has no log.
        Command::CheckConfig(_) => Ok(()),
        Command::Import(args) => import_command::run(args, now).await,
        Command::Export(args) => {
            let store = args.site.database.database()?.open_to_read().await?;
            let ExportArgs { site, products, lots, deliveries } = args;
            let done =
                export::export(store.as_ref(), &site.site, &products, &lots, deliveries.as_deref()).await?;
            let (products, lots) =
                (counted(done.products, "product", "products"), counted(done.lots, "lot", "lots"));
            println!("Exported {products} and {lots}.");
            if deliveries.is_some() {
                println!("Exported {} of deliveries.", counted(done.delivery_lines, "line", "lines"));
            }
            Ok(())
        }
        Command::Init(args) => accounts_command::init(args, now).await,
        Command::Accounts(args) => accounts_command::run(args, now).await,
        Command::Enrol(args) => enrol(args, now).await,
        Command::Devices(args) => devices(&args).await,
        Command::Revoke(args) => revoke_command::run(args, now).await,
        Command::Keys(args) => keys_command::run(args, now).await,
        Command::People(args) => people_command::run(args, now).await,
        Command::Transfers(args) => people_command::transfers(&args).await,
        Command::Settings(args) => people_command::settings(args, now).await,
        Command::ImportUnsent(args) => import_unsent(args, now).await,
        Command::Demo(args) => {
            let store = args.database.database()?.open_current().await?;
            let report = demo::demo(store.as_ref(), &args.site, now).await?;
            println!("The site \"{}\" has {} rows of demo data.", args.site, grouped(report.imported.added));
            Ok(())
        }
        Command::Purge(args) => {
            let before = now.0.saturating_sub(i64::from(args.retention_days) * MILLIS_A_DAY);
            let store = args.database.database()?.open_existing().await?;
            let purged = store.purge(UnixMillis(before)).await?;
            println!("Purged {}.", counted(purged, "deleted row", "deleted rows"));
            Ok(())
        }
        Command::Backup(args) => {
            let database = args.database.database()?;
            let file = database.file()?;
            database.check_exists()?;
            backup(file, &args.to)?;
            println!("Copied the database to {}.", args.to.display());
            Ok(())
        }
        Command::Webhooks(args) => webhooks_command::run(args, now).await,
        Command::MigrateFrom(args) => migrate_command::run(&args).await,
        Command::SupabasePolicies(args) => supabase_command::run(&args).await,
        Command::Restore(args) => restore_command::run(&args, now),
    }
}

async fn enrol(args: EnrolArgs, now: UnixMillis) -> Result<()> {
    let EnrolArgs { site, base_url, name } = args;
    let store = site.database.database()?.open_current().await?;
    if site.site == DEFAULT_SITE {
        store.ensure_site(DEFAULT_SITE).await?;
    }
    let known = store.sites().await?;
    if !known.iter().any(|known| known.site == site.site) {
        bail!("There is no site \"{}\". Import something into it first.", site.site);
    }
    let code = enrolment::new_code(store.as_ref(), &site.site, &name, now)
        .await
        .context("No code could be created for a device")?;
    let link = enrolment::link(&base_url, &code, &name);
    println!("{link}");
    // For a device's camera. A program that reads the output gets the link alone.
    if io::stdout().is_terminal() {
        let code =
            QRBuilder::new(link.as_str()).build().context("No QR code could be created for the link")?;
        println!("\n{}", code.to_str());
    }
    Ok(())
}

/// A count with digit groups.
fn grouped(n: impl Display + Copy) -> String {
    domain::with_groups(&n.to_string())
}

fn counted(n: impl Display + Copy, one: &str, many: &str) -> String {
    let n = grouped(n);
    format!("{n} {}", if n == "1" { one } else { many })
}

async fn devices(args: &SiteArgs) -> Result<()> {
    let store = args.database.database()?.open_to_read().await?;
    let devices = store.devices(&args.site).await?;
    for Device { prefix, name, last_seen_at, clock_ahead_millis, .. } in &devices {
        let clock = clock_ahead_millis.and_then(clock_words).unwrap_or_default();
        let name = printable(name);
        println!("{prefix}  {name}  last seen {}{clock}", CalendarDate::of(*last_seen_at, 0));
    }
    println!("{} connected.", counted(devices.len(), "device", "devices"));
    Ok(())
}

/// How far a device's clock is off, if it is worth setting it.
fn clock_words(ahead_millis: i64) -> Option<String> {
    let off_millis = ahead_millis.unsigned_abs();
    if off_millis <= MAX_CLOCK_ERROR_MILLIS {
        return None;
    }
    let minutes = usize::try_from(off_millis / MILLIS_A_MINUTE).unwrap_or(usize::MAX);
    let off = match minutes {
        ..60 => counted(minutes, "minute", "minutes"),
        60..1_440 => counted(minutes / 60, "hour", "hours"),
        _ => counted(minutes / 1_440, "day", "days"),
    };
    Some(format!("  clock {off} {}", if ahead_millis > 0 { "ahead" } else { "behind" }))
}

async fn import_unsent(args: ImportUnsentArgs, now: UnixMillis) -> Result<()> {
    let text =
        fs::read_to_string(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let unsent = Unsent::read(&text).with_context(|| {
        format!(
            "{} cannot be booked. Choose a complete file that the app saved; one from a newer app needs a newer server",
            args.file.display()
        )
    })?;
    let store = args.site.database.database()?.open_existing().await?;
    let receipts = book_unsent(store.as_ref(), &args.site.site, unsent, now).await?;
    let (booked, refused): (Vec<_>, Vec<_>) =
        receipts.iter().partition(|receipt| receipt.outcome.verdict.is_booked());
    for receipt in &refused {
        eprintln!("Entry {}: {}", receipt.seq, printable(&receipt.outcome.message));
    }
    let booked = counted(booked.len(), "entry is", "entries are");
    println!("{booked} booked, {} not.", counted(refused.len(), "is", "are"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{clock_words, counted};

    #[test]
    fn a_clock_is_worth_a_word_from_five_minutes_on() {
        const MINUTE: i64 = 60_000;
        for (ahead, words) in [
            (0, None),
            (5 * MINUTE, None),
            (-5 * MINUTE, None),
            (6 * MINUTE, Some("  clock 6 minutes ahead")),
            (-90 * MINUTE, Some("  clock 1 hour behind")),
            (3 * 1_440 * MINUTE, Some("  clock 3 days ahead")),
            (-1_440 * MINUTE, Some("  clock 1 day behind")),
        ] {
            assert_eq!(clock_words(ahead).as_deref(), words, "{ahead}");
        }
        assert!(clock_words(i64::MIN).is_some() && clock_words(i64::MAX).is_some());
    }

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!(counted(1, "device", "devices"), "1 device");
        assert_eq!([0, 2].map(|n| counted(n, "device", "devices")), ["0 devices", "2 devices"]);
    }
}
