//! What can be wrong with a message.

use otolith_capture::RejectCode;

use crate::FrameReject;
use crate::problems;

/// Groups may be nested this deep. No OTLP message has a group: they are only ever skipped.
pub(super) const GROUP_DEPTH: u32 = 64;

/// What is wrong with a message, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Byte offset in the payload.
    pub(crate) offset: usize,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Truncated,
    Varint,
    FieldNumber,
    UnknownWireType,
    WrongWireType { field: u8 },
    Packed { field: u8 },
    Group,
    GroupDepth,
    Utf8 { field: u8 },
    IdLength { expected: u8, actual: usize },
    ValueDepth { limit: usize },
    Attributes { limit: usize },
}

impl FaultKind {
    pub(crate) fn at(self, offset: usize) -> Fault {
        Fault { kind: self, offset }
    }
}

impl Fault {
    /// The stable word.
    pub(crate) fn code(self) -> RejectCode {
        match self.kind {
            FaultKind::Truncated
            | FaultKind::Varint
            | FaultKind::FieldNumber
            | FaultKind::UnknownWireType
            | FaultKind::WrongWireType { .. }
            | FaultKind::Packed { .. }
            | FaultKind::Group
            | FaultKind::GroupDepth => problems::BAD_PROTOBUF,
            FaultKind::Utf8 { .. } => problems::BAD_UTF8,
            FaultKind::IdLength { .. } => problems::BAD_ID,
            FaultKind::ValueDepth { .. } => problems::TOO_DEEP,
            FaultKind::Attributes { .. } => problems::TOO_MANY_ATTRIBUTES,
        }
    }

    /// The message for people.
    pub(crate) fn message(self) -> String {
        let at = self.offset;
        match self.kind {
            FaultKind::Truncated => format!("the message ends inside a field at byte {at}"),
            FaultKind::Varint => format!("a varint of more than 64 bits at byte {at}"),
            FaultKind::FieldNumber => format!("a field number out of range at byte {at}"),
            FaultKind::UnknownWireType => format!("an unknown wire type at byte {at}"),
            FaultKind::WrongWireType { field } => {
                format!("field {field} has the wrong wire type at byte {at}")
            }
            FaultKind::Packed { field } => {
                format!("packed field {field} does not hold whole numbers at byte {at}")
            }
            FaultKind::Group => format!("a group without its start or end at byte {at}"),
            FaultKind::GroupDepth => {
                format!("groups nested deeper than {GROUP_DEPTH} at byte {at}")
            }
            FaultKind::Utf8 { field } => {
                format!("the text of field {field} is not UTF-8 at byte {at}")
            }
            FaultKind::IdLength { expected, actual } => {
                format!("an id of {expected} bytes expected, got {actual} bytes at byte {at}")
            }
            FaultKind::ValueDepth { limit } => {
                format!("values nested deeper than {limit} at byte {at}")
            }
            FaultKind::Attributes { limit } => {
                format!("more than {limit} attributes in one list at byte {at}")
            }
        }
    }
}

impl From<Fault> for FrameReject {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code(),
            message: fault.message(),
            offset: fault.offset,
        }
    }
}
