//! JSON text: lines, documents, arrays, envelopes, damage.

use otolith_capture::{Encoding, ReadOptions, Signal, SignalHint};

use crate::read::{Got, check, gzip, message, read, read_as};

const A: &str = r#"{"resourceSpans":[{"a":1}]}"#;
const B: &str = r#"{"resourceLogs":[]}"#;

fn shown(text: &str) -> String {
    text.as_bytes().escape_ascii().to_string()
}

#[test]
fn lines_are_frames() {
    let (a, b) = (shown(A), shown(B));
    let expected = [&*format!("0 {a}"), &*format!("28 {b}")];
    check(format!("{A}\n{B}\n"), "JSON lines", &expected);
    check(format!("{A}\n{B}"), "JSON lines", &expected);
    let expected = [&*format!("0 {a}"), &*format!("29 {b}")];
    check(format!("{A}\r\n{B}\r\n\r\n"), "JSON lines", &expected);
    check(format!("\u{feff}{B}\n"), "JSON lines", &[&format!("3 {b}")]);
}

#[test]
fn an_empty_or_blank_file_has_no_entries() {
    check("", "unrecognised", &[]);
    check("\n \r\n", "JSON lines", &[]);
    check([0; 64], "JSON lines", &[]);
    check("\u{feff}", "JSON lines", &[]);
    check("\u{feff}\r\n", "JSON lines", &[]);
}

#[test]
fn a_record_nested_deeply_is_left_to_the_decoder_wherever_it_stands() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let frame = format!("0 {}", shown(&deep));
    check(format!("{deep}\n"), "JSON lines", &[&frame]);
    check(&deep, "JSON lines", &[&frame]);
}

#[test]
fn padding_between_and_after_records_is_skipped() {
    let (a, b) = (shown(A), shown(B));
    check(
        format!("\0\0\0\0\0\0\0{A}\n\0\0\0{B}\n\0\0"),
        "JSON lines",
        &[&format!("7 {a}"), &format!("38 {b}")],
    );
    check(format!("{B}\0\0\0"), "JSON lines", &[&format!("0 {b}")]);
    check(
        format!("{A}\n{{\"resourceSp\0\0\0\0\0"),
        "JSON lines",
        &[&format!("0 {a}"), r#"28 torn_record {\"resourceSp"#],
    );
}

#[test]
fn documents_may_take_lines_and_share_them() {
    let (a, b) = (shown(A), shown(B));
    check(
        format!("{A}{B}\n{B} {A}"),
        "JSON documents",
        &[
            &format!("0 {a}"),
            &format!("27 {b}"),
            &format!("47 {b}"),
            &format!("67 {a}"),
        ],
    );
    let pretty = "{\n  \"resourceSpans\": [\n    {}\n  ]\n}";
    check(
        format!("{pretty}\n{pretty}\n"),
        "JSON documents",
        &[
            &format!("0 {}", shown(pretty)),
            &format!("36 {}", shown(pretty)),
        ],
    );
    check("{\n}", "JSON documents", &["0 {\\n}"]);
    let begun = "{\"resourceSpans\":[{}\n,{}]}";
    check(begun, "JSON documents", &[&format!("0 {}", shown(begun))]);
}

#[test]
fn arrays_are_flattened() {
    let (a, b) = (shown(A), shown(B));
    let expected = [&*format!("1 {a}"), &*format!("29 {b}")];
    check(format!("[{A},{B}]"), "JSON array", &expected);
    let expected = [&*format!("2 {a}"), &*format!("31 {b}")];
    check(format!("[\n{A},\n{B}\n]\n"), "JSON array", &expected);
    check("[]", "JSON array", &[]);
    // An array that was cut off, and lines behind it.
    check(
        format!("[{A},\n{B}\n{A}\n{B}\n"),
        "JSON array",
        &[
            &format!("1 {a}"),
            &format!("30 {b}"),
            &format!("50 {a}"),
            &format!("78 {b}"),
        ],
    );
}

#[test]
fn a_torn_last_line_is_told_from_a_torn_record() {
    let (a, b) = (shown(A), shown(B));
    check(
        format!("{A}\n{{\"resourceSpans\":[{{\"x"),
        "JSON lines",
        &[
            &format!("0 {a}"),
            r#"28 torn_tail {\"resourceSpans\":[{\"x"#,
        ],
    );
    check(
        format!("{A}\n{{\"resourceSpans\":[{{\"x\n{B}\n"),
        "JSON lines",
        &[
            &format!("0 {a}"),
            r#"28 torn_record {\"resourceSpans\":[{\"x"#,
            &format!("50 {b}"),
        ],
    );
    check(
        format!("{{\"resourceSpans\":[\n{B}\n{B}\n"),
        "JSON lines",
        &[
            r#"0 torn_record {\"resourceSpans\":["#,
            &format!("19 {b}"),
            &format!("39 {b}"),
        ],
    );
}

/// A dump of the JavaScript SDK as its file exporters write it, indented by two.
const DUMP: &str =
    "{\n  \"hrTime\": [\n    1,\n    2\n  ],\n  \"resource\": {\n    \"a\": {}\n  }\n}";

#[test]
fn dumps_of_the_javascript_sdk_are_told_by_their_members() {
    let line = r#"{"traceId":"1","startTime":[1,2]}"#;
    let (dump, shown_line, b) = (shown(DUMP), shown(line), shown(B));
    let at = DUMP.len() + 1;
    check(
        format!("{DUMP}\n{line}\n{B}\n"),
        "JSON documents (plain, JavaScript SDK)",
        &[
            &format!("0 {dump}"),
            &format!("{at} {shown_line}"),
            &format!("{} {b}", at + line.len() + 1),
        ],
    );
    check(
        format!("{line}\n{line}\n"),
        "JSON lines (JavaScript SDK)",
        &[
            &format!("0 {shown_line}"),
            &format!("{} {shown_line}", line.len() + 1),
        ],
    );
    for (text, encoding) in [
        (DUMP, Encoding::JavaScriptSdk),
        (line, Encoding::JavaScriptSdk),
        (B, Encoding::Json),
    ] {
        let Got::Frame { encoding: got, .. } = &read(text.as_bytes())[0] else {
            panic!("no frame in {text}");
        };
        assert_eq!(*got, encoding, "{text}");
    }
}

#[test]
fn a_dump_appended_to_a_torn_one_is_saved() {
    let dump = shown(DUMP);
    for cut in 3..DUMP.len() {
        let torn = &DUMP[..cut];
        let text = format!("{torn}{DUMP}\n{DUMP}\n");
        let saved: Vec<u64> = read(text.as_bytes())
            .iter()
            .filter_map(|entry| match entry {
                Got::Frame { offset, bytes, .. } if bytes == DUMP.as_bytes() => Some(*offset),
                _ => None,
            })
            .collect();
        let last = (cut + DUMP.len() + 1) as u64;
        // Where the torn line is not indented, what follows on it may belong to it.
        let line = torn.rsplit('\n').next().unwrap();
        if line.starts_with("  ") {
            assert_eq!(saved, [cut as u64, last], "{torn}");
            let at = cut;
            check(
                &text,
                "JSON documents (JavaScript SDK)",
                &[
                    &format!("0 torn_record {}", shown(torn.trim_end())),
                    &format!("{at} {dump}"),
                    &format!("{last} {dump}"),
                ],
            );
        } else {
            assert_eq!(saved.last(), Some(&last), "{torn}");
        }
    }
}

#[test]
fn a_record_glued_to_a_torn_one_is_saved() {
    let b = shown(B);
    for torn in [
        r#"{"resourceSpans":[{"res"#,
        r#"{"resourceSpans":["#,
        r#"{"resourceSpans":[{"a":""#,
        r#"{"resourceSpans":[{"a":1"#,
        r#"{"resourceSpans":[{},"#,
    ] {
        let at = torn.len();
        let end = at + B.len() + 1;
        check(
            format!("{torn}{B}\n{B}\n"),
            "JSON lines",
            &[
                &format!("0 torn_record {}", shown(torn)),
                &format!("{at} {b}"),
                &format!("{end} {b}"),
            ],
        );
    }
    check(
        format!("{{\"ts\":\"20{{\"path\":\"/v1/logs\",\"payload\":{B}}}\n"),
        "JSON lines (agentic-ci)",
        &[r#"0 torn_record {\"ts\":\"20"#, &format!("9 {b}")],
    );
}

#[test]
fn lines_that_are_no_json_are_rejected_one_by_one() {
    let (a, b) = (shown(A), shown(B));
    check(
        format!("{A}\n2026-11-20 started\n{B}\n]}}\n"),
        "JSON lines",
        &[
            &format!("0 {a}"),
            "28 not_json 2026-11-20 started",
            &format!("47 {b}"),
            "67 not_json ]}",
        ],
    );
    check(
        format!("starting\n[2026] up\n{A}\nlast words {B}"),
        "JSON lines",
        &[
            "0 not_json starting",
            "9 not_json [2026] up",
            &format!("19 {a}"),
            "47 not_json last words",
            &format!("58 {b}"),
        ],
    );
}

#[test]
fn a_broken_line_is_one_frame_for_the_decoder_to_reject() {
    let broken = r#"{"resourceSpans":[{"a":}]}"#;
    check(
        format!("{broken}\n{B}\n"),
        "JSON lines",
        &[&format!("0 {}", shown(broken)), &format!("27 {}", shown(B))],
    );
}

#[test]
fn code_and_json_in_strings_divide_nothing() {
    for text in [
        r#"} {"#,
        r#"}{\"ts\":"#,
        r#"{\"resourceSpans\":[]}"#,
        "\u{1f600}",
        r#"\\"#,
    ] {
        let line = format!(r#"{{"resourceLogs":[{{"body":"{text}"}}]}}"#);
        check(
            format!("{line}\n{B}\n"),
            "JSON lines",
            &[
                &format!("0 {}", shown(&line)),
                &format!("{} {}", line.len() + 1, shown(B)),
            ],
        );
    }
}

#[test]
fn envelopes_say_signal_and_arrival() {
    let line = format!(
        r#"{{"ts": "2025-11-20T12:00:00.000001+00:00", "path": "/v1/logs", "payload": {B}}}"#
    );
    let (entries, layout) = read_as("x-traces", line.as_bytes(), &ReadOptions::default());
    let expected = Got::Frame {
        offset: 0,
        bytes: B.as_bytes().to_vec(),
        encoding: Encoding::Json,
        signal: SignalHint::Declared(Signal::Logs),
        arrival: Some(1_763_640_000_000_001_000),
    };
    assert_eq!(entries, [expected]);
    assert_eq!(layout.to_string(), "JSON lines (agentic-ci)");
}

#[test]
fn envelopes_without_a_body_are_rejected() {
    check(
        "{\"path\":\"/v1/logs\",\"payload\":{}}\n{\"path\":\"/v1/logs\",\"payload\":{\"raw\":\"\"}}",
        "JSON lines",
        &[
            r#"0 empty_body {\"path\":\"/v1/logs\",\"payload\":{}}"#,
            r#"33 unrecoverable_body {\"path\":\"/v1/logs\",\"payload\":{\"raw\":\"\"}}"#,
        ],
    );
}

#[test]
fn dialects_may_be_mixed_in_one_file() {
    let b = shown(B);
    check(
        format!(
            "{B}\n{{\"data\":{B}}}\n[{B},{{\"path\":\"/v1/logs\",\"payload\":{B}}}]\n{{\n\"x\":1}}"
        ),
        "JSON array (plain, agentic-ci, wrapper)",
        &[
            &format!("0 {b}"),
            &format!("20 {b}"),
            &format!("50 {b}"),
            &format!("70 {b}"),
            r#"121 {\n\"x\":1}"#,
        ],
    );
}

#[test]
fn otlp_stdout_envelopes_are_unfolded() {
    use base64::Engine as _;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let message = message("hello");
    let line = |payload: &str, more: &str| {
        format!(
            r#"{{"__otel_otlp_stdout":"0.2.2","source":"s","endpoint":"http://localhost:4318/v1/traces","method":"POST","payload":{payload}{more}}}"#
        )
    };
    let check = |line: &str, bytes: &[u8], encoding: Encoding| {
        let (entries, layout) = read_as("capture", line.as_bytes(), &ReadOptions::default());
        assert_eq!(layout.to_string(), "JSON lines (otlp-stdout)");
        let expected = Got::Frame {
            offset: 0,
            bytes: bytes.to_vec(),
            encoding,
            signal: SignalHint::Declared(Signal::Traces),
            arrival: None,
        };
        assert_eq!(entries, [expected], "{line}");
    };
    let compressed =
        r#","content-type":"application/x-protobuf","content-encoding":"gzip","base64":true"#;
    check(
        &line(&format!("\"{}\"", base64(&gzip(&message))), compressed),
        &message,
        Encoding::Protobuf,
    );
    check(
        &line(&format!("\"{}\"", base64(&message)), r#","base64":true"#),
        &message,
        Encoding::Protobuf,
    );
    check(&line(B, ""), B.as_bytes(), Encoding::Json);
    let quoted = format!("\"{}\"", B.replace('"', "\\\""));
    check(
        &line(&quoted, r#","base64":false"#),
        B.as_bytes(),
        Encoding::Json,
    );

    let code = |line: &str| match &read(line.as_bytes())[..] {
        [Got::Reject { code, .. }] => *code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&line("\"%\"", r#","base64":true"#)), "bad_envelope");
    assert_eq!(code(&line("\"AAAA\"", compressed)), "bad_compression");
    assert_eq!(code(&line("null", "")), "empty_body");
}

#[test]
fn an_option_declares_the_signal() {
    let options = ReadOptions {
        signal: Some(Signal::Metrics),
        ..ReadOptions::default()
    };
    let (entries, _) = read_as("logs.pb", &message("x"), &options);
    assert!(matches!(
        entries[..],
        [Got::Frame {
            signal: SignalHint::Declared(Signal::Metrics),
            ..
        }]
    ));
}
