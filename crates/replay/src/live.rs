//! From recorded times to times of sending, where each request is moved to its own moment.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::index::temporary;

/// From recorded times to times of sending, as far as a run has come.
///
/// Metrics need one map for all requests: a series that counts up has the same start in each of
/// them, and delta intervals end where the next ones begin. So times between two requests lie
/// between their moments of sending, in proportion; times before the first, and after the last, keep
/// their distance from it. The map grows with the run and never changes where it has been: a
/// time gives the same time in every request that comes later. It never turns times round.
///
/// Takes 16 bytes per moment of sending, in a file beyond the newest 65,536 of them.
#[derive(Debug, Default)]
pub(crate) struct LiveTimes {
    /// Where files are made; the system's place for temporary files if not given.
    dir: Option<PathBuf>,
    passes: RwLock<Passes>,
}

#[derive(Debug, Default)]
struct Passes {
    /// The loop that is being sent.
    newest: u64,
    /// Of that loop and the one before it, some requests of which may still be made ready.
    maps: [Map; 2],
}

/// A recorded time, and when it was sent.
type Point = (u64, u64);

const POINT_BYTES: usize = 16;

/// Points that are held in memory, in 1 MiB, before they go to the file.
const RUN: usize = 1 << 16;

/// Points of the file that are read at once, in 4 KiB.
const BLOCK: usize = 1 << 8;

/// Points that grow in both.
#[derive(Debug, Default)]
struct Map {
    newest: Vec<Point>,
    /// Those before.
    file: Option<File>,
    /// The first one of each block of the file.
    firsts: Vec<Point>,
}

/// Points of a file that were read last.
#[derive(Debug, Default)]
struct Block {
    number: Option<usize>,
    points: Vec<Point>,
}

impl LiveTimes {
    /// Knows of nothing yet. Files are unnamed ones in `dir`, or in the system's place for them.
    pub(crate) fn new(dir: Option<&Path>) -> Self {
        Self {
            dir: dir.map(Path::to_owned),
            passes: RwLock::default(),
        }
    }

    /// A request recorded then is sent then, in this loop. What was recorded before one that has
    /// been noted changes nothing.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn note(&self, pass: u64, recorded: u64, sent: u64) -> io::Result<()> {
        let mut passes = self.passes.write().unwrap_or_else(PoisonError::into_inner);
        if pass > passes.newest {
            passes.newest = pass;
            passes.maps.swap(0, 1);
            passes.maps[0] = Map::default();
        }
        if pass < passes.newest {
            return Ok(());
        }
        let map = &mut passes.maps[0];
        match map.newest.last() {
            Some((newest, _)) if recorded <= *newest => Ok(()),
            Some((_, last)) => {
                let sent = sent.max(*last);
                map.push((recorded, sent), self.dir.as_deref())
            }
            None => map.push((recorded, sent), self.dir.as_deref()),
        }
    }

    /// The map of a loop, which does not grow while it is held.
    pub(crate) fn of(&self, pass: u64) -> LiveMap<'_> {
        LiveMap {
            passes: self.passes.read().unwrap_or_else(PoisonError::into_inner),
            pass,
            block: RefCell::default(),
            error: Cell::default(),
        }
    }
}

/// The map of a loop.
pub(crate) struct LiveMap<'a> {
    passes: RwLockReadGuard<'a, Passes>,
    pass: u64,
    block: RefCell<Block>,
    error: Cell<Option<io::Error>>,
}

impl LiveMap<'_> {
    /// When something recorded then is sent; `None` out of range, in a loop long past, or where the
    /// file could not be read, see [`LiveMap::error`].
    pub(crate) fn time(&self, recorded: u64) -> Option<u64> {
        let age = self.passes.newest.checked_sub(self.pass)?;
        let map = self.passes.maps.get(usize::try_from(age).ok()?)?;
        let found = map.time(recorded, &mut self.block.borrow_mut());
        found.unwrap_or_else(|error| {
            self.error.set(Some(error));
            None
        })
    }

    /// Why the file could not be read.
    pub(crate) fn error(&self) -> Option<io::Error> {
        self.error.take()
    }
}

impl Map {
    /// Adds a point after all others.
    fn push(&mut self, point: Point, dir: Option<&Path>) -> io::Result<()> {
        if self.newest.len() == RUN {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(temporary(dir)?),
            };
            let bytes = self.newest.iter().flat_map(|(at, sent)| [at, sent]);
            let bytes: Vec<u8> = bytes.flat_map(|time| time.to_le_bytes()).collect();
            file.write_all_at(&bytes, offset(self.firsts.len()))?;
            self.firsts.extend(self.newest.iter().step_by(BLOCK));
            self.newest.clear();
        }
        self.newest.push(point);
        Ok(())
    }

    fn time(&self, recorded: u64, block: &mut Block) -> io::Result<Option<u64>> {
        let sent = match self.around(recorded, block)? {
            (Some((from, sent)), Some((to, next))) => {
                let part = i128::from(recorded - from) * i128::from(next - sent);
                i128::from(sent) + part / i128::from(to - from)
            }
            (Some((at, sent)), None) | (None, Some((at, sent))) => {
                i128::from(recorded) - i128::from(at) + i128::from(sent)
            }
            (None, None) => return Ok(None),
        };
        Ok(u64::try_from(sent).ok())
    }

    /// The last point up to a time, and the one after it.
    fn around(
        &self,
        recorded: u64,
        block: &mut Block,
    ) -> io::Result<(Option<Point>, Option<Point>)> {
        let newest = self.newest.first().copied();
        let is_before = newest.is_some_and(|(at, _)| recorded < at);
        let (Some(file), true) = (&self.file, is_before) else {
            return Ok(neighbours(&self.newest, recorded));
        };
        let number = self.firsts.partition_point(|(at, _)| *at <= recorded);
        let Some(number) = number.checked_sub(1) else {
            return Ok((None, self.firsts.first().copied()));
        };
        if block.number != Some(number) {
            *block = Block::default();
            block.points = read(file, number)?;
            block.number = Some(number);
        }
        let (before, after) = neighbours(&block.points, recorded);
        let next = || self.firsts.get(number + 1).copied().or(newest);
        Ok((before, after.or_else(next)))
    }
}

/// Where a block begins in the file.
fn offset(block: usize) -> u64 {
    (block * BLOCK * POINT_BYTES) as u64
}

fn read(file: &File, block: usize) -> io::Result<Vec<Point>> {
    let mut bytes = [0; BLOCK * POINT_BYTES];
    file.read_exact_at(&mut bytes, offset(block))?;
    let (times, _) = bytes.as_chunks::<8>();
    let (points, _) = times.as_chunks::<2>();
    let point = |[at, sent]: &[[u8; 8]; 2]| (u64::from_le_bytes(*at), u64::from_le_bytes(*sent));
    Ok(points.iter().map(point).collect())
}

fn neighbours(points: &[Point], recorded: u64) -> (Option<Point>, Option<Point>) {
    let after = points.partition_point(|(at, _)| *at <= recorded);
    let before = after.checked_sub(1).and_then(|i| points.get(i));
    (before.copied(), points.get(after).copied())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(live: &LiveTimes, pass: u64, expected: &[(u64, u64)]) {
        let map = live.of(pass);
        for (recorded, sent) in expected {
            assert_eq!(map.time(*recorded), Some(*sent), "{recorded}");
        }
    }

    #[test]
    fn times_lie_between_the_requests_around_them() {
        let live = LiveTimes::default();
        assert_eq!(live.of(0).time(5), None);
        live.note(0, 100, 1_000).unwrap();
        check(&live, 0, &[(90, 990), (100, 1_000), (110, 1_010)]);
        live.note(0, 200, 1_010).unwrap();
        // Disordered, and so no news.
        live.note(0, 150, 9_999).unwrap();
        live.note(0, 300, 1_005).unwrap();
        check(
            &live,
            0,
            &[
                (90, 990),
                (150, 1_005),
                (200, 1_010),
                (250, 1_010),
                (300, 1_010),
            ],
        );
        assert_eq!(live.of(0).time(u64::MAX), None);
    }

    #[test]
    fn loops_have_maps_of_their_own() {
        let live = LiveTimes::default();
        live.note(0, 100, 1_000).unwrap();
        live.note(1, 100, 2_000).unwrap();
        // A straggler of the loop before.
        live.note(0, 200, 1_500).unwrap();
        check(&live, 0, &[(100, 1_000), (200, 1_100)]);
        check(&live, 1, &[(100, 2_000), (200, 2_100)]);
        live.note(2, 100, 3_000).unwrap();
        check(&live, 1, &[(100, 2_000)]);
        assert_eq!(live.of(0).time(100), None);
    }

    #[test]
    fn what_lies_in_the_file_is_as_in_memory() {
        let live = LiveTimes::default();
        let points = 3 * RUN as u64 + 7;
        // 10 apart as recorded, 4 and 8 in turn as sent.
        let sent = |n: u64| 1_000 + n * 6 + n % 2 * 2;
        for n in 0..points {
            live.note(0, 100 + n * 10, sent(n)).unwrap();
        }
        let map = live.of(0);
        assert_eq!(map.passes.maps[0].firsts.len(), 3 * RUN / BLOCK);
        assert_eq!(map.time(90), Some(990));
        let run = RUN as u64;
        let block = BLOCK as u64;
        for n in [
            0,
            1,
            block - 1,
            block,
            run - 1,
            run,
            2 * run + 300,
            3 * run - 1,
            3 * run,
        ] {
            let recorded = 100 + n * 10;
            assert_eq!(map.time(recorded), Some(sent(n)), "{n}");
            let between = (sent(n) + sent(n + 1)) / 2;
            assert_eq!(map.time(recorded + 5), Some(between), "after {n}");
        }
        assert_eq!(map.time(100 + points * 10), Some(sent(points - 1) + 10));
        assert!(map.error().is_none());
    }

    proptest! {
        #[test]
        fn what_was_told_stays_and_order_is_kept(
            steps in prop::collection::vec((0u64..50, 0u64..50), 1..20),
            mut times in prop::collection::vec(0u64..1_000, 1..20),
        ) {
            let live = LiveTimes::default();
            times.sort_unstable();
            let (mut recorded, mut sent) = (100, 10_000);
            let mut told = std::collections::HashMap::new();
            for (gap, wait) in steps {
                recorded += gap;
                sent += wait;
                live.note(0, recorded, sent).unwrap();
                let map = live.of(0);
                let found: Vec<u64> = times.iter().map(|t| map.time(*t).unwrap()).collect();
                prop_assert!(found.is_sorted());
                for time in times.iter().filter(|time| **time <= recorded) {
                    let now = map.time(*time).unwrap();
                    prop_assert_eq!(*told.entry(*time).or_insert(now), now);
                }
            }
        }
    }
}
