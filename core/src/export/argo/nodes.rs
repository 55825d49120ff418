//! The DAG: a task for each node, which calls it for every record.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Cx, FOLDER, container, kinds, retries};
use crate::export::kubernetes::pod;
use crate::export::names::Names;
use crate::export::{Artifacts, kubernetes, plan};
use crate::graph::{Edge, NodeIx};
use crate::spec::{Duration, OnFailure};
use crate::text::Span;

/// The annotation of the graph that names the image of steps.
const IMAGE: &str = "modelgraph/step-image";
/// How long a call may take where nothing says.
const USUAL: Duration = Duration(60_000_000_000);

/// The DAG and what each of its tasks runs.
pub(super) fn templates(cx: &mut Cx<'_>) -> Vec<Value> {
    let what = "a program of yours does the work of a node: it reads the records of `--input` (a \
                port, and a file of JSON lines), calls the node for each as \
                `/etc/modelgraph/graph.json` says, keeps conditions and guardrails, and writes \
                those of `--output`";
    let usual = format!("{}-step:0.0.0", crate::export::dns_label(cx.subject.name));
    let image = cx.image(IMAGE, &kinds::STEP, &usual, what);
    let services = services(cx);
    let graph = cx.subject.graph;
    let mut names = Names::new(120);
    let templates: BTreeMap<NodeIx, String> = graph
        .model_nodes()
        .map(|(ix, node)| (ix, names.claim(&format!("node-{}", node.name))))
        .collect();
    about_edges(cx);
    let mut tasks = Vec::new();
    let mut all = Vec::new();
    for (ix, name) in &templates {
        tasks.push(task(cx, *ix, name));
        all.push(template(cx, *ix, name, &image, &services));
    }
    let mut dag = vec![json!({
        "name": "run",
        "inputs": {"artifacts": ports(cx, NodeIx::INPUTS)},
        "outputs": {"artifacts": outputs(cx)},
        "dag": {"tasks": tasks},
    })];
    // Argo takes no empty list of one or the other.
    for value in &mut dag {
        if let Value::Object(map) = value {
            map.retain(|_, value| value.get("artifacts") != Some(&json!([])));
        }
    }
    dag.extend(all);
    dag
}

/// Where the records of the graph's inputs are, for a workflow that is started.
pub(super) fn arguments(cx: &Cx<'_>) -> Value {
    let graph = cx.subject.graph;
    let ports = graph
        .node(NodeIx::INPUTS)
        .map_or(&[][..], |node| &node.outputs);
    let artifacts: Vec<Value> = ports
        .iter()
        .filter(|&&port| graph.edges_at(port).next().is_some())
        .filter_map(|&port| graph.port(port))
        .map(|port| {
            let key = format!("{}/{}.jsonl", cx.subject.name, port.name);
            json!({"name": port.name, "s3": {"key": key}})
        })
        .collect();
    if artifacts.is_empty() {
        return Value::Null;
    }
    json!({"artifacts": artifacts})
}

/// The edges that carry data or order here.
fn edges<'g>(cx: &Cx<'g>, ix: NodeIx) -> impl Iterator<Item = &'g Edge> + use<'g> {
    let graph = cx.subject.graph;
    graph.incoming(ix).filter(|edge| !edge.is_loop)
}

fn about_edges(cx: &mut Cx<'_>) {
    let graph = cx.subject.graph;
    for edge in graph.edges.iter().filter(|edge| edge.is_loop) {
        let name = graph.name(edge.source);
        let message = format!(
            "the loop back from `{name}` has no place in a DAG: accepted, records go through once"
        );
        cx.artifacts
            .lose(&kinds::LOOP, Some(name), edge.span, message);
    }
    for (ix, node) in graph.model_nodes() {
        let stated = graph.spec_of(ix).and_then(|node| node.on_failure.as_ref());
        if let Some(stated) = stated
            && let OnFailure::Fallback(other) = &stated.value
        {
            let message = format!(
                "`{}` is replaced by `{}` where a call fails, and a step that fails by nothing: \
                 what follows it is left out",
                node.name, other.0
            );
            cx.artifacts
                .lose(&kinds::FALLBACK, Some(&node.name), stated.span, message);
        }
    }
}

/// Whether what follows a node goes on without it.
fn is_skipped(cx: &Cx<'_>, ix: NodeIx) -> bool {
    let node = cx.subject.graph.spec_of(ix);
    let stated = node.and_then(|node| node.on_failure.as_ref());
    stated.is_some_and(|stated| matches!(stated.value, OnFailure::Skip))
}

/// The data that a node takes: the name of each artifact, its port, and where it comes from.
fn taken<'g>(cx: &Cx<'g>, ix: NodeIx) -> Vec<(String, &'g str, &'g Edge)> {
    let graph = cx.subject.graph;
    let mut found: Vec<(String, &str, &Edge)> = Vec::new();
    for edge in edges(cx, ix) {
        let Some(port) = edge.ports.and_then(|(_, target)| graph.port(target)) else {
            continue;
        };
        let is_taken = |name: &str| {
            let ports = graph.node(ix).map_or(&[][..], |node| &node.inputs);
            let mut ports = ports.iter().filter_map(|&port| graph.port(port));
            ports.any(|other| other.name == name) || found.iter().any(|(known, ..)| known == name)
        };
        let mut name = port.name.clone();
        if found.iter().any(|(known, ..)| *known == name) {
            while is_taken(&name) {
                name.push_str("-more");
            }
        }
        found.push((name, &port.name, edge));
    }
    found
}

fn source(cx: &Cx<'_>, edge: &Edge) -> Option<String> {
    let graph = cx.subject.graph;
    let port = &graph.port(edge.ports?.0)?.name;
    Some(if edge.source == NodeIx::INPUTS {
        format!("{{{{inputs.artifacts.{port}}}}}")
    } else {
        let task = graph.name(edge.source);
        format!("{{{{tasks.{task}.outputs.artifacts.{port}}}}}")
    })
}

fn task(cx: &Cx<'_>, ix: NodeIx, template: &str) -> Value {
    let graph = cx.subject.graph;
    let mut task = Map::new();
    task.insert("name".to_owned(), json!(graph.name(ix)));
    task.insert("template".to_owned(), json!(template));
    let mut before: Vec<NodeIx> = Vec::new();
    for edge in edges(cx, ix).filter(|edge| edge.source.is_model()) {
        if !before.contains(&edge.source) {
            before.push(edge.source);
        }
    }
    let depends: Vec<String> = before
        .into_iter()
        .map(|source| {
            let name = graph.name(source);
            if is_skipped(cx, source) {
                format!("({name}.Succeeded || {name}.Failed || {name}.Errored)")
            } else {
                format!("{name}.Succeeded")
            }
        })
        .collect();
    if !depends.is_empty() {
        task.insert("depends".to_owned(), json!(depends.join(" && ")));
    }
    let given: Vec<Value> = taken(cx, ix)
        .into_iter()
        .filter_map(|(name, _, edge)| Some(json!({"name": name, "from": source(cx, edge)?})))
        .collect();
    if !given.is_empty() {
        task.insert("arguments".to_owned(), json!({"artifacts": given}));
    }
    Value::Object(task)
}

/// The artifacts of the ports of what a node gives, as far as edges take them.
fn ports(cx: &Cx<'_>, ix: NodeIx) -> Vec<Value> {
    let graph = cx.subject.graph;
    let ports = graph.node(ix).map_or(&[][..], |node| &node.outputs);
    let used = ports
        .iter()
        .filter(|&&port| graph.edges_at(port).next().is_some());
    used.filter_map(|&port| graph.port(port))
        .map(|port| json!({"name": port.name}))
        .collect()
}

/// The artifacts of the whole: of each output that of its first giver.
fn outputs(cx: &Cx<'_>) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for (name, port, edge) in taken(cx, NodeIx::OUTPUTS) {
        // What came of an input goes nowhere.
        if name == port
            && edge.source.is_model()
            && let Some(from) = source(cx, edge)
        {
            found.push(json!({"name": name, "from": from, "optional": true}));
        }
    }
    found
}

fn template(
    cx: &mut Cx<'_>,
    ix: NodeIx,
    name: &str,
    image: &str,
    services: &BTreeMap<String, String>,
) -> Value {
    let graph = cx.subject.graph;
    let node = graph.name(ix);
    let mut arguments = vec![
        format!("--graph={FOLDER}/graph.json"),
        format!("--node={node}"),
    ];
    arguments.extend(endpoint(cx, ix, services));
    if graph
        .spec_of(ix)
        .is_none_or(|node| !plan::is_bare_control(node))
    {
        arguments.push(format!("--timeout={}", timeout(cx, ix)));
    }
    let serving = graph.spec_of(ix).and_then(|node| node.serving.as_ref());
    if let Some(retries) = serving.and_then(|serving| serving.retries.as_ref())
        && let Some(attempts) = retries.attempts
    {
        arguments.push(format!("--attempts={}", attempts.value.0));
    }
    let mut inputs = Vec::new();
    for (artifact, port, edge) in taken(cx, ix) {
        let path = format!("/tmp/in/{artifact}.jsonl");
        arguments.push(format!("--input={port}:{path}"));
        let optional = !edge.required || is_skipped(cx, edge.source);
        inputs.push(if optional {
            json!({"name": artifact, "path": path, "optional": true})
        } else {
            json!({"name": artifact, "path": path})
        });
    }
    let mut outputs = ports(cx, ix);
    for output in &mut outputs {
        let port = output.get("name").and_then(Value::as_str).unwrap_or("");
        let path = format!("/tmp/out/{port}.jsonl");
        arguments.push(format!("--output={port}:{path}"));
        if let Value::Object(output) = output {
            output.insert("path".to_owned(), json!(path));
        }
    }
    let env = secrets(cx, ix);
    let mut template = Map::new();
    template.insert("name".to_owned(), json!(name));
    let mut labels = json!({"app.kubernetes.io/part-of": cx.subject.name});
    if let (Value::Object(labels), true) = (&mut labels, cx.subject.is_orchestrated()) {
        labels.insert("modelgraph/orchestrator".to_owned(), json!("true"));
    }
    template.insert("metadata".to_owned(), json!({"labels": labels}));
    if !inputs.is_empty() {
        template.insert("inputs".to_owned(), json!({"artifacts": inputs}));
    }
    if !outputs.is_empty() {
        template.insert("outputs".to_owned(), json!({"artifacts": outputs}));
    }
    template.insert("retryStrategy".to_owned(), retries());
    let command = json!(["modelgraph-step"]);
    let container = container(image, &command, &json!(arguments), &env);
    template.insert("container".to_owned(), container);
    Value::Object(template)
}

/// The addresses of the Services that the Kubernetes export makes.
fn services(cx: &Cx<'_>) -> BTreeMap<String, String> {
    // What it would tell is told when it is exported.
    let mut untold = Artifacts::default();
    let workloads = kubernetes::workloads(cx.subject, &mut untold).into_iter();
    let found = workloads.filter_map(|workload| {
        let mut objects = workload.objects.iter();
        let service = objects.find(|object| object.get("kind") == Some(&json!("Service")))?;
        let port = service.pointer("/spec/ports/0")?;
        let (scheme, port) = (port.get("name")?.as_str()?, port.get("port")?.as_u64()?);
        let address = format!("{scheme}://{}:{port}", workload.name);
        Some((workload.node?.to_owned(), address))
    });
    found.collect()
}

/// The argument that says where a node answers; its path is the graph's.
fn endpoint(cx: &mut Cx<'_>, ix: NodeIx, services: &BTreeMap<String, String>) -> Option<String> {
    let graph = cx.subject.graph;
    let (indexed, node) = (graph.node(ix)?, graph.spec_of(ix)?);
    if let Some(address) = services.get(&indexed.name) {
        return Some(format!("--endpoint={address}"));
    }
    if !node.external.is_some_and(|external| external.value) {
        // A router, a splitter or a join: the step does its work.
        return None;
    }
    let parameter = format!("endpoint-{}", indexed.name);
    let message = format!(
        "`{}` runs elsewhere: whoever starts a workflow gives its address as a parameter",
        indexed.name
    );
    cx.artifacts.assume(
        &kinds::ENDPOINT,
        Some(&indexed.name),
        indexed.span,
        message,
        &*parameter,
    );
    cx.parameters.push(json!({
        "name": parameter,
        "description": format!("Where {} answers.", indexed.name),
    }));
    Some(format!(
        "--endpoint={{{{workflow.parameters.{parameter}}}}}"
    ))
}

/// How long a call of a node may take: never less than its budget.
fn timeout(cx: &mut Cx<'_>, ix: NodeIx) -> Duration {
    let graph = cx.subject.graph;
    let node = graph.spec_of(ix);
    let timeout = node
        .and_then(|node| node.serving.as_ref())
        .and_then(|serving| serving.timeout);
    let both = [timeout, node.and_then(|node| node.budget)];
    let longest = both
        .into_iter()
        .flatten()
        .map(|it| it.value)
        .max_by_key(|it| it.0);
    longest.unwrap_or_else(|| {
        let name = graph.name(ix);
        let span = graph.node(ix).map_or_else(Span::default, |node| node.span);
        let message = format!("`{name}` states neither timeout nor budget of a call");
        let value = USUAL.to_string();
        cx.artifacts
            .assume(&kinds::TIMEOUT, Some(name), span, message, value);
        USUAL
    })
}

/// The keys to a node that runs elsewhere; those within have their own.
fn secrets(cx: &mut Cx<'_>, ix: NodeIx) -> Vec<Value> {
    let graph = cx.subject.graph;
    let Some(node) = graph.spec_of(ix) else {
        return Vec::new();
    };
    let is_external = node.external.is_some_and(|external| external.value);
    if !is_external {
        return Vec::new();
    }
    let name = graph.name(ix);
    pod::secret_variables(node, &mut |variable, span| {
        let message = format!("`{variable}` of `{name}` is no name of a variable");
        cx.artifacts
            .lose(&kinds::VARIABLE, Some(name), span, message);
    })
}
