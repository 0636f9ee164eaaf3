//! `cargo xtask collector`: a real OpenTelemetry Collector between a capture and its tables.
//!
//! Every real capture is replayed into a Collector whose file exporter writes it in every framing
//! it knows; otolith must read the same tables from each file as from the capture itself.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{root, run};

/// The newest release whose modules are all to be had.
const VERSION: &str = "v0.161.0";

/// Name, settings and feature gates of each framing of the file exporter.
const FRAMINGS: [(&str, &str, bool); 6] = [
    ("json", "", false),
    ("proto", "format: proto", false),
    ("json-zstd", "compression: zstd", false),
    ("proto-zstd", "format: proto, compression: zstd", false),
    ("json-native-zstd", "compression: zstd", true),
    (
        "proto-native-zstd",
        "format: proto, compression: zstd",
        true,
    ),
];

/// Replays every real capture through the Collector and compares the tables.
pub fn run() -> Result<()> {
    let otolith = run::otolith(run::Profile::Release)?;
    let collector = build()?;
    let dir = run::target_dir()?.join("collector");
    let python = run::python(&dir, &["duckdb>=1.4", "pytz"])?;
    for capture in captures()? {
        let source = agentic_ci(&capture);
        let out = dir
            .join("out")
            .join(capture.file_name().context("a capture has a name")?);
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        fs::create_dir_all(&out)?;
        for native in [false, true] {
            pass_through(&otolith, &collector, &source, &out, native)?;
        }
        for (framing, _, _) in FRAMINGS {
            run::with(
                Command::new(&python)
                    .arg(root().join("xtask/interop/same_tables.py"))
                    .arg(&otolith)
                    .arg(&source)
                    .arg(out.join(framing))
                    .arg(out.join("lakes")),
            )?;
        }
    }
    Ok(())
}

/// The directories of the real captures, in order.
pub fn captures() -> Result<Vec<PathBuf>> {
    let mut captures: Vec<PathBuf> = fs::read_dir(root().join("testdata/captures"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    captures.retain(|path| path.is_dir());
    captures.sort();
    Ok(captures)
}

/// The file of a capture that holds all signals.
pub fn agentic_ci(capture: &Path) -> PathBuf {
    let plain = capture.join("agentic-ci.jsonl");
    if plain.exists() {
        plain
    } else {
        capture.join("agentic-ci.jsonl.zst")
    }
}

/// Builds the Collector with its own builder, once per target directory and version.
pub fn build() -> Result<PathBuf> {
    let dir = run::target_dir()?.join("collector");
    fs::create_dir_all(&dir)?;
    let dist = dir.join(format!("{VERSION}-otlp"));
    let binary = dist.join("otolith-collector");
    if binary.exists() {
        return Ok(binary);
    }
    let config = dir.join("builder.yaml");
    fs::write(
        &config,
        format!(
            "dist:\n  name: otolith-collector\n  output_path: {}\n\
             receivers:\n  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver {VERSION}\n\
             exporters:\n  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter {VERSION}\n\
             \x20 - gomod: go.opentelemetry.io/collector/exporter/otlpexporter {VERSION}\n\
             \x20 - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter {VERSION}\n",
            dist.display()
        ),
    )?;
    run::with(
        Command::new("go")
            .args([
                "install",
                &format!("go.opentelemetry.io/collector/cmd/builder@{VERSION}"),
            ])
            .env("GOBIN", &dir),
    )?;
    run::with(
        Command::new(dir.join("builder"))
            .arg("--config")
            .arg(&config),
    )?;
    Ok(binary)
}

/// Replays `source` into a fresh Collector that writes below `out`, and waits for its end.
fn pass_through(
    otolith: &Path,
    collector: &Path,
    source: &Path,
    out: &Path,
    native: bool,
) -> Result<()> {
    let mut exporters = String::new();
    let mut names = Vec::new();
    for (framing, settings, _) in FRAMINGS.iter().filter(|(_, _, gate)| *gate == native) {
        let path = out.join(framing);
        exporters += &format!(
            "  file/{framing}: {{path: {}, {settings}}}\n",
            path.display()
        );
        names.push(format!("file/{framing}"));
    }
    let gates: &[&str] = match native {
        true => &["--feature-gates=exporter.file.nativeCompression"],
        false => &[],
    };
    Collector::start(collector, out, &exporters, &names.join(", "), gates)?.replay(otolith, source)
}

/// A Collector that is running.
pub struct Collector {
    child: Child,
    port: u16,
}

impl Collector {
    /// Starts one with an OTLP receiver and these exporters, given as a part of its configuration and as
    /// a list of their names. `dir` takes the configuration.
    pub fn start(
        collector: &Path,
        dir: &Path,
        exporters: &str,
        names: &str,
        arguments: &[&str],
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let pipeline = format!("{{receivers: [otlp], exporters: [{names}]}}");
        let config = dir.join("collector.yaml");
        fs::write(
            &config,
            format!(
                "receivers:\n  otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:{port}\"}}}}}}\n\
                 exporters:\n{exporters}\
                 service:\n  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}\n  pipelines:\n    \
                 traces: {pipeline}\n    metrics: {pipeline}\n    logs: {pipeline}\n"
            ),
        )?;
        let mut command = Command::new(collector);
        command.arg("--config").arg(&config).args(arguments);
        let child = command.stdin(Stdio::null()).spawn()?;
        Ok(Self { child, port })
    }

    /// Replays a capture into it and ends it.
    pub fn replay(mut self, otolith: &Path, source: &Path) -> Result<()> {
        let replayed = wait_for(self.port, &mut self.child).and_then(|()| {
            run::with(
                Command::new(otolith)
                    .args(["replay", "--speed", "max", "--quiet", "--to"])
                    .arg(format!("http://127.0.0.1:{}", self.port))
                    .arg(source),
            )
        });
        // SIGTERM lets the Collector flush its files.
        run::with(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        replayed?;
        ensure!(status.success(), "the Collector ended with {status}");
        Ok(())
    }
}

/// Waits until a receiver listens on a port of this machine, at most 30 s.
pub fn wait_for(port: u16, child: &mut Child) -> Result<()> {
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Some(status) = child.try_wait()? {
            bail!("the receiver ended at once: {status}");
        }
        ensure!(
            begin.elapsed() < Duration::from_secs(30),
            "the receiver does not listen after 30 s"
        );
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
