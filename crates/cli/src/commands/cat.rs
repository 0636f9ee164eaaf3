//! `otolith cat`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use otolith_capture::{CaptureFiles, Compression, FileOptions, ReadOptions, Source, WriteError};
use otolith_ingest::{
    CatAccount, CatError, CatOptions, ConvertOptions, ServiceFilter, Slice, SortBy, Watch, cat,
    cat_lake, collect,
};
use otolith_lake::Lake;
use otolith_otlp::Limits;
use otolith_report::{Calendar, Data};
use otolith_tables::Wanted;

use super::reading;
use super::report::newest_nanos;
use crate::args::{CatArgs, CompressArg, SliceArgs, SortArg};
use crate::exit::{Outcome, UsageError};
use crate::hints::Failure;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ByteBar, Terminal};
use crate::render::{self, Output};
use crate::stderr;
use crate::values::{Edge, Moment};

/// Runs the command.
pub fn run(args: CatArgs, terminal: Terminal) -> Result<Outcome> {
    let target = Target::of(&args)?;
    let CatArgs {
        paths,
        lake,
        sort,
        convert,
        slice,
        redaction,
        input,
        ..
    } = args;
    let conversion = reading::conversion(&convert, &input, args.strict)?;
    let from = match lake {
        Some(dir) => From::Lake(Lake::open(&dir)?),
        None => From::Captures(reading::sources(&paths)?),
    };
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let began = Instant::now();
    let slice = match from.slice(slice, &conversion, &stop, terminal) {
        Err(error) if is_interrupted(&error) => return Ok(interrupted(terminal)),
        slice => slice?,
    };
    let options = CatOptions {
        threads: conversion.threads,
        read: ReadOptions::try_from(&input.read)?,
        decode: Limits::from(&input.decode),
        slice,
        sort: match (sort, &from) {
            (SortArg::Always, _) => SortBy::Time,
            (SortArg::Auto, From::Captures(sources)) if sources.len() > 1 => SortBy::Time,
            (SortArg::Auto | SortArg::Never, _) => SortBy::Input,
        },
        dedup: conversion.dedup,
        strict: args.strict,
        redact: reading::redaction(redaction)?,
        ..CatOptions::new(args.format.into())
    };
    let out = target.open()?;
    let goes_to_file = target.file.is_some();
    let account = match from.write(&options, out, stop, terminal) {
        Err(error) if error.is_interrupted() => return Ok(interrupted(terminal)),
        // Bare, so that a reader who has seen enough makes a normal end.
        Err(CatError::Write(WriteError::Stream(error))) => return Err(error.into()),
        account => account?,
    };
    tell(&account, args.json, goes_to_file, began, terminal)?;
    Ok(Outcome::lossy_if(!account.is_clean()))
}

fn interrupted(terminal: Terminal) -> Outcome {
    terminal.say("interrupted: what was written are whole requests, files were not");
    Outcome::Interrupted
}

fn is_interrupted(error: &anyhow::Error) -> bool {
    let convert = error.downcast_ref();
    matches!(convert, Some(otolith_ingest::ConvertError::Interrupted))
}

fn tell(
    account: &CatAccount,
    json: bool,
    goes_to_file: bool,
    began: Instant,
    terminal: Terminal,
) -> Result<()> {
    if !json {
        terminal.say(render::requests::summary(account, began.elapsed()));
    } else if goes_to_file {
        let mut out = Output::stdout();
        render::object(account, &mut out)?;
        out.finish()?;
    } else {
        let mut text = Vec::new();
        render::object(account, &mut text)?;
        stderr::print(String::from_utf8_lossy(&text).trim_end());
    }
    Ok(())
}

/// What is written.
enum From {
    Lake(Lake),
    Captures(Vec<Source>),
}

impl From {
    /// The slice, counted back from the newest item if need be.
    fn slice(
        &self,
        args: SliceArgs,
        options: &ConvertOptions,
        stop: &Arc<AtomicBool>,
        terminal: Terminal,
    ) -> Result<Slice> {
        let calendar = Calendar {
            tz: args.tz,
            ..Calendar::default()
        };
        let is_back =
            |moment: &Option<Moment>| matches!(moment, Some(Moment::Back(_) | Moment::DaysBack(_)));
        let newest = match is_back(&args.since) || is_back(&args.until) {
            true => self.newest(options, stop, terminal)?,
            false => None,
        };
        let fix = |moment: Option<Moment>, edge| moment?.fix(edge, &calendar, newest);
        Ok(Slice {
            signal: args.signal,
            service: args
                .service
                .map(|glob| ServiceFilter::new(move |name| glob.matches(name))),
            since: fix(args.since, Edge::Start),
            until: fix(args.until, Edge::End),
            traces: args.sample_traces,
        })
    }

    /// The time just behind the newest item.
    fn newest(
        &self,
        options: &ConvertOptions,
        stop: &Arc<AtomicBool>,
        terminal: Terminal,
    ) -> Result<Option<i64>> {
        let sources = match self {
            Self::Lake(lake) => return newest_nanos(Data::from(lake)),
            Self::Captures(sources) => sources,
        };
        if let Some(source) = sources.iter().find(|source| source.is_read_once()) {
            return Err(Failure {
                message: format!(
                    "failed to look for the newest item, from which --since and --until count back: \
                     `{}` can be read only once",
                    source.name()
                ),
                hint: "give a time or a date, or save it to a file",
            }
            .into());
        }
        let bar = ByteBar::new(sources, terminal).stopped_by(Arc::clone(stop));
        // Rejects are told when the captures are read to be written.
        let options = ConvertOptions {
            strict: false,
            ..options.clone()
        };
        let collected = collect(sources, &Arc::new(Wanted::default()), &options, &bar);
        bar.clear();
        newest_nanos(Data::from(&collected?.extract))
    }

    fn write(
        &self,
        options: &CatOptions,
        out: CaptureFiles,
        stop: Arc<AtomicBool>,
        terminal: Terminal,
    ) -> Result<CatAccount, CatError> {
        match self {
            Self::Lake(lake) => cat_lake(lake, options, out, &StopFlag(stop)),
            Self::Captures(sources) => {
                let bar = ByteBar::new(sources, terminal).stopped_by(stop);
                let account = cat(sources, options, out, &bar);
                bar.clear();
                account
            }
        }
    }
}

/// Where it goes.
struct Target {
    /// None for standard output.
    file: Option<PathBuf>,
    options: FileOptions,
}

impl Target {
    fn of(args: &CatArgs) -> Result<Self, UsageError> {
        let file = args.output.clone().filter(|path| path != Path::new("-"));
        if args.split_size == Some(0) {
            return Err(UsageError("--split-size must be greater than 0".to_owned()));
        }
        if args.split_size.is_some() && file.is_none() {
            return Err(UsageError(
                "--split-size makes several files: name them with -o FILE".to_owned(),
            ));
        }
        let compression = match args.compress {
            Some(CompressArg::None) => None,
            Some(CompressArg::Gzip) => Some(Compression::Gzip),
            Some(CompressArg::Zstd) => Some(Compression::Zstd),
            None => file.as_deref().and_then(FileOptions::compression_of),
        };
        Ok(Self {
            file,
            options: FileOptions {
                compression,
                split_bytes: args.split_size,
            },
        })
    }

    fn open(&self) -> Result<CaptureFiles, WriteError> {
        match &self.file {
            Some(path) => CaptureFiles::create(path, self.options),
            None => {
                let stdout = std::io::stdout().lock();
                CaptureFiles::stream(Box::new(stdout), self.options.compression)
            }
        }
    }
}

/// Stops when the flag is up.
struct StopFlag(Arc<AtomicBool>);

impl Watch for StopFlag {
    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
