//! Reads the log of a table, and commits versions to it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use delta_kernel::engine::arrow_data::{ArrowEngineData, EngineDataArrowExt as _};
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::expressions::Scalar;
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::schema::{DataType, StructField, StructType};
use delta_kernel::snapshot::{Snapshot, SnapshotRef};
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::{CommitResult, Transaction, UpdateTableOperation, WriteState};
use delta_kernel::{FileMeta, KernelError, KernelResult};
use delta_kernel_default_engine::parquet::DataFileMetadata;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder, build_add_file_metadata};
use otolith_tables::{Field, Table, base_fields};
use url::Url;

use super::checkpoint;
use super::committer::DurableCommitter;
use super::in_place::InPlace;
use super::root::Root;
use super::schema::{from_delta, to_delta};
use super::stats::PartStats;
use crate::disk::{Aside, Durability};
use crate::error::LakeError;
use crate::field;
use crate::names;

/// Who writes, as the log says.
const WRITER: &str = concat!("otolith/", env!("CARGO_PKG_VERSION"));
/// The partition column.
const DATE: &str = "date";
/// How often a commit is tried anew when others take the version first.
const ATTEMPTS: usize = 16;

/// What the kernel works with.
pub(crate) struct Engine {
    kernel: DefaultEngine<InPlace>,
    files: Root,
    durability: Durability,
}

impl Engine {
    /// For the lake in a directory.
    pub fn new(lake: &Path, durability: Durability) -> Result<Self, LakeError> {
        Ok(Self {
            durability,
            kernel: DefaultEngineBuilder::new(Arc::new(LocalFileSystem::new()))
                .with_task_executor(Arc::new(InPlace))
                .build(),
            files: Root::new(lake)?,
        })
    }

    /// Whether what is written in the lake has to survive a crash.
    pub fn durability(&self) -> Durability {
        self.durability
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// A table as of its newest version. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct DeltaTable {
    directory: PathBuf,
    snapshot: SnapshotRef,
}

/// A part as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPart {
    /// Relative to the table.
    pub path: String,
    pub date: i32,
    pub rows: Option<u64>,
    pub len_bytes: u64,
    pub time_range: Option<(i64, i64)>,
}

/// A part that is in its place and shall be in the table.
#[derive(Debug)]
pub(crate) struct NewPart {
    /// Relative to the table.
    pub path: String,
    pub date: i32,
    pub len_bytes: u64,
    /// When the file was written, in milliseconds since the Unix epoch.
    pub modified_millis: i64,
    pub stats: PartStats,
}

/// What a commit changes.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// Names the lake as the writer of the table.
    pub application: &'a str,
    /// Number of the run: a table that has seen it or a later one is left alone.
    pub run: i64,
    pub operation: Operation,
    /// Columns of the new parts, in order.
    pub fields: Vec<Field>,
    pub add: Vec<NewPart>,
    /// Relative to the table.
    pub remove: BTreeSet<String>,
}

/// What kind of change the log names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    /// The same rows in other parts.
    Rewrite,
    Delete,
}

impl DeltaTable {
    /// Opens the table in a directory; `None` if it has no log.
    pub fn open(engine: &Engine, directory: &Path) -> Result<Option<Self>, LakeError> {
        if !names::has_log(directory)? {
            return Ok(None);
        }
        let failed = log_error("read the log of the table", directory);
        let url = engine.files.directory_url(directory)?;
        let snapshot = Snapshot::builder_for(url)
            .build(&engine.kernel)
            .map_err(failed)?;
        Ok(Some(Self {
            directory: directory.to_owned(),
            snapshot,
        }))
    }

    /// Number of the newest commit, from 0.
    pub fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// Number of the newest run of an application that the table has seen.
    pub fn run(&self, engine: &Engine, application: &str) -> Result<Option<i64>, LakeError> {
        self.snapshot
            .get_app_id_version(application, &engine.kernel)
            .map_err(log_error("read the log of the table", &self.directory))
    }

    /// The columns without `date`, in the order of the log.
    pub fn fields(&self, table: Table) -> Result<Vec<Field>, LakeError> {
        let base = base_fields(table);
        let schema = self.snapshot.schema();
        let fields = schema.fields().filter(|field| field.name() != DATE);
        fields
            .map(|field| {
                from_delta(field, &base).map_err(|found| LakeError::UnknownType {
                    column: field.name().clone(),
                    found,
                    path: self.directory.clone(),
                })
            })
            .collect()
    }

    /// The parts, sorted by date and path.
    pub fn parts(&self, engine: &Engine) -> Result<Vec<LogPart>, LakeError> {
        let failed = || log_error("read the log of the table", &self.directory);
        let mut parts = Vec::new();
        let batches = scan(&self.snapshot, engine).map_err(failed())?;
        for (batch, selected) in batches {
            read_parts(&batch, &selected, &mut parts).ok_or_else(|| LakeError::BadLog {
                path: self.directory.clone(),
            })?;
        }
        parts.sort_by(|a, b| (a.date, &a.path).cmp(&(b.date, &b.path)));
        Ok(parts)
    }
}

/// Where a change goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub directory: &'a Path,
    pub table: Table,
    /// A directory of the lake that this process has for itself.
    pub aside: &'a Path,
}

/// Commits a change, unless the table has seen its run. Makes the table if there is none.
/// `opened` is what [`DeltaTable::open`] has just found.
pub(crate) fn commit(
    engine: &Engine,
    target: &Target<'_>,
    mut opened: Option<DeltaTable>,
    change: &Change<'_>,
) -> Result<(), LakeError> {
    for _ in 0..ATTEMPTS {
        if let Some(opened) = &opened
            && opened.run(engine, change.application)? >= Some(change.run)
        {
            return Ok(());
        }
        let version = match &opened {
            Some(opened) => update(engine, opened, target, change),
            None => create(engine, target, change),
        };
        if let Some(version) = version? {
            return checkpoint_if_due(engine, target, version);
        }
        opened = DeltaTable::open(engine, target.directory)?;
    }
    Err(LakeError::Contended {
        path: target.directory.to_owned(),
        attempts: ATTEMPTS,
    })
}

/// Writes a checkpoint if the version that was just committed is due for one.
fn checkpoint_if_due(engine: &Engine, target: &Target<'_>, version: u64) -> Result<(), LakeError> {
    // Reading a log costs as much as committing to it.
    if !checkpoint::is_due(version) {
        return Ok(());
    }
    match DeltaTable::open(engine, target.directory)? {
        Some(opened) if checkpoint::is_due(opened.version()) => {
            let aside = Aside {
                directory: target.aside,
                durability: engine.durability,
            };
            checkpoint::write(&opened.snapshot, &engine.kernel, aside).map_err(log_error(
                "write a checkpoint of the log of",
                target.directory,
            ))
        }
        _ => Ok(()),
    }
}

/// The version that was committed; `None` if another writer took it.
fn create(
    engine: &Engine,
    target: &Target<'_>,
    change: &Change<'_>,
) -> Result<Option<u64>, LakeError> {
    let failed = log_error("create the table", target.directory);
    let url = engine.files.directory_url(target.directory)?;
    let attempt = || -> KernelResult<Option<u64>> {
        let base = base_fields(target.table);
        let is_new = |field: &&Field| base.iter().all(|base| base.name != field.name);
        let more = change.fields.iter().filter(is_new);
        let fields = base.iter().chain(more).map(to_delta);
        let date = StructField::nullable(DATE, DataType::DATE);
        let schema = StructType::try_new([date].into_iter().chain(fields))?;
        let mut transaction = create_table(url.clone(), Arc::new(schema), WRITER, true)
            .with_data_layout(DataLayout::partitioned([DATE]))
            .with_transaction_id(change.application, change.run)
            .build(&engine.kernel, committer(engine, target.aside))?;
        let state = transaction.write_state()?;
        add(&mut transaction, &state, &url, change)?;
        done(transaction.commit(&engine.kernel)?)
    };
    attempt().map_err(failed)
}

/// The version that was committed; `None` if another writer took it.
fn update(
    engine: &Engine,
    opened: &DeltaTable,
    target: &Target<'_>,
    change: &Change<'_>,
) -> Result<Option<u64>, LakeError> {
    let missing = missing(&opened.fields(target.table)?, change, target.directory)?;
    let attempt = || -> KernelResult<Option<u64>> {
        let operation = match change.operation {
            Operation::Write => UpdateTableOperation::Write,
            Operation::Rewrite => UpdateTableOperation::Optimize,
            Operation::Delete => UpdateTableOperation::Delete,
        };
        let changes_data = change.operation != Operation::Rewrite;
        let mut builder = Arc::clone(&opened.snapshot)
            .update_table(operation, WRITER, changes_data)
            .with_transaction_id(change.application, change.run);
        for field in missing {
            builder = builder.add_column(field);
        }
        let mut transaction = builder.build(&engine.kernel, committer(engine, target.aside))?;
        if !change.add.is_empty() {
            let state = transaction.write_state()?;
            add(
                &mut transaction,
                &state,
                opened.snapshot.table_root(),
                change,
            )?;
        }
        if !change.remove.is_empty() {
            for (batch, selected) in scan(&opened.snapshot, engine)? {
                if let Some(files) = removals(batch, &selected, &change.remove)? {
                    transaction.remove_files(files);
                }
            }
        }
        done(transaction.commit(&engine.kernel)?)
    };
    attempt().map_err(log_error("commit to the table", target.directory))
}

/// The columns that the table lacks.
fn missing(
    known: &[Field],
    change: &Change<'_>,
    directory: &Path,
) -> Result<Vec<StructField>, LakeError> {
    let mut joined = known.to_vec();
    field::join(&mut joined, change.fields.iter().cloned(), directory)?;
    Ok(joined[known.len()..].iter().map(to_delta).collect())
}

fn committer(engine: &Engine, aside: &Path) -> Box<DurableCommitter> {
    Box::new(DurableCommitter {
        aside: aside.to_owned(),
        durability: engine.durability,
    })
}

fn done<S>(result: CommitResult<S>) -> KernelResult<Option<u64>> {
    match result {
        CommitResult::Committed(committed) => Ok(Some(committed.commit_version())),
        CommitResult::Conflicted(_) => Ok(None),
        CommitResult::Retryable(retryable) => Err(retryable.error),
    }
}

fn add<S>(
    transaction: &mut Transaction<S>,
    state: &Arc<WriteState>,
    root: &Url,
    change: &Change<'_>,
) -> KernelResult<()> {
    for part in &change.add {
        let date = HashMap::from([(DATE.to_owned(), Scalar::Date(part.date))]);
        let context = state
            .write_context_builder()
            .with_partition_values(date)
            .build()?;
        let location = root
            .join(&part.path)
            .map_err(|error| KernelError::generic(error.to_string()))?;
        let meta = FileMeta::new(location, part.modified_millis, part.len_bytes);
        let metadata = DataFileMetadata::new(meta, part.stats.to_struct());
        transaction.add_files(build_add_file_metadata(metadata, &context)?);
    }
    Ok(())
}

/// The files of a table as the kernel lists them: rows, and which of them count.
fn scan(snapshot: &SnapshotRef, engine: &Engine) -> KernelResult<Vec<(RecordBatch, Vec<bool>)>> {
    let scan = Arc::clone(snapshot).scan_builder().build()?;
    let mut batches = Vec::new();
    for metadata in scan.scan_metadata(&engine.kernel)? {
        let (data, mut selected) = metadata?.scan_files.into_parts();
        let batch = data.try_into_record_batch()?;
        selected.resize(batch.num_rows(), true);
        batches.push((batch, selected));
    }
    Ok(batches)
}

/// `None` if the batch is not of the documented form, or has deletion vectors.
fn read_parts(batch: &RecordBatch, selected: &[bool], parts: &mut Vec<LogPart>) -> Option<()> {
    let paths = batch.column_by_name("path")?.as_string_opt::<i32>()?;
    let sizes = batch
        .column_by_name("size")?
        .as_primitive_opt::<Int64Type>()?;
    let stats = batch.column_by_name("stats")?.as_string_opt::<i32>()?;
    // Rows that another writer has marked as deleted inside a part would be read as if they were.
    if batch.column_by_name("deletionVector")?.null_count() < batch.num_rows() {
        return None;
    }
    for row in (0..batch.num_rows()).filter(|row| selected[*row]) {
        let path = percent_decode(paths.value(row));
        let (directory, _) = path.split_once('/')?;
        let date = names::parse_date_directory(directory)?;
        let json = stats.is_valid(row).then(|| stats.value(row));
        let (rows, time_range) = PartStats::from_json(json);
        parts.push(LogPart {
            path,
            date,
            rows,
            len_bytes: sizes.value(row).unsigned_abs(),
            time_range,
        });
    }
    Some(())
}

/// The rows of a scan whose files shall go; `None` if there are none.
fn removals(
    batch: RecordBatch,
    selected: &[bool],
    remove: &BTreeSet<String>,
) -> KernelResult<Option<FilteredEngineData>> {
    let paths = batch
        .column_by_name("path")
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| KernelError::generic("the files of the log have no paths"))?;
    let gone: BooleanArray = (0..batch.num_rows())
        .map(|row| Some(selected[row] && remove.contains(&percent_decode(paths.value(row)))))
        .collect();
    if gone.true_count() == 0 {
        return Ok(None);
    }
    let gone: Vec<bool> = gone.values().iter().collect();
    let data = Box::new(ArrowEngineData::new(batch));
    FilteredEngineData::try_new(data, gone).map(Some)
}

/// Paths of the log are those of URLs. Ours need no escape but the one of `=`, which some writers
/// make.
fn percent_decode(path: &str) -> String {
    path.replace("%3D", "=").replace("%3d", "=")
}

fn log_error(
    action: &'static str,
    directory: &Path,
) -> impl FnOnce(KernelError) -> LakeError + use<> {
    let path = directory.to_owned();
    move |source| LakeError::Log {
        action,
        path,
        source: Box::new(source),
    }
}
