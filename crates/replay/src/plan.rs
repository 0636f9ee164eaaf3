//! Reads captures into a plan: which requests, in which order, when.

mod report;

pub use report::{LeftPlan, PlanReport, RatePart, RejectCount, RejectExample, RunPlan, SignalPlan};

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use otolith_capture::{Chunk, Entry, Frame, Signal, Source};
use otolith_otlp::Decoder;

use crate::error::ReplayError;
use crate::index::Index;
use crate::options::ReplayOptions;
use crate::plan::report::Rejects;
use crate::resume::{Rest, State};
use crate::schedule::Schedule;
use crate::survey::survey;
use crate::timeline::{MAX_BODY_BYTES, Timeline, TimelineBuilder};
use crate::watch::Watch;

/// What will be sent: all requests of the captures in the order of their times.
///
/// Bodies lie in an unnamed temporary file, which is gone when the plan is; so does the index of 32
/// bytes per request, unless it is of less than 2 MiB.
#[derive(Debug)]
pub struct Plan {
    pub(crate) timeline: Timeline,
    pub(crate) schedule: Schedule,
    /// Where an earlier run ended, or the beginning, if a run is to be able to go on.
    pub(crate) left: Option<State>,
    report: PlanReport,
}

impl Plan {
    /// Completes a report, which knows frames, requests and rejects, by what the timeline tells.
    pub(crate) fn new(
        timeline: Timeline,
        mut report: PlanReport,
        options: &ReplayOptions,
        stop: &AtomicBool,
    ) -> Result<Self, ReplayError> {
        report.disordered_requests = timeline.disordered;
        report.untimed_requests = timeline.untimed;
        let index = &timeline.index;
        let mut signals = Signal::ALL.map(|signal| SignalPlan {
            signal: signal.as_str(),
            requests: 0,
            items: 0,
            bytes: 0,
        });
        let (mut longest_gap, mut first, mut last) = (0, None, None);
        for entry in index.entries() {
            let entry = entry.map_err(ReplayError::Spool)?;
            let signal = &mut signals[entry.signal as usize];
            signal.requests += 1;
            signal.items += u64::from(entry.items);
            signal.bytes += u64::from(entry.len_bytes);
            let before = last.replace(entry.time_unix_nano);
            first.get_or_insert(entry.time_unix_nano);
            let gap = before.map_or(0, |before| entry.time_unix_nano - before);
            longest_gap = longest_gap.max(gap);
        }
        report.requests = index.len();
        report.items = signals.iter().map(|signal| signal.items).sum();
        report.bytes = signals.iter().map(|signal| signal.bytes).sum();
        report.signals = signals.into_iter().filter(|s| s.requests > 0).collect();
        report.longest_gap_seconds = seconds(longest_gap);
        if let (Some(first), Some(last)) = (first, last) {
            report.first_time_unix_nano = Some(first);
            report.last_time_unix_nano = Some(last);
            report.recorded_seconds = seconds(last - first);
        }
        let schedule = Schedule::new(options, index).map_err(ReplayError::Spool)?;
        if schedule.stands_still() {
            return Err(ReplayError::Settings(
                "all requests have one time, or no gap between them: loops without an end (--loop \
                 forever) would all be sent at once. Give --rate, --loop N or --requests N",
            ));
        }
        let load = |path: &PathBuf| State::load(path, index);
        let left = options.resume.as_ref().map(load).transpose()?;
        count_run(&schedule, index, left.as_ref(), &mut report, stop)?;
        Ok(Self {
            timeline,
            schedule,
            left,
            report,
        })
    }

    /// How much is to be sent in each of at most so many equal parts of the next run, none of them
    /// shorter than a millisecond; nothing where there is no pace to keep, no end, or no request. What
    /// an earlier run has sent is left out, and what it left to be sent again is in the first part.
    ///
    /// # Errors
    ///
    /// When the temporary file fails.
    pub fn rate_curve(&self, parts: NonZeroU16) -> Result<Vec<RatePart>, ReplayError> {
        let Some(end) = self.report.seconds_to_send() else {
            return Ok(Vec::new());
        };
        let end = Duration::try_from_secs_f64(end).unwrap_or(Duration::MAX);
        // A little more than an equal share, so that the last request is in the last part.
        let part = end / u32::from(parts.get()) + Duration::from_nanos(1);
        let part = part.max(Duration::from_millis(1));
        let count = end.div_duration_f64(part) as usize + 1;
        let start = |index: usize| part.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX));
        let empty = |index| RatePart {
            start_seconds: start(index).as_secs_f64(),
            seconds: part.as_secs_f64(),
            requests: 0,
            items: 0,
            bytes: 0,
        };
        let mut curve: Vec<RatePart> = (0..count).map(empty).collect();
        let index = &self.timeline.index;
        if let Some(left) = &self.left {
            let again = left.again_amount(index)?;
            curve[0].requests += again.requests;
            curve[0].items += again.items;
            curve[0].bytes += again.bytes;
        }
        let mut rest = Rest::new(self.left.as_ref(), index.len());
        for due in self.schedule.walk(index) {
            let due = due.map_err(ReplayError::Spool)?;
            let Some(at) = rest.due(&due) else { continue };
            let part = &mut curve[(at.div_duration_f64(part) as usize).min(count - 1)];
            part.requests += 1;
            part.items += u64::from(due.entry.items);
            part.bytes += u64::from(due.entry.len_bytes);
        }
        Ok(curve)
    }

    /// What the plan holds.
    pub fn report(&self) -> &PlanReport {
        &self.report
    }
}

/// How often a long count looks whether it should stop.
const LOOK_EVERY: u64 = 1 << 16;

/// Counts what the run sends, where that is known, and how long it takes; and what is left of that.
fn count_run(
    schedule: &Schedule,
    index: &Index,
    left: Option<&State>,
    report: &mut PlanReport,
    stop: &AtomicBool,
) -> Result<(), ReplayError> {
    if !schedule.is_known() {
        return Ok(());
    }
    let mut planned = RunPlan::default();
    let left = left.filter(|left| left.earlier().is_some());
    let mut rest = Rest::new(left, index.len());
    let (mut last, mut last_left) = (None, Duration::ZERO);
    let mut walk = schedule.walk(index);
    for due in walk.by_ref() {
        let due = due.map_err(ReplayError::Spool)?;
        planned.requests += 1;
        planned.items += u64::from(due.entry.items);
        planned.bytes += u64::from(due.entry.len_bytes);
        last = due.at;
        last_left = rest.due(&due).unwrap_or(last_left);
        if planned.requests % LOOK_EVERY == 0 && stop.load(Ordering::Relaxed) {
            return Err(ReplayError::Interrupted);
        }
    }
    report.cut_gaps = walk.cut_gaps;
    report.left_out_seconds = walk.left_out.as_secs_f64();
    report.expected_seconds = last.map(|last| last.as_secs_f64());
    report.planned = Some(planned);
    if let Some(left) = left {
        let RunPlan {
            requests,
            items,
            bytes,
        } = left.left_of(planned, index)?;
        report.left = Some(LeftPlan {
            requests,
            items,
            bytes,
            // What is sent again goes out at once.
            expected_seconds: last.map(|_| last_left.as_secs_f64()),
        });
    }
    Ok(())
}

/// Most requests of a plan.
const MAX_REQUESTS: u64 = u32::MAX as u64;

/// Reads all captures once, in the order given, and merges their requests by time.
///
/// The time of a request is when the capture received it, if an envelope says so; else the newest
/// time inside; else that of the request before it in its file. Nothing is sent, and nothing is
/// asked of the receiver.
///
/// `stop` may be set by another thread to end reading soon.
///
/// # Errors
///
/// When a capture cannot be read, the temporary file fails, settings do not go together or files for
/// TLS do not serve (told before anything is read), loops without an end would all be sent at once, what
/// is to go on is no run over these captures, or `stop` was set. Frames that cannot be sent are no error: they are counted.
pub fn plan(
    sources: &[Source],
    options: &ReplayOptions,
    watch: &dyn Watch,
    stop: &AtomicBool,
) -> Result<Plan, ReplayError> {
    options.check()?;
    let spool_dir = options.spool_dir.as_deref();
    let mut planner = Planner {
        decoder: Decoder::new(options.decode),
        in_json: options.spooled_in_json(),
        copies: options.copies,
        builder: TimelineBuilder::new(spool_dir).map_err(ReplayError::Spool)?,
        rejects: Rejects::default(),
        report: PlanReport::default(),
    };
    let mut chunk = Chunk::new();
    let mut bytes_before = 0;
    for source in sources {
        watch.reading(source.name());
        let mut reader = source.open(&options.read)?.without_checkpoints();
        while reader.next_chunk(&mut chunk)? {
            if stop.load(Ordering::Relaxed) {
                return Err(ReplayError::Interrupted);
            }
            for entry in chunk.entries() {
                planner.entry(entry)?;
            }
            watch.bytes_read(bytes_before + reader.bytes_read());
        }
        bytes_before += reader.bytes_read();
        watch.bytes_read(bytes_before);
        planner.builder.end_file();
    }
    let plan = planner.finish(options, stop)?;
    watch.planned(&plan.report);
    Ok(plan)
}

struct Planner {
    decoder: Decoder,
    /// Signals whose bodies are kept in JSON, by `Signal as usize`.
    in_json: [bool; 3],
    /// As how many services each request is sent.
    copies: NonZeroU16,
    builder: TimelineBuilder,
    rejects: Rejects,
    report: PlanReport,
}

impl Planner {
    fn entry(&mut self, entry: Entry<'_>) -> Result<(), ReplayError> {
        self.report.frames += 1;
        match entry {
            Entry::Frame(frame) => self.frame(&frame),
            Entry::Reject(reject) => {
                self.report.rejected_frames += 1;
                self.rejects
                    .frame(reject.code.0, &reject.origin, &reject.message);
                Ok(())
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), ReplayError> {
        let surveyed = match survey(&mut self.decoder, frame, self.in_json) {
            Ok(surveyed) => surveyed,
            Err(reject) => {
                self.report.rejected_frames += 1;
                self.rejects
                    .frame(reject.code.0, &frame.origin, &reject.message);
                return Ok(());
            }
        };
        if let Some(longest) = surveyed.requests().map(|r| r.body.len()).max() {
            if longest > MAX_BODY_BYTES {
                let message = format!(
                    "expected a request of at most {MAX_BODY_BYTES} bytes, found {longest}"
                );
                self.report.rejected_frames += 1;
                self.rejects
                    .frame(REQUEST_TOO_LARGE, &frame.origin, &message);
                return Ok(());
            }
        } else {
            self.report.empty_frames += 1;
        }
        for (code, message) in &surveyed.left_out {
            self.report.rejected_items += 1;
            self.rejects.item(code, &frame.origin, message);
        }
        for request in surveyed.requests() {
            if self.builder.len() + u64::from(self.copies.get()) > MAX_REQUESTS {
                return Err(ReplayError::TooManyRequests { max: MAX_REQUESTS });
            }
            self.builder
                .push(request, self.copies)
                .map_err(ReplayError::Spool)?;
        }
        Ok(())
    }

    fn finish(self, options: &ReplayOptions, stop: &AtomicBool) -> Result<Plan, ReplayError> {
        let timeline = self.builder.finish(stop)?;
        let mut report = self.report;
        report.rejects = self.rejects.into_counts();
        Plan::new(timeline, report, options, stop)
    }
}

/// A request longer than clients may send: 64 MiB, by protocol 1.11.0.
const REQUEST_TOO_LARGE: &str = "request_too_large";

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}
