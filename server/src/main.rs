//! `lotbook-server`: the commands.

#![warn(clippy::wildcard_enum_match_arm)]

mod database_args;
mod import_command;
mod keys_command;
mod migrate_command;
mod restore_command;
mod revoke_command;
mod supabase_args;
mod supabase_command;
mod terminal;
mod webhooks_command;

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use domain::CalendarDate;
use fast_qr::QRBuilder;
use ipnet::IpNet;
use server::clock::Clock;
use server::connections::ConnectionLimits;
use server::http::{DeviceLimits, TrustedProxies};
use server::serve::{REVISION_POLL_MILLIS, ServeOptions, Server};
use server::store::Device;
use server::store::sqlite::backup;
use server::unsent::book_unsent;
use server::{DEFAULT_SITE, demo, enrolment, export};
use sync::{UnixMillis, Unsent};
use tracing_subscriber::EnvFilter;

use database_args::DatabaseArgs;
use terminal::printable;

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
const MILLIS_A_MINUTE: u64 = 60 * 1_000;
/// A device's clock that is off by no more is right enough.
const MAX_CLOCK_ERROR_MILLIS: u64 = 5 * MILLIS_A_MINUTE;
const DEFAULT_LOG: &str = "info,tower_http=warn";

/// The Lotbook sync server: one binary, with one SQLite file or a PostgreSQL database.
#[derive(Debug, Parser)]
#[command(name = "lotbook-server", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app and the sync API until Ctrl-C
    Serve(ServeArgs),
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
    /// Print a link that connects one device; valid once, for a day
    Enrol(EnrolArgs),
    /// List the connected devices
    Devices(SiteArgs),
    /// Disconnect a lost or retired device, or all of them
    Revoke(revoke_command::RevokeArgs),
    /// Make, list and revoke keys with which other systems use the API
    Keys(keys_command::KeysArgs),
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
struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The URL of a direct connection to PostgreSQL, if --database goes through a pooler such as PgBouncer: changes at another
    /// server are heard of at once, and not within a second
    #[arg(long, env = "LOTBOOK_DATABASE_LISTEN", hide_env_values = true, value_name = "URL")]
    database_listen: Option<String>,
    /// The folder of the built app; without it only the API is served
    #[arg(long, env = "LOTBOOK_DIST", value_name = "DIR")]
    dist: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, env = "LOTBOOK_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Days for which tombstones of deleted rows are kept; devices offline for longer download all rows again
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    retention_days: u32,
    /// Upgrade a database of an earlier version without copying it first, for example because there is no room
    #[arg(long)]
    no_upgrade_copy: bool,
    /// A network of reverse proxies, such as 10.1.0.0/16, whose X-Forwarded-For and -Proto (or Forwarded) are believed; give
    /// it once for each. They must replace or extend what clients send
    #[arg(
        long = "trusted-proxy",
        env = "LOTBOOK_TRUSTED_PROXIES",
        value_name = "CIDR",
        value_delimiter = ',',
        default_values = ["127.0.0.0/8", "::1/128"]
    )]
    trusted_proxies: Vec<IpNet>,
    /// Seconds between the stop signal and the end of listening, for load balancers that watch /readyz
    #[arg(long, env = "LOTBOOK_DRAIN_SECONDS", default_value_t = 0, value_name = "SECONDS")]
    drain_seconds: u64,
    #[command(flatten)]
    supabase: supabase_args::SupabaseArgs,
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
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match run(Cli::parse().command, Clock::default().now()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", printable(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, now: UnixMillis) -> Result<()> {
    match command {
        Command::Serve(args) => serve(args).await,
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
        Command::Enrol(args) => enrol(args, now).await,
        Command::Devices(args) => devices(&args).await,
        Command::Revoke(args) => revoke_command::run(args, now).await,
        Command::Keys(args) => keys_command::run(args, now).await,
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

async fn serve(args: ServeArgs) -> Result<()> {
    let listen = args.listen;
    let options = ServeOptions {
        database: args.database.database()?.clone(),
        database_listen: args.database_listen,
        revision_poll: Duration::from_millis(REVISION_POLL_MILLIS),
        dist: args.dist,
        retention_days: args.retention_days,
        has_upgrade_copy: !args.no_upgrade_copy,
        proxies: TrustedProxies::new(&args.trusted_proxies),
        drain: Duration::from_secs(args.drain_seconds),
        supabase: args.supabase.options()?,
        clock: Clock::default(),
        device_limits: DeviceLimits::default(),
        connection_limits: ConnectionLimits::default(),
    };
    let server = Server::bind(options, listen).await?;
    // The handlers come before the next line is printed: its reader may stop the server at once.
    let stop = stop_signal();
    println!("Listening on http://{}", server.address()?);
    server.run(stop).await
}

/// Waits for Ctrl-C, or SIGTERM from a service manager. Signals count from this call on.
fn stop_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        #[cfg(unix)]
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        // Without a handler, run until the process is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
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
