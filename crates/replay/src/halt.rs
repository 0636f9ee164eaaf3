//! Ends a run before its time.

use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::watch;

use crate::error::ReplayError;
use crate::outcome::Ended;

/// Ends a run before its time: nothing new is sent, nothing is repeated. The first reason stays.
#[derive(Debug)]
pub(crate) struct Halt {
    reason: watch::Sender<Option<Ended>>,
    error: Mutex<Option<ReplayError>>,
}

impl Halt {
    pub(crate) fn new() -> Self {
        Self {
            reason: watch::Sender::new(None),
            error: Mutex::new(None),
        }
    }

    /// Ends the run for this reason, unless it has ended for another.
    pub(crate) fn end(&self, reason: Ended) {
        self.reason.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert(reason);
            is_first
        });
    }

    /// Ends the run with an error.
    pub(crate) fn fail(&self, error: ReplayError) {
        let mut kept = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(error);
        self.end(Ended::Interrupted);
    }

    /// Why the run ended before its time, if it did.
    pub(crate) fn reason(&self) -> Option<Ended> {
        *self.reason.borrow()
    }

    /// Whether the run has ended before its time.
    pub(crate) fn is_set(&self) -> bool {
        self.reason().is_some()
    }

    /// Waits until the run has ended before its time; forever if it does not.
    pub(crate) async fn wait(&self) {
        // The sender lives as long as `self`: this cannot fail before.
        let _ = self.reason.subscribe().wait_for(Option::is_some).await;
    }

    /// The error, if the run ended with one.
    pub(crate) fn take_error(&self) -> Option<ReplayError> {
        let mut kept = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take()
    }
}
