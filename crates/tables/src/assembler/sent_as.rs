//! The column `sent_as`: which attributes were converted to the type of a known key, and from what.
//!
//! A JSON object of places (`item`, `resource`, `scope`), each an object of keys. The value of a
//! key is the name of the `AnyValue` field that was sent (`stringValue`, `intValue`,
//! `doubleValue`) if the value in the table tells the rest, else the `AnyValue` itself.

use std::collections::HashMap;

use crate::batch::cells::{Cell, Cells};
use crate::part::{AttributePlace, Values};
use crate::schema::buffer::{Gathered, validity};
use crate::schema::strings::DictionaryBuilder;
use crate::value::fit::Sent;
use crate::value::json;

/// Builds the column row by row.
#[derive(Debug, Default)]
pub(crate) struct SentAsBuilder {
    dictionary: DictionaryBuilder,
    indices: Vec<i32>,
    valid: Vec<bool>,
    /// Rows of one shape have one text; the shapes are few, and compared faster than made.
    shapes: HashMap<Vec<u64>, i32>,
    shape: Vec<u64>,
    last: Option<(Vec<u64>, i32)>,
    json: Vec<u8>,
}

impl SentAsBuilder {
    /// With room for so many rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            indices: Vec::with_capacity(rows),
            valid: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// Appends a row of which nothing was converted.
    pub(crate) fn push_none(&mut self) {
        self.valid.push(false);
        self.indices.push(0);
    }

    /// Appends a row with its own attributes. `batch` and `context` number the context, `shared` is what
    /// [`shared`] made of it.
    pub(crate) fn push(
        &mut self,
        cells: &Cells,
        row: &[Cell],
        (batch, context): (u32, u32),
        shared: &[u8],
    ) {
        self.shape.clear();
        let mut has_text = false;
        for cell in row.iter().filter(|cell| cell.is_converted()) {
            let (key, number) = cell.key_and_sent();
            self.shape.push(u64::from(key) << 32 | u64::from(number));
            has_text |= matches!(cells.sent_as(*cell), Sent::Text(_));
        }
        let any = !self.shape.is_empty() || !shared.is_empty();
        self.valid.push(any);
        let index = if any {
            self.shape.push(u64::from(batch) << 32 | u64::from(context));
            self.index(cells, row, shared, has_text)
        } else {
            0
        };
        self.indices.push(index);
    }

    fn index(&mut self, cells: &Cells, row: &[Cell], shared: &[u8], has_text: bool) -> i32 {
        if let Some((shape, index)) = &self.last
            && *shape == self.shape
        {
            return *index;
        }
        let known = self.shapes.get(&self.shape).copied();
        let index = known.unwrap_or_else(|| {
            self.json.clear();
            self.json.push(b'{');
            write_place(&mut self.json, AttributePlace::Item, cells, row);
            if self.json.len() > 1 && !shared.is_empty() {
                self.json.push(b',');
            }
            self.json.extend_from_slice(shared);
            self.json.push(b'}');
            self.dictionary.index(json::as_text(&self.json))
        });
        if !has_text {
            self.last = Some((self.shape.clone(), index));
            if known.is_none() {
                self.shapes.insert(self.shape.clone(), index);
            }
        }
        index
    }

    pub(crate) fn finish(self) -> Gathered {
        let values = Values::Dictionary {
            indices: self.indices,
            dictionary: self.dictionary.finish(),
        };
        (values, validity(self.valid))
    }
}

/// The members that the resource and the scope of a row add, without braces.
pub(crate) fn shared(resource: (&Cells, &[Cell]), scope: (&Cells, &[Cell])) -> Vec<u8> {
    let mut out = Vec::new();
    write_place(&mut out, AttributePlace::Resource, resource.0, resource.1);
    let len = out.len();
    if len > 0 {
        out.push(b',');
    }
    write_place(&mut out, AttributePlace::Scope, scope.0, scope.1);
    if out.len() == len + 1 {
        out.truncate(len);
    }
    out
}

/// Writes a place with its converted keys, sorted; nothing if there are none.
fn write_place(out: &mut Vec<u8>, place: AttributePlace, cells: &Cells, row: &[Cell]) {
    let converted = row.iter().filter(|cell| cell.is_converted());
    let mut converted: Vec<_> = converted
        .map(|cell| (cells.key_text(cell.key()), cells.sent_as(*cell)))
        .collect();
    if converted.is_empty() {
        return;
    }
    // So the order in which keys were sent makes no further texts.
    converted.sort_by_key(|(key, _)| *key);
    json::write_text(out, place.as_str());
    out.extend_from_slice(b":{");
    for (index, (key, sent)) in converted.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::write_text(out, key);
        out.push(b':');
        match sent {
            Sent::Text(text) => {
                out.extend_from_slice(b"{\"stringValue\":");
                json::write_text(out, text);
                out.push(b'}');
            }
            Sent::Int => out.extend_from_slice(b"\"intValue\""),
            Sent::Double => out.extend_from_slice(b"\"doubleValue\""),
            Sent::String | Sent::AsIs => out.extend_from_slice(b"\"stringValue\""),
        }
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::{KeyValue, Value};

    fn cells(attributes: &[(&str, Value<'_>)]) -> Cells {
        let attributes: Vec<KeyValue<'_>> = attributes
            .iter()
            .map(|&(key, value)| KeyValue { key, value })
            .collect();
        let mut cells = Cells::default();
        cells.push(&attributes);
        cells.end_row(&[]);
        cells
    }

    fn check(item: &[(&str, Value<'_>)], resource: &[(&str, Value<'_>)], expected: Option<&str>) {
        let (item, resource) = (cells(item), cells(resource));
        let none = Cells::default();
        let shared = shared((&resource, resource.row(0)), (&none, &[]));
        let mut builder = SentAsBuilder::default();
        builder.push(&item, item.row(0), (0, 0), &shared);
        let (values, valid) = builder.finish();
        let Values::Dictionary { dictionary, .. } = values else {
            panic!("{values:?}");
        };
        let text = String::from_utf8(dictionary.bytes).unwrap();
        assert_eq!(valid.is_none().then_some(text.as_str()), expected);
    }

    #[test]
    fn only_what_was_converted_is_told() {
        let (text, int) = (Value::String("5"), Value::Int(5));
        check(&[("a", text), ("duration_ms", int)], &[], None);
        check(
            &[("a", text), ("duration_ms", text), ("cost_usd", int)],
            &[],
            Some(r#"{"item":{"cost_usd":"intValue","duration_ms":"stringValue"}}"#),
        );
        check(
            &[("cost_usd", Value::String("0.50"))],
            &[("duration_ms", Value::Double(5.0))],
            Some(
                r#"{"item":{"cost_usd":{"stringValue":"0.50"}},"resource":{"duration_ms":"doubleValue"}}"#,
            ),
        );
        check(
            &[],
            &[("success", Value::String("true"))],
            Some(r#"{"resource":{"success":"stringValue"}}"#),
        );
    }
}
