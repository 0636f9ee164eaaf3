//! Encrypted connections: whom to trust, how to be known, and what their failures say.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt as _;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, OtherError, RootCertStore};

use crate::error::ReplayError;
use crate::route::TlsFiles;

/// The configuration for connections that are encrypted, or are not and need none.
///
/// The provider is named, so that it does not matter which others are linked, and none has to be
/// installed for the process.
pub(crate) fn client_config(is_https: bool, files: &TlsFiles) -> Result<ClientConfig, ReplayError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ReplayError::Tls(io::Error::other(error)))?;
    if !is_https {
        // Reading the system's certificates takes time, and may fail where nobody needs them.
        let builder = builder.with_root_certificates(RootCertStore::empty());
        return Ok(builder.with_no_client_auth());
    }
    let builder = match &files.authorities {
        Some(path) => builder.with_root_certificates(authorities(path)?),
        None => builder.with_native_roots().map_err(ReplayError::Tls)?,
    };
    let (certificate, key) = match (&files.client_certificate, &files.client_key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => {
            return Err(ReplayError::Settings(
                "a client certificate and its key go together: give both or none (--client-cert, --client-key)",
            ));
        }
    };
    let chain = certificates(certificate, CLIENT_CERTIFICATE)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| failure("client's private key", key, error))?;
    builder
        .with_client_auth_cert(chain, private)
        .map_err(|error| ReplayError::TlsFile {
            what: CLIENT_CERTIFICATE,
            path: certificate.clone(),
            source: io::Error::other(error),
        })
}

const CLIENT_CERTIFICATE: &str = "client certificate";
const AUTHORITIES: &str = "certificates of authorities";

fn authorities(path: &Path) -> Result<RootCertStore, ReplayError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path, AUTHORITIES)? {
        store
            .add(certificate)
            .map_err(|error| ReplayError::TlsFile {
                what: AUTHORITIES,
                path: path.to_owned(),
                source: io::Error::other(error),
            })?;
    }
    Ok(store)
}

fn certificates(
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, ReplayError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|error| failure(what, path, error))?
        .collect();
    let found = found.map_err(|error| failure(what, path, error))?;
    if found.is_empty() {
        return Err(failure(what, path, pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn failure(what: &'static str, path: &Path, error: pem::Error) -> ReplayError {
    let source = match error {
        pem::Error::Io(error) => error,
        pem::Error::NoItemsFound => io::Error::other("expected PEM text, found none of this kind"),
        other => io::Error::other(other.to_string()),
    };
    ReplayError::TlsFile {
        what,
        path: path.to_owned(),
        source,
    }
}

/// The error of the TLS library, in as many wraps of input and output as there are: those do not
/// name it as their cause.
pub(crate) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => tls_error(error.downcast_ref::<io::Error>()?.get_ref()?),
    }
}

/// Whether the receiver refused the connection for want of a client certificate that it takes. By
/// TLS 1.3 it says so only when the client thinks that the connection stands.
pub(crate) fn is_refusal(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
        )
    )
}

/// What an error says, for people.
pub(crate) fn tls_text(error: &rustls::Error) -> String {
    const REFUSED: &str = "the certificate of the receiver is refused";
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("{REFUSED}: no trusted authority has signed it")
        }
        // No variant of its own; the text is that of the library beneath.
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other)))
            if other.to_string() == "CaUsedAsEndEntity" =>
        {
            format!("{REFUSED}: it is self-signed, or that of an authority")
        }
        rustls::Error::InvalidCertificate(other) => format!("{REFUSED}: {other}"),
        rustls::Error::InvalidMessage(_) => {
            format!("what answers does not speak TLS: {error}")
        }
        refusal if is_refusal(refusal) => {
            format!("the receiver wants another client certificate, or one at all: {refusal}")
        }
        other => other.to_string(),
    }
}
