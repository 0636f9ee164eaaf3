//! Two sorted sides, item by item.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;

use super::options::Times;
use super::record::{Class, Record};
use super::report::DifferenceKind;
use super::sorter::{Records, Sorted};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Matched, missing, duplicated, unexpected.
    pub counts: BTreeMap<Class, [u64; 4]>,
    /// The first differences of each kind by origin.
    listed: [BinaryHeap<Origin>; 3],
    pub left_off: u64,
}

/// A difference, compared by where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    file: u32,
    frame: u64,
    item: u32,
    record: Record,
}

impl Joined {
    fn count(&mut self, record: &Record, place: usize) {
        self.counts.entry(record.class()).or_default()[place] += 1;
    }

    fn differ(&mut self, kind: DifferenceKind, record: Record, limit: usize) {
        self.count(&record, kind as usize + 1);
        let listed = &mut self.listed[kind as usize];
        listed.push(Origin {
            file: record.file,
            frame: record.frame,
            item: record.item,
            record,
        });
        if listed.len() > limit {
            listed.pop();
            self.left_off += 1;
        }
    }

    /// The differences that are listed, by kind, then origin.
    pub fn listed(&mut self) -> Vec<(DifferenceKind, Record)> {
        let mut all = Vec::new();
        for kind in DifferenceKind::ALL {
            let listed = std::mem::take(&mut self.listed[kind as usize]).into_sorted_vec();
            all.extend(listed.into_iter().map(|origin| (kind, origin.record)));
        }
        all
    }
}

/// What items are equal by: of the right side, when the offset is taken off.
fn key(record: &Record, times: Times, offset: i128) -> (u128, i128) {
    let time = match (times, record.time) {
        (Times::Ignored, _) => 0,
        // One without a time is that wherever it goes; all others come behind it.
        (_, 0) => i128::MIN,
        (_, time) => i128::from(time) - offset,
    };
    (record.hash, time)
}

/// Matches each item of the left side with an equal one of the right side that no other is matched
/// with, in the order of origins.
pub(super) fn join(
    left: &Sorted,
    right: &Sorted,
    times: Times,
    offset: i128,
    limit: usize,
) -> io::Result<Joined> {
    let mut joined = Joined::default();
    let (mut left, mut right) = (left.records()?, right.records()?);
    let (mut sent, mut arrived) = (left.next()?, right.next()?);
    // The key of the last one of the left side: further equal ones of the right are duplicates.
    let mut last = None;
    loop {
        let sent_key = sent.as_ref().map(|record| key(record, times, 0));
        let arrived_key = arrived.as_ref().map(|record| key(record, times, offset));
        let next = match (sent_key, arrived_key) {
            (None, None) => return Ok(joined),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(sent), Some(arrived)) => sent.cmp(&arrived),
        };
        if next.is_le() {
            last = sent_key;
        }
        match (next, sent, arrived) {
            (Ordering::Equal, Some(record), _) => joined.count(&record, 0),
            (Ordering::Less, Some(record), _) => {
                joined.differ(DifferenceKind::Missing, record, limit);
            }
            (_, _, Some(record)) => {
                let kind = match last == arrived_key {
                    true => DifferenceKind::Duplicated,
                    false => DifferenceKind::Unexpected,
                };
                joined.differ(kind, record, limit);
            }
            (_, _, None) => {}
        }
        if next.is_le() {
            sent = left.next()?;
        }
        if next.is_ge() {
            arrived = right.next()?;
        }
    }
}

/// How much later the right side is: what most of the items have in common that are on both sides, on
/// either of them once. Without such items, those that are there most early on each side.
///
/// Boyer and Moore's vote: an offset of more than half of them is found; whether it is one, the
/// comparison tells.
pub(super) fn offset(left: &Sorted, right: &Sorted) -> io::Result<Option<i128>> {
    let (mut left, mut right) = (Groups::new(left)?, Groups::new(right)?);
    let (mut unique, mut any) = (Vote::default(), Vote::default());
    let (mut sent, mut arrived) = (left.next()?, right.next()?);
    while let (Some(one), Some(other)) = (&sent, &arrived) {
        if one.hash == other.hash {
            if one.time > 0 && other.time > 0 {
                let offset = i128::from(other.time) - i128::from(one.time);
                any.cast(offset);
                if one.count == 1 && other.count == 1 {
                    unique.cast(offset);
                }
            }
            (sent, arrived) = (left.next()?, right.next()?);
        } else if one.hash < other.hash {
            sent = left.next()?;
        } else {
            arrived = right.next()?;
        }
    }
    Ok(unique.candidate.or(any.candidate))
}

#[derive(Default)]
struct Vote {
    candidate: Option<i128>,
    lead: u64,
}

impl Vote {
    fn cast(&mut self, offset: i128) {
        if self.candidate == Some(offset) {
            self.lead += 1;
        } else if self.lead == 0 {
            (self.candidate, self.lead) = (Some(offset), 1);
        } else {
            self.lead -= 1;
        }
    }
}

/// Items that are equal but for their times.
struct Group {
    hash: u128,
    /// The first of their times.
    time: u64,
    count: u64,
}

struct Groups<'a> {
    records: Records<'a>,
    next: Option<Record>,
}

impl<'a> Groups<'a> {
    fn new(sorted: &'a Sorted) -> io::Result<Self> {
        let mut records = sorted.records()?;
        let next = records.next()?;
        Ok(Self { records, next })
    }

    fn next(&mut self) -> io::Result<Option<Group>> {
        let Some(first) = self.next.take() else {
            return Ok(None);
        };
        let mut group = Group {
            hash: first.hash,
            time: first.time,
            count: 0,
        };
        self.next = Some(first);
        while let Some(record) = self.next
            && record.hash == group.hash
        {
            group.count += 1;
            self.next = self.records.next()?;
        }
        Ok(Some(group))
    }
}

#[cfg(test)]
mod tests {
    use otolith_capture::Signal;

    use super::super::sorter::Sorter;
    use super::*;

    /// Items as (what, time).
    fn side(items: &[(u8, u64)]) -> Sorted {
        let mut sorter = Sorter::new(3 * size_of::<Record>(), None);
        for (number, (what, time)) in (1..).zip(items) {
            let class = Class {
                signal: Signal::Logs,
                service: 0,
            };
            let origin = (0, number, 1);
            sorter
                .push(Record::new((*what).into(), *time, origin, class))
                .unwrap();
        }
        sorter.finish().unwrap()
    }

    /// Numbers of matched, missing, duplicated and unexpected ones, and frames of the differences.
    #[track_caller]
    fn check(
        left: &[(u8, u64)],
        right: &[(u8, u64)],
        times: Times,
        counts: [u64; 4],
        frames: &[u64],
    ) -> Option<i128> {
        let (left, right) = (side(left), side(right));
        let found = match times {
            Times::Shifted => offset(&left, &right).unwrap(),
            Times::Same | Times::Ignored => None,
        };
        let mut joined = join(&left, &right, times, found.unwrap_or(0), 10).unwrap();
        let all: Vec<[u64; 4]> = joined.counts.values().copied().collect();
        assert_eq!(all.first().copied().unwrap_or_default(), counts);
        let listed: Vec<u64> = joined.listed().iter().map(|(_, r)| r.frame).collect();
        assert_eq!(listed, frames);
        found
    }

    #[test]
    fn each_item_is_matched_once() {
        let same = Times::Same;
        check(&[], &[], same, [0; 4], &[]);
        check(
            &[(1, 5), (2, 5)],
            &[(2, 5), (1, 5)],
            same,
            [2, 0, 0, 0],
            &[],
        );
        check(&[(1, 5), (2, 5)], &[(1, 5)], same, [1, 1, 0, 0], &[2]);
        check(
            &[(1, 5)],
            &[(1, 5), (1, 5), (3, 5)],
            same,
            [1, 0, 1, 1],
            &[2, 3],
        );
        check(
            &[(1, 5), (1, 5), (1, 5)],
            &[(1, 5)],
            same,
            [1, 2, 0, 0],
            &[2, 3],
        );
        check(&[(1, 5)], &[(1, 6)], same, [0, 1, 0, 1], &[1, 1]);
        check(&[(1, 0)], &[(1, 0), (1, 7)], same, [1, 0, 0, 1], &[2]);
    }

    #[test]
    fn one_offset_is_found_and_taken_off() {
        let shifted = Times::Shifted;
        let left = [(1, 10), (2, 20), (3, 30), (4, 0), (5, 50), (5, 60)];
        let right = [(1, 110), (2, 120), (3, 131), (4, 0), (5, 150), (5, 160)];
        let found = check(&left, &right, shifted, [5, 1, 0, 1], &[3, 3]);
        assert_eq!(found, Some(100));
        // Back in time, and nothing but repeated items.
        let found = check(
            &[(1, 10), (1, 20)],
            &[(1, 7), (1, 17)],
            shifted,
            [2, 0, 0, 0],
            &[],
        );
        assert_eq!(found, Some(-3));
        // One is lost, one comes twice.
        let right = [(2, 120), (3, 130), (3, 130), (4, 0), (5, 150), (5, 160)];
        let found = check(&left, &right, shifted, [5, 1, 1, 0], &[1, 3]);
        assert_eq!(found, Some(100));
        assert_eq!(
            check(&[(1, 0)], &[(2, 1)], shifted, [0, 1, 0, 1], &[1, 1]),
            None
        );
    }

    #[test]
    fn times_may_be_ignored() {
        let left = [(1, 10), (1, 20), (2, 5)];
        check(
            &left,
            &[(1, 99), (2, 0), (1, 1)],
            Times::Ignored,
            [3, 0, 0, 0],
            &[],
        );
        check(&left, &[(1, 99)], Times::Ignored, [1, 2, 0, 0], &[2, 3]);
    }

    #[test]
    fn the_first_differences_are_listed() {
        let left: Vec<(u8, u64)> = (0..40).map(|n| (200 - n, 1)).collect();
        let mut joined = join(&side(&left), &side(&[]), Times::Same, 0, 4).unwrap();
        let frames: Vec<u64> = joined.listed().iter().map(|(_, r)| r.frame).collect();
        assert_eq!((frames, joined.left_off), (vec![1, 2, 3, 4], 36));
    }
}
