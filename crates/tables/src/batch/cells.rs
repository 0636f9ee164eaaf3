//! Attributes of rows as a list of cells per row, or of several rows with the same attributes.
//!
//! One flat list, because rolling back is a truncation and appending costs neither a search nor an
//! allocation; the assembler spreads the cells over columns when it knows the columns.
//!
//! Texts of keys whose values repeat are stored once each: a cell holds a code, which stays one all
//! the way into the file (`cargo bench -p otolith-ingest --bench convert`).

use std::sync::Arc;

use otolith_otlp::KeyValue;

use crate::dialect::known_keys;
use crate::part::{AttributePlace, ColumnType};
use crate::value::fit::{Scalar, Sent, fit};
use crate::value::json;
use crate::value::series::{AttributesHash, key_hash};
use crate::wanted::Wanted;

use super::cell::{CODED, SENT_AS_IS, SENT_DOUBLE, SENT_INT, SENT_STRING, SENT_TEXT};
pub(crate) use super::cell::{Cell, Kind};
use super::interner::Interner;
use super::key_texts::KeyTexts;
use super::lists::Lists;

/// Bytes that a cell counts for in each further row of its list: what columns of a part take when it is
/// built. So memory does not grow where many rows are the same.
const REPEATED_CELL_BYTES: usize = 8;

/// What is known of a key.
#[derive(Debug)]
struct KeyInfo {
    /// Type of the column of a known key.
    known: Option<ColumnType>,
    hash: u64,
    /// Bit per kind that was announced.
    announced: u8,
    texts: KeyTexts,
    /// Whether its values are kept.
    is_kept: bool,
}

/// Attributes of rows.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    cells: Vec<Cell>,
    pub(crate) lists: Lists,
    /// The running row has the attributes of this list of rows before.
    repeated: Option<u32>,
    /// The running row has a list that rows to come may share: its name, its hash, and the bytes of
    /// all texts before it.
    fresh_list: Option<(u32, AttributesHash, usize)>,
    bytes: Vec<u8>,
    /// Bytes of the texts of all rows, coded or not.
    text_bytes: usize,
    /// Cells of all rows, shared or not.
    row_cells: usize,
    /// Texts as sent of converted values that are not canonical, where they end in `sent_bytes`.
    sent_texts: Vec<usize>,
    sent_bytes: Vec<u8>,
    keys: Interner,
    infos: Vec<KeyInfo>,
    /// Keys whose texts changed, in order.
    text_changes: Vec<u32>,
    /// Each key and kind that can have a column, in order of appearance.
    announced: Vec<(u32, Kind)>,
    /// How many of `announced` are not fresh.
    passed_on: usize,
    /// The attributes that are kept, and where these ones stand; all if none.
    wanted: Option<(Arc<Wanted>, AttributePlace)>,
}

/// A state to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellsMark {
    rows: usize,
    lists: usize,
    cells: usize,
    bytes: usize,
    sent_texts: usize,
    keys: usize,
    text_changes: usize,
    announced: usize,
}

impl Cells {
    /// Makes an empty list that keeps what is wanted of the attributes of a place; all if nothing
    /// is said.
    pub(crate) fn new(wanted: Option<&Arc<Wanted>>, place: AttributePlace) -> Self {
        Self {
            wanted: wanted.map(|wanted| (Arc::clone(wanted), place)),
            ..Self::default()
        }
    }

    /// Appends the attributes of a row, which [`Self::end_row`] ends.
    pub(crate) fn push<'a>(&mut self, attributes: impl IntoIterator<Item = &'a KeyValue<'a>>) {
        self.keys.restart();
        for attribute in attributes {
            self.push_one(attribute);
        }
    }

    /// As [`Self::push`], with the hash of the attributes. Lists of one `name` are the same: only the
    /// first one is looked at and stored (`cargo bench -p otolith-ingest --bench convert`).
    pub(crate) fn push_hashed(
        &mut self,
        attributes: &[KeyValue<'_>],
        name: Option<u32>,
    ) -> AttributesHash {
        if let Some(list) = name.and_then(|name| self.lists.find(name)) {
            self.repeated = Some(list.list);
            self.text_bytes += list.text_bytes;
            return list.hash;
        }
        let text_bytes = self.text_bytes;
        let hash = self.push_new(attributes);
        self.fresh_list = name.map(|name| (name, hash, text_bytes));
        hash
    }

    fn push_new(&mut self, attributes: &[KeyValue<'_>]) -> AttributesHash {
        let mut hash = AttributesHash::default();
        self.keys.restart();
        for attribute in attributes {
            let key = self.push_one(attribute);
            let info = &self.infos[key as usize];
            if !info.is_kept {
                hash.add(info.hash, &attribute.value);
                continue;
            }
            // The hash that finds a text again is the one that goes into the series.
            match self.cells.last().and_then(|cell| cell.code()) {
                Some(code) => hash.add_hashed(info.texts.hash(code)),
                None => hash.add(info.hash, &attribute.value),
            }
        }
        hash
    }

    fn push_one(&mut self, attribute: &KeyValue<'_>) -> u32 {
        let key = self.key(attribute.key);
        let info = &self.infos[key as usize];
        if !info.is_kept {
            return key;
        }
        let known = info.known;
        let Some((scalar, sent)) = fit(&attribute.value, known) else {
            let start = self.bytes.len();
            json::write_rest(&mut self.bytes, &attribute.value);
            self.push_text(key, Kind::Json, start);
            return key;
        };
        let sent = self.sent(sent);
        match scalar {
            Scalar::String(text) => {
                let info = &mut self.infos[key as usize];
                let (code, is_change) = info.texts.code(info.hash, text);
                if is_change {
                    self.text_changes.push(key);
                }
                match code {
                    Some(code) => {
                        let len = u32::try_from(text.len()).expect("frames are smaller");
                        self.text_bytes += text.len();
                        self.push_cell(key, Kind::String, CODED | u64::from(code), len);
                    }
                    None => {
                        let start = self.bytes.len();
                        self.bytes.extend_from_slice(text.as_bytes());
                        self.push_text(key, Kind::String, start);
                    }
                }
            }
            Scalar::Bool(truth) => self.push_cell(key, Kind::Boolean, u64::from(truth), sent),
            Scalar::Int(int) => self.push_cell(key, Kind::Int64, int.cast_unsigned(), sent),
            Scalar::Double(double) => {
                self.push_cell(key, Kind::Double, double.to_bits(), sent);
            }
        }
        key
    }

    /// How a value was sent, as a number for its cell.
    fn sent(&mut self, sent: Sent<'_>) -> u32 {
        match sent {
            Sent::AsIs => SENT_AS_IS,
            Sent::String => SENT_STRING,
            Sent::Int => SENT_INT,
            Sent::Double => SENT_DOUBLE,
            Sent::Text(text) => {
                let index = u32::try_from(self.sent_texts.len()).expect("frames are smaller");
                self.sent_bytes.extend_from_slice(text.as_bytes());
                self.sent_texts.push(self.sent_bytes.len());
                SENT_TEXT + index
            }
        }
    }

    /// How the value of a cell was sent.
    pub(crate) fn sent_as(&self, cell: Cell) -> Sent<'_> {
        if cell.is_text() {
            return Sent::AsIs;
        }
        match cell.key_and_sent().1 {
            SENT_AS_IS => Sent::AsIs,
            SENT_STRING => Sent::String,
            SENT_INT => Sent::Int,
            SENT_DOUBLE => Sent::Double,
            number => {
                let index = (number - SENT_TEXT) as usize;
                let start = index.checked_sub(1).map_or(0, |last| self.sent_texts[last]);
                let text = &self.sent_bytes[start..self.sent_texts[index]];
                Sent::Text(std::str::from_utf8(text).expect("whole texts are held"))
            }
        }
    }

    /// Ends a row, with values of base columns that did not fit: the name of the column and JSON.
    pub(crate) fn end_row(&mut self, reserved: &[(&str, String)]) {
        let fresh_list = self.fresh_list.take();
        if let Some(list) = self.repeated.take() {
            if reserved.is_empty() {
                self.row_cells += self.lists.range(list).len();
                return self.lists.repeat(list);
            }
            self.copy(list);
        }
        for (column, json) in reserved {
            let key = self.key(&format!("{}{column}", json::RESERVED_PREFIX));
            let start = self.bytes.len();
            self.bytes.extend_from_slice(json.as_bytes());
            self.push_text(key, Kind::Reserved, start);
        }
        self.row_cells += self.cells.len() - self.lists.cells();
        self.lists.end(self.cells.len());
        if let Some((name, hash, before)) = fresh_list
            && reserved.is_empty()
        {
            self.lists.share(name, self.text_bytes - before, hash);
        }
    }

    /// Copies the cells of a list, to which others will be added.
    fn copy(&mut self, list: u32) {
        for index in self.lists.range(list) {
            let cell = self.cells[index];
            if cell.code().is_some() {
                self.infos[cell.key() as usize].texts.ask_again();
            }
            self.cells.push(cell);
        }
    }

    fn key(&mut self, key: &str) -> u32 {
        let (number, new) = self.keys.intern(key.as_bytes());
        if new {
            self.infos.push(KeyInfo {
                known: known_keys::known(key).map(|known| known.r#type),
                hash: key_hash(key.as_bytes()),
                announced: 0,
                texts: KeyTexts::default(),
                is_kept: match &self.wanted {
                    None => true,
                    Some((wanted, place)) => wanted.has_key(*place, key),
                },
            });
        }
        number
    }

    fn push_text(&mut self, key: u32, kind: Kind, start: usize) {
        let len = self.bytes.len() - start;
        self.text_bytes += len;
        let len = u32::try_from(len).expect("frames are smaller");
        self.push_cell(key, kind, start as u64, len);
    }

    fn push_cell(&mut self, key: u32, kind: Kind, value: u64, len: u32) {
        let bit = 1 << kind as u8;
        let info = &mut self.infos[key as usize];
        if info.announced & bit == 0 && Kind::COLUMNS.contains(&kind) {
            info.announced |= bit;
            self.announced.push((key, kind));
        }
        self.cells.push(Cell::new(key, kind, value, len));
    }

    /// The cells of a row, in the order as sent.
    pub(crate) fn row(&self, row: u32) -> &[Cell] {
        self.list(self.lists.of_row(row))
    }

    /// The cells of a list of rows.
    pub(crate) fn list(&self, list: u32) -> &[Cell] {
        &self.cells[self.lists.range(list)]
    }

    /// The bytes of the text of a cell.
    pub(crate) fn text(&self, cell: Cell) -> &[u8] {
        if let Some(code) = cell.code() {
            return self.texts(cell.key()).get(code);
        }
        let start = cell.start();
        &self.bytes[start..start + cell.len_bytes()]
    }

    /// The text of a cell.
    pub(crate) fn text_str(&self, cell: Cell) -> &str {
        std::str::from_utf8(self.text(cell)).expect("cells hold whole texts")
    }

    /// The texts that codes of a key mean.
    pub(crate) fn texts(&self, key: u32) -> &KeyTexts {
        &self.infos[key as usize].texts
    }

    /// Hash of a key, which those of its texts are made with.
    pub(crate) fn key_hash(&self, key: u32) -> u64 {
        self.infos[key as usize].hash
    }

    /// Bytes of the texts of all rows, each counted as often as it appears.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The key of a number.
    pub(crate) fn key_text(&self, key: u32) -> &str {
        std::str::from_utf8(self.keys.get(key)).expect("keys are text")
    }

    pub(crate) fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Keys and kinds that can have a column and that the last rows brought first.
    pub(crate) fn fresh(&self) -> &[(u32, Kind)] {
        &self.announced[self.passed_on..]
    }

    /// Empties [`Self::fresh`].
    pub(crate) fn forget_fresh(&mut self) {
        self.passed_on = self.announced.len();
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.cells.len() * size_of::<Cell>()
            + self.row_cells.saturating_sub(self.cells.len()) * REPEATED_CELL_BYTES
            + self.lists.len_bytes()
            + self.bytes.len()
            + self.sent_bytes.len()
            + self.sent_texts.len() * size_of::<usize>()
            + self.keys.len_bytes()
            + self
                .infos
                .iter()
                .map(|info| info.texts.len_bytes())
                .sum::<usize>()
    }

    pub(crate) fn mark(&self) -> CellsMark {
        CellsMark {
            rows: self.lists.rows(),
            lists: self.lists.len(),
            cells: self.cells.len(),
            bytes: self.bytes.len(),
            sent_texts: self.sent_texts.len(),
            keys: self.keys.len(),
            text_changes: self.text_changes.len(),
            announced: self.announced.len(),
        }
    }

    pub(crate) fn truncate(&mut self, mark: CellsMark) {
        for row in mark.rows..self.lists.rows() {
            let cells = self.row(row as u32);
            let text_bytes: usize = cells.iter().map(|cell| cell.len_bytes()).sum();
            let count = cells.len();
            self.row_cells -= count;
            self.text_bytes -= text_bytes;
        }
        self.lists.truncate(mark.rows, mark.lists);
        (self.repeated, self.fresh_list) = (None, None);
        for cell in self.cells.drain(mark.cells..) {
            if cell.code().is_some() {
                self.infos[cell.key() as usize].texts.forget_one();
            }
        }
        for key in self.text_changes.drain(mark.text_changes..).rev() {
            self.infos[key as usize].texts.undo();
        }
        self.bytes.truncate(mark.bytes);
        self.sent_texts.truncate(mark.sent_texts);
        self.sent_bytes
            .truncate(self.sent_texts.last().copied().unwrap_or(0));
        for (key, kind) in self.announced.drain(mark.announced..) {
            self.infos[key as usize].announced &= !(1 << kind as u8);
        }
        self.passed_on = mark.announced;
        self.keys.truncate(mark.keys);
        self.infos.truncate(mark.keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::Value;

    #[test]
    fn coded_texts_count_as_often_as_they_appear() {
        let mut cells = Cells::default();
        let row = [attribute("a", Value::String("abc"))];
        push(&mut cells, &row);
        let mark = cells.mark();
        push(&mut cells, &row);
        assert_eq!(cells.text_bytes(), 6);
        let codes: Vec<_> = (0..2).map(|row| cells.row(row)[0].code()).collect();
        assert_eq!(codes, [Some(0); 2]);
        assert_eq!(cells.text_str(cells.row(1)[0]), "abc");
        cells.truncate(mark);
        assert_eq!(cells.text_bytes(), 3);
    }

    fn attribute<'a>(key: &'a str, value: Value<'a>) -> KeyValue<'a> {
        KeyValue { key, value }
    }

    fn push(cells: &mut Cells, attributes: &[KeyValue<'_>]) -> Vec<(String, Kind)> {
        cells.push(attributes);
        cells.end_row(&[]);
        let fresh = cells
            .fresh()
            .iter()
            .map(|(key, kind)| (cells.key_text(*key).to_owned(), *kind))
            .collect();
        cells.forget_fresh();
        fresh
    }

    #[test]
    fn what_is_not_wanted_is_hashed_and_not_kept() {
        let keys = [(AttributePlace::Item, ["a".to_owned()].into())].into();
        let wanted = Arc::new(Wanted {
            items: Vec::new(),
            keys,
        });
        let mut some = Cells::new(Some(&wanted), AttributePlace::Item);
        let mut all = Cells::default();
        let row = ["b", "a", "c"].map(|key| attribute(key, Value::String("x")));
        assert_eq!(some.push_hashed(&row, None), all.push_hashed(&row, None));
        some.end_row(&[("time", "1".to_owned())]);
        let keys: Vec<_> = some.row(0).iter().map(|c| some.key_text(c.key())).collect();
        assert_eq!(keys, ["a", "otolith.time"]);
        assert_eq!(some.text_bytes(), 2);
    }

    /// What rows say, in order.
    fn texts(cells: &Cells) -> Vec<String> {
        (0..cells.lists.rows() as u32)
            .map(|row| {
                let texts = cells.row(row).iter().map(|cell| cells.text_str(*cell));
                texts.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn rows_share_lists_of_one_name() {
        let mut cells = Cells::default();
        let (one, two) = (
            [attribute("a", Value::String("one"))],
            [attribute("a", Value::String("two"))],
        );
        let push = |cells: &mut Cells, row: &[KeyValue<'_>], name, reserved: &[_]| {
            let hash = cells.push_hashed(row, name);
            cells.end_row(reserved);
            hash
        };
        let hash = push(&mut cells, &one, Some(0), &[]);
        assert_eq!(push(&mut cells, &one, Some(0), &[]), hash);
        let mark = cells.mark();
        let state = (cells.len_bytes(), cells.text_bytes());
        assert_eq!((cells.cells.len(), state.1), (1, 6));
        // A value of a column that did not fit belongs to one row alone, whoever comes first.
        let reserved = [("time", "1".to_owned())];
        assert_eq!(push(&mut cells, &one, Some(0), &reserved), hash);
        push(&mut cells, &two, Some(1), &reserved);
        push(&mut cells, &two, Some(1), &[]);
        push(&mut cells, &two, Some(1), &[]);
        push(&mut cells, &one, Some(0), &[]);
        assert_eq!(
            texts(&cells),
            ["one", "one", "one 1", "two 1", "two", "two", "one"]
        );
        assert_eq!(cells.text_bytes(), 7 * 3 + 2);
        cells.truncate(mark);
        assert_eq!((cells.len_bytes(), cells.text_bytes()), state);
        assert_eq!(texts(&cells), ["one", "one"]);
        push(&mut cells, &two, Some(1), &[]);
        assert_eq!(texts(&cells), ["one", "one", "two"]);
    }

    #[test]
    fn each_key_and_kind_is_announced_once_and_again_after_a_truncation() {
        let mut cells = Cells::default();
        let int = attribute("a", Value::Int(1));
        let text = attribute("a", Value::String("x"));
        let empty = attribute("a", Value::Empty);
        let name = |kind| vec![("a".to_owned(), kind)];
        assert_eq!(push(&mut cells, &[int]), name(Kind::Int64));
        assert_eq!(push(&mut cells, &[int]), []);
        assert_eq!(push(&mut cells, &[empty]), []);
        let mark = cells.mark();
        assert_eq!(push(&mut cells, &[text]), name(Kind::String));
        cells.truncate(mark);
        assert_eq!(push(&mut cells, &[int]), []);
        assert_eq!(push(&mut cells, &[text]), name(Kind::String));
    }
}
