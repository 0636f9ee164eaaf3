//! When requests go out, and what times are in them.

use super::*;
use crate::options::Times;

#[test]
fn shifted_times_begin_with_the_run_and_keep_their_gaps() {
    let mut options = options(Speed::Max);
    options.times = Times::Shift;
    let ran = replay(&[0, 250], vec![], &options);
    let times: Vec<u64> = ran
        .seen
        .iter()
        .map(|(_, _, body)| {
            let request = ExportLogsServiceRequest::decode(&**body).unwrap();
            request.resource_logs[0].scope_logs[0].log_records[2].time_unix_nano
        })
        .collect();
    assert_eq!(times, [FAKE_START, FAKE_START + 250_000_000]);
    assert_eq!(ran.outcome.shift_nanos, Some((FAKE_START - T0) as i64));
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
    let ran = replay(&[0, 20, 30, 30], vec![], &options(Speed::Factor(1.0)));
    assert_eq!(ran.slept_until, [ms(20), ms(30)]);
    let ran = replay(&[0, 200, 300], vec![], &options(Speed::Factor(10.0)));
    assert_eq!(ran.slept_until, [ms(20), ms(30)]);
    let ran = replay(&[0, 5], vec![], &options(Speed::Factor(0.5)));
    assert_eq!(ran.slept_until, [ms(10)]);
    assert_eq!(ran.outcome.plan.expected_seconds, Some(0.01));
}

#[test]
fn ten_times_a_recorded_hour_takes_six_minutes() {
    let hour: Vec<u64> = (0..=3_600).map(|second| second * 1_000).collect();
    let ran = replay(&hour, vec![], &options(Speed::Factor(10.0)));
    assert_eq!(ran.slept_until.last(), Some(&Duration::from_secs(360)));
    assert_eq!(ran.outcome.requests.accepted, 3_601);
}
