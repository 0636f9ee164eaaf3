//! Progress, told to whoever wants to know.

/// Hears of the progress of a run. All methods do nothing unless overridden; they may be called
/// from several threads, in short intervals, and must not block.
pub trait Watch: Sync {
    /// A source was opened.
    fn source_started(&self, name: &str) {
        let _ = name;
    }

    /// So many bytes of all sources, as stored, were read since the beginning of the run.
    fn bytes_read(&self, total: u64) {
        let _ = total;
    }

    /// So many rows were written since the beginning of the run.
    fn rows_written(&self, total: u64) {
        let _ = total;
    }

    /// Asked before each chunk is read: true ends the run with
    /// [`ConvertError::Interrupted`](crate::ConvertError::Interrupted).
    fn is_stopped(&self) -> bool {
        false
    }

    /// The run ended well.
    fn finished(&self) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoWatch;

impl Watch for NoWatch {}
