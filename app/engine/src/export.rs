use modelspec_core::export::{self, Artifacts, Chosen, ExportError, Note, Options, TARGETS};
use serde_json::{Value, json};

use crate::message::{Answer, Export};

/// The targets, each with its name, its title and what it writes.
pub(crate) fn targets() -> Value {
    let told = TARGETS.iter().map(
        |target| json!({ "name": target.name(), "title": target.title(), "about": target.about() }),
    );
    told.collect()
}

/// Exports. Spans of losses are bytes of the text.
pub(crate) fn run(task: &Export) -> Answer {
    let target = match export::find(&task.target) {
        Ok(target) => target,
        Err(error) => return refused(&error.to_string(), None),
    };
    let analysis = task.document.analysed();
    let placement = task.placement.as_ref().map(Chosen::from_json).transpose();
    let options = match placement {
        Ok(placement) => Options {
            accept: task.accept.clone(),
            placement,
        },
        Err(error) => return refused(&error.to_string(), None),
    };
    match export::run(target, &analysis, &options) {
        Ok(artifacts) => Answer::Done(told(&artifacts)),
        Err(error) => {
            let artifacts = match &error {
                ExportError::Stopped(artifacts) | ExportError::Empty(artifacts) => {
                    Some(&**artifacts)
                }
                _ => None,
            };
            refused(&error.to_string(), artifacts)
        }
    }
}

fn refused(sentence: &str, artifacts: Option<&Artifacts>) -> Answer {
    let mut value = told(artifacts.unwrap_or(&Artifacts::default()));
    if let Value::Object(map) = &mut value {
        map.insert("reason".into(), json!(sentence));
    }
    Answer::Refused(value)
}

fn told(artifacts: &Artifacts) -> Value {
    let files = artifacts.files.iter().map(
        |file| json!({ "path": file.path, "text": file.text, "language": file.language.word() }),
    );
    json!({
        "files": files.collect::<Value>(),
        "losses": artifacts.losses.iter().map(note).collect::<Value>(),
        "assumptions": artifacts.assumptions.iter().map(note).collect::<Value>(),
    })
}

fn note(note: &Note) -> Value {
    json!({
        "code": note.kind.code,
        "title": note.kind.title,
        "stops": note.kind.stops,
        "message": note.message,
        "node": note.node,
        "value": note.value,
        "span": [note.span.start, note.span.end],
    })
}
