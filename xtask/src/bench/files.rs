//! The inputs, made in the target directory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::corpus::{
    self, Corpus, Dialect, LARGE, MEDIUM, MEDIUM_IN_TENS, SMALL, SMALL_IN_TENS, Size, TINY,
};

/// Files that the requests of a corpus are spread over.
const SMALL_FILES: u64 = 10_000;

/// How large inputs are.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    usual: Size,
    /// As the usual one, in requests of ten items.
    tens: Size,
    large: Size,
}

/// What results are published of.
pub const FULL: Sizes = Sizes {
    usual: MEDIUM,
    tens: MEDIUM_IN_TENS,
    large: LARGE,
};
/// For a quick look.
pub const QUICK: Sizes = Sizes {
    usual: SMALL,
    tens: SMALL_IN_TENS,
    large: MEDIUM,
};

/// One of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    Dialect(Dialect),
    /// The JSON lines as one zstd frame.
    Zstd,
    Gzip,
    /// JSON lines in requests of ten items.
    Tens,
    /// The same in 10,000 files, or in one per request if there are fewer.
    SmallFiles,
    /// JSON lines.
    Large,
    /// A few agentic-ci lines.
    Tiny,
}

/// The inputs that were asked for.
pub struct Inputs {
    dir: PathBuf,
    sizes: Sizes,
    made: BTreeMap<Input, Corpus>,
}

impl Inputs {
    pub fn new(dir: &Path, sizes: Sizes) -> Self {
        Self {
            dir: dir.to_owned(),
            sizes,
            made: BTreeMap::new(),
        }
    }

    /// An input, which is made when it is asked for the first time.
    pub fn get(&mut self, input: Input) -> Result<Corpus> {
        if let Some(made) = self.made.get(&input) {
            return Ok(made.clone());
        }
        let corpus = self.make(input)?;
        self.made.insert(input, corpus.clone());
        Ok(corpus)
    }

    fn make(&mut self, input: Input) -> Result<Corpus> {
        const JSON: Input = Input::Dialect(Dialect::JsonLines);
        let Sizes { usual, tens, large } = self.sizes;
        match input {
            Input::Dialect(dialect) => corpus::write(&self.dir, usual, dialect),
            Input::Tens => corpus::write(&self.dir, tens, Dialect::JsonLines),
            Input::Large => corpus::write(&self.dir, large, Dialect::JsonLines),
            Input::Tiny => corpus::write(&self.dir, TINY, Dialect::AgenticCi),
            Input::SmallFiles => split(&self.get(Input::Tens)?, &self.dir.join("small-files")),
            Input::Zstd => compressed(&self.get(JSON)?, "zst", |from, to| {
                zstd::stream::copy_encode(from, to, 3)
            }),
            Input::Gzip => compressed(&self.get(JSON)?, "gz", |mut from, to| {
                let mut encoder = flate2::write::GzEncoder::new(to, flate2::Compression::new(6));
                io::copy(&mut from, &mut encoder)?;
                encoder.finish()?;
                Ok(())
            }),
        }
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
