//! Captures of any size for benchmarks: the same telemetry in every dialect.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
pub use otolith_corpus::Dialect;
use otolith_corpus::{Spec, Totals, generate};

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
/// About 5 GB of JSON lines.
pub const HUGE: Size = Size {
    name: "XL",
    items: 9_500_000,
    items_per_request: 1_024,
};

/// As [`SMALL`], in small requests.
pub const SMALL_IN_TENS: Size = Size {
    name: "S10",
    items_per_request: 10,
    ..SMALL
};

pub const SIZES: [Size; 7] = [
    TINY,
    SMALL,
    SMALL_IN_TENS,
    MEDIUM,
    MEDIUM_IN_TENS,
    LARGE,
    HUGE,
];

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
    let size = named.with_context(|| format!("no size `{size}`: S, S10, M, M10, L or XL"))?;
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
    let totals = generate(spec, dialect.encoding(), &mut |request| {
        let number = match dialect {
            Dialect::JsonLines | Dialect::AgenticCi => 0,
            Dialect::Protobuf => request.signal as usize,
        };
        dialect.append(request, &mut outputs[number])
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
}
