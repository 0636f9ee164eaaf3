//! Rows as text on all processors: an answer may have hundreds of thousands.

use std::io::{self, Write};
use std::thread;

/// Rows that one thread writes at a time.
const ROWS: usize = 4_096;

/// Writes rows in their order, each as `format` appends it.
pub fn write<R: Sync>(
    rows: &[R],
    out: &mut impl Write,
    format: impl Fn(&R, &mut String) + Sync,
) -> io::Result<()> {
    let text = |rows: &[R]| {
        let mut text = String::new();
        rows.iter().for_each(|row| format(row, &mut text));
        text
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    for rows in rows.chunks(ROWS * threads) {
        let mut blocks = rows.chunks(ROWS);
        let last = blocks.next_back().unwrap_or_default();
        thread::scope(|scope| {
            let threads: Vec<_> = blocks.map(|rows| scope.spawn(|| text(rows))).collect();
            let last = text(last);
            for thread in threads {
                let text = thread.join();
                let text = text.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                out.write_all(text.as_bytes())?;
            }
            out.write_all(last.as_bytes())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order() {
        for count in [0, 1, ROWS, 10 * ROWS + 1] {
            let rows: Vec<usize> = (0..count).collect();
            let mut out = Vec::new();
            write(&rows, &mut out, |row, text| {
                text.push_str(&format!("{row}\n"))
            })
            .unwrap();
            let expected: String = rows.iter().map(|row| format!("{row}\n")).collect();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
