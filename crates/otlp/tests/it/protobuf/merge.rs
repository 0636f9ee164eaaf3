//! One request written in the many ways that protobuf allows: fields in any order, embedded
//! messages in several pieces that merge, lists packed and not, unknown fields in between.

use proptest::prelude::*;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

use super::{declared, decode};
use crate::generate::{Request, request};
use crate::oracle;

/// What a field with bytes in it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    /// A message that may be repeated.
    Many(Kind),
    /// A message of which there is one: its pieces merge.
    One(Kind),
    PackedFixed64,
    PackedVarint,
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Request(Item),
    ResourceGroup(Item),
    ScopeGroup(Item),
    Resource,
    Entity,
    Scope,
    Item(Item),
    Event,
    Link,
    Status,
    Data(Point),
    Point(Point),
    Buckets,
    Quantile,
    Exemplar,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Item {
    Span,
    Metric,
    LogRecord,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    Number,
    Histogram,
    Exponential,
    Summary,
}

fn content(kind: Kind, number: u32) -> Content {
    use Content::{Many, One, PackedFixed64, PackedVarint};
    match (kind, number) {
        (Kind::Request(item), 1) => Many(Kind::ResourceGroup(item)),
        (Kind::ResourceGroup(_), 1) => One(Kind::Resource),
        (Kind::ResourceGroup(item), 2) => Many(Kind::ScopeGroup(item)),
        (Kind::ScopeGroup(_), 1) => One(Kind::Scope),
        (Kind::ScopeGroup(item), 2) => Many(Kind::Item(item)),
        (Kind::Resource, 1) | (Kind::Scope, 3) | (Kind::Event, 3) | (Kind::Link, 4) => {
            Many(Kind::KeyValue)
        }
        (Kind::Resource, 3) => Many(Kind::Entity),
        (Kind::Item(Item::Span), 9)
        | (Kind::Item(Item::LogRecord), 6)
        | (Kind::Item(Item::Metric), 12) => Many(Kind::KeyValue),
        (Kind::Item(Item::Span), 11) => Many(Kind::Event),
        (Kind::Item(Item::Span), 13) => Many(Kind::Link),
        (Kind::Item(Item::Span), 15) => One(Kind::Status),
        (Kind::Item(Item::LogRecord), 5) => One(Kind::AnyValue),
        (Kind::Item(Item::Metric), 5 | 7) => One(Kind::Data(Point::Number)),
        (Kind::Item(Item::Metric), 9) => One(Kind::Data(Point::Histogram)),
        (Kind::Item(Item::Metric), 10) => One(Kind::Data(Point::Exponential)),
        (Kind::Item(Item::Metric), 11) => One(Kind::Data(Point::Summary)),
        (Kind::Data(point), 1) => Many(Kind::Point(point)),
        (Kind::Point(Point::Number), 5)
        | (Kind::Point(Point::Histogram), 8)
        | (Kind::Point(Point::Exponential), 11) => Many(Kind::Exemplar),
        (Kind::Point(Point::Number | Point::Summary) | Kind::Exemplar, 7)
        | (Kind::Point(Point::Histogram), 9)
        | (Kind::Point(Point::Exponential), 1) => Many(Kind::KeyValue),
        (Kind::Point(Point::Histogram), 6 | 7) => PackedFixed64,
        (Kind::Point(Point::Exponential), 8 | 9) => One(Kind::Buckets),
        (Kind::Point(Point::Summary), 6) => Many(Kind::Quantile),
        (Kind::Buckets, 2) => PackedVarint,
        (Kind::KeyValue, 2) => One(Kind::AnyValue),
        (Kind::AnyValue, 5) => One(Kind::ArrayValue),
        (Kind::AnyValue, 6) => One(Kind::KeyValueList),
        (Kind::ArrayValue, 1) => Many(Kind::AnyValue),
        (Kind::KeyValueList, 1) => Many(Kind::KeyValue),
        _ => Content::Bytes,
    }
}

/// A generator of pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

/// A field: its number, and all its bytes with the tag.
type Field = (u32, Vec<u8>);

fn len_field(number: u32, content: &[u8]) -> Field {
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    (number, bytes)
}

/// The fields of a message, written differently.
fn fields(kind: Kind, mut message: &[u8], random: &mut Random) -> Vec<Field> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let start = message;
        let (number, wire_type) = decode_key(&mut message).unwrap();
        let len = match wire_type {
            WireType::Varint => {
                decode_varint(&mut message).unwrap();
                0
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => decode_varint(&mut message).unwrap() as usize,
            other => panic!("prost wrote {other:?}"),
        };
        let (inner, rest) = message.split_at(len);
        message = rest;
        if wire_type != WireType::LengthDelimited {
            fields.push((number, start[..start.len() - rest.len()].to_vec()));
            continue;
        }
        match content(kind, number) {
            Content::Bytes => fields.push(len_field(number, inner)),
            Content::Many(kind) => fields.push(len_field(number, &rewrite(kind, inner, random))),
            Content::One(kind) => {
                let mut rest = self::fields(kind, inner, random);
                while random.below(3) == 0 {
                    let tail = rest.split_off(random.below(rest.len() + 1));
                    fields.push(len_field(number, &join(rest, random)));
                    rest = tail;
                }
                fields.push(len_field(number, &join(rest, random)));
            }
            Content::PackedFixed64 => {
                let mut chunks = inner.chunks(8);
                while let Some(chunk) = chunks.next() {
                    if random.below(2) == 0 {
                        let mut bytes = Vec::new();
                        encode_key(number, WireType::SixtyFourBit, &mut bytes);
                        bytes.extend_from_slice(chunk);
                        fields.push((number, bytes));
                    } else {
                        let mut packed = chunk.to_vec();
                        packed.extend(chunks.next().unwrap_or_default());
                        fields.push(len_field(number, &packed));
                    }
                }
            }
            Content::PackedVarint => {
                let mut inner = inner;
                while !inner.is_empty() {
                    let mut varint = Vec::new();
                    encode_varint(decode_varint(&mut inner).unwrap(), &mut varint);
                    if random.below(2) == 0 {
                        let mut bytes = Vec::new();
                        encode_key(number, WireType::Varint, &mut bytes);
                        bytes.extend(varint);
                        fields.push((number, bytes));
                    } else {
                        fields.push(len_field(number, &varint));
                    }
                }
            }
        }
    }
    fields
}

/// Puts fields into an order that keeps those of one number in order, with unknown ones between.
fn join(fields: Vec<Field>, random: &mut Random) -> Vec<u8> {
    let ranks: Vec<usize> = (0..32).map(|_| random.below(1000)).collect();
    let mut fields = fields;
    fields.sort_by_key(|(number, _)| ranks[*number as usize % ranks.len()]);
    let mut bytes = Vec::new();
    for (_, field) in fields {
        if random.below(8) == 0 {
            let unknown: [&[u8]; 4] = [
                // Field 99 as a varint, as bytes, as a group with a field inside, and fixed32.
                b"\x98\x06\x05",
                b"\x9A\x06\x02hi",
                b"\x9B\x06\x08\x01\x9C\x06",
                b"\x9D\x06\0\0\0\0",
            ];
            bytes.extend_from_slice(unknown[random.below(4)]);
        }
        bytes.extend(field);
    }
    bytes
}

fn rewrite(kind: Kind, message: &[u8], random: &mut Random) -> Vec<u8> {
    join(fields(kind, message, random), random)
}

proptest! {
    #[test]
    fn every_way_to_write_a_request_reads_the_same(request in request(), seed in 1..u64::MAX) {
        let kind = match request {
            Request::Traces(_) => Item::Span,
            Request::Metrics(_) => Item::Metric,
            Request::Logs(_) => Item::LogRecord,
        };
        let signal = request.signal();
        let bytes = rewrite(Kind::Request(kind), &request.encode(), &mut Random(seed));
        let frame = declared(&bytes, signal);
        let expected = oracle::transcript(&frame, &request);
        // The rewriting itself is right.
        let prost = oracle::transcript(&frame, &Request::decode(signal, &bytes).unwrap());
        prop_assert_eq!(prost.text(), expected.text());
        let (result, transcript) = decode(&frame);
        prop_assert!(result.is_ok(), "{result:?}");
        prop_assert_eq!(transcript.text(), expected.text());
    }
}
