//! Triton model repositories: each `config.pbtxt` a contract, the steps of each ensemble the
//! edges.
//!
//! A file is read against the messages of the configuration, then by itself, then against the
//! others. What a server would refuse is refused, and told as far as it can be without guessing:
//! a repository with broken files is not held against itself.

mod config;
mod ensemble;
mod graph;
mod kinds;
mod lineage;
mod pbtxt;
mod repository;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::config::Config;
use self::repository::{Model, Models, Shown};
use super::draft::{Draft, quote};
use super::{File, Importer, Kind};
use crate::text::Span;

/// Triton model repositories.
pub(super) struct Triton;

/// Something that is refused, in one file.
#[derive(Clone, Debug)]
struct Problem {
    kind: &'static Kind,
    span: Span,
    message: String,
    help: String,
}

impl Problem {
    fn new(kind: &'static Kind, span: Span, message: String) -> Self {
        let help = "mend it, then import again".to_owned();
        Self {
            kind,
            span,
            message,
            help,
        }
    }

    fn syntax(span: Span, message: String) -> Self {
        Self::new(&kinds::SYNTAX, span, message)
    }

    fn field(span: Span, message: String) -> Self {
        Self::new(&kinds::FIELD, span, message)
    }

    fn limit(span: Span, message: String) -> Self {
        Self::new(&kinds::LIMIT, span, message)
    }

    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn report(self, file: &File<'_>, draft: &mut Draft) {
        draft.refuse(self.kind, file.at(self.span), self.message, self.help);
    }
}

/// The most bytes of a configuration; others are small.
const MOST_BYTES: u64 = 4 << 20;

impl Importer for Triton {
    fn name(&self) -> &'static str {
        "triton"
    }

    fn title(&self) -> &'static str {
        "Triton model repository"
    }

    fn about(&self) -> &'static str {
        "The config.pbtxt of each model: contracts, batching, and the steps of ensembles"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn detect(&self, file: &File<'_>) -> bool {
        file.extension() == "pbtxt" || version_of(file).is_some() || is_config(file)
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let shown = shown(files);
        let Some(models) = models(files, &shown, draft) else {
            return;
        };
        for (file, problem) in repository::check(&models, &shown) {
            if let Some(file) = files.get(file) {
                problem.report(file, draft);
            }
        }
        if !draft.is_refused() {
            graph::write(&models, &shown, files, draft);
        }
    }
}

/// Whether a text of another name is a configuration: all its fields are known, and one of them
/// says more than a name.
fn is_config(file: &File<'_>) -> bool {
    let telling = [
        "backend",
        "ensemble_scheduling",
        "input",
        "max_batch_size",
        "output",
        "platform",
    ];
    let begins = |text: &str| {
        let mut lines = text.lines().map(str::trim_start);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        first.is_some_and(|line| {
            schema::CONFIG
                .fields
                .iter()
                .any(|field| line.starts_with(field.name))
        })
    };
    let text = Some(file).filter(|file| file.size() <= MOST_BYTES);
    let Some(text) = text
        .and_then(|file| file.text())
        .filter(|text| begins(text))
    else {
        return false;
    };
    pbtxt::read(text).is_ok_and(|message| {
        let known = |name: &str| schema::CONFIG.fields.iter().any(|field| field.name == name);
        let mut names = message.fields.iter().map(|field| field.name.value.as_str());
        let tells = names.clone().any(|name| telling.contains(&name));
        tells && schema::check(&message, &schema::CONFIG).is_empty() && names.all(known)
    })
}

/// The model and version of a file like `vit/1/model.onnx`.
fn version_of<'f>(file: &'f File<'_>) -> Option<(&'f str, i64)> {
    let extension = file.extension();
    let is_model = file.stem() == "model"
        && ["bin", "graphdef", "onnx", "plan", "pt", "py", "xml"].contains(&extension.as_str());
    let (model, version) = file.folder().rsplit_once('/')?;
    let plain = !version.starts_with(['0', '+', '-']);
    let version = version.parse().ok().filter(|_| plain && is_model)?;
    let model = model.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some((model, version))
}

/// The folders of versions, by model.
fn shown(files: &[&File<'_>]) -> Shown {
    let mut shown = Shown::new();
    for file in files {
        if let Some((model, version)) = version_of(file) {
            let versions = shown.entry(model.to_owned()).or_default();
            let folder = || file.folder().to_owned();
            versions.entry(version).or_insert_with(folder);
        }
    }
    shown
}

/// The models of the files; `None` where something in a file is refused.
fn models(files: &[&File<'_>], shown: &Shown, draft: &mut Draft) -> Option<Models> {
    let mut models = Models::new();
    let mut sound = true;
    for (index, file) in files.iter().enumerate() {
        if version_of(file).is_some() {
            continue;
        }
        let Some(model) = model(index, file, draft) else {
            sound = false;
            continue;
        };
        let name = model.config.name.clone();
        if let Some(before) = models.insert(name.value.clone(), model) {
            sound = false;
            let other = files.get(before.file).map_or("", |file| file.path());
            let what = format!(
                "`{}` is configured twice: here and in `{}`",
                quote(&name.value),
                quote(other)
            );
            let problem = Problem::new(&kinds::AMBIGUOUS, name.span, what);
            problem
                .with_help("import one of the two files")
                .report(file, draft);
        }
    }
    let is_onnx = |file: &&File<'_>| file.extension() == "onnx";
    if let Some(file) = files.first().filter(|_| sound && models.is_empty()) {
        // A model file of that format says by itself what it takes and gives.
        if !files.iter().all(is_onnx) {
            let what = format!(
                "`{}` stands there without a `config.pbtxt`",
                quote(file.path())
            );
            let problem = Problem::new(&kinds::NO_CONFIG, Span::at(0), what);
            let help = "import the whole repository, or the configuration of the model";
            problem.with_help(help).report(file, draft);
        }
        return None;
    }
    for (name, model) in &mut models {
        if let Some(versions) = shown.get(name) {
            model.shown = versions.keys().copied().collect();
        }
    }
    sound.then_some(models)
}

fn model(index: usize, file: &File<'_>, draft: &mut Draft) -> Option<Model> {
    if file.size() > MOST_BYTES {
        let what = format!("`{}` has {} bytes", quote(file.path()), file.size());
        let problem = Problem::limit(Span::at(0), what);
        let help = format!("a configuration of at most {MOST_BYTES} bytes is read");
        problem.with_help(help).report(file, draft);
        return None;
    }
    let text = draft.text(file)?;
    let message = match pbtxt::read(text) {
        Ok(message) => message,
        Err(problem) => {
            problem.report(file, draft);
            return None;
        }
    };
    let mut problems = schema::check(&message, &schema::CONFIG);
    let mut model = None;
    if problems.is_empty() {
        let folder = file.folder().rsplit('/').next();
        let folder = folder.filter(|folder| !folder.is_empty());
        let (config, found) = Config::read(&message, folder);
        problems = found;
        let order = match &config.steps {
            Some(steps) if problems.is_empty() => ensemble::order(&config, steps),
            _ => Ok(Vec::new()),
        };
        match order {
            Ok(order) => {
                model = Some(Model {
                    file: index,
                    config,
                    order,
                    shown: BTreeSet::new(),
                });
            }
            Err(found) => problems = found,
        }
    }
    let model = model.filter(|_| problems.is_empty());
    for problem in problems {
        problem.report(file, draft);
    }
    model
}
