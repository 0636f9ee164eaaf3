//! `cat/WHAT/SIZE` and `compare/SIZE`: megabytes of JSON lines per second into another capture, or
//! against themselves.
//!
//! The input is that of `convert`: see `repeated`. What is written goes nowhere. On a busy machine the
//! seconds of the processor are those to go by.
//!
//! ```text
//! cargo bench -p otolith-ingest --bench cat -- [megabytes (200)] [threads (1)] [rounds (3)]
//! ```

mod repeated;

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use otolith_capture::{CaptureFiles, Dialect, Source, find_sources};
use otolith_ingest::{
    CatOptions, CompareOptions, NoWatch, RedactClass, RedactTarget, Redaction, RedactionKey, Side,
    SortBy, TraceSample, cat, compare,
};

use repeated::{MEGABYTE, peak_memory, write_capture};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured.
const CASES: [&str; 6] = ["pass", "sort", "proto", "proto-zstd", "sample", "redact"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let number = |index: usize, default| numbers.get(index).copied().unwrap_or(default);
    let (megabytes, threads, rounds) = (number(0, 200), number(1, 1), number(2, 3));
    let directory = tempfile::tempdir()?;
    let capture = directory.path().join("capture.jsonl");
    let requests = write_capture(&capture, megabytes * MEGABYTE)?;
    let bytes = fs::metadata(&capture)?.len();
    let sources = find_sources(&[capture])?;
    let threads = NonZeroUsize::new(threads).ok_or("no threads")?;
    for _ in 0..rounds {
        for case in CASES {
            let options = CatOptions {
                threads,
                spool_dir: Some(directory.path().to_owned()),
                ..options(case)
            };
            let out = CaptureFiles::stream(Box::new(io::sink()), None)?;
            let began = Began::now();
            let account = cat(&sources, &options, out, &NoWatch)?;
            assert!(
                account.balances() && account.frames_rejected == 0,
                "{account:?}"
            );
            assert_eq!(account.frames_read, requests);
            tell(&format!("cat/{case}"), bytes, threads, began);
        }
        compare_with_itself(&sources, threads, bytes)?;
    }
    Ok(())
}

fn options(case: &str) -> CatOptions {
    let dialect = match case {
        "proto" => Dialect::Proto,
        "proto-zstd" => Dialect::ProtoZstd,
        _ => Dialect::JsonLines,
    };
    let mut options = CatOptions::new(dialect);
    match case {
        "sort" => options.sort = SortBy::Time,
        "sample" => options.slice.traces = TraceSample::of_share(0.1),
        "redact" => {
            let key = RedactionKey::from_bytes(b"a key for benches of 32 bytes");
            let classes = RedactClass::ALL.map(RedactTarget::Class);
            options.redact = Some(Arc::new(Redaction::new(classes, key)));
        }
        _ => {}
    }
    options
}

fn compare_with_itself(
    sources: &[Source],
    threads: NonZeroUsize,
    bytes: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let side = Side {
        sources: sources.to_vec(),
        lakes: Vec::new(),
    };
    let options = CompareOptions {
        threads,
        ..CompareOptions::default()
    };
    let began = Began::now();
    let comparison = compare(&side, &side, &options, &NoWatch)?;
    assert!(comparison.is_clean() && comparison.matched > 0);
    tell("compare", 2 * bytes, threads, began);
    Ok(())
}

/// Beginning of a measurement, by the clock and by the processor.
struct Began(Instant, f64);

impl Began {
    fn now() -> Self {
        Self(Instant::now(), cpu_seconds())
    }
}

fn tell(name: &str, bytes: u64, threads: NonZeroUsize, began: Began) {
    let (seconds, cpu) = (began.0.elapsed().as_secs_f64(), cpu_seconds() - began.1);
    let megabytes = bytes as f64 / MEGABYTE as f64;
    println!(
        "{name}/{megabytes:.0}MB threads={threads}: {:.1} MB/s ({seconds:.2} s, {cpu:.2} s of processor, \
         peak memory {})",
        megabytes / seconds,
        peak_memory(),
    );
}

/// What this process has used of processors, in hundredths, where the operating system tells; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = behind_name.split_whitespace().skip(11).take(2);
    let ticks: f64 = fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}
