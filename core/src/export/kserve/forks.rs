//! Forks: the routers of branches beside each other.

use serde_json::{Map, Value, json};

use super::condition::{self, Clause};
use super::kinds;
use super::routing::{At, Builder, Draft, Held, Unheld};
use crate::catalogue::Engine;
use crate::export::names::Names;
use crate::export::shape::Part;
use crate::graph::{Edge, NodeIx};
use crate::spec::{self, Join, Role};

/// Where branches part and meet, and what each begins with.
struct Fork<'f> {
    way: &'static str,
    from: NodeIx,
    behind: Option<NodeIx>,
    held: &'f Held,
}

impl Builder<'_, '_> {
    /// The step to a router of branches, and the seconds that the slowest may take.
    pub(super) fn fork(
        &mut self,
        branches: &[Vec<Part>],
        from: NodeIx,
        behind: Option<NodeIx>,
        at: &mut At,
    ) -> Result<(Draft, u64), Unheld> {
        let graph = self.subject.graph;
        let heads: Vec<NodeIx> = branches.iter().flat_map(|branch| heads(branch)).collect();
        let way = match graph.node(from).and_then(|node| node.role) {
            Some(Role::Router) => "Switch",
            Some(Role::Splitter) => "Splitter",
            _ => "Ensemble",
        };
        let (takes, held) = self.takes(&heads, at);
        let clauses = core::mem::take(&mut at.pending);
        if at.before.is_none() && !clauses.is_empty() {
            let message = format!(
                "the way from `{}` has a condition, and no answer stands before it",
                graph.name(from)
            );
            return Err(self.unheld(&kinds::CONDITION, Some(from), message));
        }
        let fork = Fork {
            way,
            from,
            behind,
            held: &held,
        };
        let (steps, ends, pending, seconds) = self.branches(branches, &fork)?;
        let node = graph.node(from).filter(|_| from.is_model());
        let part = node.map_or("branches", |node| &node.name);
        let name = self.names.claim(&format!("{part}-{}", way.to_lowercase()));
        self.put(&name, way, &steps);
        let takes = takes && at.before.is_some();
        at.before = Some(ends);
        at.pending = pending;
        let draft = Draft {
            target: ("nodeName", name.clone()),
            name,
            takes,
            clauses,
        };
        Ok((draft, seconds))
    }

    #[allow(
        clippy::type_complexity,
        reason = "four things that belong to one caller"
    )]
    fn branches(
        &mut self,
        branches: &[Vec<Part>],
        fork: &Fork<'_>,
    ) -> Result<(Vec<Map<String, Value>>, Held, Vec<Clause>, u64), Unheld> {
        let graph = self.subject.graph;
        let is_ensemble = fork.way == "Ensemble";
        let mut all = Vec::new();
        for parts in branches {
            let built = self.sequence(parts, fork.held, fork.from, fork.way == "Switch")?;
            all.push((parts, built));
        }
        let keys = if is_ensemble {
            self.check_ensemble(branches, fork)?;
            self.keys(branches, fork)
        } else {
            Vec::new()
        };
        let (mut ends, mut pending, mut seconds) = (Held::new(), None::<Vec<Clause>>, 0);
        let mut steps = Vec::new();
        for (index, (parts, built)) in all.into_iter().enumerate() {
            seconds = seconds.max(built.seconds);
            let key = keys.get(index).cloned();
            let outer: Vec<String> = key.iter().cloned().collect();
            for (ix, inner) in &built.ends {
                ends.insert(*ix, outer.iter().chain(inner).cloned().collect());
            }
            let moved = built.pending.iter().map(|clause| clause.within(&outer));
            let Some(moved) = moved.collect::<Option<Vec<Clause>>>() else {
                let message = format!(
                    "a branch behind `{}` ends with a condition that is asked of a merged answer",
                    graph.name(fork.from)
                );
                return Err(self.unheld(&kinds::CONDITION, Some(fork.from), message));
            };
            match &mut pending {
                Some(known) if is_ensemble => known.extend(moved),
                Some(known) if *known != moved => {
                    let last = built.ends.keys().next().copied().unwrap_or(fork.from);
                    let message = format!(
                        "branches meet behind `{}`, and not all end with the same condition: what \
                         one asks of its answer would stop the others",
                        graph.name(last)
                    );
                    return Err(self.unheld(&kinds::GUARD_LAST, Some(last), message));
                }
                Some(_) => {}
                None => pending = Some(moved),
            }
            let Some(mut step) = self.branch_step(built.steps, fork, index) else {
                let head = heads(parts).first().copied().unwrap_or(fork.from);
                let message = format!(
                    "the branch of `{}` has no step that calls a service, and KServe has none that \
                     does nothing",
                    graph.name(head)
                );
                return Err(self.unheld(&kinds::SHAPE, Some(head), message));
            };
            if let Some(key) = key {
                step.insert("name".to_owned(), json!(key));
            }
            steps.push((parts, step));
        }
        let steps = match fork.way {
            "Switch" => self.routes(steps, fork)?,
            "Splitter" => self.shares(steps, fork),
            _ => steps.into_iter().map(|(_, step)| step).collect(),
        };
        Ok((steps, ends, pending.unwrap_or_default(), seconds))
    }

    /// One step to what stands in a branch: the node itself, or a sequence.
    fn branch_step(
        &mut self,
        mut steps: Vec<Map<String, Value>>,
        fork: &Fork<'_>,
        index: usize,
    ) -> Option<Map<String, Value>> {
        if steps.len() < 2 {
            return steps.pop();
        }
        let part = if fork.from.is_model() {
            self.subject.graph.name(fork.from)
        } else {
            "branch"
        };
        let wanted = format!("{part}-{}", index.saturating_add(1));
        let name = self.names.claim(&wanted);
        self.put(&name, "Sequence", &steps);
        let mut step = Map::new();
        step.insert("name".to_owned(), json!(name));
        step.insert("nodeName".to_owned(), json!(name));
        step.insert("dependency".to_owned(), json!("Hard"));
        Some(step)
    }

    /// The edges from a fork into a branch.
    fn entries(&self, parts: &[Part], from: NodeIx) -> Vec<&Edge> {
        let graph = self.subject.graph;
        let entries = heads(parts).into_iter().flat_map(|ix| graph.incoming(ix));
        entries.filter(|edge| edge.source == from).collect()
    }

    /// The routes of a Switch, its default last.
    fn routes(
        &mut self,
        steps: Vec<(&Vec<Part>, Map<String, Value>)>,
        fork: &Fork<'_>,
    ) -> Result<Vec<Map<String, Value>>, Unheld> {
        let graph = self.subject.graph;
        let (mut routes, mut default) = (Vec::new(), None);
        for (parts, mut step) in steps {
            let graph_edges: Vec<Edge> = self
                .entries(parts, fork.from)
                .into_iter()
                .cloned()
                .collect();
            let is_default = |edge: &Edge| {
                let when = graph.edge_spec(edge.ix).and_then(|spec| spec.when.as_ref());
                when.is_some_and(|when| when.value.0.trim() == "default")
            };
            if !graph_edges.is_empty() && graph_edges.iter().all(is_default) && default.is_none() {
                step.insert("condition".to_owned(), json!(condition::ALWAYS));
                default = Some(step);
                continue;
            }
            let mut asked = Vec::new();
            for edge in &graph_edges {
                asked.push(self.asked_of(edge)?);
            }
            let first = asked.first().cloned().flatten();
            let same = asked.iter().all(|other| *other == first);
            let condition = first
                .filter(|_| same)
                .and_then(|asked| condition::gjson(&asked));
            let Some(condition) = condition else {
                let head = heads(parts).first().copied().unwrap_or(fork.from);
                let message = format!(
                    "no one condition says when `{}` sends a request to `{}`",
                    graph.name(fork.from),
                    graph.name(head)
                );
                return Err(self.unheld(&kinds::CONDITION, Some(head), message));
            };
            step.insert("condition".to_owned(), json!(condition));
            routes.push(step);
        }
        if default.is_none()
            && let Some(node) = graph.node(fork.from)
        {
            let message = format!(
                "a request for which no condition of `{}` holds is answered with a failure",
                node.name
            );
            self.artifacts
                .lose(&kinds::DEFAULT, Some(&node.name), node.span, message);
        }
        routes.extend(default);
        Ok(routes)
    }

    /// The steps of a Splitter: whole weights that add up to 100.
    fn shares(
        &mut self,
        steps: Vec<(&Vec<Part>, Map<String, Value>)>,
        fork: &Fork<'_>,
    ) -> Vec<Map<String, Value>> {
        let graph = self.subject.graph;
        let stated: Vec<Option<u64>> = steps
            .iter()
            .map(|(parts, _)| {
                let entries = self.entries(parts, fork.from);
                let mut stated = entries
                    .iter()
                    .filter_map(|edge| {
                        graph
                            .edge_spec(edge.ix)?
                            .weight
                            .or(graph.edge_spec(edge.ix)?.probability)
                    })
                    .map(|share| share.value.0);
                stated.next()
            })
            .collect();
        let (weights, exact) = super::weights::whole(&stated);
        if let Some(node) = graph.node(fork.from).filter(|_| !exact) {
            let list: Vec<String> = weights.iter().map(u64::to_string).collect();
            let message = format!(
                "weights are whole and add up to 100: those of `{}` become {}",
                node.name,
                list.join(", ")
            );
            self.artifacts
                .lose(&kinds::WEIGHT, Some(&node.name), node.span, message);
        }
        let steps = steps.into_iter().zip(weights);
        steps
            .map(|((_, mut step), weight)| {
                step.insert("weight".to_owned(), json!(weight));
                step
            })
            .collect()
    }

    /// Whether what meets behind an ensemble can do so.
    fn check_ensemble(&self, branches: &[Vec<Part>], fork: &Fork<'_>) -> Result<(), Unheld> {
        let graph = self.subject.graph;
        for &last in branches
            .iter()
            .filter_map(|branch| branch.last())
            .filter_map(|part| match part {
                Part::Node(ix) => Some(ix),
                Part::Fork(_) => None,
            })
        {
            if graph.spec_of(last).is_some_and(answers_array) {
                let message = format!(
                    "`{}` answers with an array, and KServe merges objects alone",
                    graph.name(last)
                );
                return Err(self.unheld(&kinds::ARRAY, Some(last), message));
            }
        }
        let join = fork.behind.and_then(|ix| graph.spec_of(ix));
        let waits = join
            .and_then(|node| node.join.as_ref())
            .map(|join| &join.value);
        if let (Some(Join::Any | Join::Quorum(_)), Some(ix)) = (waits, fork.behind) {
            let message = format!(
                "`{}` goes on before all its branches have answered, and KServe waits for all",
                graph.name(ix)
            );
            return Err(self.unheld(&kinds::JOIN, Some(ix), message));
        }
        Ok(())
    }

    /// The keys of an ensemble's merged answer: the ports behind it where each branch has its own,
    /// else the nodes that end the branches.
    fn keys(&mut self, branches: &[Vec<Part>], fork: &Fork<'_>) -> Vec<String> {
        let graph = self.subject.graph;
        let target = fork.behind.unwrap_or(NodeIx::OUTPUTS);
        let ports: Vec<Option<String>> = branches
            .iter()
            .map(|branch| {
                let last = match branch.last() {
                    Some(Part::Node(ix)) => *ix,
                    _ => return None,
                };
                let edges = graph.outgoing(last).filter(|edge| edge.target == target);
                let ports: Vec<_> = edges.filter_map(|edge| edge.ports).collect();
                let [(_, port)] = ports[..] else { return None };
                Some(graph.port(port)?.name.clone())
            })
            .collect();
        let mut distinct: Vec<&String> = ports.iter().flatten().collect();
        distinct.sort();
        distinct.dedup();
        let keys: Vec<String> = if distinct.len() == branches.len() {
            ports.into_iter().flatten().collect()
        } else {
            let mut names = Names::new(63);
            let lasts = branches.iter().map(|branch| tails(branch).first().copied());
            lasts
                .map(|last| names.claim(last.map_or("branch", |ix| graph.name(ix))))
                .collect()
        };
        let node = graph.node(target).filter(|_| target.is_model());
        let (name, span) = match node {
            Some(node) => (node.name.as_str(), node.span),
            None => ("outputs", self.subject.name_span()),
        };
        let message =
            format!("`{name}` takes the answers of its branches as one object with these keys");
        let named = node.map(|node| node.name.as_str());
        self.artifacts
            .assume(&kinds::KEYS, named, span, message, keys.join(", "));
        keys
    }
}

/// The nodes that a sequence begins with.
fn heads(parts: &[Part]) -> Vec<NodeIx> {
    match parts.first() {
        Some(Part::Node(ix)) => vec![*ix],
        Some(Part::Fork(branches)) => branches.iter().flat_map(|branch| heads(branch)).collect(),
        None => Vec::new(),
    }
}

/// The nodes that a sequence ends with.
fn tails(parts: &[Part]) -> Vec<NodeIx> {
    match parts.last() {
        Some(Part::Node(ix)) => vec![*ix],
        Some(Part::Fork(branches)) => branches.iter().flat_map(|branch| tails(branch)).collect(),
        None => Vec::new(),
    }
}

/// Whether a node's service answers with an array.
fn answers_array(node: &spec::Node) -> bool {
    let api = node.serving.as_ref().and_then(|serving| serving.api);
    match api.map(|api| api.value) {
        Some(spec::Api::TeiEmbed | spec::Api::TeiRerank) => true,
        Some(_) => false,
        None => {
            let engine = Engine::choose(node).engine;
            engine.is_some_and(|engine| engine.name == "tei")
        }
    }
}
