//! Progress of long work on a lake, told to whoever wants to know.

/// Hears of the progress of compacting and verifying. All methods do nothing unless overridden, and
/// must not block.
pub trait Watch {
    /// The work is begun; so many bytes of files will be read.
    fn begun(&self, total_bytes: u64) {
        let _ = total_bytes;
    }

    /// So many bytes of files were read since the beginning.
    fn bytes_read(&self, total: u64) {
        let _ = total;
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoWatch;

impl Watch for NoWatch {}
