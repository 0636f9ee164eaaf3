//! `cargo xtask otlp2parquet`: replay into a receiver that shares no code with the Collector or with us.
//!
//! otlp2parquet (Rust, from crates.io) writes what it gets as Parquet. Every real capture is replayed into it
//! as protobuf and as JSON, plain and gzip; DuckDB compares its files with the lake of the capture.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::collector;
use crate::root;
use crate::run::{self, Profile};

const VERSION: &str = "0.12.0";

/// Protocol and compression.
const WAYS: [(&str, &str); 3] = [
    ("http/protobuf", "none"),
    ("http/protobuf", "gzip"),
    ("http/json", "none"),
];

/// Replays every real capture in every way.
pub fn run(profile: Profile) -> Result<()> {
    let otolith = run::otolith(profile)?;
    let dir = run::target_dir()?.join("otlp2parquet");
    fs::create_dir_all(&dir)?;
    let receiver = run::installed(&dir, "otlp2parquet", VERSION)?;
    let python = run::python(&dir, &["duckdb==2.0.1", "pytz==2026.6"])?;
    for capture in collector::captures()? {
        let source = collector::agentic_ci(&capture);
        let name = capture.file_name().context("a capture has a name")?;
        for way in WAYS {
            let out = dir.join("received").join(name);
            if out.exists() {
                fs::remove_dir_all(&out)?;
            }
            fs::create_dir_all(&out)?;
            replay(&receiver, &out, &otolith, &source, way)?;
            run::with(
                Command::new(&python)
                    .arg(root().join("xtask/interop/otlp2parquet.py"))
                    .args([&otolith, &source, &out, &dir.join("lake")]),
            )?;
        }
    }
    Ok(())
}

fn replay(
    receiver: &Path,
    out: &Path,
    otolith: &Path,
    source: &Path,
    (protocol, compression): (&str, &str),
) -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut child = Command::new(receiver)
        // Each request is written before it is answered.
        .env("OTLP2PARQUET_BATCH_ENABLED", "false")
        .env("OTLP2PARQUET_LISTEN_ADDR", format!("127.0.0.1:{port}"))
        .args(["--log-level", "warn", "--output"])
        .arg(out)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let replayed = collector::wait_for(port, &mut child).and_then(|()| {
        run::with(
            Command::new(otolith)
                .args([
                    "replay",
                    "--speed",
                    "max",
                    "--quiet",
                    "--protocol",
                    protocol,
                ])
                .args(["--compression", compression, "--to"])
                .arg(format!("http://127.0.0.1:{port}"))
                .arg(source),
        )
    });
    run::with(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    let status = child.wait()?;
    replayed?;
    ensure!(status.success(), "otlp2parquet ended with {status}");
    Ok(())
}
