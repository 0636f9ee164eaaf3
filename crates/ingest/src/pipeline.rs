//! Moves chunks from the reader through the decoders to whoever takes them in input order.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use otolith_capture::Chunk;

use crate::decode::{DecodedLoad, LoadDecoder};
use crate::error::ConvertError;
use crate::reader::{ReadEnd, Reader, Work};

/// Chunks on their way per decoding thread: one in work, one waiting before or after it. A third
/// brings nothing but memory.
const CHUNKS_PER_THREAD: usize = 2;

/// Takes decoded loads strictly in input order.
pub(crate) trait Take {
    /// Takes the next load and gives the memory of a chunk back.
    fn take(&mut self, decoded: DecodedLoad) -> Result<Chunk, ConvertError>;
}

/// Makes a decoder for each thread that decodes.
pub(crate) type MakeDecoder<'a> = &'a (dyn Fn() -> LoadDecoder + Sync);

/// Reads to the end of all sources. On one thread everything is done on the caller's; with more the
/// reader has another one.
pub(crate) fn run(
    reader: Reader<'_>,
    threads: NonZeroUsize,
    decoder: MakeDecoder<'_>,
    taker: &mut dyn Take,
) -> Result<ReadEnd, ConvertError> {
    match threads.get() {
        1 => inline(reader, decoder, taker),
        threads => threaded(reader, threads, decoder, taker),
    }
}

fn inline(
    mut reader: Reader<'_>,
    decoder: MakeDecoder<'_>,
    taker: &mut dyn Take,
) -> Result<ReadEnd, ConvertError> {
    let mut decoder = decoder();
    let mut chunk = Chunk::new();
    while let Some(load) = reader.load(chunk)? {
        chunk = taker.take(decoder.decode(load))?;
    }
    Ok(reader.finish())
}

/// Something on its way to the taker.
enum Message {
    Decoded(Box<DecodedLoad>),
    /// The source ended with an error after the chunks before.
    Failed(ConvertError),
    /// A decoder panicked, which is a bug: goes on where the caller sees it.
    Panicked(Box<dyn Any + Send>),
}

/// Reads on one thread and decodes on several; the caller's thread takes the results in input
/// order. A fixed number of chunks goes round, which bounds what is on its way.
fn threaded(
    reader: Reader<'_>,
    threads: usize,
    decoder: MakeDecoder<'_>,
    taker: &mut dyn Take,
) -> Result<ReadEnd, ConvertError> {
    let (free, free_chunks) = channel();
    for _ in 0..threads * CHUNKS_PER_THREAD {
        // The receiver lives as long as this function.
        let _ = free.send(Chunk::new());
    }
    let (work_out, work_in) = channel();
    let work_in = Mutex::new(work_in);
    let (out, results) = channel();
    thread::scope(|scope| {
        let reader_out = out.clone();
        let reading = scope.spawn(move || read(reader, &free_chunks, &work_out, &reader_out));
        for _ in 0..threads {
            let (out, work_in) = (out.clone(), &work_in);
            scope.spawn(move || decode(&mut decoder(), work_in, &out));
        }
        // The results end when the last thread has dropped its sender.
        drop(out);
        sequence(results, free, taker)?;
        match reading.join() {
            Ok(end) => Ok(end),
            Err(panic) => panic::resume_unwind(panic),
        }
    })
}

/// Fills free chunks until the sources end or nobody listens any more.
fn read(
    mut reader: Reader<'_>,
    free: &Receiver<Chunk>,
    work: &Sender<(u64, Vec<Work>)>,
    out: &Sender<(u64, Message)>,
) -> ReadEnd {
    let mut number = 0;
    while let Ok(chunk) = free.recv() {
        match reader.load(chunk) {
            Ok(Some(filled)) => {
                if work.send((number, filled)).is_err() {
                    break;
                }
            }
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

fn decode(
    decoder: &mut LoadDecoder,
    work: &Mutex<Receiver<(u64, Vec<Work>)>>,
    out: &Sender<(u64, Message)>,
) {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, load)) = next else { return };
        let result = panic::catch_unwind(AssertUnwindSafe(|| decoder.decode(load)));
        let (message, is_last) = match result {
            Ok(decoded) => (Message::Decoded(Box::new(decoded)), false),
            Err(panic) => (Message::Panicked(panic), true),
        };
        if out.send((number, message)).is_err() || is_last {
            return;
        }
    }
}

/// Brings the results into input order. Takes the senders and receivers by value: whatever way
/// it ends, the threads then find nobody to talk to and end as well.
fn sequence(
    results: Receiver<(u64, Message)>,
    free: Sender<Chunk>,
    taker: &mut dyn Take,
) -> Result<(), ConvertError> {
    let mut next = 0;
    let mut waiting = BTreeMap::new();
    for (number, message) in results {
        waiting.insert(number, message);
        while let Some(message) = waiting.remove(&next) {
            next += 1;
            match message {
                Message::Decoded(decoded) => {
                    let chunk = taker.take(*decoded)?;
                    // The reader may have ended already.
                    let _ = free.send(chunk);
                }
                Message::Failed(error) => return Err(error),
                Message::Panicked(panic) => panic::resume_unwind(panic),
            }
        }
    }
    Ok(())
}
