//! `convert/SIZE`: megabytes of capture per second into a lake, all stages.
//!
//! The input is the agentic-ci capture of every emitter in `testdata/captures`, repeated with all
//! times moved on by a minute each time, until it has the wanted size. It is made once, outside
//! the timed part.
//!
//! ```text
//! cargo bench -p otolith-ingest --bench convert -- [megabytes (200)] [threads (1)] [rounds (3)] [redact]
//! cargo bench -p otolith-ingest --bench convert -- FILE 0 [threads (1)] [rounds (3)] [redact]
//! ```
//! FILE, the absolute path of a file or directory, is converted instead of the repeated captures.
//! With `redact` the classes prompts, emails and ids are redacted with a key.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use otolith_capture::{Chunk, Entry, ReadOptions, find_sources};
use otolith_ingest::{
    ConvertOptions, NoWatch, RedactClass, RedactTarget, Redaction, RedactionKey, convert,
};
use otolith_lake::Lake;

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEGABYTE: usize = 1_000_000;
/// How far the times of a repetition are behind those of the one before.
const STEP_NANOS: u64 = 60_000_000_000;
/// Times of the captures have 19 digits and begin so.
const TIME_PREFIX: &[u8] = b"179";
const TIME_DIGITS: usize = 19;

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

/// Writes the capture; tells its requests.
fn write_capture(path: &Path, len_bytes: usize) -> Result<u64, Box<dyn std::error::Error>> {
    let lines = request_lines()?;
    let mut file = BufWriter::new(File::create(path)?);
    let (mut written, mut requests) = (0, 0);
    let mut line = Vec::new();
    for repetition in 0.. {
        for request in &lines {
            line.clear();
            shift_times(request, repetition * STEP_NANOS, &mut line);
            line.push(b'\n');
            file.write_all(&line)?;
            written += line.len();
            requests += 1;
            if written >= len_bytes {
                file.flush()?;
                return Ok(requests);
            }
        }
    }
    unreachable!("the loop above has no end")
}

/// The requests of all captures, each a line of JSON.
fn request_lines() -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error>> {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures");
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(captures)? {
        let directory = entry?.path();
        let names = ["agentic-ci.jsonl", "agentic-ci.jsonl.zst"];
        let files = names.map(|name| directory.join(name));
        paths.extend(files.into_iter().filter(|file| file.exists()));
    }
    paths.sort();
    let mut lines = Vec::new();
    let mut chunk = Chunk::new();
    for source in find_sources(&paths)? {
        let mut reader = source.open(&ReadOptions::default())?;
        while reader.next_chunk(&mut chunk)? {
            for entry in chunk.entries() {
                if let Entry::Frame(frame) = entry {
                    lines.push(frame.bytes.to_vec());
                }
            }
        }
    }
    Ok(lines)
}

/// Copies a line with every time moved on.
fn shift_times(line: &[u8], offset_nanos: u64, out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(start) = rest.iter().position(u8::is_ascii_digit) {
        let digits = rest[start..]
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len() - start);
        let number = &rest[start..start + digits];
        out.extend_from_slice(&rest[..start]);
        match std::str::from_utf8(number).map(str::parse::<u64>) {
            Ok(Ok(time)) if digits == TIME_DIGITS && number.starts_with(TIME_PREFIX) => {
                out.extend_from_slice((time + offset_nanos).to_string().as_bytes());
            }
            _ => out.extend_from_slice(number),
        }
        rest = &rest[start + digits..];
    }
    out.extend_from_slice(rest);
}

/// What the operating system calls the peak of this process, where it tells.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
