use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::{Node, NodeIx, Param};
use crate::infer::Slot;
use crate::spec::{Kind, Role};

rule! {
    /// Chat messages arrive in a format that is not the one of the model's template. The neutral list of roles
    /// and contents (`openai`) fits every template, since the server applies it.
    ///
    /// ## Why
    /// A model reads the marks of its own template as turns, and those of another as words. Nothing fails: it
    /// answers as though the whole conversation were one long question, ignores its system prompt, or goes on
    /// to write the user's next turn.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: chat}
    /// spec:
    ///   inputs: {chat: {type: messages, format: chatml}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer:
    ///       role: generator
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, chatTemplate: llama3}
    ///       inputs: {prompt: {type: messages}}
    ///   edges:
    ///     - {from: inputs.chat, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: chat}
    /// spec:
    ///   inputs: {chat: {type: messages, format: llama3}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer:
    ///       role: generator
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, chatTemplate: llama3}
    ///       inputs: {prompt: {type: messages}}
    ///   edges:
    ///     - {from: inputs.chat, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG310", Warning, "chat format does not fit the model's template", [Own: Node(check)]
}

/// Formats by a mark that only their templates hold.
const MARKS: &[(&str, &str)] = &[
    ("<|im_start|>", "chatml"),
    ("<|start_header_id|>", "llama3"),
    ("<start_of_turn>", "gemma"),
    ("<|channel|>", "harmony"),
    ("[INST]", "inst"),
];

/// Other names of the formats above.
const ALIASES: &[(&str, &str)] = &[
    ("llama31", "llama3"),
    ("llama32", "llama3"),
    ("llama33", "llama3"),
    ("llama2", "inst"),
    ("mistral", "inst"),
    ("mixtral", "inst"),
    ("qwen", "chatml"),
    ("qwen2", "chatml"),
    ("qwen25", "chatml"),
    ("qwen3", "chatml"),
    ("gemma2", "gemma"),
    ("gemma3", "gemma"),
    ("gptoss", "harmony"),
];

/// Roles and contents without any marks: the server puts them into whatever template there is.
const NEUTRAL: &[&str] = &["openai", "openaichat", "chat", "roles", "rolecontent", "json"];

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if let Some(node) = cx.graph.node(ix).filter(|node| node.role == Some(Role::Generator)) {
        found.extend(format(cx, ix, node));
    }
}

fn format(cx: &Context<'_>, generator: NodeIx, node: &Node) -> Option<Diagnostic> {
    let template = cx.graph.spec_of(generator)?.model.as_ref()?.chat_template.as_ref()?;
    let wanted = known(&template.value)?;
    node.inputs.iter().find_map(|&port| {
        let ty = cx.typing.of(port).filter(|ty| ty.kind == Kind::Messages)?;
        let place = cx.typing.span(cx.graph, port, Slot::of(Param::Format))?;
        let stated = ty.word(Param::Format)?;
        let given = known(stated)?;
        if given == wanted || NEUTRAL.contains(&given.as_str()) {
            return None;
        }
        let (path, name) = (cx.graph.port_path(port), &node.name);
        let message =
            format!("`{path}` gets messages in the format `{stated}`, the template of `{name}` is `{wanted}`");
        let mut diagnostic = RULE
            .at(place, message)
            .on_port(name, &cx.graph.port(port)?.name)
            .relate(template.span, format!("`{name}` has its template from here"))
            .with_help("send `openai` messages and let the server apply the template, or convert them by an adapter");
        diagnostic.fixes.extend(fix::replace(cx, "Send `openai` messages", place, "openai"));
        Some(diagnostic)
    })
}

/// The one name of a format, from any of its names or from a template's own text; `None` for a template
/// that none of the marks tells.
fn known(text: &str) -> Option<String> {
    let marked = MARKS.iter().find(|(mark, _)| text.contains(mark));
    if let Some((_, name)) = marked {
        return Some((*name).to_owned());
    }
    if text.contains(['{', '<', '\n']) {
        return None;
    }
    let plain: String = text.to_lowercase().chars().filter(|sign| sign.is_alphanumeric()).collect();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == plain);
    Some(alias.map_or(plain, |(_, name)| (*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_template_is_known_by_its_marks_or_names() {
        let cases = [
            ("Llama-3.1", Some("llama3")),
            ("llama_3", Some("llama3")),
            ("ChatML", Some("chatml")),
            ("{% for m in messages %}<|im_start|>{{ m.role }}", Some("chatml")),
            ("{% for m in messages %}{{ m.content }}", None),
            ("own-format", Some("ownformat")),
        ];
        for (text, name) in cases {
            assert_eq!(known(text).as_deref(), name, "{text}");
        }
    }
}
