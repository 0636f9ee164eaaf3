//! Names JSON objects that are no OTLP request.

use std::borrow::Cow;

use memchr::memmem;
use otolith_capture::RejectCode;

use crate::problems::{JAVASCRIPT_SDK_DUMP, NOT_OTLP};

/// Member names that only the objects of the OpenTelemetry JavaScript SDK have.
const SDK_MEMBERS: [&str; 10] = [
    "\"hrTime\"",
    "\"hrTimeObserved\"",
    "\"_spanContext\"",
    "\"_rawAttributes\"",
    "\"_body\"",
    "\"_severityNumber\"",
    "\"dataPointType\"",
    "\"parentSpanContext\"",
    "\"instrumentationScope\"",
    "\"spanContext\"",
];

/// What tells the programs apart that write such dumps.
const PROGRAMS: [(&str, &str); 6] = [
    ("qwen-code", "Qwen Code"),
    ("qwen_code", "Qwen Code"),
    ("gemini-cli", "Gemini CLI"),
    ("gemini_cli", "Gemini CLI"),
    ("github.copilot", "GitHub Copilot"),
    ("copilot", "GitHub Copilot"),
];

/// Names a JSON object that has no member of an OTLP request. The text is valid JSON.
pub(super) fn recognise(text: &str) -> (RejectCode, Cow<'static, str>) {
    let Some(member) = SDK_MEMBERS.into_iter().find(|name| has_member(text, name)) else {
        return (
            NOT_OTLP,
            Cow::Borrowed("expected a member such as `resourceSpans`, found none"),
        );
    };
    let holds = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let program = PROGRAMS.into_iter().find(|(word, _)| holds(word));
    let writer = program.map_or("a JavaScript program", |(_, name)| name);
    let member = member.trim_matches('"');
    (
        JAVASCRIPT_SDK_DUMP,
        Cow::Owned(format!(
            "a dump of the JavaScript SDK by {writer}, not OTLP: it has a member `{member}`"
        )),
    )
}

/// Whether an object at any level has a member of this name, given in quotes.
fn has_member(text: &str, quoted: &str) -> bool {
    memmem::find_iter(text.as_bytes(), quoted.as_bytes()).any(|offset| {
        let rest = text.get(offset + quoted.len()..).unwrap_or_default();
        rest.trim_start_matches([' ', '\n', '\r', '\t'])
            .starts_with(':')
    })
}
