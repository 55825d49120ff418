//! Haystack pipelines: components as nodes, connections as edges.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::draft::{Draft, port_label, quote};
use super::services::routing::text;
use super::{File, Importer, Kind, LIMIT};
use crate::spec::{Role, to_json};
use crate::text::{Span, Spanned};
use crate::yaml::{Node, Value};

/// Haystack's pipelines in YAML.
pub(super) struct Haystack;

static FORM: Kind = Kind::refused(
    "IM-HAYSTACK-FORM",
    "Components and connections of the wrong form",
);
static UNKNOWN: Kind = Kind::refused(
    "IM-HAYSTACK-UNKNOWN",
    "Connections of components that are not there",
);
static SECRET: Kind = Kind::refused("IM-HAYSTACK-SECRET", "Secrets that name no variable");
static SEVERAL: Kind = Kind::refused("IM-HAYSTACK-SEVERAL", "Several pipelines at once");
static COMPONENT: Kind = Kind::understood("IM-HAYSTACK-COMPONENT", "Components that are nodes");
static TYPE: Kind = Kind::guessed("IM-HAYSTACK-TYPE", "Types that follow from a socket's name");
static KEPT: Kind = Kind::kept("IM-HAYSTACK-KEPT", "Settings that a graph has no word for");

static KINDS: &[&Kind] = &[&FORM, &UNKNOWN, &SECRET, &SEVERAL, &COMPONENT, &TYPE, &KEPT];

/// The most components that are read.
const MOST: usize = 2_000;

fn is_pipeline(tree: &Node) -> bool {
    let components = tree.get("components").and_then(Node::as_mapping);
    let is_component =
        |node: &Node| text(node.get("type")).is_some_and(|ty| ty.value.contains('.'));
    tree.get("apiVersion").is_none()
        && (tree.get("connections").is_some() || tree.get("max_runs_per_component").is_some())
        && components.is_some_and(|map| map.entries.iter().any(|entry| is_component(&entry.value)))
}

impl Importer for Haystack {
    fn name(&self) -> &'static str {
        "haystack"
    }

    fn title(&self) -> &'static str {
        "Haystack pipeline"
    }

    fn about(&self) -> &'static str {
        "The components of a pipeline, their models, and their connections"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        file.tree().is_some_and(is_pipeline)
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut pipelines: Vec<(&File<'_>, &Node)> = Vec::new();
        for file in files {
            let trees = draft.trees(file).iter();
            pipelines.extend(
                trees
                    .filter(|tree| is_pipeline(tree))
                    .map(|tree| (*file, tree)),
            );
        }
        match pipelines.as_slice() {
            [] => {}
            [(file, tree)] => {
                draft.name(file.stem());
                pipeline(file, tree, draft);
            }
            [_, (file, tree), ..] => {
                let message = "a second pipeline stands there, and one graph is imported";
                draft.refuse(
                    &SEVERAL,
                    file.at(tree.span),
                    message,
                    "import each by itself",
                );
            }
        }
    }
}

/// A socket of a component: its component, and its name if one is stated.
struct Socket {
    component: String,
    name: Option<String>,
    span: Span,
}

fn socket(stated: Spanned<String>) -> Socket {
    let (component, name) = match stated.value.split_once('.') {
        Some((component, name)) => (component.to_owned(), Some(name.to_owned())),
        None => (stated.value, None),
    };
    Socket {
        component,
        name: name.filter(|name| !name.is_empty()),
        span: stated.span,
    }
}

struct Component {
    node: String,
    class: String,
    types: Vec<String>,
}

fn pipeline(file: &File<'_>, tree: &Node, draft: &mut Draft) {
    let stated = tree.get("components").and_then(Node::as_mapping);
    let stated = stated.map_or(&[][..], |map| &map.entries);
    if stated.len() > MOST {
        let message = format!("the pipeline has more than {MOST} components");
        draft.refuse(&LIMIT, file.at(tree.span), message, "import a part of it");
        return;
    }
    let mut components: BTreeMap<&str, Component> = BTreeMap::new();
    for entry in stated {
        let name = entry.key.text.as_str();
        let Some(class) = text(entry.value.get("type")) else {
            let message = format!("the component `{}` has no `type`", quote(name));
            let help = "it names a class, with its module";
            draft.refuse(&FORM, file.at(entry.key.span), message, help);
            continue;
        };
        let role = role_of(&class.value);
        let place = file.at(entry.key.span);
        let node = draft.node(name, &place);
        draft.put(&node, &["role"], role.word());
        let message = format!("the component `{}` is a {}", quote(name), role.word());
        draft.understand(&COMPONENT, place, Some(&node), message);
        let parameters = entry.value.get("init_parameters");
        if let Some(parameters) = parameters {
            secrets(name, parameters, file, draft);
        }
        facts(
            &node,
            &class.value,
            entry.value.get("init_parameters"),
            role,
            draft,
        );
        let mut rest = JsonMap::new();
        rest.insert("type".to_owned(), json!(class.value));
        if let Some(parameters) = parameters {
            rest.insert("init_parameters".to_owned(), to_json(parameters));
        }
        draft.keep(&node, "haystack", Json::Object(rest));
        let message =
            format!("the annotation `haystack` of `{node}` keeps its class and parameters");
        draft.keep_aside(&KEPT, file.at(entry.key.span), Some(&node), message);
        let class = class.value.rsplit('.').next().unwrap_or("").to_owned();
        let component = Component {
            node,
            class,
            types: Vec::new(),
        };
        components.insert(name, component);
    }
    // Without a component, all that joins it would be told too.
    if draft.is_refused() {
        return;
    }
    connections(file, tree, &mut components, draft);
    ends(file, tree, "inputs", &mut components, draft);
    ends(file, tree, "outputs", &mut components, draft);
    for component in components.values() {
        if let Some(value) = Some(component.types.join(", ")).filter(|types| !types.is_empty()) {
            let message = format!(
                "the types of the sockets of `{}` follow from their names",
                component.node
            );
            draft.guess(
                &TYPE,
                file.at(tree.span),
                Some(&component.node),
                message,
                value,
            );
        }
    }
    for entry in tree.as_mapping().map_or(&[][..], |map| &map.entries) {
        let key = entry.key.text.as_str();
        let said = ["components", "connections", "inputs", "outputs"];
        let empty = entry
            .value
            .as_mapping()
            .is_some_and(|map| map.entries.is_empty());
        if said.contains(&key) || empty || entry.value.is_null() {
            continue;
        }
        let name = format!("haystack/{}", quote(key));
        draft.annotate(&name, to_json(&entry.value));
        let message = format!(
            "the annotation `{name}` of the graph keeps `{}`",
            quote(key)
        );
        draft.keep_aside(&KEPT, file.at(entry.key.span), None, message);
    }
}

/// A secret of the environment names at least one variable, or no component is made of it.
fn secrets(component: &str, node: &Node, file: &File<'_>, draft: &mut Draft) {
    match &node.value {
        Value::Mapping(map) => {
            if text(map.get("type")).is_some_and(|ty| ty.value == "env_var") {
                let named = map.get("env_vars").and_then(Node::as_sequence);
                let named = named.is_some_and(|list| {
                    !list.items.is_empty()
                        && list.items.iter().all(|item| text(Some(item)).is_some())
                });
                if !named {
                    let message = format!(
                        "a secret of the component `{}` names no environment variable",
                        quote(component)
                    );
                    let help = "list the variable in `env_vars`, such as `- OPENAI_API_KEY`";
                    draft.refuse(&SECRET, file.at(node.span), message, help);
                }
            }
            for entry in &map.entries {
                secrets(component, &entry.value, file, draft);
            }
        }
        Value::Sequence(list) => {
            for item in &list.items {
                secrets(component, item, file, draft);
            }
        }
        Value::Scalar(_) => {}
    }
}

fn facts(node: &str, class: &str, parameters: Option<&Node>, role: Role, draft: &mut Draft) {
    let runs_a_model = matches!(
        role,
        Role::Embedder | Role::Generator | Role::Reranker | Role::Classifier
    );
    let parameter = |name: &str| text(parameters?.get(name)).map(|value| value.value);
    let model = parameter("model").or_else(|| parameter("model_name_or_path"));
    if let Some(model) = model.filter(|_| runs_a_model) {
        draft.put(node, &["model", "id"], model);
    }
    if class.contains(".openai.") && runs_a_model {
        // With an address of one's own, the server is one's own too.
        if parameter("api_base_url").is_none() {
            draft.put(node, &["external"], true);
        }
        let api = match role {
            Role::Embedder => "openai-embeddings",
            _ if class.contains("Chat") => "openai-chat",
            _ => "openai-completions",
        };
        draft.put(node, &["serving", "api"], api);
    }
    if let Some(most) = parameter("top_k").and_then(|most| most.parse::<u32>().ok())
        && most > 0
        && matches!(role, Role::Retriever | Role::Reranker)
    {
        draft.put(node, &["outputs", "documents", "maxItems"], most);
    }
}

/// What a class does, by the module it stands in and its own name.
fn role_of(class: &str) -> Role {
    let (module, name) = class.rsplit_once('.').unwrap_or(("", class));
    let has = |word: &str| module.contains(word) || name.to_ascii_lowercase().contains(word);
    if has("embedder") {
        Role::Embedder
    } else if has("retriever") {
        Role::Retriever
    } else if has("ranker") {
        Role::Reranker
    } else if has("generator") {
        Role::Generator
    } else if has("router") {
        Role::Router
    } else if has("joiner") {
        Role::Join
    } else if has("classifier") {
        Role::Classifier
    } else if has("websearch") || has("tools") {
        Role::Tool
    } else {
        Role::Transformer
    }
}

/// The type of a socket, by its name.
fn type_of(component: &Component, name: &str) -> &'static str {
    let chat = component.class.contains("Chat");
    match name {
        "documents" => "candidates",
        "embedding" | "query_embedding" => "vector",
        "query" | "question" | "text" => "text",
        "messages" => "messages",
        "prompt" if chat => "messages",
        "prompt" => "text",
        "replies" if chat => "messages",
        _ => "any",
    }
}

/// The port of a socket, stated with its type; gives the end of an edge.
fn port(
    socket: &Socket,
    side: &str,
    component: &mut Component,
    draft: &mut Draft,
) -> (String, &'static str) {
    let usual = if side == "inputs" { "input" } else { "output" };
    let name = socket.name.as_deref().unwrap_or(usual);
    let label = port_label(name);
    let ty = type_of(component, name);
    draft.put(&component.node, &[side, &label, "type"], ty);
    if label != name {
        draft.put(&component.node, &[side, &label, "externalName"], name);
    }
    let guess = format!("{name}: {ty}");
    if ty != "any" && !component.types.contains(&guess) && component.types.len() < 16 {
        component.types.push(guess);
    }
    (format!("{}.{label}", component.node), ty)
}

fn find<'c>(
    socket: &Socket,
    components: &'c mut BTreeMap<&str, Component>,
    file: &File<'_>,
    draft: &mut Draft,
) -> Option<&'c mut Component> {
    let found = components.get_mut(socket.component.as_str());
    if found.is_none() {
        let message = format!("there is no component `{}`", quote(&socket.component));
        let help = "name one of `components`, a dot, and its socket";
        draft.refuse(&UNKNOWN, file.at(socket.span), message, help);
    }
    found
}

fn connections(
    file: &File<'_>,
    tree: &Node,
    components: &mut BTreeMap<&str, Component>,
    draft: &mut Draft,
) {
    let Some(stated) = tree.get("connections").filter(|node| !node.is_null()) else {
        return;
    };
    let Some(list) = stated.as_sequence() else {
        let help = "it lists maps of `sender` and `receiver`";
        draft.refuse(
            &FORM,
            file.at(stated.span),
            "`connections` is no list",
            help,
        );
        return;
    };
    for item in &list.items {
        let (Some(sender), Some(receiver)) = (text(item.get("sender")), text(item.get("receiver")))
        else {
            let help = "it names a `sender` and a `receiver`, each `component.socket`";
            draft.refuse(&FORM, file.at(item.span), "a connection lacks an end", help);
            continue;
        };
        let (sender, receiver) = (socket(sender), socket(receiver));
        let from = find(&sender, components, file, draft);
        let from = from.map(|component| port(&sender, "outputs", component, draft));
        let to = find(&receiver, components, file, draft);
        let to = to.map(|component| port(&receiver, "inputs", component, draft));
        if let (Some((from, _)), Some((to, _))) = (from, to) {
            draft.edge(&from, &to);
        }
    }
}

/// The inputs or outputs of the whole pipeline, each one socket or several.
fn ends(
    file: &File<'_>,
    tree: &Node,
    side: &str,
    components: &mut BTreeMap<&str, Component>,
    draft: &mut Draft,
) {
    let stated = tree.get(side).and_then(Node::as_mapping);
    let entries = stated.map_or(&[][..], |map| &map.entries);
    if let Some(entry) = entries.get(MOST) {
        let message = format!("the pipeline has more than {MOST} {side}");
        draft.refuse(
            &LIMIT,
            file.at(entry.key.span),
            message,
            "import a part of it",
        );
        return;
    }
    for entry in entries {
        let sockets: Vec<Spanned<String>> = match &entry.value.value {
            Value::Sequence(list) => list
                .items
                .iter()
                .filter_map(|item| text(Some(item)))
                .collect(),
            _ => text(Some(&entry.value)).into_iter().collect(),
        };
        if sockets.is_empty() {
            let message = format!("`{}` of `{side}` names no socket", quote(&entry.key.text));
            draft.refuse(
                &FORM,
                file.at(entry.key.span),
                message,
                "name `component.socket`",
            );
            continue;
        }
        let mut joined = Vec::new();
        for stated in sockets {
            let stated = socket(stated);
            if let Some(component) = find(&stated, components, file, draft) {
                joined.push(port(&stated, side, component, draft));
            }
        }
        let Some(&(_, ty)) = joined.first() else {
            continue;
        };
        let same = joined.iter().all(|(_, other)| *other == ty);
        let value = json!({"type": if same { ty } else { "any" }});
        if side == "inputs" {
            let name = draft.input(&entry.key.text, value);
            for (end, _) in joined {
                draft.edge(&format!("inputs.{name}"), &end);
            }
        } else {
            let name = draft.output(&entry.key.text, value);
            for (end, _) in joined {
                draft.edge(&end, &format!("outputs.{name}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use crate::import::services::tests::{
        NONE, analysis, edges, errors, example, import, mutated, nodes, refused,
    };

    const SEARCH: &str = include_str!("samples/haystack.yaml");

    #[test]
    fn components_become_nodes_and_connections_edges() {
        let imported = import(&[("search.yml", SEARCH)]).unwrap();
        insta::assert_snapshot!(imported.text);
        assert_eq!(errors(&imported), NONE);
    }

    #[test]
    fn a_pipeline_of_others_is_read_and_a_broken_one_refused() {
        let Some(text) = example("haystack/basic_rag_pipeline.yml") else {
            return;
        };
        let imported = import(&[("rag.yml", &text)]).unwrap();
        assert_eq!(
            nodes(&imported),
            [
                "llm generator",
                "prompt-builder transformer",
                "retriever retriever"
            ]
        );
        assert_eq!(
            edges(&imported),
            [
                "retriever.documents prompt-builder.documents",
                "prompt-builder.prompt llm.messages",
                "inputs.question prompt-builder.question",
                "inputs.question retriever.query",
                "llm.replies outputs.answer",
            ]
        );
        assert_eq!(errors(&imported), NONE);
        let Some(broken) = example("haystack/negative-broken_rag_pipeline.yml") else {
            return;
        };
        assert_eq!(refused(&[("rag.yml", &broken)]), ["IM-HAYSTACK-SECRET"]);
    }

    #[test]
    fn what_haystack_would_not_build_is_refused() {
        for (before, after, code) in [
            (
                "sender: embed.embedding",
                "sender: embd.embedding",
                "IM-HAYSTACK-UNKNOWN",
            ),
            ("rank.query]", "rnk.query]", "IM-HAYSTACK-UNKNOWN"),
            ("sender: embed.embedding, ", "", "IM-HAYSTACK-FORM"),
            (
                "documents: rank.documents}",
                "documents: []}",
                "IM-HAYSTACK-FORM",
            ),
            (
                "    type: haystack.components.rankers",
                "    kind: haystack.components.rankers",
                "IM-HAYSTACK-FORM",
            ),
        ] {
            let broken = SEARCH.replace(before, after);
            assert_ne!(broken, SEARCH, "{before}");
            assert_eq!(refused(&[("search.yml", &broken)]), [code], "{after}");
        }
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            if let Ok(imported) = import(&[("search.yml", &mutated(SEARCH, &edits))]) {
                analysis(&imported);
            }
        }
    }
}
