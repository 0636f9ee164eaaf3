//! The threads that decode and encode.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::ConvertError;

/// The threads of a run. The same ones decode, build and encode: the allocator keeps what a thread has
/// freed for that thread, so that different ones for each would need the memory of all together.
pub(crate) struct Workers {
    /// None if everything is done on the thread of the caller.
    pool: Option<ThreadPool>,
}

impl Workers {
    pub fn new(threads: NonZeroUsize) -> Result<Self, ConvertError> {
        let threads = threads.get();
        if threads == 1 {
            return Ok(Self { pool: None });
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("worker-{number}"))
            .build()
            .map_err(|source| ConvertError::Threads { threads, source })?;
        Ok(Self { pool: Some(pool) })
    }

    /// None if everything is done on the thread of the caller.
    pub fn pool(&self) -> Option<&ThreadPool> {
        self.pool.as_ref()
    }

    /// Does something on one of the threads, which can then have it help by others.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            None => work(),
            Some(pool) => pool.install(work),
        }
    }

    /// Each thread does one thing after another, in the order of `things`. Threads that find nothing
    /// more help the others. After an error nobody begins another one.
    pub fn each<T: Sync, E: Send>(
        &self,
        things: &[T],
        work: impl Fn(&T) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let Some(pool) = &self.pool else {
            return things.iter().try_for_each(work);
        };
        let next = AtomicUsize::new(0);
        let results = pool.broadcast(|_| {
            while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                let done = work(thing);
                if done.is_err() {
                    next.store(things.len(), Ordering::Relaxed);
                    return done;
                }
            }
            Ok(())
        });
        results.into_iter().collect()
    }
}
