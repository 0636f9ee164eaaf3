//! Coding agents and what they send of a turn: the events, spans and metrics of Claude Code.

use std::io;

use otolith_capture::Signal;
use otolith_otlp::{
    HistogramPoint, KeyValue, LogRecord, Metric, MetricKind, Number, NumberPoint, Span, Value,
};

use crate::batcher::{Attributes, Batcher, Encoder, Group};
use crate::host::{HOSTS, int, text};
use crate::random::{Random, uuid};

const SERVICES: [(&str, &str); 5] = [
    ("claude-code", "2.1.329"),
    ("codex_exec", "0.169.0"),
    ("gemini-cli", "0.31.2"),
    ("qwen-code", "0.9.1"),
    ("copilot-chat", "0.47.0"),
];
const MODELS: [&str; 4] = [
    "claude-opus-4-7",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "gpt-5-codex",
];
const TOOLS: [&str; 5] = ["Bash", "Read", "Edit", "Grep", "WebFetch"];
const TOKEN_TYPES: [&str; 4] = ["input", "output", "cacheRead", "cacheCreation"];
/// Calls of a model, each with a tool, in a turn.
const ROUNDS: usize = 3;
/// Turns before a session is followed by the next.
const TURNS_PER_SESSION: u64 = 20;
const MILLISECOND: u64 = 1_000_000;
const DELTA: i32 = 1;
const BOUNDS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// An agent on a host.
pub(crate) struct Agent {
    service: (&'static str, &'static str),
    host: &'static str,
    user: String,
    session: String,
    turns: u64,
    sequence: i64,
}

/// A call of a model and the tool that it asked for.
struct Round {
    begin: u64,
    model: &'static str,
    tool: &'static str,
    /// By [`TOKEN_TYPES`].
    tokens: [i64; 4],
    model_nanos: u64,
    tool_nanos: u64,
    success: bool,
    request_id: String,
    tool_use_id: String,
}

impl Round {
    fn cost_usd(&self) -> f64 {
        let [input, output, read, creation] = self.tokens;
        (input * 5 + output * 25 + read / 2 + creation * 6) as f64 / 1e6
    }
}

/// A turn: what the user asked for and what came of it.
struct Turn<'a> {
    agent: &'a Agent,
    prompt_id: String,
    prompt: String,
    trace_id: [u8; 16],
    begin: u64,
    end: u64,
    rounds: Vec<Round>,
}

pub(crate) fn all(random: &mut Random) -> Vec<Agent> {
    let mut agents = Vec::new();
    for service in SERVICES {
        for host in HOSTS {
            agents.push(Agent {
                service,
                host,
                user: (0..4).map(|_| format!("{:016x}", random.next())).collect(),
                session: uuid(random),
                turns: 0,
                sequence: 0,
            });
        }
    }
    agents
}

impl Agent {
    /// A turn that begins at `begin`: a trace, its log records, its points.
    pub(crate) fn turn<E: Encoder>(
        &mut self,
        begin: u64,
        random: &mut Random,
        batcher: &mut Batcher<'_, E>,
    ) -> io::Result<()> {
        self.turns += 1;
        if self.turns.is_multiple_of(TURNS_PER_SESSION) {
            self.session = uuid(random);
            self.sequence = 0;
        }
        let first = self.sequence;
        self.sequence += 1 + 3 * ROUNDS as i64;
        let turn = Turn::new(self, begin, random);
        let resource = [
            text("host.name", self.host),
            text("host.arch", "amd64"),
            text("os.type", "linux"),
            text("os.version", "6.12.0-42-amd64"),
            text("service.name", self.service.0),
            text("service.version", self.service.1),
        ];
        let arrived = turn.end + 200 * MILLISECOND;
        let version = self.service.1;
        let scope = |name| (name, version);
        let spans = scope("com.example.agent.tracing");
        batcher.group(Signal::Traces, arrived, &resource, spans, |group| {
            turn.spans(random, group);
        })?;
        let events = scope("com.example.agent.events");
        batcher.group(Signal::Logs, arrived, &resource, events, |group| {
            turn.log_records(first, group);
        })?;
        let metrics = scope("com.example.agent");
        batcher.group(Signal::Metrics, arrived, &resource, metrics, |group| {
            turn.points(group);
        })
    }
}

impl<'a> Turn<'a> {
    fn new(agent: &'a Agent, begin: u64, random: &mut Random) -> Self {
        let prompt_id = uuid(random);
        let words = 4 + random.below(30);
        let prompt = (0..words)
            .map(|_| random.one_of(&["fix", "the", "test", "in", "src/main.rs", "and", "explain"]))
            .collect::<Vec<_>>()
            .join(" ");
        let mut trace_id = [0; 16];
        trace_id[..8].copy_from_slice(&random.next().to_be_bytes());
        trace_id[8..].copy_from_slice(&random.next().to_be_bytes());
        let mut at = begin + random.below(500 * MILLISECOND);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let round = Round::new(at, random);
            at += round.model_nanos + round.tool_nanos + 5 * MILLISECOND;
            rounds.push(round);
        }
        Self {
            agent,
            prompt_id,
            prompt,
            trace_id,
            begin,
            end: at,
            rounds,
        }
    }

    /// The attributes that every item has.
    fn common(&self) -> Attributes<'_> {
        vec![
            text("host.name", self.agent.host),
            text("user.id", &self.agent.user),
            text("session.id", &self.agent.session),
            text("provider", "firstParty"),
            truth("custom_base_url", true),
            text("terminal.type", "xterm-256color"),
        ]
    }

    fn spans<E: Encoder>(&self, random: &mut Random, group: &mut Group<'_, E>) {
        let root = random.next().to_be_bytes();
        for round in &self.rounds {
            let mut request = self.common();
            let [input, output, read, creation] = round.tokens;
            request.extend([
                text("span.type", "llm_request"),
                text("model", round.model),
                text("gen_ai.request.model", round.model),
                text("request_id", &round.request_id),
                int("input_tokens", input),
                int("output_tokens", output),
                int("cache_read_tokens", read),
                int("cache_creation_tokens", creation),
                int(
                    "ttft_ms",
                    (round.model_nanos / MILLISECOND / 3).cast_signed(),
                ),
                truth("success", round.success),
            ]);
            let ended = round.begin + round.model_nanos;
            let id = random.next().to_be_bytes();
            group.span(&self.span(
                "llm_request",
                id,
                Some(root),
                (round.begin, ended),
                &request,
            ));
            let mut tool = self.common();
            tool.extend([
                text("span.type", "tool"),
                text("tool_name", round.tool),
                text("tool_use_id", &round.tool_use_id),
                text("file_path", "/srv/demo/src/main.rs"),
            ]);
            let id = random.next().to_be_bytes();
            let times = (ended, ended + round.tool_nanos);
            group.span(&self.span("tool", id, Some(root), times, &tool));
            tool.extend([truth("success", round.success), int("exit_code", 0)]);
            let child = random.next().to_be_bytes();
            group.span(&self.span("tool.execution", child, Some(id), times, &tool));
        }
        let mut interaction = self.common();
        interaction.extend([
            text("span.type", "interaction"),
            text("prompt.id", &self.prompt_id),
            text("user_prompt", &self.prompt),
            int("user_prompt_length", self.prompt.len() as i64),
        ]);
        let times = (self.begin, self.end);
        group.span(&self.span("interaction", root, None, times, &interaction));
    }

    fn span<'s>(
        &self,
        name: &'s str,
        id: [u8; 8],
        parent: Option<[u8; 8]>,
        (start, end): (u64, u64),
        attributes: &'s Attributes<'_>,
    ) -> Span<'s> {
        Span {
            trace_id: Some(self.trace_id),
            span_id: Some(id),
            trace_state: "",
            parent_span_id: parent,
            flags: 256,
            name,
            kind: 1,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes,
            dropped_attributes_count: 0,
            events: &[],
            dropped_events_count: 0,
            links: &[],
            dropped_links_count: 0,
            status_message: "",
            status_code: 0,
        }
    }

    /// Records whose sequence numbers begin at `sequence`.
    fn log_records<E: Encoder>(&self, mut sequence: i64, group: &mut Group<'_, E>) {
        let prompt = [
            int("prompt_length", self.prompt.len() as i64),
            text("prompt", &self.prompt),
        ];
        self.event(
            "agent.user_prompt",
            self.begin,
            &mut sequence,
            &prompt,
            group,
        );
        for round in &self.rounds {
            let [input, output, read, creation] = round.tokens;
            let ended = round.begin + round.model_nanos;
            group.count_input_tokens(input);
            let request = [
                text("model", round.model),
                int("input_tokens", input),
                int("output_tokens", output),
                int("cache_read_tokens", read),
                int("cache_creation_tokens", creation),
                KeyValue {
                    key: "cost_usd",
                    value: Value::Double(round.cost_usd()),
                },
                int(
                    "duration_ms",
                    (round.model_nanos / MILLISECOND).cast_signed(),
                ),
                text("request_id", &round.request_id),
            ];
            self.event("agent.api_request", ended, &mut sequence, &request, group);
            let decision = [
                text("tool_name", round.tool),
                text("decision", "accept"),
                text("source", "config"),
                text("tool_use_id", &round.tool_use_id),
            ];
            self.event(
                "agent.tool_decision",
                ended,
                &mut sequence,
                &decision,
                group,
            );
            let result = [
                text("tool_name", round.tool),
                truth("success", round.success),
                int(
                    "duration_ms",
                    (round.tool_nanos / MILLISECOND).cast_signed(),
                ),
                text("tool_use_id", &round.tool_use_id),
                text(
                    "tool_parameters",
                    r#"{"command":"cargo test","timeout":120000}"#,
                ),
                int("tool_result_size_bytes", output * 4),
            ];
            let done = ended + round.tool_nanos;
            self.event("agent.tool_result", done, &mut sequence, &result, group);
        }
    }

    fn event<E: Encoder>(
        &self,
        name: &str,
        time: u64,
        sequence: &mut i64,
        own: &[KeyValue<'_>],
        group: &mut Group<'_, E>,
    ) {
        let mut attributes = self.common();
        attributes.extend([
            text("event.name", name.trim_start_matches("agent.")),
            int("event.sequence", *sequence),
            text("prompt.id", &self.prompt_id),
        ]);
        attributes.extend_from_slice(own);
        *sequence += 1;
        group.log_record(&LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time + MILLISECOND,
            severity_number: 9,
            severity_text: "INFO",
            body: Some(Value::String(name)),
            attributes: &attributes,
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: Some(self.trace_id),
            span_id: None,
            event_name: "",
        });
    }

    fn points<E: Encoder>(&self, group: &mut Group<'_, E>) {
        group.metric(&sum("agent.cost.usage", "Cost of the session", "USD"));
        for round in &self.rounds {
            let mut attributes = self.common();
            attributes.extend([text("model", round.model), text("query_source", "main")]);
            group.number_point(&self.number(Number::Double(round.cost_usd()), &attributes));
        }
        group.metric(&sum("agent.token.usage", "Number of tokens used", "tokens"));
        for round in &self.rounds {
            for (kind, tokens) in TOKEN_TYPES.iter().zip(round.tokens) {
                let mut attributes = self.common();
                attributes.extend([text("model", round.model), text("type", kind)]);
                group.number_point(&self.number(Number::Int(tokens), &attributes));
            }
        }
        group.metric(&Metric {
            kind: MetricKind::Histogram,
            is_monotonic: false,
            ..sum("gen_ai.client.operation.duration", "Duration of calls", "s")
        });
        for round in &self.rounds {
            let mut attributes = self.common();
            attributes.push(text("gen_ai.request.model", round.model));
            let seconds = round.model_nanos as f64 / 1e9;
            let mut counts = [0; BOUNDS.len() + 1];
            counts[BOUNDS.partition_point(|bound| *bound < seconds)] = 1;
            group.histogram_point(&HistogramPoint {
                attributes: &attributes,
                start_time_unix_nano: self.begin,
                time_unix_nano: self.end,
                count: 1,
                sum: Some(seconds),
                bucket_counts: &counts,
                explicit_bounds: &BOUNDS,
                exemplars: &[],
                flags: 0,
                min: Some(seconds),
                max: Some(seconds),
            });
        }
    }

    fn number<'s>(&self, value: Number, attributes: &'s Attributes<'_>) -> NumberPoint<'s> {
        NumberPoint {
            attributes,
            start_time_unix_nano: self.begin,
            time_unix_nano: self.end,
            value: Some(value),
            exemplars: &[],
            flags: 0,
        }
    }
}

impl Round {
    fn new(begin: u64, random: &mut Random) -> Self {
        let below = |random: &mut Random, limit| random.below(limit).cast_signed();
        Self {
            begin,
            model: random.one_of(&MODELS),
            tool: random.one_of(&TOOLS),
            tokens: [
                below(random, 4_000),
                1 + below(random, 900),
                below(random, 60_000),
                below(random, 2_000),
            ],
            model_nanos: 80 * MILLISECOND + random.below(3_000) * MILLISECOND,
            tool_nanos: MILLISECOND + random.below(2_000 * MILLISECOND),
            success: random.below(20) > 0,
            request_id: format!("req_{:016x}", random.next()),
            tool_use_id: format!("toolu_{:016x}", random.next()),
        }
    }
}

/// A delta sum.
fn sum<'a>(name: &'a str, description: &'a str, unit: &'a str) -> Metric<'a> {
    Metric {
        name,
        description,
        unit,
        metadata: &[],
        kind: MetricKind::Sum,
        aggregation_temporality: DELTA,
        is_monotonic: true,
    }
}

fn truth(key: &str, value: bool) -> KeyValue<'_> {
    KeyValue {
        key,
        value: Value::Bool(value),
    }
}
