//! The routers of an `InferenceGraph`, from the shape of a graph.
//!
//! Every step depends `Hard` on its service, and so does every step that leads to a router: a step
//! that does not lets the sequence go on with the body of a failure, and within a Switch or a
//! Splitter `Hard` alone stops nothing. What answers 200 and means "no" is stopped by a condition
//! of the step behind it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::condition::{self, Clause};
use super::{kinds, timeouts};
use crate::export::names::Names;
use crate::export::plan::is_routing;
use crate::export::shape::Part;
use crate::export::{Artifacts, Kind, Subject};
use crate::graph::{Edge, Graph, NodeIx};
use crate::spec::Role;
use crate::text::Span;

/// Why there is no `InferenceGraph`.
pub(super) struct Unheld {
    pub(super) kind: &'static Kind,
    pub(super) node: Option<String>,
    pub(super) span: Span,
    pub(super) message: String,
}

/// Where the answer of each node lies within the value at hand: by its keys.
pub(super) type Held = BTreeMap<NodeIx, Vec<String>>;

/// Builds routers.
pub(super) struct Builder<'b, 'a> {
    pub(super) subject: &'b Subject<'a>,
    pub(super) artifacts: &'b mut Artifacts,
    /// How each node is called: `serviceName` or `serviceUrl`.
    pub(super) calls: &'b BTreeMap<NodeIx, (&'static str, String)>,
    /// The name of each node's objects.
    pub(super) objects: &'b BTreeMap<NodeIx, String>,
    pub(super) names: Names,
    pub(super) limits: &'b timeouts::Limits,
    pub(super) routers: Map<String, Value>,
}

/// Steps in a row.
pub(super) struct Built {
    pub(super) steps: Vec<Map<String, Value>>,
    /// The nodes whose answers the last step gives.
    pub(super) ends: Held,
    /// What must hold of the answer before anything follows.
    pub(super) pending: Vec<Clause>,
    /// Seconds that it may take.
    pub(super) seconds: u64,
}

/// A step before it is written.
pub(super) struct Draft {
    pub(super) target: (&'static str, String),
    pub(super) name: String,
    pub(super) takes: bool,
    pub(super) clauses: Vec<Clause>,
}

impl Builder<'_, '_> {
    /// All routers; gives the seconds that a request may take.
    pub(super) fn root(&mut self, parts: &[Part]) -> Result<u64, Unheld> {
        self.names.claim("root");
        let request = Held::from([(NodeIx::INPUTS, Vec::new())]);
        let built = self.sequence(parts, &request, NodeIx::INPUTS, false)?;
        for edge in self.subject.graph.incoming(NodeIx::OUTPUTS) {
            if edge.ports.is_some() && !built.ends.contains_key(&edge.source) {
                self.lose_side(edge);
            }
        }
        if !built.pending.is_empty()
            && let Some(&last) = built.ends.keys().next()
        {
            self.lose_last(last);
        }
        self.put("root", "Sequence", &built.steps);
        Ok(built.seconds)
    }

    fn graph(&self) -> &Graph {
        self.subject.graph
    }

    pub(super) fn put(&mut self, name: &str, way: &str, steps: &[Map<String, Value>]) {
        let router = json!({"routerType": way, "steps": steps});
        self.routers.insert(name.to_owned(), router);
    }

    /// The steps of parts that begin with a value; `asked` where a Switch has asked the conditions
    /// of the edges that lead in.
    pub(super) fn sequence(
        &mut self,
        parts: &[Part],
        entry: &Held,
        from: NodeIx,
        asked: bool,
    ) -> Result<Built, Unheld> {
        let mut at = At {
            entry: entry.clone(),
            before: None,
            pending: Vec::new(),
        };
        let (mut steps, mut seconds, mut fork) = (Vec::new(), 0_u64, from);
        let mut parts = parts.iter().peekable();
        let mut asked = asked;
        while let Some(part) = parts.next() {
            let asked = core::mem::take(&mut asked);
            let behind = match parts.peek() {
                Some(Part::Node(ix)) => Some(*ix),
                _ => None,
            };
            let draft = match part {
                Part::Node(ix) => {
                    let (draft, taken) = self.node(*ix, &mut at, asked)?;
                    seconds = seconds.saturating_add(taken);
                    fork = *ix;
                    draft
                }
                Part::Fork(branches) => {
                    let (draft, taken) = self.fork(branches, fork, behind, &mut at)?;
                    seconds = seconds.saturating_add(taken);
                    Some(draft)
                }
            };
            if let Some(draft) = draft {
                steps.push(self.step(draft)?);
            }
        }
        let ends = at.before.unwrap_or(at.entry);
        Ok(Built {
            steps,
            ends,
            pending: at.pending,
            seconds,
        })
    }

    fn step(&self, draft: Draft) -> Result<Map<String, Value>, Unheld> {
        let Draft {
            target: (key, value),
            name,
            takes,
            clauses,
        } = draft;
        let mut step = Map::new();
        step.insert("name".to_owned(), json!(name));
        step.insert(key.to_owned(), Value::String(value));
        if takes {
            step.insert("data".to_owned(), json!("$response"));
        }
        if !clauses.is_empty() {
            let Some(condition) = condition::gjson(&clauses) else {
                return Err(self.unheld(
                    &kinds::CONDITION,
                    None,
                    format!("the step `{name}` has conditions that no GJSON path joins"),
                ));
            };
            step.insert("condition".to_owned(), json!(condition));
        }
        step.insert("dependency".to_owned(), json!("Hard"));
        Ok(step)
    }

    /// A node's step, if it has one, and the seconds that it may take.
    fn node(
        &mut self,
        ix: NodeIx,
        at: &mut At,
        asked: bool,
    ) -> Result<(Option<Draft>, u64), Unheld> {
        let (takes, held) = self.takes(&[ix], at);
        let mut clauses = if asked {
            Vec::new()
        } else {
            self.asks(ix, &held)?
        };
        let spec = self.graph().spec_of(ix);
        if spec.is_some_and(is_routing) {
            // Its work is the router's own: the value stays, and so does what must hold of it.
            at.pending.append(&mut clauses);
            let value = Held::from([(ix, Vec::new())]);
            if at.before.is_some() {
                at.before = Some(value);
            } else {
                at.entry = value;
            }
            return Ok((None, 0));
        }
        let mut all = core::mem::take(&mut at.pending);
        all.append(&mut clauses);
        if at.before.is_none() && !all.is_empty() {
            return Err(self.unheld(
                &kinds::CONDITION,
                Some(ix),
                format!(
                    "the way to `{}` has a condition, and no answer stands before it that KServe \
                     could ask",
                    self.graph().name(ix)
                ),
            ));
        }
        let Some(target) = self.calls.get(&ix).cloned() else {
            return Err(self.unheld(
                &kinds::GRPC,
                Some(ix),
                format!(
                    "`{}` is called by gRPC, and KServe's router speaks HTTP alone",
                    self.graph().name(ix)
                ),
            ));
        };
        if self.graph().node(ix).and_then(|node| node.role) == Some(Role::Guardrail) {
            at.pending = self.verdict(ix);
        }
        let name = self.objects.get(&ix).cloned().unwrap_or_default();
        let takes = takes && at.before.is_some();
        at.before = Some(Held::from([(ix, Vec::new())]));
        let draft = Draft {
            target,
            name,
            takes,
            clauses: all,
        };
        Ok((Some(draft), self.limits.of(ix)))
    }

    /// Whether nodes take the answer before them rather than what the sequence began with, and
    /// what they are given then. Tells of the rest.
    pub(super) fn takes(&mut self, heads: &[NodeIx], at: &At) -> (bool, Held) {
        let graph = self.subject.graph;
        let data = heads
            .iter()
            .flat_map(|&ix| graph.incoming(ix))
            .filter(|edge| edge.ports.is_some());
        let edges: Vec<&Edge> = data.collect();
        let from_before = at.before.as_ref().filter(|before| {
            edges.is_empty() || edges.iter().any(|edge| before.contains_key(&edge.source))
        });
        let held = from_before.unwrap_or(&at.entry).clone();
        for edge in edges {
            if !held.contains_key(&edge.source) {
                self.lose_side(edge);
            }
        }
        (from_before.is_some(), held)
    }

    fn lose_side(&mut self, edge: &Edge) {
        let graph = self.subject.graph;
        let (from, to) = (graph.name(edge.source), graph.name(edge.target));
        let message = format!(
            "KServe hands a step one body: what flows from `{from}` to `{to}` beside it is lost"
        );
        let node = edge.target.is_model().then_some(to);
        self.artifacts
            .lose(&kinds::SIDE_INPUT, node, edge.span, message);
    }

    fn lose_last(&mut self, ix: NodeIx) {
        let graph = self.subject.graph;
        let (name, span) = (graph.name(ix), graph.node(ix).map(|node| node.span));
        let message = format!(
            "nothing follows `{name}`, so nothing stops an answer that it refuses with status 200: \
             its service must answer 4xx then"
        );
        let node = ix.is_model().then_some(name);
        self.artifacts
            .lose(&kinds::GUARD_LAST, node, span.unwrap_or_default(), message);
    }

    pub(super) fn unheld(
        &self,
        kind: &'static Kind,
        node: Option<NodeIx>,
        message: String,
    ) -> Unheld {
        let graph = self.subject.graph;
        let node = node.and_then(|ix| graph.node(ix));
        Unheld {
            kind,
            node: node.map(|node| node.name.clone()),
            span: node.map_or_else(|| self.subject.name_span(), |node| node.span),
            message,
        }
    }
}

/// Where a sequence stands.
pub(super) struct At {
    /// What it began with.
    pub(super) entry: Held,
    /// What the last step gave.
    pub(super) before: Option<Held>,
    /// What must hold of that before the next.
    pub(super) pending: Vec<Clause>,
}
