//! Brings the tables to what a record says. Whatever of it was done before is not done again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use otolith_tables::{Field, Table, base_fields};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::record::{Action, PartRecord, Record, TableRecord};
use crate::delta::{self, Change, DeltaTable, Engine, NewPart, Operation, PartStats, Target};
use crate::disk;
use crate::error::LakeError;
use crate::field::{self, from_arrow};
use crate::names;

/// Where and as whom records are applied.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub lake: &'a Path,
    pub engine: &'a Engine,
    /// Names the lake in the logs of its tables.
    pub application: &'a str,
    /// A directory that this process has for itself.
    pub aside: &'a Path,
}

/// Applies the record with a number. All before it must be applied.
pub(crate) fn apply(place: &Place<'_>, number: u64, record: &Record) -> Result<(), LakeError> {
    // Rejects before rows: what was not taken is never lost.
    apply_rejects(place, record)?;
    let tables = each(&record.tables, |changed| open(place, number, changed))?;
    each(&tables, |table| put_parts(place, record, table))?;
    // Entries become durable from the leaves up, each directory once: what shows a part comes last.
    for level in directories(place.lake, &tables) {
        let level: Vec<PathBuf> = level.into_iter().collect();
        each(&level, |path| place.engine.durability().sync_path(path))?;
    }
    each(&tables, |table| commit(place, number, record, table))?;
    let rejects = place.lake.join(names::REJECTS);
    for name in &record.removed_rejects {
        disk::remove_file(&rejects.join(name))?;
    }
    Ok(())
}

fn apply_rejects(place: &Place<'_>, record: &Record) -> Result<(), LakeError> {
    let (Some(file), Some(staging)) = (&record.rejects, &record.staging) else {
        return Ok(());
    };
    let directory = place.lake.join(names::REJECTS);
    let from = place.lake.join(names::TEMPORARY).join(staging);
    if !from.is_dir() {
        // The run was finished: a later one, or a person, may have taken its rejects away.
        return Ok(());
    }
    disk::create_dir_all(&directory)?;
    put(
        &from.join(names::STAGED_REJECTS),
        &directory.join(&file.name),
    )?;
    place.engine.durability().sync_path(&directory)
}

/// Does the same with each thing. Tables do not know of each other: in a pool of threads they wait for
/// the disk side by side.
fn each<'a, T: Sync, R: Send>(
    things: &'a [T],
    work: impl Fn(&'a T) -> Result<R, LakeError> + Send + Sync,
) -> Result<Vec<R>, LakeError> {
    match rayon::current_thread_index() {
        None => things.iter().map(work).collect(),
        Some(_) => things.par_iter().map(work).collect(),
    }
}

/// A table that a record changes.
struct Changed<'a> {
    record: &'a TableRecord,
    table: Table,
    directory: PathBuf,
    opened: Option<DeltaTable>,
    /// The record is in its log.
    is_applied: bool,
}

impl Changed<'_> {
    /// The directories that parts are put into.
    fn dates(&self) -> impl Iterator<Item = PathBuf> {
        let parts = match self.is_applied {
            // Later records may have taken away what this one put there.
            true => &[],
            false => self.record.add.as_slice(),
        };
        let paths = parts.iter().map(|part| self.directory.join(&part.path));
        paths.map(|path| path.parent().map_or(path.clone(), Path::to_owned))
    }
}

fn open<'a>(
    place: &Place<'_>,
    number: u64,
    record: &'a TableRecord,
) -> Result<Changed<'a>, LakeError> {
    let (database, table) = record
        .place()
        .expect("records are checked when they are read");
    let directory = place.lake.join(names::table_directory(&database, table));
    let opened = DeltaTable::open(place.engine, &directory)?;
    let run = match &opened {
        None => None,
        Some(opened) => opened.run(place.engine, place.application)?,
    };
    Ok(Changed {
        record,
        table,
        directory,
        opened,
        is_applied: run >= Some(number.cast_signed()),
    })
}

/// Moves the parts of a table to their places.
fn put_parts(place: &Place<'_>, record: &Record, changed: &Changed<'_>) -> Result<(), LakeError> {
    let dates: BTreeSet<PathBuf> = changed.dates().collect();
    if dates.is_empty() {
        return Ok(());
    }
    // The log's directory as well, so that it is durable before there is anything in it.
    for directory in dates.iter().chain([&changed.directory.join(names::LOG)]) {
        disk::create_dir_all(directory)?;
    }
    let staging = record.staging.as_deref().unwrap_or_default();
    let staging = place.lake.join(names::TEMPORARY).join(staging);
    for part in &changed.record.add {
        put(
            &staging.join(&part.staged),
            &changed.directory.join(&part.path),
        )?;
    }
    Ok(())
}

/// The directories that parts were put into and those above them, the deepest first.
fn directories(lake: &Path, tables: &[Changed<'_>]) -> Vec<BTreeSet<PathBuf>> {
    let mut levels = vec![tables.iter().flat_map(Changed::dates).collect()];
    let above = |paths: &BTreeSet<PathBuf>| {
        let inside = paths.iter().filter(|path| *path != lake);
        let above: BTreeSet<PathBuf> = inside
            .filter_map(|path| path.parent().map(Path::to_owned))
            .collect();
        above
    };
    while let Some(level) = levels.last().map(above).filter(|level| !level.is_empty()) {
        levels.push(level);
    }
    levels
}

/// Tells the log of a table, which is what shows its parts.
fn commit(
    place: &Place<'_>,
    number: u64,
    record: &Record,
    changed: &Changed<'_>,
) -> Result<(), LakeError> {
    let directory = &changed.directory;
    if changed.is_applied {
        return remove_parts(directory, changed.record);
    }
    let (fields, add) = look_at(directory, changed.table, &changed.record.add)?;
    let change = Change {
        application: place.application,
        run: number.cast_signed(),
        operation: match (record.action, changed.record.add.is_empty()) {
            (Action::Convert, _) => Operation::Write,
            (Action::Compact, _) => Operation::Rewrite,
            (Action::Drop, _) => Operation::Delete,
        },
        fields,
        add,
        remove: changed
            .record
            .remove
            .iter()
            .map(|part| part.path.clone())
            .collect(),
    };
    let target = Target {
        directory,
        table: changed.table,
        aside: &aside_of_thread(place)?,
    };
    delta::commit(place.engine, &target, changed.opened.clone(), &change)?;
    remove_parts(directory, changed.record)
}

/// A directory that this thread has for itself: files of the same name are made for all tables.
fn aside_of_thread(place: &Place<'_>) -> Result<PathBuf, LakeError> {
    let Some(thread) = rayon::current_thread_index() else {
        return Ok(place.aside.to_owned());
    };
    let aside = place.aside.join(format!("thread-{thread}"));
    disk::create_dir_all(&aside)?;
    Ok(aside)
}

/// Deletes parts at once: whoever reads the files without the log must not see rows twice.
fn remove_parts(directory: &Path, changed: &TableRecord) -> Result<(), LakeError> {
    for part in &changed.remove {
        let path = directory.join(&part.path);
        disk::remove_file(&path)?;
        if let Some(parent) = path.parent() {
            // Fails as long as other parts of the date are there.
            let _ = std::fs::remove_dir(parent);
        }
    }
    Ok(())
}

/// Moves a file to its place unless it is there already.
fn put(from: &Path, to: &Path) -> Result<(), LakeError> {
    match from.try_exists().map_err(LakeError::io("look at", from))? {
        true => disk::rename(from, to),
        false if to.is_file() => Ok(()),
        false => Err(LakeError::PartGone {
            path: to.to_owned(),
        }),
    }
}

/// The columns of parts in order, and what the log is told of each.
fn look_at(
    directory: &Path,
    table: Table,
    parts: &[PartRecord],
) -> Result<(Vec<Field>, Vec<NewPart>), LakeError> {
    let base = base_fields(table);
    let mut fields: Vec<Field> = Vec::new();
    let mut add = Vec::with_capacity(parts.len());
    for part in parts {
        let path = directory.join(&part.path);
        let footer = delta::footer(&path)?;
        let of_part = footer.schema().fields().iter();
        let of_part = of_part.map(|field| from_arrow(field, &base, &path));
        let of_part = of_part.collect::<Result<Vec<_>, _>>()?;
        field::join(&mut fields, of_part, &path)?;
        let modified = path
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(LakeError::io("look at", &path))?;
        let millis = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        add.push(NewPart {
            date: names::date_of_part(&part.path).unwrap_or(0),
            path: part.path.clone(),
            len_bytes: part.len_bytes,
            modified_millis: i64::try_from(millis.as_millis()).unwrap_or(i64::MAX),
            stats: PartStats::of(&footer),
        });
    }
    Ok((fields, add))
}
