//! `serve` and `check-config`: the settings, and what becomes of them.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};
use ipnet::IpNet;
use server::backups::BackupPlan;
use server::clock::Clock;
use server::connections::{ConnectionLimits, TlsFiles};
use server::database::Database;
use server::http::{DeviceLimits, TrustedProxies};
use server::serve::{REVISION_POLL_MILLIS, ServeOptions, Server};
use server::store::MAX_WAITING_WRITES;

use crate::database_args::DatabaseArgs;
use crate::logging::LogArgs;
use crate::settings_file::Settings;
use crate::supabase_args::SupabaseArgs;
use crate::terminal::printable;

const MILLIS_A_SECOND: u64 = 1_000;
/// The option whose value is not printed.
const SECRET: &str = "supabase_jwt_secret";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
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
    #[arg(long, env = "LOTBOOK_RETENTION_DAYS", default_value_t = 90, value_name = "DAYS")]
    retention_days: u32,
    /// Upgrade a database of an earlier version without copying it first, for example because there is no room
    #[arg(long, env = "LOTBOOK_NO_UPGRADE_COPY")]
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
    /// Connections at once; the system's limit of open files may be lower
    #[arg(
        long,
        env = "LOTBOOK_MAX_CONNECTIONS",
        default_value_t = default_connections(),
        value_name = "CONNECTIONS"
    )]
    max_connections: NonZeroUsize,
    /// Seconds after which a connection without a request is closed; longer than the proxy keeps its own
    #[arg(
        long,
        env = "LOTBOOK_MAX_IDLE_SECONDS",
        default_value_t = ConnectionLimits::default().max_idle_millis / MILLIS_A_SECOND,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    max_idle_seconds: u64,
    /// Writes of devices that may wait for the database at once; devices beyond them are told when to come again (503)
    #[arg(
        long,
        env = "LOTBOOK_MAX_WAITING_WRITES",
        default_value_t = NonZeroUsize::new(MAX_WAITING_WRITES).unwrap_or(NonZeroUsize::MIN),
        value_name = "WRITES"
    )]
    max_waiting_writes: NonZeroUsize,
    /// A PEM file with the certificates of authorities that webhooks' receivers may have theirs from, beside those of the
    /// system, such as a company's own
    #[arg(long, env = "LOTBOOK_WEBHOOK_CA", value_name = "FILE")]
    webhook_ca: Option<PathBuf>,
    /// The address of the metrics for Prometheus, at /metrics, such as 127.0.0.1:9090; they have the names of sites
    #[arg(long, env = "LOTBOOK_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    backups: BackupArgs,
    #[command(flatten)]
    supabase: SupabaseArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
struct TlsArgs {
    /// The certificate for HTTPS, a PEM file with those that lead to its authority. New files are taken in by themselves
    #[arg(long, env = "LOTBOOK_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file
    #[arg(long, env = "LOTBOOK_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct BackupArgs {
    /// The folder for scheduled backups of a SQLite file; each is checked before the oldest is deleted
    #[arg(long, env = "LOTBOOK_BACKUP_DIR", value_name = "DIR")]
    backup_dir: Option<PathBuf>,
    /// The time from one scheduled backup to the next, in days, hours, minutes or seconds: 1d, 12h, 30m, 90s
    #[arg(long, env = "LOTBOOK_BACKUP_EVERY", default_value = "1d", value_name = "TIME", value_parser = time)]
    backup_every: Duration,
    /// The number of scheduled backups that are kept
    #[arg(long, env = "LOTBOOK_BACKUP_KEEP", default_value = "14", value_name = "BACKUPS")]
    backup_keep: NonZeroUsize,
}

fn default_connections() -> NonZeroUsize {
    NonZeroUsize::new(ConnectionLimits::default().max_connections).unwrap_or(NonZeroUsize::MIN)
}

/// A time such as `12h`, from a second to a year.
fn time(text: &str) -> Result<Duration, String> {
    let seconds = |unit: char| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    };
    let unit = text.chars().next_back().and_then(seconds);
    let number: Option<u64> = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse().ok());
    number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .filter(|seconds| (1..=366 * 24 * 60 * 60).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "it is a number with d, h, m or s, from 1s to 366d".to_owned())
}

impl ServeArgs {
    fn options(&self) -> Result<ServeOptions> {
        let TlsArgs { tls_cert, tls_key } = &self.tls;
        let tls = match (tls_cert, tls_key) {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (None, None) => None,
            (Some(_), None) => bail!("There is --tls-cert without --tls-key. Give both for HTTPS, or none."),
            (None, Some(_)) => bail!("There is --tls-key without --tls-cert. Give both for HTTPS, or none."),
        };
        let BackupArgs { backup_dir, backup_every, backup_keep } = &self.backups;
        Ok(ServeOptions {
            database: self.database.database()?.clone(),
            database_listen: self.database_listen.clone(),
            revision_poll: Duration::from_millis(REVISION_POLL_MILLIS),
            dist: self.dist.clone(),
            retention_days: self.retention_days,
            has_upgrade_copy: !self.no_upgrade_copy,
            proxies: TrustedProxies::new(&self.trusted_proxies),
            drain: Duration::from_secs(self.drain_seconds),
            supabase: self.supabase.options()?,
            clock: Clock::default(),
            device_limits: DeviceLimits::default(),
            connection_limits: ConnectionLimits {
                max_connections: self.max_connections.get(),
                max_idle_millis: self.max_idle_seconds.saturating_mul(MILLIS_A_SECOND),
            },
            max_waiting_writes: self.max_waiting_writes.get(),
            webhook_ca: self.webhook_ca.clone(),
            tls,
            metrics_listen: self.metrics_listen,
            backups: backup_dir.clone().map(|folder| BackupPlan {
                folder,
                every: *backup_every,
                keep: backup_keep.get(),
            }),
        })
    }
}

/// Serves until a signal.
pub(crate) async fn run(args: &ServeArgs) -> Result<()> {
    let options = args.options()?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let server = Server::bind(options, args.listen).await?;
    // The handlers come before the next line is printed: its reader may stop the server at once.
    let stop = stop_signal();
    println!("Listening on {scheme}://{}", server.address()?);
    if let Some(address) = server.metrics_address()? {
        println!("Metrics at http://{address}/metrics");
    }
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

/// Checks the settings and prints them.
pub(crate) fn check(
    args: &ServeArgs,
    cli: &Command,
    matches: &ArgMatches,
    settings: &Settings,
) -> Result<()> {
    args.options()?.check()?;
    let (command, found) = matches
        .subcommand_name()
        .and_then(|name| cli.find_subcommand(name))
        .zip(matches.subcommand().map(|(_, found)| found))
        .context("There is no command.")?;
    for (arg, name) in command.get_arguments().filter_map(|arg| Some((arg, arg.get_long()?))) {
        let id = arg.get_id().as_str();
        let Ok(Some(values)) = found.try_get_raw(id) else { continue };
        let values: Vec<String> = values.map(|value| shown(id, value)).collect();
        let source = found.value_source(id);
        let source = if source == Some(ValueSource::CommandLine) {
            "option"
        } else if source == Some(ValueSource::EnvVariable) {
            "environment"
        } else if settings.has(name) {
            "file"
        } else {
            "default"
        };
        println!("{name} = {} ({source})", printable(&values.join(", ")));
    }
    println!("The settings can be used.");
    Ok(())
}

/// A value without the password that it may have.
fn shown(id: &str, value: &std::ffi::OsStr) -> String {
    if id.starts_with("database") {
        return Database::from(value.to_owned()).to_string();
    }
    if id == SECRET {
        return "(hidden)".to_owned();
    }
    value.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_a_limit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("1d", 86_400)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "0s", "5", "1.5h", "-1h", "367d", "1w", "99999999999999999999d", "5µ"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
