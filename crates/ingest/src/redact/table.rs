//! The classes as data: which attributes and bodies belong to each, and who sends them.

use super::target::RedactClass::{self, Emails, Ids, Prompts};
use Holds::{Attribute, EventBody, Kept};

/// What belongs to a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The value of an attribute, or of an entry of a map inside of one or of a body.
    Attribute,
    /// The body of a log record that tells of an event of this name.
    EventBody,
    /// Nothing: an attribute whose key begins like that of another entry, but which stays.
    Kept,
}

/// An entry of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub class: RedactClass,
    pub holds: Holds,
    /// A key or the name of an event; with `*` at its end, the beginning of such.
    pub pattern: &'static str,
    /// Who sends it.
    pub source: &'static str,
}

impl Entry {
    /// The pattern without the `*`.
    pub fn literal(&self) -> &'static str {
        self.pattern.strip_suffix('*').unwrap_or(self.pattern)
    }

    pub fn is_prefix(&self) -> bool {
        self.pattern.ends_with('*')
    }
}

const AGENT_EMAILS: &str =
    "Claude Code 2.1, Codex, Gemini CLI, semantic conventions (registry: user)";
const OTHERS: &str = "hand-made and older emitters";
const CLAUDE_IDS: &str = "Claude Code 2.1, on every item";
const GEMINI_IDS: &str = "Gemini CLI";
const QWEN_IDS: &str = "Qwen Code 0.24";
const PEOPLE: &str = "semantic conventions (registry: user, enduser, app, device)";
const MACHINES: &str = "semantic conventions (registry: host, process, cloud, Kubernetes)";
const ADDRESSES: &str = "semantic conventions (registry: client, source, network peer)";
const OLD_ADDRESSES: &str = "semantic conventions, former names of network addresses";
const OBSERVERS: &str = "OpenInference, Traceloop OpenLLMetry, Vercel AI SDK, Langfuse";
const CLAUDE_EVENTS: &str =
    "Claude Code 2.1, events user_prompt, assistant_response, tool_*, api_*_body";
const CLAUDE_SPANS: &str = "Claude Code 2.1, spans (beta) and their events";
const CODEX_EVENTS: &str = "Codex 0.144 to 0.169, events user_prompt, tool_result";
const GEMINI_EVENTS: &str = "Gemini CLI, events user_prompt, api_request, api_response, tool_call";
const GEMINI_OTHERS: &str = "Gemini CLI, events model_routing, hook_call, conseca.*";
const COPILOT: &str = "Copilot in VS Code, spans and their events";
const GENAI: &str = "GenAI semantic conventions 1.37 and later";
const GENAI_OLD: &str = "GenAI semantic conventions up to 1.36";
const GENAI_BODIES: &str = "GenAI semantic conventions up to 1.36, members of message bodies";
const TRACELOOP: &str = "Traceloop OpenLLMetry";
const OPENINFERENCE: &str = "OpenInference";
const VERCEL: &str = "Vercel AI SDK";
const PYDANTIC: &str = "Pydantic AI and Logfire";
const MLFLOW: &str = "MLflow";
const LANGFUSE: &str = "Langfuse";

const fn entry(
    class: RedactClass,
    holds: Holds,
    pattern: &'static str,
    source: &'static str,
) -> Entry {
    Entry {
        class,
        holds,
        pattern,
        source,
    }
}

/// The classes, each key in the line of the first that is known to send it.
#[rustfmt::skip]
pub(super) const ENTRIES: &[Entry] = &[
    entry(Emails, Attribute, "user.email", AGENT_EMAILS),
    entry(Emails, Attribute, "email", OTHERS),
    entry(Emails, Attribute, "email_address", OTHERS),
    entry(Emails, Attribute, "user_email", OTHERS),
    entry(Emails, Attribute, "user.mail", OTHERS),
    entry(Emails, Attribute, "enduser.email", OTHERS),
    entry(Emails, Attribute, "account.email", OTHERS),
    entry(Emails, Attribute, "git.user.email", OTHERS),
    entry(Emails, Attribute, "vcs.author.email", OTHERS),
    entry(Ids, Attribute, "user.id", CLAUDE_IDS),
    entry(Ids, Attribute, "user.account_uuid", CLAUDE_IDS),
    entry(Ids, Attribute, "user.account_id", CLAUDE_IDS),
    entry(Ids, Attribute, "organization.id", CLAUDE_IDS),
    entry(Ids, Attribute, "installation.id", GEMINI_IDS),
    entry(Ids, Attribute, "gen_ai.user.id", QWEN_IDS),
    entry(Ids, Attribute, "user.name", PEOPLE),
    entry(Ids, Attribute, "user.full_name", PEOPLE),
    entry(Ids, Attribute, "user.hash", PEOPLE),
    entry(Ids, Attribute, "enduser.id", PEOPLE),
    entry(Ids, Attribute, "enduser.pseudo.id", PEOPLE),
    entry(Ids, Attribute, "app.installation.id", PEOPLE),
    entry(Ids, Attribute, "device.id", PEOPLE),
    entry(Ids, Attribute, "host.id", MACHINES),
    entry(Ids, Attribute, "host.name", MACHINES),
    entry(Ids, Attribute, "host.ip", MACHINES),
    entry(Ids, Attribute, "host.mac", MACHINES),
    entry(Ids, Attribute, "process.owner", MACHINES),
    entry(Ids, Attribute, "process.user.name", MACHINES),
    entry(Ids, Attribute, "process.user.id", MACHINES),
    entry(Ids, Attribute, "process.real_user.name", MACHINES),
    entry(Ids, Attribute, "process.real_user.id", MACHINES),
    entry(Ids, Attribute, "process.saved_user.name", MACHINES),
    entry(Ids, Attribute, "process.saved_user.id", MACHINES),
    entry(Ids, Attribute, "cloud.account.id", MACHINES),
    entry(Ids, Attribute, "cloud.resource_id", MACHINES),
    entry(Ids, Attribute, "k8s.node.name", MACHINES),
    entry(Ids, Attribute, "k8s.node.uid", MACHINES),
    entry(Ids, Attribute, "client.address", ADDRESSES),
    entry(Ids, Attribute, "client.socket.address", ADDRESSES),
    entry(Ids, Attribute, "source.address", ADDRESSES),
    entry(Ids, Attribute, "network.peer.address", ADDRESSES),
    entry(Ids, Attribute, "network.local.address", ADDRESSES),
    entry(Ids, Attribute, "http.request.header.x-forwarded-for", ADDRESSES),
    entry(Ids, Attribute, "http.request.header.forwarded", ADDRESSES),
    entry(Ids, Attribute, "http.request.header.x-real-ip", ADDRESSES),
    entry(Ids, Attribute, "http.client_ip", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.peer.ip", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.peer.name", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.sock.peer.addr", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.sock.peer.name", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.host.ip", OLD_ADDRESSES),
    entry(Ids, Attribute, "net.sock.host.addr", OLD_ADDRESSES),
    entry(Ids, Attribute, "llm.user", OBSERVERS),
    entry(Ids, Attribute, "traceloop.association.properties.user_id", OBSERVERS),
    entry(Ids, Attribute, "ai.telemetry.metadata.userId", OBSERVERS),
    entry(Ids, Attribute, "langfuse.user.id", OBSERVERS),
    entry(Ids, Attribute, "user_id", OTHERS),
    entry(Ids, Attribute, "userId", OTHERS),
    entry(Ids, Attribute, "username", OTHERS),
    entry(Ids, Attribute, "user.account", OTHERS),
    entry(Ids, Attribute, "account.id", OTHERS),
    entry(Ids, Attribute, "account_id", OTHERS),
    entry(Ids, Attribute, "account_uuid", OTHERS),
    entry(Ids, Attribute, "organization_id", OTHERS),
    entry(Ids, Attribute, "org.id", OTHERS),
    entry(Ids, Attribute, "tenant.id", OTHERS),
    entry(Ids, Attribute, "tenant_id", OTHERS),
    entry(Ids, Attribute, "device_id", OTHERS),
    entry(Ids, Attribute, "installation_id", OTHERS),
    entry(Ids, Attribute, "machine.id", OTHERS),
    entry(Ids, Attribute, "machine_id", OTHERS),
    entry(Ids, Attribute, "hostname", OTHERS),
    entry(Ids, Attribute, "host_name", OTHERS),
    entry(Ids, Attribute, "client.ip", OTHERS),
    entry(Ids, Attribute, "client_ip", OTHERS),
    entry(Prompts, Attribute, "prompt", CLAUDE_EVENTS),
    entry(Prompts, Attribute, "response", CLAUDE_EVENTS),
    entry(Prompts, Attribute, "tool_parameters", CLAUDE_EVENTS),
    entry(Prompts, Attribute, "tool_input", CLAUDE_EVENTS),
    entry(Prompts, Attribute, "body", CLAUDE_EVENTS),
    entry(Prompts, Attribute, "user_prompt", CLAUDE_SPANS),
    entry(Prompts, Attribute, "prompt_text", CLAUDE_SPANS),
    entry(Prompts, Attribute, "full_command", CLAUDE_SPANS),
    entry(Prompts, Attribute, "bash_command", CLAUDE_SPANS),
    entry(Prompts, Attribute, "bash_argv0", CLAUDE_SPANS),
    entry(Prompts, Attribute, "new_context", CLAUDE_SPANS),
    entry(Prompts, Attribute, "system_prompt", CLAUDE_SPANS),
    entry(Prompts, Attribute, "system_prompt_preview", CLAUDE_SPANS),
    entry(Prompts, Attribute, "user_system_prompt", CLAUDE_SPANS),
    entry(Prompts, Attribute, "system_reminders", CLAUDE_SPANS),
    entry(Prompts, Attribute, "response.model_output", CLAUDE_SPANS),
    entry(Prompts, Attribute, "tool_output", CLAUDE_SPANS),
    entry(Prompts, Attribute, "tool.output", CLAUDE_SPANS),
    entry(Prompts, Attribute, "output", CLAUDE_SPANS),
    entry(Prompts, Attribute, "content", CLAUDE_SPANS),
    entry(Prompts, Attribute, "arguments", CODEX_EVENTS),
    entry(Prompts, Attribute, "request_text", GEMINI_EVENTS),
    entry(Prompts, Attribute, "response_text", GEMINI_EVENTS),
    entry(Prompts, Attribute, "function_args", GEMINI_EVENTS),
    entry(Prompts, Attribute, "reasoning", GEMINI_OTHERS),
    entry(Prompts, Attribute, "hook_input", GEMINI_OTHERS),
    entry(Prompts, Attribute, "hook_output", GEMINI_OTHERS),
    entry(Prompts, Attribute, "stdout", GEMINI_OTHERS),
    entry(Prompts, Attribute, "stderr", GEMINI_OTHERS),
    entry(Prompts, Attribute, "trusted_content", GEMINI_OTHERS),
    entry(Prompts, Attribute, "copilot_chat.user_request", COPILOT),
    entry(Prompts, Attribute, "copilot_chat.markdown_content", COPILOT),
    entry(Prompts, Attribute, "copilot_chat.reasoning_content", COPILOT),
    entry(Prompts, Attribute, "copilot_chat.hook_input", COPILOT),
    entry(Prompts, Attribute, "copilot_chat.hook_output", COPILOT),
    entry(Prompts, Attribute, "gen_ai.input.messages", GENAI),
    entry(Prompts, Attribute, "gen_ai.output.messages", GENAI),
    entry(Prompts, Attribute, "gen_ai.system_instructions", GENAI),
    entry(Prompts, Attribute, "gen_ai.tool.definitions", GENAI),
    entry(Prompts, Attribute, "gen_ai.tool.call.arguments", GENAI),
    entry(Prompts, Attribute, "gen_ai.tool.call.result", GENAI),
    entry(Prompts, Attribute, "gen_ai.retrieval.query.text", GENAI),
    entry(Prompts, Attribute, "gen_ai.retrieval.documents", GENAI),
    entry(Prompts, Attribute, "gen_ai.memory.query.text", GENAI),
    entry(Prompts, Attribute, "gen_ai.memory.records", GENAI),
    entry(Prompts, Attribute, "gen_ai.evaluation.explanation", GENAI),
    entry(Prompts, Attribute, "gen_ai.prompt", GENAI_OLD),
    entry(Prompts, Attribute, "gen_ai.completion", GENAI_OLD),
    entry(Prompts, Attribute, "gen_ai.event.content", GENAI_OLD),
    entry(Prompts, Attribute, "tool_calls", GENAI_BODIES),
    entry(Prompts, Attribute, "gen_ai.prompt.*", TRACELOOP),
    entry(Prompts, Attribute, "gen_ai.completion.*", TRACELOOP),
    entry(Prompts, Attribute, "llm.prompts.*", TRACELOOP),
    entry(Prompts, Attribute, "llm.completions.*", TRACELOOP),
    entry(Prompts, Attribute, "llm.request.functions.*", TRACELOOP),
    entry(Prompts, Attribute, "traceloop.entity.input", TRACELOOP),
    entry(Prompts, Attribute, "traceloop.entity.output", TRACELOOP),
    entry(Prompts, Attribute, "traceloop.prompt.template", TRACELOOP),
    entry(Prompts, Attribute, "traceloop.prompt.template_variables", TRACELOOP),
    entry(Prompts, Attribute, "input.value", OPENINFERENCE),
    entry(Prompts, Attribute, "output.value", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.input_messages", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.input_messages.*", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.output_messages", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.output_messages.*", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.prompts", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.completions", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.prompt_template.template", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.prompt_template.variables", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.function_call", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.tools", OPENINFERENCE),
    entry(Prompts, Attribute, "llm.tools.*", OPENINFERENCE),
    entry(Prompts, Attribute, "message.content", OPENINFERENCE),
    entry(Prompts, Attribute, "message.contents", OPENINFERENCE),
    entry(Prompts, Attribute, "message.contents.*", OPENINFERENCE),
    entry(Prompts, Attribute, "message.tool_calls", OPENINFERENCE),
    entry(Prompts, Attribute, "message.tool_calls.*", OPENINFERENCE),
    entry(Prompts, Attribute, "message.function_call_arguments_json", OPENINFERENCE),
    entry(Prompts, Attribute, "tool_call.function.arguments", OPENINFERENCE),
    entry(Prompts, Attribute, "tool.parameters", OPENINFERENCE),
    entry(Prompts, Attribute, "retrieval.documents", OPENINFERENCE),
    entry(Prompts, Attribute, "retrieval.documents.*", OPENINFERENCE),
    entry(Prompts, Attribute, "reranker.query", OPENINFERENCE),
    entry(Prompts, Attribute, "reranker.input_documents", OPENINFERENCE),
    entry(Prompts, Attribute, "reranker.input_documents.*", OPENINFERENCE),
    entry(Prompts, Attribute, "reranker.output_documents", OPENINFERENCE),
    entry(Prompts, Attribute, "reranker.output_documents.*", OPENINFERENCE),
    entry(Prompts, Attribute, "document.content", OPENINFERENCE),
    entry(Prompts, Attribute, "embedding.text", OPENINFERENCE),
    entry(Prompts, Attribute, "embedding.embeddings", OPENINFERENCE),
    entry(Prompts, Attribute, "embedding.embeddings.*", OPENINFERENCE),
    entry(Prompts, Attribute, "ai.prompt", VERCEL),
    entry(Prompts, Attribute, "ai.prompt.*", VERCEL),
    entry(Prompts, Attribute, "ai.response.text", VERCEL),
    entry(Prompts, Attribute, "ai.response.reasoning", VERCEL),
    entry(Prompts, Attribute, "ai.response.object", VERCEL),
    entry(Prompts, Attribute, "ai.response.toolCalls", VERCEL),
    entry(Prompts, Attribute, "ai.result.text", VERCEL),
    entry(Prompts, Attribute, "ai.result.object", VERCEL),
    entry(Prompts, Attribute, "ai.result.toolCalls", VERCEL),
    entry(Prompts, Attribute, "ai.toolCall.args", VERCEL),
    entry(Prompts, Attribute, "ai.toolCall.result", VERCEL),
    entry(Prompts, Attribute, "ai.value", VERCEL),
    entry(Prompts, Attribute, "ai.values", VERCEL),
    entry(Prompts, Attribute, "ai.embedding", VERCEL),
    entry(Prompts, Attribute, "ai.embeddings", VERCEL),
    entry(Prompts, Attribute, "events", PYDANTIC),
    entry(Prompts, Attribute, "all_messages_events", PYDANTIC),
    entry(Prompts, Attribute, "pydantic_ai.all_messages", PYDANTIC),
    entry(Prompts, Attribute, "final_result", PYDANTIC),
    entry(Prompts, Attribute, "tool_arguments", PYDANTIC),
    entry(Prompts, Attribute, "tool_response", PYDANTIC),
    entry(Prompts, Attribute, "request_data", PYDANTIC),
    entry(Prompts, Attribute, "response_data", PYDANTIC),
    entry(Prompts, Attribute, "mlflow.spanInputs", MLFLOW),
    entry(Prompts, Attribute, "mlflow.spanOutputs", MLFLOW),
    entry(Prompts, Attribute, "langfuse.observation.input", LANGFUSE),
    entry(Prompts, Attribute, "langfuse.observation.output", LANGFUSE),
    entry(Prompts, Attribute, "langfuse.trace.input", LANGFUSE),
    entry(Prompts, Attribute, "langfuse.trace.output", LANGFUSE),
    entry(Prompts, EventBody, "gen_ai.*", GENAI_OLD),
    entry(Prompts, Kept, "gen_ai.prompt.name", GENAI),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_entry_is_there_twice_or_covered_by_another_class() {
        let mut seen = BTreeSet::new();
        for entry in ENTRIES {
            let kind = entry.holds == EventBody;
            assert!(
                seen.insert((kind, entry.pattern)),
                "{} twice",
                entry.pattern
            );
            assert!(!entry.source.is_empty());
            assert!(!entry.literal().is_empty() && !entry.literal().contains('*'));
        }
    }

    #[test]
    fn lengths_counts_and_ids_of_prompts_stay() {
        for key in [
            "prompt_length",
            "prompt.id",
            "prompt_id",
            "user_prompt_length",
            "response_length",
            "arguments_length",
            "output_length",
            "output_token_count",
            "input_tokens",
            "tool_use_id",
            "gen_ai.prompt.name",
            "gen_ai.usage.input_tokens",
            "gen_ai.tool.call.id",
            "session.id",
            "llm.token_count.prompt",
            "tool_input_size_bytes",
            "body_length",
            "gen_ai.usage.prompt_tokens",
            "input.mime_type",
        ] {
            let mut hits = ENTRIES.iter().filter(|entry| {
                entry.holds == Attribute
                    && (entry.pattern == key
                        || entry.is_prefix()
                            && key.starts_with(entry.literal())
                            && key != "gen_ai.prompt.name")
            });
            assert!(hits.next().is_none(), "{key}");
        }
    }
}
