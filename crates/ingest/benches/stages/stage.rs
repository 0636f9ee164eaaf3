//! The stages, each with those before it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;

use otolith_capture::{Checkpoint, Chunk, Entry, Frame, Source};
use otolith_ingest::{ConvertOptions, NoWatch, convert};
use otolith_lake::{Lake, Rows};
use otolith_otlp::{Decoder, Sink};
use otolith_tables::{Assembler, AssemblerOptions, Batches, DatabaseName, Field, Part, Table};
use tempfile::TempDir;

use crate::forget::Forget;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Read,
    Cut,
    Visit,
    Append,
    Encode,
    Commit,
}

/// What a stage needs and what is made before it is measured.
pub struct Input<'a> {
    sources: &'a [Source],
    options: ConvertOptions,
    /// How far each source reaches, as a lake that has them all would know; empty unless for
    /// [`Stage::Read`].
    checkpoints: Vec<Checkpoint>,
    lake: Lake,
    directory: TempDir,
}

/// What a stage has seen, to be compared with what is in the files.
#[derive(Default)]
pub struct Seen {
    pub bytes: u64,
    pub frames: Option<u64>,
    pub items: Option<u64>,
}

impl Stage {
    /// Every stage with its name, in order.
    pub const ALL: [(&str, Self); 6] = [
        ("read", Self::Read),
        ("cut", Self::Cut),
        ("visit", Self::Visit),
        ("append", Self::Append),
        ("encode", Self::Encode),
        ("commit", Self::Commit),
    ];

    pub fn run(self, input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
        match self {
            Self::Read => read(input),
            Self::Cut => cut(input),
            Self::Visit => visit(input),
            Self::Append => append(input, BTreeMap::new(), |part, _| {
                black_box(&part);
                Ok::<_, Infallible>(())
            }),
            Self::Encode => encode(input),
            Self::Commit => commit(input),
        }
    }
}

impl<'a> Input<'a> {
    pub fn new(stage: Stage, sources: &'a [Source]) -> Result<Self, Box<dyn Error>> {
        // Beside the program, on the disk that builds are on: memory takes no time to sync.
        let program = std::env::current_exe()?;
        let directory = tempfile::tempdir_in(program.parent().ok_or("no directory")?)?;
        let mut input = Self {
            sources,
            options: ConvertOptions::default(),
            checkpoints: Vec::new(),
            lake: Lake::create_or_open(&directory.path().join("lake"))?,
            directory,
        };
        if stage == Stage::Read {
            let mut chunk = Chunk::new();
            for source in sources {
                let mut reader = source.open(&input.options.read)?;
                while reader.next_chunk(&mut chunk)? {}
                let checkpoint = reader.checkpoint();
                input
                    .checkpoints
                    .push(checkpoint.ok_or("a file without records")?);
            }
        }
        Ok(input)
    }

    /// Reads all sources; `take` gets chunk after chunk.
    fn each_chunk(
        &self,
        mut take: impl FnMut(&Chunk) -> Result<(), Box<dyn Error>>,
    ) -> Result<u64, Box<dyn Error>> {
        let mut bytes = 0;
        let mut chunk = Chunk::new();
        for source in self.sources {
            let mut reader = source.open(&self.options.read)?;
            while reader.next_chunk(&mut chunk)? {
                take(&chunk)?;
            }
            bytes += reader.bytes_read();
        }
        Ok(bytes)
    }
}

fn read(input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    let mut bytes = 0;
    for (source, checkpoint) in input.sources.iter().zip(&input.checkpoints) {
        let known = |_: &[u8]| vec![checkpoint.clone()];
        let spool = input.directory.path();
        let mut opened = source.open_after(&input.options.read, &known, spool)?;
        if opened.reader.next_chunk(&mut Chunk::new())? {
            return Err("something behind the end".into());
        }
        bytes += opened.reader.bytes_read();
    }
    Ok(Seen {
        bytes,
        ..Seen::default()
    })
}

fn cut(input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    let mut frames = 0;
    let bytes = input.each_chunk(|chunk| {
        for entry in chunk.entries() {
            black_box(frame(entry)?);
            frames += 1;
        }
        Ok(())
    })?;
    Ok(Seen {
        bytes,
        frames: Some(frames),
        items: None,
    })
}

fn visit(input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    let mut decoding = Decoding::new(input);
    let bytes = input.each_chunk(|chunk| decoding.chunk(chunk, &mut Forget))?;
    Ok(decoding.seen(bytes))
}

/// `existing` are the columns of the lake; `take` gets part after part.
fn append<E: Error + 'static>(
    input: &Input<'_>,
    existing: BTreeMap<(DatabaseName, Table), Vec<Field>>,
    mut take: impl FnMut(Part, Rows) -> Result<(), E>,
) -> Result<Seen, Box<dyn Error>> {
    let columns = AssemblerOptions {
        columns_per_table: input.options.columns_per_table,
    };
    let mut assembler = Assembler::new(columns, existing);
    let mut decoding = Decoding::new(input);
    let bytes = input.each_chunk(|chunk| {
        let mut batches = Batches::new();
        decoding.chunk(chunk, &mut batches)?;
        assembler.push(batches);
        if assembler.len_bytes() >= input.options.buffer_bytes {
            let drain = assembler.drain();
            drain.each(|part| take(part, Rows::MoreToCome))?;
        }
        Ok(())
    })?;
    assembler.drain().each(|part| take(part, Rows::Last))?;
    Ok(decoding.seen(bytes))
}

fn encode(input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    let run = input.lake.begin()?;
    let mut number = 0;
    let seen = append(input, run.all_fields()?, |part, rows| {
        number += 1;
        run.add(number, part, rows)
    })?;
    for partition in run.set_aside_partitions() {
        run.merge(&partition)?;
    }
    Ok(seen)
}

fn commit(input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    let account = convert(input.sources, &input.lake, &input.options, &NoWatch)?;
    if !account.is_clean() {
        return Err(format!("something was rejected: {account:?}").into());
    }
    Ok(Seen {
        bytes: account.bytes_read,
        frames: Some(account.frames_converted),
        items: Some(account.items_read),
    })
}

/// Decodes frames that are all good.
struct Decoding {
    decoder: Decoder,
    frames: u64,
    items: u64,
}

impl Decoding {
    fn new(input: &Input<'_>) -> Self {
        Self {
            decoder: Decoder::new(input.options.decode),
            frames: 0,
            items: 0,
        }
    }

    fn chunk(&mut self, chunk: &Chunk, sink: &mut impl Sink) -> Result<(), Box<dyn Error>> {
        for entry in chunk.entries() {
            let decoded = self
                .decoder
                .decode(&frame(entry)?, sink)
                .map_err(|reject| reject.message)?;
            if decoded.rejected_items > 0 {
                return Err("an item was rejected".into());
            }
            self.frames += 1;
            self.items += decoded.items;
        }
        Ok(())
    }

    fn seen(self, bytes: u64) -> Seen {
        Seen {
            bytes,
            frames: Some(self.frames),
            items: Some(self.items),
        }
    }
}

fn frame(entry: Entry<'_>) -> Result<Frame<'_>, Box<dyn Error>> {
    match entry {
        Entry::Frame(frame) => Ok(frame),
        Entry::Reject(reject) => Err(format!("a frame was rejected: {}", reject.message).into()),
    }
}
