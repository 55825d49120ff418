use core::fmt::Write as _;

use modelspec_core::check::{RULES, Severity};
use modelspec_core::lock::Digest;
use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use super::{Checked, place, url};

/// One run with all rules and findings.
pub(super) fn render(files: &[Checked]) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code.0,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.summary()},
                "helpUri": url(rule.code),
                "help": {"text": rule.markdown(), "markdown": rule.markdown()},
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        })
        .collect();
    let results: Vec<Value> = files.iter().flat_map(results).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "modelspec",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

/// A path as the relative reference that the format asks for.
fn uri(name: &str) -> String {
    let mut uri = String::new();
    for byte in name.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
        Severity::Off => "none",
    }
}

fn results(checked: &Checked) -> Vec<Value> {
    let Checked { source, found } = checked;
    let lines = LineIndex::new(&source.text);
    let result = |found: &modelspec_core::check::Diagnostic| {
        let at = place(source, &lines, found);
        let related = found.related.iter().enumerate().map(|(id, related)| {
            let start = lines.position(&source.text, related.span.start);
            let end = lines.position(&source.text, related.span.end.max(related.span.start));
            json!({
                "id": id,
                "message": {"text": related.message},
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(&source.name)},
                    "region": {
                        "startLine": start.line,
                        "startColumn": start.column,
                        "endLine": end.line,
                        "endColumn": end.column,
                    },
                },
            })
        });
        // A tool follows a finding over edits by what it is about, not by its line.
        let about = [
            Some(found.code.0),
            found.node.as_deref(),
            found.port.as_deref(),
            found.edge.as_deref(),
        ];
        let about = about.map(|part| part.unwrap_or("")).join("\n");
        let fingerprint = Digest::of(format!("{about}\n{}", found.message).as_bytes()).hex();
        let text = match &found.help {
            Some(help) => format!("{}: {help}", found.message),
            None => found.message.clone(),
        };
        json!({
            "ruleId": found.code.0,
            "level": level(found.severity),
            "message": {"text": text},
            "partialFingerprints": {"finding/v1": fingerprint},
            "relatedLocations": related.collect::<Vec<_>>(),
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(&source.name)},
                "region": {
                    "startLine": at.line,
                    "startColumn": at.column,
                    "endLine": at.end_line,
                    "endColumn": at.end_column,
                },
            }}],
        })
    };
    found.iter().map(result).collect()
}
