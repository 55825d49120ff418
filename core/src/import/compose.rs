//! Docker Compose: each service a node, each host that a service's settings name an edge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use super::draft::{Draft, quote};
use super::services::{self, Service, split};
use super::{File, Importer, Kind, LIMIT};
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
            environment: environment(files, draft),
            unset: BTreeSet::new(),
            defaults: BTreeMap::new(),
        };
        let mut found: Vec<Service> = Vec::new();
        for file in files.iter().filter(|file| !is_environment(file)) {
            for tree in draft.trees(file) {
                reader.file(file, tree, &mut found, draft);
            }
        }
        if found.is_empty() && !draft.is_refused() {
            if let Some(file) = files.first() {
                let message = format!(
                    "`{}` names variables, and there are no services",
                    file.path()
                );
                let help = "import the Compose file with it";
                draft.refuse(&NOTHING, file.at(Span::at(0)), message, help);
            }
            return;
        }
        reader.tell(files, draft);
        if !draft.is_refused() {
            services::write("compose", &found, draft);
        }
    }
}

fn is_environment(file: &File<'_>) -> bool {
    file.name() == ".env" || file.extension() == "env"
}

/// The variables of all `.env` files; the first that states one counts.
fn environment(files: &[&File<'_>], draft: &mut Draft) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    for file in files.iter().filter(|file| is_environment(file)) {
        let Some(text) = draft.text(file) else {
            continue;
        };
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            if line.starts_with('#') {
                continue;
            }
            let value = value.trim();
            let bare = ['"', '\'']
                .into_iter()
                .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
            let value = bare.unwrap_or_else(|| {
                value
                    .split_once(" #")
                    .map_or(value, |(value, _)| value.trim())
            });
            environment
                .entry(name.trim().to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    environment
}

struct Reader {
    environment: BTreeMap<String, String>,
    unset: BTreeSet<String>,
    defaults: BTreeMap<String, String>,
}

/// The longest text that variables may fill.
const LONGEST: usize = 64 << 10;

impl Reader {
    fn file(&mut self, file: &File<'_>, tree: &Node, found: &mut Vec<Service>, draft: &mut Draft) {
        let Some(root) = tree.as_mapping() else {
            return;
        };
        let name = root.get("name").and_then(Node::as_scalar);
        let name = name.map(|name| self.fill(&name.text));
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
            let message = format!("there are more than {} services", services::MOST);
            draft.refuse(
                &LIMIT,
                file.at(Span::at(0)),
                message,
                "import fewer at once",
            );
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
                    arguments.extend(split(&self.fill(&line.text)));
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
                        self.fill(&format!("${{{}}}", entry.key.text))
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
                        Some((name, value)) => (name, self.fill(value)),
                        None => (&*item.text, self.fill(&format!("${{{}}}", item.text))),
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
        Some(self.fill(&scalar.text))
    }

    /// Puts variables into a text: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
    /// `${NAME:?why}`; `$$` is `$`. What is not set stays as it is written.
    fn fill(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(behind) = behind.strip_prefix('$') {
                out.push('$');
                rest = behind;
                continue;
            }
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let braced = behind.strip_prefix('{');
            let inner = braced.unwrap_or(behind);
            let length = inner.bytes().take_while(is_name).count();
            let (name, behind_name) = inner.split_at_checked(length).unwrap_or(("", inner));
            let end = match braced {
                None => Some(("", behind_name)),
                Some(_) => closing(behind_name),
            };
            let Some((operation, after)) = end.filter(|_| !name.is_empty()) else {
                out.push('$');
                rest = behind;
                continue;
            };
            let written = behind.len().saturating_sub(after.len());
            let written = behind.get(..written).unwrap_or("");
            out.push_str(&self.value(name, operation, written));
            rest = after;
            if out.len() > LONGEST {
                break;
            }
        }
        if out.len() <= LONGEST {
            out.push_str(rest);
        }
        out
    }

    fn value(&mut self, name: &str, operation: &str, written: &str) -> String {
        let default = operation.strip_prefix(":-").or(operation.strip_prefix('-'));
        if let Some(value) = self.environment.get(name)
            && !(value.is_empty() && operation.starts_with(':'))
        {
            return value.clone();
        }
        if let Some(default) = default {
            self.defaults.insert(name.to_owned(), default.to_owned());
            return default.to_owned();
        }
        self.unset.insert(name.to_owned());
        format!("${written}")
    }

    fn tell(&self, files: &[&File<'_>], draft: &mut Draft) {
        let Some(file) = files.iter().find(|file| !is_environment(file)) else {
            return;
        };
        for (name, value) in &self.defaults {
            let name = quote(name);
            let message =
                format!("`{name}` is not set in an `.env` beside the file: its default is taken");
            draft.guess(&VARIABLE, file.at(Span::at(0)), None, message, quote(value));
        }
        for name in &self.unset {
            let name = quote(name);
            let message = format!(
                "`{name}` is not set in an `.env` beside the file: what it fills is left open"
            );
            draft.guess(
                &VARIABLE,
                file.at(Span::at(0)),
                None,
                message,
                format!("${{{name}}}"),
            );
        }
    }
}

/// What stands before the bracket that closes, and behind it.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, found) in text.char_indices() {
        match found {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?));
        }
    }
    None
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
    for (name, value) in more.variables {
        if before.variables.iter().all(|(known, _)| *known != name) {
            before.variables.push((name, value));
        }
    }
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

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::import::services::tests::{
        NONE, analysis, edges, errors, example, import, nodes, refused,
    };

    const SMALL: &str = "\
services:
  app:
    image: registry.example:5000/team/chat:1
    environment:
      - EMBED_URL=http://embed:80
      - QDRANT_HOST=store
      - LLM=http://llm.internal:8000/v1
      - API_TOKEN=abc
    depends_on: [llm]
  embed:
    image: ghcr.io/huggingface/text-embeddings-inference:1.9
    command: --model-id ${MODEL:-BAAI/bge-small-en-v1.5} --auto-truncate
    ports: ['8081:80']
  store:
    image: qdrant/qdrant:v1.15.0
    volumes: [data:/qdrant/storage]
  llm:
    image: vllm/vllm-openai:v0.19.0
    container_name: llm.internal
    command: [\"--model\", \"Qwen/Qwen3-8B\", \"--max-model-len=8192\", \"--dtype\", bfloat16]
    deploy:
      replicas: 2
      resources:
        reservations:
          devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]
  web:
    image: nginx
    environment: {HF_TOKEN: abc, API: http://app:1}
volumes: {data: {}}
";

    #[test]
    fn services_become_nodes_and_hosts_edges() {
        let imported = import(&[("shop/compose.yaml", SMALL)]).unwrap();
        insta::assert_snapshot!(imported.text);
        let guesses = imported.notes.iter().filter(|note| note.value.is_some());
        let guesses: Vec<String> = guesses
            .map(|note| format!("{} {}", note.kind.code, note.value.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(
            guesses,
            [
                "IM-COMPOSE-VARIABLE BAAI/bge-small-en-v1.5",
                "IM-SERVICE-PATH embed → store → llm",
                "IM-SERVICE-ROLE embedder",
                "IM-SERVICE-ROLE retriever",
                "IM-SERVICE-ROLE generator",
            ]
        );
        assert!(!imported.text.contains("abc"), "a secret is copied");
    }

    #[test]
    fn a_file_of_variables_fills_what_is_open() {
        let imported = import(&[
            ("shop/compose.yaml", SMALL),
            (
                "shop/.env",
                "# models\nexport MODEL=\"intfloat/e5-small\"\n",
            ),
        ])
        .unwrap();
        assert!(
            imported.text.contains("id: intfloat/e5-small"),
            "{}",
            imported.text
        );
    }

    #[test]
    fn opea_s_files_become_graphs_that_differ_in_the_reranker() {
        let names = ["", "_without_rerank"]
            .map(|end| format!("opea-compose/chatqna-xeon-compose{end}.yaml"));
        let (Some(with), Some(without)) = (example(&names[0]), example(&names[1])) else {
            return;
        };
        let with = import(&[("compose.yaml", &with)]).unwrap();
        let without = import(&[("compose.yaml", &without)]).unwrap();
        let mut before = nodes(&with);
        before.retain(|node| !nodes(&without).contains(node));
        assert_eq!(before, ["tei-reranking-service reranker"]);
        let path = |imported: &Imported| -> Vec<String> {
            let mut edges = edges(imported);
            edges.retain(|edge| edge.contains('.'));
            edges
        };
        assert_eq!(
            path(&with),
            [
                "inputs.question tei-embedding-service.text",
                "tei-embedding-service.vector retriever.query",
                "inputs.question tei-reranking-service.query",
                "retriever.hits tei-reranking-service.candidates",
                "tei-reranking-service.ranked vllm-service.context",
                "inputs.question vllm-service.prompt",
                "vllm-service.text outputs.answer",
            ]
        );
        assert_eq!(
            path(&without),
            [
                "inputs.question tei-embedding-service.text",
                "tei-embedding-service.vector retriever.query",
                "retriever.hits vllm-service.context",
                "inputs.question vllm-service.prompt",
                "vllm-service.text outputs.answer",
            ]
        );
        for imported in [&with, &without] {
            assert_eq!(errors(imported), NONE);
        }
    }

    use crate::import::Imported;

    #[test]
    fn what_is_not_whole_is_refused() {
        let unknown = SMALL.replace("depends_on: [llm]", "depends_on: [lm]");
        assert_eq!(refused(&[("c.yaml", &unknown)]), ["IM-COMPOSE-UNKNOWN"]);
        let form = SMALL.replace(
            "  web:\n    image: nginx\n    environment: {HF_TOKEN: abc, API: http://app:1}\n",
            "  web: nginx\n",
        );
        assert_eq!(refused(&[("c.yaml", &form)]), ["IM-COMPOSE-FORM"]);
        let syntax = SMALL.replace("  app:", "  app: [");
        assert!(
            refused(&[("c.yaml", &syntax)])
                .iter()
                .all(|code| *code == "IM-SYNTAX")
        );
        assert_eq!(refused(&[(".env", "A=1")]), ["IM-COMPOSE-NOTHING"]);
    }

    #[test]
    fn variables_are_filled_as_compose_fills_them() {
        let mut reader = Reader {
            environment: BTreeMap::from([
                ("A".to_owned(), "1".to_owned()),
                ("E".to_owned(), String::new()),
            ]),
            unset: BTreeSet::new(),
            defaults: BTreeMap::new(),
        };
        for (text, filled) in [
            ("$A-${A}", "1-1"),
            ("$$A", "$A"),
            ("${B:-x${C}y}", "x${C}y"),
            ("${E:-x}${E-x}", "x"),
            ("${B}", "${B}"),
            ("$B/", "$B/"),
            ("${B:?no}", "${B:?no}"),
            ("$ {A}", "$ {A}"),
            ("${A", "${A"),
            ("100%$", "100%$"),
        ] {
            assert_eq!(reader.fill(text), filled, "{text}");
        }
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            let text = crate::import::services::tests::mutated(SMALL, &edits);
            if let Ok(imported) = import(&[("compose.yaml", &text)]) {
                analysis(&imported);
            }
        }
    }
}
