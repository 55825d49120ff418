use std::collections::BTreeMap;
use std::rc::Rc;

use super::links::{Brief, Links};
use super::roles::default_ports;
use super::types::{Fact, FactValue, Param, Type, resolve};
use super::{BrokenEdge, Direction, Edge, EdgeIx, End, Graph, Node, NodeIx, Port, PortIx};
use crate::check::Diagnostic;
use crate::spec::{self, Duration, EdgeRole, Kind, Map, ModelGraph, Named, Role, TypeParams};
use crate::text::{Span, Spanned};

/// Indexes a document. What its types get wrong is reported with the codes of reading.
pub fn build(spec: &Rc<ModelGraph>) -> (Graph, Vec<Diagnostic>) {
    build_with(spec, &Brought::new())
}

/// The ports that nodes have from the graphs that they refer to, by the node's name.
pub(crate) type Brought = BTreeMap<String, BroughtPorts>;

/// The ports that a node has from the graph that it refers to, in place of those of its role.
#[derive(Clone, Debug, Default)]
pub(crate) struct BroughtPorts {
    /// What the graph is called, in words.
    pub(crate) by: String,
    pub(crate) inputs: Vec<BroughtPort>,
    pub(crate) outputs: Vec<BroughtPort>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct BroughtPort {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// As [`build`], where nodes refer to other graphs.
pub(crate) fn build_with(spec: &Rc<ModelGraph>, brought: &Brought) -> (Graph, Vec<Diagnostic>) {
    let mut builder = Builder {
        graph: Graph {
            spec: Rc::clone(spec),
            nodes: Vec::new(),
            ports: Vec::new(),
            edges: Vec::new(),
            broken: Vec::new(),
            names: BTreeMap::new(),
            onward: Links::default(),
            back: Links::default(),
            briefs: Vec::new(),
            roles: Vec::new(),
            extents: Vec::new(),
        },
        diagnostics: Vec::new(),
    };
    builder.boundaries();
    for (index, named) in spec.nodes().enumerate() {
        builder.node(index, named, brought.get(&named.name.value));
    }
    for (at, edge) in spec.edges().enumerate() {
        builder.edge(at, edge);
    }
    builder.link();
    (builder.graph, builder.diagnostics)
}

/// The identity of an edge: as stated, else `from→to`; `None` where an end is missing.
pub fn edge_id(edge: &spec::Edge) -> Option<String> {
    if let Some(id) = &edge.id {
        return Some(id.value.0.clone());
    }
    let (from, to) = (edge.from.as_ref()?, edge.to.as_ref()?);
    Some(format!("{}→{}", from.value, to.value))
}

/// The ports that a role brings on one side.
fn of_role(role: Role, side: Direction) -> Vec<BroughtPort> {
    let ports = default_ports(role, side).iter();
    ports
        .map(|port| BroughtPort {
            name: port.name.to_owned(),
            ty: Type::of_kind(port.kind),
            required: port.required,
        })
        .collect()
}

struct Builder {
    graph: Graph,
    diagnostics: Vec<Diagnostic>,
}

/// A port to be added.
struct Draft<'s> {
    name: &'s str,
    span: Span,
    stated: Option<&'s spec::Port>,
    inherited: Option<Type>,
    required: bool,
}

impl Builder {
    fn boundaries(&mut self) {
        let spec = Rc::clone(&self.graph.spec);
        for (name, side, ports) in [
            (
                "inputs",
                Direction::Output,
                spec.inputs().collect::<Vec<_>>(),
            ),
            (
                "outputs",
                Direction::Input,
                spec.outputs().collect::<Vec<_>>(),
            ),
        ] {
            let node = self.push_node(name, [Span::default(); 2], None, None);
            for port in ports {
                let draft = Draft {
                    name: &port.name,
                    span: port.name.span,
                    stated: Some(&port.value),
                    inherited: None,
                    required: true,
                };
                self.push_port(node, side, &draft);
            }
        }
    }

    fn push_node(
        &mut self,
        name: &str,
        [span, extent]: [Span; 2],
        role: Option<Role>,
        index: Option<usize>,
    ) -> NodeIx {
        let ix = NodeIx(u32::try_from(self.graph.nodes.len()).unwrap_or(u32::MAX));
        self.graph.nodes.push(Node {
            name: name.to_owned(),
            span,
            extent,
            role,
            index,
            refers: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            incoming: Vec::new(),
            outgoing: Vec::new(),
        });
        self.graph.names.insert(name.to_owned(), ix);
        ix
    }

    fn node(&mut self, index: usize, named: &Named<spec::Node>, brought: Option<&BroughtPorts>) {
        let (name, node) = (&named.name, &named.value);
        let role = node.role.map(|role| role.value);
        let ix = self.push_node(
            name,
            [name.span, name.span.join(named.span)],
            role,
            Some(index),
        );
        for (side, stated) in [
            (Direction::Input, &node.inputs),
            (Direction::Output, &node.outputs),
        ] {
            let defaults = match (brought, side) {
                (Some(brought), Direction::Input) => brought.inputs.clone(),
                (Some(brought), Direction::Output) => brought.outputs.clone(),
                (None, _) => role.map_or_else(Vec::new, |role| of_role(role, side)),
            };
            let stated = stated.as_ref().map(|map| &map.value);
            self.side(ix, side, &defaults, name.span, stated);
        }
        if let (Some(node), Some(brought)) = (self.graph.nodes.last_mut(), brought) {
            node.refers = Some(brought.by.clone());
        }
        self.space_of_model(ix, node);
    }

    fn side(
        &mut self,
        node: NodeIx,
        side: Direction,
        defaults: &[BroughtPort],
        span: Span,
        stated: Option<&Map<spec::ByPort, spec::Port>>,
    ) {
        let Some(stated) = stated else {
            for port in defaults {
                let draft = Draft {
                    name: &port.name,
                    span,
                    stated: None,
                    inherited: Some(port.ty.clone()),
                    required: port.required,
                };
                self.push_port(node, side, &draft);
            }
            return;
        };
        for port in stated {
            let default = defaults
                .iter()
                .find(|default| default.name == port.name.value);
            let draft = Draft {
                name: &port.name,
                span: port.name.span,
                stated: Some(&port.value),
                inherited: default.map(|default| default.ty.clone()),
                required: default.is_none_or(|default| default.required),
            };
            self.push_port(node, side, &draft);
        }
    }

    fn push_port(&mut self, node: NodeIx, direction: Direction, draft: &Draft<'_>) {
        let spec = Rc::clone(&self.graph.spec);
        let unstated = TypeParams::default();
        let written = draft.stated.and_then(|port| port.ty.as_ref());
        let params = draft.stated.map_or(&unstated, |port| &port.params);
        let ty = resolve(
            &spec,
            written,
            params,
            draft.inherited.as_ref(),
            &mut self.diagnostics,
        );
        let stated_required = draft.stated.and_then(|port| port.required);
        let ix = PortIx(u32::try_from(self.graph.ports.len()).unwrap_or(u32::MAX));
        self.graph.ports.push(Port {
            node,
            name: draft.name.to_owned(),
            direction,
            ty,
            required: stated_required.map_or(draft.required, |required| required.value),
            span: draft.span,
            stated: draft.stated.is_some(),
            data_class: draft
                .stated
                .and_then(|port| port.data_class)
                .map(|class| class.value),
            edges: Vec::new(),
        });
        if let Some(node) = self.graph.nodes.get_mut(node.0 as usize) {
            match direction {
                Direction::Input => node.inputs.push(ix),
                Direction::Output => node.outputs.push(ix),
            }
        }
    }

    /// A vector lies in the space of the model that made it, unless the document says otherwise.
    fn space_of_model(&mut self, ix: NodeIx, node: &spec::Node) {
        let role = node.role.map(|role| role.value);
        let id = node.model.as_ref().and_then(|model| model.id.as_ref());
        let (Some(Role::Embedder), Some(id)) = (role, id) else {
            return;
        };
        let outputs = self
            .graph
            .node(ix)
            .map(|node| node.outputs.clone())
            .unwrap_or_default();
        for port in outputs {
            let Some(port) = self.graph.ports.get_mut(port.0 as usize) else {
                continue;
            };
            if port.ty.kind == Kind::Vector {
                let fact = Fact {
                    value: FactValue::Word(id.value.0.clone()),
                    span: id.span,
                };
                port.ty.facts.or_insert_with(Param::Space, || fact);
            }
        }
    }

    fn end(&self, text: &Spanned<spec::Endpoint>, side: Direction, control: bool) -> End {
        let (node_name, port_name) = text.value.split_once('.').unwrap_or((&text.value, ""));
        let node = self.graph.find(node_name).filter(|&node| match side {
            Direction::Output => node != NodeIx::OUTPUTS,
            Direction::Input => node != NodeIx::INPUTS,
        });
        let port = match node {
            Some(node) if !control => self.graph.find_port(node, side, port_name),
            _ => None,
        };
        End {
            text: text.value.0.clone(),
            span: text.span,
            node,
            port,
        }
    }

    fn edge(&mut self, at: usize, edge: &Spanned<spec::Edge>) {
        let ix = EdgeIx(u32::try_from(at).unwrap_or(u32::MAX));
        let (Some(from), Some(to)) = (&edge.from, &edge.to) else {
            return;
        };
        let role = edge.role.map_or(EdgeRole::Data, |role| role.value);
        let control = role == EdgeRole::Control;
        let Some(id) = edge_id(edge) else { return };
        let from = self.end(from, Direction::Output, control);
        let to = self.end(to, Direction::Input, control);
        let ports = from.port.zip(to.port);
        let share = edge.probability.or(edge.weight);
        match (from.node, to.node) {
            (Some(source), Some(target)) if control || ports.is_some() => {
                self.graph.edges.push(Edge {
                    ix,
                    id,
                    source,
                    target,
                    ports,
                    role,
                    required: edge.required.is_none_or(|required| required.value),
                    is_loop: edge.repeat.is_some(),
                    hop: edge.hop.map_or(Duration(0), |hop| hop.value),
                    share: share.map(|share| share.value.as_fraction()),
                    conditional: edge.when.is_some() || edge.probability.is_some(),
                    has_timeout: edge.timeout.is_some(),
                    span: edge.span,
                });
            }
            _ => self.graph.broken.push(BrokenEdge {
                ix,
                id,
                span: edge.span,
                from,
                to,
            }),
        }
    }

    /// Tells nodes and ports which edges are theirs, and fills the tables.
    fn link(&mut self) {
        for (at, edge) in self.graph.edges.iter().enumerate() {
            if let Some(node) = self.graph.nodes.get_mut(edge.source.0 as usize) {
                node.outgoing.push(at);
            }
            if let Some(node) = self.graph.nodes.get_mut(edge.target.0 as usize) {
                node.incoming.push(at);
            }
            for port in edge.ports.into_iter().flat_map(|(from, to)| [from, to]) {
                if let Some(port) = self.graph.ports.get_mut(port.0 as usize) {
                    port.edges.push(at);
                }
            }
        }
        let (nodes, edges) = (self.graph.nodes.len(), &self.graph.edges);
        self.graph.onward = Links::new(nodes, edges, |edge| edge.source, |edge| edge.target);
        self.graph.back = Links::new(nodes, edges, |edge| edge.target, |edge| edge.source);
        self.graph.briefs = self.graph.ports.iter().map(Brief::of).collect();
        self.graph.roles = self.graph.nodes.iter().map(|node| node.role).collect();
        self.graph.extents = self.graph.nodes.iter().map(|node| node.extent).collect();
    }
}
