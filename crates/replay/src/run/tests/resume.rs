//! Runs that go on where another one ended.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;

use super::*;
use crate::options::Times;

/// Options of a run that can go on.
fn resumable(dir: &Path, pace: &str) -> ReplayOptions {
    let mut options = options(pace);
    options.resume = Some(dir.join("state.json"));
    options.in_flight = NonZeroUsize::new(4).unwrap();
    options
}

/// Takes some requests, then stops the run and answers nothing more.
struct Dies {
    takes: usize,
    taken: Mutex<Vec<Bytes>>,
    asked: Mutex<usize>,
    stop: AtomicBool,
}

impl Transport for Arc<Dies> {
    async fn send(&self, _: Signal, body: Payload) -> Answer {
        let body = read(body);
        let asked = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked
        };
        if asked > self.takes {
            self.stop.store(true, Ordering::Relaxed);
            return std::future::pending().await;
        }
        self.taken.lock().unwrap().push(body);
        status(200)
    }
}

/// Runs into a receiver that takes so many; what it took, too.
fn dies_after(takes: usize, after_ms: &[u64], options: &ReplayOptions) -> (Outcome, Vec<Bytes>) {
    let dies = Arc::new(Dies {
        takes,
        taken: Mutex::default(),
        asked: Mutex::default(),
        stop: AtomicBool::new(false),
    });
    let plan = plan_of(after_ms, options);
    let clock = Arc::new(FakeClock::default());
    let outcome = run_with(
        plan,
        options,
        &NoWatch,
        &dies.stop,
        clock,
        Arc::clone(&dies),
    )
    .unwrap();
    (outcome, std::mem::take(&mut *dies.taken.lock().unwrap()))
}

const TEN: [u64; 10] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90];

#[track_caller]
fn check(pace: &str, loops: u32) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = resumable(dir.path(), pace);
    options.loops = NonZeroU32::new(loops);
    let state = options.resume.clone().unwrap();
    let all = 10 * u64::from(loops);
    let (first, mut taken) = dies_after(3, &TEN, &options);
    assert_eq!(first.ended, Ended::Interrupted);
    assert_eq!((first.requests.accepted, first.earlier), (3, None));
    assert_eq!(first.again_requests, first.requests.failed);
    assert!(
        first.again_requests > 0 && first.requests.unsent > 0,
        "{first:?}"
    );
    assert!(state.exists());
    assert_eq!(first.plan.left, None);

    let (second, more) = dies_after(4, &TEN, &options);
    taken.extend(more);
    let earlier = second.earlier.unwrap();
    assert_eq!((earlier.runs, earlier.accepted_requests), (1, 3));
    assert_eq!((earlier.failed_requests, earlier.failed_items), (0, 0));
    assert_eq!(second.requests.planned, all - 3);
    assert_eq!(second.items.planned, 3 * (all - 3));
    assert_eq!(second.plan.planned.unwrap().requests, all);
    let left = second.plan.left.unwrap();
    assert_eq!((left.requests, left.items), (all - 3, 3 * (all - 3)));

    let (third, more) = dies_after(usize::MAX, &TEN, &options);
    taken.extend(more);
    assert_eq!(third.ended, Ended::Complete);
    assert_eq!(third.earlier.unwrap().accepted_requests, 7);
    assert_eq!(third.requests.accepted, all - 7);
    assert_eq!((third.requests.unsent, third.again_requests), (0, 0));
    assert!(!state.exists(), "nothing is left");
    // The receiver answered what it took: each request came once.
    assert_eq!(taken.len() as u64, all);
    let mut times: Vec<&[u8]> = taken.iter().map(|body| &**body).collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 10);
    // The next one begins anew.
    let (fourth, taken) = dies_after(usize::MAX, &TEN, &options);
    assert_eq!((taken.len() as u64, fourth.earlier), (all, None));
    assert_eq!(fourth.plan.left, None);
}

#[test]
fn an_interrupted_run_without_a_pace_goes_on_and_sends_each_request_once() {
    check("max", 3);
}

#[test]
fn an_interrupted_run_of_recorded_gaps_goes_on_and_sends_each_request_once() {
    check("10x", 2);
}

#[test]
fn an_interrupted_run_of_a_rate_goes_on_and_sends_each_request_once() {
    check("100/s", 1);
}

#[test]
fn the_schedule_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = resumable(dir.path(), "1x");
    options.requests = NonZeroU64::new(9);
    let (first, _) = dies_after(3, &TEN, &options);
    let curve = plan_of(&TEN, &options).rate_curve(NonZeroU16::new(4).unwrap());
    let (outcome, _) = dies_after(usize::MAX, &TEN, &options);
    assert_eq!(outcome.requests.accepted, 6);
    assert_eq!(outcome.items.planned, 18);
    // At once what is sent again, and the first of the others; from there on every 10 ms.
    let again = first.again_requests;
    let unbegun = outcome.requests.planned - again;
    assert!(again > 0 && unbegun > 1, "{first:?}");
    let expected = 0.01 * (unbegun - 1) as f64;
    let left = outcome.plan.left.unwrap();
    assert_eq!((left.requests, left.items), (6, 18));
    assert_eq!(left.expected_seconds, Some(expected));
    assert_eq!(outcome.duration_seconds, expected);
    assert_eq!(outcome.plan.expected_seconds, Some(0.08), "of all runs");
    let curve = curve.unwrap();
    assert_eq!(curve.iter().map(|part| part.requests).sum::<u64>(), 6);
    assert!(curve[0].requests > again, "{curve:?}");
    let last = curve.last().unwrap();
    assert!(last.start_seconds <= expected && last.requests > 0);
}

#[test]
fn what_is_left_takes_no_time_if_all_of_it_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = resumable(dir.path(), "1x");
    options.retry.max_attempts = 1;
    let answers = vec![status(200), status(200), unconnected()];
    let first = replay(&TEN[..3], answers, &options).outcome;
    assert_eq!((first.again_requests, first.requests.unsent), (1, 0));
    let left = plan_of(&TEN[..3], &options).report().left.unwrap();
    assert_eq!((left.requests, left.expected_seconds), (1, Some(0.0)));
    options.pace = Pace::Max;
    let left = plan_of(&TEN[..3], &options).report().left.unwrap();
    assert_eq!((left.requests, left.expected_seconds), (1, None));
}

#[test]
fn shifted_times_keep_their_offset_and_what_was_refused_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = resumable(dir.path(), "max");
    options.in_flight = NonZeroUsize::MIN;
    options.times = Times::Shift;
    options.failed = Some(dir.path().join("failed"));
    options.retry.max_attempts = 1;
    let first = replay(&TEN[..3], vec![status(400), unconnected()], &options).outcome;
    // The receiver has answered before: this is no wrong address.
    assert_eq!((first.ended, first.requests.failed), (Ended::Complete, 2));
    assert_eq!(first.again_requests, 1);
    let failed = dir.path().join("failed.logs.binpb");
    let one = std::fs::metadata(&failed).unwrap().len();
    assert_eq!(one, body(0).len() as u64 + 4);
    let second = replay(&TEN[..3], vec![status(400)], &options);
    assert_eq!(second.seen.len(), 1);
    let record = ExportLogsServiceRequest::decode(&*second.seen[0].2).unwrap();
    let record = &record.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(record.time_unix_nano, FAKE_START + 10_000_000);
    assert_eq!(second.outcome.shift_nanos, first.shift_nanos);
    let earlier = second.outcome.earlier.unwrap();
    assert_eq!((earlier.accepted_requests, earlier.failed_requests), (1, 1));
    assert_eq!((earlier.accepted_items, earlier.failed_items), (3, 3));
    // Those of both runs.
    let both = one + body(10).len() as u64 + 4;
    assert_eq!(std::fs::metadata(&failed).unwrap().len(), both);
}

#[test]
fn of_a_divided_request_only_the_parts_that_never_arrived_are_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = resumable(dir.path(), "max");
    options.retry.max_attempts = 1;
    // The whole is too large; the first of three records arrives, the others do not.
    let answers = vec![status(413), status(200), unconnected()];
    let first = replay(&[0], answers, &options).outcome;
    assert_eq!((first.items.accepted, first.items.failed), (1, 2));
    assert_eq!(
        (first.requests.partly_rejected, first.again_requests),
        (1, 1)
    );
    let second = replay(&[0], vec![], &options);
    assert_eq!(second.outcome.items.planned, 2);
    assert_eq!(second.outcome.items.accepted, 2);
    let earlier = second.outcome.earlier.unwrap();
    assert_eq!(
        (earlier.partly_rejected_requests, earlier.accepted_items),
        (0, 1)
    );
    assert_eq!(second.seen.len(), 1);
    assert_eq!(
        second.seen[0].2,
        take_items(Signal::Logs, &body(0), 1..3).unwrap()
    );
}

#[test]
fn other_captures_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = resumable(dir.path(), "max");
    dies_after(1, &TEN, &options);
    let error = planned(timeline_of(&[0, 1]), &options).unwrap_err();
    assert!(matches!(error, ReplayError::Resume { .. }), "{error}");
}
