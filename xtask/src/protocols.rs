//! `cargo xtask protocols`: replay into a real Collector by every protocol.
//!
//! Every real capture is replayed once per protocol and compression, and with TLS and client
//! certificates, into receivers of a real OpenTelemetry Collector whose file exporter writes what arrived.
//! otolith must read the same tables from each file as from the capture itself.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::collector;
use crate::run::Profile;
use crate::{root, run};

/// Protocol, compression, and whether both sides show certificates.
const WAYS: [(&str, &str, bool); 11] = [
    ("http/protobuf", "none", false),
    ("http/protobuf", "gzip", false),
    ("http/protobuf", "zstd", false),
    ("http/json", "none", false),
    ("http/json", "gzip", false),
    ("http/json", "zstd", false),
    ("grpc", "none", false),
    ("grpc", "gzip", false),
    ("grpc", "zstd", false),
    ("http/protobuf", "zstd", true),
    ("grpc", "gzip", true),
];

/// Replays every real capture in every way and compares the tables.
pub fn run(profile: Profile) -> Result<()> {
    let otolith = run::otolith(profile)?;
    let collector = collector::build()?;
    let dir = run::target_dir()?.join("protocols");
    fs::create_dir_all(&dir)?;
    let python = run::python(&dir, &["duckdb==2.0.1", "pytz==2026.6"])?;
    for capture in collector::captures()? {
        let source = collector::agentic_ci(&capture);
        let out = dir.join(capture.file_name().context("a capture has a name")?);
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        fs::create_dir_all(&out)?;
        let mut running = Collector::start(&collector, &out)?;
        let replayed = running.replay(&otolith, &source);
        // SIGTERM lets the Collector flush its files.
        running.stop()?;
        replayed?;
        for (i, way) in WAYS.iter().enumerate() {
            eprintln!("comparing {way:?}");
            run::with(
                Command::new(&python)
                    .arg(root().join("xtask/interop/same_tables.py"))
                    .arg(&otolith)
                    .arg(&source)
                    .arg(out.join(file(i)))
                    .arg(out.join("lakes")),
            )?;
        }
    }
    Ok(())
}

/// What arrived by a way.
fn file(way: usize) -> String {
    format!("way-{way}.jsonl")
}

/// A Collector with a receiver for each way.
struct Collector {
    child: Child,
    /// One per way.
    ports: Vec<u16>,
}

impl Collector {
    fn start(collector: &Path, out: &Path) -> Result<Self> {
        // All at once, so that none is given twice.
        let listeners: Vec<TcpListener> = WAYS
            .iter()
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<_, _>>()?;
        let ports = listeners
            .iter()
            .map(|listener| Ok(listener.local_addr()?.port()));
        let ports: Vec<u16> = ports.collect::<Result<_>>()?;
        drop(listeners);
        let (mut receivers, mut exporters, mut pipelines) =
            (String::new(), String::new(), String::new());
        for (i, ((protocol, _, with_tls), port)) in WAYS.iter().zip(&ports).enumerate() {
            let carrier = if *protocol == "grpc" { "grpc" } else { "http" };
            let tls = match with_tls {
                true => format!(
                    ", tls: {{cert_file: {}, key_file: {}, client_ca_file: {}}}",
                    pki("server.pem").display(),
                    pki("server-key.pem").display(),
                    pki("ca.pem").display()
                ),
                false => String::new(),
            };
            receivers += &format!(
                "  otlp/{i}: {{protocols: {{{carrier}: {{endpoint: \"127.0.0.1:{port}\"{tls}}}}}}}\n"
            );
            exporters += &format!("  file/{i}: {{path: {}}}\n", out.join(file(i)).display());
            for signal in ["traces", "metrics", "logs"] {
                pipelines += &format!(
                    "    {signal}/{i}: {{receivers: [otlp/{i}], exporters: [file/{i}]}}\n"
                );
            }
        }
        let config = out.join("collector.yaml");
        fs::write(
            &config,
            format!(
                "receivers:\n{receivers}exporters:\n{exporters}service:\n  \
                 telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}\n  pipelines:\n{pipelines}"
            ),
        )?;
        let mut command = Command::new(collector);
        command.arg("--config").arg(&config);
        let child = command.stdin(Stdio::null()).spawn()?;
        Ok(Self { child, ports })
    }

    fn replay(&mut self, otolith: &Path, source: &Path) -> Result<()> {
        for ((protocol, compression, with_tls), port) in WAYS.iter().zip(&self.ports) {
            collector::wait_for(*port, &mut self.child)?;
            let mut command = Command::new(otolith);
            command.args(["replay", "--speed", "max", "--quiet"]).args([
                "--protocol",
                protocol,
                "--compression",
                compression,
            ]);
            match with_tls {
                true => command
                    .arg("--to")
                    .arg(format!("https://localhost:{port}"))
                    .arg("--cacert")
                    .arg(pki("ca.pem"))
                    .arg("--client-cert")
                    .arg(pki("client.pem"))
                    .arg("--client-key")
                    .arg(pki("client-key.pem")),
                false => command.arg("--to").arg(format!("http://127.0.0.1:{port}")),
            };
            run::with(command.arg(source))?;
        }
        Ok(())
    }

    fn stop(mut self) -> Result<()> {
        run::with(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the Collector ended with {status}");
        Ok(())
    }
}

/// A certificate or key of the tests.
fn pki(name: &str) -> PathBuf {
    root().join("crates/replay/tests/it/pki").join(name)
}
