//! The inputs, made once and kept in the target directory.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::Result;

use crate::corpus::{self, Corpus, Dialect, LARGE, MEDIUM, MEDIUM_IN_TENS};

/// Files that the requests of a corpus are spread over.
const SMALL_FILES: u64 = 10_000;

/// All inputs.
pub struct Inputs {
    pub json: Corpus,
    pub agentic: Corpus,
    pub protobuf: Corpus,
    /// The JSON lines as one zstd frame.
    pub zstd: Corpus,
    pub gzip: Corpus,
    /// Requests of ten items.
    pub tens: Corpus,
    /// The same in 10,000 files.
    pub small_files: Corpus,
    pub large: Corpus,
}

impl Inputs {
    pub fn make(dir: &Path) -> Result<Self> {
        let json = corpus::write(dir, MEDIUM, Dialect::JsonLines)?;
        let tens = corpus::write(dir, MEDIUM_IN_TENS, Dialect::JsonLines)?;
        Ok(Self {
            agentic: corpus::write(dir, MEDIUM, Dialect::AgenticCi)?,
            protobuf: corpus::write(dir, MEDIUM, Dialect::Protobuf)?,
            zstd: compressed(&json, "zst", |from, to| {
                zstd::stream::copy_encode(from, to, 3)
            })?,
            gzip: compressed(&json, "gz", |mut from, to| {
                let mut encoder = flate2::write::GzEncoder::new(to, flate2::Compression::new(6));
                io::copy(&mut from, &mut encoder)?;
                encoder.finish()?;
                Ok(())
            })?,
            small_files: split(&tens, &dir.join("small-files"))?,
            large: corpus::write(dir, LARGE, Dialect::JsonLines)?,
            json,
            tens,
        })
    }
}

fn compressed(
    corpus: &Corpus,
    extension: &str,
    compress: impl Fn(BufReader<File>, &mut BufWriter<File>) -> io::Result<()>,
) -> Result<Corpus> {
    let mut files = Vec::new();
    let mut bytes = 0;
    for file in &corpus.files {
        let mut name = file.clone().into_os_string();
        name.push(".");
        name.push(extension);
        let mut out = BufWriter::new(File::create(&name)?);
        compress(BufReader::new(File::open(file)?), &mut out)?;
        out.flush()?;
        bytes += out.get_ref().metadata()?.len();
        files.push(name.into());
    }
    Ok(Corpus {
        files,
        totals: corpus.totals,
        bytes,
    })
}

/// The lines of a corpus in many files of one directory.
fn split(corpus: &Corpus, dir: &Path) -> Result<Corpus> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    let place = |number: u64| number * SMALL_FILES / corpus.totals.requests;
    let mut number = 0;
    let mut out: Option<BufWriter<File>> = None;
    for file in &corpus.files {
        for line in BufReader::new(File::open(file)?).split(b'\n') {
            if number == 0 || place(number) != place(number - 1) {
                let path = dir.join(format!("{:05}.jsonl", place(number)));
                if let Some(mut full) = out.replace(BufWriter::new(File::create(path)?)) {
                    full.flush()?;
                }
            }
            if let Some(out) = &mut out {
                out.write_all(&line?)?;
                out.write_all(b"\n")?;
            }
            number += 1;
        }
    }
    if let Some(mut last) = out {
        last.flush()?;
    }
    Ok(Corpus {
        files: vec![dir.to_owned()],
        totals: corpus.totals,
        bytes: corpus.bytes,
    })
}
