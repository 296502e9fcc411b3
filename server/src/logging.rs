//! The log, on the standard error.

use std::io::{self, IsTerminal as _};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

const DEFAULT_FILTER: &str = "info,tower_http=warn";

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The messages in the log, by level and module, such as info or info,tower_http=debug
    #[arg(long, env = "RUST_LOG", default_value = DEFAULT_FILTER, value_name = "FILTER", value_parser = filter)]
    log: String,
    /// The form of the log: lines for people, or an object of JSON in each line
    #[arg(long, env = "LOTBOOK_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LogFormat {
    #[default]
    Text,
    Json,
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Begins the log of `serve`.
pub(crate) fn begin(args: &LogArgs) {
    match args.log_format {
        LogFormat::Text => begin_text(EnvFilter::new(&args.log)),
        LogFormat::Json => tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_env_filter(EnvFilter::new(&args.log))
            .with_writer(io::stderr)
            .init(),
    }
}

/// Begins the log of the other commands.
pub(crate) fn begin_by_environment() {
    begin_text(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER)));
}

fn begin_text(filter: EnvFilter) {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
