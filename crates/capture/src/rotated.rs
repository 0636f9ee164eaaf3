//! Names of rotated files: `<stem>-<timestamp><ext>` and `<stem>-<timestamp>-<reason><ext>`.

use std::borrow::Cow;

/// How a file name stands in its rotated set. Orders by time of writing: backups by their
/// timestamp, the live file last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RotatedName<'a> {
    /// Whether this is the live file.
    live: bool,
    timestamp: &'a str,
    plain: Cow<'a, str>,
}

/// The layout of timestamps; `0` stands for any digit.
const PATTERN: &[u8] = b"-0000-00-00T00-00-00.000";

impl<'a> RotatedName<'a> {
    pub fn of(name: &'a str) -> Self {
        // A set may be compressed file by file.
        let bare = [".gz", ".zst"]
            .into_iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        let Some(at) = find_timestamp(bare) else {
            return Self {
                live: true,
                timestamp: "",
                plain: Cow::Borrowed(bare),
            };
        };
        let timestamp = &bare[at + 1..at + PATTERN.len()];
        let mut rest = &bare[at + PATTERN.len()..];
        if let Some(reason) = rest.strip_prefix('-') {
            let end = reason
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(reason.len());
            rest = &reason[end..];
        }
        Self {
            live: false,
            timestamp,
            plain: Cow::Owned(format!("{}{rest}", &bare[..at])),
        }
    }

    /// Whether this is the live file of its set, or a file without a set.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// The name of the live file of the set, which names the set.
    pub fn plain(&self) -> &str {
        &self.plain
    }
}

fn find_timestamp(name: &str) -> Option<usize> {
    name.as_bytes().windows(PATTERN.len()).rposition(|window| {
        window.iter().zip(PATTERN).all(|(byte, pattern)| {
            if *pattern == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == pattern
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::RotatedName;

    fn check(name: &str, plain: &str, timestamp: &str) {
        let rotated = RotatedName::of(name);
        assert_eq!((rotated.plain(), rotated.timestamp), (plain, timestamp));
        assert_eq!(rotated.is_live(), timestamp.is_empty());
    }

    #[test]
    fn both_styles_of_backup_name_their_live_file() {
        let time = "2022-09-14T05-02-14.173";
        check("data-2022-09-14T05-02-14.173.json", "data.json", time);
        check("data-2022-09-14T05-02-14.173-size.json", "data.json", time);
        check("data-2022-09-14T05-02-14.173.json.gz", "data.json", time);
        check("a-b-2022-09-14T05-02-14.173-time", "a-b", time);
        check("data.json", "data.json", "");
        check("data-2022-09-14.json", "data-2022-09-14.json", "");
    }
}
