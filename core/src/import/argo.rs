//! Argo Workflows: the tasks of a DAG, what they wait for, and what they hand on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use super::draft::{Draft, free, port_label, quote};
use super::services::pod::{self, Settings, items};
use super::services::routing::text;
use super::services::{SECRET, environment, redact};
use super::{File, Importer, Kind, LIMIT, Place};
use crate::spec::to_json;
use crate::text::Span;
use crate::yaml::{Node, Value};

/// Argo's workflows with a DAG.
pub(super) struct Argo;

static FORM: Kind = Kind::refused(
    "IM-ARGO-FORM",
    "Workflows that are not written as Argo wants",
);
static NO_DAG: Kind = Kind::refused("IM-ARGO-NO-DAG", "Workflows that begin without a DAG");
static TEMPLATE: Kind = Kind::refused("IM-ARGO-TEMPLATE", "Tasks of templates that are not there");
static UNKNOWN: Kind = Kind::refused("IM-ARGO-UNKNOWN", "Tasks that wait for what is not there");
static CIRCLE: Kind = Kind::refused("IM-ARGO-CIRCLE", "Tasks that wait for themselves");
static SEVERAL: Kind = Kind::refused("IM-ARGO-SEVERAL", "Several workflows at once");
static CONDITION: Kind = Kind::kept("IM-ARGO-CONDITION", "Conditions in Argo's words");
static KEPT: Kind = Kind::kept("IM-ARGO-KEPT", "Settings that a graph has no word for");
static TASK: Kind = Kind::understood("IM-ARGO-TASK", "Tasks that are nodes");

static KINDS: &[&Kind] = &[
    &FORM, &NO_DAG, &TEMPLATE, &UNKNOWN, &CIRCLE, &SEVERAL, &CONDITION, &KEPT, &SECRET, &TASK,
];

/// The most tasks that are read.
const MOST: usize = 2_000;

const WORKFLOWS: &[&str] = &[
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
];

fn is_workflow(tree: &Node) -> bool {
    let version =
        text(tree.get("apiVersion")).is_some_and(|it| it.value.starts_with("argoproj.io/"));
    version && text(tree.get("kind")).is_some_and(|kind| WORKFLOWS.contains(&kind.value.as_str()))
}

impl Importer for Argo {
    fn name(&self) -> &'static str {
        "argo"
    }

    fn title(&self) -> &'static str {
        "Argo Workflow"
    }

    fn about(&self) -> &'static str {
        "The tasks of a workflow's DAG, their containers, and what they wait for"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let parsed = file.parsed();
        let mut trees = parsed.iter().flat_map(|parsed| &parsed.documents);
        trees.any(is_workflow)
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut workflows: Vec<(&File<'_>, &Node)> = Vec::new();
        for file in files {
            let trees = draft.trees(file).iter();
            workflows.extend(
                trees
                    .filter(|tree| is_workflow(tree))
                    .map(|tree| (*file, tree)),
            );
        }
        match workflows.as_slice() {
            [] => {}
            [(file, tree)] => workflow(file, tree, draft),
            [_, (file, tree), ..] => {
                let message = "a second workflow stands there, and one graph is imported";
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

fn workflow(file: &File<'_>, tree: &Node, draft: &mut Draft) {
    let name =
        text(tree.at(["metadata", "name"])).or_else(|| text(tree.at(["metadata", "generateName"])));
    if let Some(name) = name {
        draft.name(name.value.trim_end_matches('-'));
    }
    let spec = tree
        .at(["spec", "workflowSpec"])
        .or_else(|| tree.get("spec"));
    let Some(spec) = spec.filter(|spec| spec.as_mapping().is_some()) else {
        draft.refuse(
            &FORM,
            file.at(tree.span),
            "the workflow has no `spec`",
            "state its templates",
        );
        return;
    };
    let templates: BTreeMap<String, &Node> = items(spec.get("templates"))
        .iter()
        .filter_map(|template| Some((text(template.get("name"))?.value, template)))
        .collect();
    let Some(entry) = text(spec.get("entrypoint")) else {
        let help = "name the template that it begins with";
        draft.refuse(
            &FORM,
            file.at(spec.span),
            "the workflow has no `entrypoint`",
            help,
        );
        return;
    };
    let Some(begin) = templates.get(&entry.value) else {
        let message = format!("there is no template `{}`", quote(&entry.value));
        draft.refuse(
            &TEMPLATE,
            file.at(entry.span),
            message,
            "name one of `templates`",
        );
        return;
    };
    let tasks = items(begin.at(["dag", "tasks"]));
    if tasks.is_empty() {
        let message = format!("the template `{}` has no DAG of tasks", quote(&entry.value));
        let help =
            "a graph is made from the `dag.tasks` of the template that a workflow begins with";
        draft.refuse(&NO_DAG, file.at(begin.span), message, help);
        return;
    }
    if tasks.len() > MOST {
        let message = format!("the DAG has more than {MOST} tasks");
        draft.refuse(&LIMIT, file.at(begin.span), message, "import a part of it");
        return;
    }
    let Some(tasks) = read_tasks(tasks, file, draft) else {
        return;
    };
    write(&tasks, &templates, file, draft);
    keep(spec, file, draft);
}

/// Tells what else the workflow says.
fn keep(spec: &Node, file: &File<'_>, draft: &mut Draft) {
    let entries = spec.as_mapping().map_or(&[][..], |map| &map.entries);
    for entry in entries {
        let key = entry.key.text.as_str();
        if matches!(key, "entrypoint" | "templates") {
            continue;
        }
        let name = format!("argo/{}", quote(key));
        draft.annotate(&name, to_json(&entry.value));
        let message = format!(
            "the annotation `{name}` of the graph keeps `{}`",
            quote(key)
        );
        draft.keep_aside(&KEPT, file.at(entry.key.span), None, message);
    }
}

struct Task<'t> {
    name: String,
    tree: &'t Node,
    /// What it waits for.
    before: BTreeSet<String>,
    /// Whether it waits for all of these to succeed, and no more is said.
    plain: bool,
    span: Span,
}

fn read_tasks<'t>(stated: &'t [Node], file: &File<'_>, draft: &mut Draft) -> Option<Vec<Task<'t>>> {
    let mut tasks: Vec<Task<'t>> = Vec::new();
    let mut names = BTreeSet::new();
    for tree in stated {
        let name = text(tree.get("name"));
        let Some(name) = name.filter(|name| names.insert(name.value.clone())) else {
            let help = "each task has a name of its own";
            draft.refuse(
                &FORM,
                file.at(tree.span),
                "a task has no name, or one that is taken",
                help,
            );
            continue;
        };
        let mut before = BTreeSet::new();
        let mut plain = true;
        for item in items(tree.get("dependencies")) {
            before.extend(text(Some(item)).map(|name| name.value));
        }
        if let Some(depends) = text(tree.get("depends")) {
            plain = words(&depends.value, &mut before);
        }
        tasks.push(Task {
            name: name.value,
            tree,
            before,
            plain,
            span: name.span,
        });
    }
    for task in &tasks {
        for wanted in task.before.iter().filter(|wanted| !names.contains(*wanted)) {
            let message = format!(
                "the task `{}` waits for `{}`, which is not there",
                quote(&task.name),
                quote(wanted)
            );
            draft.refuse(
                &UNKNOWN,
                file.at(task.span),
                message,
                "name a task of the same DAG",
            );
        }
    }
    if draft.is_refused() {
        return None;
    }
    if let Some(task) = first_in_circle(&tasks) {
        let message = format!("the task `{}` waits for itself", quote(&task.name));
        draft.refuse(
            &CIRCLE,
            file.at(task.span),
            message,
            "take one of the names away",
        );
        return None;
    }
    Some(tasks)
}

/// The tasks that `A && (B.Succeeded || !C.Failed)` names; whether it only joins them by `&&`.
fn words(depends: &str, names: &mut BTreeSet<String>) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut plain = true;
    for word in depends
        .split(|c: char| !of_name(c))
        .filter(|word| !word.is_empty())
    {
        let (name, result) = word.split_once('.').unwrap_or((word, ""));
        plain &= matches!(result, "" | "Succeeded");
        names.insert(name.to_owned());
    }
    plain && !depends.contains(['|', '!'])
}

fn first_in_circle<'a, 't>(tasks: &'a [Task<'t>]) -> Option<&'a Task<'t>> {
    let mut waits: Vec<usize> = tasks.iter().map(|task| task.before.len()).collect();
    let mut behind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, task) in tasks.iter().enumerate() {
        for name in &task.before {
            behind.entry(name).or_default().push(at);
        }
    }
    let free = waits.iter().enumerate().filter(|(_, waits)| **waits == 0);
    let mut ready: Vec<usize> = free.map(|(at, _)| at).collect();
    while let Some(task) = ready.pop().and_then(|at| tasks.get(at)) {
        for &at in behind
            .get(task.name.as_str())
            .map_or(&[][..], Vec::as_slice)
        {
            if let Some(waits) = waits.get_mut(at) {
                *waits = waits.saturating_sub(1);
                if *waits == 0 {
                    ready.push(at);
                }
            }
        }
    }
    let at = waits.iter().position(|waits| *waits > 0)?;
    tasks.get(at)
}

fn write(
    tasks: &[Task<'_>],
    templates: &BTreeMap<String, &Node>,
    file: &File<'_>,
    draft: &mut Draft,
) {
    let mut nodes: BTreeMap<&str, String> = BTreeMap::new();
    for task in tasks {
        let node = draft.node(&task.name, &file.at(task.span));
        nodes.insert(&task.name, node);
    }
    let handed = handed_on(tasks);
    for task in tasks {
        let Some(node) = nodes.get(task.name.as_str()) else {
            continue;
        };
        let place = file.at(task.span);
        draft.put(node, &["role"], "custom");
        let message = format!("the task `{}` is a node", quote(&task.name));
        draft.understand(&TASK, place.clone(), Some(node), message);
        let inline = task.tree.get("inline");
        let named = text(task.tree.get("template"));
        let template = match &named {
            Some(named) => templates.get(&named.value).copied(),
            None => inline,
        };
        if let Some(template) = template {
            container(node, template, &place, draft);
        } else if let Some(named) = &named {
            let message = format!("there is no template `{}`", quote(&named.value));
            draft.refuse(
                &TEMPLATE,
                file.at(named.span),
                message,
                "name one of `templates`",
            );
            continue;
        }
        rest(node, task, template, file, draft);
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for (from, output, input) in handed.get(task.name.as_str()).into_iter().flatten() {
            let Some(from_node) = nodes.get(from.as_str()) else {
                continue;
            };
            taken.insert(from);
            let (out_port, in_port) = (port_label(output), port_label(input));
            draft.put(from_node, &["outputs", &out_port, "type"], "any");
            draft.put(node, &["inputs", &in_port, "type"], "any");
            draft.edge(
                &format!("{from_node}.{out_port}"),
                &format!("{node}.{in_port}"),
            );
        }
        for name in task
            .before
            .iter()
            .filter(|name| !taken.contains(name.as_str()))
        {
            if let Some(before) = nodes.get(name.as_str()) {
                let more = JsonMap::from_iter([("role".to_owned(), json!("control"))]);
                draft.edge_with(before, node, more);
            }
        }
    }
}

/// For each task, which output of which other becomes which of its inputs.
fn handed_on<'a>(tasks: &'a [Task<'_>]) -> BTreeMap<&'a str, Vec<(String, String, String)>> {
    let mut handed: BTreeMap<&str, Vec<(String, String, String)>> = BTreeMap::new();
    for task in tasks {
        let mut inputs: BTreeSet<String> = BTreeSet::new();
        for (side, key) in [("parameters", "value"), ("artifacts", "from")] {
            for argument in items(task.tree.at(["arguments", side])).iter().take(MOST) {
                let (Some(name), Some(value)) =
                    (text(argument.get("name")), text(argument.get(key)))
                else {
                    continue;
                };
                for (from, output) in references(&value.value) {
                    if !task.before.contains(&from) {
                        continue;
                    }
                    let input = free(&port_label(&name.value), 63, |name| inputs.contains(name));
                    inputs.insert(input.clone());
                    handed
                        .entry(&task.name)
                        .or_default()
                        .push((from, output, input));
                }
            }
        }
    }
    handed
}

/// The tasks and outputs that `{{tasks.A.outputs.parameters.x}}` names.
fn references(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in value.split("{{").skip(1) {
        let Some((inside, _)) = part.split_once("}}") else {
            continue;
        };
        let words: Vec<&str> = inside.trim().trim_start_matches('=').split('.').collect();
        match words.as_slice() {
            ["tasks", task, "outputs", "parameters" | "artifacts", name] => {
                found.push(((*task).to_owned(), (*name).to_owned()));
            }
            ["tasks", task, "outputs", "result"] => {
                found.push(((*task).to_owned(), "result".to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// What a template says of its container.
fn container(node: &str, template: &Node, place: &Place, draft: &mut Draft) {
    let stated = template.get("container").or_else(|| template.get("script"));
    let Some(container) = stated else { return };
    if let Some(image) = text(container.get("image")) {
        draft.put(node, &["serving", "image"], image.value);
    }
    let (variables, secrets) = pod::environment(container, &Settings::new());
    environment(node, &variables, &secrets, place, draft);
    let mut placement = JsonMap::new();
    pod::resources(container, &mut placement);
    if let Some(gpu) = pod::gpu(template) {
        placement.insert("gpu".to_owned(), json!(gpu));
    }
    for (key, value) in placement {
        draft.put(node, &["placement", &key], value);
    }
}

fn rest(node: &str, task: &Task<'_>, template: Option<&Node>, file: &File<'_>, draft: &mut Draft) {
    let mut rest = JsonMap::new();
    for (key, tree) in [("task", Some(task.tree)), ("template", template)] {
        let Some(Value::Mapping(map)) = tree.map(|tree| &tree.value) else {
            continue;
        };
        let said = |name: &str| match name {
            "name" | "dependencies" | "inline" => true,
            "depends" => task.plain,
            _ => false,
        };
        let inner: JsonMap<String, Json> = map
            .entries
            .iter()
            .filter(|entry| !said(&entry.key.text))
            .map(|entry| (entry.key.text.clone(), to_json(&entry.value)))
            .collect();
        if !inner.is_empty() {
            rest.insert(key.to_owned(), Json::Object(inner));
        }
    }
    if !rest.is_empty() {
        let mut rest = Json::Object(rest);
        redact(&mut rest);
        draft.keep(node, "argo", rest);
        let message = format!("the annotation `argo` of `{node}` keeps its task and template");
        draft.keep_aside(&KEPT, file.at(task.span), Some(node), message);
    }
    if !task.plain || task.tree.get("when").is_some() {
        let message = format!(
            "`{node}` runs under a condition in Argo's words: its annotation `argo` keeps it, and \
             the graph shows only what it waits for"
        );
        draft.keep_aside(&CONDITION, file.at(task.span), Some(node), message);
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use crate::import::services::tests::{
        NONE, analysis, edges, errors, example, import, mutated, refused,
    };

    const EVALUATE: &str = include_str!("samples/argo.yaml");

    #[test]
    fn tasks_become_nodes_and_what_they_hand_on_edges() {
        let imported = import(&[("evaluate.yaml", EVALUATE)]).unwrap();
        assert_eq!(
            edges(&imported),
            [
                "load.result embed.rows",
                "load.data-set embed.texts",
                "embed report",
                "load report",
            ]
        );
        let conditions = imported
            .notes
            .iter()
            .filter(|note| note.kind.code == "IM-ARGO-CONDITION");
        assert_eq!(conditions.count(), 1);
    }

    #[test]
    fn argo_s_own_samples_are_read() {
        let diamond: &[&str] = &["a b", "a c", "b d", "c d"];
        for (name, expected) in [
            ("dag-diamond", diamond),
            ("dag-task-level-timeout", &["a b", "a c"]),
        ] {
            let Some(text) = example(&format!("argo-workflows/{name}.yaml")) else {
                return;
            };
            let imported = import(&[("workflow.yaml", &text)]).unwrap();
            assert_eq!(edges(&imported), expected);
            assert_eq!(errors(&imported), NONE);
        }
    }

    #[test]
    fn what_argo_would_not_run_is_refused() {
        for (before, after, code) in [
            ("entrypoint: main", "entrypoint: other", "IM-ARGO-TEMPLATE"),
            ("entrypoint: main", "x: main", "IM-ARGO-FORM"),
            ("entrypoint: main", "entrypoint: run", "IM-ARGO-NO-DAG"),
            (
                "{name: load, template: run}",
                "{name: load, template: rum}",
                "IM-ARGO-TEMPLATE",
            ),
            (
                "dependencies: [load]",
                "dependencies: [loads]",
                "IM-ARGO-UNKNOWN",
            ),
            (
                "{name: load, template: run}",
                "{name: load, template: run, depends: report}",
                "IM-ARGO-CIRCLE",
            ),
            (
                "{name: load, template: run}",
                "{name: embed, template: run}",
                "IM-ARGO-FORM",
            ),
        ] {
            let broken = EVALUATE.replace(before, after);
            assert_ne!(broken, EVALUATE, "{before}");
            let codes = refused(&[("evaluate.yaml", &broken)]);
            assert!(codes.contains(&code), "{after}: {codes:?}");
        }
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            if let Ok(imported) = import(&[("evaluate.yaml", &mutated(EVALUATE, &edits))]) {
                analysis(&imported);
            }
        }
    }
}
