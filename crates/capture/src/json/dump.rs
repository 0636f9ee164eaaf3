//! Tells the objects that the OpenTelemetry JavaScript SDK holds in memory from other JSON: programs
//! with a file exporter (Gemini CLI, Qwen Code, GitHub Copilot) write them as they are.

use super::members::Members;

/// Which of the members were seen by which such an object is known. The layouts differ with the
/// SDK's major version and with the program: private members carry an underscore.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    /// A member that nothing else has.
    own: bool,
    trace_id: bool,
    span_time: bool,
    name: bool,
    points: bool,
}

impl Marks {
    pub fn add(&mut self, key: &[u8]) {
        match key {
            b"hrTime"
            | b"_hrTime"
            | b"hrTimeObserved"
            | b"_hrTimeObserved"
            | b"_spanContext"
            | b"spanContext"
            | b"parentSpanContext"
            | b"instrumentationScope"
            | b"instrumentationLibrary"
            | b"scopeMetrics"
            | b"_body"
            | b"_severityNumber" => self.own = true,
            b"traceId" => self.trace_id = true,
            b"startTime" | b"endTime" => self.span_time = true,
            b"name" => self.name = true,
            b"dataPoints" => self.points = true,
            _ => {}
        }
    }

    /// Whether it is a span, log record, `ResourceMetrics` or metric of the SDK.
    pub fn hold(self) -> bool {
        self.own || self.trace_id && self.span_time || self.name && self.points
    }
}

/// Whether a JSON object is one of the SDK. What is broken is none.
pub(super) fn is_dump(object: &[u8]) -> bool {
    let mut members = Members::of(object);
    let mut marks = Marks::default();
    for member in members.by_ref() {
        marks.add(member.key);
    }
    members.is_whole() && marks.hold()
}

#[cfg(test)]
mod tests {
    use super::is_dump;

    #[test]
    fn objects_of_the_sdk_are_known_by_their_members() {
        for text in [
            r#"{"resource":{},"hrTime":[1,2]}"#,
            r#"{"_hrTimeObserved":[1,2],"attributes":{}}"#,
            r#"{"attributes":{},"_spanContext":{"traceId":"1"}}"#,
            r#"{"traceId":"1","spanId":"2","startTime":[1,2]}"#,
            r#"{"resource":{},"scopeMetrics":[]}"#,
            r#"{"type":"metric","name":"n","dataPoints":[]}"#,
        ] {
            assert!(is_dump(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_objects_are_not() {
        for text in [
            "{}",
            "[]",
            r#"{"a":{"hrTime":[1,2]}}"#,
            r#"{"traceId":"1","startTimeUnixNano":"2"}"#,
            r#"{"name":"n","sum":{"dataPoints":[]}}"#,
            r#"{"startTime":[1,2],"endTime":[1,2]}"#,
            r#"{"hrTime":[1,2]"#,
        ] {
            assert!(!is_dump(text.as_bytes()), "{text}");
        }
    }
}
