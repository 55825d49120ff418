//! Dependencies as nodes and edges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::node::{base, role};
use super::{ABSENT, CYCLE, Document, Draft, ENDS, ROLE, SIDE, TYPE};
use crate::graph::{Direction, default_ports};
use crate::import::{Place, quote};
use crate::spec::{Duration, Kind, Role};
use crate::text::Span;

/// Writes what the documents depend on, and where values enter and leave.
pub(super) fn write(documents: &[Document<'_>], draft: &mut Draft) {
    let mut web = Web {
        documents,
        draft,
        absent: BTreeMap::new(),
        after: BTreeMap::new(),
        fed: BTreeSet::new(),
        feeding: BTreeSet::new(),
        order: documents
            .iter()
            .map(|document| document.node.clone())
            .collect(),
    };
    let links = web.links();
    for document in documents {
        role(document, web.draft);
    }
    for link in &links {
        web.connect(link);
    }
    web.name(&links);
    web.ends();
}

struct Web<'w, 'f> {
    documents: &'w [Document<'f>],
    draft: &'w mut Draft,
    /// The nodes of dependencies that no document describes, by what names them.
    absent: BTreeMap<String, String>,
    /// Which nodes stand behind one.
    after: BTreeMap<String, BTreeSet<String>>,
    /// Ports with an edge.
    fed: BTreeSet<String>,
    /// Nodes whose values somebody takes.
    feeding: BTreeSet<String>,
    /// The nodes in the order in which they were named.
    order: Vec<String>,
}

/// A dependency, both of whose ends are nodes.
struct Link {
    from: String,
    to: String,
    /// The document that states it.
    owner: String,
    role: String,
    place: Place,
}

impl Web<'_, '_> {
    /// Finds or makes the node of each dependency.
    fn links(&mut self) -> Vec<Link> {
        let mut links = Vec::new();
        for document in self.documents {
            let path = ["spec", "pipeline", "dependencies"];
            let list = document.get(&path).and_then(Value::as_array);
            for (at, dependency) in list.into_iter().flatten().enumerate() {
                let index = at.to_string();
                let place = document.place(&["spec", "pipeline", "dependencies", &index]);
                links.push(self.link(document, dependency, place));
            }
        }
        links
    }

    fn link(&mut self, document: &Document<'_>, dependency: &Value, place: Place) -> Link {
        let text = |path: &str| dependency.pointer(path).and_then(Value::as_str);
        let id = dependency.get("id").map(|id| match id {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        });
        let id = id.unwrap_or_default();
        let word = text("/role").unwrap_or_default();
        let (takes, gives) = (text("/interface/inputType"), text("/interface/outputType"));
        let found = self.find(document, &id, text("/specRef"));
        let node = found.unwrap_or_else(|| self.make(&id, text("/specRef"), &place));
        let stated = match word {
            "guardrail" => Some(Role::Guardrail),
            "reranker" => Some(Role::Reranker),
            "postprocess" => Some(Role::Postprocessor),
            _ => None,
        };
        if let Some(role) = stated {
            self.draft.put(&node, &["role"], role.word());
        } else if self.absent.values().any(|absent| *absent == node)
            && self.draft.get(&node, &["role"]).is_none()
        {
            let role = role_of_types(word, takes, gives);
            self.draft.put(&node, &["role"], role.word());
            let message = format!("what `{node}` does is taken from its place and types");
            self.draft
                .guess(&ROLE, place.clone(), Some(&node), message, role.word());
        }
        for ty in [takes, gives]
            .into_iter()
            .flatten()
            .filter(|ty| !is_known(ty))
        {
            let message = format!("`{}` of `{node}` is no type that is known here", quote(ty));
            self.draft
                .guess(&TYPE, place.clone(), Some(&node), message, "any");
        }
        if dependency.get("required") == Some(&json!(false)) {
            self.draft.put(&node, &["required"], false);
        }
        let budget = dependency
            .pointer("/interface/maxLatencyMs")
            .and_then(Value::as_f64);
        if let Some(budget) = budget.and_then(|budget| base(budget, 1e6)) {
            self.draft
                .put(&node, &["budget"], Duration(budget).to_string());
        }
        let downstream = match word {
            "postprocess" => true,
            "guardrail" => self.is_downstream(&node, &id, takes, gives, &place),
            _ => false,
        };
        let owner = document.node.clone();
        let (from, to) = if downstream {
            (owner.clone(), node)
        } else {
            (node, owner.clone())
        };
        Link {
            from,
            to,
            owner,
            role: word.to_owned(),
            place,
        }
    }

    /// The node of the document that a dependency names: by its file, else by its id.
    fn find(&self, document: &Document<'_>, id: &str, path: Option<&str>) -> Option<String> {
        let by_path = path.and_then(|path| {
            let wanted = join(document.file.folder(), path)?;
            let mut of_file = self
                .documents
                .iter()
                .filter(|other| other.file.path() == wanted);
            let first = of_file.clone().next()?;
            Some(of_file.find(|other| other.name == id).unwrap_or(first))
        });
        let mut all = self.documents.iter();
        let found = by_path.or_else(|| all.find(|other| other.name == id))?;
        Some(found.node.clone())
    }

    fn make(&mut self, id: &str, path: Option<&str>, place: &Place) -> String {
        if let Some(node) = self.absent.get(id) {
            return node.clone();
        }
        let node = self.draft.node(id, place);
        let message = match path {
            Some(path) => format!(
                "`{}`, which describes `{node}`, is not among the files: what it says is unknown",
                quote(path)
            ),
            None => format!("nothing describes `{node}`: which model it is, is unknown"),
        };
        self.draft
            .guess(&ABSENT, place.clone(), Some(&node), message, "unknown");
        self.absent.insert(id.to_owned(), node.clone());
        self.order.push(node.clone());
        node
    }

    /// Whether a guardrail stands behind the model.
    fn is_downstream(
        &mut self,
        node: &str,
        id: &str,
        takes: Option<&str>,
        gives: Option<&str>,
        place: &Place,
    ) -> bool {
        let words: Vec<String> = [Some(id), takes, gives]
            .into_iter()
            .flatten()
            .map(str::to_lowercase)
            .collect();
        let has = |wanted: &[&str]| {
            let within = |word: &String| wanted.iter().any(|part| word.contains(part));
            words.iter().any(within)
        };
        let before = has(&["input", "prompt", "query", "question", "request"]);
        let behind = has(&["output", "response", "answer", "completion", "generated"]);
        if before != behind {
            return behind;
        }
        let message = format!("on which side `{node}` stands is not said: upstream is taken");
        self.draft
            .guess(&SIDE, place.clone(), Some(node), message, "upstream");
        false
    }

    /// Joins two nodes: by a data edge where the types fit, else by a control edge.
    fn connect(&mut self, link: &Link) {
        let Link { from, to, .. } = link;
        let behind = self.after.get(to);
        if from == to || behind.is_some_and(|behind| behind.contains(from)) {
            let message = format!(
                "`{from}` before `{to}` would go round: only the annotation \
                 `piqc.ai/spec` of `{}` keeps it",
                link.owner
            );
            self.draft
                .keep_aside(&CYCLE, link.place.clone(), Some(&link.owner), message);
            return;
        }
        let mut reached = self.after.get(to).cloned().unwrap_or_default();
        reached.insert(to.clone());
        for (node, behind) in &mut self.after {
            if behind.contains(from) && node != from {
                behind.extend(reached.iter().cloned());
            }
        }
        self.after.entry(from.clone()).or_default().extend(reached);
        let mut more = Map::new();
        if let Some((give, take)) = self.ports(from, to) {
            if link.role == "guardrail" {
                more.insert("role".to_owned(), json!("safety"));
            }
            let (give, take) = (format!("{from}.{give}"), format!("{to}.{take}"));
            self.draft.edge_with(&give, &take, more);
            self.fed.insert(take);
            self.feeding.insert(from.clone());
            return;
        }
        if self.feeding.contains(from) && self.fed.contains(&format!("{from}>{to}")) {
            return;
        }
        self.fed.insert(format!("{from}>{to}"));
        more.insert("role".to_owned(), json!("control"));
        self.draft.edge_with(from, to, more);
    }

    fn role_of(&self, node: &str) -> Option<Role> {
        Role::from_word(self.draft.get(node, &["role"])?.as_str()?)
    }

    /// The ports of two nodes whose types are certain to fit, the second of which is free.
    fn ports(&self, from: &str, to: &str) -> Option<(&'static str, &'static str)> {
        let give = default_ports(self.role_of(from)?, Direction::Output).first()?;
        let takes = default_ports(self.role_of(to)?, Direction::Input);
        let fits = |kind: Kind| kind == give.kind && kind != Kind::Any;
        let is_free = |port: &str| !self.fed.contains(&format!("{to}.{port}"));
        let take = takes
            .iter()
            .find(|take| fits(take.kind) && is_free(take.name))?;
        Some((give.name, take.name))
    }

    /// The graph is called like the model that no other needs.
    fn name(&mut self, links: &[Link]) {
        let is_needed = |node: &str| {
            links
                .iter()
                .any(|link| link.owner != node && (link.from == node || link.to == node))
        };
        let mut names = self.documents.iter();
        let first = names.clone().next();
        let whole = names.find(|document| !is_needed(&document.node)).or(first);
        if let Some(document) = whole {
            self.draft.name(&document.name);
        }
    }

    /// What nobody feeds is an input of the graph, and what nobody takes an output.
    fn ends(&mut self) {
        let mut inputs: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut told = Vec::new();
        for node in self.order.clone() {
            let Some(role) = self.role_of(&node) else {
                continue;
            };
            for port in default_ports(role, Direction::Input) {
                let end = format!("{node}.{}", port.name);
                if !port.required || self.fed.contains(&end) {
                    continue;
                }
                let input = inputs.entry(port.kind.word()).or_insert_with(|| {
                    let name = if port.kind == Kind::Text {
                        "question"
                    } else {
                        port.name
                    };
                    self.draft.input(name, json!({"type": port.kind.word()}))
                });
                self.draft.edge(&format!("inputs.{input}"), &end);
                told.push(end);
            }
            let Some(port) = default_ports(role, Direction::Output).first() else {
                continue;
            };
            if !self.feeding.contains(&node) {
                let output = self.draft.output(
                    &format!("{node}_{}", port.name),
                    json!({"type": port.kind.word()}),
                );
                let end = format!("{node}.{}", port.name);
                self.draft.edge(&end, &format!("outputs.{output}"));
                told.push(end);
            }
        }
        let Some(document) = self.documents.first() else {
            return;
        };
        for end in told {
            let message = format!("nothing is said of the other end of `{end}`: it is the graph's");
            let place = document.file.at(Span::at(0));
            self.draft.guess(&ENDS, place, None, message, "graph");
        }
    }
}

/// What a dependency without a document does.
fn role_of_types(word: &str, takes: Option<&str>, gives: Option<&str>) -> Role {
    match (word, takes, gives) {
        (_, _, Some("embedding" | "vector")) => Role::Embedder,
        (_, Some("embedding" | "vector"), Some("documents" | "candidates")) => Role::Retriever,
        (_, Some("text+documents"), Some("documents" | "ranked_documents")) => Role::Reranker,
        (_, _, Some("ranked_documents")) => Role::Reranker,
        (_, _, Some("label")) => Role::Classifier,
        (_, _, Some("filtered_text")) => Role::Guardrail,
        ("custom", ..) => Role::Custom,
        _ => Role::Transformer,
    }
}

fn is_known(ty: &str) -> bool {
    matches!(
        ty,
        "embedding" | "documents" | "ranked_documents" | "text+documents" | "filtered_text"
    ) || Kind::from_word(ty).is_some()
}

/// A path relative to a folder, without `.` and `..`; `None` where it leads out of the set.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
