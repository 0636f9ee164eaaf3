//! Names of files: `<word>-<time>.<ending>`, as rotated files of the Collector are named, so that
//! readers bring them into the order of writing.

use std::time::SystemTime;

use jiff::Timestamp;
use otolith_capture::Dialect;

use super::directory::Directory;

/// Behind the name of a file that is being written. Whoever looks for `*.jsonl` takes none for whole.
pub(crate) const OPEN: &str = ".open";

const TIME: &str = "%Y-%m-%dT%H-%M-%S.%3f";
/// The same, with `0` for any digit.
const PATTERN: &str = "0000-00-00T00-00-00.000";

/// The ending of the files of a dialect.
pub(crate) const fn ending(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::JsonLines | Dialect::AgenticCi => "jsonl",
        Dialect::Proto | Dialect::Varint | Dialect::Grpc => "binpb",
        Dialect::JsonZstd => "json-zstd",
        Dialect::ProtoZstd => "proto-zstd",
    }
}

/// Makes names, each later than the one before, whatever the clock does.
#[derive(Default)]
pub(crate) struct Name {
    last_ms: i64,
}

impl Name {
    /// A name that no file of the directory has.
    pub(crate) fn next(&mut self, directory: &Directory, word: &str, ending: &str) -> String {
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut ms = now.as_millisecond().max(self.last_ms);
        loop {
            let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
            let name = format!("{word}-{}.{ending}", time.strftime(TIME));
            ms += 1;
            if !directory.has(&name) {
                self.last_ms = ms;
                return name;
            }
        }
    }

    /// Whether a name is one of ours.
    pub(crate) fn is_one(name: &str) -> bool {
        const WORDS: [&str; 4] = ["otlp", "traces", "metrics", "logs"];
        let mut endings = Dialect::ALL.map(ending).into_iter();
        let Some((word, rest)) = name.split_once('-') else {
            return false;
        };
        let Some((time, suffix)) = rest.split_at_checked(PATTERN.len()) else {
            return false;
        };
        let is_time = time
            .bytes()
            .zip(PATTERN.bytes())
            .all(|(byte, pattern)| byte == pattern || pattern == b'0' && byte.is_ascii_digit());
        let suffix = suffix.strip_prefix('.').unwrap_or_default();
        let found = [".gz", ".zst"]
            .into_iter()
            .find_map(|compressed| suffix.strip_suffix(compressed))
            .unwrap_or(suffix);
        WORDS.contains(&word) && is_time && endings.any(|known| known == found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_rise_and_are_free() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(dir.path()).unwrap();
        let mut names = Name::default();
        let made: Vec<String> = (0..20)
            .map(|_| names.next(&directory, "logs", "jsonl"))
            .collect();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
        assert!(made.iter().all(|name| Name::is_one(name)));
        std::fs::write(dir.path().join(&made[0]), "").unwrap();
        let mut again = Name { last_ms: 0 };
        assert_ne!(again.next(&directory, "logs", "jsonl"), made[0]);
    }

    #[test]
    fn names_of_others_are_not_ours() {
        assert!(Name::is_one("otlp-2026-11-28T10-00-00.000.jsonl"));
        assert!(Name::is_one("traces-2026-11-28T10-00-00.000.binpb.gz"));
        for other in [
            "otlp.jsonl",
            "otlp-2026-11-28.jsonl",
            "data-2026-11-28T10-00-00.000.jsonl",
            "otlp-2026-11-28T10-00-00.000.txt",
            "otlp-2026-11-28T10-00-00.000",
            "",
        ] {
            assert!(!Name::is_one(other), "{other}");
        }
    }
}
