//! What several rules derive from the graph, derived once, when one first asks.

use core::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Context;
use super::latency::Times;
use super::placed::{Shares, with};
use super::structure::{Meant, on_cycles};
use crate::graph::{
    Branches, Brief, Direction, NodeIx, PortIx, always_visited, cycles, expected_visits_in,
    on_every_path, topological_order,
};
use crate::hardware::Catalogue;
use crate::order::Arrange as _;
use crate::spec::Role;

/// What is derived from one graph. Parts are shared with the analysis that follows where they
/// remain what they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Derived {
    /// How many fixes the rule that is running may still plan.
    pub(crate) plans: Cell<usize>,
    pub(super) catalogue: OnceCell<Rc<Catalogue>>,
    pub(super) meant: OnceCell<Rc<Meant>>,
    pub(super) odd: OnceCell<Rc<Vec<(PortIx, Brief)>>>,
    pub(super) rings: OnceCell<Rc<Vec<Vec<NodeIx>>>>,
    pub(super) cycles: OnceCell<Rc<Vec<Option<usize>>>>,
    pub(super) order: OnceCell<Rc<Vec<NodeIx>>>,
    pub(super) branches: OnceCell<Rc<Branches>>,
    pub(super) visits: OnceCell<Rc<Vec<f64>>>,
    pub(super) passed: OnceCell<Rc<Vec<NodeIx>>>,
    pub(super) shares: OnceCell<Rc<Shares>>,
    pub(super) beside: OnceCell<Rc<Vec<NodeIx>>>,
    pub(super) embedders: OnceCell<Rc<BTreeMap<String, NodeIx>>>,
    pub(super) times: OnceCell<Rc<Vec<Times>>>,
    pub(super) settled: OnceCell<Rc<bool>>,
    pub(super) renamed: OnceCell<Rc<bool>>,
}

impl<'a> Context<'a> {
    fn derived(&self) -> &'a Derived {
        self.derived
    }

    /// The GPUs that are known.
    pub(super) fn catalogue(&self) -> &'a Catalogue {
        let catalogue = &self.derived().catalogue;
        catalogue.get_or_init(|| self.analysis.gpus())
    }

    /// What broken edges may have been meant for.
    pub(super) fn meant(&self) -> &'a Meant {
        let meant = &self.derived().meant;
        meant.get_or_init(|| Rc::new(Meant::new(self.graph)))
    }

    /// The ports that rules of the whole graph may tell of: those that need a value or give one and
    /// have no edge, inputs with several, and those whose values are personal. Most are none of these.
    pub(super) fn odd_ports(&self) -> impl Iterator<Item = (PortIx, Brief)> + use<'a> {
        let odd = self.derived().odd.get_or_init(|| {
            let is_odd = |port: &Brief| match port.edges {
                0 => port.required,
                1 => false,
                _ => port.direction == Direction::Input,
            };
            let all = self.graph.briefs();
            Rc::new(
                all.filter(|(_, port)| port.personal || is_odd(port))
                    .collect(),
            )
        });
        odd.iter().copied()
    }

    /// Of each node, by its number, the cycle without a bound that it is on.
    pub(super) fn cycles(&self) -> &'a [Option<usize>] {
        let cycles = &self.derived().cycles;
        cycles.get_or_init(|| Rc::new(on_cycles(self.rings(), self.graph.nodes.len())))
    }

    /// The sets of nodes that can reach one another.
    pub(super) fn rings(&self) -> &'a [Vec<NodeIx>] {
        let rings = &self.derived().rings;
        rings.get_or_init(|| Rc::new(cycles(self.graph, self.order())))
    }

    /// The nodes, each behind all that feed it.
    pub(super) fn order(&self) -> &'a [NodeIx] {
        let order = &self.derived().order;
        order.get_or_init(|| Rc::new(topological_order(self.graph)))
    }

    /// Which edges never carry values of one request together.
    pub(super) fn branches(&self) -> &'a Branches {
        let branches = &self.derived().branches;
        branches.get_or_init(|| Rc::new(Branches::new(self.graph, self.order())))
    }

    /// The joins that hand on one value as it came.
    pub(super) fn merging(&self) -> &'a BTreeSet<NodeIx> {
        self.typing.merging()
    }

    /// How often a request visits each node, on average.
    pub(super) fn visits(&self) -> &'a [f64] {
        let visits = &self.derived().visits;
        visits.get_or_init(|| Rc::new(expected_visits_in(self.graph, self.order())))
    }

    /// The nodes that every request passes, by their numbers.
    pub(super) fn passed(&self) -> &'a [NodeIx] {
        let passed = &self.derived().passed;
        passed.get_or_init(|| {
            let mut nodes = always_visited(self.graph, self.order());
            let mut between = if self.rings().is_empty() {
                on_every_path(self.graph, self.order())
            } else {
                self.branches().over(NodeIx::OUTPUTS)
            };
            between.retain(|node| nodes.binary_search(node).is_err());
            nodes.extend(between);
            nodes.retain(|node| node.is_model());
            nodes.arrange();
            Rc::new(nodes)
        })
    }

    /// Which nodes share GPUs with others.
    pub(super) fn shares(&self) -> &'a Shares {
        let shares = &self.derived().shares;
        shares.get_or_init(|| Rc::new(Shares::new(self)))
    }

    /// The nodes that are to stand beside others.
    pub(super) fn beside(&self) -> &'a [NodeIx] {
        let beside = &self.derived().beside;
        beside.get_or_init(|| {
            let nodes = self.graph.model_nodes().map(|(ix, _)| ix);
            Rc::new(nodes.filter(|&ix| self.stands_beside(ix)).collect())
        })
    }

    /// Whether a node is to stand beside others.
    pub(super) fn stands_beside(&self, ix: NodeIx) -> bool {
        let placement = self
            .graph
            .spec_of(ix)
            .and_then(|node| node.placement.as_ref());
        placement
            .is_some_and(|placement| placement.co_locate.is_some() || !with(placement).is_empty())
    }

    /// What each node states of its time.
    pub(super) fn times(&self) -> &'a [Times] {
        let times = &self.derived().times;
        times.get_or_init(|| {
            let nodes = (0..self.graph.nodes.len()).filter_map(|at| u32::try_from(at).ok());
            Rc::new(nodes.map(|ix| self.times_of(NodeIx(ix))).collect())
        })
    }

    /// What a node states of its time.
    pub(super) fn times_of(&self, ix: NodeIx) -> Times {
        self.graph.spec_of(ix).map(Times::new).unwrap_or_default()
    }

    /// Whether nodes or edges set severities of their own.
    pub(super) fn has_own_settings(&self) -> bool {
        let settled = &self.derived().settled;
        **settled.get_or_init(|| {
            let spec = &self.graph.spec;
            let nodes = spec.nodes().any(|node| node.value.checks.is_some());
            Rc::new(nodes || spec.edges().any(|edge| edge.checks.is_some()))
        })
    }

    /// Whether a node has a name for targets of its own.
    pub(super) fn has_external_names(&self) -> bool {
        let renamed = &self.derived().renamed;
        **renamed.get_or_init(|| {
            let mut nodes = self.graph.spec.nodes();
            Rc::new(nodes.any(|node| node.value.external_name.is_some()))
        })
    }

    /// The first embedder of each model.
    pub(super) fn embedders(&self) -> &'a BTreeMap<String, NodeIx> {
        let embedders = &self.derived().embedders;
        embedders.get_or_init(|| {
            let mut first = BTreeMap::new();
            for (ix, node) in self.graph.model_nodes() {
                if node.role == Some(Role::Embedder)
                    && let Some(model) = self.model_id(ix)
                    && !first.contains_key(model)
                {
                    first.insert(model.to_owned(), ix);
                }
            }
            Rc::new(first)
        })
    }

    /// The id of a node's model.
    pub(super) fn model_id(&self, ix: NodeIx) -> Option<&'a str> {
        let id = self.graph.spec_of(ix)?.model.as_ref()?.id.as_ref()?;
        Some(&id.value.0)
    }
}
