//! The bound on memory: bytes of requests that are somewhere between the socket and the disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// What one permit stands for.
const UNIT: usize = 1 << 10;

/// What a request takes besides its bytes, counted so that very many small ones are bounded too.
const BASE_BYTES: usize = 2 << 10;

/// Bytes that all requests share.
///
/// Requests take bytes as they need them, so that each may have some and wait for more. One of those
/// that wait may go on without: it comes to its end and gives back what it has. So there is always one
/// that does, and memory is bounded by what is shared and one request.
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    total: usize,
    /// Held by the request that goes on without.
    overdraft: Arc<Semaphore>,
    patience: Duration,
}

/// There are no bytes for a request: others have them, and did not give them back in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMemory;

impl Budget {
    pub(crate) fn new(bytes: usize, patience: Duration) -> Self {
        let total = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            units: Arc::new(Semaphore::new(total)),
            total,
            overdraft: Arc::new(Semaphore::new(1)),
            patience,
        }
    }

    /// The bytes of one request, few to begin with. Waits while there are none.
    pub(crate) async fn reserve(self: &Arc<Self>) -> Result<Reservation, NoMemory> {
        let base = u32::try_from(self.clamp(0)).map_err(|_| NoMemory)?;
        let permit = Arc::clone(&self.units).acquire_many_owned(base);
        // The semaphore is never closed.
        let Ok(Ok(permit)) = timeout(self.patience, permit).await else {
            return Err(NoMemory);
        };
        Ok(Reservation {
            budget: Arc::clone(self),
            permit,
            overdraft: None,
        })
    }

    /// Units for so many bytes; all that there are, if that is more.
    fn clamp(&self, bytes: usize) -> usize {
        let wanted = bytes.saturating_add(BASE_BYTES).div_ceil(UNIT);
        wanted.min(self.total)
    }
}

/// Bytes of one request, given back when dropped.
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    permit: OwnedSemaphorePermit,
    overdraft: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Takes as many more as are missing for `bytes`. Waits for them while the request's sender, whom
    /// nobody reads, waits as well.
    pub(crate) async fn raise_to(&mut self, bytes: usize) -> Result<(), NoMemory> {
        let wanted = self.budget.clamp(bytes);
        let has = self.permit.num_permits();
        if wanted <= has || self.overdraft.is_some() {
            return Ok(());
        }
        let missing = u32::try_from(wanted - has).map_err(|_| NoMemory)?;
        let more = Arc::clone(&self.budget.units).acquire_many_owned(missing);
        let overdraft = Arc::clone(&self.budget.overdraft).acquire_owned();
        tokio::select! {
            biased;
            more = more => self.permit.merge(more.map_err(|_| NoMemory)?),
            overdraft = overdraft => self.overdraft = Some(overdraft.map_err(|_| NoMemory)?),
            () = sleep(self.budget.patience) => return Err(NoMemory),
        }
        Ok(())
    }

    /// Gives back what is more than needed for `bytes`.
    pub(crate) fn lower_to(&mut self, bytes: usize) {
        let wanted = self.budget.clamp(bytes);
        if let Some(more) = self.permit.num_permits().checked_sub(wanted) {
            drop(self.permit.split(more));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(kib: usize) -> Arc<Budget> {
        Arc::new(Budget::new(kib << 10, Duration::from_millis(20)))
    }

    #[tokio::test]
    async fn what_one_has_another_cannot_have() {
        let budget = budget(16);
        let mut one = budget.reserve().await.unwrap();
        let mut two = budget.reserve().await.unwrap();
        let mut three = budget.reserve().await.unwrap();
        one.raise_to(8 << 10).await.unwrap();
        // One may go on without, no second one.
        two.raise_to(3 << 10).await.unwrap();
        two.raise_to(300 << 10).await.unwrap();
        assert_eq!(three.raise_to(3 << 10).await, Err(NoMemory));
        one.lower_to(5 << 10);
        three.raise_to(3 << 10).await.unwrap();
        assert_eq!(three.raise_to(13 << 10).await, Err(NoMemory));
        drop(two);
        three.raise_to(13 << 10).await.unwrap();
        drop((one, three));
        assert_eq!(budget.units.available_permits(), 16);
        assert_eq!(budget.overdraft.available_permits(), 1);
    }

    #[tokio::test]
    async fn requests_without_bytes_count_too() {
        let budget = budget(4);
        let _one = budget.reserve().await.unwrap();
        let _two = budget.reserve().await.unwrap();
        assert_eq!(budget.reserve().await.map(|_| ()), Err(NoMemory));
    }

    #[tokio::test]
    async fn who_waits_gets_what_is_given_back() {
        let budget = Arc::new(Budget::new(8 << 10, Duration::from_secs(60)));
        let mut one = budget.reserve().await.unwrap();
        one.raise_to(6 << 10).await.unwrap();
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.reserve().await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        drop(one);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn all_that_wait_for_more_come_to_their_end() {
        let budget = Arc::new(Budget::new(64 << 10, Duration::from_secs(60)));
        let requests: Vec<_> = (0..100)
            .map(|_| {
                let budget = Arc::clone(&budget);
                tokio::spawn(async move {
                    let mut reservation = budget.reserve().await.unwrap();
                    for kib in 1..30 {
                        reservation.raise_to(kib << 10).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for request in requests {
            request.await.unwrap();
        }
        assert_eq!(budget.units.available_permits(), 64);
    }
}
