//! The certificate of the receiver.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate with its chain and private key, checked to belong together.
#[derive(Clone)]
pub struct TlsIdentity {
    config: Arc<ServerConfig>,
}

/// Why a certificate or key does not serve.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A file has no certificate.
    #[error("expected certificates in PEM form in {}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is there.
        #[source]
        source: pem::Error,
    },
    /// A file has no private key.
    #[error("expected a private key in PEM form in {}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is there.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key do not serve, or not together.
    #[error("failed to use the certificate with its key")]
    Pair(#[source] rustls::Error),
}

impl TlsIdentity {
    /// Reads a certificate, followed by those that lead to its authority, and its private key
    /// (PKCS#8, PKCS#1 or SEC1), in PEM form. Both may be the same file.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or does not hold what it should, or both do not belong together.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read {
                path: path.to_owned(),
                source,
            })
        };
        let no_certificate = |source| TlsError::Certificate {
            path: certificate.to_owned(),
            source,
        };
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(no_certificate)?;
        if chain.is_empty() {
            return Err(no_certificate(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|source| TlsError::Key {
            path: key.to_owned(),
            source,
        })?;
        // The provider is named, so that it does not matter which others are linked.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(..)")
    }
}
