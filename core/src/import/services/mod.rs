//! Containers that call each other: what formats of deployments have in common.
//!
//! Each service becomes a node, with a role where its program tells one; who names whom in its
//! environment calls it. The service that calls a generator and what stands before one is what
//! runs the graph: it is no node, and the path through those that it calls is guessed.

mod calls;
mod command;
mod path;
pub(super) mod pod;
mod programs;
pub(super) mod routing;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;

use serde_json::{Map as JsonMap, Value as Json, json};

pub(super) use self::calls::Names;
pub(super) use self::command::{settings, split};
pub(super) use self::path::{chain, is_on_path};
pub(super) use self::programs::{Program, program_of, role_of_name};
use super::draft::{Draft, quote};
use super::{Kind, Place};
use crate::spec::{Role, is_node_name};

pub(super) static NODE: Kind = Kind::understood("IM-SERVICE-NODE", "Services that are nodes");
pub(super) static CALL: Kind = Kind::understood("IM-SERVICE-CALL", "Services that call each other");
pub(super) static ROLE: Kind = Kind::guessed("IM-SERVICE-ROLE", "Roles that follow from a name");
pub(super) static PATH: Kind = Kind::guessed("IM-SERVICE-PATH", "The path through the services");
pub(super) static BESIDE: Kind = Kind::kept("IM-SERVICE-BESIDE", "Calls beside the path");
pub(super) static RUNNER: Kind = Kind::kept("IM-SERVICE-RUNNER", "Services that run the graph");
pub(super) static FRONT: Kind = Kind::kept("IM-SERVICE-FRONT", "Services that people see");
pub(super) static SECRET: Kind = Kind::kept("IM-SERVICE-SECRET", "Secrets that are not copied");
pub(super) static KEPT: Kind =
    Kind::kept("IM-SERVICE-KEPT", "Settings that a graph has no word for");

/// A container that listens, as any format says it.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Its name.
    pub(super) name: String,
    /// What others call it by, its name included.
    pub(super) hosts: Vec<String>,
    /// Where it stands.
    pub(super) place: Place,
    /// Its image.
    pub(super) image: Option<String>,
    /// Its environment.
    pub(super) variables: Vec<(String, String)>,
    /// Variables that come from a key of a secret.
    pub(super) secrets: Vec<(String, String, String)>,
    /// What it is started with.
    pub(super) arguments: Vec<String>,
    /// Where it listens.
    pub(super) port: Option<u32>,
    /// What it runs on, in the words of a graph.
    pub(super) placement: JsonMap<String, Json>,
    /// What a graph has no place for.
    pub(super) rest: JsonMap<String, Json>,
}

/// The kinds of a format that is made of services: those of all such, and its own.
macro_rules! kinds_with_services {
    ($($own:ident),* $(,)?) => {
        &[
            &$crate::import::services::NODE,
            &$crate::import::services::CALL,
            &$crate::import::services::ROLE,
            &$crate::import::services::PATH,
            &$crate::import::services::BESIDE,
            &$crate::import::services::RUNNER,
            &$crate::import::services::FRONT,
            &$crate::import::services::SECRET,
            &$crate::import::services::KEPT,
            $(&$own),*
        ]
    };
}
pub(super) use kinds_with_services;

/// The most services of one import.
pub(super) const MOST: usize = 2_000;

/// Writes services as nodes, and their calls as edges; `format` names the annotation that keeps
/// what is left.
pub(super) fn write(format: &str, services: &[Service], draft: &mut Draft) {
    let names = Names::new(services.iter().map(|service| &service.hosts));
    let calls: Vec<BTreeSet<usize>> = services
        .iter()
        .enumerate()
        .map(|(index, service)| {
            let mut calls = names.called(&service.variables, &service.arguments);
            calls.remove(&index);
            calls
        })
        .collect();
    let mut programs: Vec<Program> = services.iter().map(programs::program).collect();
    for (service, program) in services.iter().zip(&mut programs) {
        if let Some(role) = own(service, "ROLE").and_then(Role::from_word) {
            program.role = Some(role);
            program.why = None;
        }
    }
    retrievers_search_stores(&mut programs, &calls);
    let runner = runner(&programs, &calls);
    let mut nodes: Vec<Option<String>> = Vec::with_capacity(services.len());
    for (index, (service, program)) in services.iter().zip(&programs).enumerate() {
        if Some(index) == runner || program.front {
            aside(format, service, program.front, draft);
            nodes.push(None);
        } else {
            nodes.push(Some(node(format, service, program, draft)));
        }
    }
    let on_path = runner.map_or_else(BTreeSet::new, |runner| {
        let place = |at: &usize| programs.get(*at).and_then(|program| program.role);
        let called = calls.get(runner).into_iter().flatten().copied();
        called
            .filter(|at| place(at).is_some_and(is_on_path))
            .collect()
    });
    for (from, called) in calls.iter().enumerate() {
        let from_node = nodes.get(from).and_then(Option::as_ref);
        let Some((from_node, service)) = from_node.zip(services.get(from)) else {
            continue;
        };
        for &to in called {
            let Some(to_node) = nodes.get(to).and_then(Option::as_ref) else {
                continue;
            };
            let place = service.place.clone();
            // The path says in which order these two run.
            if on_path.contains(&from) && on_path.contains(&to) {
                let message = format!("`{from_node}` calls `{to_node}` by itself, beside the path");
                draft.keep_aside(&BESIDE, place, Some(from_node), message);
                continue;
            }
            let more = JsonMap::from_iter([("role".to_owned(), json!("control"))]);
            draft.edge_with(from_node, to_node, more);
            let message = format!("`{from_node}` names `{to_node}` in its settings: it calls it");
            draft.understand(&CALL, place, Some(from_node), message);
        }
    }
    if let Some(runner) = runner.and_then(|at| services.get(at)) {
        let steps = on_path.iter().filter_map(|&at| {
            let role = programs.get(at)?.role?;
            Some((nodes.get(at)?.clone()?, role))
        });
        guess_path(runner, steps.collect(), draft);
    }
}

/// Joins the steps that a service calls in the order that is usual.
fn guess_path(runner: &Service, steps: Vec<(String, Role)>, draft: &mut Draft) {
    let steps = path::usual(steps);
    let question = draft.input("question", json!({"type": "text"}));
    let end = chain(&steps, &format!("inputs.{question}"), draft);
    let answer = draft.output("answer", json!({"type": "text"}));
    draft.edge(&end, &format!("outputs.{answer}"));
    let path: Vec<&str> = steps.iter().map(|(node, _)| node.as_str()).collect();
    let path = path.join(" → ");
    let message = format!(
        "`{}` calls them, and in which order no file says: the usual one is taken",
        quote(&runner.name)
    );
    draft.guess(&PATH, runner.place.clone(), None, message, path);
}

/// A store that a retriever of its own calls is searched by that one.
fn retrievers_search_stores(programs: &mut [Program], calls: &[BTreeSet<usize>]) {
    let is_retriever = |program: &&Program| program.role == Some(Role::Retriever) && !program.store;
    let searched: BTreeSet<usize> = programs
        .iter()
        .zip(calls)
        .filter(|(program, _)| is_retriever(program))
        .flat_map(|(_, called)| called.iter().copied())
        .collect();
    for at in searched {
        if let Some(program) = programs.get_mut(at).filter(|program| program.store) {
            program.role = None;
        }
    }
}

/// The service of no role of its own that calls a generator and most of what stands before it.
fn runner(programs: &[Program], calls: &[BTreeSet<usize>]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (at, called) in calls.iter().enumerate() {
        let own = programs
            .get(at)
            .is_some_and(|own| own.role.is_some() || own.front);
        let roles: Vec<Role> = called
            .iter()
            .filter_map(|&to| programs.get(to)?.role)
            .filter(|role| is_on_path(*role))
            .collect();
        if own || !roles.contains(&Role::Generator) || roles.len() < 2 {
            continue;
        }
        if best.is_none_or(|(_, most)| roles.len() > most) {
            best = Some((at, roles.len()));
        }
    }
    best.map(|(at, _)| at)
}

/// What is no node stays in the annotations of the graph.
fn aside(format: &str, service: &Service, front: bool, draft: &mut Draft) {
    let mut kept = service.rest.clone();
    if let Some(image) = &service.image {
        kept.insert("image".to_owned(), json!(image));
    }
    let (variables, _) = open_variables(&service.variables);
    if !variables.is_empty() {
        kept.insert("environment".to_owned(), Json::Object(variables));
    }
    for (variable, secret, key) in &service.secrets {
        let value = json!({"name": secret, "key": key});
        let secrets = kept.entry("secrets").or_insert_with(|| json!({}));
        if let Json::Object(secrets) = secrets {
            secrets.insert(variable.clone(), value);
        }
    }
    let mut kept = Json::Object(kept);
    redact(&mut kept);
    let name = quote(&service.name);
    let key = format!("{format}/{name}");
    draft.annotate(&key, kept);
    let (kind, what) = if front {
        (&FRONT, "stands before the graph")
    } else {
        (&RUNNER, "runs the graph")
    };
    let message = format!("`{name}` {what} and is no node: the annotation `{key}` keeps it");
    draft.keep_aside(kind, service.place.clone(), None, message);
}

/// The variables that may be copied, and the names of those that may not.
fn open_variables(variables: &[(String, String)]) -> (JsonMap<String, Json>, Vec<&str>) {
    let mut open = JsonMap::new();
    let mut secret = Vec::new();
    for (name, value) in variables {
        if is_secret(name) && !value.is_empty() && !value.starts_with('$') {
            secret.push(name.as_str());
        } else {
            open.entry(name.clone()).or_insert_with(|| json!(value));
        }
    }
    (open, secret)
}

/// States the environment of a node; what looks like a secret is not copied, and that is told.
pub(super) fn environment(
    node: &str,
    variables: &[(String, String)],
    secrets: &[(String, String, String)],
    place: &Place,
    draft: &mut Draft,
) {
    let (open, secret) = open_variables(variables);
    for (name, value) in open {
        draft.put(node, &["serving", "env", &name], value);
    }
    for (variable, name, key) in secrets {
        let value = json!({"name": name, "key": key});
        draft.put(node, &["serving", "secrets", variable], value);
    }
    for name in secret {
        let message = format!(
            "the value of `{}` looks like a secret and is not copied to `{node}`",
            quote(name)
        );
        draft.keep_aside(&SECRET, place.clone(), Some(node), message);
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '_'], "");
    let ends = [
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "APIKEY",
        "ACCESSKEY",
        "PRIVATEKEY",
        "SECRETKEY",
        "CREDENTIALS",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

/// Takes the values of secrets out of what is kept: of `API_TOKEN: x`, and of
/// `{name: API_TOKEN, value: x}`.
pub(super) fn redact(value: &mut Json) {
    match value {
        Json::Object(map) => {
            let named = map
                .get("name")
                .and_then(Json::as_str)
                .is_some_and(is_secret);
            for (key, value) in map.iter_mut() {
                let is_text = value
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && !text.starts_with('$'));
                if is_text && (is_secret(key) || (named && key == "value")) {
                    *value = json!("(not copied)");
                } else {
                    redact(value);
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(redact),
        _ => {}
    }
}

/// With what the variables begin by which our own exports tell a program its node and role.
const OWN: &str = "MODELGRAPH_";

/// What our own exports say of a service.
fn own<'s>(service: &'s Service, what: &str) -> Option<&'s str> {
    let mut variables = service.variables.iter();
    let found = variables.find(|(name, _)| name.strip_prefix(OWN) == Some(what));
    found.map(|(_, value)| value.as_str())
}

fn node(format: &str, service: &Service, program: &Program, draft: &mut Draft) -> String {
    let name = own(service, "NODE").filter(|name| is_node_name(name));
    let node = draft.node(name.unwrap_or(&service.name), &service.place);
    let role = program.role.map_or("custom", Role::word);
    draft.put(&node, &["role"], role);
    let message = format!("`{}` is a node", quote(&service.name));
    draft.understand(&NODE, service.place.clone(), Some(&node), message);
    if let Some(why) = &program.why {
        let message = format!("`{node}` is given the role `{role}`: {why}");
        draft.guess(&ROLE, service.place.clone(), Some(&node), message, role);
    }
    settings(service, program, &node, draft);
    if let Some(engine) = program.engine {
        draft.put(&node, &["serving", "engine"], engine);
    }
    if let Some(image) = service.image.as_ref().filter(|image| !image.is_empty()) {
        draft.put(&node, &["serving", "image"], image.as_str());
    }
    if let Some(port) = service.port.filter(|port| *port > 0) {
        draft.put(&node, &["serving", "port"], port);
    }
    if let Some(api) = program.api() {
        draft.put(&node, &["serving", "api"], api);
    }
    let foreign = service.variables.iter();
    let foreign = foreign.filter(|(name, _)| !name.starts_with(OWN));
    let foreign: Vec<(String, String)> = foreign.cloned().collect();
    environment(&node, &foreign, &service.secrets, &service.place, draft);
    for (key, value) in &service.placement {
        draft.put(&node, &["placement", key], value.clone());
    }
    if !service.rest.is_empty() {
        let keys: Vec<String> = service
            .rest
            .keys()
            .map(|key| format!("`{}`", quote(key)))
            .collect();
        let message = format!(
            "the annotation `{format}` of `{node}` keeps {}",
            keys.join(", ")
        );
        let mut kept = Json::Object(service.rest.clone());
        redact(&mut kept);
        draft.keep(&node, format, kept);
        draft.keep_aside(&KEPT, service.place.clone(), Some(&node), message);
    }
    node
}
