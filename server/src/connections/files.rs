//! The system's limit of open files, which bounds the connections.

/// Files that are no connections: the database, the log, the app's files while they are sent.
const RESERVED_FILES: u64 = 256;
/// Below this, a site with some hundred devices may run out.
const FEW_CONNECTIONS: usize = 4_096;

/// Raises the soft limit of open files as far as it may be raised. Returns the connections that fit, at most `wanted`.
pub(crate) fn connections(wanted: usize) -> usize {
    let Some(files) = raised() else { return wanted };
    let room = files.saturating_sub(RESERVED_FILES).max(RESERVED_FILES / 2);
    let connections = wanted.min(usize::try_from(room).unwrap_or(usize::MAX));
    if connections < wanted.min(FEW_CONNECTIONS) {
        tracing::warn!(
            "The system lets this server open {files} files, so it serves {connections} connections at once. Raise the \
             limit: `ulimit -Hn`, or `LimitNOFILE=` in the systemd unit."
        );
    }
    connections
}

/// The soft limit, after it was raised to the hard one. None without a limit.
#[cfg(unix)]
fn raised() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    if current != maximum && setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current }
}

#[cfg(not(unix))]
fn raised() -> Option<u64> {
    None
}
