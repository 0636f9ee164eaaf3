//! Receivers that cannot be talked to, though they can be reached.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use otolith_capture::Source;
use otolith_replay::{Ended, Outcome};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{log_line, options, replay};

/// A certificate for `localhost` that no authority has signed, and its key. Valid until 2126.
const SELF_SIGNED: &[u8] = include_bytes!("self_signed.pem");

/// What becomes of two requests to an address where each connection is served so.
fn outcome(scheme: &str, serve: fn(TcpStream)) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server: JoinHandle<()> = thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // The test ends the server by a connection without a word.
            if stream.peek(&mut [0]).unwrap() == 0 {
                return;
            }
            serve(stream);
        }
    });
    let lines: String = (0..2).map(|i| log_line(i, "x")).collect();
    let source = [Source::from_bytes("a", lines.into_bytes())];
    let outcome = replay(&source, &options(&format!("{scheme}://localhost:{port}")));
    drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
    server.join().unwrap();
    outcome
}

/// The run ends at the first attempt, with this code and text.
#[track_caller]
fn check(outcome: &Outcome, code: &str, text: &str) {
    assert_eq!(outcome.ended, Ended::Unreachable, "{outcome:?}");
    assert_eq!((outcome.retries, outcome.requests.accepted), (0, 0));
    let error = outcome.errors.iter().find(|error| error.code == code);
    let message = &error.unwrap_or_else(|| panic!("{outcome:?}")).message;
    assert!(message.contains(text), "{message}");
    assert!(!message.contains("client error"), "{message}");
}

fn speak_tls(stream: TcpStream) {
    let certificate = CertificateDer::from_pem_slice(SELF_SIGNED).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SELF_SIGNED).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let connection = ServerConnection::new(Arc::new(config)).unwrap();
    // The client goes away in the middle.
    let _ = StreamOwned::new(connection, stream).read(&mut [0]);
}

/// As servers of gRPC do: without waiting for a request.
fn speak_first(mut stream: TcpStream) {
    stream.write_all(b"\0\0\0\x04\0\0\0\0\0").unwrap();
    let _ = stream.read(&mut [0; 4096]);
}

fn speak_ssh(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
    stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").unwrap();
}

#[test]
fn a_certificate_that_is_not_trusted_is_named() {
    let outcome = outcome("https", speak_tls);
    check(
        &outcome,
        "tls_failed",
        "certificate of the receiver is refused: it is self-signed",
    );
    assert_eq!(outcome.bytes.on_the_wire, 0);
}

#[test]
fn tls_to_a_receiver_without_is_named() {
    let outcome = outcome("https", speak_ssh);
    check(&outcome, "tls_failed", "does not speak TLS");
}

#[test]
fn what_does_not_speak_http_is_named_and_not_asked_again() {
    let outcome = outcome("http", speak_ssh);
    check(&outcome, "not_http", "what answers is no HTTP/1.1");
}

#[test]
fn a_server_of_another_protocol_that_speaks_first_is_named() {
    let outcome = outcome("http", speak_first);
    check(&outcome, "not_http", "what answers is no HTTP/1.1");
}
