//! Types of attribute keys that are known to arrive in several kinds, or first in a misleading one.
//!
//! From the semantic conventions of OpenTelemetry and from what the agents of `emitters.json` send. Durations in
//! milliseconds and sizes are integers, because that is what emitters mean; the fractions that some
//! send go to `<name>__double`.

use crate::part::{ColumnType, Layout};

/// A known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    key: &'static str,
    pub r#type: ColumnType,
    pub layout: Layout,
}

/// What is known of a key as sent, wherever it stands.
pub(crate) fn known(key: &str) -> Option<&'static KnownKey> {
    KNOWN_KEYS
        .binary_search_by(|known| known.key.cmp(key))
        .ok()
        .map(|index| &KNOWN_KEYS[index])
}

/// All known keys with their types, sorted.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, ColumnType)> {
    KNOWN_KEYS.iter().map(|known| (known.key, known.r#type))
}

const fn int(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::Int64,
        layout: Layout::Repeating,
    }
}

/// Integers that count up.
const fn rising(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::Int64,
        layout: Layout::Rising,
    }
}

const fn double(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::Double,
        layout: Layout::Distinct,
    }
}

const fn boolean(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::Boolean,
        layout: Layout::Repeating,
    }
}

const fn text(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::String,
        layout: Layout::Repeating,
    }
}

/// Texts that hardly repeat.
const fn distinct(key: &'static str) -> KnownKey {
    KnownKey {
        key,
        r#type: ColumnType::String,
        layout: Layout::Distinct,
    }
}

const KNOWN_KEYS: &[KnownKey] = &[
    int("agent_path_count"),
    text("app.version"),
    distinct("arguments"),
    int("arguments_length"),
    int("attempt"),
    int("attempt_number"),
    boolean("auth.connection_reused"),
    boolean("auth.env_codex_api_key_enabled"),
    boolean("auth.env_codex_api_key_present"),
    boolean("auth.env_openai_api_key_present"),
    boolean("auth.env_provider_key_present"),
    boolean("auth.env_refresh_token_url_override_present"),
    boolean("auth.header_attached"),
    boolean("auth.retry_after_unauthorized"),
    boolean("auth.state_changed"),
    int("auto_compact_token_limit"),
    int("body_length"),
    boolean("body_truncated"),
    int("cache_creation_1h_tokens"),
    int("cache_creation_5m_tokens"),
    int("cache_creation_tokens"),
    int("cache_read_tokens"),
    int("cache_write_token_count"),
    int("cached_content_token_count"),
    int("cached_token_count"),
    distinct("call_id"),
    int("client.port"),
    distinct("client_request_id"),
    int("code.column.number"),
    int("code.line.number"),
    int("code.lineno"),
    int("codex.turn.token_usage.cache_write_input_tokens"),
    int("codex.turn.token_usage.cached_input_tokens"),
    int("codex.turn.token_usage.input_tokens"),
    int("codex.turn.token_usage.non_cached_input_tokens"),
    int("codex.turn.token_usage.output_tokens"),
    int("codex.turn.token_usage.reasoning_output_tokens"),
    int("codex.turn.token_usage.total_tokens"),
    int("codex.usage.reasoning_output_tokens"),
    int("codex.usage.total_tokens"),
    int("command_path_count"),
    int("content_length"),
    int("context_window"),
    text("conversation.id"),
    double("cost"),
    double("cost_usd"),
    int("cost_usd_micros"),
    int("db.response.returned_rows"),
    int("duration_ms"),
    text("enduser.id"),
    text("error"),
    text("error.type"),
    int("error_status_code"),
    text("error_type"),
    int("escalated_duration_ms"),
    text("event.kind"),
    text("event.name"),
    rising("event.sequence"),
    distinct("event.timestamp"),
    boolean("exception.escaped"),
    distinct("exception.stacktrace"),
    int("extensions_count"),
    distinct("function_args"),
    text("gen_ai.conversation.id"),
    double("gen_ai.evaluation.score.value"),
    distinct("gen_ai.input.messages"),
    distinct("gen_ai.output.messages"),
    int("gen_ai.request.choice.count"),
    double("gen_ai.request.frequency_penalty"),
    int("gen_ai.request.max_tokens"),
    double("gen_ai.request.presence_penalty"),
    int("gen_ai.request.seed"),
    boolean("gen_ai.request.stream"),
    double("gen_ai.request.temperature"),
    double("gen_ai.request.top_k"),
    double("gen_ai.request.top_p"),
    distinct("gen_ai.response.id"),
    double("gen_ai.response.time_to_first_chunk"),
    distinct("gen_ai.tool.call.arguments"),
    distinct("gen_ai.tool.call.id"),
    distinct("gen_ai.tool.call.result"),
    int("gen_ai.usage.cache_creation.input_tokens"),
    int("gen_ai.usage.cache_read.input_tokens"),
    int("gen_ai.usage.cache_write.input_tokens"),
    int("gen_ai.usage.completion_tokens"),
    int("gen_ai.usage.input_tokens"),
    int("gen_ai.usage.output_tokens"),
    int("gen_ai.usage.prompt_tokens"),
    int("gen_ai.usage.reasoning.output_tokens"),
    int("gen_ai.usage.reasoning_tokens"),
    int("gen_ai.usage.total_tokens"),
    double("github.copilot.aiu"),
    double("github.copilot.cost"),
    int("github.copilot.nano_aiu"),
    int("github.copilot.turn_count"),
    boolean("has_category"),
    boolean("has_explanation"),
    boolean("has_hooks"),
    boolean("has_mcp"),
    boolean("host_owned_mcp"),
    int("http.request.body.size"),
    int("http.request.resend_count"),
    int("http.request_content_length"),
    int("http.response.body.size"),
    int("http.response.status_code"),
    int("http.response_content_length"),
    int("http.status_code"),
    int("initial_duration_ms"),
    int("input_token_count"),
    int("input_tokens"),
    int("interaction.duration_ms"),
    int("interaction.sequence"),
    boolean("interactive"),
    boolean("is_async"),
    boolean("is_built_in"),
    boolean("is_plugin"),
    boolean("log.bridge"),
    boolean("managed_only"),
    int("mcp_servers_count"),
    int("mcp_tools_count"),
    distinct("message.uuid"),
    int("messaging.batch.message_count"),
    int("messaging.message.body.size"),
    text("model"),
    boolean("model_swapped"),
    int("net.host.port"),
    int("net.peer.port"),
    int("network.local.port"),
    int("network.peer.port"),
    int("num_blocking"),
    int("num_cancelled"),
    int("num_hooks"),
    int("num_non_blocking_error"),
    int("num_success"),
    distinct("output"),
    int("output_length"),
    int("output_line_count"),
    int("output_token_count"),
    int("output_tokens"),
    double("output_tokens_per_second"),
    boolean("output_truncated"),
    int("post_tokens"),
    int("pre_tokens"),
    int("process.parent_pid"),
    int("process.pid"),
    distinct("prompt"),
    text("prompt.id"),
    text("prompt_id"),
    int("prompt_length"),
    distinct("prompt_text"),
    int("reasoning_token_count"),
    distinct("request_id"),
    int("request_setup_ms"),
    distinct("request_text"),
    distinct("response"),
    distinct("response_id"),
    int("response_length"),
    distinct("response_text"),
    int("result_tokens"),
    int("retry_delay_ms"),
    int("retry_total_delay_ms"),
    int("routing_latency_ms"),
    int("rpc.grpc.status_code"),
    boolean("safe_mode"),
    int("server.port"),
    text("service.instance.id"),
    text("service.version"),
    text("session.id"),
    int("skill_path_count"),
    int("status_code"),
    boolean("success"),
    int("thoughts_token_count"),
    int("thread.id"),
    int("tokens_after"),
    int("tokens_before"),
    int("tool_call_count"),
    distinct("tool_input"),
    int("tool_input_size_bytes"),
    text("tool_name"),
    distinct("tool_parameters"),
    int("tool_result_seq"),
    int("tool_result_size_bytes"),
    int("tool_token_count"),
    distinct("tool_use_id"),
    int("total_attempts"),
    double("total_cost_usd"),
    int("total_duration_ms"),
    int("total_retry_duration_ms"),
    int("total_token_count"),
    int("total_tokens"),
    int("total_tool_uses"),
    int("ttft_ms"),
    text("turn.id"),
    int("turn.index"),
    int("turn_count"),
    text("turn_id"),
    text("user.account_id"),
    text("user.account_uuid"),
    text("user.email"),
    text("user.id"),
    distinct("user_prompt"),
    int("user_prompt_length"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_so_that_all_are_found() {
        assert!(KNOWN_KEYS.is_sorted_by(|a, b| a.key < b.key));
        for key in KNOWN_KEYS {
            assert_eq!(known(key.key), Some(key));
        }
        assert_eq!(known("nothing"), None);
    }
}
