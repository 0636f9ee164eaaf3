//! Rows as text on all processors: an answer may have hundreds of thousands.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

/// Rows that one thread writes at a time.
const ROWS: usize = 1_024;

/// Writes rows in their order, each as `format` appends it with the help of what `begin` made for its
/// block. Memory of the texts is used again.
pub fn write<S>(
    count: usize,
    out: &mut impl Write,
    begin: impl Fn() -> S + Sync,
    format: impl Fn(&mut S, usize, &mut String) + Sync,
) -> io::Result<()> {
    let fill = |rows: Range<usize>, text: &mut String| {
        text.clear();
        let mut state = begin();
        rows.for_each(|row| format(&mut state, row, text));
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(count.div_ceil(ROWS));
    if threads <= 1 {
        let mut text = String::new();
        for rows in blocks(count) {
            fill(rows, &mut text);
            out.write_all(text.as_bytes())?;
        }
        return Ok(());
    }
    thread::scope(|scope| {
        // Each thread makes every so manieth block, one ahead of what is written.
        let lanes: Vec<_> = (0..threads)
            .map(|lane| {
                let (send, receive) = mpsc::sync_channel::<String>(0);
                let (give_back, given_back) = mpsc::channel::<String>();
                let fill = &fill;
                scope.spawn(move || {
                    for rows in blocks(count).skip(lane).step_by(threads) {
                        let mut text = given_back.try_recv().unwrap_or_default();
                        fill(rows, &mut text);
                        if send.send(text).is_err() {
                            // Writing has failed.
                            return;
                        }
                    }
                });
                (receive, give_back)
            })
            .collect();
        for (block, _) in blocks(count).enumerate() {
            let (receive, give_back) = &lanes[block % threads];
            let Ok(text) = receive.recv() else {
                // The thread has panicked, as the scope will.
                return Ok(());
            };
            out.write_all(text.as_bytes())?;
            // Fails only where the thread is done.
            let _ = give_back.send(text);
        }
        Ok(())
    })
}

fn blocks(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(ROWS)
        .map(move |first| first..count.min(first + ROWS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order() {
        for count in [0, 1, ROWS, 10 * ROWS + 1] {
            let mut out = Vec::new();
            let format = |(): &mut (), row: usize, text: &mut String| {
                text.push_str(&format!("{row}\n"));
            };
            write(count, &mut out, || (), format).unwrap();
            let expected: String = (0..count).map(|row| format!("{row}\n")).collect();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
    /// Takes some bytes and no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_error_of_writing_ends_it() {
        let format = |(): &mut (), _: usize, text: &mut String| text.push('x');
        let error = write(100 * ROWS, &mut Full(10 * ROWS), || (), format).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
