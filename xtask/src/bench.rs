//! `cargo xtask bench`: converting, as a user runs it. Prints numbers; asserts only results.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{corpus, run};

/// One run of the command.
pub struct Sample {
    pub seconds: f64,
    pub peak_mib: f64,
    rows: u64,
}

/// Measures `otolith convert` on one and two threads, and with twice the input.
pub fn run() -> Result<()> {
    let megabytes: u64 = setting("CORPUS_MB", 200)?;
    let runs: usize = setting("RUNS", 5)?;
    let otolith = run::otolith(run::Profile::Release)?;
    let dir = run::target_dir()?.join("bench");
    fs::create_dir_all(&dir)?;

    println!("| input | threads | MB | seconds (median of {runs}) | MB/s | peak MiB | rows |");
    println!("|---|---|---|---|---|---|---|");
    for (size, threads) in [(megabytes, 1), (megabytes, 2), (megabytes * 2, 1)] {
        let input = dir.join(format!("corpus-{size}.jsonl"));
        if !input.exists() {
            corpus::write(&input, size)?;
        }
        let len = fs::metadata(&input)?.len();
        let mut samples = Vec::new();
        for _ in 0..runs {
            samples.push(convert(&otolith, &input, threads, &dir.join("lake"))?);
        }
        samples.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        ensure!(
            samples.iter().all(|sample| sample.rows == samples[0].rows),
            "runs differ in rows"
        );
        let median = &samples[samples.len() / 2];
        let peak = samples
            .iter()
            .map(|sample| sample.peak_mib)
            .fold(0.0, f64::max);
        let mb = len as f64 / 1e6;
        println!(
            "| JSON lines | {threads} | {mb:.0} | {:.2} | {:.0} | {peak:.0} | {} |",
            median.seconds,
            mb / median.seconds,
            median.rows
        );
    }
    Ok(())
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name}=`{text}`")),
        Err(_) => Ok(default),
    }
}

/// Converts a capture into a fresh lake.
pub fn convert(otolith: &Path, input: &Path, threads: usize, lake: &Path) -> Result<Sample> {
    if lake.exists() {
        fs::remove_dir_all(lake)?;
    }
    let begin = Instant::now();
    let mut child = Command::new(otolith)
        .args([
            "convert",
            "--json",
            "--quiet",
            "--threads",
            &threads.to_string(),
        ])
        .arg("--lake")
        .arg(lake)
        .arg(input)
        .stdout(Stdio::piped())
        .spawn()?;
    // The kernel's own high-water mark, read until the process is gone.
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0.0_f64;
    while child.try_wait()?.is_none() {
        if let Ok(text) = fs::read_to_string(&status) {
            let kib = text
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                .unwrap_or(0.0);
            peak_kib = peak_kib.max(kib);
        }
        thread::sleep(Duration::from_millis(2));
    }
    let seconds = begin.elapsed().as_secs_f64();
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "convert failed: {}", output.status);
    let account: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let rows = account["items_read"]
        .as_u64()
        .context("no items_read in the account")?;
    Ok(Sample {
        seconds,
        peak_mib: peak_kib / 1024.0,
        rows,
    })
}
