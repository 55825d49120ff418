//! A GitHub Actions workflow that checks the graph, tells what differs from the base branch of a
//! pull request, exports it, and holds graph and exports to their schemas.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::kinds::kinds;
use super::{Artifacts, Kind, Language, Subject, TARGETS, Target};
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct GitHubActions;

kinds! {
    "TG-GITHUB-ACTIONS-";
    // Losses.
    told TARGET "TARGET" "Exports that the workflow does not make";
    told SCHEMA "SCHEMA" "Exports that nothing checks on a runner";
    told STATED "STATED" "Annotations that the workflow cannot take";
    // Assumptions.
    told FILE "FILE" "Where the graph stands in the repository";
    told TARGETS_TAKEN "TARGETS" "What is exported";
    told BRANCH "BRANCH" "The branch that everything goes into";
    told ACTION_TAKEN "ACTION" "Where the action comes from";
}

/// The action of this project, of this version.
const ACTION: &str = concat!("modelspec/designer@v", env!("CARGO_PKG_VERSION"));
/// The annotations of the graph that say where it stands, what is exported, and into which branch
/// everything goes.
const FILE_STATED: &str = "github/file";
const TARGETS_STATED: &str = "github/targets";
const BRANCH_STATED: &str = "github/branch";
/// The program that holds a document to a JSON Schema.
const CHECK_SCHEMA: &str = "check-jsonschema==0.39.0";
/// The program that holds manifests to the API server's schemas.
const CHECK_MANIFESTS: &str = "kubernetes-validate==1.37.0";

impl Target for GitHubActions {
    fn name(&self) -> &'static str {
        "github-actions"
    }

    fn title(&self) -> &'static str {
        "GitHub Actions"
    }

    fn about(&self) -> &'static str {
        "A workflow that checks the graph, compares it with the base of a pull request, exports it \
         and checks what it exported"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        ALL
    }

    /// The workflow reads the document itself: nothing of it is copied, and nothing lost.
    fn words(&self) -> Vec<&'static str> {
        vec!["metadata.name", "metadata.version"]
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
        };
        let workflow = cx.workflow();
        let path = format!(".github/workflows/{}.yml", super::dns_label(subject.name));
        artifacts.file(path, Language::Yaml, yaml::document(&workflow));
        artifacts
    }
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
}

impl Cx<'_, '_> {
    fn workflow(&mut self) -> Value {
        let label = super::dns_label(self.subject.name);
        let file = self.stated(
            FILE_STATED,
            &FILE,
            "the graph stands at this path of the repository",
            &format!("{label}.modelspec.yaml"),
        );
        let branch = self.stated(
            BRANCH_STATED,
            &BRANCH,
            "pull requests and pushes go into this branch",
            "main",
        );
        let targets = self.targets();
        let message = "the repository of this project has a tag of this version";
        self.artifacts.assume(
            &ACTION_TAKEN,
            None,
            self.subject.name_span(),
            message,
            ACTION,
        );
        let changes = json!([
            "**.modelspec.yaml",
            format!(".github/workflows/{label}.yml"),
        ]);
        json!({
            "name": format!("Graph {}", self.subject.name),
            "on": {
                "push": {"branches": [branch], "paths": changes},
                "pull_request": {"branches": [branch], "paths": changes},
                "workflow_dispatch": {},
            },
            "permissions": {"contents": "read"},
            // A newer push makes the run before it needless.
            "concurrency": {
                "group": "${{ github.workflow }}-${{ github.ref }}",
                "cancel-in-progress": true,
            },
            "jobs": {"graph": self.job(&file, &targets)},
        })
    }

    fn job(&mut self, file: &str, targets: &[&'static str]) -> Value {
        let mut steps = vec![
            json!({
                "uses": "actions/checkout@v4",
                // The base of a pull request is compared with.
                "with": {"fetch-depth": 0, "persist-credentials": false},
            }),
            json!({
                "name": "Check, and compare with the base",
                "uses": ACTION,
                "with": {
                    "files": file,
                    "base": "${{ github.event.pull_request.base.sha }}",
                },
            }),
            Value::Object(run(
                "Hold the graph to its schema",
                "modelspec schema > \"$RUNNER_TEMP/modelgraph.schema.json\"\n\
                 pipx run \"$CHECK_SCHEMA\" --schemafile \"$RUNNER_TEMP/modelgraph.schema.json\" \"$GRAPH\"\n",
            )),
        ];
        for target in targets {
            let mut step = run(
                &format!("Export for {target}"),
                &format!(
                    "modelspec export {target} \"$GRAPH\" --output exported/{target} \
                     ${{ACCEPT:+--accept \"$ACCEPT\"}}\n"
                ),
            );
            // Codes of losses that are accepted although they stop this export, with commas.
            step.insert("env".to_owned(), json!({"ACCEPT": ""}));
            steps.push(Value::Object(step));
            steps.extend(self.check(target));
        }
        steps.push(json!({
            "name": "Keep what was exported",
            "uses": "actions/upload-artifact@v4",
            "with": {
                "name": "exported",
                "path": "exported/",
                "if-no-files-found": "error",
                "include-hidden-files": true,
            },
        }));
        json!({
            "runs-on": "ubuntu-24.04",
            "timeout-minutes": 30,
            "env": {
                "GRAPH": file,
                "CHECK_SCHEMA": CHECK_SCHEMA,
                "CHECK_MANIFESTS": CHECK_MANIFESTS,
            },
            "steps": steps,
        })
    }

    /// Holds an export to the schema of its target, where a program on the runner knows it.
    fn check(&mut self, target: &'static str) -> Option<Value> {
        let script = match target {
            "kubernetes" => {
                "pipx run \"$CHECK_MANIFESTS\" -k 1.34 --strict exported/kubernetes/*.yaml\n"
            }
            "compose" => {
                "docker compose --file exported/compose/compose.yaml config --quiet --no-interpolate\n"
            }
            _ => {
                let message = format!(
                    "no program of a runner knows the schema of `{target}`: what is exported is \
                     kept unchecked"
                );
                let span = self.subject.name_span();
                self.artifacts.lose(&SCHEMA, None, span, message);
                return None;
            }
        };
        let name = format!("Hold the export for {target} to its schema");
        Some(Value::Object(run(&name, script)))
    }

    fn annotation(&self, name: &str) -> Option<&Value> {
        let metadata = self.subject.graph.spec.metadata.as_ref()?;
        let annotations = metadata.annotations.as_ref()?;
        annotations.get(name).map(|stated| &stated.0)
    }

    /// What an annotation states, else what is assumed.
    fn stated(&mut self, name: &str, kind: &'static Kind, what: &str, usual: &str) -> String {
        let span = self.subject.name_span();
        match self.annotation(name) {
            Some(Value::String(stated)) if is_plain(stated) => return stated.clone(),
            Some(_) => {
                let message = format!(
                    "`{name}` is not one line of text without an expression: it is left out"
                );
                self.artifacts.lose(&STATED, None, span, message);
            }
            None => {}
        }
        let message = format!("{what}; state another with the annotation `{name}`");
        self.artifacts.assume(kind, None, span, message, usual);
        usual.to_owned()
    }

    /// The targets that are exported to.
    fn targets(&mut self) -> Vec<&'static str> {
        let span = self.subject.name_span();
        let stated: Vec<String> = match self.annotation(TARGETS_STATED) {
            Some(Value::String(stated)) => stated.split([',', ' ']).map(str::to_owned).collect(),
            Some(Value::Array(stated)) => stated
                .iter()
                .map(|target| {
                    target
                        .as_str()
                        .map_or_else(|| target.to_string(), str::to_owned)
                })
                .collect(),
            Some(other) => vec![other.to_string()],
            None => Vec::new(),
        };
        let mut taken: Vec<&'static str> = Vec::new();
        for name in stated.iter().filter(|name| !name.is_empty()) {
            let found = TARGETS.iter().map(|target| target.name());
            let mut found = found.filter(|known| known == name && *known != GitHubActions.name());
            match found.next() {
                Some(known) if taken.contains(&known) => {}
                Some(known) => taken.push(known),
                None => {
                    let message = format!("`{name}` is no target that the workflow exports to");
                    self.artifacts.lose(&TARGET, None, span, message);
                }
            }
        }
        if taken.is_empty() {
            let usual = "kubernetes";
            let message = format!(
                "the workflow exports to this target; state others with the annotation \
                 `{TARGETS_STATED}`"
            );
            self.artifacts
                .assume(&TARGETS_TAKEN, None, span, message, usual);
            taken.push(usual);
        }
        taken
    }
}

/// A step with a script; what it needs stands in variables of the job, for an expression within a
/// script would be read as part of it.
fn run(name: &str, script: &str) -> Map<String, Value> {
    let mut step = Map::new();
    step.insert("name".to_owned(), json!(name));
    step.insert("shell".to_owned(), json!("bash"));
    step.insert("run".to_owned(), json!(script));
    step
}

/// One line of text in which the runner finds no expression.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains("${{") && !text.contains(char::is_control)
}
