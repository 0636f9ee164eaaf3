//! Moves chunks from the reader through the decoders to whoever takes them in input order.

use std::any::Any;
use std::collections::BTreeMap;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use otolith_capture::Chunk;
use rayon::ThreadPool;

use crate::error::ConvertError;
use crate::reader::{ReadEnd, Reader, Work};
use crate::workers::Workers;

/// Loads on their way per thread: one in work, one that waits for its turn.
const LOADS_PER_THREAD: usize = 2;

/// Decodes load after load on one thread.
pub(crate) trait Decode: Send {
    /// What a load becomes.
    type Decoded: Send;

    fn decode(&mut self, load: &Work) -> Self::Decoded;
}

/// Takes decoded loads strictly in input order.
pub(crate) trait Take<T> {
    /// Why it ends early: an error of reading, or one of its own.
    type Error: From<ConvertError>;

    /// Takes the next load.
    fn take(&mut self, decoded: T) -> Result<(), Self::Error>;
}

/// Reads to the end of all sources. Without workers everything is done on the caller's thread; with
/// them whoever is free reads what comes next and decodes it. `decoder` makes one for each thread.
pub(crate) fn run<D: Decode, T: Take<D::Decoded>>(
    reader: Reader<'_>,
    workers: &Workers,
    mut decoder: impl FnMut() -> D,
    taker: &mut T,
) -> Result<ReadEnd, T::Error> {
    match workers.pool() {
        None => inline(reader, decoder(), taker),
        Some(pool) => {
            let decoders = (0..pool.current_num_threads()).map(|_| decoder());
            threaded(reader, pool, decoders.collect(), taker)
        }
    }
}

fn inline<D: Decode, T: Take<D::Decoded>>(
    mut reader: Reader<'_>,
    mut decoder: D,
    taker: &mut T,
) -> Result<ReadEnd, T::Error> {
    let mut chunk = Chunk::new();
    while let Some(load) = reader.load(chunk)? {
        taker.take(decoder.decode(&load))?;
        chunk = load.chunk;
    }
    Ok(reader.finish())
}

/// Something on its way to the taker.
enum Message<T> {
    /// What a load became.
    Decoded(u64, Box<T>),
    /// The sources end with an error after the loads before.
    Failed(u64, ConvertError),
    /// Nothing is left to be read.
    Ended,
    /// A thread panicked, which is a bug: goes on where the caller sees it.
    Panicked(Box<dyn Any + Send>),
}

/// Reads and decodes in the pool; the caller's thread takes the results in input order. A fixed number of
/// loads is on its way, which bounds what waits for its turn.
///
/// A thread decodes what it has read itself: it lies in the cache of its processor, in memory that the
/// thread uses again and again. Reading has no thread of its own, which would have to share the processors with
/// those that decode and be late where reading is half of the work (`cargo xtask bench`).
fn threaded<D: Decode, T: Take<D::Decoded>>(
    reader: Reader<'_>,
    pool: &ThreadPool,
    decoders: Vec<D>,
    taker: &mut T,
) -> Result<ReadEnd, T::Error> {
    let loads = decoders.len() * LOADS_PER_THREAD;
    // One for each thread of the pool: locked by that thread only.
    let desks = decoders
        .into_iter()
        .map(|decoder| Mutex::new(Desk::new(decoder)));
    let desks: Vec<_> = desks.collect();
    let reading = Mutex::new(Reading {
        reader,
        next: 0,
        is_over: false,
    });
    pool.in_place_scope(|tasks| {
        let (out, results) = channel();
        let begin = |out: Sender<_>| {
            let (desks, reading) = (&desks, &reading);
            tasks.spawn(move |_| {
                // The taker may have ended already.
                let _ = out.send(work(desks, reading));
            });
        };
        for _ in 0..loads {
            begin(out.clone());
        }
        let taken = take_in_order(loads, &results, || begin(out.clone()), taker);
        if taken.is_err() {
            // What has begun and not read yet shall not read for nobody.
            lock(&reading).is_over = true;
        }
        taken
    })?;
    let reading = reading.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(reading.reader.finish())
}

/// Takes the results of loads by their numbers, until all have come. `loads` have begun; `begin` begins
/// another one.
fn take_in_order<D, T: Take<D>>(
    loads: usize,
    results: &Receiver<Message<D>>,
    begin: impl Fn(),
    taker: &mut T,
) -> Result<(), T::Error> {
    let mut on_their_way = loads;
    let mut next = 0;
    let mut waiting = BTreeMap::new();
    while on_their_way > 0 {
        on_their_way -= 1;
        match results.recv().expect("each task sends one message") {
            Message::Decoded(number, decoded) => waiting.insert(number, Ok(decoded)),
            Message::Failed(number, error) => waiting.insert(number, Err(error)),
            Message::Ended => continue,
            Message::Panicked(panic) => panic::resume_unwind(panic),
        };
        while let Some(result) = waiting.remove(&next) {
            next += 1;
            let decoded = result?;
            // First, because taking may be a lot of work, during which the next loads are decoded.
            begin();
            on_their_way += 1;
            taker.take(*decoded)?;
        }
    }
    Ok(())
}

/// What a thread works with.
struct Desk<D> {
    decoder: D,
    chunk: Chunk,
}

impl<D> Desk<D> {
    fn new(decoder: D) -> Self {
        Self {
            decoder,
            chunk: Chunk::new(),
        }
    }
}

/// The sources, for one thread at a time.
struct Reading<'a> {
    reader: Reader<'a>,
    /// Number of the next load.
    next: u64,
    /// Nothing comes any more: all is read, or reading has failed.
    is_over: bool,
}

fn work<D: Decode>(desks: &[Mutex<Desk<D>>], reading: &Mutex<Reading<'_>>) -> Message<D::Decoded> {
    let thread = rayon::current_thread_index().expect("a thread of the pool");
    let mut desk = lock(&desks[thread]);
    let work = AssertUnwindSafe(|| read_and_decode(&mut desk, reading));
    panic::catch_unwind(work).unwrap_or_else(Message::Panicked)
}

fn read_and_decode<D: Decode>(
    desk: &mut Desk<D>,
    reading: &Mutex<Reading<'_>>,
) -> Message<D::Decoded> {
    let mut reading = lock(reading);
    if reading.is_over {
        return Message::Ended;
    }
    // Until the load is there: a reader that has panicked is not asked again.
    reading.is_over = true;
    let number = reading.next;
    let load = match reading.reader.load(mem::take(&mut desk.chunk)) {
        Ok(Some(load)) => load,
        Ok(None) => return Message::Ended,
        Err(error) => return Message::Failed(number, error),
    };
    reading.is_over = false;
    reading.next += 1;
    drop(reading);
    let decoded = desk.decoder.decode(&load);
    desk.chunk = load.chunk;
    Message::Decoded(number, Box::new(decoded))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;
    use std::path::PathBuf;

    use otolith_capture::{Entry, Source, find_sources};
    use tempfile::TempDir;

    use super::*;
    use crate::identity::Identity;
    use crate::options::ConvertOptions;
    use crate::reader::Order;
    use crate::repeats::Repeats;
    use crate::watch::NoWatch;

    const FRAMES: u64 = 500;

    /// Tells the frames of each load, and panics at one of them.
    struct Numbers {
        panics_at: u64,
    }

    impl Decode for Numbers {
        type Decoded = Vec<u64>;

        fn decode(&mut self, load: &Work) -> Vec<u64> {
            let number = |entry: Entry<'_>| match entry {
                Entry::Frame(frame) => frame.origin.frame,
                Entry::Reject(reject) => panic!("{reject:?}"),
            };
            let numbers: Vec<u64> = load.chunk.entries().map(number).collect();
            assert!(!numbers.contains(&self.panics_at), "a bug");
            numbers
        }
    }

    /// Takes loads up to one that has a frame.
    struct Until {
        frame: u64,
        taken: Vec<Vec<u64>>,
    }

    impl Take<Vec<u64>> for Until {
        type Error = ConvertError;

        fn take(&mut self, numbers: Vec<u64>) -> Result<(), ConvertError> {
            let is_last = numbers.contains(&self.frame);
            self.taken.push(numbers);
            if is_last {
                return Err(ConvertError::Interrupted);
            }
            Ok(())
        }
    }

    /// What was taken of a file of small requests, and whether that ended as it should.
    fn run_on(threads: usize, panics_at: u64, until: u64) -> (Vec<Vec<u64>>, bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&dir, "a.jsonl");
        run_over(&find_sources(&[path]).unwrap(), threads, panics_at, until)
    }

    fn write(dir: &TempDir, name: &str) -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, "{\"resourceLogs\":[]}\n".repeat(FRAMES as usize)).unwrap();
        path
    }

    fn run_over(
        sources: &[Source],
        threads: usize,
        panics_at: u64,
        until: u64,
    ) -> (Vec<Vec<u64>>, bool) {
        let options = ConvertOptions::default();
        let order = Order {
            identity: Identity::new(&options),
            repeats: Repeats::new(),
            skip_repeats: false,
        };
        let reader = Reader::new(sources, &options.read, &NoWatch, order, None);
        let workers = Workers::new(NonZeroUsize::new(threads).unwrap()).unwrap();
        let mut taker = Until {
            frame: until,
            taken: Vec::new(),
        };
        let decoder = || Numbers { panics_at };
        let ended = run(reader.with_chunks_of(100), &workers, decoder, &mut taker);
        if let Ok(end) = &ended {
            assert_eq!(end.accounts[0].frames_read, FRAMES);
        }
        (taker.taken, ended.is_ok())
    }

    #[test]
    fn loads_are_taken_in_input_order_on_any_number_of_threads() {
        let (expected, _) = run_on(1, 0, 0);
        assert!(expected.len() > 50, "{}", expected.len());
        assert!(expected.iter().flatten().copied().eq(1..=FRAMES));
        for threads in [2, 3, 8] {
            assert_eq!(run_on(threads, 0, 0), (expected.clone(), true));
        }
    }

    #[test]
    fn an_error_of_the_taker_ends_it_at_the_same_load() {
        let (expected, ended) = run_on(1, 0, 300);
        assert!(!ended && expected.last().unwrap().contains(&300));
        assert_eq!(run_on(4, 0, 300), (expected, false));
    }

    #[test]
    fn what_was_read_before_an_error_of_reading_is_taken_before() {
        for threads in [1, 4] {
            let dir = tempfile::tempdir().unwrap();
            let paths = [write(&dir, "a.jsonl"), write(&dir, "b.jsonl")];
            let sources = find_sources(&paths).unwrap();
            fs::remove_file(&paths[1]).unwrap();
            let (taken, ended) = run_over(&sources, threads, 0, 0);
            assert!(!ended);
            assert!(taken.iter().flatten().copied().eq(1..=FRAMES), "{threads}");
        }
    }

    #[test]
    #[should_panic(expected = "a bug")]
    fn a_panic_goes_on_where_the_caller_sees_it() {
        run_on(4, 200, 0);
    }
}
