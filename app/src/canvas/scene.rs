use std::collections::BTreeMap;
use std::rc::Rc;

use modelspec_core::Analysis;
use modelspec_core::edit::{Item, Point2};
use modelspec_core::graph::{Direction, Edge, Graph, NodeIx, PortIx};
use modelspec_core::layout::{self, BOUNDARY_HEIGHT, BOUNDARY_WIDTH, NODE_HEAD, PORT_HEIGHT};
use modelspec_core::order::{Arrange as _, Gather as _};
use modelspec_core::spec::{EdgeRole, Kind};

use super::findings::{Finding, Findings};
use super::geometry::{Rect, distance2};
use super::grid::Grid;
use super::route::Route;

/// Where the port of a graph's input or output stands below the box's top.
const BOUNDARY_PORT: f64 = 47.0;
/// Where a control edge meets a card, below its top.
const CONTROL: f64 = 24.0;

/// A graph as it is drawn: boxes and links by dense numbers, and where they are.
#[derive(Default)]
pub(super) struct Scene {
    pub(super) analysis: Option<Rc<Analysis>>,
    pub(super) boxes: Vec<Block>,
    pub(super) links: Vec<Link>,
    /// What holds all boxes.
    pub(super) bounds: Rect,
    slots: BTreeMap<Item, usize>,
    ids: BTreeMap<String, usize>,
    /// The box and row of each port.
    ports: Vec<Option<(usize, usize)>>,
    box_grid: Grid,
    link_grid: Grid,
}

/// What is drawn as a box: a node, or an input or output of the graph.
pub(super) struct Block {
    pub(super) item: Item,
    pub(super) node: NodeIx,
    pub(super) rect: Rect,
    pub(super) ports: Vec<Dot>,
    /// The gravest finding of it.
    pub(super) finding: Option<Finding>,
    /// The links that begin or end here.
    pub(super) links: Vec<usize>,
    pub(super) selected: bool,
}

/// Where a link can be fixed to a box.
#[derive(Clone, Copy)]
pub(super) struct Dot {
    pub(super) port: PortIx,
    pub(super) direction: Direction,
    pub(super) kind: Kind,
}

/// What is drawn as a line.
pub(super) struct Link {
    pub(super) id: String,
    /// Its place among the edges of the graph; none where an end of it does not exist.
    pub(super) edge: Option<usize>,
    /// The boxes at its ends.
    pub(super) ends: (usize, usize),
    pub(super) kind: Kind,
    pub(super) control: bool,
    pub(super) route: Route,
    pub(super) finding: Option<Finding>,
    pub(super) selected: bool,
    ports: Option<(PortIx, PortIx)>,
    /// Where an edge hangs whose other end does not exist.
    loose: Option<Loose>,
    /// Tells links that leave one box apart.
    lane: f64,
}

/// The one end that an edge has.
#[derive(Clone, Copy)]
struct Loose {
    port: Option<PortIx>,
    direction: Direction,
}

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// A port of a box, by its row.
    Port(usize, usize),
    Block(usize),
    Link(usize),
}

impl Scene {
    pub(super) fn new(analysis: &Rc<Analysis>) -> Self {
        let mut scene = Self {
            analysis: Some(Rc::clone(analysis)),
            ..Self::default()
        };
        let Some(graph) = &analysis.graph else {
            return scene;
        };
        let places = layout::positions(analysis, &layout::Options::default());
        let mut findings = Findings::new(analysis);
        scene.ports = vec![None; graph.ports.len()];
        for (node, of) in [
            (NodeIx::INPUTS, Item::Input as fn(String) -> Item),
            (NodeIx::OUTPUTS, Item::Output as fn(String) -> Item),
        ] {
            let Some(found) = graph.node(node) else {
                continue;
            };
            for &port in found.outputs.iter().chain(&found.inputs) {
                let Some(name) = graph.port(port).map(|port| port.name.clone()) else {
                    continue;
                };
                let size = (BOUNDARY_WIDTH, BOUNDARY_HEIGHT);
                scene.add_box(
                    analysis,
                    of(name),
                    node,
                    &[port],
                    size,
                    &places,
                    &mut findings,
                );
            }
        }
        for (node, found) in graph.model_nodes() {
            let ports: Vec<PortIx> = found.inputs.iter().chain(&found.outputs).copied().collect();
            let size = layout::node_size(graph, node);
            let item = Item::Node(found.name.clone());
            scene.add_box(analysis, item, node, &ports, size, &places, &mut findings);
        }
        scene.box_grid = Grid::new(scene.boxes.iter().map(|block| block.rect));
        scene.bounds = scene
            .boxes
            .iter()
            .map(|block| block.rect)
            .reduce(Rect::union)
            .unwrap_or_default();
        scene.add_links(analysis, graph, &mut findings);
        scene.link_grid = Grid::new(
            scene
                .links
                .iter()
                .map(|link| link.route.bounds().grown(8.0)),
        );
        scene
    }

    #[allow(clippy::too_many_arguments)]
    fn add_box(
        &mut self,
        analysis: &Analysis,
        item: Item,
        node: NodeIx,
        ports: &[PortIx],
        (width, height): (f64, f64),
        places: &BTreeMap<Item, Point2>,
        findings: &mut Findings,
    ) {
        let Some(graph) = &analysis.graph else { return };
        let at = places.get(&item).copied().unwrap_or_default();
        let slot = self.boxes.len();
        for (row, port) in ports.iter().enumerate() {
            if let Some(place) = self.ports.get_mut(port.0 as usize) {
                *place = Some((slot, row));
            }
        }
        let dots = ports.iter().filter_map(|&port| {
            Some(Dot {
                port,
                direction: graph.port(port)?.direction,
                kind: analysis.typing.of(port).map_or(Kind::Any, |ty| ty.kind),
            })
        });
        self.boxes.push(Block {
            node,
            rect: Rect::new(at.x, at.y, width, height),
            ports: dots.collect(),
            finding: findings.items.remove(&item),
            links: Vec::new(),
            selected: false,
            item: item.clone(),
        });
        self.slots.insert(item, slot);
    }

    fn add_links(&mut self, analysis: &Analysis, graph: &Graph, findings: &mut Findings) {
        let nodes: BTreeMap<NodeIx, usize> = self
            .boxes
            .iter()
            .enumerate()
            .filter(|(_, block)| block.node.is_model())
            .map(|(slot, block)| (block.node, slot))
            .gather();
        let mut lanes = vec![0_u16; self.boxes.len()];
        for (at, edge) in graph.edges.iter().enumerate() {
            let end = |port: Option<PortIx>, node: NodeIx| match port {
                Some(port) => self
                    .ports
                    .get(port.0 as usize)
                    .copied()
                    .flatten()
                    .map(|(slot, _)| slot),
                None => nodes.get(&node).copied(),
            };
            let source = end(edge.ports.map(|(from, _)| from), edge.source);
            let target = end(edge.ports.map(|(_, to)| to), edge.target);
            let (Some(source), Some(target)) = (source, target) else {
                continue;
            };
            // Neighbours begin with other lanes, since they share the gap between them.
            let lane = lanes.get_mut(source).map_or(0, |used| {
                *used = used.wrapping_add(1);
                (usize::from(*used) + source) % 4
            });
            let link = Link {
                id: edge.id.clone(),
                edge: Some(at),
                ends: (source, target),
                kind: kind_of(analysis, edge),
                control: edge.role == EdgeRole::Control,
                route: Route::Turns(Vec::new()),
                finding: findings.edge(edge, analysis),
                selected: false,
                ports: edge.ports,
                loose: None,
                #[allow(clippy::cast_precision_loss)] // One of four.
                lane: lane as f64,
            };
            self.add_link(link);
        }
        for broken in &graph.broken {
            let (end, direction) = if broken.from.node.is_some() {
                (&broken.from, Direction::Output)
            } else {
                (&broken.to, Direction::Input)
            };
            let place = end
                .port
                .and_then(|port| self.ports.get(port.0 as usize).copied().flatten());
            let slot = place.map(|(slot, _)| slot);
            let node = end.node.and_then(|node| nodes.get(&node).copied());
            let Some(slot) = slot.or(node) else { continue };
            let dot = place.and_then(|(slot, row)| self.boxes.get(slot)?.ports.get(row));
            self.add_link(Link {
                id: broken.id.clone(),
                edge: None,
                ends: (slot, slot),
                kind: dot.map_or(Kind::Any, |dot| dot.kind),
                control: false,
                route: Route::Turns(Vec::new()),
                finding: findings.edges.remove(&broken.id),
                selected: false,
                ports: None,
                loose: Some(Loose {
                    port: end.port,
                    direction,
                }),
                lane: 0.0,
            });
        }
    }

    fn add_link(&mut self, link: Link) {
        let slot = self.links.len();
        let (source, target) = link.ends;
        self.ids.entry(link.id.clone()).or_insert(slot);
        self.links.push(link);
        for end in [
            Some(source),
            Some(target).filter(|target| *target != source),
        ] {
            if let Some(block) = end.and_then(|end| self.boxes.get_mut(end)) {
                block.links.push(slot);
            }
        }
        self.route(slot);
    }

    /// Finds the way of a link anew.
    fn route(&mut self, slot: usize) {
        let Some(link) = self.links.get(slot) else {
            return;
        };
        let (source, target) = link.ends;
        let (Some(a), Some(b)) = (self.boxes.get(source), self.boxes.get(target)) else {
            return;
        };
        if let Some(loose) = link.loose {
            let (x, reach) = match loose.direction {
                Direction::Output => (a.rect.right(), 64.0),
                Direction::Input => (a.rect.left, -64.0),
            };
            let side = Point2::new(x, a.rect.top + CONTROL);
            let at = loose
                .port
                .and_then(|port| self.place_of(port))
                .unwrap_or(side);
            let nowhere = Point2::new(at.x + reach, at.y + 24.0);
            let route = match loose.direction {
                Direction::Output => Route::curve(at, nowhere),
                Direction::Input => Route::curve(nowhere, at),
            };
            if let Some(link) = self.links.get_mut(slot) {
                link.route = route;
            }
            return;
        }
        let (from, to) = match link.ports {
            Some((from, to)) => (self.place_of(from), self.place_of(to)),
            None => (
                Some(Point2::new(a.rect.right(), a.rect.top + CONTROL)),
                Some(Point2::new(b.rect.left, b.rect.top + CONTROL)),
            ),
        };
        let (Some(from), Some(to)) = (from, to) else {
            return;
        };
        let (ends, lane) = ((a.rect, b.rect), link.lane);
        let boxes = &self.boxes;
        let grid = &mut self.box_grid;
        let mut found = Vec::new();
        let route = Route::new(from, to, ends, lane, |part| {
            grid.find(part, &mut found);
            let others = found
                .iter()
                .filter(|&&slot| slot != source && slot != target);
            others
                .map(|&slot| boxes[slot].rect)
                .filter(|rect| rect.overlaps(part))
                .collect()
        });
        if let Some(link) = self.links.get_mut(slot) {
            link.route = route;
        }
    }

    /// Moves boxes, and the links at them, without a word to the document.
    pub(super) fn shift(&mut self, places: &[(usize, Point2)]) {
        let mut links = Vec::new();
        for &(slot, at) in places {
            if let Some(block) = self.boxes.get_mut(slot) {
                block.rect.left = at.x;
                block.rect.top = at.y;
                links.extend_from_slice(&block.links);
            }
        }
        links.arrange();
        links.dedup();
        for link in links {
            self.route(link);
        }
    }

    pub(super) fn slot(&self, item: &Item) -> Option<usize> {
        self.slots.get(item).copied()
    }

    pub(super) fn link(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Where a port stands.
    pub(super) fn place_of(&self, port: PortIx) -> Option<Point2> {
        let (slot, row) = self.ports.get(port.0 as usize).copied().flatten()?;
        self.dot(slot, row)
    }

    /// Where the port of a row of a box stands.
    pub(super) fn dot(&self, slot: usize, row: usize) -> Option<Point2> {
        let block = self.boxes.get(slot)?;
        let dot = block.ports.get(row)?;
        let x = match dot.direction {
            Direction::Input => block.rect.left,
            Direction::Output => block.rect.right(),
        };
        #[allow(clippy::cast_precision_loss)] // A node of so many ports has other worries.
        let below = if block.node.is_model() {
            (row as f64 + 0.5).mul_add(PORT_HEIGHT, NODE_HEAD)
        } else {
            BOUNDARY_PORT
        };
        Some(Point2::new(x, block.rect.top + below))
    }

    /// The boxes that a part of the plane may show.
    pub(super) fn boxes_in(&mut self, part: Rect, found: &mut Vec<usize>) {
        self.box_grid.find(part, found);
        let boxes = &self.boxes;
        found.retain(|&slot| boxes[slot].rect.overlaps(part));
    }

    /// The links that a part of the plane may show.
    pub(super) fn links_in(&mut self, part: Rect, found: &mut Vec<usize>) {
        self.link_grid.find(part, found);
    }

    /// What is at a place, within a distance: a port before a box before a link.
    pub(super) fn hit(&mut self, at: Point2, reach: f64, with_ports: bool) -> Option<Hit> {
        let around = Rect::new(at.x, at.y, 0.0, 0.0).grown(reach);
        let mut found = Vec::new();
        self.boxes_in(around, &mut found);
        // What is drawn later lies above.
        found.arrange_by_key(|&slot| core::cmp::Reverse((self.boxes[slot].selected, slot)));
        if with_ports {
            let ports = found
                .iter()
                .flat_map(|&slot| (0..self.boxes[slot].ports.len()).map(move |row| (slot, row)));
            let nearest = ports
                .filter_map(|(slot, row)| Some((distance2(self.dot(slot, row)?, at), slot, row)))
                .filter(|(distance2, ..)| *distance2 <= reach * reach)
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, slot, row)) = nearest {
                return Some(Hit::Port(slot, row));
            }
        }
        if let Some(&slot) = found
            .iter()
            .find(|&&slot| self.boxes[slot].rect.contains(at))
        {
            return Some(Hit::Block(slot));
        }
        self.links_in(around, &mut found);
        let nearest = found
            .iter()
            .map(|&slot| (self.links[slot].route.distance2(at), slot))
            .filter(|(distance2, _)| *distance2 <= reach * reach)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map(|(_, slot)| Hit::Link(slot))
    }

    /// What a hit is in the document; a port is its box.
    pub(super) fn item(&self, hit: Hit) -> Option<Item> {
        match hit {
            Hit::Port(slot, _) | Hit::Block(slot) => Some(self.boxes.get(slot)?.item.clone()),
            Hit::Link(slot) => Some(Item::Edge(self.links.get(slot)?.id.clone())),
        }
    }

    /// The part of the plane that an item takes.
    pub(super) fn part(&self, item: &Item) -> Option<Rect> {
        match item {
            Item::Edge(id) => Some(self.links.get(self.link(id)?)?.route.bounds()),
            item => Some(self.boxes.get(self.slot(item)?)?.rect),
        }
    }

    /// The nearest place below or above its own where a box covers no other; `None` where it
    /// covers none already.
    pub(super) fn free_place(&mut self, item: &Item) -> Option<Point2> {
        const GAP: f64 = 24.0;
        let own = self.slot(item)?;
        let start = self.boxes.get(own)?.rect;
        let mut found = Vec::new();
        let mut slide = |down: bool| {
            let mut rect = start;
            // Each step passes at least one box.
            for _ in 0..self.boxes.len() {
                self.box_grid.find(rect.grown(GAP / 2.0), &mut found);
                let others = found
                    .iter()
                    .filter(|&&slot| slot != own)
                    .map(|&slot| self.boxes[slot].rect);
                let Some(other) = others
                    .into_iter()
                    .find(|other| other.overlaps(rect.grown(GAP / 2.0)))
                else {
                    break;
                };
                rect.top = if down {
                    other.bottom() + GAP
                } else {
                    other.top - rect.height - GAP
                };
            }
            rect
        };
        let (below, above) = (slide(true), slide(false));
        let nearest = if below.top - start.top <= start.top - above.top {
            below
        } else {
            above
        };
        (nearest != start).then_some(nearest.corner())
    }

    /// Marks what is selected.
    pub(super) fn select(&mut self, items: &[Item]) {
        for block in &mut self.boxes {
            block.selected = false;
        }
        for link in &mut self.links {
            link.selected = false;
        }
        let mut ids = std::collections::BTreeSet::new();
        for item in items {
            if let Item::Edge(id) = item {
                ids.insert(id.as_str());
            } else if let Some(block) = self.slot(item).and_then(|slot| self.boxes.get_mut(slot)) {
                block.selected = true;
            }
        }
        if !ids.is_empty() {
            for link in &mut self.links {
                link.selected = ids.contains(link.id.as_str());
            }
        }
    }

    /// Everything in the order in which keys walk: boxes column by column from the top, each
    /// followed by the edges that leave it.
    pub(super) fn walk(&self) -> Vec<Item> {
        let mut slots: Vec<usize> = (0..self.boxes.len()).collect();
        slots.arrange_by(|&a, &b| {
            let (a, b) = (self.boxes[a].rect, self.boxes[b].rect);
            a.left.total_cmp(&b.left).then(a.top.total_cmp(&b.top))
        });
        let mut items = Vec::with_capacity(self.boxes.len() + self.links.len());
        for slot in slots {
            let block = &self.boxes[slot];
            items.push(block.item.clone());
            let leaving = block
                .links
                .iter()
                .filter(|&&link| self.links[link].ends.0 == slot);
            for &link in leaving {
                let item = Item::Edge(self.links[link].id.clone());
                if items.last() != Some(&item) {
                    items.push(item);
                }
            }
        }
        items
    }
}

/// What an edge carries: what its input makes of it where its output does not say.
fn kind_of(analysis: &Analysis, edge: &Edge) -> Kind {
    let kind = |port| analysis.typing.of(port).map_or(Kind::Any, |ty| ty.kind);
    match edge.ports.map(|(from, to)| (kind(from), kind(to))) {
        Some((Kind::Any, taken)) => taken,
        Some((given, _)) => given,
        None => Kind::Any,
    }
}
