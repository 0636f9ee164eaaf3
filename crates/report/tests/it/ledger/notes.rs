//! Notes count what was planted.

use otolith_corpus::Ledger;
use otolith_report::{Data, Note, NoteCode, Selection, TokensQuery, ToolsQuery};

use super::fleet::calendar;

pub fn check(ledger: &Ledger, data: Data<'_>) {
    let query = TokensQuery {
        by: Vec::new(),
        calendar: calendar("UTC"),
        selection: Selection::default(),
    };
    let notes = otolith_report::tokens(data, &query).unwrap().notes;
    let planted = &ledger.planted;
    let mut duplicates = planted.duplicates.clone();
    let points = Some(planted.duplicate_points).filter(|count| *count > 0);
    duplicates.extend(points.map(|count| (String::new(), count)));
    let found = notes
        .iter()
        .filter(|note| note.code == NoteCode::DuplicatesRemoved)
        .map(|note| {
            let subject = note
                .text
                .split_once(": ")
                .map_or("", |(subject, _)| subject);
            (subject.to_owned(), note.count)
        });
    assert_eq!(
        found.collect::<std::collections::BTreeMap<_, _>>(),
        duplicates
    );
    assert_eq!(count(&notes, NoteCode::CounterReset, ""), planted.resets);
    assert_eq!(
        count(&notes, NoteCode::UnknownStart, ""),
        planted.unknown_starts
    );
    assert_eq!(
        count(&notes, NoteCode::EarlyStart, ""),
        planted.early_starts
    );
    for question in ["tokens", "cost"] {
        covered(ledger, &notes, question);
    }
    let notes = otolith_report::tools(data, &ToolsQuery::default())
        .unwrap()
        .notes;
    covered(ledger, &notes, "tools");
    for code in [
        NoteCode::BadNumber,
        NoteCode::NegativeClass,
        NoteCode::UnspecifiedTemporality,
    ] {
        assert_eq!(count(&notes, code, ""), 0);
    }
}

fn covered(ledger: &Ledger, notes: &[Note], question: &str) {
    let planted = ledger.planted.covered.get(question).copied();
    let found = count(notes, NoteCode::CoveredByBetterSource, question);
    assert_eq!(found, planted.unwrap_or(0), "{question}");
}

/// The sum of the notes of a code whose text begins with a subject.
fn count(notes: &[Note], code: NoteCode, subject: &str) -> u64 {
    let of_code = notes.iter().filter(|note| note.code == code);
    let of_subject = of_code.filter(|note| note.text.starts_with(subject));
    of_subject.map(|note| note.count).sum()
}
