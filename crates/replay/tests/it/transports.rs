//! Every protocol, version of HTTP, compression and way of trust: what arrives, and how.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Version;
use otolith_capture::{Signal, Source};
use otolith_replay::{
    Compression, Ended, Endpoint, Headers, HttpVersion, NoWatch, Protocol, ReplayError,
    ReplayOptions, Route, TlsFiles, plan,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::sink::{Answer, GRPC_OK, OK, Received, Serving, Sink};
use crate::{log_line, options, replay, testdata};

fn lines(count: u64) -> [Source; 1] {
    let lines: String = (0..count).map(|i| log_line(i, "x")).collect();
    [Source::from_bytes("a", lines.into_bytes())]
}

fn with(sink: &Sink, protocol: Protocol) -> ReplayOptions {
    ReplayOptions {
        protocol,
        ..options(&sink.url())
    }
}

/// What a body says once compression and framing are undone.
fn message(request: &Received, compression: Compression, protocol: Protocol) -> Vec<u8> {
    let mut body = &*request.body;
    if protocol == Protocol::Grpc {
        let (prefix, rest) = body.split_first_chunk::<5>().unwrap();
        assert_eq!(prefix[0], u8::from(compression != Compression::None));
        let len: [u8; 4] = prefix[1..].try_into().unwrap();
        assert_eq!(u32::from_be_bytes(len) as usize, rest.len());
        body = rest;
    }
    let header = match protocol {
        Protocol::Grpc => "grpc-encoding",
        _ => "content-encoding",
    };
    let header = request.headers.get(header).map(|v| v.to_str().unwrap());
    let mut message = Vec::new();
    match compression {
        Compression::None => {
            assert_eq!(header, None);
            message.extend(body);
        }
        Compression::Gzip => {
            assert_eq!(header, Some("gzip"));
            let mut decoder = flate2::read::GzDecoder::new(body);
            decoder.read_to_end(&mut message).unwrap();
        }
        Compression::Zstd => {
            assert_eq!(header, Some("zstd"));
            message = zstd::decode_all(body).unwrap();
        }
    }
    message
}

fn answer(protocol: Protocol) -> Answer {
    match protocol {
        Protocol::Grpc => GRPC_OK,
        _ => OK,
    }
}

#[test]
fn real_protobuf_passes_byte_for_byte_in_every_compression() {
    let sources = || testdata("captures/claude-http/file-exporter-proto");
    let plain = Sink::accepting();
    assert!(replay(&sources(), &options(&plain.url())).is_clean());
    let plain: Vec<Vec<u8>> = plain.received().iter().map(|r| r.body.to_vec()).collect();
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for level in [None, Some(9)] {
                let sink = Sink::new(move |_| answer(protocol));
                let options = ReplayOptions {
                    compression,
                    compression_level: level,
                    ..with(&sink, protocol)
                };
                let outcome = replay(&sources(), &options);
                assert!(outcome.is_clean(), "{outcome:?}");
                let found: Vec<Vec<u8>> = sink
                    .received()
                    .iter()
                    .map(|r| message(r, compression, protocol))
                    .collect();
                assert!(found == plain, "{protocol} {compression:?}");
                let wire: usize = sink.received().iter().map(|r| r.body.len()).sum();
                assert_eq!(outcome.bytes.on_the_wire, wire as u64);
            }
        }
    }
}

#[test]
fn levels_that_are_none_are_refused() {
    let sink = Sink::accepting();
    for (compression, level) in [(Compression::Gzip, 10), (Compression::Zstd, 23)] {
        let options = ReplayOptions {
            compression,
            compression_level: Some(level),
            ..options(&sink.url())
        };
        let error = refused(&options);
        assert!(matches!(error, ReplayError::Settings(_)), "{error}");
    }
}

fn refused(options: &ReplayOptions) -> ReplayError {
    // Before anything is read.
    plan(&lines(1), options, &NoWatch, &false.into()).unwrap_err()
}

#[test]
fn a_call_of_grpc_is_as_the_protocol_says() {
    let sink = Sink::grpc();
    let outcome = replay(&lines(2), &with(&sink, Protocol::Grpc));
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(outcome.protocol, "grpc");
    assert_eq!(outcome.grpc_status["OK"], 2);
    for request in &*sink.received() {
        assert_eq!(request.version, Version::HTTP_2);
        assert_eq!(
            request.path,
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        );
        assert_eq!(request.headers["content-type"], "application/grpc");
        assert_eq!(request.headers["te"], "trailers");
        assert_eq!(request.headers["grpc-timeout"], "10000000u");
    }
}

#[test]
fn real_json_passes_byte_for_byte() {
    for capture in ["claude-json", "claude-http", "pysdk-http", "mix-dev"] {
        for signal in ["traces", "metrics", "logs"] {
            let path = format!("captures/{capture}/file-exporter/{signal}.jsonl");
            let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata"));
            let text = std::fs::read_to_string(root.join(&path)).unwrap();
            let sink = Sink::accepting();
            let outcome = replay(&testdata(&path), &with(&sink, Protocol::HttpJson));
            assert!(outcome.is_clean(), "{outcome:?}");
            let received = sink.received();
            assert!(
                received
                    .iter()
                    .all(|r| r.headers["content-type"] == "application/json")
            );
            let mut found: Vec<&[u8]> = received.iter().map(|r| &*r.body).collect();
            let mut expected: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
            found.sort_unstable();
            expected.sort_unstable();
            let differ = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
            assert_eq!((found.len(), differ), (expected.len(), 0), "{path}");
        }
    }
}

#[test]
fn json_that_not_everyone_understands_is_encoded_anew() {
    let sink = Sink::accepting();
    let line = r#"{"resource_logs":[{"scope_logs":[{"log_records":[{"severity_number":"9","body":{"stringValue":"a"}}]}]}]}"#;
    let source = [Source::from_bytes("a", line.into())];
    assert!(replay(&source, &with(&sink, Protocol::HttpJson)).is_clean());
    assert_eq!(
        sink.received()[0].body,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"a"}}]}]}]}"#
    );
}

#[test]
fn protobuf_goes_out_as_json_and_means_the_same() {
    let json = Sink::accepting();
    let sources = testdata("captures/pysdk-http/file-exporter-proto");
    assert!(replay(&sources, &with(&json, Protocol::HttpJson)).is_clean());
    let proto = Sink::accepting();
    assert!(replay(&sources, &options(&proto.url())).is_clean());
    // What arrived as JSON, replayed from there as protobuf.
    let mut by_signal = std::collections::BTreeMap::<String, Vec<u8>>::new();
    for request in &*json.received() {
        let file = by_signal.entry(request.path.clone()).or_default();
        file.extend(&*request.body);
        file.push(b'\n');
    }
    let sources: Vec<Source> = by_signal
        .into_iter()
        .map(|(path, text)| Source::from_bytes(&path, text))
        .collect();
    let again = Sink::accepting();
    assert!(replay(&sources, &options(&again.url())).is_clean());
    let bodies = |sink: &Sink| {
        let received = sink.received();
        let bodies = received.iter().map(|r| {
            let (path, body) = (r.path.clone(), &r.body);
            crate::captures::canonical(&path, body)
        });
        bodies.collect::<BTreeSet<Vec<u8>>>()
    };
    assert!(bodies(&again) == bodies(&proto));
}

#[test]
fn real_requests_are_divided_in_every_protocol_without_a_loss() {
    /// Spans, points and records of a capture, however they are grouped.
    fn items(sink: &Sink, protocol: Protocol) -> usize {
        let received = sink.received();
        let bodies = received.iter().map(|request| {
            let message = message(request, Compression::None, protocol);
            let source = match protocol {
                Protocol::HttpJson => Source::from_bytes("a", message),
                _ => {
                    let len = (message.len() as u32).to_be_bytes();
                    Source::from_bytes("a", [&len[..], &message].concat())
                }
            };
            let options = options("http://unused");
            let plan = plan(&[source], &options, &NoWatch, &false.into()).unwrap();
            assert_eq!(plan.report().rejected_frames, 0);
            plan.report().items as usize
        });
        bodies.sum()
    }
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson, Protocol::Grpc] {
        for is_known in [true, false] {
            const LIMIT: usize = 6_000;
            // Refuses what is too long, or is told of what is.
            let sink = Sink::by(
                move |_, request| match (request.body.len() > LIMIT, protocol) {
                    (true, Protocol::Grpc) => Answer::Grpc(
                        b"",
                        &[
                            ("grpc-status", "8"),
                            ("grpc-message", "received message larger than max"),
                        ],
                    ),
                    (true, _) => Answer::Http(413, &[], b""),
                    (false, _) => answer(protocol),
                },
                Serving::default(),
            );
            let options = ReplayOptions {
                // The frame of gRPC does not count.
                max_request_bytes: is_known.then(|| (LIMIT - 5).try_into().unwrap()),
                in_flight: 4.try_into().unwrap(),
                ..with(&sink, protocol)
            };
            let outcome = replay(&testdata("captures/pysdk-http/agentic-ci.jsonl"), &options);
            assert!(outcome.is_clean(), "{outcome:?}");
            assert!(outcome.divided_requests > 5, "{outcome:?}");
            let is_taken = |request: &Received| request.body.len() <= LIMIT;
            sink.received().retain(is_taken);
            assert_eq!(items(&sink, protocol) as u64, outcome.items.planned);
        }
    }
}

#[test]
fn http2_goes_by_prior_knowledge_over_as_many_connections_as_wanted() {
    let ports = |options: &ReplayOptions, sink: &Sink| {
        assert!(replay(&lines(60), options).is_clean());
        let received = sink.received();
        assert_eq!(received.len(), 60);
        let version = received[0].version;
        assert!(received.iter().all(|r| r.version == version));
        let ports: BTreeSet<u16> = received.iter().map(|r| r.from.port()).collect();
        (version, ports.len())
    };
    let of = |http, connections: Option<usize>, keep_alive| {
        let sink = Sink::accepting();
        let options = ReplayOptions {
            http,
            connections: connections.map(|n| n.try_into().unwrap()),
            keep_alive,
            in_flight: 6.try_into().unwrap(),
            ..options(&sink.url())
        };
        ports(&options, &sink)
    };
    assert_eq!(of(HttpVersion::Http2, None, true), (Version::HTTP_2, 1));
    assert_eq!(of(HttpVersion::Http2, Some(3), true), (Version::HTTP_2, 3));
    assert_eq!(of(HttpVersion::Http1, Some(1), true), (Version::HTTP_11, 1));
    let (version, ports) = of(HttpVersion::Auto, None, true);
    // A connection is opened while another becomes free: more than are needed at once, but not one
    // per request.
    assert!(version == Version::HTTP_11 && ports < 60, "{ports}");
    assert_eq!(of(HttpVersion::Auto, None, false), (Version::HTTP_11, 60));
}

#[test]
fn a_connection_per_request_is_not_of_http2() {
    let sink = Sink::grpc();
    let options = ReplayOptions {
        keep_alive: false,
        ..with(&sink, Protocol::Grpc)
    };
    let error = refused(&options);
    assert!(error.to_string().contains("HTTP/1.1"), "{error}");
}

#[test]
fn signals_have_receivers_of_their_own() {
    let (http, grpc) = (Sink::accepting(), Sink::grpc());
    let endpoint: Endpoint = grpc.url().parse().unwrap();
    let logs = Route {
        uri: endpoint.uri(Signal::Logs, Protocol::Grpc).clone(),
        protocol: Protocol::Grpc,
        compression: Compression::Gzip,
        headers: Headers::new([("x-only".to_owned(), "s3cret-logs".to_owned())]).unwrap(),
        timeout: Duration::from_secs(10),
        tls: TlsFiles::default(),
    };
    let options = ReplayOptions {
        own: [None, None, Some(logs)],
        ..options(&http.url())
    };
    let outcome = replay(&testdata("captures/claude-http/agentic-ci.jsonl"), &options);
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(http.received().len(), 21);
    assert_eq!(grpc.received().len(), 13);
    let with_header = |sink: &Sink| {
        let received = sink.received();
        let with = received.iter().filter(|r| r.headers.contains_key("x-only"));
        with.count()
    };
    assert_eq!((with_header(&http), with_header(&grpc)), (0, 13));
    let expected = format!("traces {0}, metrics {0}, logs {1}", http.url(), grpc.url());
    assert_eq!(outcome.to, expected);
    assert!(!format!("{options:?} {outcome:?}").contains("s3cret-logs"));
}

#[test]
fn a_connection_carries_nothing_to_another_receiver() {
    for http in [HttpVersion::Http1, HttpVersion::Http2] {
        let sinks = [(); 3].map(|()| Sink::accepting());
        let own = Signal::ALL.map(|signal| {
            let sink = &sinks[signal as usize];
            let only = format!("for-{signal}");
            Some(Route {
                headers: Headers::new([("x-only".to_owned(), only)]).unwrap(),
                ..options(&sink.url()).route(signal)
            })
        });
        // One after another: the connection of one signal is free when the next one needs one.
        let options = ReplayOptions {
            own,
            http,
            ..options(&sinks[0].url())
        };
        let outcome = replay(&testdata("captures/claude-http/agentic-ci.jsonl"), &options);
        assert!(outcome.is_clean(), "{outcome:?}");
        for (signal, requests) in Signal::ALL.into_iter().zip([10, 11, 13]) {
            let received = sinks[signal as usize].received();
            assert_eq!(received.len(), requests, "{signal}");
            let only = format!("for-{signal}");
            assert!(received.iter().all(|r| r.headers["x-only"] == *only));
            let ports: BTreeSet<u16> = received.iter().map(|r| r.from.port()).collect();
            assert_eq!(ports.len(), 1, "{signal}");
        }
    }
}

fn pki(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pki")).join(file)
}

/// A server for `localhost` that wants client certificates, or not, and knows these protocols.
pub fn tls(wants_client: bool, protocols: &[&str]) -> Serving {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match wants_client {
        false => builder.with_no_client_auth(),
        true => {
            let mut authorities = RootCertStore::empty();
            let authority = CertificateDer::from_pem_file(pki("ca.pem")).unwrap();
            authorities.add(authority).unwrap();
            let authorities = Arc::new(authorities);
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let certificate = CertificateDer::from_pem_file(pki("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(pki("server-key.pem")).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    Serving {
        tls: Some(Arc::new(config)),
        port: 0,
    }
}

fn trusting(client: bool) -> TlsFiles {
    TlsFiles {
        authorities: Some(pki("ca.pem")),
        client_certificate: client.then(|| pki("client.pem")),
        client_key: client.then(|| pki("client-key.pem")),
    }
}

#[test]
fn with_tls_the_receiver_chooses_the_version() {
    let version = |protocols: &[&str], http, protocol| {
        let sink = Sink::by(move |_, _| answer(protocol), tls(false, protocols));
        let options = ReplayOptions {
            http,
            tls: trusting(false),
            ..with(&sink, protocol)
        };
        let outcome = replay(&lines(3), &options);
        assert!(outcome.is_clean(), "{outcome:?}");
        let received = sink.received();
        received[0].version
    };
    let both = &["h2", "http/1.1"][..];
    let proto = Protocol::HttpProtobuf;
    assert_eq!(version(both, HttpVersion::Auto, proto), Version::HTTP_2);
    assert_eq!(version(both, HttpVersion::Http1, proto), Version::HTTP_11);
    let old = &["http/1.1"][..];
    assert_eq!(version(old, HttpVersion::Auto, proto), Version::HTTP_11);
    assert_eq!(version(&[], HttpVersion::Auto, proto), Version::HTTP_11);
    assert_eq!(version(both, HttpVersion::Http2, proto), Version::HTTP_2);
    assert_eq!(
        version(both, HttpVersion::Auto, Protocol::Grpc),
        Version::HTTP_2
    );
}

#[test]
fn clients_are_known_by_their_certificates() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let sink = Sink::by(move |_, _| answer(protocol), tls(true, &["h2", "http/1.1"]));
        let options = |client| ReplayOptions {
            tls: trusting(client),
            ..with(&sink, protocol)
        };
        let outcome = replay(&lines(3), &options(true));
        assert!(outcome.is_clean(), "{outcome:?}");
        let outcome = replay(&lines(3), &options(false));
        assert_eq!(outcome.ended, Ended::Unreachable, "{outcome:?}");
        assert_eq!((outcome.retries, outcome.requests.accepted), (0, 0));
        assert_eq!(outcome.errors[0].code, "tls_failed");
        let message = &outcome.errors[0].message;
        assert!(message.contains("client certificate"), "{message}");
    }
}

#[test]
fn files_that_hold_no_certificates_are_named() {
    let sink = Sink::by(|_, _| OK, tls(false, &[]));
    let error = |files: TlsFiles| {
        let error = refused(&ReplayOptions {
            tls: files,
            ..options(&sink.url())
        });
        let source = std::error::Error::source(&error);
        format!(
            "{error}: {}",
            source.map(ToString::to_string).unwrap_or_default()
        )
    };
    let missing = error(TlsFiles {
        authorities: Some("/nonexistent/ca.pem".into()),
        ..TlsFiles::default()
    });
    assert!(
        missing.contains("/nonexistent/ca.pem: No such file"),
        "{missing}"
    );
    let no_pem = error(TlsFiles {
        authorities: Some(pki("make.sh")),
        ..TlsFiles::default()
    });
    assert!(no_pem.contains("make.sh: expected PEM"), "{no_pem}");
    let alone = error(TlsFiles {
        client_key: None,
        ..trusting(true)
    });
    assert!(alone.contains("go together"), "{alone}");
    let wrong = error(TlsFiles {
        client_key: Some(pki("server-key.pem")),
        ..trusting(true)
    });
    assert!(wrong.contains("client.pem"), "{wrong}");
}

#[test]
fn what_speaks_another_version_is_named() {
    // A receiver of HTTP/1.1 only: it answers the preface of HTTP/2 with an error in words.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 24]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let options = ReplayOptions {
        protocol: Protocol::Grpc,
        ..options(&format!("http://127.0.0.1:{port}"))
    };
    let outcome = replay(&lines(2), &options);
    assert_eq!(outcome.ended, Ended::Unreachable, "{outcome:?}");
    let codes: Vec<&str> = outcome.errors.iter().map(|e| &*e.code).collect();
    assert!(codes.contains(&"not_http"), "{:?}", outcome.errors);
}
