//! Two servers on one PostgreSQL, through PgBouncer, behind a proxy with TLS: `deploy/compose.yaml`, its parts started by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use domain::{Action, LotRef, Product, Quantity};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_postgres::Postgres;
use uuid::Uuid;

use crate::serving::{Started, exchange, post, wait_for};
use crate::tls::{certificate, connect};
use crate::{run, text};

const NGINX: &str = "/usr/sbin/nginx";
const MISSING: &str =
    "nginx cannot be started. The test of two servers behind a proxy needs it: apt-get install nginx-light";
const MIME_TYPES: &str = "/etc/nginx/mime.types";
const CHANGES: u64 = 60;
/// Below the ports of outgoing connections.
const LOWEST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// nginx with `deploy/nginx.conf`. It is stopped on drop.
struct Proxy {
    child: Child,
    address: String,
}

impl Proxy {
    fn start(dir: &Path, certificate: &Path, key: &Path, servers: [&str; 2]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/nginx.conf");
        let mut conf = fs::read_to_string(source).expect("deploy/nginx.conf");
        let [cert, key] = [certificate, key].map(|file| file.to_str().expect("a path").to_owned());
        let folder = dir.to_str().expect("a path");
        let own = format!(
            "daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nworker_processes 1;\nuser root;"
        );
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
            .join(" ");
        for (from, to) in [
            ("worker_processes auto;", own.as_str()),
            ("access_log off;", &format!("access_log off; {temporary}")),
            ("server-a:8080", servers[0]),
            ("server-b:8080", servers[1]),
            ("listen 80;", &format!("listen 127.0.0.1:{};", free_port())),
            ("listen 443 ssl http2;", &format!("listen {address} ssl http2;")),
            ("/etc/nginx/tls/server.crt", &cert),
            ("/etc/nginx/tls/server.key", &key),
            ("/etc/nginx/mime.types", MIME_TYPES),
        ] {
            assert!(conf.contains(from), "{from} is not in deploy/nginx.conf");
            conf = conf.replace(from, to);
        }
        let file = dir.join("nginx.conf");
        fs::write(&file, conf).expect("a file");
        let child = Command::new(NGINX).arg("-p").arg(dir).arg("-c").arg(&file).stderr(Stdio::null()).spawn();
        let proxy = Self { child: child.expect(MISSING), address };
        wait_for("proxy", || std::net::TcpStream::connect(&proxy.address).ok());
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its workers end with it only if it is asked to stop.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A port that the system does not take for a connection of its own while a server is away.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).expect("a small number");
    loop {
        let port = LOWEST_PORT + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Two servers behind a proxy.
struct Site {
    dir: TempDir,
    servers: [Option<Started>; 2],
    ports: [u16; 2],
    /// The certificate that devices see.
    trusted: PathBuf,
    proxy: Proxy,
    url: String,
}

impl Site {
    fn start(url: &str) -> Self {
        let dir = TempDir::new().expect("a folder");
        let [trusted, key] = ["server.crt", "server.key"].map(|name| dir.path().join(name));
        certificate(&trusted, &key);
        let ports = [free_port(), free_port()];
        let [a, b] = ports.map(|port| format!("127.0.0.1:{port}"));
        let proxy = Proxy::start(dir.path(), &trusted, &key, [&a, &b]);
        let mut site = Self { dir, servers: [None, None], ports, trusted, proxy, url: url.to_owned() };
        site.serve(0);
        site.serve(1);
        site
    }

    fn serve(&mut self, at: usize) {
        let address = format!("127.0.0.1:{}", self.ports[at]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
        command.args(["serve", "--listen", &address, "--drain-seconds", "1"]).env("DATABASE_URL", &self.url);
        self.servers[at] = Some(Started::run(self.dir.path(), command));
    }

    /// Sends a request over TLS until it is answered with 200.
    fn ask(&self, request: &str) -> String {
        wait_for("answer", || {
            let stream = connect(&self.proxy.address, &self.trusted, &["http/1.1"]).ok()?;
            Some(exchange(stream, request)).filter(|answer| answer.starts_with("HTTP/1.1 200"))
        })
    }
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn each_change_is_booked_once_while_servers_come_and_go() {
    let database = Postgres::shared().expect("PostgreSQL").pooled_database().expect("a database");
    let mut site = Site::start(database.url());
    let url = Path::new(database.url());
    let code = text(&run(url, &["enrol"]).stdout);
    let code = code.rsplit('/').next().expect("a code").to_owned();
    let enrolled = site.ask(&post("/api/enrol", &format!("{{\"code\":\"{code}\",\"bearer\":true}}")));
    assert!(enrolled.to_lowercase().contains("strict-transport-security"), "{enrolled}");
    let token = body(&enrolled)["token"].as_str().expect("a token").to_owned();
    for seq in 1..=CHANGES {
        match seq {
            // Killed in the middle of its work, and back.
            15 => site.servers[0] = None,
            25 => site.serve(0),
            // Stopped in good order.
            35 => site.servers[1].as_ref().expect("a server").signal("-TERM"),
            50 => {
                // Its address is free once it has drained.
                let stopped = site.servers[1].as_mut().expect("a server");
                assert!(wait_for("end of a server", || stopped.ended()), "{}", stopped.log());
                site.serve(1);
            }
            _ => {}
        }
        let request = sync(&token, seq);
        let answer = body(&site.ask(&request));
        let receipt = &answer["receipts"][0];
        assert_eq!(
            (&receipt["seq"], &receipt["outcome"]["verdict"]),
            (&json!(seq), &json!("applied")),
            "{answer}"
        );
        // An answer that was lost on the way is asked for again.
        if seq % 10 == 0 {
            assert_eq!(&body(&site.ask(&request))["receipts"][0]["outcome"]["verdict"], "applied");
        }
    }
    let stock = database.as_superuser("SELECT sum(quantity), count(*) FROM inventory_lots").expect("a sum");
    assert_eq!(stock, format!("{}|1", (CHANGES - 1) * 1_000));
    let entries = database.as_superuser("SELECT count(*) FROM stock_ledger").expect("a count");
    assert_eq!(entries, (CHANGES - 1).to_string());
}

fn product() -> Product {
    Product {
        id: Uuid::from_u128(0xA1),
        sku: "A".to_owned(),
        barcode: String::new(),
        name: "Apple".to_owned(),
        unit: "each".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

/// The first request creates the product, each further one receives a piece of it.
fn sync(token: &str, seq: u64) -> String {
    let lot = LotRef::new(product().id, "L1", "A-1");
    let quantity = Quantity::units(1);
    let action = match seq {
        1 => Action::CreateProduct(product()),
        _ => Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None },
    };
    let mutation = json!({
        "seq": seq, "id": Uuid::from_u128(u128::from(seq)), "action": action, "author": "Ada", "captured_at": 0, "schema": 1,
    });
    let client = Uuid::from_u128(0xC1);
    let body = json!({ "protocol": 1, "client": client, "scope": "available", "max_rows": 1, "mutations": [mutation] });
    post("/api/sync", &body.to_string()).replacen(
        "\r\n\r\n",
        &format!("\r\nAuthorization: Bearer {token}\r\n\r\n"),
        1,
    )
}
