//! Two items are equal if they mean the same: told from outside by texts of all their fields.

use otolith_capture::Source;
use otolith_ingest::CompareOptions;
use otolith_otlp::{Decoder, Limits};
use proptest::prelude::*;
use serde_json::Value;

use crate::generate::request;
use crate::items::Items;
use crate::support::lines;
use crate::{captures, compared, each_frame, json_writer};

/// The items of a capture, each a text, sorted.
fn texts(source: &Source) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut items = Items::default();
    each_frame(std::slice::from_ref(source), |frame| {
        decoder.decode(frame, &mut items).unwrap();
    });
    items.sorted()
}

/// All scalars of a document.
fn leaves<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, found)),
        Value::Object(members) => members.values_mut().for_each(|value| leaves(value, found)),
        Value::Null => {}
        scalar => found.push(scalar),
    }
}

/// Another value of the same kind that is valid wherever the first is.
fn change(value: &mut Value) {
    *value = match value.take() {
        Value::Bool(truth) => (!truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => (if number == 0 { 1 } else { number / 2 }).into(),
            None => (number.as_f64().unwrap_or(1.0) / 2.0).into(),
        },
        Value::String(text) => match text.as_str() {
            "" => "x".into(),
            // Numbers, ids and base64 stay what they are.
            text if text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                let digit = if text.ends_with('1') { '2' } else { '1' };
                let kept = text.len() - 1;
                if text.parse::<f64>().is_ok() || text.len() >= 8 {
                    format!("{}{digit}", &text[..kept]).into()
                } else {
                    format!("{text}AAAA").into()
                }
            }
            text => text.to_owned().into(),
        },
        other => other,
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Each field of a request is changed, one after another.
    #[test]
    fn a_change_of_any_field_changes_the_item(request in request()) {
        let text = json_writer::write(&request);
        let json: Value = serde_json::from_str(&text).unwrap();
        let before = lines(&[json.to_string()]);
        let (sent, sent_texts) = (captures(std::slice::from_ref(&before)), texts(&before));
        let count = leaves_of(&mut json.clone());
        for place in 0..count {
            let mut json = json.clone();
            let mut found = Vec::new();
            leaves(&mut json, &mut found);
            change(found[place]);
            let after = lines(&[json.to_string()]);
            let arrived = captures(std::slice::from_ref(&after));
            let comparison = compared(&sent, &arrived, &CompareOptions::default());
            let right = &comparison.right;
            if right.items_rejected + right.frames_rejected + comparison.left.items_rejected == 0 {
                prop_assert_eq!(comparison.is_clean(), sent_texts == texts(&after), "{}", json);
            }
        }
    }
}

fn leaves_of(json: &mut Value) -> usize {
    let mut found = Vec::new();
    leaves(json, &mut found);
    found.len()
}

#[test]
fn what_means_the_same_is_equal() {
    let record = |members: &str| lines(&[crate::support::logs("s", 1, &[members])]);
    let attributes = |list: &str| format!(r#""attributes":[{list}]"#);
    let a = r#"{"key":"a","value":{"intValue":"1"}}"#;
    let b = r#"{"key":"b","value":{"kvlistValue":{"values":[{"key":"x","value":{"doubleValue":"NaN"}},{"key":"y","value":{}}]}}}"#;
    let b_again = r#"{"key":"b","value":{"kvlistValue":{"values":[{"key":"y"},{"key":"x","value":{"doubleValue":"NaN"}}]}}}"#;
    let equal = |left: String, right: String| {
        let [left, right] = [left, right].map(|text| captures(&[record(&text)]));
        compared(&left, &right, &CompareOptions::default()).is_clean()
    };
    assert!(equal(
        attributes(&format!("{a},{b}")),
        attributes(&format!("{b_again},{a}"))
    ));
    assert!(equal(
        r#""body":{}"#.to_owned(),
        r#""severityNumber":0"#.to_owned()
    ));
    let list = |order: &str| {
        attributes(&format!(
            r#"{{"key":"a","value":{{"arrayValue":{{"values":[{order}]}}}}}}"#
        ))
    };
    let (one, two) = (r#"{"intValue":1}"#, r#"{"intValue":2}"#);
    assert!(!equal(
        list(&format!("{one},{two}")),
        list(&format!("{two},{one}"))
    ));
    // Values do not wander from one key to another, nor keys from one list to another.
    let pair = |x: &str, y: &str| {
        attributes(&format!(
            r#"{{"key":"a","value":{x}}},{{"key":"b","value":{y}}}"#
        ))
    };
    assert!(!equal(pair(one, two), pair(two, one)));
    assert!(!equal(pair(one, one), attributes(a)));
}
