//! What gestures and keys do to the document: commands, and nothing else.

use std::fmt::Write as _;
use std::rc::Rc;

use modelspec_core::edit::{CoalesceKey, Command, Item, Point2};
use modelspec_core::graph::{Direction, PortIx};
use modelspec_core::layout::{NODE_HEAD, PORT_HEIGHT};
use modelspec_core::order::Arrange as _;
use modelspec_core::spec::{Kind, Role};

use super::board::Board;
use super::{connect, wire};
use crate::dialogs::{self, Choice, Picker};
use crate::platform;
use crate::shell::roles::{ROLES, purpose};
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, role_glyph};
use crate::workspace::{Action, Notice, Origin, Selection};

/// At most so many ports are listed to choose from.
const MOST_CHOICES: usize = 400;

fn part(command: Command, key: &CoalesceKey) -> Action {
    Action::Edit {
        command,
        coalesce: Some(key.clone()),
        origin: Origin::Canvas,
    }
}

impl Board {
    fn next_key(self) -> CoalesceKey {
        let number = self.update(|state| {
            state.drags += 1;
            state.drags
        });
        // Boards of other documents count too.
        let now = platform::now();
        let mut key = CoalesceKey::drag(number.unwrap_or_default(), now);
        let _ = write!(key.key, "@{}", now.round());
        key
    }

    /// The boxes whose places the document does not state, and where they are drawn. Once one box
    /// is given a place, these must keep theirs, or they would be laid out anew around it.
    fn unplaced(self) -> Vec<(Item, Point2)> {
        let found = self.read(|state| {
            let analysis = state.scene.analysis.as_ref()?;
            let layout = analysis.graph.as_ref()?.spec.layout.as_ref();
            let is_placed = |item: &Item| {
                let name = item.name();
                layout.is_some_and(|layout| {
                    let section = match item {
                        Item::Node(_) => {
                            return layout
                                .nodes
                                .as_ref()
                                .is_some_and(|map| map.value.get(name).is_some());
                        }
                        Item::Input(_) => &layout.inputs,
                        _ => &layout.outputs,
                    };
                    section
                        .as_ref()
                        .is_some_and(|map| map.value.get(name).is_some())
                })
            };
            let boxes = state
                .scene
                .boxes
                .iter()
                .filter(|block| !is_placed(&block.item));
            Some(
                boxes
                    .map(|block| (block.item.clone(), block.rect.corner()))
                    .collect(),
            )
        });
        found.flatten().unwrap_or_default()
    }

    /// Moves boxes, as one step of the history; whether that was done.
    pub(super) fn move_boxes(self, moves: Vec<(Item, Point2)>, key: Option<CoalesceKey>) -> bool {
        let workspace = self.app().workspace;
        let selection = workspace.selection_now();
        let mut others = self.unplaced();
        others.retain(|(item, _)| !moves.iter().any(|(moved, _)| moved == item));
        let key = key.unwrap_or_else(|| self.next_key());
        let done = workspace.dispatch(part(Command::Move { to: moves }, &key));
        if done && !others.is_empty() {
            workspace.dispatch(part(Command::Move { to: others }, &key));
        }
        workspace.select(selection);
        done
    }

    /// Adds a node at a place, and joins it with a port.
    pub(super) fn add(self, role: Role, at: Option<Point2>, port: Option<PortIx>) {
        let workspace = self.app().workspace;
        let own = port.and_then(|port| {
            self.read(|state| {
                let analysis = state.scene.analysis.as_ref()?;
                let graph = analysis.graph.as_ref()?;
                let direction = graph.port(port)?.direction;
                let other = connect::port_of_role(role, analysis.typing.of(port)?, direction)?;
                Some((graph.port_path(port), other, direction))
            })
            .flatten()
        });
        // The port comes to stand where the link was dropped.
        let at = at.map(|at| match own {
            Some((_, _, Direction::Output)) => {
                Point2::new(at.x, at.y - NODE_HEAD - PORT_HEIGHT / 2.0)
            }
            Some(_) => Point2::new(
                at.x - modelspec_core::layout::NODE_WIDTH,
                at.y - NODE_HEAD - PORT_HEIGHT / 2.0,
            ),
            None => Point2::new(at.x - modelspec_core::layout::NODE_WIDTH / 2.0, at.y - 24.0),
        });
        let at = at.map(|at| Point2::new((at.x / 8.0).round() * 8.0, (at.y / 8.0).round() * 8.0));
        let others = if at.is_some() {
            self.unplaced()
        } else {
            Vec::new()
        };
        let key = self.next_key();
        let name = None;
        if !workspace.dispatch(part(Command::AddNode { role, name, at }, &key)) {
            return;
        }
        let new = workspace.selection_now().primary().cloned();
        let Some(Item::Node(name)) = new else { return };
        if !others.is_empty() {
            workspace.dispatch(part(Command::Move { to: others }, &key));
        }
        if let Some((own, other, direction)) = own {
            let other = format!("{name}.{other}");
            let (from, to) = match direction {
                Direction::Output => (own, other),
                Direction::Input => (other, own),
            };
            workspace.dispatch(part(Command::Connect { from, to }, &key));
        }
        workspace.say(Notice::quiet(format!("Added {name}.")));
        workspace.select(Selection::one(Item::Node(name)));
    }

    /// Joins two ports.
    pub(super) fn connect(self, from: String, to: String) {
        let said = format!("Connected {from} to {to}.");
        if self
            .app()
            .workspace
            .dispatch(Action::edit(Command::Connect { from, to }))
        {
            self.app().workspace.say(Notice::quiet(said));
        }
    }

    /// Joins two ports through an adapter.
    pub(super) fn adapt(self, from: String, to: String) {
        self.offer.set(None);
        let said = format!("Connected {from} to {to} through an adapter.");
        let workspace = self.app().workspace;
        let key = self.next_key();
        if workspace.dispatch(part(Command::ConnectThroughAdapter { from, to }, &key)) {
            // Half way between its neighbours something else may stand.
            self.show(&workspace.document_now());
            let new = workspace.selection_now().primary().cloned();
            let place = new.and_then(|item| {
                let free = self
                    .update(|state| state.scene.free_place(&item))
                    .flatten()?;
                Some((item, free))
            });
            if let Some(place) = place {
                workspace.dispatch(part(Command::Move { to: vec![place] }, &key));
            }
            workspace.say(Notice::quiet(said));
        }
        self.focus();
    }

    /// Lets the user choose the role of a new node; with a port, among those that it can be joined
    /// with.
    pub(super) fn choose_role(self, at: Option<Point2>, port: Option<PortIx>) {
        let asked = port.and_then(|port| {
            self.read(|state| {
                let analysis = state.scene.analysis.as_ref()?;
                let graph = analysis.graph.as_ref()?;
                let direction = graph.port(port)?.direction;
                let (word, kind) = match direction {
                    Direction::Output => ("outputs", "answer"),
                    Direction::Input => ("inputs", "question"),
                };
                let end = format!("{word}.{}", connect::free_end(graph, direction, kind));
                Some((
                    graph.port_path(port),
                    analysis.typing.of(port)?.clone(),
                    direction,
                    end,
                ))
            })
            .flatten()
        });
        let mut choices: Vec<Choice> = Vec::new();
        for role in ROLES {
            let joined = match &asked {
                Some((_, ty, direction, _)) => match connect::port_of_role(role, ty, *direction) {
                    Some(port) => Some(port),
                    None => continue,
                },
                None => None,
            };
            choices.push(Choice {
                title: role.word().to_owned(),
                detail: joined.map_or_else(
                    || purpose(role).to_owned(),
                    |port| format!("{} · by {port}", purpose(role)),
                ),
                glyph: role_glyph(Some(role)),
                keys: None,
                refused: None,
                run: Rc::new(move |_| {
                    self.add(role, at, port);
                    self.focus();
                }),
            });
        }
        let mut label = "Add a node".to_owned();
        if let Some((own, ty, direction, end)) = asked {
            label = match direction {
                Direction::Output => format!("Add a node behind {own}"),
                Direction::Input => format!("Add a node before {own}"),
            };
            // Roles of the port's own kind come first.
            choices.arrange_by_key(|choice| {
                let role = Role::from_word(&choice.title);
                let port = role.and_then(|role| {
                    connect::port_of_role(role, &ty, direction).map(|port| (role, port))
                });
                let facing = match direction {
                    Direction::Output => Direction::Input,
                    Direction::Input => Direction::Output,
                };
                let kind = port.and_then(|(role, port)| {
                    let ports = modelspec_core::graph::default_ports(role, facing);
                    Some(ports.iter().find(|known| known.name == port)?.kind)
                });
                kind != Some(ty.kind) || ty.kind == Kind::Any
            });
            let (title, glyph) = match direction {
                Direction::Output => ("output of the graph", Glyph::Output),
                Direction::Input => ("input of the graph", Glyph::Input),
            };
            choices.push(Choice {
                title: title.to_owned(),
                detail: end.clone(),
                glyph,
                keys: None,
                refused: None,
                run: Rc::new(move |_| {
                    let (from, to) = match direction {
                        Direction::Output => (own.clone(), end.clone()),
                        Direction::Input => (end.clone(), own.clone()),
                    };
                    self.connect(from, to);
                    self.focus();
                }),
            });
        }
        let placeholder = "Which role?".to_owned();
        dialogs::open(
            self.app(),
            Picker {
                label,
                placeholder,
                choices,
            },
        );
    }

    /// Lets the user choose what a box is joined with: what fits first, the rest with the reason.
    pub(super) fn choose_target(self, item: &Item) {
        let choices = self.read(|state| {
            let analysis = state.scene.analysis.as_ref()?;
            let graph = analysis.graph.as_ref()?;
            let own = &state.scene.boxes.get(state.scene.slot(item)?)?.ports;
            let mut fitting = Vec::new();
            let mut refused = Vec::new();
            for dot in own {
                let name = &graph.port(dot.port)?.name;
                for (other, port) in graph
                    .all_ports()
                    .filter(|(_, port)| port.direction != dot.direction)
                {
                    if graph
                        .port(dot.port)
                        .is_some_and(|own| own.node == port.node)
                    {
                        continue;
                    }
                    let path = graph.port_path(other);
                    let verdict = wire::verdict(analysis, dot.port, other);
                    let ty = analysis
                        .typing
                        .of(other)
                        .map(|ty| ty.kind.word())
                        .unwrap_or_default();
                    let (title, from, to) = match dot.direction {
                        Direction::Output => {
                            (format!("{name} → {path}"), graph.port_path(dot.port), path)
                        }
                        Direction::Input => {
                            (format!("{name} ← {path}"), path, graph.port_path(dot.port))
                        }
                    };
                    let choice = Choice {
                        title,
                        detail: ty.to_owned(),
                        glyph: Glyph::Edge,
                        keys: None,
                        refused: verdict.as_ref().map(|refusal| refusal.why.clone()),
                        run: Rc::new(move |_| {
                            self.connect(from.clone(), to.clone());
                            self.focus();
                        }),
                    };
                    match verdict {
                        None => fitting.push(choice),
                        Some(_) if refused.len() < MOST_CHOICES => refused.push(choice),
                        Some(_) => {}
                    }
                }
            }
            fitting.truncate(MOST_CHOICES);
            fitting.extend(refused);
            Some(fitting)
        });
        let Some(choices) = choices.flatten() else {
            return;
        };
        if choices.is_empty() {
            let why = format!(
                "Nothing can be joined with {}: there is no other port.",
                item.name()
            );
            self.app().workspace.say(Notice::plain(why));
            return;
        }
        let picker = Picker {
            label: format!("Connect {}", item.name()),
            placeholder: "Which port?".to_owned(),
            choices,
        };
        dialogs::open(self.app(), picker);
    }
}

/// Selects all that is drawn.
pub(crate) fn select_all(app: App) {
    let document = app.workspace.document_now();
    let Some(graph) = &document.drawn.graph else {
        return;
    };
    let port = |port: &PortIx| graph.port(*port).map(|port| port.name.clone());
    let ends = graph.nodes.iter().take(2);
    let inputs = ends
        .clone()
        .flat_map(|node| &node.outputs)
        .filter_map(port)
        .map(Item::Input);
    let outputs = ends
        .flat_map(|node| &node.inputs)
        .filter_map(port)
        .map(Item::Output);
    let nodes = graph
        .model_nodes()
        .map(|(_, node)| Item::Node(node.name.clone()));
    app.workspace
        .select(Selection::of(inputs.chain(outputs).chain(nodes)));
}

/// Lays the graph out in layers, as one step of the history.
pub(crate) fn arrange(app: App) {
    use modelspec_core::layout;
    let document = app.workspace.document_now();
    let Some(graph) = &document.drawn.graph else {
        return;
    };
    let selection = app.workspace.selection_now();
    let to = layout::arrange(graph, &layout::Options::default());
    if to.is_empty() {
        return;
    }
    if app.workspace.dispatch(Action::edit(Command::Move { to })) {
        app.workspace.select(selection);
        app.ui.view.set(Some(crate::ui::ViewRequest::Fit));
        app.workspace.say(Notice::quiet("Laid out."));
    }
}
