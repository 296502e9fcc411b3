//! A running server with any options, and plain requests to it.

use std::io::{BufRead as _, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const MAX_WAIT_SECONDS: u64 = 60;
const LOOK_MILLIS: u64 = 50;

/// A server that is killed on drop. Its log is in a file.
pub(crate) struct Started {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// The first line that it prints.
    pub(crate) said: String,
    /// The address of the metrics, if it has been asked for them.
    pub(crate) metrics: Option<String>,
    log: PathBuf,
    /// Kept open: the server may print more.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Started {
    /// Starts `serve` with these options on a free port. `dir` is for its log.
    pub(crate) fn new(dir: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(options).env("RUST_LOG", "info");
        Self::run(dir, command)
    }

    /// Starts a command that ends in a server.
    pub(crate) fn run(dir: &Path, mut command: Command) -> Self {
        let log = (0..).map(|at| dir.join(format!("log-{at}"))).find(|log| !log.exists()).expect("a name");
        let errors = std::fs::File::create(&log).expect("a log");
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let said = lines.next().map(|line| line.expect("a line")).unwrap_or_default();
        let address = said.rsplit("//").next().unwrap_or_default().to_owned();
        let has_metrics = command.get_args().any(|arg| arg == "--metrics-listen");
        let metrics = has_metrics.then(|| lines.next().expect("a second line").expect("a line"));
        let metrics = metrics
            .map(|line| line.trim_end_matches("/metrics").rsplit('/').next().unwrap_or_default().to_owned());
        let started = Self { child, address, said, metrics, log, _output: lines };
        assert!(started.said.starts_with("Listening on "), "{:?}: {}", started.said, started.log());
        started
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        get(&self.address, path, "")
    }

    /// The value of a line of the metrics.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let page = get(self.metrics.as_deref().expect("metrics"), "/metrics", "");
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).trim().parse().expect("a number")
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<bool> {
        self.child.try_wait().expect("its state").map(|status| status.success())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Fails only if it has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request without a body, on a connection of its own. `headers` are complete lines. Returns head and body.
pub(crate) fn get(address: &str, path: &str, headers: &str) -> String {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(MAX_WAIT_SECONDS))).expect("a limit");
    exchange(stream, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"))
}

/// Sends a request and reads to the end of the connection.
pub(crate) fn exchange(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    // A connection that ends without a TLS goodbye has sent all it had.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A body as JSON to `POST`.
pub(crate) fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Lotbook: 1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Waits until something is there.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(MAX_WAIT_SECONDS) {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(LOOK_MILLIS));
    }
    panic!("there was no {what} within {MAX_WAIT_SECONDS} seconds")
}
