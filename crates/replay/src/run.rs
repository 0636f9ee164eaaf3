//! Runs a plan: keeps the pace, keeps the number of requests in flight, ends in order.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use otolith_capture::Signal;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, sleep};

use crate::clock::{Clock, MachineClock};
use crate::compose::Composer;
use crate::error::ReplayError;
use crate::failed::{check_saving, save_failed};
use crate::feed::Feed;
use crate::halt::Halt;
use crate::options::{Load, ReplayOptions};
use crate::outcome::{Ended, Outcome};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::resume::{Progress, State};
use crate::sender::Sender;
use crate::tally::Tally;
use crate::transport::{HttpTransport, Transport};
use crate::watch::Watch;

/// How often a stop from outside is noticed.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// How often the watch is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// How often it is written down how far the run has come.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How long requests on their way may take to be answered after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// Sends a plan.
///
/// With a pace and an open load the times of sending are fixed in advance and do not depend on
/// answers; only when `in_flight` requests are waiting for answers does the next one wait too, and
/// the outcome says how late it was. With [`Pace::Max`] the next request goes out as soon as one is
/// answered. Requests leave in the order of the plan, but over several connections: they may
/// arrive in another one.
///
/// `stop` may be set by another thread: nothing more is sent, what is on its way gets two seconds
/// to be answered, and the outcome tells what was done.
///
/// # Errors
///
/// When the sender itself fails: threads, TLS, the temporary file; or when failed requests could
/// not be saved where they should be, which is tried before the first one is sent. What the
/// receiver does is never an error.
pub fn run(
    plan: Plan,
    options: &ReplayOptions,
    watch: &dyn Watch,
    stop: &AtomicBool,
) -> Result<Outcome, ReplayError> {
    let transport = HttpTransport::new(options)?;
    run_with(plan, options, watch, stop, MachineClock::new(), transport)
}

/// [`run`] with any clock and transport.
pub(crate) fn run_with<C: Clock, T: Transport>(
    plan: Plan,
    options: &ReplayOptions,
    watch: &dyn Watch,
    stop: &AtomicBool,
    clock: C,
    transport: T,
) -> Result<Outcome, ReplayError> {
    let report = plan.report().clone();
    if let Some(stem) = &options.failed {
        check_saving(stem)?;
    }
    let start_unix_nano = clock.unix_nano();
    let timeline = Arc::new(plan.timeline);
    let loop_nanos = plan.schedule.loop_nanos();
    let mut composer = Composer::new(Arc::clone(&timeline), options, loop_nanos, start_unix_nano)?;
    let spooled = options.sent_as_spooled();
    composer.leave_in_spool(
        Signal::ALL.map(|signal| spooled[signal as usize] && transport.sends_files(signal)),
    );
    let index = &timeline.index;
    let left = plan.left;
    if let Some(left) = left.as_ref().filter(|left| left.earlier().is_some()) {
        composer.go_on(left);
    }
    let planned = report.to_send();
    if let Some((path, left)) = options.resume.as_ref().zip(left.as_ref()) {
        // Whether it can be written is told before anything is sent.
        left.save(path)?;
    }
    let in_loop = index.len();
    let progress = left.clone().map(|left| Progress::new(left, in_loop));
    let shift_nanos = composer.shift_nanos;
    let start = clock.now();
    let sender = Arc::new(Sender {
        timeline,
        composer,
        schedule: plan.schedule,
        load: options.load(),
        resume: options.resume.clone(),
        left,
        start,
        clock,
        transport,
        start_unix_nano,
        retry: options.retry,
        secrets: options.secrets(),
        tally: Mutex::new(Tally::new(start, options.failed.is_some(), progress)),
        halt: Halt::new(),
    });
    // More than there are requests would never be used.
    let requests = sender.schedule.most_requests();
    let requests = requests.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(u32::MAX));
    let in_flight = u32::try_from(options.in_flight.get()).unwrap_or(u32::MAX);
    let in_flight = in_flight.min(requests.max(1)).min(MAX_IN_FLIGHT);
    let mean_bytes = report.bytes.checked_div(report.requests).unwrap_or(0);
    let threads = options.sending_threads(mean_bytes);
    drive(&sender, &options.pace, threads, in_flight, watch, stop)?;
    if let Some(error) = sender.halt.take_error() {
        return Err(error);
    }
    let mut tally = sender.tally();
    let state = sender.state(&tally);
    // Under a closed load the duration ends the run wherever it is then.
    let is_cut = sender.load == Load::Closed && sender.schedule.end().is_some();
    let is_cut = is_cut && !sender.halt.is_set();
    tally.close(planned.filter(|_| !is_cut));
    let earlier = sender.left.as_ref().and_then(State::earlier);
    if let Some(stem) = &options.failed {
        let saved = save_failed(
            stem,
            &sender.timeline.index,
            &sender.composer,
            earlier.is_some(),
            tally.failed(),
        );
        if let Err(error) = saved {
            tally.unwritten(&error);
        }
    }
    let again_requests = state.as_ref().map_or(0, |state| state.again.len() as u64);
    if let Some((path, state)) = options.resume.as_ref().zip(state) {
        let is_done = tally.requests.unsent == 0 && again_requests == 0 && !sender.halt.is_set();
        let kept = match is_done {
            true => State::remove(path),
            false => state.save(path),
        };
        if let Err(error) = kept {
            tally.unwritten(&error);
        }
    }
    let duration = tally.last_finished.saturating_sub(sender.start);
    let (intended, achieved) = tally.rates(duration);
    let outcome = Outcome {
        ended: sender.halt.reason().unwrap_or(Ended::Complete),
        to: options.receivers(),
        protocol: options.protocol.as_str(),
        pace: options.pace.to_string(),
        load: options.load().as_str(),
        times: options.times.as_str(),
        shift_nanos,
        compression: options.compression.as_str(),
        plan: report,
        earlier,
        again_requests,
        requests: tally.requests,
        items: tally.items,
        bytes: tally.bytes,
        attempts: tally.attempts,
        retries: tally.retries,
        ambiguous_retries: tally.ambiguous_retries,
        duration_seconds: duration.as_secs_f64(),
        intended_requests_per_second: intended,
        achieved_requests_per_second: achieved,
        lateness: tally.lateness(),
        limit_wait: tally.limit_wait(),
        sender_delay: tally.sender_delay(),
        latency: tally.latency(),
        service_time: tally.service_time(),
        divided_requests: tally.divided_requests,
        capped_requests: tally.capped_requests,
        in_flight: options.in_flight.get() as u64,
        http_status: tally.http_status(),
        grpc_status: tally.grpc_status(),
        errors: tally.errors(),
        notes: tally.notes(),
        conditions: Vec::new(),
        measurements: tally.measurements(start_unix_nano),
    };
    assert!(outcome.balances(), "every request is accounted for once");
    Ok(outcome)
}

/// Most requests in flight whatever the options say: more connections than ports.
const MAX_IN_FLIGHT: u32 = 1 << 16;

/// Sends everything; returns when all is answered or the run has ended before.
fn drive<C: Clock, T: Transport>(
    sender: &Arc<Sender<C, T>>,
    pace: &Pace,
    threads: usize,
    in_flight: u32,
    watch: &dyn Watch,
    stop: &AtomicBool,
) -> Result<(), ReplayError> {
    if stop.load(Ordering::Relaxed) {
        sender.halt.end(Ended::Interrupted);
    }
    let runtime = sending_runtime(threads).map_err(ReplayError::Threads)?;
    // Apart from the one that sends, which does not wait for a terminal or a disk.
    let attending = Builder::new_current_thread().enable_time().build();
    let attending = attending.map_err(ReplayError::Threads)?;
    let slots = Arc::new(Semaphore::new(in_flight as usize));
    let (fed, all_fed) = oneshot::channel();
    let (done, is_done) = oneshot::channel::<()>();
    thread::scope(|scope| -> io::Result<()> {
        let sending = thread::Builder::new().name("otolith-send".to_owned());
        let body = || {
            // Ended by dropping `done`, too.
            let _ = runtime.block_on(is_done);
        };
        sending.spawn_scoped(scope, body)?;
        let feed = Feed {
            sender,
            slots: &slots,
            handle: runtime.handle().clone(),
        };
        let body = move || {
            match pace {
                Pace::Max => feed.unpaced(in_flight),
                Pace::Recorded(_) | Pace::Rate(..) => feed.paced(),
            }
            // Nobody listens any more if the run was cut off.
            let _ = fed.send(());
        };
        // Dropped on every way out, so that the sending thread ends.
        let done = done;
        let name = "otolith-pace".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn_scoped(scope, body)?;
        attending.block_on(async {
            let all_answered = async {
                let _ = all_fed.await;
                let _ = slots.acquire_many(in_flight).await;
            };
            attend(sender, watch, stop, all_answered).await;
        });
        drop(done);
        Ok(())
    })
    .map_err(ReplayError::Threads)?;
    if sender.halt.is_set() {
        let now = sender.clock.now();
        sender.tally().last_finished = now;
    }
    // Requests still on their way are cut off; the tally knows them.
    runtime.shutdown_timeout(Duration::from_secs(1));
    tell(sender, watch);
    Ok(())
}

/// What requests are sent on. One thread alone needs none of what threads take to share work.
fn sending_runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder
        .enable_all()
        .worker_threads(threads)
        .thread_name("otolith-send")
        .build()
}

/// Watches over a run until it is done, or the time after a stop is over.
async fn attend<C: Clock, T: Transport>(
    sender: &Sender<C, T>,
    watch: &dyn Watch,
    stop: &AtomicBool,
    done: impl Future<Output = ()>,
) {
    tokio::pin!(done);
    let mut cut_off = None;
    let mut saved = Instant::now();
    let mut told = Instant::now();
    loop {
        if stop.load(Ordering::Relaxed) {
            sender.halt.end(Ended::Interrupted);
        }
        if sender.halt.is_set() {
            let at = *cut_off.get_or_insert_with(|| Instant::now() + GRACE);
            if Instant::now() >= at {
                return;
            }
        }
        tokio::select! {
            () = &mut done => return,
            () = sleep(TICK) => {}
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            tell(sender, watch);
        }
        if saved.elapsed() >= SAVE_EVERY {
            saved = Instant::now();
            sender.save_state();
        }
    }
}

fn tell<C: Clock, T: Transport>(sender: &Sender<C, T>, watch: &dyn Watch) {
    let snapshot = sender.tally().snapshot(sender.clock.now());
    watch.running(&snapshot);
}

#[cfg(test)]
mod tests;
