//! `convert/SIZE`: megabytes of capture per second into a lake, all stages.
//!
//! The input is real captures, repeated until they have the wanted size: see `repeated`.
//!
//! ```text
//! cargo bench -p otolith-ingest --bench convert -- [megabytes (200)] [threads (1)] [rounds (3)] [redact]
//! cargo bench -p otolith-ingest --bench convert -- FILE 0 [threads (1)] [rounds (3)] [redact]
//! ```
//! FILE, the absolute path of a file or directory, is converted instead of the repeated captures.
//! With `redact` the classes prompts, emails and ids are redacted with a key.

mod repeated;

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use otolith_capture::find_sources;
use otolith_ingest::{
    ConvertOptions, NoWatch, RedactClass, RedactTarget, Redaction, RedactionKey, convert,
};
use otolith_lake::Lake;

use repeated::{MEGABYTE, peak_memory, write_capture};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let number = |index: usize, default| numbers.get(index).copied().unwrap_or(default);
    let (megabytes, threads, rounds) = (number(0, 200), number(1, 1), number(2, 3));

    let redacts = std::env::args().any(|argument| argument == "redact");

    let mut given = std::env::args().skip(1).map(PathBuf::from);
    let given = given.find(|path| path.is_absolute());
    let directory = std::env::temp_dir().join(format!("otolith-bench-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let capture = directory.join("capture.jsonl");
    let (capture, requests) = match given {
        Some(path) => (path, None),
        None => {
            let requests = write_capture(&capture, megabytes * MEGABYTE)?;
            (capture, Some(requests))
        }
    };
    let options = ConvertOptions {
        threads: NonZeroUsize::new(threads).ok_or("no threads")?,
        redact: redacts.then(|| Arc::new(redaction())),
        ..ConvertOptions::default()
    };
    for round in 0..rounds {
        let place = directory.join(format!("lake-{round}"));
        let lake = Lake::create_or_open(&place)?;
        let sources = find_sources(std::slice::from_ref(&capture))?;
        let began = Instant::now();
        let account = convert(&sources, &lake, &options, &NoWatch)?;
        let seconds = began.elapsed().as_secs_f64();
        assert!(account.is_clean() && account.balances(), "{account:?}");
        assert!(requests.is_none_or(|requests| account.frames_converted == requests));
        let bytes = account.bytes_read;
        println!(
            "convert/{}MB threads={threads} redact={redacts}: {:.1} MB/s ({seconds:.2} s, {} rows, \
             {} parts of {:.1} MB, peak memory {})",
            bytes / MEGABYTE as u64,
            bytes as f64 / MEGABYTE as f64 / seconds,
            account.rows_written,
            account.parts_written,
            account.bytes_written as f64 / MEGABYTE as f64,
            peak_memory(),
        );
        fs::remove_dir_all(&place)?;
    }
    fs::remove_dir_all(&directory)?;
    Ok(())
}

fn redaction() -> Redaction {
    let key = RedactionKey::from_bytes(b"a key for benches of 32 bytes");
    Redaction::new(RedactClass::ALL.map(RedactTarget::Class), key)
}
