//! Converts captures to Parquet with the library otlp2records: what a program does that is made of it.
//!
//! ```text
//! otlp2records-driver DIRECTORY FILE...
//! ```
//!
//! A file `*.jsonl` has one OTLP JSON request of any signal in a line; `traces.bin`, `logs.bin` and
//! `metrics.bin` have protobuf requests, each after its length (4 bytes, big-endian). Each kind of
//! record goes to one zstd-compressed Parquet file in the directory. Prints the rows of each kind.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use otlp2records::{InputFormat, transform_logs, transform_metrics, transform_traces};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As otolith's, so that both compress alike.
const ZSTD_LEVEL: i32 = 1;
const ROW_GROUP_ROWS: usize = 128 * 1024;

#[derive(Clone, Copy)]
enum Signal {
    Traces,
    Metrics,
    Logs,
}

struct Output {
    directory: PathBuf,
    writers: BTreeMap<&'static str, ArrowWriter<File>>,
    rows: BTreeMap<&'static str, usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let directory = arguments.next().ok_or("usage: DIRECTORY FILE...")?;
    fs::create_dir_all(&directory)?;
    let mut output = Output {
        directory,
        writers: BTreeMap::new(),
        rows: BTreeMap::new(),
    };
    for file in arguments {
        convert(&file, &mut output)?;
    }
    for (_, writer) in output.writers {
        writer.close()?.file_metadata();
    }
    for (kind, rows) in output.rows {
        println!("{kind} {rows}");
    }
    Ok(())
}

fn convert(file: &Path, output: &mut Output) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(file)?;
    if file.extension().is_some_and(|extension| extension == "jsonl") {
        for line in bytes.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                output.request(signal_of(line)?, line, InputFormat::Json)?;
            }
        }
        return Ok(());
    }
    let signal = match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("traces") => Signal::Traces,
        Some("metrics") => Signal::Metrics,
        Some("logs") => Signal::Logs,
        _ => return Err(format!("no signal in the name of {}", file.display()).into()),
    };
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (message, after) = after
            .split_at_checked(u32::from_be_bytes(*length) as usize)
            .ok_or("torn message")?;
        output.request(signal, message, InputFormat::Protobuf)?;
        rest = after;
    }
    Ok(())
}

/// The signal of a request, from its first member.
fn signal_of(line: &[u8]) -> Result<Signal, Box<dyn Error>> {
    if line.starts_with(b"{\"resourceSpans\"") {
        Ok(Signal::Traces)
    } else if line.starts_with(b"{\"resourceMetrics\"") {
        Ok(Signal::Metrics)
    } else if line.starts_with(b"{\"resourceLogs\"") {
        Ok(Signal::Logs)
    } else {
        Err("a line is no OTLP request".into())
    }
}

impl Output {
    fn request(
        &mut self,
        signal: Signal,
        bytes: &[u8],
        format: InputFormat,
    ) -> Result<(), Box<dyn Error>> {
        match signal {
            Signal::Traces => self.batch("traces", &transform_traces(bytes, format)?),
            Signal::Logs => self.batch("logs", &transform_logs(bytes, format)?),
            Signal::Metrics => {
                let batches = transform_metrics(bytes, format)?;
                let kinds = [
                    ("gauge", batches.gauge),
                    ("sum", batches.sum),
                    ("histogram", batches.histogram),
                    ("exp_histogram", batches.exp_histogram),
                ];
                for (kind, batch) in kinds {
                    if let Some(batch) = batch {
                        self.batch(kind, &batch)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn batch(&mut self, kind: &'static str, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
        *self.rows.entry(kind).or_default() += batch.num_rows();
        if !self.writers.contains_key(kind) {
            let file = File::create(self.directory.join(format!("{kind}.parquet")))?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
                .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
                .build();
            let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
            self.writers.insert(kind, writer);
        }
        let writer = self.writers.get_mut(kind).expect("it was just made");
        Ok(writer.write(batch)?)
    }
}
