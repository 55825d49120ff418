//! Docker Compose: each service a node, each host that a service's settings name an edge.

#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeSet;

use serde_json::{Map as JsonMap, Value as Json, json};

use self::variables::Variables;
use super::draft::{Draft, quote};
use super::services::{self, Service, split};
use super::{File, Importer, Kind};
use crate::spec::to_json;
use crate::text::Span;
use crate::yaml::{Mapping, Node, Value};

/// Docker Compose files, with the `.env` beside them.
pub(super) struct Compose;

static FORM: Kind = Kind::refused(
    "IM-COMPOSE-FORM",
    "Services that are not written as Compose wants",
);
static UNKNOWN: Kind = Kind::refused(
    "IM-COMPOSE-UNKNOWN",
    "Services that depend on what is not there",
);
static NOTHING: Kind = Kind::refused("IM-COMPOSE-NOTHING", "Files without services");
static VARIABLE: Kind = Kind::guessed("IM-COMPOSE-VARIABLE", "Variables of the shell");
static KEPT: Kind = Kind::kept("IM-COMPOSE-KEPT", "Networks, volumes and the like");

static OWN: &[&Kind] = services::kinds_with_services![FORM, UNKNOWN, NOTHING, VARIABLE, KEPT];

impl Importer for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn title(&self) -> &'static str {
        "Docker Compose"
    }

    fn about(&self) -> &'static str {
        "Services, their images, models and GPUs, and the hosts that they name"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        OWN
    }

    fn detect(&self, file: &File<'_>) -> bool {
        if file.name() == ".env" || file.extension() == "env" {
            return true;
        }
        let tree = file.tree().filter(|tree| tree.get("apiVersion").is_none());
        let services = tree.and_then(|tree| tree.get("services"));
        services.and_then(Node::as_mapping).is_some_and(|services| {
            let of_a_service = [
                "image",
                "build",
                "command",
                "environment",
                "ports",
                "depends_on",
                "extends",
            ];
            let is_service = |node: &Node| of_a_service.iter().any(|key| node.get(key).is_some());
            services
                .entries
                .iter()
                .any(|entry| is_service(&entry.value))
        })
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut reader = Reader {
            variables: Variables::read(files, draft),
        };
        let mut found: Vec<Service> = Vec::new();
        for file in files.iter().filter(|file| !is_environment(file)) {
            for tree in draft.trees(file) {
                reader.file(file, tree, &mut found, draft);
            }
        }
        if found.is_empty() && !draft.is_refused() {
            let Some(file) = files.first() else { return };
            let message = format!("`{}` has no services", quote(file.path()));
            let place = file.at(Span::at(0));
            // Beside files of another format it is merely of no use.
            if draft.has_nodes() {
                draft.keep_aside(&KEPT, place, None, message);
            } else {
                draft.refuse(&NOTHING, place, message, "import the Compose file with it");
            }
            return;
        }
        reader.variables.tell(files, draft);
        if !draft.is_refused() {
            services::write("compose", &found, draft);
        }
    }
}

fn is_environment(file: &File<'_>) -> bool {
    file.name() == ".env" || file.extension() == "env"
}

struct Reader {
    variables: Variables,
}

impl Reader {
    fn file(&mut self, file: &File<'_>, tree: &Node, found: &mut Vec<Service>, draft: &mut Draft) {
        let Some(root) = tree.as_mapping() else {
            return;
        };
        let name = root.get("name").and_then(Node::as_scalar);
        let name = name.map(|name| self.variables.fill(&name.text));
        draft.name(name.as_deref().unwrap_or_else(|| {
            let usual = ["compose", "docker-compose"].contains(&file.stem());
            let folder = file
                .folder()
                .rsplit('/')
                .next()
                .filter(|folder| !folder.is_empty());
            folder.filter(|_| usual).unwrap_or(file.stem())
        }));
        let Some(services) = root.get("services").and_then(Node::as_mapping) else {
            return;
        };
        if found.len().saturating_add(services.entries.len()) > services::MOST {
            draft.refuse_more(file, services::MOST, "services");
            return;
        }
        let known = |name: &str| services.get(name).is_some();
        for entry in &services.entries {
            let name = &entry.key.text;
            let Some(service) = entry.value.as_mapping() else {
                if !entry.value.is_null() {
                    let message = format!("the service `{}` is no map", quote(name));
                    let help = "it takes `image`, `environment` and so on";
                    draft.refuse(&FORM, file.at(entry.value.span), message, help);
                }
                continue;
            };
            for (wanted, span) in depends_on(service) {
                if !known(&wanted) && found.iter().all(|other| other.name != wanted) {
                    let message = format!(
                        "the service `{}` depends on `{}`, which is not there",
                        quote(name),
                        quote(&wanted)
                    );
                    let help = "import the file that has it as well, or take the name away";
                    draft.refuse(&UNKNOWN, file.at(span), message, help);
                }
            }
            let read = self.service(name, service, file.at(entry.key.span));
            // A later file adds to a service or overrides it; what stands first stays.
            match found.iter_mut().find(|other| other.name == *name) {
                Some(before) => merge(before, read),
                None => found.push(read),
            }
        }
        for entry in &root.entries {
            let key = entry.key.text.as_str();
            if matches!(key, "services" | "name" | "version") || key.starts_with("x-") {
                continue;
            }
            draft.annotate(&format!("compose/{}", quote(key)), to_json(&entry.value));
            let message = format!("`{}` is kept in the annotations of the graph", quote(key));
            draft.keep_aside(&KEPT, file.at(entry.key.span), None, message);
        }
    }

    fn service(&mut self, name: &str, service: &Mapping, place: super::Place) -> Service {
        let mut hosts = vec![name.to_owned()];
        for key in ["container_name", "hostname"] {
            hosts.extend(self.text(service.get(key)));
        }
        if let Some(Value::Mapping(networks)) = service.get("networks").map(|node| &node.value) {
            for network in &networks.entries {
                let aliases = network.value.get("aliases").and_then(Node::as_sequence);
                for alias in aliases.iter().flat_map(|aliases| &aliases.items) {
                    hosts.extend(self.text(Some(alias)));
                }
            }
        }
        let mut arguments = Vec::new();
        for key in ["entrypoint", "command"] {
            match service.get(key).map(|node| &node.value) {
                Some(Value::Sequence(list)) => {
                    arguments.extend(list.items.iter().filter_map(|item| self.text(Some(item))));
                }
                Some(Value::Scalar(line)) if !line.is_null() => {
                    arguments.extend(split(&self.variables.fill(&line.text)));
                }
                _ => {}
            }
        }
        let mut rest = JsonMap::new();
        for entry in &service.entries {
            let key = entry.key.text.as_str();
            let said = ["image", "environment", "container_name", "hostname"];
            if !said.contains(&key) && !key.starts_with("x-") {
                rest.insert(key.to_owned(), to_json(&entry.value));
            }
        }
        Service {
            name: name.to_owned(),
            hosts,
            place,
            image: self.text(service.get("image")),
            variables: self.variables(service.get("environment")),
            secrets: Vec::new(),
            arguments,
            port: self.port(service),
            placement: self.placement(service),
            rest,
        }
    }

    fn variables(&mut self, node: Option<&Node>) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        match node.map(|node| &node.value) {
            Some(Value::Mapping(map)) => {
                for entry in &map.entries {
                    // Without a value it is that of the shell.
                    let value = if entry.value.is_null() {
                        self.variables.fill(&format!("${{{}}}", entry.key.text))
                    } else {
                        self.text(Some(&entry.value)).unwrap_or_default()
                    };
                    variables.push((entry.key.text.clone(), value));
                }
            }
            Some(Value::Sequence(list)) => {
                for item in &list.items {
                    let Some(item) = item.as_scalar() else {
                        continue;
                    };
                    let (name, value) = match item.text.split_once('=') {
                        Some((name, value)) => (name, self.variables.fill(value)),
                        None => (
                            &*item.text,
                            self.variables.fill(&format!("${{{}}}", item.text)),
                        ),
                    };
                    variables.push((name.to_owned(), value));
                }
            }
            _ => {}
        }
        variables
    }

    /// The first port inside of the container: others on the network use that one.
    fn port(&mut self, service: &Mapping) -> Option<u32> {
        for key in ["ports", "expose"] {
            let list = service.get(key).and_then(Node::as_sequence);
            let Some(first) = list.and_then(|list| list.items.first()) else {
                continue;
            };
            let stated = match first.get("target") {
                Some(target) => self.text(Some(target)),
                None => self.text(Some(first)),
            };
            let stated = stated.unwrap_or_default();
            let inside = stated.rsplit(':').next().unwrap_or(&stated);
            let inside = inside.split('/').next().unwrap_or(inside);
            if let Some(port) = inside
                .parse()
                .ok()
                .filter(|port| (1..=65_535).contains(port))
            {
                return Some(port);
            }
        }
        None
    }

    fn placement(&mut self, service: &Mapping) -> JsonMap<String, Json> {
        let mut placement = JsonMap::new();
        let deploy = service.get("deploy");
        let replicas = deploy
            .and_then(|deploy| deploy.get("replicas"))
            .or_else(|| service.get("scale"));
        let replicas = replicas.and_then(|node| self.text(Some(node))?.parse::<u32>().ok());
        if let Some(replicas) = replicas.filter(|replicas| *replicas > 0) {
            placement.insert("replicas".to_owned(), json!(replicas));
        }
        let at = |path: &[&str]| deploy.and_then(|deploy| deploy.at(path.iter().copied()));
        if let Some(cpus) = self.text(at(&["resources", "limits", "cpus"])) {
            let plain = |c: char| c.is_ascii_digit() || c == '.';
            let is_some = cpus.contains(|c: char| matches!(c, '1'..='9'));
            if is_some && cpus.len() <= 9 && cpus.chars().all(plain) {
                placement.insert("cpu".to_owned(), json!(cpus));
            }
        }
        let memory = self.text(at(&["resources", "limits", "memory"]));
        if let Some(memory) = memory.as_deref().and_then(memory_of) {
            placement.insert("memory".to_owned(), json!(memory));
        }
        let devices = at(&["resources", "reservations", "devices"]).and_then(Node::as_sequence);
        for device in devices.iter().flat_map(|devices| &devices.items) {
            let capable = device.get("capabilities").and_then(Node::as_sequence);
            let is_gpu = |item: &Node| item.as_scalar().is_some_and(|word| word.text == "gpu");
            if !capable.is_some_and(|list| list.items.iter().any(is_gpu)) {
                continue;
            }
            let listed = device.get("device_ids").and_then(Node::as_sequence);
            let count = match listed {
                Some(list) => u32::try_from(list.items.len()).ok(),
                None => self
                    .text(device.get("count"))
                    .and_then(|count| count.parse().ok()),
            };
            if let Some(count) = count.filter(|count| *count > 0) {
                placement.insert("gpusPerReplica".to_owned(), json!(count));
            }
        }
        placement
    }

    fn text(&mut self, node: Option<&Node>) -> Option<String> {
        let scalar = node?.as_scalar().filter(|scalar| !scalar.is_null())?;
        Some(self.variables.fill(&scalar.text))
    }
}

/// A size as Compose writes it, whose units are powers of 1024, in the document's own.
fn memory_of(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(end)?;
    let unit = match unit {
        "b" => "B",
        "k" | "kb" => "KiB",
        "m" | "mb" => "MiB",
        "g" | "gb" => "GiB",
        _ => return None,
    };
    let size: u64 = digits.parse().ok().filter(|size| *size > 0)?;
    (size < 1 << 30 || unit == "B").then(|| format!("{size}{unit}"))
}

fn depends_on(service: &Mapping) -> Vec<(String, Span)> {
    match service.get("depends_on").map(|node| &node.value) {
        Some(Value::Mapping(map)) => {
            let names = map.entries.iter().filter(|entry| {
                let required = entry.value.get("required").and_then(Node::as_scalar);
                required.and_then(crate::yaml::Scalar::as_bool) != Some(false)
            });
            names
                .map(|entry| (entry.key.text.clone(), entry.key.span))
                .collect()
        }
        Some(Value::Sequence(list)) => {
            let text = |item: &Node| Some((item.as_scalar()?.text.clone(), item.span));
            list.items.iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    }
}

/// Adds what another file says of a service.
fn merge(before: &mut Service, more: Service) {
    before.hosts.extend(more.hosts);
    before.image = before.image.take().or(more.image);
    before.port = before.port.or(more.port);
    let known: BTreeSet<String> = before
        .variables
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    let new = more
        .variables
        .into_iter()
        .filter(|(name, _)| !known.contains(name));
    before.variables.extend(new);
    if before.arguments.is_empty() {
        before.arguments = more.arguments;
    }
    for (key, value) in more.placement {
        before.placement.entry(key).or_insert(value);
    }
    for (key, value) in more.rest {
        before.rest.entry(key).or_insert(value);
    }
}
