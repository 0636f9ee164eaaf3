//! Bodies on their way from the spool to a connection, in memory that is used again.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Memory that no body uses may be kept up to this, for the next ones.
const MAX_FREE_BYTES: usize = 8 << 20;

/// The least that a body gets.
const LEAST_BYTES: usize = 1 << 12;

/// Memory for bodies that is used again.
///
/// New memory has to be cleared, and the kernel clears it, too, where much is asked for: for a body of
/// 650 KB that takes longer than sending it over the loopback interface.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    /// By length, which is a power of two: long bodies, which are few, do not make all buffers long.
    by_len: BTreeMap<usize, Vec<Vec<u8>>>,
    bytes: usize,
}

/// The bytes of a message.
#[derive(Debug)]
pub(crate) enum Body {
    /// As they lie in the spool.
    Spooled(Buffer),
    /// Made anew.
    Made(Vec<u8>),
}

/// The bytes of a message in memory that goes back to where it came from.
#[derive(Debug)]
pub(crate) struct Buffer {
    memory: Vec<u8>,
    len: usize,
    home: Arc<Buffers>,
}

impl Buffers {
    /// Room for a body, which may hold anything yet.
    pub(crate) fn take(self: &Arc<Self>, len: usize) -> Buffer {
        let class = len.max(LEAST_BYTES).next_power_of_two();
        let mut free = self.free();
        let kept = free.by_len.get_mut(&class).and_then(Vec::pop);
        if kept.is_some() {
            free.bytes -= class;
        }
        drop(free);
        Buffer {
            // Zeros that the kernel gives take no memory until they are written over.
            memory: kept.unwrap_or_else(|| vec![0; class]),
            len,
            home: Arc::clone(self),
        }
    }

    fn give_back(&self, memory: Vec<u8>) {
        let mut free = self.free();
        if free.bytes + memory.len() <= MAX_FREE_BYTES {
            free.bytes += memory.len();
            free.by_len.entry(memory.len()).or_default().push(memory);
        }
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.memory));
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.len]
    }
}

impl AsMut<[u8]> for Buffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.len]
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Spooled(buffer) => buffer.as_ref(),
            Self::Made(bytes) => bytes,
        }
    }
}

impl DerefMut for Body {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Spooled(buffer) => buffer.as_mut(),
            Self::Made(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Made(bytes)
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        match body {
            Body::Spooled(buffer) => Self::from_owner(buffer),
            Body::Made(bytes) => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_for_bodies_of_about_the_same_length() {
        let buffers = Arc::new(Buffers::default());
        let mut first = buffers.take(5_000);
        first.as_mut().fill(7);
        let at = first.as_ref().as_ptr();
        let bytes = Bytes::from(Body::Spooled(first));
        let held = bytes.clone();
        drop(bytes);
        assert_ne!(buffers.take(5_000).as_ref().as_ptr(), at, "still in use");
        assert_eq!(held, [7; 5_000][..]);
        drop(held);
        assert_ne!(buffers.take(9_000).as_ref().as_ptr(), at);
        let again = buffers.take(8_192);
        assert_eq!(again.as_ref().as_ptr(), at);
        assert_eq!(again.as_ref().len(), 8_192);
    }

    #[test]
    fn no_more_is_kept_than_a_bound() {
        let buffers = Arc::new(Buffers::default());
        let many: Vec<Buffer> = (0..20).map(|_| buffers.take(1 << 20)).collect();
        drop(many);
        assert_eq!(buffers.free().bytes, MAX_FREE_BYTES);
        drop(buffers.take(64 << 20));
        assert_eq!(buffers.free().bytes, MAX_FREE_BYTES);
        assert_eq!(buffers.take(0).as_ref(), b"");
    }
}
