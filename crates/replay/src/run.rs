//! Runs a plan: keeps the pace, keeps the number of requests in flight, ends in order.

use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep};

use crate::clock::{Clock, MachineClock};
use crate::compose::Composer;
use crate::error::ReplayError;
use crate::failed::{check_saving, save_failed};
use crate::halt::Halt;
use crate::options::{Load, ReplayOptions};
use crate::outcome::{Ended, Outcome};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::schedule::{Due, Turn};
use crate::sender::{Job, Sender};
use crate::tally::Tally;
use crate::transport::{HttpTransport, Transport};
use crate::watch::Watch;

/// How often the watch is told, and a stop from outside is noticed.
const TICK: Duration = Duration::from_millis(50);

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
    let composer = Composer::new(Arc::clone(&timeline), options, loop_nanos, start_unix_nano)?;
    let shift_nanos = composer.shift_nanos;
    let start = clock.now();
    let sender = Arc::new(Sender {
        timeline,
        composer,
        schedule: plan.schedule,
        load: options.load(),
        start,
        clock,
        transport,
        start_unix_nano,
        retry: options.retry,
        secrets: options.secrets(),
        tally: Mutex::new(Tally::new(start, options.failed.is_some())),
        halt: Halt::new(),
    });
    // More than there are requests would never be used.
    let requests = sender.schedule.most_requests(sender.timeline.entries());
    let requests = requests.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(u32::MAX));
    let in_flight = u32::try_from(options.in_flight.get()).unwrap_or(u32::MAX);
    let in_flight = in_flight.min(requests.max(1)).min(MAX_IN_FLIGHT);
    drive(&sender, &options.pace, in_flight, watch, stop)?;
    if let Some(error) = sender.halt.take_error() {
        return Err(error);
    }
    let mut tally = sender.tally();
    // Under a closed load the duration ends the run wherever it is then.
    let is_cut = sender.load == Load::Closed && sender.schedule.end().is_some();
    let is_cut = is_cut && !sender.halt.is_set();
    tally.close(report.planned.filter(|_| !is_cut));
    if let Some(stem) = &options.failed {
        let saved = save_failed(stem, &sender.composer, tally.failed());
        if let Err(error) = saved {
            // The run is over: what became of it must not get lost, too.
            let cause = error.source().map(|cause| format!(": {cause}"));
            tally.note("save_failed", 1, || {
                format!("{error}{}", cause.unwrap_or_default())
            });
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
    in_flight: u32,
    watch: &dyn Watch,
    stop: &AtomicBool,
) -> Result<(), ReplayError> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .thread_name("otolith-send")
        .build()
        .map_err(ReplayError::Threads)?;
    if stop.load(Ordering::Relaxed) {
        sender.halt.end(Ended::Interrupted);
    }
    let slots = Arc::new(Semaphore::new(in_flight as usize));
    let (fed, all_fed) = oneshot::channel();
    thread::scope(|scope| -> io::Result<()> {
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
        let name = "otolith-pace".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn_scoped(scope, body)?;
        runtime.block_on(async {
            let all_answered = async {
                let _ = all_fed.await;
                let _ = slots.acquire_many(in_flight).await;
            };
            attend(sender, watch, stop, all_answered).await;
        });
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

/// Watches over a run until it is done, or the time after a stop is over.
async fn attend<C: Clock, T: Transport>(
    sender: &Sender<C, T>,
    watch: &dyn Watch,
    stop: &AtomicBool,
    done: impl Future<Output = ()>,
) {
    tokio::pin!(done);
    let mut cut_off = None;
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
            () = sleep(TICK) => tell(sender, watch),
        }
    }
}

fn tell<C: Clock, T: Transport>(sender: &Sender<C, T>, watch: &dyn Watch) {
    let (sent, accepted, failed, late) = {
        let tally = sender.tally();
        let requests = tally.requests;
        let accepted = requests.accepted + requests.partly_rejected;
        (
            tally.sent_requests,
            accepted,
            requests.failed,
            tally.newest_lateness,
        )
    };
    watch.sent(sent);
    watch.accepted(accepted);
    watch.failed(failed);
    watch.late(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
}

/// Gives requests to the sending threads.
struct Feed<'a, C, T> {
    sender: &'a Arc<Sender<C, T>>,
    /// One for each request that may be in flight.
    slots: &'a Arc<Semaphore>,
    handle: Handle,
}

impl<C: Clock, T: Transport> Feed<'_, C, T> {
    /// Each request at its time. Bodies are made ready before.
    fn paced(&self) {
        let sender = self.sender;
        // What should have gone out before this was held up by requests in flight.
        let mut held_until = Duration::ZERO;
        // By how much a closed load has put off its schedule.
        let mut put_off = Duration::ZERO;
        for Due { turn, at } in sender.schedule.walk(sender.timeline.entries()) {
            let due = at.unwrap_or_default().saturating_add(put_off);
            let Some(mut job) = sender.prepare(turn, Some(due)) else {
                return;
            };
            let intended = sender.start.saturating_add(due);
            if !self.sleep_until(intended) {
                return;
            }
            let slot = match Arc::clone(self.slots).try_acquire_owned() {
                Ok(slot) => slot,
                Err(_) => {
                    let Some(slot) = self.wait_for_slot() else {
                        return;
                    };
                    held_until = sender.clock.now();
                    slot
                }
            };
            match sender.load {
                Load::Open => job.held_until = held_until,
                Load::Closed => {
                    if sender.is_over() {
                        return;
                    }
                    let wait = held_until.saturating_sub(intended);
                    put_off = put_off.saturating_add(wait);
                    job.intended = Some(intended.saturating_add(wait));
                }
            }
            self.spawn(job, slot);
        }
    }

    /// False if the run has ended. Looks for that as often as the run does.
    fn sleep_until(&self, at: Duration) -> bool {
        let sender = self.sender;
        loop {
            if sender.halt.is_set() {
                return false;
            }
            let now = sender.clock.now();
            if now >= at {
                return true;
            }
            sender.clock.sleep_until(at.min(now + TICK));
        }
    }

    /// `None` if the run has ended.
    fn wait_for_slot(&self) -> Option<OwnedSemaphorePermit> {
        self.handle.block_on(async {
            tokio::select! {
                biased;
                () = self.sender.halt.wait() => None,
                slot = Arc::clone(self.slots).acquire_owned() => slot.ok(),
            }
        })
    }

    fn spawn(&self, job: Job, slot: OwnedSemaphorePermit) {
        let sender = Arc::clone(self.sender);
        self.handle.spawn(async move {
            sender.ship(job).await;
            drop(slot);
        });
    }

    /// As many senders as requests may be in flight, each taking the next request when its last
    /// one is answered: no thread between them, for that costs more than a small request.
    fn unpaced(&self, in_flight: u32) {
        let next = Arc::new(AtomicU64::new(0));
        for _ in 0..in_flight {
            let Ok(slot) = Arc::clone(self.slots).try_acquire_owned() else {
                return;
            };
            let sender = Arc::clone(self.sender);
            let next = Arc::clone(&next);
            self.handle.spawn(async move {
                let entries = sender.timeline.entries();
                let in_loop = entries.len() as u64;
                let most = sender.schedule.most_requests(entries);
                while !sender.halt.is_set() && !sender.is_over() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if most.is_some_and(|most| number >= most) {
                        break;
                    }
                    let turn = Turn {
                        pass: number / in_loop,
                        request: (number % in_loop) as u32,
                    };
                    let Some(job) = sender.prepare(turn, None) else {
                        break;
                    };
                    sender.ship(job).await;
                }
                drop(slot);
            });
        }
    }
}

#[cfg(test)]
mod tests;
