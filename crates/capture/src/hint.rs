//! Signals named by file names and request paths.

use crate::frame::Signal;

/// The signal that a file name holds as a word, such as `00003-metrics.pb`; none if it holds
/// none or several.
pub(crate) fn of_file_name(name: &str) -> Option<Signal> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut found = None;
    for word in name.split(|c: char| !c.is_ascii_alphabetic()) {
        let signal = Signal::ALL
            .into_iter()
            .find(|signal| word.eq_ignore_ascii_case(signal.as_str()));
        if let Some(signal) = signal
            && *found.get_or_insert(signal) != signal
        {
            return None;
        }
    }
    found
}

/// The signal of a request path, which may carry a prefix or a query.
pub(crate) fn of_path(path: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| {
        path.match_indices("/v1/")
            .any(|(at, slash)| path[at + slash.len()..].starts_with(signal.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::{of_file_name, of_path};
    use crate::frame::Signal::{Logs, Metrics, Traces};

    #[test]
    fn file_names_hint_by_whole_words() {
        assert_eq!(of_file_name("raw/00003-metrics.pb"), Some(Metrics));
        assert_eq!(of_file_name("metrics_123.binpb.gz"), Some(Metrics));
        assert_eq!(of_file_name("a/Traces.binpb"), Some(Traces));
        assert_eq!(of_file_name("logs/dump.pb"), None);
        assert_eq!(of_file_name("catalogs.pb"), None);
        assert_eq!(of_file_name("logs-and-traces.pb"), None);
        assert_eq!(of_file_name("-"), None);
    }

    #[test]
    fn paths_hint_by_containment() {
        assert_eq!(of_path("/v1/logs"), Some(Logs));
        assert_eq!(of_path("http://h:4318/otel/v1/traces?x=1"), Some(Traces));
        assert_eq!(of_path("/v1/projects/p/v1/metrics"), Some(Metrics));
        assert_eq!(of_path("/v1development/profiles"), None);
    }
}
