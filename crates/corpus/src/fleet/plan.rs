//! What happens in a session, whoever tells of it.

use super::delivery::SECOND;
use super::models::Model;
use crate::random::{Random, uuid};

pub(super) const MILLISECOND: u64 = 1_000_000;

/// A session of one user.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) host: &'static str,
    pub(super) begin: u64,
    pub(super) turns: Vec<Turn>,
}

/// What the user asks and what comes of it.
pub(super) struct Turn {
    pub(super) prompt: String,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) rounds: Vec<Round>,
    /// Which of two processes of the session does it.
    pub(super) process: usize,
}

/// A request to a model and the tool that it asks for.
pub(super) struct Round {
    pub(super) model: &'static Model,
    /// An attempt that failed before, with its status.
    pub(super) failure: Option<Call<i64>>,
    pub(super) request: Call<Tokens>,
    pub(super) request_id: String,
    pub(super) tool: Option<Tool>,
}

/// Something that takes time; its times are whole milliseconds apart.
#[derive(Clone, Copy)]
pub(super) struct Call<T> {
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) of: T,
}

impl<T> Call<T> {
    pub(super) fn nanos(&self) -> u64 {
        self.end - self.begin
    }

    /// The same times; of a span with the truth of its failure.
    pub(super) fn ends(&self, is_error: bool) -> Call<bool> {
        Call {
            begin: self.begin,
            end: self.end,
            of: is_error,
        }
    }

    pub(super) fn millis(&self) -> i64 {
        (self.nanos() / MILLISECOND).cast_signed()
    }
}

/// Tokens of a request. Reasoning is part of output.
#[derive(Clone, Copy)]
pub(super) struct Tokens {
    pub(super) input: i64,
    pub(super) cache_read: i64,
    pub(super) cache_creation: i64,
    pub(super) output: i64,
    pub(super) reasoning: i64,
}

/// A call of a tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) call: Call<Ending>,
}

/// How it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Success,
    Error,
    Rejected,
}

impl Session {
    /// All rounds with their turns.
    pub(super) fn rounds(&self) -> impl Iterator<Item = (&Turn, &Round)> {
        self.turns
            .iter()
            .flat_map(|turn| turn.rounds.iter().map(move |round| (turn, round)))
    }

    /// When the first turn of a process begins.
    pub(super) fn begin_of(&self, process: usize) -> Option<u64> {
        let turn = self.turns.iter().find(|turn| turn.process == process)?;
        Some(turn.begin)
    }
}

/// Who works on what.
pub(super) struct Work<'a> {
    pub(super) models: &'static [Model],
    pub(super) tools: &'a [&'static str],
    /// Whether requests write to a cache.
    pub(super) creates_cache: bool,
    /// How the turns are shared by two processes.
    pub(super) sharing: Sharing,
}

/// How many processes a session has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    One,
    /// The second goes on where the first ends.
    Resumed,
    /// They take turns.
    Parallel,
}

/// Makes a session up.
pub(super) fn session(
    user: &str,
    host: &'static str,
    begin: u64,
    work: &Work<'_>,
    random: &mut Random,
) -> Session {
    let mut at = begin + SECOND;
    let turns = 2 + random.below(4) as usize;
    let mut all = Vec::new();
    for number in 0..turns {
        let begin = at;
        let mut rounds = Vec::new();
        for _ in 0..=random.below(3) {
            let round = round(&mut at, work, random);
            rounds.push(round);
        }
        all.push(Turn {
            prompt: uuid(random),
            begin,
            end: at,
            rounds,
            process: match work.sharing {
                Sharing::One => 0,
                Sharing::Resumed => usize::from(number >= turns / 2),
                Sharing::Parallel => number % 2,
            },
        });
        at += 20 * SECOND + random.below(400 * SECOND);
    }
    Session {
        id: uuid(random),
        user: user.to_owned(),
        host,
        begin,
        turns: all,
    }
}

fn round(at: &mut u64, work: &Work<'_>, random: &mut Random) -> Round {
    let failure = (random.below(8) == 0).then(|| {
        let status = random.one_of(&[429, 500, 529]);
        call(at, 900, status, random)
    });
    let count = |random: &mut Random, limit| random.below(limit).cast_signed();
    let output = 2 + count(random, 900);
    let tokens = Tokens {
        input: count(random, 4_000),
        cache_read: count(random, 3) * count(random, 30_000),
        cache_creation: if work.creates_cache {
            count(random, 2_000)
        } else {
            0
        },
        output,
        reasoning: count(random, output.unsigned_abs()),
    };
    let request = call(at, 9_000, tokens, random);
    let tool = (random.below(4) > 0).then(|| {
        let ending = match random.below(12) {
            0 => Ending::Rejected,
            1 | 2 => Ending::Error,
            _ => Ending::Success,
        };
        Tool {
            name: random.one_of(work.tools),
            id: format!("call_{:016x}", random.next()),
            call: call(at, 5_000, ending, random),
        }
    });
    let index = random.below(work.models.len() as u64) as usize;
    Round {
        model: &work.models[index],
        failure,
        request,
        request_id: format!("req_{:016x}", random.next()),
        tool,
    }
}

fn call<T>(at: &mut u64, most_millis: u64, of: T, random: &mut Random) -> Call<T> {
    let begin = *at;
    let end = begin + (1 + random.below(most_millis)) * MILLISECOND;
    *at = end + 1 + random.below(50 * MILLISECOND);
    Call { begin, end, of }
}
