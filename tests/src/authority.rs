//! An authority of a company's own, and certificates for servers on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// An authority that nobody trusts unless told so.
#[derive(Debug)]
pub struct Authority {
    dir: TempDir,
    own: CertificateFiles,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// If openssl cannot be run.
    pub fn new() -> Result<Self> {
        let dir = TempDir::new()?;
        let own = files(dir.path(), "authority");
        make(&own, &["-subj", "/CN=A company's authority", "-addext", "basicConstraints=critical,CA:TRUE"])?;
        Ok(Self { dir, own })
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &Path {
        &self.own.certificate
    }

    /// A certificate of it for `127.0.0.1`.
    ///
    /// # Errors
    /// If openssl cannot be run.
    pub fn certify(&self) -> Result<CertificateFiles> {
        let made = files(self.dir.path(), "certified");
        let (certificate, key) = (shown(&self.own.certificate), shown(&self.own.key));
        make(&made, &[&["-CA", &certificate, "-CAkey", &key], &OF_A_SERVER[..]].concat())?;
        Ok(made)
    }

    /// A certificate for `127.0.0.1` that is of no authority.
    ///
    /// # Errors
    /// If openssl cannot be run.
    pub fn self_signed(&self) -> Result<CertificateFiles> {
        let made = files(self.dir.path(), "self-signed");
        make(&made, &OF_A_SERVER)?;
        Ok(made)
    }
}

const OF_A_SERVER: [&str; 6] = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
];

fn files(dir: &Path, name: &str) -> CertificateFiles {
    CertificateFiles { certificate: dir.join(format!("{name}.crt")), key: dir.join(format!("{name}.key")) }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn make(files: &CertificateFiles, options: &[&str]) -> Result<()> {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "2"])
        .args(curve)
        .args(options)
        .arg("-out")
        .arg(&files.certificate)
        .arg("-keyout")
        .arg(&files.key)
        .output()?;
    ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
