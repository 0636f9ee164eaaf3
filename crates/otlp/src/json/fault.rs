//! What a reader stops at, and what it tolerates.

use std::borrow::Cow;

use otolith_capture::RejectCode;

use crate::problems::{
    BAD_JSON, CUT_REFERENCE, DUPLICATE_ATTRIBUTE_KEY, DUPLICATE_MEMBER, INT_OUT_OF_RANGE,
    LONE_SURROGATE, NO_KNOWN_DATA, PROFILES_IGNORED, SEVERAL_DATA_KINDS, STRING_INDEX_IGNORED,
};
use crate::sink::NoteCode;

/// The reader stopped; [`Reader::take_fault`](super::reader::Reader::take_fault) says why. Empty, so that results stay in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop;

/// Why the reader stopped.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) code: RejectCode,
    pub(super) offset: usize,
    pub(super) message: Cow<'static, str>,
}

impl Fault {
    /// Whether the text is not JSON, so that nothing after the fault can be trusted.
    pub(super) fn is_syntax(&self) -> bool {
        self.code == BAD_JSON
    }
}

/// A deviation that was tolerated, as an index into [`Reader::notes`](super::reader::Reader::notes).
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    DuplicateAttributeKey,
    DuplicateMember,
    IntOutOfRange,
    LoneSurrogate,
    StringIndexIgnored,
    ProfilesIgnored,
    SeveralDataKinds,
    NoKnownData,
    CutReference,
}

/// The note codes in the order of [`Note`].
pub(super) const NOTE_CODES: [NoteCode; 9] = [
    DUPLICATE_ATTRIBUTE_KEY,
    DUPLICATE_MEMBER,
    INT_OUT_OF_RANGE,
    LONE_SURROGATE,
    STRING_INDEX_IGNORED,
    PROFILES_IGNORED,
    SEVERAL_DATA_KINDS,
    NO_KNOWN_DATA,
    CUT_REFERENCE,
];
