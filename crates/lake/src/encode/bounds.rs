//! Statistics of texts.

use parquet::file::statistics::{Statistics, ValueStatistics};

/// Longest bound in the statistics of a text column, in bytes.
const BOUND_BYTES: usize = 64;

/// Of texts of which these are the least and greatest: bounds of limited length.
pub(super) fn of_texts(range: Option<(&[u8], &[u8])>, nulls: u64) -> Statistics {
    let (least, greatest) = range.unzip();
    let (min, is_min_exact) = match least {
        Some(text) if text.len() > BOUND_BYTES => (Some(truncated(text).to_vec()), false),
        text => (text.map(<[u8]>::to_vec), true),
    };
    let (max, is_max_exact) = match greatest {
        Some(text) if text.len() > BOUND_BYTES => (successor(truncated(text)), false),
        text => (text.map(<[u8]>::to_vec), true),
    };
    // Bounds are given both or not at all.
    let (min, max) = min.zip(max).unzip();
    let statistics = ValueStatistics::new(
        min.map(Into::into),
        max.map(Into::into),
        None,
        Some(nulls),
        false,
    );
    Statistics::ByteArray(
        statistics
            .with_min_is_exact(is_min_exact)
            .with_max_is_exact(is_max_exact),
    )
}

/// The beginning of a text, of whole characters.
fn truncated(text: &[u8]) -> &[u8] {
    let is_inside = |at: &usize| text[*at] & 0xc0 == 0x80;
    let end = (0..=BOUND_BYTES).rev().find(|at| !is_inside(at));
    &text[..end.unwrap_or(0)]
}

/// A text that is greater than all that begin with this one; none if there is none.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let prefix = std::str::from_utf8(prefix).ok()?;
    let (at, next) = prefix.char_indices().rev().find_map(|(at, last)| {
        let next = (u32::from(last) + 1..).map_while(|code| (code <= 0x10_ffff).then_some(code));
        let next = next.filter_map(char::from_u32).next()?;
        // Not longer than before, so that the bound stays short.
        (next.len_utf8() == last.len_utf8()).then_some((at, next))
    })?;
    let mut successor = prefix[..at].to_owned();
    successor.push(next);
    Some(successor.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_enclose_long_texts() {
        let end = "\u{10ffff}".repeat(17);
        for text in [
            "x".repeat(65),
            format!("{}\u{e9}z", "x".repeat(63)),
            format!("{}\u{7f}{}", "x".repeat(62), "\u{7f}".repeat(9)),
            format!("a{}", end),
        ] {
            let prefix = truncated(text.as_bytes());
            assert!(prefix.len() <= BOUND_BYTES && prefix.len() > BOUND_BYTES - 4);
            assert!(prefix <= text.as_bytes());
            let next = successor(prefix).unwrap();
            assert!(next.as_slice() > text.as_bytes() && next.len() <= BOUND_BYTES);
            assert!(std::str::from_utf8(&next).is_ok());
        }
        assert_eq!(successor(truncated(end.as_bytes())), None);
    }
}
