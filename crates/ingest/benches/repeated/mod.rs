//! A large capture of real requests, for benchmarks.
//!
//! The agentic-ci capture of every emitter in `testdata/captures`, repeated with all times moved on by a
//! minute each time, until it has the wanted size. It is made once, outside of the timed part.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use otolith_capture::{Chunk, Entry, ReadOptions, find_sources};

/// Bytes of a megabyte.
pub const MEGABYTE: usize = 1_000_000;
/// How far the times of a repetition are behind those of the one before.
const STEP_NANOS: u64 = 60_000_000_000;
/// Times of the captures have 19 digits and begin so.
const TIME_PREFIX: &[u8] = b"179";
const TIME_DIGITS: usize = 19;

/// Writes the capture; tells its requests.
pub fn write_capture(path: &Path, len_bytes: usize) -> Result<u64, Box<dyn std::error::Error>> {
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
pub fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
