//! `lotbook-server`: the commands.

#![warn(clippy::wildcard_enum_match_arm)]

use std::fs;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use domain::CalendarDate;
use fast_qr::QRBuilder;
use server::clock::Clock;
use server::csv::Source;
use server::import::{ImportOptions, ImportReport, listed};
use server::serve::{ServeOptions, Server};
use server::store::sqlite::SqliteStore;
use server::store::{Device, Store};
use server::unsent::book_unsent;
use server::{DEFAULT_SITE, demo, enrolment, export, import};
use sync::{UnixMillis, Unsent};
use tracing_subscriber::EnvFilter;

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
const DEFAULT_LOG: &str = "info,tower_http=warn";

/// The Lotbook sync server: one binary and one SQLite file.
#[derive(Debug, Parser)]
#[command(name = "lotbook-server", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve devices and the app until Ctrl-C
    Serve(ServeArgs),
    /// Bring products, lots and expected deliveries in from CSV files
    ///
    /// Columns are found by their names in the header line. Products: sku, barcode, name, unit, price_minor,
    /// currency and, if you like, family, variant. Lots: sku, lot_code, location, quantity and, if you like,
    /// status, expires_on, received_on. Deliveries: number, supplier, expected_on, sku, quantity, a line for
    /// each product. A product is known by its SKU, a lot by product, lot code and location, a delivery by
    /// its number; importing a file again changes nothing, and what has come of a delivery stays.
    Import(ImportArgs),
    /// Write products, lots and deliveries to CSV files that `import` reads
    Export(ExportArgs),
    /// Print a link that enrols one device, once, within a day
    Enrol(EnrolArgs),
    /// List the devices that may sync
    Devices(SiteArgs),
    /// Shut a lost or retired device out
    Revoke(RevokeArgs),
    /// Book a file of unsent work that a device saved because it could not send it
    ///
    /// Booking it again, or the device sending the same work after all, changes nothing.
    ImportUnsent(ImportUnsentArgs),
    /// Fill an empty site with a small made-up warehouse
    Demo(SiteArgs),
    /// Forget rows deleted long ago; `serve` does it every hour
    Purge(PurgeArgs),
    /// Copy the database to a new file while it is in use
    Backup(BackupArgs),
}

#[derive(Debug, Args)]
struct DatabaseArgs {
    /// The SQLite file; it is created if need be
    #[arg(long, env = "LOTBOOK_DATABASE", value_name = "FILE")]
    database: PathBuf,
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
    /// The folder of the built app; without it only the API is served
    #[arg(long, env = "LOTBOOK_DIST", value_name = "DIR")]
    dist: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, env = "LOTBOOK_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How long deleted rows are remembered: devices that stay away longer load everything anew
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    retention_days: u32,
}

#[derive(Debug, Args)]
struct ImportArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file of products
    #[arg(long, value_name = "FILE", required_unless_present_any = ["lots", "deliveries"])]
    products: Option<PathBuf>,
    /// The file of lots
    #[arg(long, value_name = "FILE")]
    lots: Option<PathBuf>,
    /// The file of deliveries
    #[arg(long, value_name = "FILE")]
    deliveries: Option<PathBuf>,
    /// List bad lines and import the others; otherwise one bad line stops everything
    #[arg(long)]
    skip_bad: bool,
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
    /// Where devices reach the server
    #[arg(long, default_value = "http://localhost:8080", value_name = "URL")]
    base_url: String,
    /// What people call the device
    #[arg(long, default_value = "", value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Which one: the short name that `devices` lists, such as D07
    #[arg(long, value_name = "SHORT_NAME")]
    device: String,
}

#[derive(Debug, Args)]
struct ImportUnsentArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file that "Save unsent work" wrote on the device
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct PurgeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// How long deleted rows are remembered
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
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Cli::parse().command, Clock::default().now()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, now: UnixMillis) -> Result<()> {
    match command {
        Command::Serve(args) => serve(args).await,
        Command::Import(args) => run_import(args, now).await,
        Command::Export(args) => {
            let store = existing(&args.site.database.database)?;
            let ExportArgs { site, products, lots, deliveries } = args;
            let done = export::export(&store, &site.site, &products, &lots, deliveries.as_deref()).await?;
            println!("Exported {} products and {} lots.", done.products, done.lots);
            if deliveries.is_some() {
                println!("Exported {} lines of deliveries.", done.delivery_lines);
            }
            Ok(())
        }
        Command::Enrol(args) => enrol(args, now).await,
        Command::Devices(args) => devices(&args).await,
        Command::Revoke(args) => revoke(args, now).await,
        Command::ImportUnsent(args) => import_unsent(args, now).await,
        Command::Demo(args) => {
            let store = SqliteStore::open(&args.database.database)?;
            let report = demo::demo(&store, &args.site, now).await?;
            println!("The site \"{}\" has {} rows of demo data.", args.site, report.imported.added);
            Ok(())
        }
        Command::Purge(args) => {
            let before = now.0.saturating_sub(i64::from(args.retention_days) * MILLIS_A_DAY);
            let purged = existing(&args.database.database)?.purge(UnixMillis(before)).await?;
            println!("Forgot {purged} deleted rows.");
            Ok(())
        }
        Command::Backup(args) => {
            existing(&args.database.database)?.backup(&args.to).await?;
            println!("Copied the database to {}.", args.to.display());
            Ok(())
        }
    }
}

/// Opens an existing database. A mistyped path must not create a new one.
fn existing(file: &Path) -> Result<SqliteStore> {
    if !file.is_file() {
        bail!("There is no database {}. Check --database.", file.display());
    }
    Ok(SqliteStore::open(file)?)
}

async fn serve(args: ServeArgs) -> Result<()> {
    let ServeArgs { database, dist, listen, retention_days } = args;
    let options = ServeOptions { database: database.database, dist, retention_days, clock: Clock::default() };
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

async fn run_import(args: ImportArgs, now: UnixMillis) -> Result<()> {
    let ImportArgs { site, products, lots, deliveries, skip_bad } = args;
    let open = |path: Option<PathBuf>| path.as_deref().map(Source::open).transpose();
    let (products, lots, deliveries) = (open(products)?, open(lots)?, open(deliveries)?);
    let options = ImportOptions { site: site.site, products, lots, deliveries, skip_bad };
    let store = SqliteStore::open(&site.database.database)?;
    let ImportReport { imported, skipped, warnings } = import::import(&store, options, now).await?;
    for warning in warnings {
        eprintln!("Note: {warning}.");
    }
    if !skipped.is_empty() {
        eprintln!("Left out:\n{}", listed(&skipped));
    }
    println!(
        "Imported {} new and {} changed rows; {} were there already.",
        imported.added, imported.changed, imported.unchanged
    );
    Ok(())
}

async fn enrol(args: EnrolArgs, now: UnixMillis) -> Result<()> {
    let EnrolArgs { site, base_url, name } = args;
    let store = SqliteStore::open(&site.database.database)?;
    if site.site == DEFAULT_SITE {
        store.ensure_site(DEFAULT_SITE).await?;
    }
    let known = store.sites().await?;
    if !known.iter().any(|known| known.site == site.site) {
        bail!("There is no site \"{}\". Import something into it first.", site.site);
    }
    let code = enrolment::new_code(&store, &site.site, &name, now)
        .await
        .context("No code could be made for a device")?;
    let link = format!("{}/enrol/{code}", base_url.trim_end_matches('/'));
    println!("{link}");
    // For a device's camera. A program that reads the output gets the link alone.
    if io::stdout().is_terminal() {
        let code = QRBuilder::new(link.as_str()).build().context("No QR code could be made of the link")?;
        println!("\n{}", code.to_str());
    }
    Ok(())
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

async fn devices(args: &SiteArgs) -> Result<()> {
    let devices = existing(&args.database.database)?.devices(&args.site).await?;
    for Device { prefix, name, last_seen_at, .. } in &devices {
        println!("{prefix}  {name}  last seen {}", CalendarDate::of(*last_seen_at, 0));
    }
    println!("{} may sync.", counted(devices.len(), "device", "devices"));
    Ok(())
}

async fn revoke(args: RevokeArgs, now: UnixMillis) -> Result<()> {
    let store = existing(&args.site.database.database)?;
    let devices = store.devices(&args.site.site).await?;
    let Some(device) = devices.into_iter().find(|device| device.prefix.eq_ignore_ascii_case(&args.device))
    else {
        bail!("No device {} may sync. `lotbook-server devices` lists those that may.", args.device);
    };
    store.revoke(&args.site.site, device.device, now).await?;
    println!("{} ({}) is shut out. What it has not sent stays on it.", device.prefix, device.name);
    Ok(())
}

async fn import_unsent(args: ImportUnsentArgs, now: UnixMillis) -> Result<()> {
    let text =
        fs::read_to_string(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let unsent = Unsent::read(&text).with_context(|| {
        format!(
            "{} cannot be booked. Choose a whole file that the app saved; a newer app's needs a newer server",
            args.file.display()
        )
    })?;
    let store = existing(&args.site.database.database)?;
    let receipts = book_unsent(&store, &args.site.site, unsent, now).await?;
    let (booked, refused): (Vec<_>, Vec<_>) =
        receipts.iter().partition(|receipt| receipt.outcome.verdict.is_booked());
    for receipt in &refused {
        eprintln!("Entry {}: {}", receipt.seq, receipt.outcome.message);
    }
    let booked = counted(booked.len(), "entry is", "entries are");
    println!("{booked} booked, {} not.", counted(refused.len(), "is", "are"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!(counted(1, "device", "devices"), "1 device");
        assert_eq!([0, 2].map(|n| counted(n, "device", "devices")), ["0 devices", "2 devices"]);
    }
}
