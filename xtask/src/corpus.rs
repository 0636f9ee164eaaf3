//! Captures of any size for benchmarks: the same telemetry in every dialect.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use otolith_capture::{Encoding, Signal};
use otolith_corpus::{Request, Spec, Totals, generate};

const SEED: u64 = 1;

/// How much telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// A word for file names.
    pub name: &'static str,
    pub items: u64,
    pub items_per_request: u64,
}

/// About 250 KB of JSON lines.
pub const TINY: Size = Size {
    name: "T",
    items: 240,
    items_per_request: 64,
};
/// About 10 MB of JSON lines.
pub const SMALL: Size = Size {
    name: "S",
    items: 19_000,
    items_per_request: 1_024,
};
/// About 200 MB of JSON lines.
pub const MEDIUM: Size = Size {
    name: "M",
    items: 380_000,
    items_per_request: 1_024,
};
/// As [`MEDIUM`], in small requests.
pub const MEDIUM_IN_TENS: Size = Size {
    name: "M10",
    items_per_request: 10,
    ..MEDIUM
};
/// About 1 GB of JSON lines.
pub const LARGE: Size = Size {
    name: "L",
    items: 1_900_000,
    items_per_request: 1_024,
};

/// As [`SMALL`], in small requests.
pub const SMALL_IN_TENS: Size = Size {
    name: "S10",
    items_per_request: 10,
    ..SMALL
};

pub const SIZES: [Size; 6] = [TINY, SMALL, SMALL_IN_TENS, MEDIUM, MEDIUM_IN_TENS, LARGE];

/// How requests lie in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// The Collector's file exporter, JSON: a request a line.
    JsonLines,
    /// The recorder agentic-ci: an envelope a line, with the spaces of Python's JSON.
    AgenticCi,
    /// The Collector's file exporter, protobuf: a file per signal, a length before each request.
    Protobuf,
}

impl Dialect {
    /// Every dialect with its name.
    pub const ALL: [(&str, Self); 3] = [
        ("json", Self::JsonLines),
        ("agentic-ci", Self::AgenticCi),
        ("protobuf", Self::Protobuf),
    ];
}

/// The files of one corpus.
#[derive(Clone, Debug)]
pub struct Corpus {
    pub files: Vec<PathBuf>,
    pub totals: Totals,
    pub bytes: u64,
}

/// Writes the corpus of a size in every dialect and says what it holds.
pub fn write_all(directory: &Path, size: &str) -> Result<()> {
    let named = SIZES.into_iter().find(|known| known.name == size);
    let size = named.with_context(|| format!("no size `{size}`: S, S10, M, M10 or L"))?;
    for (name, dialect) in Dialect::ALL {
        let corpus = write(directory, size, dialect)?;
        let mb = corpus.bytes as f64 / 1e6;
        println!("{name}: {mb:.1} MB, {:?}", corpus.totals);
    }
    Ok(())
}

/// Writes a corpus into a directory. The same size and dialect give the same bytes.
pub fn write(directory: &Path, size: Size, dialect: Dialect) -> Result<Corpus> {
    let spec = Spec {
        seed: SEED,
        items: size.items,
        items_per_request: size.items_per_request,
    };
    let files: Vec<PathBuf> = match dialect {
        Dialect::JsonLines => vec![directory.join(format!("{}.jsonl", size.name))],
        Dialect::AgenticCi => vec![directory.join(format!("{}-agentic-ci.jsonl", size.name))],
        Dialect::Protobuf => ["traces.bin", "metrics.bin", "logs.bin"]
            .map(|name| directory.join(format!("{}-protobuf", size.name)).join(name))
            .to_vec(),
    };
    let mut outputs = Vec::new();
    for file in &files {
        fs::create_dir_all(file.parent().unwrap_or(directory))?;
        let file = File::create(file).with_context(|| format!("cannot create {file:?}"))?;
        outputs.push(BufWriter::new(file));
    }
    let encoding = match dialect {
        Dialect::JsonLines | Dialect::AgenticCi => Encoding::Json,
        Dialect::Protobuf => Encoding::Protobuf,
    };
    let totals = generate(spec, encoding, &mut |request| match dialect {
        Dialect::JsonLines => {
            outputs[0].write_all(&request.bytes)?;
            outputs[0].write_all(b"\n")
        }
        Dialect::AgenticCi => write_envelope(&mut outputs[0], request),
        Dialect::Protobuf => {
            let output = &mut outputs[request.signal as usize];
            let length = u32::try_from(request.bytes.len()).map_err(io::Error::other)?;
            output.write_all(&length.to_be_bytes())?;
            output.write_all(&request.bytes)
        }
    })?;
    for output in &mut outputs {
        output.flush()?;
    }
    let mut bytes = 0;
    for file in &files {
        bytes += fs::metadata(file)?.len();
    }
    Ok(Corpus {
        files,
        totals,
        bytes,
    })
}

fn write_envelope(output: &mut impl io::Write, request: &Request) -> io::Result<()> {
    let signal = match request.signal {
        Signal::Traces => "traces",
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
    };
    // The corpus lies in one November: day and time of day are arithmetic.
    let micros = request.arrival_unix_nano / 1_000;
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let day = seconds / 86_400 - DAYS_TO_NOVEMBER;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    write!(
        output,
        "{{\"ts\": \"2026-11-{:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00\", \
         \"path\": \"/v1/{signal}\", \"payload\": ",
        day + 1
    )?;
    output.write_all(&spaced(&request.bytes))?;
    output.write_all(b"}\n")
}

/// Days from 1970-01-01 to 2026-11-01.
const DAYS_TO_NOVEMBER: u64 = 20_758;

/// JSON with a space after each comma and colon.
fn spaced(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 11 / 10);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        out.push(*byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b':' if !in_text => out.push(b' '),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_capture::{Chunk, Entry, ReadOptions, find_sources};

    #[test]
    fn every_dialect_holds_the_same_requests() {
        let directory = std::env::temp_dir().join(format!("corpus-{}", std::process::id()));
        let size = Size {
            name: "test",
            items: 2_000,
            items_per_request: 100,
        };
        for (_, dialect) in Dialect::ALL {
            let corpus = write(&directory, size, dialect).unwrap();
            let mut frames = 0;
            let mut chunk = Chunk::new();
            for source in find_sources(&corpus.files).unwrap() {
                let mut reader = source.open(&ReadOptions::default()).unwrap();
                while reader.next_chunk(&mut chunk).unwrap() {
                    for entry in chunk.entries() {
                        let Entry::Frame(frame) = entry else {
                            panic!("{entry:?}");
                        };
                        frames += 1;
                        let arrival = frame.arrival_unix_nano.unwrap_or(1_794_787_200_000_000_000);
                        assert_eq!(arrival / 86_400_000_000_000, 20_773, "{dialect:?}");
                    }
                }
            }
            assert_eq!(frames, corpus.totals.requests, "{dialect:?}");
        }
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn spaces_stand_outside_of_texts() {
        assert_eq!(
            spaced(br#"{"a":"b,\":","c":[1,2]}"#),
            br#"{"a": "b,\":", "c": [1, 2]}"#
        );
    }
}
