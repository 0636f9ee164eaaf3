use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;
use crate::histogram::{histogram, spread};
use crate::measurements::{Measurements, Part};

const START: Duration = Duration::from_secs(3);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn parts(series: &Series, most: usize) -> Vec<Part> {
    let measurements = Measurements {
        history: series.closed(),
        ..Measurements::default()
    };
    measurements.parts(NonZeroUsize::new(most).unwrap())
}

/// A request that is sent when it should be and answered after so long.
fn exchange(series: &mut Series, at: Duration, latency: Duration) {
    series.sent(Some(at), at, 3);
    series.late_by(Duration::ZERO, Duration::ZERO);
    series.at(at + latency);
    series.answered(latency);
    series.finished(latency, false);
}

/// All of one kind over all intervals.
fn total(series: &Series, measure: Measure) -> Histogram<u64> {
    let mut total = coarse_histogram();
    for interval in series.closed().intervals {
        interval.times[measure as usize].add_to(&mut total);
    }
    total
}

#[test]
fn what_happens_is_counted_when_it_happens() {
    let mut series = Series::new(START);
    let late = START + ms(250);
    // Both should have been sent in the first tenth of a second; one was in the third.
    series.sent(Some(START), START + ms(1), 5);
    series.sent(Some(START + ms(50)), late, 7);
    series.at(START + ms(310));
    series.answered(ms(60));
    series.retrying();
    series.finished(ms(260), true);
    let parts = parts(&series, 100);
    let seen: Vec<_> = parts
        .iter()
        .map(|p| {
            (
                p.intended,
                p.sent,
                p.items,
                p.finished,
                p.failed,
                p.retries,
                p.in_flight,
            )
        })
        .collect();
    // What is left at the end, 10 ms, goes to the interval before.
    assert_eq!(
        seen,
        [
            (2, 1, 5, 0, 0, 0, 1),
            (0, 0, 0, 0, 0, 0, 1),
            (0, 1, 7, 1, 1, 1, 2)
        ]
    );
    let lengths: Vec<f64> = parts.iter().map(|p| p.seconds).collect();
    assert_eq!(lengths, [0.1, 0.1, 0.11]);
    assert_eq!(parts[2].start_seconds, 0.2);
    assert!(parts[1].latency.is_none() && parts[1].lateness.is_none());
    let (latency, lateness) = (parts[2].latency.unwrap(), parts[2].lateness.unwrap());
    assert!((latency.max_ms / 260.0 - 1.0).abs() < 0.01, "{latency:?}");
    assert!((lateness.max_ms / 200.0 - 1.0).abs() < 0.01, "{lateness:?}");
}

#[test]
fn without_a_pace_nothing_is_intended() {
    let mut series = Series::new(START);
    series.sent(None, START, 1);
    let parts = parts(&series, 1);
    assert_eq!((parts[0].sent, parts[0].intended), (1, 0));
    assert_eq!(parts[0].lateness, None);
}

#[test]
fn memory_is_bounded_whatever_the_length_of_a_run() {
    let mut series = Series::new(START);
    let mut exact = histogram();
    let mut seed = 1_u64;
    // Some 10 hours, values from a microsecond to a quarter of an hour.
    let (mut at, mut requests, mut widest) = (START, 0_u64, FIRST_WIDTH);
    while requests < 150_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let latency =
            Duration::from_nanos(1_000 << (seed >> 59).min(29)) + Duration::from_nanos(seed >> 46);
        at += Duration::from_micros(seed >> 45);
        series.sent(Some(at.saturating_sub(latency)), at, 3);
        series.late_by(latency / 3, latency - latency / 3);
        series.answered(latency);
        series.finished(latency, false);
        exact.saturating_record(latency.as_nanos() as u64);
        requests += 1;
        assert!(series.intervals.len() <= MAX_INTERVALS);
        assert!(series.cells <= MAX_CELLS);
        assert!(series.width >= widest);
        widest = series.width;
    }
    assert!(widest > Duration::from_secs(30), "{widest:?}");
    let history = series.closed();
    let cells: usize = history.intervals.iter().map(Interval::len_cells).sum();
    assert!(cells <= MAX_CELLS + Measure::COUNT * 4_096, "{cells}");
    let allocated: usize = history
        .intervals
        .iter()
        .flat_map(|i| &i.times)
        .map(|c| c.values.capacity() * 8 + c.counts.capacity() * 4)
        .sum();
    assert!(allocated < 4 << 20, "{allocated}");
    let counts = history
        .intervals
        .iter()
        .fold(Counts::default(), |mut all, interval| {
            all.add(&interval.counts);
            all
        });
    assert_eq!(
        (counts.sent, counts.intended, counts.finished),
        (requests, requests, requests)
    );
    for measure in Measure::ALL {
        assert_eq!(total(&series, measure).len(), requests);
    }
    let (all, exact) = (
        spread(&total(&series, Measure::Latency)).unwrap(),
        spread(&exact).unwrap(),
    );
    for (a, b) in [
        (all.p50_ms, exact.p50_ms),
        (all.p99_ms, exact.p99_ms),
        (all.max_ms, exact.max_ms),
    ] {
        assert!((a / b - 1.0).abs() < 0.012, "{a} {b}");
    }
}

#[test]
fn many_distinct_values_make_intervals_wider() {
    let mut series = Series::new(START);
    let nanos: Vec<u64> = (0..1_500)
        .map(|n| (1_000.0 * 1.01_f64.powi(n)) as u64)
        .collect();
    let mut at = START;
    let mut intervals = 0;
    while series.width == FIRST_WIDTH {
        for nanos in &nanos {
            let time = Duration::from_nanos(*nanos);
            series.sent(Some(at.saturating_sub(time)), at, 1);
            series.answered(time);
            series.finished(time, false);
        }
        at += FIRST_WIDTH;
        series.at(at);
        intervals += 1;
        assert!(series.cells <= MAX_CELLS, "{}", series.cells);
    }
    // Long before there are too many intervals.
    assert!(intervals < MAX_INTERVALS / 4, "{intervals}");
    assert!(series.cells < MAX_CELLS / 2 + Measure::COUNT * 4_096);
    assert_eq!(
        total(&series, Measure::Latency).len(),
        intervals as u64 * 1_500
    );
}

#[test]
fn a_pause_of_days_takes_no_intervals_of_its_own() {
    let mut series = Series::new(START);
    exchange(&mut series, START, ms(1));
    let later = START + Duration::from_secs(7 * 86_400);
    exchange(&mut series, later, ms(2));
    assert!(series.intervals.len() <= MAX_INTERVALS);
    let parts = parts(&series, 10);
    assert!(parts.len() <= 10);
    assert_eq!((parts[0].sent, parts.last().unwrap().sent), (1, 1));
    // The clock may not go back; what comes late from other threads counts as new.
    exchange(&mut series, START, ms(1));
    assert_eq!(total(&series, Measure::Latency).len(), 3);
}

#[test]
fn the_last_seconds_are_those_before_now() {
    let mut series = Series::new(START);
    for n in 0..100 {
        exchange(&mut series, START + ms(n * 100), ms(n));
    }
    let recent = series.recent(START + ms(10_000), ms(1_000));
    assert_eq!(recent.seconds, 1.0);
    assert_eq!(recent.sent_per_second, Some(10.0));
    assert_eq!(recent.intended_per_second, Some(10.0));
    assert_eq!((recent.in_flight, recent.held), (0, None));
    assert_eq!(recent.latency.len(), 10);
    assert!(recent.latency.min() >= 89_000_000);
    // At the very beginning there is no rate yet.
    let early = series.recent(START + ms(100), ms(1_000));
    assert_eq!(early.sent_per_second, None);
}

#[test]
fn while_requests_are_held_up_the_intended_rate_is_that_before() {
    let mut series = Series::new(START);
    for n in 0..50 {
        series.sent(Some(START + ms(n * 20)), START + ms(n * 20), 1);
    }
    series.hold(Some(START + ms(1_000)));
    let recent = series.recent(START + ms(4_000), ms(1_000));
    assert_eq!(recent.intended_per_second, Some(50.0));
    assert_eq!(recent.sent_per_second, Some(0.0));
    assert_eq!((recent.in_flight, recent.held), (50, Some(ms(3_000))));
    series.hold(None);
    let recent = series.recent(START + ms(4_000), ms(1_000));
    assert_eq!((recent.intended_per_second, recent.held), (Some(0.0), None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_lost_and_parts_cover_the_run(
        steps in prop::collection::vec((0_u64..400_000, 0_u64..5_000), 1..300),
        most in 1_usize..50,
    ) {
        let mut series = Series::new(START);
        let mut at = START;
        for (gap, latency) in &steps {
            at += ms(*gap);
            exchange(&mut series, at, ms(*latency));
        }
        let parts = parts(&series, most);
        prop_assert!(parts.len() <= most);
        let sum = |count: fn(&Part) -> u64| parts.iter().map(count).sum::<u64>();
        let requests = steps.len() as u64;
        prop_assert_eq!(sum(|p| p.sent), requests);
        prop_assert_eq!(sum(|p| p.intended), requests);
        prop_assert_eq!(sum(|p| p.items), 3 * requests);
        prop_assert_eq!(sum(|p| p.latency.map_or(0, |l| l.count)), requests);
        prop_assert_eq!(sum(|p| p.lateness.map_or(0, |l| l.count)), requests);
        let mut end = 0.0;
        for part in &parts {
            prop_assert!((part.start_seconds - end).abs() < 1e-6);
            end = part.start_seconds + part.seconds;
        }
        prop_assert!((end - series.newest.saturating_sub(START).as_secs_f64()).abs() < 1e-6);
    }
}
