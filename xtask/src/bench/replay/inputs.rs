//! Captures to replay, made in the target directory.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use otolith_corpus::{AUTUMN_2026, Dialect, log_request, spans_request};

const SECOND: u64 = 1_000_000_000;

/// Where captures lie.
pub struct Inputs {
    dir: PathBuf,
}

impl Inputs {
    pub fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// The body of a request of so many spans, as a file.
    pub fn body(&self, spans: u64) -> Result<PathBuf> {
        let path = self.dir.join(format!("body-{spans}.binpb"));
        fs::write(&path, spans_request(spans, AUTUMN_2026).bytes)?;
        Ok(path)
    }

    /// A capture of so many requests with the same body.
    pub fn equal(&self, requests: u64, spans: u64) -> Result<PathBuf> {
        let request = spans_request(spans, AUTUMN_2026);
        self.capture(&format!("equal-{spans}-{requests}"), |out| {
            (0..requests).try_for_each(|_| Dialect::Protobuf.append(&request, out))
        })
    }

    /// A capture of so many log records, each a request of its own.
    pub fn tiny(&self, requests: u64) -> Result<PathBuf> {
        let request = log_request("tick", AUTUMN_2026);
        self.capture(&format!("tiny-{requests}"), |out| {
            (0..requests).try_for_each(|_| Dialect::Protobuf.append(&request, out))
        })
    }

    /// A capture recorded at this rate: requests of one span at equal distances.
    pub fn steady(&self, per_second: u64, seconds: u64) -> Result<PathBuf> {
        let gap = SECOND / per_second;
        self.capture(&format!("steady-{per_second}-{seconds}"), |out| {
            (0..=per_second * seconds).try_for_each(|number| {
                Dialect::Protobuf.append(&spans_request(1, AUTUMN_2026 + number * gap), out)
            })
        })
    }

    /// Writes a capture unless it is there.
    fn capture(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<PathBuf> {
        // The name of a file tells the signal.
        let signal = match name.starts_with("tiny") {
            true => "logs",
            false => "traces",
        };
        let path = self.dir.join(name).join(format!("{signal}.bin"));
        if path.exists() {
            return Ok(path);
        }
        fs::create_dir_all(self.dir.join(name))?;
        let unfinished = path.with_extension("part");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
        write(&mut out)?;
        out.flush()?;
        fs::rename(unfinished, &path)?;
        Ok(path)
    }
}
