//! From points to amounts: what a series counted, whatever its temporality.

use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection};
use hashbrown::{HashMap, HashSet};

/// How far before its first item a capture reaches, in nanoseconds: one minute.
///
/// The first export of a process tells what happened since the process began, and comes at most
/// one export interval later: a minute, unless somebody set another. In a capture of metrics
/// alone every first point therefore starts before the first item, although nothing is missing.
/// A start further back means that exports were missed, or may have been.
const REACH: i64 = 60_000_000_000;

/// A point of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Which row of the caller it is.
    pub(crate) row: usize,
    /// The series.
    pub(crate) series: i64,
    /// Since when it counts, in nanoseconds; absent when unknown.
    pub(crate) start: Option<i64>,
    /// When it was taken, in nanoseconds.
    pub(crate) time: i64,
    /// Its value, or its count where it counts observations; absent when not recorded.
    pub(crate) value: Option<f64>,
    /// The sum of its observations.
    pub(crate) sum: Option<f64>,
    pub(crate) temporality: Temporality,
    /// A delta below 0 is an amount.
    pub(crate) signed: bool,
}

/// How points of one series relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporality {
    /// Each counts from the one before.
    Delta,
    /// Each counts from the start.
    Cumulative,
    /// Not told, or not a word of the protocol.
    Unspecified,
}

impl Temporality {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "DELTA" => Self::Delta,
            "CUMULATIVE" => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// What a series counted between two times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Increase {
    /// Row of the point that told it.
    pub(crate) row: usize,
    pub(crate) series: i64,
    /// Begin of the time it covers, in nanoseconds.
    pub(crate) start: i64,
    /// End of the time it covers, in nanoseconds.
    pub(crate) time: i64,
    /// By how much the value rose.
    pub(crate) amount: f64,
    /// By how much the sum of observations rose; absent when not sent.
    pub(crate) sum: Option<f64>,
    /// False for what was counted since an unknown start or one before the capture: how much of
    /// it belongs to the capture cannot be known.
    pub(crate) inside: bool,
    /// True for a cumulative value that did not change: a process exports it though it is idle.
    pub(crate) idle: bool,
}

/// Points in order of time, then row, each once: the same series, start, time and numbers come
/// from retries or double export. Delta points stay if the selection says so.
pub(crate) fn distinct(
    mut points: Vec<Point>,
    selection: &Selection,
    notes: &mut Notes,
) -> Vec<Point> {
    points.sort_by_key(|p| (p.time, p.row));
    // Those of one time.
    let mut seen = HashSet::new();
    let mut now = None;
    points.retain(|p| {
        if now.replace(p.time) != Some(p.time) {
            seen.clear();
        }
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        if seen.insert((p.series, p.start, bits(p.value), bits(p.sum))) {
            return true;
        }
        // A cumulative point that repeats adds nothing either way.
        let keep =
            selection.duplicates == Duplicates::Keep && p.temporality != Temporality::Cumulative;
        let code = if keep {
            NoteCode::DuplicatesKept
        } else {
            NoteCode::DuplicatesRemoved
        };
        notes.add_at((code, ""), selection, &[p.time]);
        keep
    });
    points
}

/// Turns points, as [`distinct`] hands them out, into increases of all times, with notes about
/// those of the selected time.
///
/// Delta points count as they are. Cumulative points are taken per series and start time, so that
/// a restart and two processes under one identity are told apart: the first counts in full, and
/// is `inside` if its start lies no more than a minute before `capture_begin` (nanoseconds), since
/// a capture reaches one export interval back; each further one counts the difference; a fall
/// without a new start is a restart and counts in full. Points of no known temporality do not
/// count.
pub(crate) fn increases(
    points: &[Point],
    capture_begin: Option<i64>,
    selection: &Selection,
    notes: &mut Notes,
) -> Vec<Increase> {
    let mut found = Vec::with_capacity(points.len());
    let mut last: HashMap<(i64, Option<i64>), Last> = HashMap::new();
    for point in points {
        let Some(value) = point.value else {
            continue;
        };
        let mut note = |code| notes.add_at((code, ""), selection, &[point.time]);
        let cumulative = point.temporality == Temporality::Cumulative;
        if !value.is_finite() || (value < 0.0 && (cumulative || !point.signed)) {
            note(NoteCode::BadNumber);
            continue;
        }
        if point.temporality == Temporality::Unspecified {
            note(NoteCode::UnspecifiedTemporality);
            continue;
        }
        let mut increase = Increase {
            row: point.row,
            series: point.series,
            start: point.start.unwrap_or(point.time),
            time: point.time,
            amount: value,
            sum: point.sum,
            inside: true,
            idle: false,
        };
        if cumulative {
            let now = Last {
                value,
                sum: point.sum,
                time: point.time,
            };
            match last.insert((point.series, point.start), now) {
                Some(before) if value >= before.value => {
                    increase.start = before.time;
                    increase.amount = value - before.value;
                    increase.idle = value == before.value;
                    let sums = point.sum.zip(before.sum);
                    increase.sum = sums.map(|(now, before)| now - before);
                }
                Some(before) => {
                    note(NoteCode::CounterReset);
                    increase.start = before.time;
                }
                None => {
                    let (start, begin) = (point.start, capture_begin);
                    let reach = begin.map(|begin| begin.saturating_sub(REACH));
                    increase.inside = start.is_some() && start >= reach;
                    if value > 0.0 && !increase.inside {
                        note(NoteCode::UnknownStart);
                    } else if value > 0.0 && start < begin {
                        note(NoteCode::EarlyStart);
                    }
                }
            }
        }
        found.push(increase);
    }
    found
}

/// Where a run of a cumulative series stood.
struct Last {
    value: f64,
    sum: Option<f64>,
    time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const BEGIN: i64 = 100 * SECOND;

    /// Start and time in seconds.
    fn point(series: i64, start: i64, time: i64, value: f64, word: &str) -> Point {
        Point {
            row: 0,
            series,
            start: (start > 0).then_some(start * SECOND),
            time: time * SECOND,
            value: Some(value),
            sum: None,
            temporality: Temporality::of(word),
            signed: false,
        }
    }

    fn check(points: &[Point], amounts: &[f64], codes: &[(&str, u64)]) {
        let mut notes = Notes::default();
        let all = Selection::default();
        let points = distinct(points.to_vec(), &all, &mut notes);
        let found = increases(&points, Some(BEGIN), &all, &mut notes);
        let inside = found.iter().filter(|i| i.inside);
        let found: Vec<f64> = inside.map(|i| i.amount).collect();
        assert_eq!(found, amounts);
        let notes = notes.into_vec();
        let notes: Vec<_> = notes.iter().map(|n| (n.code.as_str(), n.count)).collect();
        assert_eq!(notes, codes);
    }

    fn cumulative(series: i64, start: i64, time: i64, value: f64) -> Point {
        point(series, start, time, value, "CUMULATIVE")
    }

    #[test]
    fn deltas_count_as_they_are() {
        let delta = |time, value| point(1, time - 10, time, value, "DELTA");
        check(&[delta(200, 3.0), delta(210, 4.0)], &[3.0, 4.0], &[]);
        // A first delta needs no start inside the capture.
        check(&[point(1, 5, 110, 7.0, "DELTA")], &[7.0], &[]);
    }

    #[test]
    fn identical_points_count_once() {
        let delta = point(1, 190, 200, 3.0, "DELTA");
        check(&[delta, delta, delta], &[3.0], &[("duplicates_removed", 2)]);
        let keep = Selection {
            duplicates: Duplicates::Keep,
            ..Selection::default()
        };
        let mut notes = Notes::default();
        let kept = distinct(vec![delta, delta], &keep, &mut notes);
        assert_eq!(kept.len(), 2);
    }

    #[test]
    fn cumulative_points_are_differenced() {
        let points = [
            cumulative(1, 150, 200, 5.0),
            cumulative(1, 150, 220, 9.0),
            cumulative(1, 150, 210, 5.0),
        ];
        check(&points, &[5.0, 0.0, 4.0], &[]);
    }

    #[test]
    fn a_first_point_from_before_the_capture_is_unknown() {
        let points = [cumulative(1, 39, 200, 5.0), cumulative(1, 39, 210, 6.0)];
        check(&points, &[1.0], &[("unknown_start", 1)]);
        let points = [cumulative(1, 0, 200, 5.0), cumulative(1, 0, 210, 6.0)];
        check(&points, &[1.0], &[("unknown_start", 1)]);
        // Nothing counted yet is nothing unknown.
        let points = [cumulative(1, 39, 200, 0.0), cumulative(1, 39, 210, 6.0)];
        check(&points, &[6.0], &[]);
    }

    #[test]
    fn a_capture_reaches_one_export_interval_back() {
        let points = [cumulative(1, 40, 100, 5.0), cumulative(2, 39, 100, 7.0)];
        check(&points, &[5.0], &[("unknown_start", 1), ("early_start", 1)]);
    }

    #[test]
    fn sums_of_observations_follow_their_count() {
        let of = |time, count, sum| Point {
            sum: Some(sum),
            ..cumulative(1, 150, time, count)
        };
        // The sum falls with an observation below 0; only the count tells a restart.
        let points = [of(200, 2.0, 9.0), of(210, 3.0, 4.0), of(220, 1.0, 8.0)];
        let all = Selection::default();
        let found = increases(&points, Some(BEGIN), &all, &mut Notes::default());
        let sums: Vec<_> = found.iter().map(|i| i.sum).collect();
        assert_eq!(sums, [Some(9.0), Some(-5.0), Some(8.0)]);
    }

    #[test]
    fn notes_are_about_the_selected_time() {
        let selection = Selection {
            since: Some(205 * SECOND),
            ..Selection::default()
        };
        let points = [200, 200, 210, 210].map(|time| cumulative(1, 39, time, 5.0));
        let mut notes = Notes::default();
        let points = distinct(points.to_vec(), &selection, &mut notes);
        let found = increases(&points, Some(BEGIN), &selection, &mut notes);
        assert_eq!(found.len(), 2);
        let notes = notes.into_vec();
        let notes: Vec<_> = notes.iter().map(|n| (n.code.as_str(), n.count)).collect();
        assert_eq!(notes, [("duplicates_removed", 1)]);
    }

    #[test]
    fn a_new_start_or_a_fall_is_a_restart() {
        let points = [
            cumulative(1, 150, 200, 5.0),
            cumulative(1, 205, 210, 7.0),
            cumulative(1, 205, 220, 2.0),
        ];
        check(&points, &[5.0, 7.0, 2.0], &[("counter_reset", 1)]);
    }

    #[test]
    fn two_processes_on_one_series_are_told_apart() {
        let points = [
            cumulative(1, 150, 200, 10.0),
            cumulative(1, 160, 201, 3.0),
            cumulative(1, 150, 210, 12.0),
            cumulative(1, 160, 211, 8.0),
        ];
        check(&points, &[10.0, 3.0, 2.0, 5.0], &[]);
    }

    #[test]
    fn what_cannot_be_known_is_a_note() {
        check(
            &[point(1, 150, 200, 5.0, "UNSPECIFIED")],
            &[],
            &[("unspecified_temporality", 1)],
        );
        let fall = point(1, 150, 200, -1.0, "DELTA");
        check(&[fall], &[], &[("bad_number", 1)]);
        check(
            &[Point {
                signed: true,
                ..fall
            }],
            &[-1.0],
            &[],
        );
        check(
            &[point(1, 150, 200, f64::NAN, "DELTA")],
            &[],
            &[("bad_number", 1)],
        );
    }
}
