//! Fields of the protocol as values of base columns.

use otolith_otlp::Number;

/// Values of base columns that do not fit: name of the column and JSON.
pub(super) type Reserved = Vec<(&'static str, String)>;

/// An unsigned number as a signed one; what does not fit goes to `reserved`.
pub(super) fn int(value: u64, column: &'static str, reserved: &mut Reserved) -> Option<i64> {
    let int = i64::try_from(value).ok();
    if int.is_none() {
        reserved.push((column, format!("\"{value}\"")));
    }
    int
}

/// A time, null when 0.
pub(super) fn time(unix_nano: u64, column: &'static str, reserved: &mut Reserved) -> Option<i64> {
    (unix_nano != 0)
        .then(|| int(unix_nano, column, reserved))
        .flatten()
}

/// A list of counts; if one does not fit, the whole list goes to `reserved`.
pub(super) fn counts<'a>(
    counts: &[u64],
    column: &'static str,
    scratch: &'a mut Vec<i64>,
    reserved: &mut Reserved,
) -> Option<&'a [i64]> {
    scratch.clear();
    for count in counts {
        let Ok(count) = i64::try_from(*count) else {
            let texts: Vec<_> = counts.iter().map(|count| format!("\"{count}\"")).collect();
            reserved.push((column, format!("[{}]", texts.join(","))));
            return None;
        };
        scratch.push(count);
    }
    Some(scratch)
}

pub(super) fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn double(number: Number) -> f64 {
    match number {
        Number::Int(int) => int as f64,
        Number::Double(double) => double,
    }
}

pub(super) fn exact(number: Number) -> Option<i64> {
    match number {
        Number::Int(int) => Some(int),
        Number::Double(_) => None,
    }
}
