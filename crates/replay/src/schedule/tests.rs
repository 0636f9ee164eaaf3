use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};
use std::sync::atomic::AtomicBool;

use otolith_capture::Signal;
use proptest::prelude::*;

use super::*;
use crate::timeline::{Request, Timeline, TimelineBuilder};

const T0: u64 = 1_700_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// Requests so many seconds after the first, with this many items and 10 bytes of body for each.
fn timeline(requests: &[(u64, u32)]) -> Timeline {
    let mut builder = TimelineBuilder::new(None).unwrap();
    for &(after, items) in requests {
        let body = vec![0; items as usize * 10];
        let request = Request {
            signal: Signal::Logs,
            body: &body,
            items,
            time_unix_nano: Some(T0.saturating_add(after.saturating_mul(SECOND))),
        };
        builder.push(request, NonZeroU16::MIN).unwrap();
    }
    builder.finish(&AtomicBool::new(false)).unwrap()
}

fn options(pace: &str) -> ReplayOptions {
    ReplayOptions {
        pace: pace.parse().unwrap(),
        ..ReplayOptions::new("http://receiver".parse().unwrap())
    }
}

/// Loops, requests and due times in milliseconds.
fn walked(options: &ReplayOptions, requests: &[(u64, u32)]) -> Vec<(u64, u32, Option<u64>)> {
    let timeline = timeline(requests);
    let schedule = Schedule::new(options, &timeline.index).unwrap();
    let walk = schedule.walk(&timeline.index);
    walk.map(|due| {
        let Due { turn, at, .. } = due.unwrap();
        let ms = at.map(|at| u64::try_from(at.as_millis()).unwrap());
        (turn.pass, turn.request, ms)
    })
    .collect()
}

#[track_caller]
fn check(options: &ReplayOptions, requests: &[(u64, u32)], expected_ms: &[u64]) {
    let walked = walked(options, requests);
    let found: Vec<u64> = walked.iter().map(|(_, _, ms)| ms.unwrap()).collect();
    assert_eq!(found, expected_ms);
    let turns = walked
        .iter()
        .map(|(pass, request, _)| *pass * requests.len() as u64 + u64::from(*request));
    assert!(turns.eq(0..walked.len() as u64), "each in its turn");
}

const FOUR: &[(u64, u32)] = &[(0, 1), (1, 4), (1, 1), (3, 2)];

#[test]
fn recorded_gaps_are_divided_by_the_speed() {
    check(&options("1x"), FOUR, &[0, 1_000, 1_000, 3_000]);
    check(&options("10x"), FOUR, &[0, 100, 100, 300]);
    check(&options("0.5x"), FOUR, &[0, 2_000, 2_000, 6_000]);
    check(&options("1x:2s,10x"), FOUR, &[0, 1_000, 1_000, 2_100]);
}

#[test]
fn rates_count_what_stands_before() {
    check(&options("2/s"), FOUR, &[0, 500, 1_000, 1_500]);
    check(&options("2items/s"), FOUR, &[0, 500, 2_500, 3_000]);
    check(&options("20B/s"), FOUR, &[0, 500, 2_500, 3_000]);
    // Half of t squared.
    check(&options("0..10/s:10s,1/s"), FOUR, &[0, 1_414, 2_000, 2_449]);
    check(&options("0/s:1s,1/s"), FOUR, &[1_000, 2_000, 3_000, 4_000]);
}

#[test]
fn without_a_pace_there_are_no_times() {
    let walked = walked(&options("max"), FOUR);
    assert!(walked.iter().all(|(_, _, ms)| ms.is_none()));
    assert_eq!(walked.len(), 4);
}

#[test]
fn loops_begin_one_mean_gap_after_the_one_before() {
    let mut options = options("1x");
    options.loops = NonZeroU32::new(3);
    let expected = [
        0, 1_000, 1_000, 3_000, 4_000, 5_000, 5_000, 7_000, 8_000, 9_000, 9_000, 11_000,
    ];
    check(&options, FOUR, &expected);
    options.pace = "4items/s".parse().unwrap();
    check(
        &options,
        FOUR,
        &[
            0, 250, 1_250, 1_500, 2_000, 2_250, 3_250, 3_500, 4_000, 4_250, 5_250, 5_500,
        ],
    );
}

#[test]
fn stages_durations_and_numbers_of_requests_end_a_run() {
    let mut endless = options("1/s:1s,2/s:1s");
    endless.loops = None;
    check(&endless, FOUR, &[0, 1_000, 1_500]);
    endless.pace = "10/s".parse().unwrap();
    endless.duration = Some(Duration::from_millis(600));
    check(&endless, FOUR, &[0, 100, 200, 300, 400, 500]);
    endless.requests = NonZeroU64::new(5);
    check(&endless, FOUR, &[0, 100, 200, 300, 400]);
    let mut once = options("10/s");
    once.requests = NonZeroU64::new(9);
    check(&once, FOUR, &[0, 100, 200, 300]);
    once.requests = NonZeroU64::new(2);
    check(&once, FOUR, &[0, 100]);
    check(&once, &[], &[]);
}

#[track_caller]
fn check_gaps(pace: &str, max_gap_s: u64, after: &[u64], expected_s: &[u64]) -> (u64, Duration) {
    let mut options = options(pace);
    options.max_gap = Some(Duration::from_secs(max_gap_s));
    let requests: Vec<(u64, u32)> = after.iter().map(|after| (*after, 1)).collect();
    let timeline = timeline(&requests);
    let schedule = Schedule::new(&options, &timeline.index).unwrap();
    let mut walk = schedule.walk(&timeline.index);
    let found: Vec<u64> = walk
        .by_ref()
        .map(|due| due.unwrap().at.unwrap().as_secs())
        .collect();
    assert_eq!(found, expected_s);
    (walk.cut_gaps, walk.left_out)
}

#[test]
fn gaps_are_cut_after_the_speed_divided_them() {
    let after = [0, 1, 1, 61, 62, 3662];
    let cut = check_gaps("1x", 10, &after, &[0, 1, 1, 11, 12, 22]);
    assert_eq!(cut, (2, Duration::from_secs(50 + 3590)));
    let cut = check_gaps("10x", 10, &after, &[0, 0, 0, 6, 6, 16]);
    assert_eq!(cut, (1, Duration::from_secs(350)));
    assert_eq!(check_gaps("2x", 0, &after, &[0; 6]).0, 4);
    assert_eq!(check_gaps("1x", 3600, &after, &after).0, 0);
    // What is cut is not made up for by the stage that follows.
    let cut = check_gaps("1x:20s,10x", 10, &after, &[0, 1, 1, 11, 12, 22]);
    assert_eq!(cut.0, 2);
    assert_eq!(check_gaps("1/s", 0, &[0, 50, 60], &[0, 1, 2]).0, 0);
}

#[test]
fn an_hour_at_ten_times_the_speed_takes_six_minutes() {
    let hour: Vec<(u64, u32)> = (0..=3600).map(|second| (second, 1)).collect();
    let walked = walked(&options("10x"), &hour);
    assert_eq!(walked.last().unwrap().2, Some(360_000));
}

#[test]
fn plain_speed_is_exact_and_absurd_gaps_saturate() {
    let exact = timeline(&[(0, 1), (86_400 * 90, 1)]);
    let at = |options: &ReplayOptions, timeline: &Timeline| {
        let schedule = Schedule::new(options, &timeline.index).unwrap();
        schedule
            .walk(&timeline.index)
            .last()
            .unwrap()
            .unwrap()
            .at
            .unwrap()
    };
    assert_eq!(at(&options("1x"), &exact), Duration::from_secs(86_400 * 90));
    let absurd = timeline(&[(0, 1), (u64::MAX, 1)]);
    assert_eq!(
        at(&options("0.000001x"), &absurd),
        Duration::from_nanos(u64::MAX)
    );
}

#[test]
fn loops_that_take_no_time_need_an_end() {
    let stands_still = |options: &ReplayOptions, requests: &[(u64, u32)]| {
        Schedule::new(options, &timeline(requests).index)
            .unwrap()
            .stands_still()
    };
    let mut endless = options("1x");
    endless.loops = None;
    assert!(stands_still(&endless, &[(5, 1), (5, 1)]));
    assert!(!stands_still(&endless, &[(5, 1), (6, 1)]));
    assert!(!stands_still(&options("1x"), &[(5, 1)]));
    endless.max_gap = Some(Duration::ZERO);
    assert!(stands_still(&endless, &[(5, 1), (6, 1)]));
    endless.pace = "1/s".parse().unwrap();
    assert!(!stands_still(&endless, &[(5, 1)]));
}

#[test]
fn what_goes_out_is_known_unless_answers_decide() {
    let known = |options: &ReplayOptions| {
        let timeline = timeline(FOUR);
        Schedule::new(options, &timeline.index).unwrap().is_known()
    };
    let mut options = options("max");
    assert!(known(&options));
    options.duration = Some(Duration::from_secs(1));
    assert!(!known(&options));
    options.pace = "1/s".parse().unwrap();
    options.loops = None;
    assert!(known(&options));
    options.duration = None;
    assert!(!known(&options));
    options.requests = NonZeroU64::new(100);
    assert!(known(&options));
}

proptest! {
    #[test]
    fn stages_send_what_lies_below_them_and_never_turn_back(
        stages in prop::collection::vec((0_u32..200, 0_u32..200, 1_u64..5_000), 1..6),
        last in 1_u32..200,
        unit in 0..3_usize,
    ) {
        let unit = ["/s", "items/s", "B/s"][unit];
        let mut text = String::new();
        for (from, to, ms) in &stages {
            text += &format!("{from}..{to}{unit}:{ms}ms,");
        }
        let mut options = options(&format!("{text}{last}{unit}"));
        options.loops = None;
        let all: f64 = stages.iter().map(|(from, to, ms)| f64::from(from + to) / 2.0 * *ms as f64 / 1e3).sum();
        let length: u64 = stages.iter().map(|(_, _, ms)| ms).sum();
        options.duration = Some(Duration::from_millis(length + 1_000));
        let timeline = timeline(FOUR);
        let index = &timeline.index;
        let schedule = Schedule::new(&options, index).unwrap();
        let (mut sent, mut before, mut largest) = (0, Duration::ZERO, 0);
        for due in schedule.walk(index) {
            let Due { at, entry, .. } = due.unwrap();
            let at = at.unwrap();
            prop_assert!(at >= before);
            before = at;
            let this = match unit { "/s" => 1, "items/s" => u64::from(entry.items), _ => u64::from(entry.len_bytes) };
            sent += this;
            largest = largest.max(this);
        }
        // What is sent is all that is below the line, up to one request.
        let expected = all + f64::from(last);
        prop_assert!((sent as f64 - expected).abs() <= largest.max(1) as f64 + 1e-6, "{} {}", sent, expected);
    }
}
