//! Dumps of the JavaScript SDK against what its own OTLP/JSON exporter sent of the same telemetry:
//! equal tables, but for what the dumps lack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use otolith_tables::Table;

use crate::rows::{Cell, Row, converted, converted_with_account};

/// A dump of `testdata/javascript-sdk`.
type Dump = (&'static str, &'static str);

const SEEN_1: Dump = ("sdk-1", "seen.json");
const LINES_1: Dump = ("sdk-1", "lines.jsonl");
const SEEN_2: Dump = ("sdk-2", "seen.json");
const ANCESTORS_2: Dump = ("sdk-2", "ancestors.json");
const LINES_2: Dump = ("sdk-2", "lines.jsonl");
const GEMINI: Dump = ("gemini-cli", "seen.json");
const QWEN: Dump = ("qwen-code", "ancestors.json");
const COPILOT: Dump = ("copilot-chat", "lines.jsonl");
const DUMPS: [Dump; 8] = [
    SEEN_1,
    LINES_1,
    SEEN_2,
    ANCESTORS_2,
    LINES_2,
    GEMINI,
    QWEN,
    COPILOT,
];

/// A column in which dumps and OTLP differ.
struct Difference {
    dumps: &'static [Dump],
    table: Table,
    column: &'static str,
    /// The values of OTLP and dump, where they are not equal.
    values: &'static [(Value, Value)],
}

/// A value of a [`Difference`].
#[derive(Debug)]
enum Value {
    Missing,
    Any,
    Int(i64),
}

use Value::{Any, Int, Missing};

impl Value {
    fn is(&self, cell: Option<&Cell>) -> bool {
        match self {
            Missing => cell.is_none(),
            Any => cell.is_some(),
            Int(value) => cell == Some(&Cell::Int(*value)),
        }
    }
}

/// What is known to differ, and why.
const DIFFERENCES: [Difference; 12] = [
    // The SDK holds a trace state as a map, whose entries are not written.
    Difference {
        dumps: &[SEEN_1, SEEN_2, ANCESTORS_2],
        table: Table::Traces,
        column: "trace_state",
        values: &[(Any, Missing)],
    },
    Difference {
        dumps: &[SEEN_1, LINES_1, SEEN_2, ANCESTORS_2, LINES_2],
        table: Table::SpanLinks,
        column: "trace_state",
        values: &[(Any, Missing)],
    },
    // The exporter of SDK 1.x sends no flags of spans and links, though the SDK knows them.
    Difference {
        dumps: &[SEEN_1, LINES_1],
        table: Table::Traces,
        column: "flags",
        values: &[(Int(0), Int(1)), (Int(0), Int(0x101))],
    },
    Difference {
        dumps: &[SEEN_1, LINES_1],
        table: Table::SpanLinks,
        column: "flags",
        values: &[(Int(0), Int(0x101)), (Int(0), Int(0x301))],
    },
    // Of the parent only the id is written, not whether it is remote.
    Difference {
        dumps: &[LINES_2, COPILOT],
        table: Table::Traces,
        column: "flags",
        values: &[(Int(0x101), Int(1)), (Int(0x301), Int(1))],
    },
    // Of the resource of a span only the attributes are written.
    Difference {
        dumps: &[LINES_2],
        table: Table::Traces,
        column: "resource_schema_url",
        values: &[(Any, Missing)],
    },
    Difference {
        dumps: &[LINES_2],
        table: Table::SpanEvents,
        column: "resource_schema_url",
        values: &[(Any, Missing)],
    },
    Difference {
        dumps: &[LINES_2],
        table: Table::SpanLinks,
        column: "resource_schema_url",
        values: &[(Any, Missing)],
    },
    // The context of a link was written before: as that of the parent or of another link.
    Difference {
        dumps: &[SEEN_2],
        table: Table::SpanLinks,
        column: "linked_trace_id",
        values: &[(Any, Missing)],
    },
    Difference {
        dumps: &[SEEN_2],
        table: Table::SpanLinks,
        column: "linked_span_id",
        values: &[(Any, Missing)],
    },
    Difference {
        dumps: &[SEEN_2],
        table: Table::SpanLinks,
        column: "flags",
        values: &[(Int(0x301), Int(0))],
    },
    // The start of observed values was written before: as the end or as another start.
    Difference {
        dumps: &[SEEN_1, SEEN_2],
        table: Table::Metrics,
        column: "start_time_unix_nano",
        values: &[(Any, Missing)],
    },
];

fn file(dump: Dump) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/javascript-sdk");
    dir.join(dump.0).join(dump.1)
}

/// The known differences of a table of a dump.
fn differences(dump: Dump, table: Table) -> Vec<&'static Difference> {
    let of_table = |known: &&Difference| known.table == table && known.dumps.contains(&dump);
    DIFFERENCES.iter().filter(of_table).collect()
}

/// The cells of a row that must be equal, as a text. Where in a request an item stands, and in which,
/// is not of interest.
fn equal_cells(row: &Row, differences: &[&Difference]) -> String {
    let may_differ = |name: &str| differences.iter().any(|known| known.column == name);
    let cells: Vec<String> = row
        .cells
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "source" | "item") && !may_differ(name))
        .map(|(name, cell)| format!("{name}={cell:?}"))
        .collect();
    cells.join(" ")
}

/// Rows of OTLP without a row of the dump.
fn assert_equal_but_for_differences(
    sent: &[Row],
    dumped: &[Row],
    differences: &[&Difference],
    what: &str,
) -> usize {
    let mut partners: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in sent {
        let key = equal_cells(row, differences);
        partners.entry(key).or_default().push(row);
    }
    for row in dumped {
        let key = equal_cells(row, differences);
        let partner = partners.get_mut(&key).and_then(Vec::pop);
        let partner = partner.unwrap_or_else(|| panic!("{what}: not sent: {row:?}"));
        for known in differences {
            let (sent, dumped) = (partner.get(known.column), row.get(known.column));
            let is_known = |(left, right): &(Value, Value)| left.is(sent) && right.is(dumped);
            assert!(
                sent == dumped || known.values.iter().any(is_known),
                "{what}: {}: {sent:?} became {dumped:?}",
                known.column
            );
        }
    }
    partners.values().map(Vec::len).sum()
}

#[test]
fn dumps_give_the_tables_of_otlp() {
    for dump in DUMPS {
        let sent = converted(&[file((dump.0, "otlp.jsonl"))]);
        let (dumped, account) = converted_with_account(&[file(dump)]);
        let mut lost = BTreeMap::new();
        for table in Table::ALL {
            let rows = |of: &BTreeMap<Table, Vec<Row>>| of.get(&table).cloned().unwrap_or_default();
            let count = assert_equal_but_for_differences(
                &rows(&sent.tables),
                &rows(&dumped.tables),
                &differences(dump, table),
                &format!("{dump:?}: {table}"),
            );
            if count > 0 {
                lost.insert(table, count);
            }
        }
        // Points of a counter and a histogram that were called with one attribute object.
        let (points, cut) = match dump {
            SEEN_1 => (5, 20),
            SEEN_2 => (5, 21),
            _ => (0, 0),
        };
        let rejects: Vec<_> = account
            .rejects
            .iter()
            .map(|group| (group.code, group.count))
            .collect();
        let notes: Vec<_> = account
            .notes
            .iter()
            .map(|note| (note.code, note.count))
            .collect();
        if points == 0 {
            assert!(
                account.is_clean() && lost.is_empty(),
                "{dump:?}: {lost:?} {account:?}"
            );
            assert!(notes.is_empty(), "{dump:?}: {notes:?}");
        } else {
            assert_eq!(lost, BTreeMap::from([(Table::Histograms, points)]));
            assert_eq!(rejects, [("lost_reference", points as u64)]);
            assert_eq!(notes, [("cut_reference", cut)]);
        }
    }
}

#[test]
fn every_known_difference_occurs() {
    for known in &DIFFERENCES {
        for dump in known.dumps {
            let cells = |name| {
                let (rows, _) = converted_with_account(&[file((dump.0, name))]);
                let rows = &rows.tables[&known.table];
                let mut cells: Vec<String> = rows
                    .iter()
                    .map(|row| format!("{:?}", row.get(known.column)))
                    .collect();
                cells.sort();
                cells
            };
            assert_ne!(
                cells("otlp.jsonl"),
                cells(dump.1),
                "{dump:?} {}",
                known.column
            );
        }
    }
}
