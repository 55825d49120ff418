//! Graphs as files for the systems that people run: one file or folder a target.
//!
//! An export is a pure function from a graph to files. What the target cannot say is a *loss*,
//! what it needs and the graph does not say an *assumption*; both are always told. A loss that
//! would change safety or correctness stops the export until it is accepted by its code, and then
//! stands in the header of every file.
//!
//! ```
//! use modelspec_core::{Analysis, export};
//!
//! let text = "
//! apiVersion: modelgraph/v1alpha1
//! kind: ModelGraph
//! metadata: {name: hello}
//! spec:
//!   inputs: {question: {type: text}}
//!   outputs: {answer: {type: text}}
//!   nodes:
//!     writer:
//!       role: generator
//!       model: {id: Qwen/Qwen2.5-7B-Instruct, parameters: 7.62B, precision: bf16}
//!       placement: {gpu: L40S}
//!   edges:
//!     - {from: inputs.question, to: writer.prompt}
//!     - {from: writer.text, to: outputs.answer}
//! ";
//! let target = export::find("kubernetes").unwrap();
//! let artifacts = export::run(target, &Analysis::new(text), &export::Options::default()).unwrap();
//! assert!(artifacts.files.iter().any(|file| file.path == "hello-writer.yaml"));
//! ```

mod api;
mod argo;
mod artifacts;
mod chosen;
mod compose;
mod engines;
mod error;
mod gateway;
mod github_actions;
mod headers;
mod helm;
mod json;
mod keda;
mod kinds;
mod kserve;
mod kubernetes;
mod modelspec;
mod names;
mod observability;
mod plan;
mod quantity;
mod scaling;
mod serve;
mod shape;
mod subject;
mod temporal;
mod triton;
pub mod words;

use std::collections::BTreeSet;

pub use artifacts::{Artifacts, File, Kind, Language, Note};
pub use chosen::{Chosen, ChosenError, ChosenNode};
pub use error::{ExportError, UnknownTargetError};
pub(crate) use names::dns_label;
pub use subject::Subject;

use crate::Analysis;
use crate::check::Severity;
use crate::spec::nearest;

/// A system that graphs are exported to.
pub trait Target: Sync {
    /// Its name on the command line: small letters, digits and `-`.
    fn name(&self) -> &'static str;

    /// Its name for people.
    fn title(&self) -> &'static str;

    /// What is written, in one sentence.
    fn about(&self) -> &'static str;

    /// Every kind of loss and assumption that an export may tell of.
    fn kinds(&self) -> &'static [&'static Kind];

    /// The words of the format that it says, by their places, such as `spec.nodes.*.role`; `*` is
    /// any name or place of a list. [`words::unsaid`] gives the others.
    fn words(&self) -> Vec<&'static str>;

    /// The files that the graph was imported from, where they are of this target and would give
    /// this graph again. They go out whatever checks say of the graph.
    fn original(&self, _: &Subject<'_>) -> Option<Artifacts> {
        None
    }

    /// The files, without headers, and all that there is to tell. Pure: equal graphs give equal
    /// bytes. An export that has nothing to write gives no file.
    fn export(&self, subject: &Subject<'_>) -> Artifacts;
}

/// All targets, in the order in which they are offered.
pub static TARGETS: &[&dyn Target] = &[
    &kubernetes::Kubernetes,
    &helm::Helm,
    &kserve::KServe,
    &compose::Compose,
    &triton::Triton,
    &argo::Argo,
    &temporal::Temporal,
    &modelspec::ModelSpec,
    &serve::VLLM,
    &serve::TEI,
    &gateway::Gateway,
    &keda::Keda,
    &observability::Observability,
    &github_actions::GitHubActions,
    // In maintenance mode: whoever looks for a target finds the others first.
    &serve::TGI,
];

/// What an export is asked for beside its target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Codes of losses that are accepted although they would stop the export.
    pub accept: Vec<String>,
    /// A placement whose figures take the place of what the document states.
    pub placement: Option<Chosen>,
}

/// The target of a name.
///
/// # Errors
/// When there is none; with the nearest.
pub fn find(name: &str) -> Result<&'static dyn Target, UnknownTargetError> {
    let found = TARGETS.iter().find(|target| target.name() == name);
    found.copied().ok_or_else(|| UnknownTargetError {
        name: name.to_owned(),
        near: nearest(name, TARGETS.iter().map(|target| target.name())),
    })
}

/// Exports what was analysed.
///
/// # Errors
/// When there is no graph, it has errors, a code to accept is not one of the target's, a placement
/// names another graph's nodes, a loss stops the export, or there is nothing to write.
pub fn run(
    target: &dyn Target,
    analysis: &Analysis,
    options: &Options,
) -> Result<Artifacts, ExportError> {
    accepted(target, options)?;
    let Some(subject) = Subject::new(analysis) else {
        let errors = analysis.count(Severity::Error);
        return Err(ExportError::NoGraph { errors });
    };
    run_for(target, analysis, &subject, options)
}

/// As [`run`], for who exports to several targets: the subject, whose digest takes as long as many
/// an export, is made once.
///
/// # Errors
/// As [`run`]; the subject is of this analysis.
pub fn run_for(
    target: &dyn Target,
    analysis: &Analysis,
    subject: &Subject<'_>,
    options: &Options,
) -> Result<Artifacts, ExportError> {
    let accepted = accepted(target, options)?;
    let errors = analysis.count(Severity::Error);
    let placed = match &options.placement {
        Some(chosen) => Some(chosen.apply(subject.graph)?),
        None => None,
    };
    let chosen = placed.as_ref().map(|graph| Subject {
        graph,
        chosen: options.placement.as_ref(),
        ..subject.clone()
    });
    let subject = chosen.as_ref().unwrap_or(subject);
    let original = target.original(subject).filter(|_| placed.is_none());
    if let Some(mut artifacts) = original {
        artifacts.place(analysis);
        artifacts.sort();
        headers::add(&mut artifacts, subject, target.name());
        return Ok(artifacts);
    }
    if errors > 0 {
        return Err(ExportError::Findings { errors });
    }
    let mut artifacts = target.export(subject);
    artifacts.place(analysis);
    artifacts.sort();
    let stops = |loss: &&Note| loss.kind.stops && !accepted.contains(loss.kind.code);
    if artifacts.losses.iter().any(|loss| stops(&loss)) {
        artifacts.files.clear();
        return Err(ExportError::Stopped(Box::new(artifacts)));
    }
    if artifacts.files.is_empty() {
        return Err(ExportError::Empty(Box::new(artifacts)));
    }
    headers::add(&mut artifacts, subject, target.name());
    Ok(artifacts)
}

fn accepted(target: &dyn Target, options: &Options) -> Result<BTreeSet<&'static str>, ExportError> {
    let kinds = target.kinds();
    let codes = options.accept.iter().map(|code| {
        let known = kinds
            .iter()
            .find(|kind| kind.code.eq_ignore_ascii_case(code));
        known.map(|kind| kind.code).ok_or_else(|| {
            let upper = code.to_uppercase();
            ExportError::UnknownCode {
                code: code.clone(),
                target: target.name(),
                near: nearest(&upper, kinds.iter().map(|kind| kind.code)),
            }
        })
    });
    codes.collect()
}
