//! From a text to all that is known of it, in one call.

use std::rc::Rc;

use crate::check::derived::Derived;
use crate::check::{self, Context, Diagnostic, Noise, Severity};
use crate::compose::{self, Bundle, Composition};
use crate::graph::{self, Graph};
use crate::hardware;
use crate::infer::{self, Typing};
use crate::order::Arrange as _;
use crate::spec::{self, Reading};
use crate::text::Span;
use crate::yaml::Node;

/// A text, read, indexed, inferred and checked.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The text.
    pub text: String,
    /// What it says.
    pub reading: Reading,
    /// Its graph, where there is one.
    pub graph: Option<Graph>,
    /// The types of the graph's ports.
    pub typing: Typing,
    /// All findings, in the order of the text; until [`Analysis::checked`] only those of reading.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the rules have been asked.
    pub is_checked: bool,
    /// Whether only what an edit touched was asked anew, see [`Analysis::after`].
    pub is_incremental: bool,
    /// Whether the types have been inferred.
    pub(crate) is_inferred: bool,
    /// What rules derive from the graph.
    pub(crate) derived: Rc<Derived>,
    /// What there was a finding about.
    pub(crate) noise: Rc<Noise>,
    /// Whether the text may have anchors, so that one place may state what another says.
    pub(crate) may_alias: bool,
    /// The GPUs that the user knows beside those that are built in, and these; `None` where only
    /// the latter are.
    pub own_gpus: Option<Rc<hardware::Catalogue>>,
    /// The files beside the text that its nodes may refer to, where they are kept with it.
    pub bundle: Option<Rc<Bundle>>,
    /// What came of following the references of its nodes, where there are any.
    composition: Option<Rc<Composition>>,
}

impl Analysis {
    /// Analyses a text; never fails.
    pub fn new(text: impl Into<String>) -> Self {
        Self::read(text).checked()
    }

    /// Analyses a text with what a user knows of GPUs.
    pub fn with_gpus(text: impl Into<String>, gpus: Option<Rc<hardware::Catalogue>>) -> Self {
        let mut read = Self::read(text);
        read.own_gpus = gpus;
        read.checked()
    }

    /// All GPUs that are known here.
    pub fn gpus(&self) -> Rc<hardware::Catalogue> {
        let own = self.own_gpus.clone();
        own.unwrap_or_else(|| Rc::new(hardware::Catalogue::builtin()))
    }

    /// Analyses a text whose nodes may refer to the files of a bundle; never fails.
    pub fn with(text: impl Into<String>, bundle: &Bundle) -> Self {
        Self::read_with(text, bundle).checked()
    }

    /// Reads, indexes and infers, without the rules: enough to draw the graph.
    pub fn read(text: impl Into<String>) -> Self {
        Self::index(text).inferred()
    }

    /// As [`Analysis::read`], where nodes may refer to the files of a bundle.
    pub fn read_with(text: impl Into<String>, bundle: &Bundle) -> Self {
        Self::index_with(text, bundle).inferred()
    }

    /// As [`Analysis::read_with`], and keeps the bundle, for [`Analysis::after`] too.
    pub fn read_beside(text: impl Into<String>, bundle: Option<Rc<Bundle>>) -> Self {
        Self::index_beside(text, bundle).inferred()
    }

    /// Reads and indexes, and knows of types only what ports state.
    pub fn index(text: impl Into<String>) -> Self {
        Self::index_with(text, &Bundle::new())
    }

    pub(crate) fn index_beside(text: impl Into<String>, bundle: Option<Rc<Bundle>>) -> Self {
        let mut indexed = match &bundle {
            Some(bundle) => Self::index_with(text, bundle),
            None => Self::index(text),
        };
        indexed.bundle = bundle;
        indexed
    }

    fn index_with(text: impl Into<String>, bundle: &Bundle) -> Self {
        let text = text.into();
        let may_alias = text.contains('&');
        let reading = spec::read(&text);
        let mut diagnostics = reading.diagnostics.clone();
        let mut indexed = None;
        // Most documents refer to nothing, and need nothing of what follows references.
        let composition = if compose::refers(&reading) {
            compose::compose(&text, &reading, bundle).map(Rc::new)
        } else {
            None
        };
        if let Some((spec, _)) = reading.graph() {
            let (graph, found) = match &composition {
                Some(composition) => composition.draw(spec),
                None => graph::build(spec),
            };
            diagnostics.extend(found);
            if let Some(composition) = &composition {
                let found = composition.findings_of_reading(&diagnostics);
                diagnostics.extend(found);
            }
            indexed = Some(graph);
        }
        diagnostics.arrange_by_key(|found| (found.span, found.code));
        Self {
            text,
            reading,
            graph: indexed,
            typing: Typing::default(),
            is_inferred: false,
            diagnostics,
            is_checked: false,
            is_incremental: false,
            derived: Rc::default(),
            noise: Rc::default(),
            may_alias,
            own_gpus: None,
            bundle: None,
            composition,
        }
    }

    /// With the types that follow from what is stated.
    #[must_use]
    pub fn inferred(mut self) -> Self {
        if !self.is_inferred {
            self.typing = self.graph.as_ref().map(infer::infer).unwrap_or_default();
            self.is_inferred = true;
        }
        self
    }

    /// With the findings of the rules.
    #[must_use]
    pub fn checked(self) -> Self {
        let mut checked = self.inferred();
        checked.check();
        checked
    }

    fn check(&mut self) {
        if !self.is_checked {
            let found = self.context().map(|cx| match &self.composition {
                Some(composition) => (compose::findings(&cx, composition), Noise::default()),
                None => check::check_and_note(&cx),
            });
            if let Some((found, noise)) = found {
                self.diagnostics.extend(found);
                self.noise = noise.into();
            }
            self.diagnostics
                .arrange_by_key(|found| (found.span, found.code));
            self.is_checked = true;
        }
    }

    /// The tree of the graph's document.
    pub fn tree(&self) -> Option<&Node> {
        self.reading.graph().map(|(_, tree)| tree)
    }

    /// What rules and fixes look at, where there is a graph.
    pub fn context(&self) -> Option<Context<'_>> {
        let graph = self.graph.as_ref()?;
        Some(Context {
            analysis: self,
            text: &self.text,
            tree: self.tree()?,
            graph,
            typing: &self.typing,
            derived: &self.derived,
            editable: self.reading.is_well_formed(),
        })
    }

    /// The graph with each subgraph in the place of its node and what a ModelSpec says of another,
    /// its types, and the tree of its document: what is exported, digested, compared and
    /// simulated. The graph itself where it refers to nothing; its places are of this text only
    /// as [`Analysis::place`] gives them.
    pub fn flat(&self) -> Option<(&Graph, &Typing, &Node)> {
        let composition = self.composition.as_ref();
        match composition.and_then(|composition| composition.flat()) {
            Some(flat) => Some((&flat.graph, &flat.typing, &flat.tree)),
            None => Some((self.graph.as_ref()?, &self.typing, self.tree()?)),
        }
    }

    /// As [`Analysis::flat`], with names that say where each node comes from: `outer/inner`.
    pub fn whole(&self) -> Option<(&Graph, &Typing, &Node)> {
        let composition = self.composition.as_ref();
        match composition.and_then(|composition| composition.whole()) {
            Some(whole) => Some(whole),
            None => Some((self.graph.as_ref()?, &self.typing, self.tree()?)),
        }
    }

    /// The place in this text of a place in [`Analysis::flat`] or [`Analysis::whole`]: of what
    /// another file says, where this text refers to it.
    pub fn place(&self, span: Span) -> Span {
        let composition = self.composition.as_ref();
        composition.map_or(span, |composition| composition.home(span))
    }

    /// What came of following the references of the nodes.
    pub(crate) fn composition(&self) -> Option<&Composition> {
        self.composition.as_deref()
    }

    /// The number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|found| found.severity == severity)
            .count()
    }
}
