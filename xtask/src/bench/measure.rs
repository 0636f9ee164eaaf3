//! One run of a command as a whole process: wall time, processor time, peak memory.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// How often the memory is looked at. The kernel keeps the high-water mark, so only the last moment
/// before the end can be missed.
const POLL: Duration = Duration::from_millis(2);

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub wall_s: f64,
    /// User time of all threads.
    pub user_s: f64,
    pub system_s: f64,
    pub peak_mib: f64,
}

/// Runs a command to its end and returns what it took. What it prints on standard output is thrown
/// away. No other child may end meanwhile.
pub fn measure(command: &mut Command) -> Result<Sample> {
    measure_into(command, Stdio::null())
}

/// As [`measure`], and returns what it printed on standard output.
pub fn measure_output(command: &mut Command) -> Result<(Sample, String)> {
    let name = format!("xtask-measure-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    // A file, not a pipe: nobody need read it meanwhile.
    let sample = measure_into(command, File::create(&path)?.into())?;
    let printed = fs::read_to_string(&path)?;
    fs::remove_file(&path)?;
    Ok((sample, printed))
}

fn measure_into(command: &mut Command, output: Stdio) -> Result<Sample> {
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0.0_f64;
    let exit = loop {
        if let Some(exit) = child.try_wait()? {
            break exit;
        }
        peak_kib = peak_kib.max(high_water_kib(&status).unwrap_or(0.0));
        thread::sleep(POLL);
    };
    let wall_s = begin.elapsed().as_secs_f64();
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    ensure!(exit.success(), "{command:?} failed: {exit}");
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(Sample {
        wall_s,
        user_s: seconds(after.user_time()) - seconds(before.user_time()),
        system_s: seconds(after.system_time()) - seconds(before.system_time()),
        peak_mib: peak_kib / 1024.0,
    })
}

fn high_water_kib(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The middle of some values, the upper of two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures commands in turn, round after round, and prints a table of their medians, with how many
/// times as long as the first each takes (wall time, median of the rounds).
pub fn table<C: Copy>(
    contestants: &[(C, &str)],
    rounds: usize,
    command: impl Fn(C) -> Command,
) -> Result<()> {
    let mut samples: Vec<Vec<Sample>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for ((contestant, _), samples) in contestants.iter().zip(&mut samples) {
            samples.push(measure(&mut command(*contestant))?);
        }
    }
    println!("median of {rounds} whole processes");
    println!("| contestant | wall, s | times the first | processor, s | peak, MiB |");
    println!("|---|---|---|---|---|");
    let first = samples.first().cloned().unwrap_or_default();
    for ((_, name), samples) in contestants.iter().zip(&samples) {
        let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value).collect());
        let pairs = samples.iter().zip(first.iter());
        let ratios = pairs.map(|(sample, first)| sample.wall_s / first.wall_s);
        println!(
            "| {name} | {:.3} | {:.1} | {:.3} | {:.0} |",
            of(|s| s.wall_s),
            median(ratios.collect()),
            of(|s| s.user_s + s.system_s),
            of(|s| s.peak_mib)
        );
    }
    Ok(())
}
