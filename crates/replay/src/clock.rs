//! The clock of a run: the real one, and in tests one that jumps.

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// Time as a run sees it.
pub(crate) trait Clock: Send + Sync + 'static {
    /// Since some moment before the run; never goes back.
    fn now(&self) -> Duration;
    /// The time of day, in nanoseconds since 1970.
    fn unix_nano(&self) -> u64;
    /// Holds the calling thread until then. Returns at once if that is past.
    fn sleep_until(&self, at: Duration);
    /// Waits without holding a thread.
    fn wait(&self, wait: Duration) -> impl Future<Output = ()> + Send;
}

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct MachineClock {
    origin: Instant,
}

impl MachineClock {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn unix_nano(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
    }

    /// A sleeping thread wakes some 75 microseconds late; timers of an async runtime, which count
    /// in milliseconds, up to one millisecond.
    fn sleep_until(&self, at: Duration) {
        thread::sleep(at.saturating_sub(self.now()));
    }

    fn wait(&self, wait: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(wait)
    }
}

#[cfg(test)]
pub(crate) mod fake {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A clock that stands still until somebody waits, and then is there.
    #[derive(Debug, Default)]
    pub(crate) struct FakeClock {
        nanos: AtomicU64,
        /// What the pacing thread slept for, in order.
        pub(crate) slept_until: Mutex<Vec<Duration>>,
    }

    /// The time of day when a fake clock begins.
    pub(crate) const FAKE_START: u64 = 1_800_000_000_000_000_000;

    impl FakeClock {
        pub(crate) fn advance(&self, by: Duration) {
            self.nanos.fetch_add(by.as_nanos() as u64, Ordering::SeqCst);
        }
    }

    impl Clock for Arc<FakeClock> {
        fn now(&self) -> Duration {
            Duration::from_nanos(self.nanos.load(Ordering::SeqCst))
        }

        fn unix_nano(&self) -> u64 {
            FAKE_START + self.nanos.load(Ordering::SeqCst)
        }

        fn sleep_until(&self, at: Duration) {
            self.slept_until.lock().unwrap().push(at);
            self.nanos.fetch_max(at.as_nanos() as u64, Ordering::SeqCst);
        }

        async fn wait(&self, wait: Duration) {
            self.advance(wait);
        }
    }
}
