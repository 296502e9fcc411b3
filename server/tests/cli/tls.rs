//! HTTPS from files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::serving::{Started, exchange, post, wait_for};
use crate::{run, text};

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Writes a certificate for `localhost`, which it has signed itself, and its key.
pub(crate) fn certificate(certificate: &Path, key: &Path) {
    certificate_for(certificate, key, "2");
}

/// One that lasts for some days.
fn certificate_for(certificate: &Path, key: &Path, days: &str) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            days,
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-out"])
        .arg(certificate)
        .arg("-keyout")
        .arg(key)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", text(&made.stderr));
}

/// A connection of a client that believes one certificate, with its handshake done.
pub(crate) fn connect(address: &str, trusted: &Path, protocols: &[&str]) -> std::io::Result<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).expect("a certificate")).expect("a root");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(client, stream))
}

fn files(dir: &Path) -> [std::path::PathBuf; 3] {
    ["server.crt", "server.key", "stock.db"].map(|name| dir.join(name))
}

fn start(dir: &Path) -> Started {
    let [cert, key, database] = files(dir).map(|path| path.to_str().expect("a path").to_owned());
    let options = ["--database", &database, "--tls-cert", &cert, "--tls-key", &key];
    Started::new(dir, &[&options[..], &["--metrics-listen", "127.0.0.1:0"]].concat())
}

const ALIVE: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// An answer of `/livez` on a connection that stays open.
fn is_alive(stream: &mut Secure) -> bool {
    stream.write_all(ALIVE.as_bytes()).expect("a request");
    let mut answer = [0; 4096];
    let bytes = stream.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..bytes]).starts_with("HTTP/1.1 200")
}

#[test]
fn over_tls_there_are_http_2_hsts_and_a_cookie_of_the_host() {
    let dir = TempDir::new().expect("a folder");
    let [cert, key, database] = files(dir.path());
    certificate(&cert, &key);
    let server = start(dir.path());
    assert!(server.said.starts_with("Listening on https://127.0.0.1:"), "{}", server.said);
    let link = text(&run(&database, &["enrol"]).stdout);
    let code = link.rsplit('/').next().expect("a code");
    let stream = connect(&server.address, &cert, &["http/1.1"]).expect("TLS");
    let answer = exchange(stream, &post("/api/enrol", &format!("{{\"code\":\"{code}\"}}")));
    for part in
        ["HTTP/1.1 200", "strict-transport-security: max-age=31536000", "set-cookie: __Host-lotbook_device="]
    {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
    let mut stream = connect(&server.address, &cert, &["h2", "http/1.1"]).expect("TLS");
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    // The preface with empty settings; a frame of settings answers it.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("the preface");
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).expect("a frame");
    assert_eq!(frame[3], 4, "{frame:?}");
    // Plain HTTP gets nowhere, and does no harm.
    let plain = TcpStream::connect(&server.address).expect("a connection");
    assert!(!exchange(plain, ALIVE).contains("200 OK"));
    wait_for("failed handshake", || {
        (server.metric("lotbook_tls_handshakes_failed_total") >= 1.0).then_some(())
    });
}

/// When a certificate ends, in seconds since 1970.
fn end_of(certificate: &Path) -> f64 {
    let said = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().expect("the program runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let end = said("openssl", &["x509", "-noout", "-enddate", "-in", certificate.to_str().expect("a path")]);
    let date = end.strip_prefix("notAfter=").expect("an end").to_owned();
    said("date", &["--date", &date, "+%s"]).parse().expect("seconds")
}

#[test]
fn the_end_of_the_certificate_is_a_figure_and_a_warning_before() {
    let dir = TempDir::new().expect("a folder");
    let [cert, key, _] = files(dir.path());
    certificate_for(&cert, &key, "400");
    let server = start(dir.path());
    let shown = || server.metric("lotbook_tls_certificate_end_timestamp_seconds");
    wait_for("end of the certificate", || ((shown() - end_of(&cert)).abs() < 0.5).then_some(()));
    assert!(!server.log().contains("the TLS certificate ends soon"), "{}", server.log());
    certificate_for(&cert, &key, "13");
    wait_for("end of the new certificate", || ((shown() - end_of(&cert)).abs() < 0.5).then_some(()));
    let log = wait_for("warning", || {
        Some(server.log()).filter(|log| log.contains("the TLS certificate ends soon"))
    });
    assert!(log.contains("server.crt") && log.contains("days=12"), "{log}");
}

#[test]
fn new_files_are_taken_in_and_bad_ones_are_not() {
    let dir = TempDir::new().expect("a folder");
    let [cert, key, _] = files(dir.path());
    certificate(&cert, &key);
    let old = dir.path().join("old.crt");
    fs::copy(&cert, &old).expect("a copy");
    let server = start(dir.path());
    let mut open = connect(&server.address, &old, &[]).expect("TLS");
    assert!(is_alive(&mut open));

    certificate(&cert, &key);
    wait_for("new certificate", || connect(&server.address, &cert, &[]).ok());
    assert!(connect(&server.address, &old, &[]).is_err(), "the old certificate is still in use");
    assert!(is_alive(&mut open), "an open connection was dropped");

    // Another key does not belong to the certificate.
    let new = dir.path().join("new.crt");
    fs::copy(&cert, &new).expect("a copy");
    certificate(&dir.path().join("other.crt"), &key);
    wait_for("failed reload", || (server.metric("lotbook_tls_reloads_failed_total") >= 1.0).then_some(()));
    assert!(server.log().contains("The TLS files of before are still in use"), "{}", server.log());
    assert!(connect(&server.address, &new, &[]).is_ok(), "the last good files are not in use");

    // At once, when somebody asks.
    fs::write(&key, "no key").expect("a file");
    let failed = server.metric("lotbook_tls_reloads_failed_total");
    server.signal("-HUP");
    wait_for("failed reload", || (server.metric("lotbook_tls_reloads_failed_total") > failed).then_some(()));
    assert!(is_alive(&mut open) && connect(&server.address, &new, &[]).is_ok());
}
