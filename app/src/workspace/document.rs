use std::rc::Rc;

use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use modelspec_core::edit::Item;
use modelspec_core::text::TextEdit;

/// Who changed the text, so that nobody is told of his own change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The canvas, a form, a menu.
    Canvas,
    /// The text editor.
    Text,
    /// Undo and redo.
    History,
    /// Another document was opened.
    Opening,
}

/// How the text came to be what it is.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The edits, in terms of the text before; `None` when another document was opened.
    pub(crate) edits: Option<Vec<TextEdit>>,
    /// Who made them.
    pub(crate) origin: Origin,
}

/// What was read, with the findings of the rules, which know the user's own GPUs.
pub(super) fn checked(mut read: Analysis) -> Analysis {
    read.own_gpus = crate::known::own_gpus();
    read.checked()
}

/// A text and what is known of it. Never changed, only followed by another.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// What it is called outside: a file's name, without a path.
    pub(crate) name: String,
    /// Counts the texts since the page was opened.
    pub(crate) revision: u64,
    /// Counts the documents that were opened.
    pub(crate) generation: u64,
    /// The revision that a file holds.
    pub(crate) saved_revision: u64,
    /// The text as it is, with all findings.
    pub(crate) analysis: Rc<Analysis>,
    /// What is drawn: the same, or while the text cannot be parsed, the last that could.
    pub(crate) drawn: Rc<Analysis>,
    /// How the text came to be.
    pub(crate) step: Rc<Step>,
    /// What undo takes back.
    pub(crate) undo: Option<String>,
    /// What redo does again.
    pub(crate) redo: Option<String>,
}

impl Document {
    pub(crate) fn empty() -> Self {
        let analysis = Rc::new(Analysis::read(""));
        Self {
            name: "untitled.modelspec.yaml".to_owned(),
            revision: 0,
            generation: 0,
            saved_revision: 0,
            drawn: Rc::clone(&analysis),
            analysis,
            step: Rc::new(Step {
                edits: None,
                origin: Origin::Opening,
            }),
            undo: None,
            redo: None,
        }
    }

    pub(crate) fn opened(&self, name: String, analysis: Rc<Analysis>) -> Self {
        Self {
            name,
            revision: self.revision + 1,
            generation: self.generation + 1,
            saved_revision: self.revision + 1,
            drawn: Rc::clone(&analysis),
            analysis,
            step: Rc::new(Step {
                edits: None,
                origin: Origin::Opening,
            }),
            undo: None,
            redo: None,
        }
    }

    pub(super) fn next(
        &self,
        analysis: Rc<Analysis>,
        edits: Vec<TextEdit>,
        origin: Origin,
    ) -> Self {
        let readable = analysis.reading.is_well_formed() && analysis.graph.is_some();
        Self {
            revision: self.revision + 1,
            drawn: Rc::clone(if readable { &analysis } else { &self.drawn }),
            analysis,
            step: Rc::new(Step {
                edits: Some(edits),
                origin,
            }),
            ..self.clone()
        }
    }

    /// The same text with other files beside it.
    pub(super) fn with_files(&self, analysis: Rc<Analysis>) -> Self {
        let is_saved = self.saved_revision == self.revision;
        let next = self.next(analysis, Vec::new(), Origin::Canvas);
        let saved_revision = if is_saved {
            next.revision
        } else {
            next.saved_revision
        };
        Self {
            saved_revision,
            ..next
        }
    }

    /// The same text with the findings of the rules.
    pub(super) fn checked(&self) -> Self {
        let checked = |read: &Analysis| Rc::new(checked(read.clone()));
        let analysis = checked(&self.analysis);
        Self {
            drawn: if self.is_stale() {
                checked(&self.drawn)
            } else {
                Rc::clone(&analysis)
            },
            analysis,
            ..self.clone()
        }
    }

    /// The same text with the findings of the rules, asked anew.
    pub(super) fn checked_again(&self) -> Self {
        let read = |analysis: &Analysis| {
            let bundle = analysis.bundle.clone();
            Rc::new(Analysis::read_beside(analysis.text.clone(), bundle))
        };
        let analysis = read(&self.analysis);
        let drawn = if self.is_stale() {
            read(&self.drawn)
        } else {
            Rc::clone(&analysis)
        };
        Self {
            analysis,
            drawn,
            ..self.clone()
        }
        .checked()
    }

    pub(super) fn with_steps(mut self, undo: Option<String>, redo: Option<String>) -> Self {
        self.undo = undo;
        self.redo = redo;
        self
    }

    /// Whether what is drawn is older than the text.
    pub(crate) fn is_stale(&self) -> bool {
        !Rc::ptr_eq(&self.analysis, &self.drawn)
    }

    /// Whether there is no text at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.analysis.text.trim().is_empty()
    }

    /// The name that the document gives itself, else the file's.
    pub(crate) fn title(&self) -> String {
        let graph = self.drawn.graph.as_ref();
        let name = graph
            .and_then(|graph| Some(graph.spec.metadata.as_ref()?.name.as_ref()?.value.0.clone()));
        name.unwrap_or_else(|| self.name.clone())
    }

    /// The findings of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.analysis.count(severity)
    }

    /// An edge's place in `spec.edges` of the drawn graph.
    pub(crate) fn edge_index(&self, id: &str) -> Option<u32> {
        let graph = self.drawn.graph.as_ref()?;
        let edges = graph.edges.iter().map(|edge| (&edge.id, edge.ix));
        let broken = graph.broken.iter().map(|edge| (&edge.id, edge.ix));
        let mut all = edges.chain(broken);
        all.find_map(|(found, ix)| (found == id).then_some(ix.0))
    }

    /// Whether the drawn graph has such a thing.
    pub(crate) fn has(&self, item: &Item) -> bool {
        let Some(graph) = &self.drawn.graph else {
            return false;
        };
        match item {
            Item::Node(name) => graph
                .find(name)
                .is_some_and(modelspec_core::graph::NodeIx::is_model),
            Item::Input(name) => has_port(graph, true, name),
            Item::Output(name) => has_port(graph, false, name),
            Item::Edge(id) => {
                graph.edges.iter().any(|edge| edge.id == *id)
                    || graph.broken.iter().any(|edge| edge.id == *id)
            }
        }
    }
}

fn has_port(graph: &modelspec_core::graph::Graph, input: bool, name: &str) -> bool {
    use modelspec_core::graph::{Direction, NodeIx};
    let (node, direction) = if input {
        (NodeIx::INPUTS, Direction::Output)
    } else {
        (NodeIx::OUTPUTS, Direction::Input)
    };
    graph.find_port(node, direction, name).is_some()
}
