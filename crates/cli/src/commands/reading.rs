//! Options of reading and decoding, turned into those of the libraries.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use otolith_capture::{ReadLimits, ReadOptions, Source, find_sources};
use otolith_ingest::{ConvertOptions, Dedup, Redaction, RedactionKey};
use otolith_otlp::Limits;

use crate::args::{ConversionArgs, DecodeArgs, DedupArg, InputArgs, ReadArgs, RedactionArgs};
use crate::exit::UsageError;
use crate::hints::Failure;

/// The files behind the paths; none at all is taken for a mistake.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let sources = find_sources(paths)?;
    if sources.is_empty() {
        let names: Vec<String> = paths.iter().map(|p| format!("`{}`", p.display())).collect();
        return Err(Failure {
            message: format!("no files in {}", names.join(", ")),
            hint: "hidden files are not read unless they are named",
        }
        .into());
    }
    Ok(sources)
}

impl TryFrom<&ReadArgs> for ReadOptions {
    type Error = UsageError;

    fn try_from(args: &ReadArgs) -> Result<Self, UsageError> {
        Ok(Self {
            input_format: args.input_format,
            signal: args.protobuf_signal,
            limits: ReadLimits {
                frame_bytes: memory("--max-frame", args.max_frame)?,
                decompression_ratio: args.max_ratio,
                decompressed_bytes: args.max_decompressed,
                ..ReadLimits::default()
            },
            ..Self::default()
        })
    }
}

impl From<&DecodeArgs> for Limits {
    fn from(args: &DecodeArgs) -> Self {
        Self {
            value_depth: args.max_depth.into(),
            attributes: args.max_attributes,
        }
    }
}

/// The options of a conversion, with the documented defaults where the command line has no say.
pub fn conversion(
    args: &ConversionArgs,
    input: &InputArgs,
    strict: bool,
) -> Result<ConvertOptions, UsageError> {
    Ok(ConvertOptions {
        threads: threads(args.threads),
        read: ReadOptions::try_from(&input.read)?,
        decode: Limits::from(&input.decode),
        dedup: match args.dedup {
            None => Dedup::None,
            Some(DedupArg::Requests) => Dedup::Requests,
        },
        strict,
        ..ConvertOptions::default()
    })
}

/// What to redact, with the key if one is given.
pub fn redaction(args: RedactionArgs) -> Result<Option<Arc<Redaction>>> {
    if args.redact.is_empty() {
        return Ok(None);
    }
    let key = match &args.redact_key {
        Some(path) => Some(RedactionKey::read(path)?),
        None => None,
    };
    Ok(Some(Arc::new(Redaction::new(args.redact, key))))
}

/// The number of threads: as given, else one per core.
pub fn threads(given: Option<u16>) -> NonZeroUsize {
    given
        .and_then(|n| NonZeroUsize::new(n.into()))
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// A size that must fit the address space.
pub fn memory(option: &str, bytes: u64) -> Result<usize, UsageError> {
    match usize::try_from(bytes) {
        Ok(0) => Err(UsageError(format!("{option} must be greater than 0"))),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(UsageError(format!(
            "{option} is larger than this machine can address"
        ))),
    }
}
