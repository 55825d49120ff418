//! OPEA's `GMConnector`: the steps of a request, and the servers behind them.
//!
//! The answer of each step is merged with the request, so a side input comes from the question.
//! The servers behind the steps are joined by configuration alone: a value that equals another
//! step's `serviceName` is a call.

use serde_json::json;

use super::draft::{Draft, quote};
use super::services::routing::{self, Kinds, Routers, Step, Target, Way, Writer, text};
use super::services::{Names, SECRET, chain, environment, is_on_path, program_of, role_of_name};
use super::{File, Importer, Kind};
use crate::spec::{Role, to_json};
use crate::yaml::{Node, Value};

/// OPEA's `GMConnector`.
pub(super) struct Opea;

static FORM: Kind = Kind::refused("IM-OPEA-FORM", "Steps that are not written as GMC wants");
static ROOT: Kind = Kind::refused("IM-OPEA-ROOT", "Connectors without a router `root`");
static TARGET: Kind = Kind::refused(
    "IM-OPEA-TARGET",
    "Steps that lead nowhere, or to several places",
);
static UNKNOWN: Kind = Kind::refused("IM-OPEA-UNKNOWN", "Steps to routers that are not there");
static CIRCLE: Kind = Kind::refused("IM-OPEA-CIRCLE", "Routers that lead back to themselves");
static TWICE: Kind = Kind::refused("IM-OPEA-TWICE", "Services that two steps state");
static SEVERAL: Kind = Kind::refused("IM-OPEA-SEVERAL", "Several connectors at once");
static CONDITION: Kind = Kind::kept("IM-OPEA-CONDITION", "Conditions in a language of their own");
static SOFT: Kind = Kind::kept("IM-OPEA-SOFT", "Steps whose failure stops nothing");
static KEPT: Kind = Kind::kept("IM-OPEA-KEPT", "Settings that a graph has no word for");
static NODE: Kind = Kind::understood("IM-OPEA-NODE", "Steps that are nodes");
static CALL: Kind = Kind::understood("IM-OPEA-CALL", "Steps that call a server");
static ROLE: Kind = Kind::guessed("IM-OPEA-ROLE", "Roles that follow from a step's name");

static KINDS: &[&Kind] = &[
    &FORM, &ROOT, &TARGET, &UNKNOWN, &CIRCLE, &TWICE, &SEVERAL, &CONDITION, &SOFT, &KEPT, &SECRET,
    &NODE, &CALL, &ROLE,
];

static ROUTING: Kinds = Kinds {
    form: &FORM,
    root: &ROOT,
    target: &TARGET,
    unknown: &UNKNOWN,
    circle: &CIRCLE,
    weights: &FORM,
    condition: &CONDITION,
    soft: &SOFT,
};

const WAYS: &[(&str, Way)] = &[
    ("Sequence", Way::Sequence),
    ("Ensemble", Way::Ensemble),
    ("Switch", Way::Switch),
];

fn is_connector(tree: &Node) -> bool {
    let version =
        text(tree.get("apiVersion")).is_some_and(|it| it.value.starts_with("gmc.opea.io/"));
    version && text(tree.get("kind")).is_some_and(|kind| kind.value == "GMConnector")
}

impl Importer for Opea {
    fn name(&self) -> &'static str {
        "opea"
    }

    fn title(&self) -> &'static str {
        "OPEA GMConnector"
    }

    fn about(&self) -> &'static str {
        "The steps of a request, their roles, and the servers that their settings name"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let parsed = file.parsed();
        let mut trees = parsed.iter().flat_map(|parsed| &parsed.documents);
        trees.any(is_connector)
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut connectors: Vec<(&File<'_>, &Node)> = Vec::new();
        for file in files {
            let trees = draft.trees(file).iter();
            connectors.extend(
                trees
                    .filter(|tree| is_connector(tree))
                    .map(|tree| (*file, tree)),
            );
        }
        match connectors.as_slice() {
            [] => {}
            [(file, tree)] => connector(file, tree, draft),
            [_, (file, tree), ..] => {
                let message = "a second GMConnector stands there, and one graph is imported";
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

fn is_downstream(step: &Step<'_>) -> bool {
    let flag = step
        .node
        .get("internalService")
        .and_then(|inner| inner.get("isDownstreamService"));
    flag.and_then(Node::as_scalar)
        .and_then(crate::yaml::Scalar::as_bool)
        == Some(true)
}

fn connector(file: &File<'_>, tree: &Node, draft: &mut Draft) {
    if let Some(name) = text(tree.at(["metadata", "name"])) {
        draft.name(&name.value);
    }
    let Some(stated) = tree.at(["spec", "nodes"]) else {
        let help = "it names the routers, `root` first";
        draft.refuse(
            &ROOT,
            file.at(tree.span),
            "the connector has no `spec.nodes`",
            help,
        );
        return;
    };
    let Some(mut routers) = routing::read(stated, WAYS, &ROUTING, file, draft) else {
        return;
    };
    let mut behind: Vec<Step<'_>> = Vec::new();
    for router in routers.values_mut() {
        behind.extend(
            router
                .steps
                .iter()
                .filter(|step| is_downstream(step))
                .cloned(),
        );
        router.steps.retain(|step| !is_downstream(step));
    }
    let mut made = Made::default();
    for step in &behind {
        let name = called(step);
        if made.services.iter().any(|(service, _)| *service == name) {
            let message = format!("two steps state the service `{}`", quote(&name));
            let help = "state it once, and name it where it is called";
            draft.refuse(&TWICE, file.at(step.span), message, help);
            return;
        }
        made.server(step, name, file, draft);
    }
    let plain = routers.values().all(|router| {
        let conditional = |step: &Step<'_>| step.node.get("condition").is_some();
        router.way == Way::Sequence && !router.steps.iter().any(conditional)
    });
    let question = draft.input("question", json!({"type": "text"}));
    let source = format!("inputs.{question}");
    let (end, ty) = if plain {
        let mut steps = Vec::new();
        let mut seen = 0;
        flat(&routers, "root", &mut seen, &mut steps);
        if seen > MOST {
            let message = format!("the routers have more than {MOST} steps");
            draft.refuse(&super::LIMIT, file.at(stated.span), message, "import fewer");
            return;
        }
        let mut path = Vec::new();
        for step in &steps {
            let role = role_of(step).unwrap_or(Role::Transformer);
            path.push((made.step(step, Some(role), file, draft), role));
        }
        let ends_in_text = path
            .last()
            .is_some_and(|(_, role)| *role == Role::Generator);
        let ty = if ends_in_text { "text" } else { "any" };
        (chain(&path, &source, draft), ty)
    } else {
        let mut node = |step: &Step<'_>, draft: &mut Draft| made.step(step, None, file, draft);
        let mut writer = Writer {
            format: "opea",
            answer: "any",
            kinds: &ROUTING,
            routers: &routers,
            file,
            node: &mut node,
            steps: 0,
        };
        (writer.walk("root", &source, draft), "any")
    };
    let answer = draft.output("answer", json!({"type": ty}));
    draft.edge(&end, &format!("outputs.{answer}"));
    made.calls(file, draft);
    let Some(Value::Mapping(spec)) = tree.get("spec").map(|spec| &spec.value) else {
        return;
    };
    for entry in spec
        .entries
        .iter()
        .filter(|entry| entry.key.text != "nodes")
    {
        let key = format!("opea/{}", quote(&entry.key.text));
        draft.annotate(&key, to_json(&entry.value));
        let message = format!(
            "the annotation `{key}` of the graph keeps `{}`",
            quote(&entry.key.text)
        );
        draft.keep_aside(&KEPT, file.at(entry.key.span), None, message);
    }
}

/// Steps of all routers, those of routers within routers counted wherever they stand.
const MOST: usize = 2_000;

/// The steps of routers that are all sequences, one behind the other.
fn flat<'r, 't>(
    routers: &'r Routers<'t>,
    name: &str,
    seen: &mut usize,
    steps: &mut Vec<&'r Step<'t>>,
) {
    for step in routers.get(name).iter().flat_map(|router| &router.steps) {
        *seen = seen.saturating_add(1);
        if *seen > MOST {
            return;
        }
        match &step.target {
            Target::Router(inner) => flat(routers, inner, seen, steps),
            _ => steps.push(step),
        }
    }
}

/// What others call a step by.
fn called(step: &Step<'_>) -> String {
    match &step.target {
        Target::Service(name) | Target::Url(name) | Target::Router(name) => name.clone(),
    }
}

fn role_of(step: &Step<'_>) -> Option<Role> {
    let name = step.name.clone().unwrap_or_else(|| called(step));
    role_of_name(&name).filter(|role| is_on_path(*role))
}

/// The settings of a step's service, as variables.
fn settings(step: &Step<'_>) -> Vec<(String, String)> {
    let config = step
        .node
        .get("internalService")
        .and_then(|inner| inner.get("config"));
    let entries = config
        .and_then(Node::as_mapping)
        .map_or(&[][..], |map| &map.entries);
    entries
        .iter()
        .filter_map(|entry| {
            Some((
                entry.key.text.clone(),
                entry.value.as_scalar()?.text.clone(),
            ))
        })
        .collect()
}

/// A node that was made, and what it was made from.
struct Built {
    node: String,
    settings: Vec<(String, String)>,
    span: crate::text::Span,
    role: Option<Role>,
    model: Option<String>,
}

fn node(step: &Step<'_>, file: &File<'_>, draft: &mut Draft) -> String {
    let wanted = step.name.clone().unwrap_or_else(|| called(step));
    let place = file.at(step.span);
    let node = draft.node(&wanted, &place);
    let message = format!("the step `{}` is a node", quote(&wanted));
    draft.understand(&NODE, place, Some(&node), message);
    let (paths, variables): (Vec<_>, Vec<_>) = settings(step)
        .into_iter()
        .partition(|(name, _)| name == "endpoint");
    for (_, path) in paths {
        draft.put(&node, &["serving", "path"], path);
    }
    environment(&node, &variables, &[], &file.at(step.span), draft);
    node
}

#[derive(Default)]
struct Made {
    services: Vec<(String, usize)>,
    nodes: Vec<Built>,
}

impl Made {
    /// A server behind the steps.
    fn server(&mut self, step: &Step<'_>, name: String, file: &File<'_>, draft: &mut Draft) {
        let node = node(step, file, draft);
        draft.put(&node, &["role"], "custom");
        let program = program_of(&name.to_ascii_lowercase(), "");
        let own = step.name.clone().unwrap_or_default().to_ascii_lowercase();
        let engine = program.engine.or_else(|| {
            let engines = ["vllm", "tgi", "tei"];
            engines
                .into_iter()
                .find(|engine| own.starts_with(engine) || name.starts_with(engine))
        });
        if let Some(engine) = engine {
            draft.put(&node, &["serving", "engine"], engine);
        }
        let role = match engine {
            Some("vllm" | "tgi") => Some(Role::Generator),
            _ => role_of(step),
        };
        self.register(step, node, role, Some(name));
    }

    /// A step of the path: with its role, or with an input `in` and an output `out`.
    fn step(
        &mut self,
        step: &Step<'_>,
        role: Option<Role>,
        file: &File<'_>,
        draft: &mut Draft,
    ) -> String {
        let node = node(step, file, draft);
        let place = file.at(step.span);
        if let Some(role) = role {
            draft.put(&node, &["role"], role.word());
            let message = format!("`{node}` is given the role `{}`, by its name", role.word());
            draft.guess(&ROLE, place.clone(), Some(&node), message, role.word());
        } else {
            draft.put(&node, &["role"], "custom");
            draft.put(&node, &["inputs", "in", "type"], "any");
            draft.put(&node, &["outputs", "out", "type"], "any");
        }
        if let Target::Url(url) = &step.target {
            draft.put(&node, &["external"], true);
            draft.keep(&node, "opea/externalService", url.as_str());
            let message =
                format!("the annotation `opea/externalService` of `{node}` keeps its address");
            draft.keep_aside(&KEPT, place, Some(&node), message);
        }
        self.register(step, node.clone(), role, Some(called(step)));
        node
    }

    fn register(
        &mut self,
        step: &Step<'_>,
        node: String,
        role: Option<Role>,
        service: Option<String>,
    ) {
        let settings = settings(step);
        let model = settings.iter().find(|(name, _)| name == "MODEL_ID");
        let model = model
            .map(|(_, model)| model.clone())
            .filter(|model| !model.is_empty());
        if let Some(service) = service {
            self.services.push((service, self.nodes.len()));
        }
        self.nodes.push(Built {
            node,
            settings,
            span: step.span,
            role,
            model,
        });
    }

    /// Joins who names a service to the node of it.
    fn calls(&self, file: &File<'_>, draft: &mut Draft) {
        let mut hosts: Vec<Vec<String>> = vec![Vec::new(); self.nodes.len()];
        for (service, at) in &self.services {
            if let Some(hosts) = hosts.get_mut(*at) {
                hosts.push(service.clone());
            }
        }
        let names = Names::new(hosts.iter());
        for (at, from) in self.nodes.iter().enumerate() {
            if let Some(model) = &from.model {
                draft.put(&from.node, &["model", "id"], model.as_str());
            }
            let mut called = names.called(&from.settings, &[]);
            called.extend(
                from.settings
                    .iter()
                    .filter_map(|(_, value)| names.find(value)),
            );
            called.remove(&at);
            for to in called.into_iter().filter_map(|to| self.nodes.get(to)) {
                let more = [("role".to_owned(), json!("control"))]
                    .into_iter()
                    .collect();
                draft.edge_with(&from.node, &to.node, more);
                let message = format!(
                    "`{}` names the service of `{}`: it calls it",
                    from.node, to.node
                );
                draft.understand(&CALL, file.at(from.span), Some(&from.node), message);
                if let Some(model) = to.model.as_ref().filter(|_| from.role == to.role) {
                    draft.put(&from.node, &["model", "id"], model.as_str());
                }
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

    const SWITCHED: &str = include_str!("samples/opea.yaml");

    #[test]
    fn a_switch_becomes_a_router() {
        let imported = import(&[("gmc.yaml", SWITCHED)]).unwrap();
        assert_eq!(
            edges(&imported),
            [
                "inputs.question embedding.in",
                "embedding.out which.in",
                "which.out small.in",
                "which.out large.in",
                "small.out which-join.in",
                "large.out which-join.in",
                "which-join.out outputs.answer",
                "embedding tei",
            ]
        );
    }

    #[test]
    fn opea_s_own_samples_are_read() {
        let Some(text) = example("opea-gmc/chatQnA_xeon.yaml") else {
            return;
        };
        let imported = import(&[("chat.yaml", &text)]).unwrap();
        assert_eq!(
            edges(&imported),
            [
                "inputs.question embedding.text",
                "embedding.vector retriever.query",
                "inputs.question reranking.query",
                "retriever.hits reranking.candidates",
                "reranking.ranked llm.context",
                "inputs.question llm.prompt",
                "llm.text outputs.answer",
                "embedding teiembedding",
                "retriever teiembedding",
                "retriever vectordb",
                "reranking teireranking",
                "llm tgi",
            ]
        );
        assert_eq!(errors(&imported), NONE);
        let Some(text) = example("opea-gmc/codegen_gaudi.yaml") else {
            return;
        };
        let imported = import(&[("code.yaml", &text)]).unwrap();
        assert_eq!(nodes(&imported), ["tgigaudi custom", "llm generator"]);
        assert_eq!(
            imported
                .text
                .matches("id: Qwen/Qwen2.5-Coder-7B-Instruct")
                .count(),
            2
        );
        assert_eq!(errors(&imported), NONE);
    }

    #[test]
    fn what_no_server_could_run_is_refused() {
        for (before, after, code) in [
            ("    root:", "    start:", "IM-OPEA-ROOT"),
            ("nodeName: which", "nodeName: other", "IM-OPEA-UNKNOWN"),
            ("{serviceName: small}", "{}", "IM-OPEA-TARGET"),
            ("routerType: Switch", "routerType: Splitter", "IM-OPEA-FORM"),
            (
                "internalService: {serviceName: small}",
                "nodeName: root",
                "IM-OPEA-CIRCLE",
            ),
        ] {
            let broken = SWITCHED.replace(before, after);
            assert_ne!(broken, SWITCHED, "{before}");
            let codes = refused(&[("gmc.yaml", &broken)]);
            assert!(codes.contains(&code), "{after}: {codes:?}");
        }
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            if let Ok(imported) = import(&[("gmc.yaml", &mutated(SWITCHED, &edits))]) {
                analysis(&imported);
            }
        }
    }
}
