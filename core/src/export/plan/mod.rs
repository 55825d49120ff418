//! What runs for each node, with what was assumed told.

mod gpu;
pub(in crate::export) mod image;
mod resources;

pub(in crate::export) use gpu::Accelerator;

use super::engines::Start;
use super::kinds::PlanKinds;
use super::names::Names;
use super::{Artifacts, Kind, Subject};
use crate::catalogue::Engine;
use crate::graph::NodeIx;
use crate::hardware::Gpu;
use crate::spec::{self, Bytes, Cores, Duration, Protocol, Replicas, Role};
use crate::text::Span;

/// What runs for a node.
pub(in crate::export) struct Plan<'a> {
    pub(in crate::export) ix: NodeIx,
    pub(in crate::export) name: &'a str,
    pub(in crate::export) span: Span,
    pub(in crate::export) node: &'a spec::Node,
    pub(in crate::export) role: Option<Role>,
    /// The name of its objects.
    pub(in crate::export) object: String,
    pub(in crate::export) engine: Option<&'static Engine>,
    pub(in crate::export) image: String,
    pub(in crate::export) start: Start,
    pub(in crate::export) port: u32,
    pub(in crate::export) protocol: Protocol,
    pub(in crate::export) replicas: Replicas,
    pub(in crate::export) cpu: Cores,
    pub(in crate::export) memory: Bytes,
    pub(in crate::export) gpu: Option<Accelerator>,
    /// Seconds that loading may take.
    pub(in crate::export) startup: u64,
    /// Where it keeps what must outlive a pod, and how much.
    pub(in crate::export) data: Option<(&'static str, Bytes)>,
}

/// What planning for a target needs.
pub(in crate::export) struct Planning<'p, 'a> {
    pub(in crate::export) subject: &'p Subject<'a>,
    pub(in crate::export) artifacts: &'p mut Artifacts,
    /// Takes the names of objects.
    pub(in crate::export) names: &'p mut Names,
    /// The target's own codes.
    pub(in crate::export) kinds: &'static PlanKinds,
    /// Whether machines are chosen by the labels of their GPUs.
    pub(in crate::export) selects: bool,
    /// Whether routers, splitters and joins that state nothing to run are done elsewhere; in a
    /// word, by whom.
    pub(in crate::export) control: Option<&'static str>,
}

impl<'a> Planning<'_, 'a> {
    /// The plan of every node that runs here.
    pub(in crate::export) fn all(&mut self) -> Vec<Plan<'a>> {
        let graph = self.subject.graph;
        let mut plans = Vec::new();
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            let role = node.role.map(|role| role.value);
            let (name, span) = (&indexed.name, indexed.span);
            if node.external.is_some_and(|external| external.value) {
                let message = format!(
                    "`{name}` runs elsewhere: nothing here keeps anyone from calling it past the \
                     graph, and whoever calls it must know its address"
                );
                self.artifacts
                    .lose(self.kinds.external, Some(name), span, message);
                continue;
            }
            if let Some(who) = self.control.filter(|_| is_bare_control(node)) {
                let message = format!(
                    "`{name}` states neither model, serving nor placement: the {who} does its work"
                );
                self.artifacts
                    .assume(self.kinds.in_orchestrator, Some(name), span, message, who);
                continue;
            }
            let wanted = format!("{}-{name}", self.subject.name);
            let object = self.names.claim(&wanted);
            let mut planner = Planner {
                name,
                span,
                node,
                cx: self,
            };
            plans.push(planner.plan(ix, role, object));
        }
        plans
    }
}

/// The nodes that [`Planning::all`] plans and the names of their objects, without the rest: for
/// targets whose objects stand beside those of another.
pub(in crate::export) fn objects(
    subject: &Subject<'_>,
    names: &mut Names,
) -> Vec<(NodeIx, String)> {
    let graph = subject.graph;
    let is_orchestrated = subject.is_orchestrated();
    let runs = |node: &spec::Node| {
        let is_external = node.external.is_some_and(|external| external.value);
        !(is_external || is_orchestrated && is_bare_control(node))
    };
    let nodes = graph.model_nodes();
    let running = nodes.filter(|(ix, _)| graph.spec_of(*ix).is_some_and(runs));
    running
        .map(|(ix, node)| (ix, names.claim(&format!("{}-{}", subject.name, node.name))))
        .collect()
}

/// The longest that a node may take, where stated: its call's timeout, or what it may take at most.
pub(in crate::export) fn longest(node: &spec::Node) -> Option<(Duration, Span)> {
    let timeout = node.serving.as_ref().and_then(|serving| serving.timeout);
    let both = [timeout, node.budget].into_iter().flatten();
    let longest = both.max_by_key(|time| time.value.0)?;
    Some((longest.value, longest.span))
}

/// Whether a node only routes, and states nothing that would run.
pub(in crate::export) fn is_bare_control(node: &spec::Node) -> bool {
    let role = node.role.map(|role| role.value);
    matches!(role, Some(Role::Router | Role::Splitter | Role::Join))
        && node.model.is_none()
        && node.serving.is_none()
        && node.placement.is_none()
}

/// Whether a node's work is that of whoever runs the graph, whatever it is placed on: it routes, and
/// names nothing that would answer.
pub(in crate::export) fn is_routing(node: &spec::Node) -> bool {
    let role = node.role.map(|role| role.value);
    matches!(role, Some(Role::Router | Role::Splitter | Role::Join))
        && node.model.is_none()
        && node.serving.is_none()
}

struct Planner<'p, 'c, 'a> {
    cx: &'p mut Planning<'c, 'a>,
    name: &'a str,
    span: Span,
    node: &'a spec::Node,
}

impl<'a> Planner<'_, '_, 'a> {
    fn assume(&mut self, kind: &'static Kind, what: &str, value: &str) {
        let message = format!(
            "{what} of `{}` is not stated: `{value}` is taken",
            self.name
        );
        self.cx
            .artifacts
            .assume(kind, Some(self.name), self.span, message, value);
    }

    fn lose(&mut self, kind: &'static Kind, span: Span, what: &str) {
        let message = format!("`{}` {what}", self.name);
        self.cx.artifacts.lose(kind, Some(self.name), span, message);
    }

    fn plan(&mut self, ix: NodeIx, role: Option<Role>, object: String) -> Plan<'a> {
        let node = self.node;
        let serving = node.serving.as_ref();
        let choice = Engine::choose(node);
        let engine = choice.engine;
        if let Some(engine) = engine.filter(|_| !choice.stated) {
            self.assume(self.cx.kinds.engine, "the serving program", engine.name);
        }
        let known = self.catalogued();
        let image = self.image(engine, known.as_ref(), &object);
        let stated = serving
            .and_then(|serving| serving.port)
            .map(|port| port.value.0);
        let port = stated.filter(|&port| port <= 65_535).unwrap_or_else(|| {
            let port = engine.map_or(8080, |engine| engine.port);
            self.assume(self.cx.kinds.port, "the port", &port.to_string());
            port
        });
        let protocol = serving.and_then(|serving| serving.protocol);
        let start = engine.map_or_else(Start::default, |engine| engine.start(node, port));
        for (span, what) in &start.unsaid {
            let program = engine.map_or("", |engine| engine.name);
            let what = format!("states `{what}`, for which {program} has no such argument");
            self.lose(self.cx.kinds.argument, *span, &what);
        }
        let placement = node.placement.as_ref();
        let replicas = placement.and_then(|placement| placement.replicas);
        let replicas = replicas.map_or_else(
            || {
                self.assume(self.cx.kinds.replicas, "the number of replicas", "1");
                Replicas::fixed(1)
            },
            |replicas| replicas.value,
        );
        let gpu = self.accelerator(known.as_ref());
        let (cpu, memory) = self.resources(known.as_ref());
        self.weights(engine);
        if let Some(reference) = &node.spec_ref {
            let what = "is described by another document, which is not looked into";
            self.lose(self.cx.kinds.spec_ref, reference.span, what);
        }
        self.unheld();
        Plan {
            ix,
            name: self.name,
            span: self.span,
            node,
            role,
            object,
            engine,
            image,
            start,
            port,
            protocol: protocol.map_or(Protocol::Http, |protocol| protocol.value),
            replicas,
            cpu,
            memory,
            gpu,
            startup: self.startup(),
            data: self.data(role, engine, memory),
        }
    }

    fn catalogued(&self) -> Option<Gpu> {
        let placement = self.node.placement.as_ref()?;
        let name = &placement.gpu.as_ref()?.value;
        self.cx.subject.catalogue.find(name).ok().cloned()
    }

    /// Where the model comes from.
    fn weights(&mut self, engine: Option<&'static Engine>) {
        let Some(model) = self.node.model.as_ref() else {
            return;
        };
        let source = model.uri.as_ref().map(|uri| (&uri.value.0, uri.span));
        let source = source.or(model.id.as_ref().map(|id| (&id.value.0, id.span)));
        if let (Some((source, span)), Some(_)) = (source, engine) {
            let message = format!(
                "each pod of `{}` fetches its model when it starts, and may; a gated one needs a \
                 token among `serving.secrets`",
                self.name
            );
            self.cx.artifacts.assume(
                self.cx.kinds.weights,
                Some(self.name),
                span,
                message,
                source,
            );
        }
    }

    /// What a Service and a Deployment do not hold.
    fn unheld(&mut self) {
        let Some(placement) = self.node.placement.as_ref() else {
            return;
        };
        let several = placement.replicas.is_some_and(|replicas| replicas.max > 1);
        if let Some(routing) = placement.routing
            && several
            && routing.value != spec::Routing::Random
        {
            let what = format!(
                "states `routing: {}`, while a Service spreads connections at random",
                routing.value
            );
            self.lose(self.cx.kinds.routing, routing.span, &what);
        }
        if let Some(limit) = placement.queue_limit {
            let what = "states `queueLimit`, and nothing between caller and pod counts who waits";
            self.lose(self.cx.kinds.queue, limit.span, what);
        }
    }
}
