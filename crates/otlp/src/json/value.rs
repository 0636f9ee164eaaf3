//! `AnyValue` and attribute lists.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::{Note, Stop};
use super::reader::Reader;
use crate::Limits;
use crate::attributes::UniqueList;
use crate::model::{Attributes, KeyValue, Number, Value};
use crate::problems::{TOO_DEEP, TOO_MANY_ATTRIBUTES};

/// Room made for an attribute list before its length is known.
const ROOM: usize = 8;

/// Reads an attribute list; `null` is an empty one.
pub(super) fn attributes<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Attributes<'b>, Stop> {
    let start = reader.offset();
    if !reader.list()? {
        return Ok(&[]);
    }
    let mut list = UniqueList::with_capacity(ROOM, bump);
    let mut first = true;
    while reader.element(&mut first)? {
        let attribute = key_value(reader, bump, limits.value_depth)?;
        if list.push(attribute) {
            reader.note(Note::DuplicateAttributeKey);
        } else if list.entries.len() > limits.attributes {
            return reader.stop(
                TOO_MANY_ATTRIBUTES,
                start,
                format!("expected at most {} attributes", limits.attributes),
            );
        }
    }
    Ok(list.entries.into_bump_slice())
}

/// Reads the attribute list of a point, which mostly is that of a point before; and gives the bytes
/// that say it, unless something was tolerated in it, which has to be told again each time.
#[inline]
pub(super) fn point_attributes<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(Attributes<'b>, Option<&'b [u8]>), Stop> {
    let start = reader.mark();
    let rest = reader.rest();
    if let Some((len, known)) = reader.lists.expected(rest, None) {
        reader.go_to(start.offset + len);
        return Ok((reader.lists.attributes(known, bump), rest.get(..len)));
    }
    let list = attributes(reader, bump, limits)?;
    let bytes = reader.since(start.offset);
    if !bytes.starts_with(b"[") || !reader.is_unnoted_since(&start) {
        return Ok((list, None));
    }
    reader.lists.keep(bytes, list);
    Ok((list, Some(bytes)))
}

/// Reads one `KeyValue`. `depth` is how many lists and maps may still open inside each other.
// Always: it and `value_body` are the hot path, and calls cost a tenth (bench `decode/json`).
#[inline(always)]
fn key_value<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<KeyValue<'b>, Stop> {
    let mut attribute = KeyValue {
        key: "",
        value: Value::Empty,
    };
    let (mut first, mut keys, mut values) = (true, 0, 0);
    // What nearly all emitters write, without looking at it member by member. Where the text
    // turns out otherwise, the loop goes on from there.
    if reader.eat(b"{\"key\":\"") || reader.eat(b"{\"key\": \"") {
        attribute.key = reader.string_body(bump)?;
        (first, keys) = (false, 1);
        if reader.eat(b",\"value\":{") || reader.eat(b", \"value\": {") {
            attribute.value = value_body(reader, bump, depth)?;
            values = 1;
            if reader.eat(b"}") {
                return Ok(attribute);
            }
        }
    } else if reader.peek() != b'{' {
        return reader.wrong_kind("an attribute object");
    } else {
        reader.object()?;
    }
    while let Some(name) = reader.member(&mut first)? {
        match name {
            "key" => {
                attribute.key = reader.text_field(bump)?;
                keys += 1;
            }
            "value" => {
                attribute.value = value(reader, bump, depth)?;
                values += 1;
            }
            "keyStrindex" | "key_strindex" => {
                reader.note(Note::StringIndexIgnored);
                reader.skip_value()?;
            }
            _ => reader.skip_value()?,
        }
    }
    if keys > 1 || values > 1 {
        reader.note(Note::DuplicateMember);
    }
    Ok(attribute)
}

/// Reads one `AnyValue`. Of several values set the last one wins, with a note; `null` is none.
/// `depth` is how many lists and maps may still open inside each other.
pub(super) fn value<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<Value<'b>, Stop> {
    if !reader.object()? {
        return Ok(Value::Empty);
    }
    value_body(reader, bump, depth)
}

/// Reads an `AnyValue` whose opening brace was taken already.
#[inline(always)]
fn value_body<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<Value<'b>, Stop> {
    let mut result = Value::Empty;
    let mut set = 0;
    let mut first = true;
    if reader.eat(b"\"stringValue\":\"") || reader.eat(b"\"stringValue\": \"") {
        result = Value::String(reader.string_body(bump)?);
        if reader.eat(b"}") {
            return Ok(result);
        }
        (first, set) = (false, 1);
    } else if reader.eat(b"\"intValue\":") {
        reader.space();
        if let Some(number) = reader.int_field()? {
            result = int_value(number);
            set = 1;
        }
        if reader.eat(b"}") {
            return Ok(result);
        }
        first = false;
    }
    while let Some(name) = reader.member(&mut first)? {
        let found = match name {
            "stringValue" | "string_value" => {
                if reader.null()? {
                    None
                } else {
                    Some(Value::String(reader.string(bump)?))
                }
            }
            "intValue" | "int_value" => reader.int_field()?.map(int_value),
            "boolValue" | "bool_value" => reader.bool_field()?.map(Value::Bool),
            "doubleValue" | "double_value" => reader.double_field()?.map(Value::Double),
            "arrayValue" | "array_value" => array(reader, bump, depth)?,
            "kvlistValue" | "kvlist_value" => map(reader, bump, depth)?,
            "bytesValue" | "bytes_value" => reader.bytes_field(bump)?.map(Value::Bytes),
            "stringValueStrindex" | "string_value_strindex" => {
                reader.note(Note::StringIndexIgnored);
                reader.skip_value()?;
                None
            }
            _ => {
                reader.skip_value()?;
                None
            }
        };
        if let Some(found) = found {
            result = found;
            set += 1;
        }
    }
    if set > 1 {
        reader.note(Note::DuplicateMember);
    }
    Ok(result)
}

fn int_value<'b>(number: Number) -> Value<'b> {
    match number {
        Number::Int(value) => Value::Int(value),
        Number::Double(value) => Value::Double(value),
    }
}

/// Reads an `ArrayValue`; `None` for `null`.
fn array<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<Option<Value<'b>>, Stop> {
    let mut values = BumpVec::new_in(bump);
    let present = listed_values(reader, depth, |reader, depth| {
        values.push(value(reader, bump, depth)?);
        Ok(())
    })?;
    Ok(present.then(|| Value::Array(values.into_bump_slice())))
}

/// Reads a `KeyValueList`; `None` for `null`.
fn map<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<Option<Value<'b>>, Stop> {
    let mut values = BumpVec::new_in(bump);
    let present = listed_values(reader, depth, |reader, depth| {
        values.push(key_value(reader, bump, depth)?);
        Ok(())
    })?;
    Ok(present.then(|| Value::KeyValueList(values.into_bump_slice())))
}

/// Reads the object around a list named `values`, which may be missing; false for `null`.
fn listed_values<'a>(
    reader: &mut Reader<'a>,
    depth: usize,
    mut read: impl FnMut(&mut Reader<'a>, usize) -> Result<(), Stop>,
) -> Result<bool, Stop> {
    let start = reader.offset();
    if !reader.object()? {
        return Ok(false);
    }
    let Some(depth) = depth.checked_sub(1) else {
        return reader.stop(
            TOO_DEEP,
            start,
            "lists and maps inside each other too deeply",
        );
    };
    let mut first = true;
    let mut lists = 0;
    while let Some(name) = reader.member(&mut first)? {
        if name != "values" {
            reader.skip_value()?;
            continue;
        }
        lists += 1;
        if reader.list()? {
            let mut first = true;
            while reader.element(&mut first)? {
                read(reader, depth)?;
            }
        }
    }
    if lists > 1 {
        reader.note(Note::DuplicateMember);
    }
    Ok(true)
}
