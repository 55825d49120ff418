use std::rc::Rc;

use super::piqc::ModelSpec;
use super::reader::{Reader, Shape, list_words, nearest};
use super::{Map, ModelGraph};
use crate::catalogue::{self, CatalogueFile};
use crate::check::{Code, Diagnostic, Fix};
use crate::lock::LockFile;
use crate::order::Arrange as _;
use crate::text::{Span, TextEdit};
use crate::yaml::{self, ErrorKind, Limits, Node};

/// The version of the graph format that this reader reads.
pub const API_VERSION: &str = "modelgraph/v1alpha1";
/// The kind of a graph document.
pub const KIND: &str = "ModelGraph";
/// The kind of a lockfile.
pub const LOCK_KIND: &str = "ModelGraphLock";
const PIQC_API_VERSION: &str = "piqc.ai/v1alpha1";
const PIQC_KIND: &str = "ModelSpec";

/// The most nodes and edges of a graph that is read.
const MAX_NODES: usize = 20_000;
const MAX_EDGES: usize = 80_000;

/// What a text says: as much as could be read, and all that is wrong with its form.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The documents of the stream, in order.
    pub documents: Vec<Document>,
    /// Their trees, one each.
    pub trees: Vec<Node>,
    /// What is wrong with the form: MG001 to MG009.
    pub diagnostics: Vec<Diagnostic>,
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub enum Document {
    /// A graph.
    Graph(Rc<ModelGraph>),
    /// One model.
    ModelSpec(Box<ModelSpec>),
    /// What graphs meant when they were locked.
    Lock(Box<LockFile>),
    /// What a user knows of models, GPUs and serving programs.
    Catalogue(Box<CatalogueFile>),
    /// Something else; a diagnostic says so.
    Unknown,
}

impl Reading {
    /// The first graph of the stream, and its tree.
    pub fn graph(&self) -> Option<(&Rc<ModelGraph>, &Node)> {
        self.documents
            .iter()
            .zip(&self.trees)
            .find_map(|(document, tree)| match document {
                Document::Graph(graph) => Some((graph, tree)),
                _ => None,
            })
    }

    /// The ModelSpec documents of the stream.
    pub fn model_specs(&self) -> impl Iterator<Item = &ModelSpec> {
        self.documents.iter().filter_map(|document| match document {
            Document::ModelSpec(spec) => Some(&**spec),
            _ => None,
        })
    }

    /// The first lock of the stream.
    pub fn lock(&self) -> Option<&LockFile> {
        self.documents.iter().find_map(|document| match document {
            Document::Lock(lock) => Some(&**lock),
            _ => None,
        })
    }

    /// Whether the text is YAML throughout, so that an edit of it means what it says.
    pub fn is_well_formed(&self) -> bool {
        !self
            .diagnostics
            .iter()
            .any(|found| matches!(found.code, Code::SYNTAX | Code::LIMIT))
    }
}

/// Reads a text; never fails.
pub fn read(text: &str) -> Reading {
    let parsed = yaml::read(text, &Limits::default());
    let mut reader = Reader::default();
    for error in parsed.errors {
        let code = match error.kind {
            ErrorKind::Syntax => Code::SYNTAX,
            ErrorKind::DuplicateKey => Code::DUPLICATE_KEY,
            ErrorKind::Limit => Code::LIMIT,
        };
        let mut diagnostic = Diagnostic::new(code, error.span, error.message);
        diagnostic.help = error.help;
        reader.report(diagnostic);
    }
    let documents = parsed
        .documents
        .iter()
        .map(|tree| document(tree, &mut reader))
        .collect();
    if parsed.documents.is_empty() && reader.diagnostics.is_empty() {
        let message = "the document is empty";
        let mut diagnostic = reader.diagnostic(Code::MISSING_KEY, Span::default(), message);
        diagnostic.help = Some(format!(
            "begin with `apiVersion: {API_VERSION}`, `kind: {KIND}`"
        ));
        reader.report(diagnostic);
    }
    let mut diagnostics = reader.diagnostics;
    diagnostics.arrange_by_key(|found| (found.span.start, found.span.end));
    Reading {
        documents,
        trees: parsed.documents,
        diagnostics,
    }
}

fn document(tree: &Node, reader: &mut Reader) -> Document {
    if tree.as_mapping().is_none() {
        if !tree.is_null() {
            reader.wrong_type(tree, "a map that begins with `apiVersion` and `kind`");
        }
        return Document::Unknown;
    }
    let word = |key: &str| {
        tree.get(key)
            .and_then(Node::as_scalar)
            .map(|scalar| &*scalar.text)
    };
    let (version, kind) = (word("apiVersion"), word("kind"));
    if version == Some(PIQC_API_VERSION) || (version.is_none() && kind == Some(PIQC_KIND)) {
        expect(tree, "kind", PIQC_KIND, reader);
        let spec = ModelSpec::read(tree, reader).unwrap_or_default();
        check_piqc(tree, &spec, reader);
        return Document::ModelSpec(Box::new(spec));
    }
    if kind == Some(LOCK_KIND) {
        expect(tree, "apiVersion", API_VERSION, reader);
        let lock = LockFile::read(tree, reader).unwrap_or_default();
        return Document::Lock(Box::new(lock));
    }
    if kind == Some(catalogue::KIND) && version.is_none_or(|version| version == API_VERSION) {
        expect(tree, "apiVersion", API_VERSION, reader);
        let file = CatalogueFile::read(tree, reader).unwrap_or_default();
        return Document::Catalogue(Box::new(file));
    }
    let ours = version.is_some_and(|version| version.starts_with("modelgraph/"))
        || kind == Some(KIND)
        || tree.at(["spec", "nodes"]).is_some();
    if ours
        || version.is_none()
        || nearest(version.unwrap_or(""), [API_VERSION].into_iter()).is_some()
    {
        expect(tree, "apiVersion", API_VERSION, reader);
        expect(tree, "kind", KIND, reader);
        if too_large(tree, reader) {
            return Document::Unknown;
        }
        let graph = ModelGraph::read(tree, reader).unwrap_or_default();
        return Document::Graph(Rc::new(graph));
    }
    let span = tree.get("apiVersion").map_or(tree.span, |node| node.span);
    let found = version.unwrap_or("");
    let message = format!("`apiVersion: {found}` is not a format that is read here");
    let mut diagnostic = reader.diagnostic(Code::UNKNOWN_KIND, span, message);
    diagnostic.help = Some(format!(
        "it reads {}",
        list_words([API_VERSION, PIQC_API_VERSION])
    ));
    reader.report(diagnostic);
    Document::Unknown
}

/// Says when a stated word is not the one that the format has there.
fn expect(tree: &Node, key: &str, wanted: &str, reader: &mut Reader) {
    let Some(node) = tree.get(key).filter(|node| !node.is_null()) else {
        return;
    };
    let found = node.as_scalar().map_or("", |scalar| &*scalar.text);
    if found == wanted {
        return;
    }
    let message = format!("`{key}` is `{wanted}` here, not `{found}`");
    let fix = TextEdit::replace(node.span, wanted);
    let diagnostic = reader
        .diagnostic(Code::UNKNOWN_KIND, node.span, message)
        .with_fix(Fix::safe(format!("Change to `{wanted}`"), vec![fix]));
    reader.report(diagnostic);
}

fn too_large(tree: &Node, reader: &mut Reader) -> bool {
    let nodes = tree.at(["spec", "nodes"]).and_then(Node::as_mapping);
    let edges = tree.at(["spec", "edges"]).and_then(Node::as_sequence);
    let counts = [
        ("nodes", nodes.map_or(0, |map| map.entries.len()), MAX_NODES),
        ("edges", edges.map_or(0, |list| list.items.len()), MAX_EDGES),
    ];
    let mut large = false;
    for (what, count, limit) in counts
        .into_iter()
        .filter(|&(_, count, limit)| count > limit)
    {
        let message = format!("the graph has {count} {what}, more than {limit} are not read");
        let diagnostic = reader.diagnostic(Code::LIMIT, Span::at(tree.span.start), message);
        reader.report(diagnostic.with_help("divide it into subgraphs with `specRef`"));
        large = true;
    }
    large
}

/// The one rule of ParallelIQ's format that its schema cannot say.
fn check_piqc(tree: &Node, spec: &ModelSpec, reader: &mut Reader) {
    let Some(body) = spec.spec.as_ref() else {
        return;
    };
    let model = body
        .identity
        .as_ref()
        .and_then(|identity| identity.model.as_ref());
    let Some(framework) = model.and_then(|model| model.framework.as_ref()) else {
        return;
    };
    let batch = body
        .runtime
        .as_ref()
        .and_then(|runtime| runtime.batch.as_ref());
    let longest = batch.and_then(|batch| batch.max_sequence_length_tokens.as_ref());
    if &*framework.value == "vllm" && longest.is_none() {
        let span = tree
            .at(["spec", "runtime"])
            .map_or(framework.span, |node| node.span);
        let message = "`framework: vllm` needs `runtime.batch.maxSequenceLengthTokens`";
        let diagnostic = reader.diagnostic(Code::MISSING_KEY, span, message);
        reader.report(diagnostic.relate(framework.span, "the framework is stated here"));
    }
}

impl ModelGraph {
    /// The graph's name, where it has one.
    pub fn name(&self) -> Option<&str> {
        Some(&self.metadata.as_ref()?.name.as_ref()?.value.0)
    }

    /// The nodes, in the order of the document.
    pub fn nodes(&self) -> impl Iterator<Item = &super::Named<super::Node>> {
        self.body()
            .and_then(|spec| spec.nodes.as_ref())
            .into_iter()
            .flat_map(|map| map.value.iter())
    }

    /// A node by its name.
    pub fn node(&self, name: &str) -> Option<&super::Node> {
        self.body()?.nodes.as_ref()?.get(name)
    }

    /// The edges, in the order of the document.
    pub fn edges(&self) -> impl Iterator<Item = &crate::text::Spanned<super::Edge>> {
        self.body()
            .and_then(|spec| spec.edges.as_ref())
            .into_iter()
            .flat_map(|list| list.iter())
    }

    /// `spec`, where it could be read.
    pub fn body(&self) -> Option<&super::GraphSpec> {
        self.spec.as_ref().map(|spec| &spec.value)
    }

    /// What a request brings.
    pub fn inputs(&self) -> impl Iterator<Item = &super::Named<super::Port>> {
        self.body()
            .and_then(|spec| spec.inputs.as_ref())
            .into_iter()
            .flat_map(|map| ports(map))
    }

    /// What a request gets.
    pub fn outputs(&self) -> impl Iterator<Item = &super::Named<super::Port>> {
        self.body()
            .and_then(|spec| spec.outputs.as_ref())
            .into_iter()
            .flat_map(|map| ports(map))
    }
}

fn ports(
    map: &Map<super::ByPort, super::Port>,
) -> core::slice::Iter<'_, super::Named<super::Port>> {
    map.iter()
}
