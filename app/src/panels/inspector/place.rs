use std::collections::BTreeSet;
use std::sync::Arc;

use modelspec_core::check::{Code, Severity};
use modelspec_core::edit::{self, Command, Item};
use modelspec_core::graph::{Direction, NodeIx};
use modelspec_core::spec::form::Form;
use modelspec_core::spec::{self, Edge, ModelGraph, Node, Port, Shape as _};
use modelspec_core::text::{Span, apply};
use modelspec_core::yaml::{self, Fragment};
use wasm_bindgen::JsCast as _;

use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::{Action, Document, Selection, sentence};

/// Keys, and in lists indexes in decimal, from the record that a form is of.
pub(super) type Path = Vec<String>;

/// What the line below a form says of the field that is pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Help {
    /// Where it stands.
    pub(super) path: String,
    /// What it says, and how it is written.
    pub(super) words: String,
}

/// A finding at a value, or one that names it as a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    span: Span,
    severity: Severity,
    /// The finding's sentence, where it is about this very value.
    sentence: Option<String>,
}

/// The record that a form is of. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Behind a handle, for a form passes its place on to each field.
    app: StoredValue<App, LocalStorage>,
    /// The thing; `None` for the document itself.
    pub(super) item: StoredValue<Option<Item>>,
    /// What the record may hold.
    pub(super) form: fn() -> Form,
    /// What the document says there, watched.
    pub(super) tree: Memo<Option<Arc<yaml::Node>>>,
    marks: Memo<Vec<Mark>>,
    /// Fields that are shown though nothing is stated.
    revealed: RwSignal<BTreeSet<Path>>,
    /// What the line below says.
    pub(super) help: RwSignal<Option<Help>>,
}

/// Where a thing stands in the document.
pub(super) fn base(document: &Document, item: Option<&Item>) -> Option<Path> {
    let path = |section: &str, name: &str| Some(vec!["spec".into(), section.into(), name.into()]);
    match item {
        None => Some(Vec::new()),
        Some(Item::Node(name)) => path("nodes", name),
        Some(Item::Input(name)) => path("inputs", name),
        Some(Item::Output(name)) => path("outputs", name),
        Some(Item::Edge(id)) => path("edges", &document.edge_index(id)?.to_string()),
    }
}

fn words(path: &[String]) -> impl Iterator<Item = &str> {
    path.iter().map(String::as_str)
}

impl Place {
    pub(super) fn new(app: App, item: Option<Item>, help: RwSignal<Option<Help>>) -> Self {
        let form = match &item {
            None => ModelGraph::form,
            Some(Item::Node(_)) => Node::form,
            Some(Item::Input(_) | Item::Output(_)) => Port::form,
            Some(Item::Edge(_)) => Edge::form,
        };
        let item = StoredValue::new(item);
        let tree = Memo::new(move |_| {
            let document = app.workspace.document();
            let base = item.with_value(|item| base(&document, item.as_ref()))?;
            let tree = document.drawn.tree()?;
            Some(Arc::new(tree.at(words(&base))?.clone()))
        });
        let marks = Memo::new(move |_| {
            let document = app.workspace.document();
            let span = tree.with(|tree| tree.as_ref().map(|tree| tree.span));
            match span {
                Some(span) if !document.is_stale() => marks(&document, span),
                _ => Vec::new(),
            }
        });
        Self {
            app: StoredValue::new_local(app),
            item,
            form,
            tree,
            marks,
            revealed: RwSignal::new(BTreeSet::new()),
            help,
        }
    }

    pub(super) fn app(self) -> App {
        self.app.get_value()
    }

    /// What stands at a path, watched.
    pub(super) fn read<T>(self, path: &[String], f: impl FnOnce(&yaml::Node) -> T) -> Option<T> {
        self.tree.with(|tree| {
            let node = tree.as_ref()?.at(words(path))?;
            (!node.is_null()).then(|| f(node))
        })
    }

    /// Whether something stands at a path, watched.
    pub(super) fn is_stated(self, path: &[String]) -> bool {
        self.read(path, |_| ()).is_some()
    }

    /// The value at a path as it is written: a scalar's text, else the source on one line.
    pub(super) fn text(self, path: &[String]) -> Option<String> {
        self.read(path, |node| match node.as_scalar() {
            Some(scalar) => scalar.text.clone(),
            None => one_line(node),
        })
    }

    /// The keys or items at a path.
    pub(super) fn keys(self, path: &[String]) -> Vec<String> {
        let keys = self.read(path, |node| match &node.value {
            yaml::Value::Mapping(mapping) => mapping
                .entries
                .iter()
                .map(|entry| entry.key.text.clone())
                .collect(),
            yaml::Value::Sequence(list) => (0..list.items.len()).map(|at| at.to_string()).collect(),
            yaml::Value::Scalar(_) => Vec::new(),
        });
        keys.unwrap_or_default()
    }

    /// The gravest finding at a value, and its sentence where it is about this very value.
    pub(super) fn mark(self, path: &[String]) -> Option<(Severity, Option<String>)> {
        let span = self.read(path, |node| node.span)?;
        self.marks.with(|marks| {
            let at = marks.iter().filter(|mark| mark.span == span);
            let mark = at.max_by_key(|mark| (mark.severity, mark.sentence.is_some()))?;
            Some((mark.severity, mark.sentence.clone()))
        })
    }

    /// Whether a field is shown though nothing is stated.
    pub(super) fn is_revealed(self, path: &[String]) -> bool {
        self.revealed
            .with(|revealed| revealed.iter().any(|shown| shown.starts_with(path)))
    }

    /// Shows a field, and gives it the focus.
    pub(super) fn reveal(self, path: Path) {
        let id = id(&path);
        self.revealed.update(|revealed| {
            revealed.insert(path);
        });
        request_animation_frame(move || focus(&id));
    }

    /// Hides a field that states nothing.
    pub(super) fn hide(self, path: &[String]) {
        self.revealed
            .update(|revealed| revealed.retain(|shown| !shown.starts_with(path)));
    }

    /// Writes a value, or with `None` takes it away. What the format refuses is not written; the
    /// sentence says why.
    pub(super) fn write(self, path: &[String], value: Option<Fragment>) -> Result<(), String> {
        let workspace = self.app().workspace;
        let document = workspace.document_now();
        if document.is_stale() {
            return Err("Mend the text first: its mistake hides the structure.".to_owned());
        }
        let base = self
            .item
            .with_value(|item| base(&document, item.as_ref()))
            .ok_or("This is no longer in the document.")?;
        let whole = |path: &[String]| [&base[..], path].concat();
        let command = match value {
            None => Command::Unset { path: whole(path) },
            Some(value) => {
                let (path, value) = self.placed(&document, path, value);
                Command::Set {
                    path: whole(&path),
                    value,
                }
            }
        };
        let change = edit::plan(&document.analysis, &command)
            .map_err(|error| sentence(&error.to_string()))?;
        let text = apply(&document.analysis.text, &change.edits)
            .map_err(|error| sentence(&error.to_string()))?
            .text;
        if matches!(command, Command::Set { .. }) {
            refused(&text, &whole(path))?;
        }
        let index = self.edge_index(&document);
        workspace.dispatch(Action::edit(command));
        self.follow(index);
        Ok(())
    }

    fn edge_index(self, document: &Document) -> Option<u32> {
        self.item.with_value(|item| match item {
            Some(Item::Edge(id)) => document.edge_index(id),
            _ => None,
        })
    }

    /// An edge whose end has changed has another identity; it stays selected.
    fn follow(self, index: Option<u32>) {
        let Some(index) = index else { return };
        let document = self.app().workspace.document_now();
        let Some(graph) = &document.drawn.graph else {
            return;
        };
        let edges = graph.edges.iter().map(|edge| (&edge.id, edge.ix));
        let broken = graph.broken.iter().map(|edge| (&edge.id, edge.ix));
        let id = edges.chain(broken).find(|(_, ix)| ix.0 == index);
        if let Some((id, _)) = id {
            let item = Item::Edge(id.clone());
            self.app().workspace.select(Selection::one(item));
        }
    }

    /// Where a value is written so that what is on the way to it can hold it.
    fn placed(self, document: &Document, path: &[String], value: Fragment) -> (Path, Fragment) {
        let tree = self.tree.get_untracked();
        let mut node = tree.as_deref();
        let mut form = Some((self.form)());
        for (at, key) in path.iter().enumerate() {
            let inner = node.and_then(|node| node.at([key.as_str()]));
            let behind = form.and_then(|form| form.step(key));
            if inner.is_some() {
                node = inner;
                form = behind;
                continue;
            }
            let (above, rest) = (&path[..at], &path[at + 1..]);
            let plain = value.clone();
            let value = wrapped(behind, rest, value);
            let node = node.filter(|node| !node.is_null());
            let scalar = node.and_then(yaml::Node::as_scalar);
            return match (form, node.map(|_| scalar)) {
                // Another word of a choice gives way whole.
                (Some(Form::Choice(_)), Some(_)) if at > 0 => {
                    (above.to_vec(), Fragment::map([(key.clone(), value)]))
                }
                // A short form becomes a long one: what it said is the long one's first key.
                (Some(form @ Form::Either(..)), Some(Some(scalar))) => {
                    let first = match form.pick(false) {
                        Form::Record(record) => record.fields.iter().find(|field| field.required),
                        _ => None,
                    };
                    let first = first.map(|field| field.key).filter(|first| first != key);
                    let kept = first.map(|first| (first.to_owned(), typed(&scalar.text)));
                    let entries = kept.into_iter().chain([(key.clone(), value)]);
                    (above.to_vec(), Fragment::map(entries))
                }
                (Some(Form::List(_)), None) => (above.to_vec(), Fragment::list([value])),
                _ if at == 0 && matches!(&**key, "inputs" | "outputs") => {
                    let value = self.with_role_ports(document, key, rest.first(), value);
                    (path[..=at].to_vec(), value)
                }
                // Keys on the way are made anyway; a list must be made here.
                _ if !leads_through_list(behind, rest) => (path.to_vec(), plain),
                _ => (path[..=at].to_vec(), value),
            };
        }
        (path.to_vec(), value)
    }

    /// Stating a side of a node replaces the role's: its other ports are named too.
    fn with_role_ports(
        self,
        document: &Document,
        side: &str,
        own: Option<&String>,
        value: Fragment,
    ) -> Fragment {
        let ports = self.item.with_value(|item| match item {
            Some(Item::Node(name)) => side_ports(document, name, side),
            _ => Vec::new(),
        });
        let Fragment::Map(mut stated) = value else {
            return value;
        };
        if own.is_none() {
            return Fragment::Map(stated);
        }
        let mut entries: Vec<(String, Fragment)> = ports
            .into_iter()
            .map(|port| {
                let at = stated.iter().position(|(name, _)| *name == port);
                let value = at.map(|at| stated.remove(at).1);
                (port, value.unwrap_or_else(|| Fragment::Map(Vec::new())))
            })
            .collect();
        entries.extend(stated);
        Fragment::Map(entries)
    }
}

/// The names of a node's ports on one side.
fn side_ports(document: &Document, node: &str, side: &str) -> Vec<String> {
    let Some(graph) = &document.drawn.graph else {
        return Vec::new();
    };
    let Some(node) = graph.find(node).and_then(|ix: NodeIx| graph.node(ix)) else {
        return Vec::new();
    };
    let direction = if side == "inputs" {
        Direction::Input
    } else {
        Direction::Output
    };
    let ports = match direction {
        Direction::Input => &node.inputs,
        Direction::Output => &node.outputs,
    };
    ports
        .iter()
        .filter_map(|ix| Some(graph.port(*ix)?.name.clone()))
        .collect()
}

/// The value within the keys that are still to be made.
fn wrapped(form: Option<Form>, rest: &[String], value: Fragment) -> Fragment {
    let Some((key, deeper)) = rest.split_first() else {
        return value;
    };
    let inner = wrapped(form.and_then(|form| form.step(key)), deeper, value);
    match form {
        Some(Form::List(_)) => Fragment::list([inner]),
        _ => Fragment::map([(key.clone(), inner)]),
    }
}

fn leads_through_list(form: Option<Form>, rest: &[String]) -> bool {
    let Some((key, deeper)) = rest.split_first() else {
        return false;
    };
    matches!(form, Some(Form::List(_)))
        || leads_through_list(form.and_then(|form| form.step(key)), deeper)
}

/// What was typed as YAML: numbers as such, all else as text.
pub(super) fn typed(text: &str) -> Fragment {
    let is_number = !text.is_empty()
        && text.chars().any(|sign| sign.is_ascii_digit())
        && text.parse::<f64>().is_ok();
    if is_number {
        Fragment::Raw(text.to_owned())
    } else {
        Fragment::text(text)
    }
}

/// Why the reader refuses the value at a path of a text.
fn refused(text: &str, path: &[String]) -> Result<(), String> {
    let reading = spec::read(text);
    if !reading.is_well_formed() {
        return Err("This cannot be written here: it breaks the text around it.".to_owned());
    }
    let tree = reading.graph().map(|(_, tree)| tree);
    let Some(span) = tree.and_then(|tree| Some(tree.at(words(path))?.span)) else {
        return Ok(());
    };
    let within = |found: Span| span.start <= found.start && found.end <= span.end;
    let found = reading.diagnostics.iter().find(|found| {
        // A record is filled field by field; what it still lacks is no fault of this value.
        found.severity == Severity::Error && found.code != Code::MISSING_KEY && within(found.span)
    });
    match found {
        None => Ok(()),
        Some(found) => {
            let help = found.help.as_deref().map(sentence).unwrap_or_default();
            Err(format!("{} {help}", sentence(&found.message))
                .trim_end()
                .to_owned())
        }
    }
}

fn marks(document: &Document, within: Span) -> Vec<Mark> {
    let inside = |span: Span| within.start <= span.start && span.end <= within.end;
    let mut marks = Vec::new();
    for found in &document.analysis.diagnostics {
        if inside(found.span) {
            marks.push(Mark {
                span: found.span,
                severity: found.severity,
                sentence: Some(sentence(&found.message)),
            });
        }
        let related = found.related.iter().filter(|related| inside(related.span));
        marks.extend(related.map(|related| Mark {
            span: related.span,
            severity: found.severity,
            sentence: None,
        }));
    }
    marks
}

/// A collection as the document would write it on one line.
fn one_line(node: &yaml::Node) -> String {
    match &node.value {
        yaml::Value::Scalar(scalar) => scalar.text.clone(),
        yaml::Value::Sequence(list) => {
            let items: Vec<String> = list.items.iter().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        yaml::Value::Mapping(mapping) => {
            let entries = mapping.entries.iter();
            let entries: Vec<String> = entries
                .map(|entry| format!("{}: {}", entry.key.text, one_line(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The address of a field's control.
pub(super) fn id(path: &[String]) -> String {
    let mut id = "field".to_owned();
    for segment in path {
        id.push('-');
        id.extend(segment.chars().map(|sign| {
            if sign.is_ascii_alphanumeric() {
                sign
            } else {
                '_'
            }
        }));
    }
    id
}

/// Gives the focus to a control, or to the first one within.
pub(super) fn focus(id: &str) {
    let Some(element) = platform::document().get_element_by_id(id) else {
        return;
    };
    let inner = element
        .query_selector("input, select, button")
        .ok()
        .flatten();
    let is_control = matches!(&*element.tag_name(), "INPUT" | "SELECT" | "TEXTAREA");
    let target = if is_control { Some(element) } else { inner };
    if let Some(target) = target.and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) {
        // What cannot take the focus leaves it where it is.
        let _ = target.focus();
    }
}

/// A path and one key more.
pub(super) fn join(path: &[String], key: &str) -> Path {
    let mut path = path.to_vec();
    path.push(key.to_owned());
    path
}
