//! What starts the servers of single nodes: for each node a script, and for vLLM the configuration
//! that it reads. A target each for vLLM, TEI and TGI.

mod checks;
mod kinds;
mod script;
#[cfg(test)]
mod tests;
mod words;

use serde_json::{Map, Value, json};

use super::engines::Start;
use super::names::Names;
use super::plan::image::{self, Image};
use super::{Artifacts, Kind, Language, Subject, Target};
use crate::catalogue::Engine;
use crate::spec::{self, Role};
use crate::text::Span;
use crate::yaml;
use kinds::Kinds;
use script::{Script, quoted};

/// A program whose servers are started: a target.
#[derive(Debug)]
pub(super) struct Program {
    engine: &'static str,
    title: &'static str,
    about: &'static str,
    command: &'static [&'static str],
    kinds: &'static Kinds,
    all_kinds: &'static [&'static Kind],
    /// The words that it says beside those of all three.
    words: &'static [&'static str],
}

/// vLLM.
pub(super) static VLLM: Program = Program {
    engine: "vllm",
    title: "vLLM",
    about: "For each node that vLLM serves, the configuration of `vllm serve` and a script that \
            starts it",
    command: &["vllm", "serve"],
    kinds: &kinds::vllm::KINDS,
    all_kinds: kinds::vllm::ALL,
    words: words::GENERATORS,
};

/// Text Embeddings Inference.
pub(super) static TEI: Program = Program {
    engine: "tei",
    title: "TEI",
    about: "For each embedder and reranker that Text Embeddings Inference serves, a script that \
            starts it with its arguments",
    command: &["text-embeddings-router"],
    kinds: &kinds::tei::KINDS,
    all_kinds: kinds::tei::ALL,
    words: words::TEI,
};

/// Text Generation Inference.
pub(super) static TGI: Program = Program {
    engine: "tgi",
    title: "TGI",
    about: "For each generator, a script that starts Text Generation Inference, which is in \
            maintenance mode: choose vLLM for what is new",
    command: &["text-generation-launcher"],
    kinds: &kinds::tgi::KINDS,
    all_kinds: kinds::tgi::ALL,
    words: words::GENERATORS,
};

impl Target for Program {
    fn name(&self) -> &'static str {
        self.engine
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        self.all_kinds
    }

    fn words(&self) -> Vec<&'static str> {
        [words::ALL, self.words].concat()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let mut cx = Cx {
            program: self,
            subject,
            artifacts: &mut artifacts,
            names: Names::new(63),
        };
        for (ix, indexed) in subject.graph.model_nodes() {
            if let Some(node) = subject.graph.spec_of(ix) {
                cx.node(&indexed.name, indexed.span, node);
            }
        }
        if !artifacts.files.is_empty() {
            self.about_graph(subject, &mut artifacts);
            let (said, word) = (self.words(), self.kinds.word);
            super::words::lose_unsaid(subject, &said, word, self.title, &mut artifacts);
        }
        artifacts
    }
}

impl Program {
    /// Whether it serves a node, and whether the document says so.
    fn serves(&self, node: &spec::Node) -> Option<(&'static Engine, bool)> {
        let choice = Engine::choose(node);
        let engine = choice.engine?;
        if engine.name == self.engine {
            return Some((engine, choice.stated));
        }
        // A generator that names no program is TGI's where somebody asks for TGI.
        let generates = node.role.map(|role| role.value) == Some(Role::Generator);
        let open = self.engine == "tgi" && generates && !choice.stated;
        Some((Engine::find(self.engine).filter(|_| open)?, false))
    }

    fn about_graph(&self, subject: &Subject<'_>, artifacts: &mut Artifacts) {
        let metadata = subject.graph.spec.metadata.as_ref();
        let name = metadata.and_then(|metadata| metadata.name.as_ref());
        let span = name.map_or_else(Span::default, |name| name.span);
        let message = "servers are started and none calls another: who reaches their ports passes \
                       every guardrail, and who calls them keeps order, conditions and timeouts";
        artifacts.lose(self.kinds.graph, None, span, message);
        if self.engine == "tgi" {
            let message = "TGI is in maintenance mode and gets small mendings alone; its own \
                           project recommends vLLM, for which there is a target too";
            artifacts.lose(&kinds::tgi::MAINTENANCE, None, span, message);
        }
    }
}

/// What every part of an export needs.
struct Cx<'c, 'a> {
    program: &'c Program,
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    names: Names,
}

impl Cx<'_, '_> {
    fn lose(&mut self, kind: &'static Kind, node: &str, span: Span, message: String) {
        self.artifacts.lose(kind, Some(node), span, message);
    }

    fn assume(&mut self, kind: &'static Kind, node: &str, span: Span, what: &str, value: &str) {
        let message = format!("{what} of `{node}` is not stated: `{value}` is taken");
        self.artifacts
            .assume(kind, Some(node), span, message, value);
    }

    fn node(&mut self, name: &str, span: Span, node: &spec::Node) {
        let (kinds, title) = (self.program.kinds, self.program.title);
        if node.external.is_some_and(|external| external.value) {
            let message = format!("`{name}` runs elsewhere: nothing starts it here");
            return self.lose(kinds.other, name, span, message);
        }
        let Some((engine, stated)) = self.program.serves(node) else {
            let by = Engine::choose(node).engine.map_or_else(
                || "a program that is not known here".to_owned(),
                |engine| engine.name.to_owned(),
            );
            let message = format!("`{name}` is served by {by}, not by {title}");
            return self.lose(kinds.other, name, span, message);
        };
        let model = node.model.as_ref();
        if !model.is_some_and(|model| model.id.is_some() || model.uri.is_some()) {
            let message =
                format!("`{name}` names no model that {title} could load: it is left out");
            return self.lose(kinds.model, name, span, message);
        }
        if !stated {
            self.assume(kinds.engine, name, span, "the serving program", engine.name);
        }
        self.check(name, node);
        let port = self.port(name, span, node, engine);
        let start = engine.start(node, port);
        for (span, what) in &start.unsaid {
            let message =
                format!("`{name}` states `{what}`, for which {title} has no such argument");
            self.lose(kinds.argument, name, *span, message);
        }
        let wanted = format!("{}-{name}", self.subject.name);
        let object = self.names.claim(&wanted);
        let about = match self.image(name, span, node, engine) {
            Some(image) => format!("Starts the node {name}, as in the image {image}."),
            None => format!("Starts the node {name}."),
        };
        self.write(name, node, &object, about, &start);
    }

    fn port(&mut self, name: &str, span: Span, node: &spec::Node, engine: &Engine) -> u32 {
        let serving = node.serving.as_ref();
        let stated = serving.and_then(|serving| serving.port);
        let stated = stated.map(|port| port.value.0);
        stated.filter(|&port| port <= 65_535).unwrap_or_else(|| {
            let port = engine.port.to_string();
            self.assume(self.program.kinds.port, name, span, "the port", &port);
            engine.port
        })
    }

    fn image(
        &mut self,
        name: &str,
        span: Span,
        node: &spec::Node,
        engine: &Engine,
    ) -> Option<String> {
        let placement = node.placement.as_ref();
        let gpu = placement.and_then(|placement| placement.gpu.as_ref());
        let gpu = gpu.and_then(|gpu| self.subject.catalogue.find(&gpu.value).ok());
        let image = match image::of(node, Some(engine), gpu)? {
            Image::Stated(image) => image,
            Image::Published(image) => {
                self.assume(self.program.kinds.image, name, span, "the image", &image);
                image
            }
        };
        Some(image::pinned(image, node))
    }

    fn write(&mut self, name: &str, node: &spec::Node, object: &str, about: String, start: &Start) {
        let (needed, variables) = self.surroundings(name, node);
        let arguments = if self.program.engine == "vllm" {
            let file = format!("{object}.yaml");
            let text = yaml::document(&configuration(&start.arguments));
            self.artifacts.file(file.clone(), Language::Yaml, text);
            // It looks for this very word: `--config=` it does not find.
            vec![format!("--config \"$(dirname -- \"$0\")/{file}\"")]
        } else {
            let arguments = start.arguments.iter();
            arguments.map(|argument| quoted(argument)).collect()
        };
        let script = Script {
            about,
            needed,
            variables,
            command: self.program.command,
            arguments,
        };
        let path = format!("{object}.sh");
        self.artifacts.file(path, Language::Shell, script.text());
    }

    /// Variables that somebody must set, and those that have values.
    fn surroundings<'n>(
        &mut self,
        name: &str,
        node: &'n spec::Node,
    ) -> (Vec<&'n str>, Vec<(&'n str, &'n str)>) {
        let kinds = self.program.kinds;
        let serving = node.serving.as_ref();
        let mut variables = Vec::new();
        let env = serving.and_then(|serving| serving.env.as_ref());
        for variable in env.into_iter().flat_map(|env| env.iter()) {
            let (key, value) = (&variable.name, &*variable.value.0);
            if script::is_variable(&key.value) && !value.contains('\0') {
                variables.push((&*key.value, value));
            } else {
                let message = format!("a shell takes no variable `{}` of `{name}`", key.value);
                self.lose(kinds.variable, name, key.span, message);
            }
        }
        let mut needed = Vec::new();
        let secrets = serving.and_then(|serving| serving.secrets.as_ref());
        for secret in secrets.into_iter().flat_map(|secrets| secrets.iter()) {
            let key = &secret.name;
            if script::is_variable(&key.value) {
                let message = format!("whoever starts `{name}` sets this variable");
                self.artifacts
                    .assume(kinds.secrets, Some(name), key.span, message, &*key.value);
                needed.push(&*key.value);
            } else {
                let message = format!("a shell takes no variable `{}` of `{name}`", key.value);
                self.lose(kinds.variable, name, key.span, message);
            }
        }
        (needed, variables)
    }
}

/// Arguments as the keys of vLLM's file; the one without a name is the model.
fn configuration(arguments: &[String]) -> Value {
    let mut map = Map::new();
    for argument in arguments {
        let Some(option) = argument.strip_prefix("--") else {
            map.insert("model".to_owned(), json!(argument));
            continue;
        };
        let (key, value) = option.split_once('=').unwrap_or((option, "true"));
        let value = match (value, value.parse::<u64>()) {
            ("true", _) => json!(true),
            (_, Ok(number)) if key != "revision" => json!(number),
            _ => json!(value),
        };
        map.insert(key.to_owned(), value);
    }
    Value::Object(map)
}
