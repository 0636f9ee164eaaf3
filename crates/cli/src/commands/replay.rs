//! `otolith replay`.

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use otolith_capture::ReadOptions;
use otolith_otlp::Limits;
use otolith_replay::{
    Ended, Load, Pace, Plan, ReplayError, ReplayOptions, RetryPolicy, Times, Verdict, plan,
    run as send,
};

use super::results::ResultFiles;
use super::{exporter, reading};
use crate::args::{ReplayArgs, TimesArg};
use crate::exit::{ConditionError, Outcome, UsageError};
use crate::hints::Failure;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ReplayPanel, Terminal};
use crate::render::{self, Output};

/// Parts of a run of which a dry run tells how much is sent.
const CURVE_PARTS: NonZeroU16 = NonZeroU16::new(20).expect("it is above 0");

/// The receiver of a dry run.
const NOBODY: &str = "http://localhost:4318";

/// Runs the command.
pub fn run(args: ReplayArgs, terminal: Terminal) -> Result<Outcome> {
    let options = ReplayOptions::try_from(&args)?;
    let sources = reading::sources(&args.paths)?;
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let files = ResultFiles::create(&args.results)?;
    let bar = ReplayPanel::new(&sources, args.in_flight, Arc::clone(&stop), terminal);
    let planned = plan(&sources, &options, &bar, &stop);
    if args.dry_run {
        bar.clear();
        return match planned {
            Err(error) => failed(error, terminal),
            Ok(plan) => tell(&plan, &args, terminal),
        };
    }
    let outcome = planned.and_then(|plan| send(plan, &options, &bar, &stop));
    bar.clear();
    let mut outcome = match outcome {
        Err(error) => return failed(error, terminal),
        Ok(outcome) => outcome,
    };
    outcome.judge(&args.results.fail_if);
    let mut out = Output::stdout();
    if args.json {
        render::object(&outcome, &mut out)?;
    } else if !terminal.quiet {
        render::outcome::write(&outcome, &mut out)?;
    }
    out.finish()?;
    files.write(&outcome)?;
    match outcome.ended {
        Ended::Complete if !outcome.passes() => Err(not_passed(&outcome).into()),
        Ended::Complete => Ok(Outcome::lossy_if(!outcome.is_clean())),
        Ended::Interrupted => Ok(Outcome::Interrupted),
        Ended::Unreachable => Err(unreachable(&outcome).into()),
    }
}

fn failed(error: ReplayError, terminal: Terminal) -> Result<Outcome> {
    match error {
        ReplayError::Interrupted => {
            terminal.say("interrupted: nothing was sent");
            Ok(Outcome::Interrupted)
        }
        error @ ReplayError::Settings(_) => Err(UsageError(error.to_string()).into()),
        error => Err(error.into()),
    }
}

/// Says what would be sent.
fn tell(plan: &Plan, args: &ReplayArgs, terminal: Terminal) -> Result<Outcome> {
    let told = render::plan::Told {
        plan: plan.report(),
        rate: plan.rate_curve(CURVE_PARTS)?,
    };
    let mut out = Output::stdout();
    if args.json {
        render::object(&told, &mut out)?;
    } else if !terminal.quiet {
        render::plan::write(&told, &mut out)?;
    }
    out.finish()?;
    let plan = plan.report();
    Ok(Outcome::lossy_if(
        plan.rejected_frames + plan.rejected_items > 0,
    ))
}

/// Which conditions were not passed.
fn not_passed(outcome: &otolith_replay::Outcome) -> ConditionError {
    let all = &outcome.conditions;
    let missed = all
        .iter()
        .filter(|judged| judged.verdict != Verdict::Passed);
    let missed: Vec<String> = missed.map(render::outcome::judgement).collect();
    let of = format!("{} of {} conditions", missed.len(), all.len());
    ConditionError(format!("{of} not passed: {}", missed.join("; ")))
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
                "to trust a certificate, name the PEM file of its authority with --cacert; to be known, \
                 give --client-cert and --client-key; a receiver without TLS has http:// in --to"
            }
            "not_http" => {
                "gRPC (--protocol grpc, usually port 4317) and OTLP/HTTP (usually 4318) have ports of \
                 their own, and with TLS https:// is in --to"
            }
            _ => {
                "is the receiver running, and is its port in --to, usually 4318, or with --protocol \
                 grpc 4317?"
            }
        },
    }
}

impl TryFrom<&ReplayArgs> for ReplayOptions {
    type Error = UsageError;

    fn try_from(args: &ReplayArgs) -> Result<Self, UsageError> {
        // What is no Unicode is refused where it is used, not ignored.
        let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
        let mut exporter = args.exporter.clone();
        if args.dry_run {
            // Nobody is asked, so that nobody need be named.
            exporter.to.get_or_insert_with(|| NOBODY.to_owned());
        }
        Ok(Self {
            pace: pace(args)?,
            load: match args.closed_loop {
                true => Load::Closed,
                false => Load::Open,
            },
            loops: args.loops.0,
            duration: args.duration,
            requests: args.requests,
            max_gap: args.max_gap,
            times: match args.times {
                TimesArg::Keep => Times::Keep,
                TimesArg::Shift => Times::Shift,
                TimesArg::Live => Times::Live,
            },
            fresh_ids: args.fresh_ids,
            copies: args.multiply,
            max_request_bytes: limit(args.max_request_bytes)?,
            in_flight: args.in_flight,
            threads: args.threads.and_then(NonZeroU16::new),
            retry: RetryPolicy {
                max_attempts: args.retries + 1,
                max_elapsed: args.retry_for,
                ..RetryPolicy::default()
            },
            read: ReadOptions::try_from(&args.input.read)?,
            decode: Limits::from(&args.input.decode),
            failed: args.failed.clone(),
            resume: args.resume.clone(),
            ..exporter::options(&exporter, variable)?
        })
    }
}

/// The speed or rate, got to as slowly as wanted.
fn pace(args: &ReplayArgs) -> Result<Pace, UsageError> {
    let pace = args.rate.as_ref().unwrap_or(&args.speed);
    let Some(ramp) = args.ramp else {
        return Ok(pace.clone());
    };
    let wrong = || UsageError("there is no --ramp to --speed max, which has no pace".to_owned());
    pace.ramped(ramp).ok_or_else(wrong)
}

/// The longest request in bytes; a limit that nothing keeps to is none.
fn limit(bytes: Option<u64>) -> Result<Option<NonZeroUsize>, UsageError> {
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let limit = usize::try_from(bytes).ok().and_then(NonZeroUsize::new);
    let wrong = || UsageError("expected more than 0 bytes after --max-request-bytes".to_owned());
    limit.map(Some).ok_or_else(wrong)
}
