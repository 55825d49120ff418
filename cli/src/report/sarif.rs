use modelspec_core::check::{RULES, Severity};
use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use super::{Checked, place};

/// One run with all rules and findings.
pub(super) fn render(files: &[Checked]) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code.0,
                "shortDescription": {"text": rule.title},
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
        json!({
            "ruleId": found.code.0,
            "level": level(found.severity),
            "message": {"text": found.message},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": source.name.replace('\\', "/")},
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
