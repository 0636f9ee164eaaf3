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
use serde_json::Value;

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
pub fn run(profile: run::Profile) -> Result<()> {
    let otolith = run::otolith(profile)?;
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
                    .arg(out.join("lakes"))
                    // By the batch processor.
                    .arg("regrouped"),
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
    let dist = dir.join(format!("{VERSION}-batch"));
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
             processors:\n  - gomod: go.opentelemetry.io/collector/processor/batchprocessor {VERSION}\n\
             exporters:\n  - gomod: go.opentelemetry.io/collector/exporter/debugexporter {VERSION}\n\
             \x20 - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter {VERSION}\n\
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
    Collector::start(
        collector,
        out,
        &exporters,
        &names.join(", "),
        "batch",
        gates,
    )?
    .replay(otolith, source)
}

/// A Collector that is running.
pub struct Collector {
    child: Child,
    port: u16,
    /// What it says, its debug exporter's counts among it.
    log: PathBuf,
}

impl Collector {
    /// Starts one with an OTLP receiver, processors (`batch`, or none), and these exporters, given as a
    /// part of its configuration and as a list of their names, beside the debug exporter. `dir` takes the
    /// configuration and the log.
    pub fn start(
        collector: &Path,
        dir: &Path,
        exporters: &str,
        names: &str,
        processors: &str,
        arguments: &[&str],
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let pipeline = format!(
            "{{receivers: [otlp], processors: [{processors}], exporters: [{names}, debug]}}"
        );
        let config = dir.join("collector.yaml");
        fs::write(
            &config,
            format!(
                "receivers:\n  otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:{port}\"}}}}}}\n\
                 processors:\n  batch: {{timeout: 100ms}}\n\
                 exporters:\n  debug: {{}}\n{exporters}\
                 service:\n  telemetry: {{metrics: {{level: none}}, logs: {{level: info, sampling: {{enabled: false}}}}}}\n  pipelines:\n    \
                 traces: {pipeline}\n    metrics: {pipeline}\n    logs: {pipeline}\n"
            ),
        )?;
        let mut command = Command::new(collector);
        command.arg("--config").arg(&config).args(arguments);
        let log = dir.join("collector.log");
        command.stdin(Stdio::null()).stderr(fs::File::create(&log)?);
        let child = command.spawn()?;
        Ok(Self { child, port, log })
    }

    /// Replays a capture into it, waits until it has counted the items that were sent, and ends it.
    pub fn replay(mut self, otolith: &Path, source: &Path) -> Result<()> {
        let replayed = wait_for(self.port, &mut self.child).and_then(|()| {
            let mut command = Command::new(otolith);
            command
                .args(["replay", "--speed", "max", "--quiet", "--json", "--to"])
                .arg(format!("http://127.0.0.1:{}", self.port))
                .arg(source);
            self.count(&run::output(&mut command)?)
        });
        // SIGTERM lets the Collector flush its files.
        run::with(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        replayed.with_context(|| format!("the Collector says: {}", self.log.display()))?;
        ensure!(status.success(), "the Collector ended with {status}");
        Ok(())
    }

    /// Waits until the debug exporter, which comes last, has counted what a replay has sent: an exporter
    /// of files that is shut down while the batch processor still holds items crashes.
    fn count(&self, replayed: &str) -> Result<()> {
        let replayed: Value = serde_json::from_str(replayed)?;
        let sent = replayed["items"]["accepted"].as_u64();
        let begin = Instant::now();
        loop {
            let counted = counted_items(&fs::read_to_string(&self.log)?);
            if sent == Some(counted) {
                return Ok(());
            }
            ensure!(
                begin.elapsed() < Duration::from_secs(30),
                "sent {sent:?} items, the debug exporter of the Collector counted {counted}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Spans, log records and data points in the lines of the debug exporter.
fn counted_items(log: &str) -> u64 {
    let counts = log.lines().flat_map(|line| {
        let names = [r#""spans": "#, r#""log records": "#, r#""data points": "#];
        names.into_iter().filter_map(|name| {
            let (_, after) = line.split_once(name)?;
            let end = after.find(|c: char| !c.is_ascii_digit())?;
            after[..end].parse::<u64>().ok()
        })
    });
    counts.sum()
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
