//! The answer that the tests of all formats render.

use otolith_report::{Cell, CellType, Column, NanoDollars, Note, NoteCode, Report};

/// Two rows with one column of each kind that needs care.
pub fn sample() -> Report {
    Report {
        report: "sample".to_owned(),
        parameters: serde_json::Map::new(),
        columns: vec![
            Column::new("agent", CellType::Text),
            Column::with_unit("tokens", CellType::Int, "tokens"),
            Column::with_unit("cost_usd", CellType::Money, "USD"),
            Column::with_unit("p50_ms", CellType::Double, "ms"),
            Column::new("at", CellType::Time),
        ],
        rows: vec![
            vec![
                Cell::Text("claude, \"x\"".to_owned()),
                Cell::Int(1_234_567),
                Cell::Money(NanoDollars(500_000_000)),
                Cell::Double(1.5),
                Cell::Time(1_795_132_800_000_000_000),
            ],
            vec![
                Cell::Text("a|b\n".to_owned()),
                Cell::Null,
                Cell::Money(NanoDollars(69_090_000)),
                Cell::Null,
                Cell::Null,
            ],
        ],
        notes: vec![Note {
            code: NoteCode::DuplicatesRemoved,
            text: "items removed".to_owned(),
            count: 2,
        }],
    }
}
