//! What emitters are known to do, as data: `emitters.json` tells who an agent is and how it names
//! its events, `known_keys.rs` which types its attributes have.

mod event_name;
pub(crate) mod known_keys;

use std::sync::LazyLock;

use serde::Deserialize;

pub(crate) use event_name::event_name;

/// An AI coding agent that otolith knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Stable word for the agent, such as `claude_code`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Instrumentation scopes: these names, and those that continue them after a `.` or `::`.
    pub scopes: Vec<String>,
    /// What names of its metrics and events (and spans, where they have one) begin with.
    pub name_prefixes: Vec<String>,
    /// Service names it has unless told otherwise.
    pub services: Vec<String>,
    /// Prefix that is removed from names of its events; none if there is none to remove.
    pub event_prefix: Option<String>,
    /// Names of its events that matter, without the prefix.
    pub events: Vec<String>,
    /// What to know about the rules above, with versions.
    pub remarks: Vec<String>,
}

static AGENTS: LazyLock<Vec<Agent>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("emitters.json")).expect("a test reads the embedded file")
});

/// All known agents, in the order of the documentation.
pub fn agents() -> &'static [Agent] {
    &AGENTS
}

/// The agent that sent an item, or `None` for other programs.
///
/// The scope decides, then the prefix of the metric, event or span name as sent, then the
/// service: users rename services, agents keep their scopes and prefixes. Give `""` for what is
/// not known.
pub fn agent_of(service_name: &str, scope_name: &str, name: &str) -> Option<&'static Agent> {
    let by = |test: &dyn Fn(&Agent) -> bool| agents().iter().find(|agent| test(agent));
    by(&|agent| {
        agent
            .scopes
            .iter()
            .any(|scope| continues(scope_name, scope))
    })
    .or_else(|| {
        by(&|agent| {
            agent
                .name_prefixes
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        })
    })
    .or_else(|| by(&|agent| agent.services.iter().any(|service| service == service_name)))
}

/// True when `name` is `stem`, alone or with more after a `.` or `::`.
fn continues(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, scope: &str, name: &str, expected: Option<&str>) {
        let agent = agent_of(service, scope, name).map(|agent| agent.id.as_str());
        assert_eq!(agent, expected, "{service} {scope} {name}");
    }

    #[test]
    fn scope_then_prefix_then_service_decide() {
        let claude = Some("claude_code");
        check(
            "claude-code-agent-dev",
            "com.anthropic.claude_code.events",
            "",
            claude,
        );
        check("claude-code", "", "", claude);
        check("renamed", "", "claude_code.token.usage", claude);
        check("codex_exec", "codex_otel.log_only", "", Some("codex"));
        check("", "codex_otel::metrics::client", "", Some("codex"));
        check("my-originator", "", "codex.sse_event", Some("codex"));
        check("gemini-cli", "gemini-cli", "", Some("gemini_cli"));
        check("x", "", "qwen-code.api_response", Some("qwen_code"));
        check("copilot-chat", "", "", Some("copilot_vscode"));
        check("github-copilot", "github.copilot", "", Some("copilot_cli"));
        check("codex_exec", "com.anthropic.claude_code", "", claude);
        check("shop", "com.anthropic.claude_codex", "codexx", None);
        check("", "", "", None);
    }

    #[test]
    fn every_agent_can_be_told() {
        assert_eq!(agents().len(), 6);
        for agent in agents() {
            check(&agent.services[0], "", "", Some(&agent.id));
            check("", &agent.scopes[0], "", Some(&agent.id));
            assert!(!agent.remarks.is_empty());
        }
    }
}
