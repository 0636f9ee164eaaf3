//! Moves chunks from the reader through the decoders to whoever takes them in input order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use otolith_capture::Chunk;
use rayon::ThreadPool;

use crate::error::ConvertError;
use crate::reader::{ReadEnd, Reader, Work};
use crate::workers::Workers;

/// Chunks on their way per decoding thread: one in work, one waiting before or after it. A third
/// brings nothing but memory.
const CHUNKS_PER_THREAD: usize = 2;

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
/// them the reader has one of its own. `decoder` makes one for each thread that decodes.
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
    /// What a load became, and the chunk that it was.
    Decoded(Box<(T, Chunk)>),
    /// The source ended with an error after the chunks before.
    Failed(ConvertError),
    /// A decoder panicked, which is a bug: goes on where the caller sees it.
    Panicked(Box<dyn Any + Send>),
}

/// Results by the number of their load.
type Numbered<T> = (u64, Message<T>);

/// Reads on one thread and decodes in the pool; the caller's thread takes the results in input order.
/// A fixed number of chunks goes round, which bounds what is on its way.
fn threaded<D: Decode, T: Take<D::Decoded>>(
    reader: Reader<'_>,
    pool: &ThreadPool,
    decoders: Vec<D>,
    taker: &mut T,
) -> Result<ReadEnd, T::Error> {
    let (free, free_chunks) = channel();
    for _ in 0..decoders.len() * CHUNKS_PER_THREAD {
        // The receiver lives as long as this function.
        let _ = free.send(Chunk::new());
    }
    // One for each thread of the pool: locked by that thread only.
    let decoders: Vec<_> = decoders.into_iter().map(Mutex::new).collect();
    let (out, results) = channel();
    pool.in_place_scope(|tasks| {
        let decoders = &decoders;
        let begin = |number, load, out: Sender<_>| {
            tasks.spawn(move |_| {
                // The taker may have ended already.
                let _ = out.send((number, decode(decoders, load)));
            });
        };
        thread::scope(|scope| {
            let reading = scope.spawn(move || read(reader, &free_chunks, &begin, &out));
            sequence(results, free, taker)?;
            match reading.join() {
                Ok(end) => Ok(end),
                Err(panic) => panic::resume_unwind(panic),
            }
        })
    })
}

/// Begins to decode a load with a number, whose result goes to the sender.
type Begin<'a, T> = &'a (dyn Fn(u64, Work, Sender<Numbered<T>>) + Sync);

/// Fills free chunks until the sources end or nobody listens any more. The results end when this and
/// all that was begun has dropped its sender.
fn read<T>(
    mut reader: Reader<'_>,
    free: &Receiver<Chunk>,
    begin: Begin<'_, T>,
    out: &Sender<Numbered<T>>,
) -> ReadEnd {
    let mut number = 0;
    while let Ok(chunk) = free.recv() {
        match reader.load(chunk) {
            Ok(Some(filled)) => begin(number, filled, out.clone()),
            Ok(None) => break,
            Err(error) => {
                let _ = out.send((number, Message::Failed(error)));
                break;
            }
        }
        number += 1;
    }
    reader.finish()
}

fn decode<D: Decode>(decoders: &[Mutex<D>], load: Work) -> Message<D::Decoded> {
    let thread = rayon::current_thread_index().expect("a thread of the pool");
    let decoder = decoders[thread].lock();
    let mut decoder = decoder.unwrap_or_else(PoisonError::into_inner);
    match panic::catch_unwind(AssertUnwindSafe(|| decoder.decode(&load))) {
        Ok(decoded) => Message::Decoded(Box::new((decoded, load.chunk))),
        Err(panic) => Message::Panicked(panic),
    }
}

/// Brings the results into input order. Takes the senders and receivers by value: whatever way
/// it ends, the threads then find nobody to talk to and end as well.
fn sequence<D, T: Take<D>>(
    results: Receiver<Numbered<D>>,
    free: Sender<Chunk>,
    taker: &mut T,
) -> Result<(), T::Error> {
    let mut next = 0;
    let mut waiting = BTreeMap::new();
    for (number, message) in results {
        waiting.insert(number, message);
        while let Some(message) = waiting.remove(&next) {
            next += 1;
            match message {
                Message::Decoded(decoded) => {
                    let (decoded, chunk) = *decoded;
                    // First, because taking may be a lot of work, during which the next chunks are read.
                    // The reader may have ended already.
                    let _ = free.send(chunk);
                    taker.take(decoded)?;
                }
                Message::Failed(error) => return Err(error.into()),
                Message::Panicked(panic) => panic::resume_unwind(panic),
            }
        }
    }
    Ok(())
}
