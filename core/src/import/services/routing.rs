//! Routers of steps, as KServe's inference graphs and OPEA's connectors have them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::import::draft::{Draft, quote};
use crate::import::{File, Kind, LIMIT};
use crate::text::{Span, Spanned};
use crate::yaml::{Mapping, Node};

/// What such a format may refuse, in its own codes.
#[derive(Debug)]
pub(in crate::import) struct Kinds {
    /// A value of the wrong form.
    pub(in crate::import) form: &'static Kind,
    /// No `root`.
    pub(in crate::import) root: &'static Kind,
    /// A step that names no target, or several.
    pub(in crate::import) target: &'static Kind,
    /// A step to a router that is not there.
    pub(in crate::import) unknown: &'static Kind,
    /// Routers that lead to themselves.
    pub(in crate::import) circle: &'static Kind,
    /// Weights that do not add up.
    pub(in crate::import) weights: &'static Kind,
    /// A condition in a language of its own.
    pub(in crate::import) condition: &'static Kind,
    /// A step whose failure does not stop the request.
    pub(in crate::import) soft: &'static Kind,
}

/// How a router passes requests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Way {
    /// One step behind the other.
    Sequence,
    /// To one, by weight.
    Splitter,
    /// To all at once.
    Ensemble,
    /// To the first whose condition holds.
    Switch,
}

/// A router.
#[derive(Clone, Debug)]
pub(in crate::import) struct Router<'t> {
    /// How it passes requests on.
    pub(in crate::import) way: Way,
    /// Its steps.
    pub(in crate::import) steps: Vec<Step<'t>>,
    span: Span,
}

/// A step of a router.
#[derive(Clone, Debug)]
pub(in crate::import) struct Step<'t> {
    /// What it says.
    pub(in crate::import) node: &'t Mapping,
    /// Its name, if it has one.
    pub(in crate::import) name: Option<String>,
    /// Where it leads.
    pub(in crate::import) target: Target,
    /// Whether it takes the answer of the step before it.
    pub(in crate::import) takes_response: bool,
    /// Where it stands.
    pub(in crate::import) span: Span,
    condition: Option<Spanned<String>>,
    weight: Option<i64>,
    hard: bool,
}

/// Where a step leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Target {
    /// To a service by its name.
    Service(String),
    /// To an address.
    Url(String),
    /// To another router.
    Router(String),
}

/// The routers by their names.
pub(in crate::import) type Routers<'t> = BTreeMap<&'t str, Router<'t>>;

/// Routers in routers that are followed, and steps in all.
const DEPTH: usize = 32;
const STEPS: usize = 2_000;

/// A scalar's text, unless it is empty.
pub(in crate::import) fn text(node: Option<&Node>) -> Option<Spanned<String>> {
    let node = node.filter(|node| !node.is_null())?;
    let text = node.as_scalar()?.text.clone();
    (!text.is_empty()).then(|| Spanned::new(text, node.span))
}

/// Reads `spec.nodes`; refuses what no server could run, and then gives none.
pub(in crate::import) fn read<'t>(
    nodes: &'t Node,
    ways: &[(&str, Way)],
    kinds: &Kinds,
    file: &File<'_>,
    draft: &mut Draft,
) -> Option<Routers<'t>> {
    let before = draft.is_refused();
    let Some(map) = nodes.as_mapping() else {
        draft.refuse(
            kinds.form,
            file.at(nodes.span),
            "`nodes` is no map",
            "it names routers",
        );
        return None;
    };
    let mut routers = Routers::new();
    for entry in &map.entries {
        let name = quote(&entry.key.text);
        let stated = text(entry.value.get("routerType"));
        let way = stated.as_ref().and_then(|stated| {
            let known = ways.iter().find(|(word, _)| *word == stated.value)?;
            Some(known.1)
        });
        let Some(way) = way else {
            let span = stated.map_or(entry.key.span, |stated| stated.span);
            let words: Vec<&str> = ways.iter().map(|(word, _)| *word).collect();
            let message = format!("the router `{name}` has no `routerType` that is known");
            draft.refuse(
                kinds.form,
                file.at(span),
                message,
                format!("it is one of {}", words.join(", ")),
            );
            continue;
        };
        let mut steps = Vec::new();
        let stated = entry.value.get("steps").and_then(Node::as_sequence);
        for item in stated.map_or(&[][..], |list| &list.items) {
            steps.extend(step(item, &name, kinds, file, draft));
        }
        let router = Router {
            way,
            steps,
            span: entry.key.span,
        };
        if router.steps.is_empty() {
            let message = format!("the router `{name}` has no steps");
            draft.refuse(
                kinds.form,
                file.at(router.span),
                message,
                "give it one, or take it away",
            );
        }
        if way == Way::Splitter {
            let sum = router.steps.iter().filter_map(|step| step.weight);
            let sum = sum.fold(0_i64, i64::saturating_add);
            let all = router
                .steps
                .iter()
                .all(|step| step.weight.is_some_and(|weight| weight >= 0));
            if sum != 100 || !all {
                let message = format!("the weights of the splitter `{name}` add up to {sum}");
                draft.refuse(
                    kinds.weights,
                    file.at(router.span),
                    message,
                    "weights add up to 100",
                );
            }
        }
        routers.insert(&entry.key.text, router);
    }
    check(&routers, kinds, file, nodes.span, draft);
    (before || !draft.is_refused()).then_some(routers)
}

fn step<'t>(
    item: &'t Node,
    router: &str,
    kinds: &Kinds,
    file: &File<'_>,
    draft: &mut Draft,
) -> Option<Step<'t>> {
    let Some(node) = item.as_mapping() else {
        let message = format!("a step of `{router}` is no map");
        draft.refuse(
            kinds.form,
            file.at(item.span),
            message,
            "it names a service",
        );
        return None;
    };
    let inner = node
        .get("internalService")
        .and_then(|inner| text(inner.get("serviceName")));
    let service = text(node.get("serviceName")).or(inner);
    let url = text(node.get("serviceUrl")).or_else(|| text(node.get("externalService")));
    let router_name = text(node.get("nodeName"));
    let targets: Vec<Target> = [
        service.map(|name| Target::Service(name.value)),
        url.map(|url| Target::Url(url.value)),
        router_name.map(|name| Target::Router(name.value)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let name = text(node.get("name")).map(|name| name.value);
    let [target] = targets.as_slice() else {
        let what = if targets.is_empty() {
            "nowhere"
        } else {
            "to several places"
        };
        let message = format!("a step of `{router}` leads {what}");
        let help = "name exactly one of a service, a URL and a node";
        draft.refuse(kinds.target, file.at(item.span), message, help);
        return None;
    };
    Some(Step {
        node,
        name,
        target: target.clone(),
        takes_response: text(node.get("data")).is_some_and(|data| data.value == "$response"),
        span: item.span,
        condition: text(node.get("condition")),
        weight: node
            .get("weight")
            .and_then(Node::as_scalar)
            .and_then(crate::yaml::Scalar::as_integer),
        hard: text(node.get("dependency")).is_some_and(|it| it.value == "Hard"),
    })
}

fn check(routers: &Routers<'_>, kinds: &Kinds, file: &File<'_>, at: Span, draft: &mut Draft) {
    if !routers.contains_key("root") {
        let help = "requests enter at the router `root`: name one so";
        draft.refuse(kinds.root, file.at(at), "there is no router `root`", help);
    }
    let mut waits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, router) in routers {
        let mut inner = BTreeSet::new();
        for step in &router.steps {
            let Target::Router(wanted) = &step.target else {
                continue;
            };
            if let Some((known, _)) = routers.get_key_value(wanted.as_str()) {
                inner.insert(*known);
                continue;
            }
            let message = format!(
                "a step of `{}` leads to the router `{}`, which is not there",
                quote(name),
                quote(wanted)
            );
            let help = "name a key of `nodes`";
            draft.refuse(kinds.unknown, file.at(step.span), message, help);
        }
        waits.insert(name, inner);
    }
    let mut depth = 0_usize;
    loop {
        let done: Vec<&str> = waits
            .iter()
            .filter(|(_, inner)| inner.iter().all(|name| !waits.contains_key(name)))
            .map(|(name, _)| *name)
            .collect();
        if done.is_empty() {
            break;
        }
        depth = depth.saturating_add(1);
        for name in done {
            waits.remove(name);
        }
    }
    if let Some((name, router)) = waits
        .keys()
        .next()
        .and_then(|name| routers.get_key_value(name))
    {
        let message = format!("the router `{}` leads back to itself", quote(name));
        let help = "a request must leave: take one of the steps away";
        draft.refuse(kinds.circle, file.at(router.span), message, help);
    } else if depth > DEPTH {
        let message = format!("routers lead to routers more than {DEPTH} deep");
        draft.refuse(&LIMIT, file.at(at), message, "lead to services sooner");
    }
}

/// Writes a graph from its routers.
pub(in crate::import) struct Writer<'w, 'f> {
    /// The format, as annotations name it.
    pub(in crate::import) format: &'static str,
    /// What the answers of several steps become together.
    pub(in crate::import) answer: &'static str,
    /// Its codes.
    pub(in crate::import) kinds: &'w Kinds,
    /// The routers, which have been checked.
    pub(in crate::import) routers: &'w Routers<'w>,
    /// Where they stand.
    pub(in crate::import) file: &'w File<'f>,
    /// Makes a node of a step that leads to a service or address, and names it: with an input
    /// `in` and an output `out`.
    pub(in crate::import) node: &'w mut dyn FnMut(&Step<'_>, &mut Draft) -> String,
    /// Steps so far.
    pub(in crate::import) steps: usize,
}

impl Writer<'_, '_> {
    /// Lets a request through a router; gives where its answer comes from.
    pub(in crate::import) fn walk(
        &mut self,
        name: &str,
        source: &str,
        draft: &mut Draft,
    ) -> String {
        self.router(name, source, &JsonMap::new(), draft)
    }

    fn router(
        &mut self,
        name: &str,
        source: &str,
        more: &JsonMap<String, Json>,
        draft: &mut Draft,
    ) -> String {
        let routers = self.routers;
        let Some(router) = routers.get(name) else {
            return source.to_owned();
        };
        if router.way == Way::Sequence {
            let mut current = source.to_owned();
            for (index, step) in router.steps.iter().enumerate() {
                let first = index == 0;
                let input = if first || !step.takes_response {
                    source
                } else {
                    &current
                };
                let input = input.to_owned();
                let mut edge = self.edge(step, draft);
                if first {
                    edge.extend(more.clone());
                }
                current = self.step(step, &input, &edge, draft);
            }
            return current;
        }
        let role = match router.way {
            Way::Splitter => Some("splitter"),
            Way::Switch => Some("router"),
            // What holds of one edge does not hold of each of many: they begin behind a node.
            Way::Ensemble if !more.is_empty() => Some("transformer"),
            Way::Sequence | Way::Ensemble => None,
        };
        let place = self.file.at(router.span);
        let mut from = source.to_owned();
        if let Some(role) = role {
            let node = draft.node(name, &place);
            draft.put(&node, &["role"], role);
            add_edge(&from, &format!("{node}.in"), more.clone(), draft);
            from = format!("{node}.out");
        }
        let mut ends = Vec::new();
        for step in &router.steps {
            let mut edge = self.edge(step, draft);
            if let Some(weight) = step.weight.filter(|_| router.way == Way::Splitter) {
                edge.insert("weight".to_owned(), json!(format!("{weight}%")));
            }
            ends.push(self.step(step, &from, &edge, draft));
        }
        let node = draft.node(&format!("{name}-join"), &place);
        draft.put(&node, &["role"], "join");
        let waits = if router.way == Way::Ensemble {
            "all"
        } else {
            "any"
        };
        draft.put(&node, &["join"], waits);
        draft.put(&node, &["outputs", "out", "type"], self.answer);
        for end in ends {
            draft.edge(&end, &format!("{node}.in"));
        }
        format!("{node}.out")
    }

    fn step(
        &mut self,
        step: &Step<'_>,
        input: &str,
        edge: &JsonMap<String, Json>,
        draft: &mut Draft,
    ) -> String {
        self.steps = self.steps.saturating_add(1);
        if self.steps > STEPS {
            if self.steps == STEPS.saturating_add(1) {
                let message = format!("the routers have more than {STEPS} steps");
                let help = "import the inner routers as graphs of their own";
                draft.refuse(&LIMIT, self.file.at(step.span), message, help);
            }
            return input.to_owned();
        }
        if let Target::Router(name) = &step.target {
            return self.router(name, input, edge, draft);
        }
        let node = (self.node)(step, draft);
        if step.hard {
            draft.put(&node, &["onFailure"], "stop");
        } else {
            let message = format!(
                "a failure of `{node}` does not stop the request there: the graph leaves open what \
                 happens then"
            );
            let place = self.file.at(step.span);
            draft.keep_aside(self.kinds.soft, place, Some(&node), message);
        }
        add_edge(input, &format!("{node}.in"), edge.clone(), draft);
        format!("{node}.out")
    }

    /// What the edge to a step says beside its ends.
    fn edge(&self, step: &Step<'_>, draft: &mut Draft) -> JsonMap<String, Json> {
        let mut edge = JsonMap::new();
        if let Some(condition) = &step.condition {
            let key = format!("{}/condition", self.format);
            edge.insert(
                "annotations".to_owned(),
                json!({key.as_str(): condition.value}),
            );
            let message = format!(
                "the condition `{}` is not CEL: the annotation `{key}` of its edge keeps it",
                quote(&condition.value)
            );
            let place = self.file.at(condition.span);
            draft.keep_aside(self.kinds.condition, place, None, message);
        }
        edge
    }
}

fn add_edge(from: &str, to: &str, more: JsonMap<String, Json>, draft: &mut Draft) {
    if more.is_empty() {
        draft.edge(from, to);
    } else {
        draft.edge_with(from, to, more);
    }
}
