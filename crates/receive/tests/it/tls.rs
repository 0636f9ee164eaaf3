//! TLS with a certificate of one's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use otolith_receive::{ReceiveOptions, Receiver, TlsError, TlsIdentity};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{JSON, raw};
use crate::{discarding, log, stop};

fn pem() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/self_signed.pem")
}

/// Trusts whoever has signed with the key of the certificate: that it is ours is not tested here.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Posts a log record over TLS; which protocol is spoken is agreed on by ALPN.
async fn post(address: std::net::SocketAddr, offered: &[&[u8]]) -> (Version, u16) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::post(format!("https://localhost:{}/v1/logs", address.port()))
        .header("host", "localhost")
        .header("content-type", JSON)
        .body(Full::new(Bytes::from(log("a"))))
        .unwrap();
    let io = TokioIo::new(stream);
    let response = if is_http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (version, status) = (response.version(), response.status().as_u16());
    response.into_body().collect().await.unwrap();
    (version, status)
}

#[test]
fn both_versions_of_http_are_agreed_on() {
    let options = ReceiveOptions {
        tls: Some(TlsIdentity::from_pem_files(&pem(), &pem()).unwrap()),
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    let address = receiver.addresses()[0];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let send = |offered: &[&[u8]]| runtime.block_on(post(address, offered));
    assert_eq!(send(&[b"h2", b"http/1.1"]), (Version::HTTP_2, 200));
    assert_eq!(send(&[b"http/1.1"]), (Version::HTTP_11, 200));
    assert_eq!(send(&[]), (Version::HTTP_11, 200));
    // Without TLS there is no answer that could be one of HTTP.
    let plain = raw(address, b"POST /v1/logs HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
    drop(runtime);
    let outcome = stop(receiver);
    assert_eq!(
        (outcome.requests.accepted, outcome.connections.tls_failed),
        (3, 1)
    );
}

#[test]
fn what_does_not_serve_as_certificate_or_key_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, "nothing\n").unwrap();
    let missing = dir.path().join("missing.pem");
    let check = |certificate: &Path, key: &Path| {
        TlsIdentity::from_pem_files(certificate, key)
            .map(|_| ())
            .unwrap_err()
    };
    assert!(matches!(check(&missing, &pem()), TlsError::Read { .. }));
    assert!(matches!(
        check(&empty, &pem()),
        TlsError::Certificate { .. }
    ));
    assert!(matches!(check(&pem(), &empty), TlsError::Key { .. }));
}
