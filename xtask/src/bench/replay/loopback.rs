//! The receiver, and the senders beside which otolith is put.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::bench::measure::measure_output;
use crate::{root, run};

/// From PyPI, as `cargo xtask senders` has them.
const PACKAGES: [&str; 2] = [
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
];

/// How long the senders beside it send.
const SENDS: Duration = Duration::from_secs(3);

/// Programs of this test.
pub struct Loopback {
    program: PathBuf,
    python: PathBuf,
    /// None where it cannot be had.
    wrk: Option<PathBuf>,
}

/// The receiver: `crates/replay/benches/loopback.rs`.
pub struct Sink {
    child: Child,
    /// Ends it when closed.
    _stdin: ChildStdin,
    pub port: u16,
}

/// When a receiver stands still, from its first request.
#[derive(Clone, Copy)]
pub struct Freeze {
    pub after_seconds: f64,
    pub seconds: f64,
}

/// What a sender without a report of its own tells.
#[derive(Debug, Deserialize)]
struct Sent {
    requests: u64,
    seconds: f64,
}

impl Loopback {
    pub fn build(dir: &Path) -> Result<Self> {
        Ok(Self {
            program: run::bench("otolith-replay", "loopback")?,
            python: run::python(dir, &PACKAGES)?,
            wrk: wrk(),
        })
    }

    /// Starts the receiver.
    pub fn sink(&self) -> Result<Sink> {
        self.start(&[])
    }

    /// Starts a receiver that answers nothing for a while, once.
    pub fn freezing_sink(&self, freeze: Freeze) -> Result<Sink> {
        let Freeze {
            after_seconds,
            seconds,
        } = freeze;
        self.start(&[after_seconds.to_string(), seconds.to_string()])
    }

    fn start(&self, freeze: &[String]) -> Result<Sink> {
        let mut child = Command::new(&self.program)
            .arg("sink")
            .args(freeze)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().context("standard output is a pipe")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        Ok(Sink {
            port: line.trim().parse()?,
            _stdin: child.stdin.take().context("standard input is a pipe")?,
            child,
        })
    }

    /// Requests per second of `wrk` on one thread; none where it cannot be had.
    pub fn wrk(&self, sink: &Sink, body: &Path, connections: u32) -> Result<Option<f64>> {
        let Some(wrk) = &self.wrk else {
            return Ok(None);
        };
        let mut command = Command::new(wrk);
        command
            .env("LOOPBACK_BODY", body)
            .args(["-t1", &format!("-c{connections}")])
            .arg(format!("-d{}s", SENDS.as_secs()))
            .arg("-s")
            .arg(root().join("bench/replay/post.lua"))
            .arg(format!("http://127.0.0.1:{}/v1/traces", sink.port));
        let (_, printed) = measure_output(&mut command)?;
        let is_whole = !printed.contains("Non-2xx") && !printed.contains("Socket errors");
        ensure!(is_whole, "{command:?}: {printed}");
        let mut lines = printed.lines();
        let rate = lines.find_map(|line| line.strip_prefix("Requests/sec:"));
        let rate = rate.with_context(|| format!("{command:?}: {printed}"))?;
        Ok(Some(rate.trim().parse()?))
    }

    /// Requests per second of a plain socket.
    pub fn raw(&self, sink: &Sink, body: &Path, how: &str) -> Result<f64> {
        let mut command = Command::new(&self.program);
        command
            .args(["raw", &sink.port.to_string()])
            .arg(body)
            .args([&SENDS.as_secs().to_string(), how]);
        rate(&mut command)
    }

    /// Requests per second of the Python exporter.
    pub fn python(&self, sink: &Sink) -> Result<f64> {
        let mut command = Command::new(&self.python);
        command
            .arg(root().join("bench/replay/export.py"))
            .args([sink.port.to_string(), SENDS.as_secs().to_string()]);
        rate(&mut command)
    }
}

fn rate(command: &mut Command) -> Result<f64> {
    let (_, printed) = measure_output(command)?;
    let sent: Sent = serde_json::from_str(&printed)?;
    Ok(sent.requests as f64 / sent.seconds)
}

/// The one that is installed, or that Debian has.
fn wrk() -> Option<PathBuf> {
    let find = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths)
            .map(|dir| dir.join("wrk"))
            .find(|path| path.exists())
    };
    find().or_else(|| {
        let installed = run::command("apt-get", &["install", "--yes", "--quiet", "wrk"]);
        if let Err(error) = installed {
            eprintln!("wrk is not here and cannot be installed: {error:#}");
        }
        find()
    })
}

impl Sink {
    /// Processor time that it has taken, in seconds.
    pub fn busy_seconds(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = text.rsplit(") ").next().unwrap_or_default();
        let mut times = after_name.split(' ').skip(11).map(str::parse::<f64>);
        let mut next = || Ok::<f64, anyhow::Error>(times.next().context("no times")??);
        // In hundredths of a second on every Linux.
        Ok((next()? + next()?) / 100.0)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
