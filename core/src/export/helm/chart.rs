//! What a chart has beside templates and values.

use core::fmt::Write as _;

use serde_json::json;

use super::kinds;
use super::template::escaped;
use crate::export::{Artifacts, Language, Subject};
use crate::text::Span;
use crate::yaml;

/// The version of a chart whose graph has none that Helm takes.
const USUAL_VERSION: &str = "0.1.0";
/// The oldest cluster that knows all fields of the manifests.
const OLDEST: &str = ">=1.31.0-0";

/// Writes `Chart.yaml` and what is printed after an installation.
pub(super) fn write(subject: &Subject<'_>, folder: &str, artifacts: &mut Artifacts) {
    let metadata = subject.graph.spec.metadata.as_ref();
    let name = metadata.and_then(|metadata| metadata.name.as_ref());
    let span = name.map_or_else(Span::default, |name| name.span);
    let stated = subject.version.filter(|version| is_version(version));
    let version = stated.unwrap_or_else(|| {
        let stated = metadata.and_then(|metadata| metadata.version.as_ref());
        let span = stated.map_or(span, |stated| stated.span);
        let message = "the graph has no version of the form `1.2.3`, and a chart needs one";
        artifacts.assume(&kinds::VERSION, None, span, message, USUAL_VERSION);
        USUAL_VERSION
    });
    let message = "objects carry the graph's name, not the release's: a second release of the \
                   chart needs a namespace of its own";
    artifacts.assume(&kinds::RELEASE, None, span, message, "one a namespace");
    let description = metadata.and_then(|metadata| metadata.description.as_ref());
    let description = description.map_or_else(
        || format!("The model graph {}.", subject.name),
        |description| description.value.0.trim().replace('\n', " "),
    );
    let chart = json!({
        "apiVersion": "v2",
        "name": folder,
        "description": description,
        "type": "application",
        "version": version,
        "appVersion": subject.version.unwrap_or(version),
        "kubeVersion": OLDEST,
        "annotations": {"modelgraph/spec-digest": subject.digest.to_string()},
    });
    let path = format!("{folder}/Chart.yaml");
    artifacts.file(path, Language::Yaml, yaml::document(&chart));
    let path = format!("{folder}/templates/NOTES.txt");
    artifacts.file(path, Language::Text, notes(subject));
}

fn notes(subject: &Subject<'_>) -> String {
    let name = subject.name;
    let version = subject.version.unwrap_or("");
    let mut text = escaped(&format!("{name} {version} {}\n", subject.digest));
    let _ = write!(
        text,
        "\nModels load for minutes. Follow them:\n\n  \
         kubectl --namespace {{{{ .Release.Namespace }}}} get pods --watch \\\n    \
         --selector app.kubernetes.io/part-of={name}\n\n\
         What answers requests, where the graph is run by its orchestrator:\n\n  \
         kubectl --namespace {{{{ .Release.Namespace }}}} get services \\\n    \
         --selector app.kubernetes.io/part-of={name},app.kubernetes.io/component=orchestrator\n\n\
         Images, replicas, resources and machines are values; all else is the graph's: change it, \
         then export again.\n"
    );
    text
}

/// Whether Helm takes a version: three numbers, then perhaps `-` and `+` with their words.
fn is_version(text: &str) -> bool {
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, before) = text
        .split_once('-')
        .map_or((text, None), |(core, before)| (core, Some(before)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
            && part.len() < 10
    };
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && before.is_none_or(|words| {
            let mut words = words.split('.');
            words.all(|word| is_word(word) && (!digits(word) || is_number(word)))
        })
        && build.is_none_or(|words| words.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_are_those_of_charts() {
        for good in ["1.2.3", "0.0.1", "2.1.0-rc.1+build.9", "1.0.0+7"] {
            assert!(is_version(good), "{good}");
        }
        for wrong in [
            "1.2",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "version of ours",
            "",
        ] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}
