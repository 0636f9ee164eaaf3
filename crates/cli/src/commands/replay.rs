//! `otolith replay`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use otolith_capture::ReadOptions;
use otolith_otlp::Limits;
use otolith_replay::{
    Compression, Ended, Endpoint, Headers, ReplayError, ReplayOptions, RetryPolicy, Times, plan,
    run as send,
};

use super::reading;
use crate::args::{CompressionArg, ReplayArgs, TimesArg};
use crate::exit::{Outcome, UsageError};
use crate::hints::Failure;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ReplayBar, Terminal};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: ReplayArgs, terminal: Terminal) -> Result<Outcome> {
    let options = ReplayOptions::try_from(&args)?;
    let sources = reading::sources(&args.paths)?;
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let bar = ReplayBar::new(&sources, terminal);
    let planned = plan(&sources, &options, &bar, &stop);
    let outcome = planned.and_then(|plan| send(plan, &options, &bar, &stop));
    bar.clear();
    let outcome = match outcome {
        Err(ReplayError::Interrupted) => return Ok(Outcome::Interrupted),
        outcome => outcome?,
    };
    let mut out = Output::stdout();
    if args.json {
        render::object(&outcome, &mut out)?;
    } else if !terminal.quiet {
        render::outcome::write(&outcome, &mut out)?;
    }
    out.finish()?;
    match outcome.ended {
        Ended::Complete => Ok(Outcome::lossy_if(!outcome.is_clean())),
        Ended::Interrupted => Ok(Outcome::Interrupted),
        Ended::Unreachable => Err(unreachable(&outcome).into()),
    }
}

/// Why there was no receiver, and what to do.
fn unreachable(outcome: &otolith_replay::Outcome) -> Failure {
    // Other requests may have been waiting when the first one was given up.
    let mut errors = outcome.errors.iter();
    let error = errors.find(|error| error.code != "interrupted");
    let (code, why) = match error {
        Some(error) => (error.code.as_str(), format!(": {}", error.message)),
        None => ("", String::new()),
    };
    Failure {
        message: format!("no connection to `{}`{why}", outcome.to),
        hint: match code {
            "tls_failed" => {
                "to trust a certificate, name the PEM file of its authority in SSL_CERT_FILE; a \
                 receiver without TLS has http:// in --to"
            }
            "not_http" => {
                "is that the gRPC port (usually 4317)? OTLP/HTTP has a port of its own (usually \
                 4318), and with TLS https:// in --to"
            }
            _ => "is the receiver running, and is its OTLP/HTTP port (usually 4318) in --to?",
        },
    }
}

impl TryFrom<&ReplayArgs> for ReplayOptions {
    type Error = UsageError;

    fn try_from(args: &ReplayArgs) -> Result<Self, UsageError> {
        let endpoint: Endpoint = args.to.parse().map_err(|error| usage("--to", &error))?;
        let headers = headers(&args.header)?;
        Ok(Self {
            speed: args.speed,
            times: match args.times {
                TimesArg::Keep => Times::Keep,
                TimesArg::Shift => Times::Shift,
            },
            in_flight: args.in_flight,
            compression: match args.compression {
                CompressionArg::None => Compression::None,
                CompressionArg::Gzip => Compression::Gzip,
            },
            headers,
            timeout: args.timeout,
            retry: RetryPolicy {
                max_attempts: args.retries + 1,
                max_elapsed: args.retry_for,
                ..RetryPolicy::default()
            },
            read: ReadOptions::try_from(&args.input.read)?,
            decode: Limits::from(&args.input.decode),
            failed: args.failed.clone(),
            ..Self::new(endpoint)
        })
    }
}

/// Reads `Name: value`. Errors show names only, as values may be secrets.
fn headers(texts: &[String]) -> Result<Headers, UsageError> {
    let mut pairs = Vec::with_capacity(texts.len());
    for text in texts {
        let Some((name, value)) = text.split_once(':') else {
            return Err(UsageError(
                "expected `Name: value` after --header".to_owned(),
            ));
        };
        pairs.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Headers::new(pairs).map_err(|error| usage("--header", &error))
}

fn usage(option: &str, error: &dyn std::error::Error) -> UsageError {
    UsageError(format!("invalid {option}: {error}"))
}
