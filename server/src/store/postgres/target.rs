//! Which database a URL names, and how it is connected to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::super::StoreFault;
use super::tls::{self, Trust};

const DEFAULT_PORT: u16 = 5432;
const APPLICATION_NAME: &str = "lotbook-server";
const CONNECT_TIMEOUT_MILLIS: u64 = 5_000;
/// Time after which a connection counts as lost if nothing that was sent is confirmed.
const UNCONFIRMED_TIMEOUT_MILLIS: u64 = 15_000;
/// Silence after which the server is asked whether it is there, the interval of further questions, and their number.
const KEEPALIVE_IDLE_MILLIS: u64 = 15_000;
const KEEPALIVE_INTERVAL_MILLIS: u64 = 5_000;
const KEEPALIVE_QUESTIONS: u32 = 3;

/// A database, and how it is connected to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Arc<ClientConfig>,
    /// For messages: without the password.
    pub(super) name: String,
}

impl Target {
    /// Parses `postgres://user:password@host:port/database`. Of the parameters behind a `?`, `sslmode` is `disable`, `prefer`,
    /// `require` or `verify-full`, and `sslrootcert` a file of certificates that replace those of the system.
    pub(super) fn parse(url: &str) -> Result<Self, StoreFault> {
        let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = Some(ssl_mode(value)?),
                Some(("sslrootcert", file)) => {
                    roots = Some(PathBuf::from(percent_decode_str(file).decode_utf8_lossy().as_ref()));
                }
                _ => rest.push(parameter),
            }
        }
        let unreadable =
            |error| bad_url(&format!("is no URL of a database: {}", super::fault::described(&error)));
        let mut config: Config = format!("{base}?{}", rest.join("&")).parse().map_err(unreadable)?;
        let (ssl_mode, is_verified) = mode.unwrap_or((SslMode::Prefer, false));
        let trust = match roots {
            Some(file) => Trust::File(file),
            None if is_verified => Trust::System,
            None => Trust::Anybody,
        };
        config.ssl_mode(ssl_mode);
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION_NAME);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MILLIS));
        }
        config
            .tcp_user_timeout(Duration::from_millis(UNCONFIRMED_TIMEOUT_MILLIS))
            .keepalives_idle(Duration::from_millis(KEEPALIVE_IDLE_MILLIS))
            .keepalives_interval(Duration::from_millis(KEEPALIVE_INTERVAL_MILLIS))
            .keepalives_retries(KEEPALIVE_QUESTIONS);
        let (name, tls) = (name(&config), tls::config(&trust)?);
        Ok(Self { config, tls: Arc::new(tls), name })
    }
}

/// The mode, and whether the server's certificate is verified.
fn ssl_mode(value: &str) -> Result<(SslMode, bool), StoreFault> {
    match value {
        "disable" => Ok((SslMode::Disable, false)),
        "prefer" => Ok((SslMode::Prefer, false)),
        "require" => Ok((SslMode::Require, false)),
        "verify-ca" | "verify-full" => Ok((SslMode::Require, true)),
        _ => Err(bad_url("has an unknown sslmode: use disable, prefer, require or verify-full")),
    }
}

/// `host:port/database`.
fn name(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
    let host = |(at, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(at)),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().or(config.get_user()).unwrap_or_default())
}

/// The URL itself is not shown: it has the password.
fn bad_url(what: &str) -> StoreFault {
    let message = format!(
        "The value of --database, DATABASE_URL or --database-listen {what}. Write postgres://user:password@host:5432/database."
    );
    StoreFault::invalid("bad_database", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_database_without_its_password() {
        let target = Target::parse("postgresql://ada:secret%21@db.example:6432/stock?sslmode=require");
        let target = target.expect("a target");
        assert_eq!(target.name, "db.example:6432/stock");
        assert_eq!(target.config.get_password(), Some(&b"secret!"[..]));
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(target.config.get_application_name(), Some("lotbook-server"));
        let plain = Target::parse("postgres://ada@db.example/stock?application_name=mine&connect_timeout=2");
        let plain = plain.expect("a target");
        assert_eq!(
            (plain.name.as_str(), plain.config.get_ssl_mode()),
            ("db.example:5432/stock", SslMode::Prefer)
        );
        assert_eq!(plain.config.get_application_name(), Some("mine"));
        assert_eq!(plain.config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        // A pooler of Supabase.
        let pooler = "postgres://postgres.abcd:p%40ss@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?sslmode=require";
        let pooler = Target::parse(pooler).expect("a target");
        assert_eq!(pooler.config.get_user(), Some("postgres.abcd"));
        assert_eq!(pooler.name, "aws-0-eu-central-1.pooler.supabase.com:6543/postgres");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_it() {
        for url in [
            "postgres://ada:secret@db.example/stock?sslmode=sometimes",
            "postgres://ada:secret@db.example:port/stock",
            "postgres://ada:secret@db.example/stock?no_such=1",
            "postgres://ada:secret@db.example/stock?sslmode=verify-full&sslrootcert=/no/such/file",
        ] {
            let message = Target::parse(url).expect_err(url).to_string();
            assert!(!message.contains("secret") && message.ends_with('.'), "{message}");
        }
    }
}
