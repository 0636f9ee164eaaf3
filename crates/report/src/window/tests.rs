//! The index says what looking at every sample says.

use super::*;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;

fn samples(pairs: &[(i64, f64)]) -> Samples {
    let times = pairs.iter().map(|pair| pair.0 * SECOND).collect();
    Samples::new(times, pairs.iter().map(|pair| pair.1).collect())
}

/// Mean, least, greatest, count, carried; times in seconds.
fn check(pairs: &[(i64, f64)], span: (i64, i64), expected: Option<(f64, f64, f64, u64, bool)>) {
    let found = samples(pairs).window(span.0 * SECOND, span.1 * SECOND);
    let found = found.map(|w| (w.mean, w.min, w.max, w.count, w.carried));
    assert_eq!(found, expected, "{span:?}");
}

const FOUR: [(i64, f64); 4] = [(10, 0.125), (20, 0.25), (30, 0.5), (40, 0.75)];

#[test]
fn samples_stand_for_the_time_before_them() {
    // 5 s of the sample at 20, 10 s of that at 30.
    let mean = (0.25 * 5.0 + 0.5 * 10.0) / 15.0;
    check(&FOUR, (15, 35), Some((mean, 0.25, 0.5, 2, false)));
    // At the start itself a sample lies within, but stands for what was before.
    check(&FOUR, (20, 30), Some((0.5, 0.25, 0.5, 2, false)));
    check(&FOUR, (20, 20), Some((0.25, 0.25, 0.25, 1, false)));
}

#[test]
fn the_sample_before_is_carried_into_short_intervals() {
    check(&FOUR, (21, 29), Some((0.25, 0.25, 0.25, 0, true)));
    check(&FOUR, (41, 60), Some((0.75, 0.75, 0.75, 0, true)));
}

#[test]
fn old_samples_are_not_carried() {
    check(&FOUR, (61, 62), None);
    check(&FOUR, (1, 9), None);
    check(&FOUR, (30, 20), None);
    check(&[], (1, 2), None);
    check(&[(10, 1.0)], (70, 71), Some((1.0, 1.0, 1.0, 0, true)));
    check(&[(10, 1.0)], (71, 72), None);
}

#[test]
fn a_pause_counts_for_twice_the_usual_gap() {
    let pairs = [(0, 1.0), (10, 1.0), (20, 1.0), (1_000, 0.0), (1_010, 0.5)];
    // 20 s of the sample after the pause, 10 s each of the others, none of the one at the start.
    let mean = (1.0 * 20.0 + 0.0 * 20.0 + 0.5 * 10.0) / 50.0;
    check(&pairs, (0, 1_010), Some((mean, 0.0, 1.0, 5, false)));
}

#[test]
fn neighbours_speak_within_their_reach() {
    let samples = samples(&FOUR);
    let seconds = |found: Option<(i64, f64)>| found.map(|(time, value)| (time / SECOND, value));
    assert_eq!(seconds(samples.before(25 * SECOND)), Some((20, 0.25)));
    assert_eq!(seconds(samples.before(20 * SECOND)), Some((20, 0.25)));
    assert_eq!(seconds(samples.before(61 * SECOND)), None);
    assert_eq!(seconds(samples.after(25 * SECOND)), Some((30, 0.5)));
    assert_eq!(seconds(samples.after(41 * SECOND)), None);
}

#[test]
fn small_values_are_not_lost_beside_large_sums() {
    // A year of bytes, and then an hour of nearly none.
    let count = 2_000_000;
    let value = |index: i64| if index < count { 3.3e11 } else { 0.1 };
    let pairs: Vec<_> = (0..count + 240).map(|i| (i * 15, value(i))).collect();
    let window = samples(&pairs).window(count * 15 * SECOND, i64::MAX);
    let window = window.map(|w| (w.mean, w.sample_mean, w.count));
    assert_eq!(window, Some((0.1, 0.1, 240)));
}

/// By looking at every sample.
fn naive(times: &[i64], values: &[f64], reach: i64, (start, end): (i64, i64)) -> Option<Window> {
    let all = || times.iter().zip(values).enumerate();
    let within: Vec<_> = all()
        .filter(|(_, (time, _))| (start..=end).contains(time))
        .collect();
    if within.is_empty() {
        let last = all().rfind(|(_, (time, _))| **time < start);
        let (_, (_, value)) = last.filter(|(_, (time, _))| start - **time <= reach)?;
        return (start <= end).then_some(Window {
            mean: *value,
            sample_mean: *value,
            min: *value,
            max: *value,
            count: 0,
            carried: true,
        });
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for (index, (time, value)) in &within {
        let stands = match index {
            0 => reach / USUAL_GAPS,
            index => (*time - times[index - 1]).min(reach),
        };
        let stands = stands.min(*time - start) as f64;
        sum += **value * stands;
        weights += stands;
    }
    let values: Vec<f64> = within.iter().map(|(_, (_, value))| **value).collect();
    let first = values[0];
    Some(Window {
        mean: if weights > 0.0 { sum / weights } else { first },
        sample_mean: values.iter().sum::<f64>() / values.len() as f64,
        min: values.iter().copied().fold(first, f64::min),
        max: values.iter().copied().fold(first, f64::max),
        count: values.len() as u64,
        carried: false,
    })
}

proptest! {
    #[test]
    fn the_index_says_what_all_samples_say(
        gaps in prop::collection::vec((1_i64..40, 0.0_f64..1.0), 0..300),
        spans in prop::collection::vec((-50_i64..9_000, -5_i64..3_000), 1..40),
    ) {
        let mut now = 0;
        let mut times = Vec::new();
        for (gap, _) in &gaps {
            now += gap;
            times.push(now);
        }
        let values: Vec<f64> = gaps.iter().map(|(_, value)| *value).collect();
        let samples = Samples::new(times.clone(), values.clone());
        for (start, length) in spans {
            let span = (start, start + length);
            let found = samples.window(span.0, span.1);
            let expected = naive(&times, &values, reach(samples.usual), span);
            let exact = |w: &Window| (w.min, w.max, w.count, w.carried);
            prop_assert_eq!(found.as_ref().map(exact), expected.as_ref().map(exact));
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found.mean - expected.mean).abs() < 1e-12);
                prop_assert!((found.sample_mean - expected.sample_mean).abs() < 1e-12);
            }
        }
    }
}
