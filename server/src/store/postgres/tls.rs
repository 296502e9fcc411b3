//! TLS to the database.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::super::StoreFault;

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// All: the connection is encrypted, and whoever can redirect it can read it. So do other clients with
    /// `sslmode=require`.
    Anybody,
    /// Those that the system trusts.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

pub(super) fn config(trust: &Trust) -> Result<ClientConfig, StoreFault> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| StoreFault::Failed(error.to_string()))?;
    let roots = match trust {
        Trust::Anybody => {
            let verifier = Arc::new(AnyCertificate(provider));
            return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
        }
        Trust::System => roots("of the system", rustls_native_certs::load_native_certs().certs)?,
        Trust::File(file) => {
            let found = CertificateDer::pem_file_iter(file).and_then(|found| found.collect());
            let place = format!("in {}", file.display());
            roots(&place, found.map_err(|error| unusable(&place, &error))?)?
        }
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots(place: &str, certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, StoreFault> {
    let mut roots = RootCertStore::empty();
    // A system has some that no library reads.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(unusable(place, &"there are none")) } else { Ok(roots) }
}

fn unusable(place: &str, error: &dyn std::fmt::Display) -> StoreFault {
    let message = format!(
        "The certificates {place} cannot be used to verify the database: {error}. Name a PEM file with sslrootcert."
    );
    StoreFault::invalid("bad_database", message)
}

/// Believes every certificate, but only to whom has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
