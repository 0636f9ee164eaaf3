//! Makes requests ready ahead of their times, on threads of its own, in the order of sending: patching,
//! recoding and compressing may take longer than the gap to the next request.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::compose::Moment;
use crate::error::ReplayError;
use crate::index::Entry;
use crate::schedule::Turn;
use crate::sender::{Job, Sender};
use crate::transport::Transport;

/// A request to be made ready.
pub(crate) struct Coming {
    pub(crate) turn: Turn,
    pub(crate) entry: Entry,
    /// The items that are sent, if not all.
    pub(crate) only: Option<Vec<Range<u64>>>,
    /// When, from the start of the run.
    pub(crate) due: Duration,
}

/// Requests that one thread makes ready, one after another.
struct Chunk {
    coming: Vec<(Coming, Moment)>,
    /// Where they go; fewer of them if the run has ended.
    ready: SyncSender<Vec<Job>>,
}

/// Handing over costs some microseconds, which small requests share: this many, ...
const CHUNK_REQUESTS: usize = 16;
/// ... or as many as have this many bytes.
const CHUNK_BYTES: u64 = 64 << 10;

/// While bodies of so many bytes, before compression, are being made ready or wait, no further chunk is.
const AHEAD_BYTES: u64 = 8 << 20;

/// Most threads: more would not be fed by the one that sends.
const MAX_THREADS: usize = 16;

/// Gives all requests to `take`, ready and in their order, until that says no or the run has ended.
pub(crate) fn each_ready<C: Clock, T: Transport>(
    sender: &Arc<Sender<C, T>>,
    mut coming: impl Iterator<Item = Coming>,
    mut take: impl FnMut(Job) -> bool,
) {
    let threads = thread::available_parallelism().map_or(1, |n| n.get().min(MAX_THREADS));
    let (chunks, taken) = channel();
    let taken = Mutex::new(taken);
    thread::scope(|scope| {
        // Dropped at the end, so that the threads end.
        let chunks = chunks;
        for _ in 0..threads {
            let thread = thread::Builder::new().name("otolith-ready".to_owned());
            if let Err(error) = thread.spawn_scoped(scope, || make_ready(sender, &taken)) {
                sender.halt.fail(ReplayError::Threads(error));
                return;
            }
        }
        let mut waiting = VecDeque::new();
        let mut waiting_bytes = 0;
        loop {
            // Two for each thread: while one is taken, the next is made ready.
            while waiting.len() < 2 * threads && waiting_bytes < AHEAD_BYTES {
                let (ready, made) = sync_channel(1);
                let (chunk, len_bytes) = next_chunk(sender, &mut coming, ready);
                if chunk.coming.is_empty() {
                    break;
                }
                let count = chunk.coming.len();
                if chunks.send(chunk).is_err() {
                    return;
                }
                waiting.push_back((made, count, len_bytes));
                waiting_bytes += len_bytes;
            }
            let Some((made, count, len_bytes)) = waiting.pop_front() else {
                return;
            };
            let Ok(jobs) = made.recv() else {
                return;
            };
            waiting_bytes -= len_bytes;
            let is_whole = jobs.len() == count;
            if !jobs.into_iter().all(&mut take) || !is_whole {
                return;
            }
        }
    });
}

fn next_chunk<C: Clock, T: Transport>(
    sender: &Sender<C, T>,
    coming: &mut impl Iterator<Item = Coming>,
    ready: SyncSender<Vec<Job>>,
) -> (Chunk, u64) {
    let mut chunk = Chunk {
        coming: Vec::new(),
        ready,
    };
    let mut len_bytes = 0;
    while chunk.coming.len() < CHUNK_REQUESTS && len_bytes < CHUNK_BYTES {
        let Some(request) = coming.next() else {
            break;
        };
        // Here, since moments have to be known in their order.
        let moment = sender.moment(request.turn, &request.entry, Some(request.due));
        len_bytes += u64::from(request.entry.len_bytes);
        chunk.coming.push((request, moment));
    }
    (chunk, len_bytes)
}

/// Makes chunks ready until there are no more.
fn make_ready<C: Clock, T: Transport>(sender: &Sender<C, T>, taken: &Mutex<Receiver<Chunk>>) {
    loop {
        let chunk = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Chunk { coming, ready }) = chunk else {
            return;
        };
        let mut jobs = Vec::with_capacity(coming.len());
        for (request, moment) in coming {
            if sender.halt.is_set() {
                break;
            }
            let Coming {
                turn,
                entry,
                only,
                due,
            } = request;
            let Some(job) = sender.ready((turn, entry), only, moment, Some(due)) else {
                break;
            };
            jobs.push(job);
        }
        // Nobody waits any more if the run has ended.
        let _ = ready.send(jobs);
    }
}
