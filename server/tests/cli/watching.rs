//! What the operator sees of a running server: the log, the metrics, the end.

use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::serving::{Started, exchange, get, post, wait_for};
use crate::{run, text};

/// Connects a device over HTTP. Returns its token.
fn connect(server: &Started, database: &std::path::Path) -> String {
    let link = text(&run(database, &["enrol"]).stdout);
    let code = link.rsplit('/').next().expect("a code");
    let stream = std::net::TcpStream::connect(&server.address).expect("a connection");
    let answer = exchange(stream, &post("/api/enrol", &format!("{{\"code\":\"{code}\",\"bearer\":true}}")));
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    body["token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
}

#[test]
fn the_log_names_the_request_and_its_device() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("stock.db");
    let path = database.to_str().expect("a path");
    let server = Started::new(
        dir.path(),
        &["--database", path, "--log-format", "json", "--log", "info,tower_http=debug"],
    );
    let token = connect(&server, &database);
    let headers = format!("Authorization: Bearer {token}\r\nX-Request-Id: from-the-proxy.7\r\n");
    let answer = get(&server.address, "/api/device", &headers);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("x-request-id: from-the-proxy.7\r\n"),
        "{answer}"
    );
    for bad in ["a b", "{\"x\":1}", &"a".repeat(65)] {
        let answer = get(&server.address, "/livez", &format!("X-Request-Id: {bad}\r\n"));
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id");
        assert_eq!(id.trim().len(), 36, "{bad} is not replaced: {answer}");
    }
    let line = wait_for("line of the request", || {
        let lines: Vec<Value> =
            server.log().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        lines
            .into_iter()
            .find(|line| line["span"]["id"] == "from-the-proxy.7" && line["span"]["device"].is_string())
    });
    let span = &line["span"];
    assert_eq!(
        (&span["site"], &span["route"], &span["method"]),
        (&"main".into(), &"/api/device".into(), &"GET".into()),
        "{line}"
    );
    assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    assert!(!server.log().contains(&token), "the token is in the log");
}

#[test]
fn the_metrics_have_their_own_address() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("stock.db");
    let path = database.to_str().expect("a path");
    let server = Started::new(dir.path(), &["--database", path, "--metrics-listen", "127.0.0.1:0"]);
    let token = connect(&server, &database);
    let device = get(&server.address, "/api/device", &format!("Authorization: Bearer {token}\r\n"));
    assert!(device.starts_with("HTTP/1.1 200"), "{device}");
    for (name, expected) in [
        ("lotbook_requests_total{route=\"/api/device\",status=\"2xx\"}", 1.0),
        ("lotbook_request_seconds_count{route=\"/api/enrol\",status=\"2xx\"}", 1.0),
        ("lotbook_refused_total{status=\"503\"}", 0.0),
        ("lotbook_writes_waiting", 0.0),
        ("lotbook_backup_timestamp_seconds", 0.0),
        ("lotbook_connections_accepted_total", 2.0),
    ] {
        assert!((server.metric(name) - expected).abs() < 0.5, "{name} = {}", server.metric(name));
    }
    wait_for("closed connections", || (server.metric("lotbook_connections") < 0.5).then_some(()));
    for (name, least) in [
        ("lotbook_batch_writes_count", 1.0),
        ("lotbook_received_bytes_total", 300.0),
        ("lotbook_sent_bytes_total", 300.0),
    ] {
        assert!(server.metric(name) >= least, "{name} = {}", server.metric(name));
    }
    assert!(server.get("/metrics").starts_with("HTTP/1.1 404"), "strangers can read the metrics");
    let other = get(server.metrics.as_deref().expect("metrics"), "/api/device", "");
    assert!(other.starts_with("HTTP/1.1 404"), "{other}");
}

/// A load balancer stops sending before the server stops listening.
#[test]
fn a_draining_server_is_not_ready_and_answers_until_the_end() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("stock.db");
    let path = database.to_str().expect("a path");
    let mut server = Started::new(dir.path(), &["--database", path, "--drain-seconds", "3"]);
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    server.signal("-TERM");
    let draining = wait_for("answer that it is draining", || {
        Some(server.get("/readyz")).filter(|answer| answer.starts_with("HTTP/1.1 503"))
    });
    assert!(draining.contains("\"draining\"") && draining.contains("retry-after: "), "{draining}");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"), "it does its work until it stops listening");
    assert!(server.ended().is_none());
    let ended = wait_for("end", || server.ended());
    assert!(ended && began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
}
