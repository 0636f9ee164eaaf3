//! `cargo xtask senders`: senders that were not written here send to `otolith capture`.
//!
//! Every real capture goes through a real OpenTelemetry Collector, whose own exporters send it on over
//! gRPC and HTTP, in gzip and zstd; otolith must read the same tables from what was captured. Then the
//! exporters of the Python SDK send, and what was captured is read without otolith.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::collector::{self, Collector};
use crate::run::Profile;
use crate::{root, run};

/// An exporter of the Collector: name, settings, and how what it sends is captured.
const EXPORTERS: [(&str, &str, &[&str]); 5] = [
    (
        "otlp_grpc/gzip",
        "endpoint: \"127.0.0.1:PORT\", tls: {insecure: true}, compression: gzip",
        &["--as", "agentic-ci"],
    ),
    (
        "otlp_grpc/zstd",
        "endpoint: \"127.0.0.1:PORT\", tls: {insecure: true}, compression: zstd",
        &["--as", "proto", "--compress", "zstd"],
    ),
    (
        "otlp_http/gzip",
        "endpoint: \"http://127.0.0.1:PORT\", compression: gzip",
        &["--as", "jsonl", "--files", "by-signal"],
    ),
    (
        "otlp_http/zstd",
        "endpoint: \"http://127.0.0.1:PORT\", compression: zstd, encoding: json",
        &["--as", "jsonl", "--compress", "gzip"],
    ),
    (
        "otlp_http/none",
        "endpoint: \"http://127.0.0.1:PORT\", compression: none, encoding: json",
        &["--as", "proto"],
    ),
];

/// From PyPI. Pinned so that a failure is ours.
const PACKAGES: [&str; 5] = [
    "duckdb==2.0.1",
    "pytz==2026.6",
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
];

/// Lets all of them send.
pub fn run(profile: Profile) -> Result<()> {
    let otolith = run::otolith(profile)?;
    let dir = run::target_dir()?.join("senders");
    fs::create_dir_all(&dir)?;
    let python = run::python(&dir, &PACKAGES)?;
    let collector = collector::build()?;
    for capture in collector::captures()? {
        pass_on(&otolith, &collector, &python, &capture, &dir)?;
    }
    run::with(
        Command::new(&python)
            .arg(root().join("xtask/interop/sdk_sends.py"))
            .arg(&otolith)
            .arg(dir.join("sdk")),
    )
}

/// Replays a capture into a Collector that sends it on, and compares what was captured.
fn pass_on(
    otolith: &Path,
    collector: &Path,
    python: &Path,
    capture: &Path,
    dir: &Path,
) -> Result<()> {
    let source = collector::agentic_ci(capture);
    let out = dir.join(capture.file_name().context("a capture has a name")?);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let mut running = Vec::new();
    let mut exporters = String::new();
    for (name, settings, options) in EXPORTERS {
        let receiver = Receiver::start(otolith, &out.join(name.replace('/', "-")), options)?;
        let settings = settings.replace("PORT", &receiver.port);
        // Without a queue a request is acknowledged when the receiver has acknowledged it.
        exporters += &format!("  {name}: {{{settings}, sending_queue: {{enabled: false}}}}\n");
        running.push(receiver);
    }
    let names = EXPORTERS.map(|(name, ..)| name).join(", ");
    let passed =
        Collector::start(collector, &out, &exporters, &names, "", &[])?.replay(otolith, &source);
    let ended: Vec<Result<PathBuf>> = running.into_iter().map(Receiver::stop).collect();
    passed?;
    for captured in ended {
        run::with(
            Command::new(python)
                .arg(root().join("xtask/interop/same_tables.py"))
                .arg(otolith)
                .arg(&source)
                .arg(captured?)
                .arg(out.join("lakes")),
        )?;
    }
    Ok(())
}

/// A running `otolith capture`.
struct Receiver {
    child: Child,
    port: String,
    out: PathBuf,
}

impl Receiver {
    fn start(otolith: &Path, out: &Path, options: &[&str]) -> Result<Self> {
        let mut child = Command::new(otolith)
            .args(["capture", "--listen", "0", "--out"])
            .arg(out)
            .args(options)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let said = child.stderr.take().context("standard error is a pipe")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let port = line.split("://127.0.0.1:").nth(1).context(line.clone())?;
        Ok(Self {
            port: port.split(' ').next().unwrap_or(port).to_owned(),
            child,
            out: out.to_owned(),
        })
    }

    /// Ends it in order, and tells where its captures are.
    fn stop(mut self) -> Result<PathBuf> {
        run::with(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "otolith capture ended with {status}");
        Ok(self.out)
    }
}
