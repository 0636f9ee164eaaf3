//! When requests go out, and what times are in them.

use std::num::{NonZeroU32, NonZeroU64};

use super::*;
use crate::histogram::coarse_histogram;
use crate::options::Times;
use crate::series::Measure;

/// Times inside, in milliseconds after the start of the run, in the order of sending.
fn times_ms(ran: &Ran) -> Vec<u64> {
    let times = ran.seen.iter().map(|(_, _, body)| {
        let request = ExportLogsServiceRequest::decode(&**body).unwrap();
        let record = &request.resource_logs[0].scope_logs[0].log_records[2];
        (record.time_unix_nano - FAKE_START) / 1_000_000
    });
    times.collect()
}

#[test]
fn shifted_times_begin_with_the_run_and_keep_their_gaps() {
    let mut options = options("max");
    options.times = Times::Shift;
    let ran = replay(&[0, 250], vec![], &options);
    assert_eq!(times_ms(&ran), [0, 250]);
    assert_eq!(ran.outcome.shift_nanos, Some((FAKE_START - T0) as i64));
}

#[test]
fn each_loop_is_shifted_behind_the_one_before() {
    let mut options = options("max");
    options.times = Times::Shift;
    options.loops = NonZeroU32::new(3);
    let ran = replay(&[0, 250, 300], vec![], &options);
    assert_eq!(
        times_ms(&ran),
        [0, 250, 300, 450, 700, 750, 900, 1_150, 1_200]
    );
    assert_eq!(ran.outcome.requests.accepted, 9);
    options.times = Times::Live;
    options.pace = "10/s".parse().unwrap();
    let ran = replay(&[0, 250, 300], vec![], &options);
    assert_eq!(times_ms(&ran), [0, 100, 200, 300, 400, 500, 600, 700, 800]);
}

#[test]
fn loops_of_a_rate_end_with_the_duration() {
    let mut options = options("100/s");
    options.loops = None;
    options.duration = Some(Duration::from_secs(1));
    let outcome = replay(&[0, 7, 8], vec![], &options).outcome;
    assert_eq!(outcome.requests.accepted, 100);
    assert_eq!(outcome.items.planned, 300);
    assert_eq!(outcome.plan.requests, 3);
    assert_eq!(outcome.plan.expected_seconds, Some(0.99));
    assert_eq!(outcome.intended_requests_per_second, Some(100.0));
    assert_eq!((outcome.ended, outcome.load), (Ended::Complete, "open"));
}

#[test]
fn without_a_pace_the_duration_ends_the_run_wherever_it_is() {
    let mut options = options("max");
    options.loops = None;
    options.duration = Some(Duration::from_millis(22));
    // Each takes 5 ms.
    let outcome = replay(&[0, 7], vec![], &options).outcome;
    assert_eq!(outcome.requests.planned, 5);
    assert_eq!(outcome.requests.accepted, 5);
    assert_eq!((outcome.plan.planned, outcome.load), (None, "closed"));
    assert!(outcome.is_clean());
    options.duration = None;
    options.requests = NonZeroU64::new(7);
    let outcome = replay(&[0, 7], vec![], &options).outcome;
    assert_eq!(outcome.requests.accepted, 7);
}

#[test]
fn the_same_request_can_fail_in_one_loop_and_pass_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("failed"));
    options.loops = NonZeroU32::new(3);
    let outcome = replay(&[0], vec![status(400), status(200), status(400)], &options).outcome;
    assert_eq!((outcome.requests.accepted, outcome.requests.failed), (1, 2));
    let saved = std::fs::read(dir.path().join("failed.logs.binpb")).unwrap();
    let len = body(0).len() + 4;
    assert_eq!(saved.len(), 2 * len);
    assert_eq!(saved[..len], saved[len..]);
}

/// Requests every 10 ms, one in flight; the receiver freezes for 1 s at the first of them.
fn frozen(load: Load) -> Outcome {
    let mut options = options("100/s");
    options.load = load;
    options.loops = NonZeroU32::new(200);
    let plan = plan_of(&[0], &options);
    let clock = Arc::new(FakeClock::default());
    let frozen = Frozen(Arc::clone(&clock));
    let never = AtomicBool::new(false);
    run_with(plan, &options, &NoWatch, &never, clock, frozen).unwrap()
}

/// Answers the first request after a second, all others at once.
struct Frozen(Arc<FakeClock>);

impl Transport for Frozen {
    async fn send(&self, _: Signal, _: Payload) -> Answer {
        let second = Duration::from_secs(1);
        if self.0.now() < second {
            // Until the next request is due, and waits for this one: on a clock that stands still
            // meanwhile it would not have been awake before.
            while self.0.slept_until.lock().unwrap().is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
            sleep(Duration::from_millis(300)).await;
            self.0.advance(second - self.0.now());
        }
        status(200)
    }
}

#[test]
fn a_frozen_receiver_is_seen_by_an_open_load_as_long_as_it_froze() {
    let outcome = frozen(Load::Open);
    assert_eq!(outcome.requests.accepted, 200);
    // All of the 99 that were due meanwhile were late, by 990 ms down to 10; on average that is a
    // quarter of a second over the two. Others are answered before the clock is at the next one.
    let latency = outcome.latency.unwrap();
    assert!((247.0..262.0).contains(&latency.mean_ms), "{latency:?}");
    assert!((975.0..1_001.0).contains(&latency.p99_ms), "{latency:?}");
    assert_eq!(outcome.capped_requests, 99);
    for measure in [Measure::LimitWait, Measure::SenderDelay] {
        let mut over_time = coarse_histogram();
        for interval in &outcome.measurements.history.intervals {
            interval.times[measure as usize].add_to(&mut over_time);
        }
        let whole = outcome.spread(measure).unwrap();
        assert_eq!((over_time.len(), whole.count), (200, 200));
        let off = over_time.max() as f64 / 1e6 - whole.max_ms;
        assert!(off.abs() < 0.01 * whole.max_ms + 0.01, "{measure:?} {off}");
        let points = outcome.measurements.distribution(measure);
        let off = points.last().unwrap().at_most_ms - whole.max_ms;
        assert!(off.abs() < 0.01 * whole.max_ms + 0.01, "{measure:?} {off}");
    }
    let wait = outcome.limit_wait.unwrap();
    assert!((985.0..995.0).contains(&wait.max_ms), "{wait:?}");
    // Of which this machine has no part, but that the clock jumps before a request is on its way.
    assert!(outcome.sender_delay.unwrap().max_ms < 11.0, "{outcome:?}");
    let codes: Vec<&str> = outcome.notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, ["in_flight_limit"]);
}

#[test]
fn a_closed_load_waits_and_does_not_make_up_for_it() {
    let outcome = frozen(Load::Closed);
    assert_eq!(outcome.requests.accepted, 200);
    let latency = outcome.latency.unwrap();
    // One request of a second, and 199 that are answered before the clock is at the next one.
    assert!((985.0..1_001.0).contains(&latency.max_ms), "{latency:?}");
    assert!(latency.p99_ms < 11.0, "{latency:?}");
    assert!(outcome.lateness.unwrap().max_ms < 11.0, "{outcome:?}");
    assert!(
        (2.97..2.99).contains(&outcome.duration_seconds),
        "{outcome:?}"
    );
}

#[test]
fn without_a_pace_the_rate_is_that_of_the_whole_run() {
    // Two requests, one after the other, each answered after 5 ms.
    let outcome = two(vec![]).outcome;
    assert_eq!(outcome.duration_seconds, 0.01);
    assert_eq!(outcome.achieved_requests_per_second, Some(200.0));
    assert_eq!(outcome.intended_requests_per_second, None);
}

#[test]
fn the_pace_is_that_of_the_recording_times_the_speed() {
    let ms = Duration::from_millis;
    let ran = replay(&[0, 20, 30, 30], vec![], &options("1x"));
    assert_eq!(ran.slept_until, [ms(20), ms(30)]);
    let ran = replay(&[0, 200, 300], vec![], &options("10x"));
    assert_eq!(ran.slept_until, [ms(20), ms(30)]);
    let ran = replay(&[0, 5], vec![], &options("0.5x"));
    assert_eq!(ran.slept_until, [ms(10)]);
    assert_eq!(ran.outcome.plan.expected_seconds, Some(0.01));
}

#[test]
fn ten_times_a_recorded_hour_takes_six_minutes() {
    let hour: Vec<u64> = (0..=3_600).map(|second| second * 1_000).collect();
    let ran = replay(&hour, vec![], &options("10x"));
    assert_eq!(ran.slept_until.last(), Some(&Duration::from_secs(360)));
    assert_eq!(ran.outcome.requests.accepted, 3_601);
}

#[test]
fn requests_made_ready_on_several_threads_leave_in_their_order() {
    let times: Vec<u64> = (0..500).collect();
    let mut options = options("1000x");
    options.compression = Compression::Gzip;
    let ran = replay(&times, vec![], &options);
    let sent: Vec<Vec<u8>> = ran
        .seen
        .iter()
        .map(|(_, _, wire)| {
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(&**wire)
                .read_to_end(&mut body)
                .unwrap();
            body
        })
        .collect();
    let expected: Vec<Vec<u8>> = times.iter().map(|ms| body(*ms)).collect();
    assert!(sent == expected);
}
