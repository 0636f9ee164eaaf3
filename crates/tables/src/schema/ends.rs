//! Where the bytes or items of rows end.

use std::ops::Range;

/// An offset of a part's column. Parts are split long before an offset outgrows its type.
pub(crate) fn offset(len: usize) -> i32 {
    i32::try_from(len).expect("parts are split below the largest offset")
}

/// Where the bytes or items of rows are, given where each ends.
pub(super) fn item_range(ends: &[usize], rows: Range<usize>) -> Range<usize> {
    let end = |row: usize| row.checked_sub(1).map_or(0, |before| ends[before]);
    end(rows.start)..end(rows.end)
}

/// Appends the offsets of rows, given where the first one begins and each ends.
pub(super) fn push_offsets(offsets: &mut Vec<i32>, start: usize, ends: &[usize]) {
    let before = offsets.last().copied().unwrap_or(0);
    if let Some(end) = ends.last() {
        // So all before it are, too.
        let _ = offset(before.unsigned_abs() as usize + end - start);
    }
    offsets.extend(ends.iter().map(|end| before + (end - start) as i32));
}
